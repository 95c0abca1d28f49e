"""A server of MS-TDS 7 that knows PRELOGIN, TLS inside its packets, and one answer: CERT KEY PORT ENCRYPTION.

ENCRYPTION: off (login alone is encrypted), on, not-supported. One connection. Prints what was negotiated and
``done``. After MS-TDS sections 2.2.3.1 (packet header), 2.2.6.5 (PRELOGIN), 2.2.7.6 (DONE), 2.2.7.10 (ERROR).
"""

import socket
import ssl
import struct
import sys

PRELOGIN, ANSWER, END_OF_MESSAGE = 0x12, 0x04, 1
OFF, ON, NOT_SUPPORTED = 0, 1, 2
MODES = {"off": OFF, "on": ON, "not-supported": NOT_SUPPORTED}


class Wire:
    """Packets on the socket, records in a TLS session."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self.sock = sock
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_side=True)

    def exactly(self, count: int) -> bytes:
        """So many octets; ends the program where the peer closes."""
        heard = b""
        while len(heard) < count:
            more = self.sock.recv(count - len(heard))
            if not more:
                raise SystemExit("closed early")
            heard += more
        return heard

    def packet(self) -> tuple[int, bytes]:
        """One packet in clear: its type and body."""
        kind, _, length = struct.unpack(">BBH4x", self.exactly(8))
        return kind, self.exactly(length - 8)

    def send(self, kind: int, body: bytes) -> None:
        """One packet in clear."""
        self.sock.sendall(frame(kind, body))

    def handshake(self) -> None:
        """TLS with every flight in packets of type PRELOGIN."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self._flush()
                self.incoming.write(self.packet()[1])
            else:
                self._flush()
                return

    def _flush(self) -> None:
        waiting = self.outgoing.read()
        if waiting:
            self.send(PRELOGIN, waiting)

    def secret_message(self) -> bytes:
        """One message inside records."""
        heard = b""
        while len(heard) < 8 or len(heard) < struct.unpack(">H", heard[2:4])[0]:
            try:
                heard += self.tls.read(65536)
            except ssl.SSLWantReadError:
                header = self.exactly(5)
                self.incoming.write(header + self.exactly(struct.unpack(">H", header[3:])[0]))
        return heard

    def send_secret(self, kind: int, body: bytes) -> None:
        """One packet inside records."""
        self.tls.write(frame(kind, body))
        self.sock.sendall(self.outgoing.read())


def frame(kind: int, body: bytes) -> bytes:
    """A packet."""
    return struct.pack(">BBHHBB", kind, END_OF_MESSAGE, len(body) + 8, 0, 1, 0) + body


def prelogin(encryption: int) -> bytes:
    """VERSION, ENCRYPTION and their values."""
    options = struct.pack(">BHHBHHB", 0, 11, 6, 1, 17, 1, 0xFF)
    return options + bytes((16, 0, 0, 0, 0, 0)) + bytes((encryption,))


def refusal() -> bytes:
    """ERROR 18456 (login failed) and DONE with its error bit."""
    text, name = "Login failed.".encode("utf-16-le"), "zertap".encode("utf-16-le")
    told = struct.pack("<IBBH", 18456, 1, 14, len(text) // 2) + text + bytes((len(name) // 2,)) + name
    told += bytes(1) + struct.pack("<I", 1)
    return b"\xaa" + struct.pack("<H", len(told)) + told + b"\xfd" + struct.pack("<HHQ", 2, 0, 0)


def main() -> None:
    """One connection: PRELOGIN, TLS where it is wanted, a login that is refused."""
    certificate, key, port, mode = sys.argv[1:5]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    with socket.create_server(("", int(port))) as listener:
        wire = Wire(listener.accept()[0], context)
    wire.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    wire.packet()
    wire.send(ANSWER, prelogin(MODES[mode]))
    if mode == "not-supported":
        wire.packet()
        wire.send(ANSWER, refusal())
    else:
        wire.handshake()
        print(f"version={wire.tls.version()}\ncipher={wire.tls.cipher()[0]}", flush=True)
        wire.secret_message()
        (wire.send if mode == "off" else wire.send_secret)(ANSWER, refusal())
    while wire.sock.recv(65536):
        pass
    wire.sock.close()
    print("done", flush=True)


main()
