"""Asks Suricata: ``docs/truth/suricata.yaml``, no rules, checksums not verified; its EVE log is read."""

from __future__ import annotations

import json
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from truth.facts import Connection, ends
from truth.places import DATA, ROOT

NAME = "suricata"
SETTINGS = DATA / "suricata.yaml"
COMMAND = ("suricata", "-c", str(SETTINGS.relative_to(ROOT)), "-S", "/dev/null", "-k", "none")
Event = dict[str, Any]


def version() -> str:
    """As ``suricata -V`` says."""
    told = subprocess.run([NAME, "-V"], capture_output=True, text=True, check=True).stdout
    return told.split("version", 1)[1].split()[0]


def ask(capture: Path) -> list[Connection]:
    """Every TCP flow in order of its start. Raises ``CalledProcessError`` if Suricata read nothing."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [*COMMAND, "-l", folder, "-r", str(capture)], capture_output=True, text=True, check=False, cwd=ROOT
        )
        log = Path(folder) / "eve.json"
        events = [json.loads(line) for line in log.read_text().splitlines()] if log.is_file() else []
    if not events:
        raise subprocess.CalledProcessError(done.returncode, done.args, done.stdout, done.stderr)
    return list(_connections([event for event in events if event.get("proto") == "TCP"]))


def _connections(events: list[Event]) -> Iterator[Connection]:
    flows = sorted((event for event in events if event["event_type"] == "flow"), key=lambda each: each["flow"]["start"])
    for flow in flows:
        told = [event for event in events if event["flow_id"] == flow["flow_id"]]
        said: dict[str, Any] = {"app_proto": flow.get("app_proto"), "tls": _tls(told), "ssh": _ssh(told)}
        yield Connection(ends((flow["src_ip"], flow["src_port"]), (flow["dest_ip"], flow["dest_port"])), said)


def _tls(told: list[Event]) -> Event | None:
    for event in told:
        if event["event_type"] == "tls":
            tls = event["tls"]
            kept = {key: tls[key] for key in ("version", "sni", "serial", "session_resumed") if key in tls}
            return kept | ({"ja3s": tls["ja3s"]["string"]} if tls.get("ja3s") else {})
    return None


def _ssh(told: list[Event]) -> Event | None:
    return next((event["ssh"] for event in told if event["event_type"] == "ssh"), None)
