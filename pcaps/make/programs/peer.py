"""One end of a TCP connection that does what its verbs say, on CPython's own ``ssl``.

``peer.py listen|connect ADDRESS PORT verb...`` with the verbs
tls-server=CERT,KEY  tls-client=NAME,AUTHORITY  min=1.2 max=1.2 (before a tls verb)  alpn=NAME  unwrap
hello=NAME (only a ClientHello)  part=NAME,N (its first N octets)  rest (what follows them)
hurry=N (the next tls-client speaks at once, and steps over N octets of answers in clear)
say=TEXT  hear  hear-line  eof (hear until the peer closes)  sleep=SECONDS  fin  rst  close
Prints ``version=`` and ``cipher=`` after a handshake, and ``done`` at the end.
"""

import contextlib
import socket
import ssl
import struct
import sys
import time

VERSIONS = {"1.0": ssl.TLSVersion.TLSv1, "1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class Session:
    """What is said goes through a TLS session; hearing and closing are the socket's."""

    def __init__(self, sock: socket.socket, half: ssl.SSLObject, outgoing: ssl.MemoryBIO) -> None:
        self.sock, self.half, self.outgoing = sock, half, outgoing

    def sendall(self, text: bytes) -> None:
        """One record."""
        self.half.write(text)
        self.sock.sendall(self.outgoing.read())

    def __getattr__(self, name: str) -> object:
        return getattr(self.sock, name)


class Peer:
    """The connection and what was asked of its TLS."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.low, self.high = ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3
        self.alpn: list[str] = []
        self.held = b""
        self.skip = 0

    def act(self, verb: str, value: str) -> None:
        """Does one verb."""
        getattr(self, "do_" + verb.replace("-", "_"))(*([value] if value else []))

    def context(self, *, server: bool) -> ssl.SSLContext:
        """A context within the asked versions."""
        made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER if server else ssl.PROTOCOL_TLS_CLIENT)
        made.minimum_version, made.maximum_version = self.low, self.high
        if self.alpn:
            made.set_alpn_protocols(self.alpn)
        return made

    def do_min(self, value: str) -> None:
        self.low = VERSIONS[value]

    def do_max(self, value: str) -> None:
        self.high = VERSIONS[value]

    def do_alpn(self, value: str) -> None:
        self.alpn.append(value)

    def do_tls_server(self, value: str) -> None:
        context = self.context(server=True)
        context.load_cert_chain(*value.split(","))
        self.sock = context.wrap_socket(self.sock, server_side=True)

    def do_tls_client(self, value: str) -> None:
        name, authority = value.split(",")
        context = self.context(server=False)
        context.load_verify_locations(authority)
        if self.skip:
            self._hurry(context, name)
            return
        wrapped = context.wrap_socket(self.sock, server_hostname=name)
        self.sock = wrapped
        print(f"version={wrapped.version()}\ncipher={wrapped.cipher()[0]}", flush=True)

    def _hurry(self, context: ssl.SSLContext, name: str) -> None:
        """A handshake whose first flight goes out before the answers that precede the server's."""
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = context.wrap_bio(incoming, outgoing, server_hostname=name)
        done = False
        while not done:
            try:
                half.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            self.sock.sendall(outgoing.read())
            if not done:
                heard = self.sock.recv(65536)
                answers, self.skip = heard[: self.skip], max(0, self.skip - len(heard))
                incoming.write(heard[len(answers) :])
        print(f"version={half.version()}\ncipher={half.cipher()[0]}", flush=True)
        self.sock = Session(self.sock, half, outgoing)

    def do_hurry(self, octets: str) -> None:
        self.skip = int(octets)

    def do_unwrap(self) -> None:
        self.sock = self.sock.unwrap()

    def _hello(self, name: str) -> bytes:
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        half = self.context(server=False).wrap_bio(incoming, outgoing, server_hostname=name)
        with contextlib.suppress(ssl.SSLWantReadError):
            half.do_handshake()
        return outgoing.read()

    def do_hello(self, name: str) -> None:
        self.sock.sendall(self._hello(name))

    def do_part(self, value: str) -> None:
        name, count = value.split(",")
        whole = self._hello(name)
        self.sock.sendall(whole[: int(count)])
        self.held = whole[int(count) :]

    def do_rest(self) -> None:
        self.sock.sendall(self.held)

    def do_say(self, text: str) -> None:
        self.sock.sendall(text.encode().decode("unicode_escape").encode("latin-1"))

    def do_hear(self) -> None:
        self.sock.recv(65536)

    def do_hear_line(self) -> None:
        heard = b""
        while not heard.endswith(b"\n"):
            octet = self.sock.recv(1)
            if not octet:
                raise SystemExit("closed early")
            heard += octet

    def do_eof(self) -> None:
        try:
            while self.sock.recv(65536):
                pass
        except ConnectionResetError:
            print("reset", flush=True)

    def do_sleep(self, seconds: str) -> None:
        time.sleep(float(seconds))

    def do_fin(self) -> None:
        self.sock.shutdown(socket.SHUT_WR)

    def do_rst(self) -> None:
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def do_close(self) -> None:
        self.sock.close()


def main() -> None:
    """Opens the connection and plays the verbs."""
    role, address, port, *verbs = sys.argv[1:]
    if role == "listen":
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.create_server((address, int(port)), family=family) as listener:
            peer = Peer(listener.accept()[0])
    else:
        peer = Peer(socket.create_connection((address, int(port))))
    peer.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for verb in verbs:
        peer.act(*verb.partition("=")[::2])
    print("done", flush=True)


main()
