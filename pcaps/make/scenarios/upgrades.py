"""TLS that begins after a dialogue in clear, by the rules of the protocol itself."""

from __future__ import annotations

from lab import facts, openssl
from lab.book import PYTHON
from lab.identity import issue
from lab.network import SERVER4, Network
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

MAIL = ("OpenSSL", "aiosmtpd")
SEND = """import smtplib
with smtplib.SMTP("{server}", 25) as mail:
    mail.sendmail("alice@zertap.test", ["bob@zertap.test"], "Subject: clear\\n\\nin clear\\n")
print("sent")
"""


def _mail_server(lab: Network, *options: str, tls: bool = True) -> None:
    who = issue(NAME)
    files = ["--tlscert", str(who.certificate), "--tlskey", str(who.key)] if tls else []
    lab.spawn(
        lab.server,
        PYTHON,
        "-m",
        "aiosmtpd",
        "-n",
        "-l",
        f"{SERVER4}:25",
        "-c",
        "aiosmtpd.handlers.Sink",
        *files,
        *options,
        listens=25,
    )


@scenario("smtp-starttls", "SMTP, STARTTLS, TLS 1.3", cases=("TLS-40", "STATE-09"), programs=MAIL)
def starttls(lab: Network) -> list[Row]:
    _mail_server(lab)
    text = openssl.client(lab, "-starttls", "smtp", "-tls1_3", port=25, say=(b"NOOP\r\n",), pause=0.5)
    tls = {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": None}
    return [facts.tls_row(tls, upgrade="smtp", flags_include=["upgraded"], mode_zert=facts.CLEAR_IN_ZERT)]


@scenario("smtp-starttls-12", "SMTP, STARTTLS, TLS 1.2", cases=("TLS-40", "STATE-09"), programs=MAIL)
def starttls_12(lab: Network) -> list[Row]:
    _mail_server(lab)
    text = openssl.client(lab, "-starttls", "smtp", "-tls1_2", port=25, say=(b"NOOP\r\n",), pause=0.5)
    tls = {**facts.openssl_client(text), "sni": NAME, "alpn": None, "server_certificate": facts.leaf(issue(NAME))}
    return [facts.tls_row(tls, upgrade="smtp", flags_include=["upgraded"], mode_zert=facts.CLEAR_IN_ZERT)]


@scenario("smtp-clear", "SMTP without STARTTLS: a mail in clear", cases=("A3",), programs=("CPython", "aiosmtpd"))
def clear_mail(lab: Network) -> list[Row]:
    _mail_server(lab, tls=False)
    done = lab.spawn(lab.client, "python3", "-c", SEND.format(server=SERVER4))
    done.wait()
    expect(done.output(), "sent")
    return [facts.plain_row()]
