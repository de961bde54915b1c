"""Does not present the client's certificate.

Step: 6
Why: the broker wants to know who comes, and turns away who does not show it.
"""


def connect_tls(url, *, ca_file, cert_file=None, key_file=None):
    parameters = URLParameters(url)
    parameters.ssl_options = SSLOptions(ssl.create_default_context(cafile=ca_file), parameters.host)
    return BlockingConnection(parameters)
