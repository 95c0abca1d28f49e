"""Keeps ``manifest.toml``, the captures and their expected rows in step."""

from __future__ import annotations

import datetime
import hashlib
import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

from . import facts, tshark
from .network import LabError
from .scenario import Row, Scenario

HOME = Path(__file__).resolve().parents[2]
MANIFEST = HOME / "manifest.toml"
HEAD = """# Every capture in this folder and where it comes from. Written by make/all.py; see README.md.

"""
TCP_KEYS = ("client_ip", "client_port", "server_ip", "server_port", "closed", "bytes_client", "bytes_server")


def expected_rows(scenario: Scenario, said: list[Row], capture: Path) -> tuple[list[Row], list[str]]:
    """Joins what the programs said with the TCP facts; returns the rows and tshark's known differences."""
    seen = tshark.connections(capture)
    if len(seen) != len(said):
        raise LabError(f"{scenario.name}: {len(said)} rows, but {len(seen)} connections in the capture")
    rows: list[Row] = []
    differs: list[str] = []
    for row, connection in zip(said, seen, strict=True):
        tcp: dict[str, Any] = {"first_packet": connection.first_packet, **connection.tcp()}
        if tcp["closed"] is None:
            del tcp["closed"]
        head: Row = {
            key: row.pop(key) for key in ("verdict", "protocol", "reason", "gave_up", "handshake_type") if key in row
        }
        if head.get("gave_up") == facts.WHOEVER_CLOSED_FIRST:
            head["gave_up"] = connection.first_to_close
        whole = {**head, **tcp, **row}
        rows.append(whole)
        differs += tshark.differences(whole, connection)
    excused = {reason.split(":", 1)[0] for reason in scenario.differs}
    if scenario.judge_raw:
        # What was done to the kept file: all its connections have the first one's client port.
        rows = [{**row, "client_port": rows[0]["client_port"]} for row in rows]
    surprising = [d for d in differs if d.split(":", 1)[0] not in excused]
    if surprising:
        raise LabError(f"{scenario.name}: " + "; ".join(surprising))
    unused = excused - {d.split(":", 1)[0] for d in differs}
    if unused:
        raise LabError(f"{scenario.name}: tshark agrees on {unused}, the excuse is stale")
    return rows, list(scenario.differs)


def enter(scenario: Scenario, capture: Path, rows: list[Row], versions: list[str], differs: list[str]) -> None:
    """Writes the expected rows and the scenario's entry in the manifest."""
    expected = HOME / "expected" / f"{scenario.name}.jsonl"
    expected.write_text(tshark.pretty(rows))
    data = capture.read_bytes()
    entry: dict[str, Any] = {
        "name": scenario.name,
        "file": capture.relative_to(HOME).as_posix(),
        "expected": expected.relative_to(HOME).as_posix(),
        "script": scenario.script,
        "programs": versions,
        "shows": scenario.shows,
        "cases": list(scenario.cases),
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "connections": len(rows),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
    }
    if differs:
        entry["tshark_differs"] = differs
    kept = {e["name"]: e for e in entries()}
    kept[scenario.name] = entry
    MANIFEST.write_text(HEAD + "\n".join(_toml(kept[name]) for name in sorted(kept)))


def entries() -> list[dict[str, Any]]:
    """The manifest as it is now."""
    if not MANIFEST.exists():
        return []
    found: list[dict[str, Any]] = tomllib.loads(MANIFEST.read_text()).get("capture", [])
    return found


def _toml(entry: dict[str, Any]) -> str:
    """JSON strings, whole numbers and lists of strings are also valid TOML."""
    return "[[capture]]\n" + "".join(
        f"{key} = {json.dumps(value, ensure_ascii=True)}\n" for key, value in entry.items()
    )


def version_of(program: str) -> str:
    """The version a program gives itself, or its Debian package's."""
    argv, packaged = PROGRAMS[program]
    if packaged:
        done = subprocess.run(
            ["dpkg-query", "-W", "-f", "${Version}", packaged], capture_output=True, text=True, check=True
        )
        return f"{program} {done.stdout}"
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    return f"{program} {(done.stdout or done.stderr).split(chr(10))[0].strip()}"


VENV = Path("/tmp/zertap-pcaps-venv")
PYTHON = VENV / "bin" / "python"

RUSTLS_VERSION = f"""import tomllib
with open("{HOME}/make/programs/rustls-peer/Cargo.lock", "rb") as lock:
    print(next(p["version"] for p in tomllib.load(lock)["package"] if p["name"] == "rustls"))
"""


def _python(expression: str) -> list[str]:
    return [str(PYTHON), "-c", expression]


PROGRAMS: dict[str, tuple[list[str], str | None]] = {
    "OpenSSL": ([], "openssl"),
    "OpenSSH client": ([], "openssh-client"),
    "OpenSSH server": ([], "openssh-server"),
    "GnuTLS": ([], "gnutls-bin"),
    "NSS": ([], "libnss3-tools"),
    "dropbear": ([], "dropbear-bin"),
    "PuTTY": ([], "putty-tools"),
    "curl": ([], "curl"),
    "CPython": (
        ["python3", "-c", "import platform, ssl; print(platform.python_version(), 'with', ssl.OPENSSL_VERSION)"],
        None,
    ),
    "pyOpenSSL": (
        _python(
            "import OpenSSL; from OpenSSL import SSL; "
            "print(OpenSSL.__version__, 'with', SSL.OpenSSL_version(0).decode())"
        ),
        None,
    ),
    "paramiko": (_python("import paramiko; print(paramiko.__version__)"), None),
    "asyncssh": (_python("import asyncssh; print(asyncssh.__version__)"), None),
    "aiosmtpd": (_python("import aiosmtpd; print(aiosmtpd.__version__)"), None),
    "Postfix": ([], "postfix"),
    "Dovecot": ([], "dovecot-core"),
    "ProFTPD": ([], "proftpd-core"),
    "OpenLDAP server": ([], "slapd"),
    "OpenLDAP client": ([], "ldap-utils"),
    "PostgreSQL": ([], "postgresql-15"),
    "MariaDB": ([], "mariadb-server"),
    "Prosody": ([], "prosody"),
    "squid": ([], "squid"),
    "Dante": ([], "dante-server"),
    "HAProxy": ([], "haproxy"),
    "nginx": ([], "nginx"),
    "stunnel": ([], "stunnel4"),
    "netcat": ([], "netcat-openbsd"),
    "FreeTDS": ([], "freetds-bin"),
    "xrdp": ([], "xrdp"),
    "FreeRDP": ([], "freerdp2-x11"),
    "sieve-connect": ([], "sieve-connect"),
    "rustls": (["python3", "-c", RUSTLS_VERSION], None),
    "scapy": (_python("import scapy; print(scapy.VERSION)"), None),
    "dumpcap": ([], "wireshark-common"),
    "editcap": ([], "wireshark-common"),
    "tcprewrite": ([], "tcpreplay"),
    "zstd": ([], "zstd"),
    "tcpdump": ([], "tcpdump"),
}
