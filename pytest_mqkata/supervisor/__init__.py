"""The one small process that owns all brokers, and the client that holds leases on it.

Test runs, terminals and the command line ask it for servers over a local socket. Its children are the brokers, so a
run that ends in any way (Ctrl-C, SIGTERM, SIGKILL, an editor's stop button) leaves them to it: the lease ends with the
connection, and the idle time begins.
"""
