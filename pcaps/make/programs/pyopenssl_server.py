"""A TLS server on pyOpenSSL (its wheel carries a newer OpenSSL than the system): CERT KEY PORT [GROUPS]."""

import socket
import sys

from OpenSSL import SSL

certificate, key, port = sys.argv[1:4]
context = SSL.Context(SSL.TLS_SERVER_METHOD)
context.use_certificate_chain_file(certificate)
context.use_privatekey_file(key)
context.check_privatekey()
listener = socket.create_server(("", int(port)))
raw, _ = listener.accept()
connection = SSL.Connection(context, raw)
connection.set_accept_state()
connection.do_handshake()
connection.sendall(connection.recv(1000)[::-1])
try:
    connection.recv(1000)
except SSL.ZeroReturnError:
    connection.shutdown()
raw.close()
