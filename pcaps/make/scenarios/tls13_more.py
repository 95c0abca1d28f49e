"""TLS 1.3: early data, external keys, padding, no CCS, and other shapes of the hidden part."""

from __future__ import annotations

from lab import facts, openssl
from lab.identity import HOME, issue
from lab.network import LabError, Network
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

SSL = ("OpenSSL",)
ONE_THREE = "-tls1_3"


def _hidden(text: str, **more: object) -> Row:
    return facts.tls_row({**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": None, **more})


@scenario(
    "tls13-early-data",
    "TLS 1.3, 0-RTT accepted: EndOfEarlyData comes before the client's Finished",
    cases=("TLS-17", "TLS-18"),
    programs=SSL,
)
def early_data(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-early_data", "-no_anti_replay", echo=False)
    first, second = _early(lab, "accepted")
    expect(second, "Early data was accepted")
    return [_hidden(first), _hidden(second, early_data_offered=True, **facts.group("X25519"))]


@scenario(
    "tls13-early-data-refused",
    "TLS 1.3, 0-RTT accepted once; the used ticket is refused: full handshake, the server skips the early data",
    cases=("TLS-17", "TLS-18"),
    programs=SSL,
)
def early_data_refused(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-early_data", echo=False)
    session = HOME / "session-used-up.pem"
    first = openssl.client(lab, ONE_THREE, "-sess_out", session)
    # Anti-replay: a ticket is good for one 0-RTT connection, so its second use is refused.
    second = _resume_early(lab, session)
    third = _resume_early(lab, session)
    expect(second, "Early data was accepted")
    expect(third, "Early data was rejected")
    more = facts.group("X25519")
    return [
        _hidden(first),
        _hidden(second, early_data_offered=True, **more),
        _hidden(third, early_data_offered=True, **more),
    ]


@scenario(
    "tls13-early-data-retry",
    "TLS 1.3, 0-RTT refused by a HelloRetryRequest: the server wants another group",
    cases=("TLS-12", "TLS-18"),
    programs=SSL,
)
def early_data_retry(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-early_data", "-no_anti_replay", "-groups", "P-384", echo=False)
    first, second = _early(lab, "retry", "-groups", "X25519:P-384")
    expect(second, "Early data was rejected")
    return [_hidden(first, **facts.group("P-384")), _hidden(second, early_data_offered=True, **facts.group("P-384"))]


def _early(lab: Network, word: str, *options: str) -> tuple[str, str]:
    session = HOME / f"session-{word}.pem"
    first = openssl.client(lab, ONE_THREE, "-sess_out", session, *options)
    return first, _resume_early(lab, session, *options)


def _resume_early(lab: Network, session: object, *options: str) -> str:
    early = HOME / "early.txt"
    early.write_text("said before the server spoke\n")
    return openssl.client(lab, ONE_THREE, "-sess_in", str(session), "-early_data", early, *options)


@scenario(
    "tls13-external-psk",
    "TLS 1.3, external pre-shared key: looks like a resumption, and no certificate is sent",
    cases=("TLS-17",),
    programs=SSL,
)
def external_psk(lab: Network) -> list[Row]:
    # External keys belong to SHA-256: with a SHA-384 suite OpenSSL would not choose one.
    key = ("-psk", "0badcafe0badcafe0badcafe0badcafe", "-ciphersuites", "TLS_AES_128_GCM_SHA256")
    openssl.server(lab, ONE_THREE, *key)
    text = openssl.client(lab, ONE_THREE, *key)
    expect(text, "Reused, TLSv1.3")
    return [_hidden(text, **facts.group("X25519"))]


@scenario(
    "tls13-psk-not-chosen",
    "TLS 1.3, a ticket that another server made is not chosen: full handshake",
    cases=("TLS-17",),
    programs=SSL,
)
def psk_not_chosen(lab: Network) -> list[Row]:
    session = HOME / "session-13-refused.pem"
    first = openssl.server(lab, ONE_THREE)
    one = openssl.client(lab, "-sess_out", session)
    first.process.kill()
    first.wait()
    openssl.server(lab, ONE_THREE)
    two = openssl.client(lab, "-sess_in", session)
    expect(two, "New, TLSv1.3")
    return [_hidden(one), _hidden(two)]


@scenario("tls13-no-ccs", "TLS 1.3 without the compatibility ChangeCipherSpec records", cases=("TLS-13",), programs=SSL)
def no_ccs(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-no_middlebox")
    text = openssl.client(lab, "-no_middlebox")
    return [_hidden(text)]


@scenario(
    "tls13-padded",
    "TLS 1.3, every record padded to a multiple of 512 octets on both sides",
    cases=("TLS-14",),
    programs=SSL,
)
def padded(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-record_padding", "512")
    return [_hidden(openssl.client(lab, "-record_padding", "512"))]


@scenario(
    "tls13-no-data", "TLS 1.3, handshake, then close_notify at once: a health check", cases=("TLS-24",), programs=SSL
)
def no_data(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-num_tickets", "0")
    return [_hidden(openssl.client(lab, say=()))]


@scenario(
    "tls13-stateless-cookie",
    "TLS 1.3, HelloRetryRequest for a cookie alone: the group stays",
    cases=("TLS-12",),
    programs=SSL,
)
def stateless(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-stateless", echo=False)
    text = openssl.client(lab, ONE_THREE, "-no_middlebox")
    if text.count("ClientHello") != 2:
        raise LabError(f"no HelloRetryRequest:\n{text}")
    return [_hidden(text)]


@scenario("tls13-key-update", "TLS 1.3, KeyUpdate requested by the client: no event", cases=("TLS-27",), programs=SSL)
def key_update(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, echo=False)
    text = openssl.client(lab, say=(b"before\n", b"K\n", b"after\n"))
    expect(text, "KEYUPDATE")
    return [_hidden(text)]


@scenario(
    "tls13-ed25519", "TLS 1.3, Ed25519 certificate on secp256r1, hidden from the wire", cases=("TLS-11",), programs=SSL
)
def ed25519(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-groups", "P-256", identity=issue(NAME, "ed25519"))
    text = openssl.client(lab, "-groups", "P-256")
    expect(text, "Peer signature type: ed25519")
    return [_hidden(text)]


@scenario(
    "tls13-no-common-group",
    "TLS 1.3, no group in common: fatal handshake_failure from the server",
    cases=("TLS-19",),
    programs=SSL,
)
def no_common_group(lab: Network) -> list[Row]:
    openssl.server(lab, ONE_THREE, "-groups", "P-256")
    text = openssl.client(lab, ONE_THREE, "-groups", "X448")
    expect(text, "SSL alert number 40")
    tls = {"sni": NAME, "alerts": [facts.alert("server", "fatal", "handshake_failure")]}
    return [facts.tls_row(tls, verdict="failed", reason="alert", gave_up="server")]
