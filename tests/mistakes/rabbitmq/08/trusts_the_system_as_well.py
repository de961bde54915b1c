"""Trusts the computer's own list of authorities as well.

Step: 6
Why: a hundred authorities that have nothing to do with the house could then sign for its broker.
"""


def connect_tls(url, *, ca_file, cert_file=None, key_file=None):
    context = ssl.create_default_context()
    context.load_verify_locations(ca_file)
    if cert_file:
        context.load_cert_chain(cert_file, key_file)
    parameters = URLParameters(url)
    parameters.ssl_options = SSLOptions(context, parameters.host)
    return BlockingConnection(parameters)
