"""Does not compare the certificate with the host name.

Step: 6
Why: every service with a certificate of this CA could play the broker.
"""


def connect_tls(url, *, ca_file, cert_file=None, key_file=None):
    context = ssl.create_default_context(cafile=ca_file)
    context.check_hostname = False
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    parameters = URLParameters(url)
    parameters.ssl_options = SSLOptions(context)
    return BlockingConnection(parameters)
