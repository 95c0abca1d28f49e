"""A TLS client on pyOpenSSL: ADDRESS PORT NAME AUTHORITY. Prints what was negotiated as ``key=value``."""

import contextlib
import socket
import sys

from OpenSSL import SSL

address, port, name, authority = sys.argv[1:5]
context = SSL.Context(SSL.TLS_CLIENT_METHOD)
context.load_verify_locations(authority)
context.set_verify(SSL.VERIFY_PEER)
raw = socket.create_connection((address, int(port)))
connection = SSL.Connection(context, raw)
connection.set_tlsext_host_name(name.encode())
connection.set_connect_state()
connection.do_handshake()
connection.sendall(b"hello\n")
connection.recv(1000)
print(f"version={connection.get_protocol_version_name()}")
print(f"cipher={connection.get_cipher_name()}")
print(f"group={connection.get_group_name()}")
connection.shutdown()
with contextlib.suppress(SSL.ZeroReturnError):
    connection.recv(1000)
raw.close()
