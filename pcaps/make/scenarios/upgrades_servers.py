"""STARTTLS and its relatives between OpenSSL's client and real servers: granted, refused, and what stays clear."""

from __future__ import annotations

from collections.abc import Callable

from lab import facts, openssl, peer, servers
from lab.identity import authority, issue
from lab.network import SERVER4, Network, Program
from lab.openssl import NAME, expect
from lab.scenario import Row, scenario

CASES = ("TLS-40", "STATE-09")
Server = Callable[..., Program]


def blind(why: str, *more: str) -> tuple[str, ...]:
    """Tshark sees nothing of a handshake, for this reason."""
    return tuple(f"tls.{key}: {why}" for key in ("version", "cipher", "sni", *more))


def row(tls: facts.Facts, word: str, *, version: str) -> Row:
    """One upgraded connection; mode zert only flags it."""
    shown = facts.leaf(issue(NAME)) if version == "1.2" else None
    tls = {**tls, "sni": NAME, "alpn": None, "server_certificate": shown}
    return facts.tls_row(tls, upgrade=word, flags_include=["upgraded"], mode_zert=facts.CLEAR_IN_ZERT)


def _granted(
    name: str, shows: str, word: str, program: str, server: Server, *options: str, port: int, version: str = "1.3"
) -> None:
    """Registers a scenario: ``s_client -starttls`` to a real server."""

    @scenario(name, shows, cases=CASES, programs=("OpenSSL", program))
    def play(lab: Network) -> list[Row]:
        server(lab)
        flag = "-tls1_3" if version == "1.3" else "-tls1_2"
        text = openssl.client(lab, "-starttls", *options, flag, port=port, say=(b"\r\n",), pause=0.7)
        return [row(facts.openssl_client(text), word, version=version)]


_granted("smtp-postfix", "SMTP, STARTTLS to Postfix, TLS 1.3", "smtp", "Postfix", servers.postfix, "smtp", port=25)
_granted(
    "imap-dovecot",
    "IMAP, STARTTLS to Dovecot, TLS 1.2",
    "imap",
    "Dovecot",
    servers.dovecot,
    "imap",
    port=143,
    version="1.2",
)
_granted("pop3-dovecot", "POP3, STLS to Dovecot, TLS 1.3", "pop3", "Dovecot", servers.dovecot, "pop3", port=110)
_granted(
    "managesieve-dovecot",
    "ManageSieve, STARTTLS to Dovecot, TLS 1.3",
    "managesieve",
    "Dovecot",
    servers.dovecot,
    "sieve",
    port=4190,
)
_granted(
    "ftp-proftpd", "FTP, AUTH TLS to ProFTPD, TLS 1.2", "ftp", "ProFTPD", servers.proftpd, "ftp", port=21, version="1.2"
)
_granted("ldap-slapd", "LDAP, StartTLS to slapd, TLS 1.3", "ldap", "OpenLDAP server", servers.slapd, "ldap", port=389)
_granted(
    "postgresql-server",
    "PostgreSQL, SSLRequest answered S, TLS 1.3",
    "postgresql",
    "PostgreSQL",
    servers.postgres,
    "postgres",
    port=5432,
)
_granted(
    "mysql-mariadb",
    "MariaDB, a short login packet with CLIENT_SSL, TLS 1.2",
    "mysql",
    "MariaDB",
    servers.mariadb,
    "mysql",
    port=3306,
    version="1.2",
)
_granted(
    "xmpp-prosody",
    "XMPP, starttls to Prosody, TLS 1.3",
    "xmpp",
    "Prosody",
    servers.prosody,
    "xmpp",
    "-xmpphost",
    NAME,
    port=5222,
)


@scenario(
    "nntp-starttls",
    "NNTP, STARTTLS, TLS 1.3; the server is a script on CPython, for no news server with TLS could be installed",
    cases=CASES,
    programs=("OpenSSL", "CPython"),
)
def nntp(lab: Network) -> list[Row]:
    capable = "101 here\\r\\nVERSION 2\\r\\nREADER\\r\\nSTARTTLS\\r\\n.\\r\\n"
    verbs = ["say=200 ready\\r\\n", "hear-line", f"say={capable}", "hear-line", "say=382 go\\r\\n"]
    peer.listen(lab, *verbs, peer.SERVER_TLS, "hear", "close", port=119)
    text = openssl.client(lab, "-starttls", "nntp", "-tls1_3", port=119, say=(b"QUIT\r\n",), pause=0.7)
    return [row(facts.openssl_client(text), "nntp", version="1.3")]


@scenario(
    "irc-starttls",
    "IRC, STARTTLS, TLS 1.2; the server is a script on CPython, for InspIRCd of Debian 12 grants none",
    cases=CASES,
    programs=("OpenSSL", "CPython"),
    differs=blind("tshark does not follow STARTTLS of IRC", "group_id", "server_certificate"),
)
def irc(lab: Network) -> list[Row]:
    granted = "say=:irc.zertap.test 670 * :go\\r\\n"
    peer.listen(lab, "hear-line", granted, "max=1.2", peer.SERVER_TLS, "hear", "close", port=6667)
    text = openssl.client(lab, "-starttls", "irc", "-tls1_2", port=6667, say=(b"QUIT\r\n",), pause=0.7)
    return [row(facts.openssl_client(text), "irc", version="1.2")]


def _refused(name: str, shows: str, client: tuple[str, str], server: tuple[str, Server], proof: str) -> None:
    """Registers a scenario: a client asks, a server without TLS says no, nothing more is tried."""

    @scenario(name, shows, cases=("TLS-40",), programs=(client[0], server[0]))
    def play(lab: Network) -> list[Row]:
        server[1](lab, tls=False)
        argv = ["python3", "-c", client[1]] if client[0] == "CPython" else client[1].split()
        done = lab.spawn(lab.client, *argv, env={"LDAPTLS_CACERT": str(authority().certificate)})
        done.wait()
        expect(done.output(), proof)
        return [facts.plain_row(upgrade=None)]


_SMTP = f'import smtplib\ns = smtplib.SMTP("{SERVER4}")\ns.ehlo()\nprint(s.docmd("STARTTLS"))\ns.quit()\n'
_IMAP = f'import imaplib\ni = imaplib.IMAP4("{SERVER4}")\ntry:\n    i.xatom("STARTTLS")\nexcept imaplib.IMAP4.error as e:\n    print(e)\ni.logout()\n'
_POP3 = f'import poplib\np = poplib.POP3("{SERVER4}")\ntry:\n    p._shortcmd("STLS")\nexcept poplib.error_proto as e:\n    print(e)\np.quit()\n'
_FTP = f'import ftplib\nf = ftplib.FTP("{SERVER4}")\ntry:\n    f.sendcmd("AUTH TLS")\nexcept ftplib.Error as e:\n    print(e)\nf.quit()\n'
_refused(
    "smtp-postfix-refused",
    "SMTP, Postfix without TLS refuses STARTTLS",
    ("CPython", _SMTP),
    ("Postfix", servers.postfix),
    r"\(50[0-9]",
)
_refused(
    "imap-dovecot-refused",
    "IMAP, Dovecot without TLS refuses STARTTLS",
    ("CPython", _IMAP),
    ("Dovecot", servers.dovecot),
    "(NO|BAD) ",
)
_refused(
    "pop3-dovecot-refused",
    "POP3, Dovecot without TLS refuses STLS",
    ("CPython", _POP3),
    ("Dovecot", servers.dovecot),
    "-ERR",
)
_refused(
    "ftp-proftpd-refused",
    "FTP, ProFTPD without TLS refuses AUTH TLS",
    ("CPython", _FTP),
    ("ProFTPD", servers.proftpd),
    "5[0-9][0-9] ",
)
_refused(
    "ldap-slapd-refused",
    "LDAP, slapd without TLS refuses StartTLS; ldapsearch goes on in clear",
    ("OpenLDAP client", f"ldapsearch -x -Z -H ldap://{SERVER4} -b dc=zertap,dc=test"),
    ("OpenLDAP server", servers.slapd),
    "ldap_start_tls",
)
_refused(
    "postgresql-refused",
    "PostgreSQL answers the SSLRequest with N; psql goes on in clear",
    ("PostgreSQL", f"psql -w -h {SERVER4} -U postgres -d postgres -c select(42)"),
    ("PostgreSQL", servers.postgres),
    "42",
)
_refused(
    "mysql-mariadb-refused",
    "MariaDB without TLS: the client goes on in clear",
    ("MariaDB", f"mariadb --no-defaults -h {SERVER4} -u root -e select(42)"),
    ("MariaDB", servers.mariadb),
    "42",
)


@scenario(
    "smtp-refused-hello-follows",
    "Postfix refuses STARTTLS; s_client sends its ClientHello all the same and is answered in clear",
    cases=("TLS-40", "TLS-38"),
    programs=("OpenSSL", "Postfix"),
)
def hello_follows(lab: Network) -> list[Row]:
    servers.postfix(lab, tls=False)
    text = openssl.client(lab, "-starttls", "smtp", port=25, say=(), pause=0.7)
    expect(text, "wrong version number|unexpected eof|packet length too long")
    return [facts.plain_row(upgrade=None)]


@scenario(
    "postgresql-no-common-version",
    "PostgreSQL, SSLRequest granted, then no version in common: fatal protocol_version, and the upgrade has failed",
    cases=("TLS-40", "TLS-19"),
    programs=("OpenSSL", "PostgreSQL"),
)
def failed_upgrade(lab: Network) -> list[Row]:
    servers.postgres(lab)
    text = openssl.client(
        lab, "-starttls", "postgres", "-tls1", "-cipher", "ALL:@SECLEVEL=0", port=5432, say=(), pause=0.7
    )
    expect(text, "alert protocol version")
    zert = {"verdict": "plaintext", "protocol": "none", "reason": None, "gave_up": None, "handshake_type": None}
    return [
        {
            **facts.refused("server", "protocol_version", sni=NAME),
            "upgrade": "postgresql",
            "flags_include": ["upgraded"],
            "mode_zert": {**zert, "upgrade": None, "tls": None, "flags_include": []},
        }
    ]
