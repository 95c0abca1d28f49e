"""Rebuilds ``docs/truth.md``: asks the tools that are installed, keeps what is stored of the others."""

from __future__ import annotations

import argparse
import datetime
import shutil
import subprocess
import sys
import tomllib
from types import ModuleType
from typing import Any

from truth import ask_suricata, ask_tshark, facts, page, shared
from truth.facts import Capture, Hearing
from truth.places import PAGE, PCAPS
from truth.scenarios import scenarios

TOOLS: dict[str, Any] = {"tshark": ask_tshark, "suricata": ask_suricata}


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(prog="truth", description=__doc__)
    parser.add_argument("--stored", action="store_true", help="ask nobody, rebuild from docs/truth")
    asked = parser.parse_args()
    for name, tool in TOOLS.items():
        if asked.stored or shutil.which(name) is None:
            sys.stderr.write(f"{name}: as stored\n")
        else:
            _ask(name, tool).store()
    if shared.present() and not asked.stored:
        shared.store(shared.fresh())
    else:
        sys.stderr.write("oracle: as stored\n")
    PAGE.write_text(rebuilt())


def rebuilt() -> str:
    """The page from what is stored of the tools, and zertap as it is now."""
    hearings = {name: Hearing.load(name) for name in TOOLS}
    return page.page(list(scenarios(hearings)), hearings, shared.stored())


def _ask(name: str, tool: ModuleType) -> Hearing:
    """All captures, the words of those kept that the same version was asked about before."""
    version = tool.version()
    today = datetime.datetime.now(tz=datetime.UTC).date().isoformat()
    before = Hearing.load(name) if facts.path(name).is_file() else None
    known = before.captures if before and before.version == version else {}
    told = Hearing(name, version, " ".join(tool.COMMAND), today)
    for entry in tomllib.loads((PCAPS / "manifest.toml").read_text())["capture"]:
        kept = known.get(entry["name"])
        told.captures[entry["name"]] = kept if kept and kept.sha256 == entry["sha256"] else _capture(tool, entry)
    if before and before.captures == told.captures:
        told.date = before.date
    return told


def _capture(tool: ModuleType, entry: dict[str, Any]) -> Capture:
    try:
        return Capture(entry["name"], entry["sha256"], tool.ask(PCAPS / entry["file"]))
    except subprocess.CalledProcessError as error:
        words = (error.stderr or "").strip().splitlines()
        return Capture(entry["name"], entry["sha256"], unread=words[-1] if words else f"exit status {error.returncode}")


if __name__ == "__main__":
    main()
