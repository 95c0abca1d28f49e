"""The walls: what must not stand in a room at all, and that every file says why it exists."""

import ast
import re
from pathlib import Path

import pytest

from zertap import _native
from zertap.cli.status import Status

ROOT = Path(__file__).parents[3]
CORE = sorted((ROOT / "rust/zertap-core/src").rglob("*.rs"))
CAPTURE = sorted((ROOT / "rust/zertap-capture/src").rglob("*.rs"))
INTERPRETER = sorted((ROOT / "python/zertap").rglob("*.py"))


def code(path: Path) -> str:
    return re.sub(r"//.*", "", path.read_text(encoding="utf-8"))


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


RUST = sorted([*(ROOT / "rust").glob("*/src/**/*.rs"), *(ROOT / "tests/rust").rglob("*.rs")])
FOLDERS = ("python", "tests", "docs", "pcaps/make", "benches")
PYTHON = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", CORE, ids=named)
def test_the_engine_touches_nothing_but_what_it_is_given(path: Path) -> None:
    """No file, socket, clock, thread, environment or output; addresses (``std::net::Ip*``) are values."""
    text = code(path)
    assert not re.search(r"\bstd::(fs|io|thread|env|process|time|sync::mpsc)\b", text)
    assert not re.search(r"\b(TcpStream|TcpListener|UdpSocket|ToSocketAddrs|SystemTime|Instant)\b", text)
    assert not re.search(r"\be?print(ln)?!|\bdbg!", text)


def test_the_engine_has_no_unsafe_code_but_the_prefetch() -> None:
    """One measured helper in a file of its own, with its reason (``DESIGN`` of the core)."""
    assert "#![deny(unsafe_code)]" in (ROOT / "rust/zertap-core/src/lib.rs").read_text(encoding="utf-8")
    unsafe = [path for path in CORE if re.search(r"\bunsafe\b|allow\(unsafe_code", code(path))]
    assert [named(path) for path in unsafe] == ["rust/zertap-core/src/prefetch.rs"]
    text = unsafe[0].read_text(encoding="utf-8")
    assert len(re.findall(r"unsafe \{", text)) == len(re.findall(r"// SAFETY: ", text)) == 1


def test_captures_have_no_unsafe_code_but_the_mapping_and_its_lease() -> None:
    """A file is mapped only under a lease; both calls stand in one file, each with its reason."""
    assert "#![deny(unsafe_code)]" in (ROOT / "rust/zertap-capture/src/lib.rs").read_text(encoding="utf-8")
    unsafe = [path for path in CAPTURE if re.search(r"\bunsafe\b|allow\(unsafe_code", code(path))]
    assert [named(path) for path in unsafe] == ["rust/zertap-capture/src/mapped.rs"]
    text = unsafe[0].read_text(encoding="utf-8")
    assert len(re.findall(r"unsafe \{", text)) == len(re.findall(r"// SAFETY: ", text)) == 2


def test_the_door_has_no_unsafe_code_but_the_allocator() -> None:
    """Every unsafe block and implementation has its reason; the status is the one that the command line documents."""
    door = sorted((ROOT / "rust/zertap-py/src").rglob("*.rs"))
    unsafe = [path for path in door if re.search(r"\bunsafe\b|allow\(unsafe_code", code(path))]
    assert [named(path) for path in unsafe] == ["rust/zertap-py/src/memory.rs"]
    text = unsafe[0].read_text(encoding="utf-8")
    assert len(re.findall(r"unsafe (?:\{|impl)", code(unsafe[0]))) == len(re.findall(r"// SAFETY: ", text))
    assert f"OUT_OF_MEMORY: i32 = {Status.OUT_OF_MEMORY};" in text


@pytest.mark.parametrize("path", [*CORE, *CAPTURE], ids=named)
def test_engine_and_captures_do_not_say_what_the_wire_means(path: Path) -> None:
    """Verdicts, zERT and SMF are words of the interpreter. Comments may point to them."""
    text = re.sub(r"zertap", "", code(path), flags=re.IGNORECASE)
    assert not re.search(r"zert|\bsmf|smf119|ebcdic", text, re.IGNORECASE)
    assert not re.search(r"\b(protected|plaintext|unmonitored|undetermined|ended_clear)\b", text, re.IGNORECASE)


@pytest.mark.parametrize("path", INTERPRETER, ids=named)
def test_the_interpreter_reads_no_packet(path: Path) -> None:
    """Octets are taken apart only where SMF records and Arrow messages are framed; sockets lead to programs alone."""
    room = path.relative_to(ROOT / "python/zertap").parts
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not imported & {"scapy", "dpkt", "cryptography"}
    assert not imported & {"ssl", "socket"} or "/".join(room) in TALKS
    assert "struct" not in imported or room[0] in {"smf", "zert"} or room == ("sinks", "arrow.py")


TALKS = {"service/client.py", "service/place.py", "service/subscriber.py", "sinks/syslog_lines.py"}
"""Where records go out to subscribers and syslog messages to their receiver, and the subscriber's own side."""

REGISTERED = {
    text
    for registry in ("cipher_suites", "groups", "signature_schemes", "ssh_ciphers", "ssh_kex", "ssh_host_keys")
    for row in _native.registry(registry)
    if isinstance(text := row.get("name"), str)
}


@pytest.mark.parametrize("path", INTERPRETER, ids=named)
def test_no_second_copy_of_a_registry(path: Path) -> None:
    """Python asks the engine for registered names; a few in help texts and rules are no dictionary."""
    strings = {
        node.value
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    copied = strings & REGISTERED
    assert len(copied) <= 3 or path == CODED, sorted(copied)


CODED = ROOT / "python/zertap/zert/code_facts.py"
"""Says which IBM code an SSH algorithm has: its keys are the names, there is no other key."""


@pytest.mark.parametrize("path", RUST, ids=named)
def test_a_rust_file_opens_with_why_it_exists(path: Path) -> None:
    assert re.match(r"(// GENERATED by [^\n]*\n)?//! \S", path.read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", PYTHON, ids=named)
def test_a_python_file_opens_with_why_it_exists(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_the_tour_is_what_its_stops_give() -> None:
    text = (ROOT / "pcaps/make/tour.py").read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "tour", "__file__": str(ROOT / "pcaps/make/tour.py")}
    exec(compile(text, "tour.py", "exec"), names)  # noqa: S102  (our own script, which is no package)
    made = names["tour"]
    assert callable(made)
    assert made() == (ROOT / "pcaps/tour.pcap").read_bytes(), "run: python3 pcaps/make/tour.py"
