"""Line coverage of the engine by its own tests, room by room: ``make coverage``.

Needs ``rustup component add llvm-tools``. Builds into ``target/coverage``. Fails below ``LEAST`` in a room that
decides.
``--missed`` lists the lines that no test reached. What stands in a ``mod tests`` at a file's end is not counted.
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
SOURCES = ROOT / "rust/zertap-core/src"
TARGET = ROOT / "target/coverage"
DECIDING = ("wire", "stream", "tls", "ssh", "flow")
LEAST = 90.0
"""Unit: per cent of lines."""


def main() -> int:
    """Measures and prints the table; the exit status is 1 where a deciding room has too little."""
    programs = _build()
    data = _run(programs)
    reached, lines = defaultdict(int), defaultdict(int)
    for path, covered in _files(programs, data):
        room = path.relative_to(SOURCES).parts[0].removesuffix(".rs")
        reached[room] += sum(covered.values())
        lines[room] += len(covered)
        if "--missed" in sys.argv:
            _tell(path, [line for line, was in covered.items() if not was])
    print(f"{'room':<14}{'lines':>8}{'reached':>10}{'%':>8}")
    share = {room: 100 * reached[room] / lines[room] for room in lines if lines[room]}
    for room in sorted(share):
        print(f"{room:<14}{lines[room]:>8}{reached[room]:>10}{share[room]:>8.1f}")
    return int(any(share[room] < LEAST for room in DECIDING))


def _tell(path: Path, missed: list[int]) -> None:
    text = path.read_text(encoding="utf-8").splitlines()
    for line in sorted(missed):
        print(f"{path.relative_to(ROOT)}:{line}: {text[line - 1].strip()}")


def _build() -> list[Path]:
    """The engine's test programs, instrumented."""
    command = ["cargo", "test", "-p", "zertap-core", "--locked", "--no-run", "--message-format=json"]
    variables = {"RUSTFLAGS": "-C instrument-coverage", "CARGO_TARGET_DIR": str(TARGET), "CARGO_PROFILE_DEV_DEBUG": "0"}
    made = subprocess.run(command, cwd=ROOT, env=os.environ | variables, stdout=subprocess.PIPE, check=True)
    told = (json.loads(line) for line in made.stdout.splitlines() if line.startswith(b"{"))
    return [Path(each["executable"]) for each in told if each.get("executable") and each.get("profile", {}).get("test")]


def _run(programs: list[Path]) -> Path:
    """Runs them; what they reached, in one file."""
    for old in TARGET.glob("*.profraw"):
        old.unlink()
    variables = {"LLVM_PROFILE_FILE": str(TARGET / "%p-%m.profraw")}
    for program in programs:
        subprocess.run(
            [program, "--quiet"],
            cwd=ROOT / "rust/zertap-core",
            env=os.environ | variables,
            stdout=subprocess.DEVNULL,
            check=True,
        )
    data = TARGET / "all.profdata"
    subprocess.run([_tool("llvm-profdata"), "merge", "-sparse", "-o", data, *TARGET.glob("*.profraw")], check=True)
    return data


def _files(programs: list[Path], data: Path) -> Iterator[tuple[Path, dict[int, bool]]]:
    """Each source of the engine, and which of its lines were reached."""
    objects = [argument for program in programs[1:] for argument in ("--object", str(program))]
    command = [_tool("llvm-cov"), "export", "--format=lcov", f"--instr-profile={data}", str(programs[0]), *objects]
    told = subprocess.run([*command, str(SOURCES)], stdout=subprocess.PIPE, text=True, check=True).stdout
    for part in told.split("end_of_record"):
        words = [line.partition(":")[::2] for line in part.splitlines()]
        name = next((value for key, value in words if key == "SF"), None)
        if name:
            path = Path(name)
            end = _first_line_of_tests(path)
            counts = (value.split(",")[:2] for key, value in words if key == "DA")
            yield path, {int(line): int(count) > 0 for line, count in counts if int(line) < end}


def _first_line_of_tests(path: Path) -> int:
    lines = path.read_text(encoding="utf-8").splitlines()
    return lines.index("#[cfg(test)]") + 1 if "#[cfg(test)]" in lines else len(lines) + 1


def _tool(name: str) -> str:
    """A tool of the toolchain's own version of LLVM."""
    root = subprocess.run(["rustc", "--print", "sysroot"], stdout=subprocess.PIPE, text=True, check=True).stdout.strip()
    found = next(Path(root).glob(f"lib/rustlib/*/bin/{name}"), None)
    if found is None:
        sys.exit(f"{name} is missing: rustup component add llvm-tools")
    return str(found)


if __name__ == "__main__":
    sys.exit(main())
