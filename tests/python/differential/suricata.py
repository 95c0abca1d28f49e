"""Suricata's events of a capture, to compare with ours; the program is on the path or named by ``ZERTAP_SURICATA``."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

CONFIGURATION = """%YAML 1.1
---
outputs:
  - eve-log:
      enabled: yes
      filetype: regular
      filename: eve.json
      community-id: true
      types: [{tls: {extended: yes, session-resumption: yes}}, ssh, flow]
app-layer:
  protocols:
    tls: {enabled: yes, ja3-fingerprints: yes, encryption-handling: full}
    ssh: {enabled: yes, hassh: yes}
    smtp: {enabled: yes}
    ftp: {enabled: yes}
    http: {enabled: yes}
stream: {midstream: false, checksum-validation: no, reassembly: {depth: 0}}
logging: {default-log-level: error}
"""


def program() -> list[str] | None:
    """How Suricata is called, if it is there."""
    named = os.environ.get("ZERTAP_SURICATA")
    found = named.split() if named else [shutil.which("suricata") or ""]
    return found if found[0] else None


def events(capture: Path, folder: Path) -> list[dict[str, Any]]:
    """What Suricata writes of *capture*; it exits with 0 whatever happened, so no file means nothing was written."""
    command = program()
    assert command
    (folder / "suricata.yaml").write_text(CONFIGURATION)
    run = [*command, "-c", str(folder / "suricata.yaml"), "-r", str(capture), "-l", str(folder), "-k", "none"]
    subprocess.run(run, capture_output=True, check=True, timeout=300)
    lines = (folder / "eve.json").read_text().splitlines() if (folder / "eve.json").exists() else []
    (folder / "eve.json").unlink(missing_ok=True)
    return [json.loads(line) for line in lines]
