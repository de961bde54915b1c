"""Turns the check of the server's certificate off.

Step: 6
Why: then the connection is encrypted, but with whom? Anybody on the way can answer in the broker's place.
"""


def connect_tls(url, *, ca_file, cert_file=None, key_file=None):
    context = ssl.create_default_context(cafile=ca_file)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    parameters = URLParameters(url)
    parameters.ssl_options = SSLOptions(context, parameters.host)
    return BlockingConnection(parameters)
