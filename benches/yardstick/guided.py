"""The engine as the wheel has it: compiled twice, what the first build says of its own work tells the second what is
worth room. `make wheel` does the same for the Python extension, with what `train.py` runs.
"""

import os
import subprocess
import tempfile
from pathlib import Path

from train import CAPTURED, written

LACKING = "a guided build needs llvm-profdata: rustup component add llvm-tools"


def guided(root: Path) -> Path:
    """Builds `pump` and its kin guided by a profile; the folder in which they lie.

    Raises ``SystemExit`` where `llvm-profdata` is missing, ``subprocess.CalledProcessError`` where a build fails.
    """
    merge = profdata()
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        learner = compiled(root, f"-Cprofile-generate={folder}")
        for capture in [*CAPTURED, *written(folder)]:
            subprocess.run([learner / "pump", capture], stdout=subprocess.DEVNULL, check=True)
        profile = folder / "merged.profdata"
        subprocess.run([merge, "merge", "-o", profile, *folder.glob("*.profraw")], check=True)
        return compiled(root, f"-Cprofile-use={profile}")


def compiled(root: Path, flags: str) -> Path:
    """Builds the programs with *flags*, beside the usual build; the folder in which they lie."""
    host = said("rustc", "--print", "host-tuple")
    # A target that is named keeps the flags from what only the build itself runs.
    build = ["cargo", "build", "--quiet", "--profile", "wheel", "-p", "zertap-capture", "--examples", "--target", host]
    target = root / "target" / "guided"
    subprocess.run([*build, "--target-dir", target], cwd=root, env={**os.environ, "RUSTFLAGS": flags}, check=True)
    return target / host / "wheel" / "examples"


def profdata() -> Path:
    """The compiler's own `llvm-profdata`: another version may not read its profiles."""
    found = list(Path(said("rustc", "--print", "sysroot")).glob("lib/rustlib/*/bin/llvm-profdata"))
    if not found:
        raise SystemExit(LACKING)
    return found[0]


def said(*command: str) -> str:
    """What a command prints."""
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
