"""Licences of everything the wheel is made from or pulls in: ``python tests/contract/licences.py``.

Rust packages as ``cargo metadata`` lists them (what only tests use stays outside), Python packages as the running
environment describes them. What is allowed stands in ``deny.toml``, for this script and for cargo-deny alike.
Prints one line, or one line for each package that may not be used, and then ends with status 1.
"""

import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution, requires
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",  # of those used here: confluent-kafka, whose LICENSE is version 2.0
    "BSD License": "BSD-3-Clause",
    "ISC License (ISCL)": "ISC",
    "MIT License": "MIT",
}
"""Older Python packages name their licence by classifier only."""


def main() -> int:
    """Checks both languages; returns the exit status."""
    deny = tomllib.loads((ROOT / "deny.toml").read_text(encoding="utf-8"))
    allowed = set(deny["licenses"]["allow"])
    excepted = {each["crate"]: set(each["allow"]) for each in deny["licenses"]["exceptions"]}
    packages = [*rust_packages(), *python_packages()]
    refused = [
        (name, terms) for name, terms in packages if not permits(terms, allowed | excepted.get(name.split()[0], set()))
    ]
    for name, terms in refused:
        print(f"licence not allowed: {name}: {terms or 'none given'}", file=sys.stderr)
    if not refused:
        print(f"licences: {len(packages)} packages, all allowed by deny.toml")
    return 1 if refused else 0


def permits(terms: str, allowed: set[str]) -> bool:
    """Whether *allowed* satisfies the SPDX expression *terms*; ``A/B`` is the old way to write ``A OR B``.

    ``AND`` is taken as the last to be joined, brackets or not: that may refuse too much, never too little.
    """
    groups = re.sub(r"[()]", "", terms.replace("/", " OR ")).split(" AND ")
    return all(any(each.strip() in allowed for each in group.split(" OR ")) for group in groups)


def rust_packages() -> Iterator[tuple[str, str]]:
    """Name with version, and licence, of every package that our crates link or build with."""
    target = "x86_64-unknown-linux-gnu"
    command = ["cargo", "metadata", "--locked", "--format-version", "1", "--filter-platform", target]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)
    graph = json.loads(done.stdout)
    packages = {package["id"]: package for package in graph["packages"]}
    for each in sorted(linked(graph) - set(graph["workspace_members"])):
        package = packages[each]
        yield f"{package['name']} {package['version']}", package["license"] or ""


def linked(graph: dict[str, Any]) -> set[str]:
    """Identities of the packages that can be reached without passing through a dependency of tests."""
    nodes = {node["id"]: node for node in graph["resolve"]["nodes"]}
    found: set[str] = set()
    ahead = list(graph["workspace_members"])
    while ahead:
        each = ahead.pop()
        if each in found:
            continue
        found.add(each)
        needed = [way for way in nodes[each]["deps"] if any(kind["kind"] != "dev" for kind in way["dep_kinds"])]
        ahead.extend(way["pkg"] for way in needed)
    return found


def python_packages() -> Iterator[tuple[str, str]]:
    """Name with version, and licence, of every package that ours brings with it, extras for users included."""
    found: dict[str, Distribution] = {}
    ahead = [name for name, extra in requirements("zertap") if extra != "dev"]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found[name] = distribution(name)
            ahead.extend(each for each, extra in requirements(name) if extra is None)
    for name, package in sorted(found.items()):
        yield f"{name} {package.version}", licence(package)


def requirements(name: str) -> Iterator[tuple[str, str | None]]:
    """Names that *name* requires, each with the extra that asks for it; markers of other platforms are left out."""
    for line in requires(name) or []:
        text, _, marker = line.partition(";")
        extra = re.search(r"extra == ['\"]([^'\"]+)", marker)
        if not re.search(r"win32|Windows|python_(full_)?version <", marker):
            yield re.split(r"[\s\[<>=!~;(]", text.strip())[0], extra[1] if extra else None


def licence(package: Distribution) -> str:
    """The SPDX expression of *package*, or what its older metadata say."""
    meta = package.metadata
    classifiers = [line.split(" :: ")[-1] for line in meta.get_all("Classifier") or [] if line.startswith("License")]
    known = [CLASSIFIERS[each] for each in classifiers if each in CLASSIFIERS]
    expression = meta.get_all("License-Expression") or known or meta.get_all("License") or []
    return " AND ".join(expression)


if __name__ == "__main__":
    sys.exit(main())
