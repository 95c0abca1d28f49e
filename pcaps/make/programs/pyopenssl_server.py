"""A TLS server on pyOpenSSL (its wheel carries a newer OpenSSL than the system): CERT KEY PORT [OPTION...].

``require=AUTHORITY``: a client certificate must be shown; ``version=1.2`` or ``1.3``: no other.
"""

import socket
import sys

from OpenSSL import SSL

certificate, key, port = sys.argv[1:4]
context = SSL.Context(SSL.TLS_SERVER_METHOD)
context.use_certificate_chain_file(certificate)
context.use_privatekey_file(key)
context.check_privatekey()
options = dict(option.split("=", 1) for option in sys.argv[4:])
if "require" in options:
    context.load_verify_locations(options["require"])
    context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT)
if "version" in options:
    version = {"1.2": SSL.TLS1_2_VERSION, "1.3": SSL.TLS1_3_VERSION}[options["version"]]
    context.set_min_proto_version(version)
    context.set_max_proto_version(version)
listener = socket.create_server(("", int(port)))
raw, _ = listener.accept()
connection = SSL.Connection(context, raw)
connection.set_accept_state()
try:
    connection.do_handshake()
except SSL.Error as error:
    print("refused", error, flush=True)
    raw.close()
    raise SystemExit(0) from None
connection.sendall(connection.recv(1000)[::-1])
try:
    connection.recv(1000)
except SSL.ZeroReturnError:
    connection.shutdown()
raw.close()
