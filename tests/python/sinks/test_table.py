"""The table for people."""

from pathlib import Path
from typing import Any

from rich.console import Console

from fakes import connection, part
from zertap.protection import Protection
from zertap.sinks import table
from zertap.sinks.base import Stream
from zertap.sinks.breakable import Breakable
from zertap.sinks.table import STYLES, Table, visible

ALERT = {"from": "client", "level": "fatal", "description": "unknown_ca", "encrypted": False}


def render(tmp_path: Path, *rows: dict[str, Any], width: int = 160, colour: bool = False) -> str:
    target = tmp_path / "out.txt"
    system = "standard" if colour else None
    console = Console(force_terminal=colour, color_system=system, width=width)  # type: ignore[arg-type]
    sink = Table(Stream(str(target)), console)
    if rows:
        sink.write(part(*rows), range(len(rows)))
    sink.close()
    return target.read_text(encoding="utf-8")


def test_every_verdict_has_a_style() -> None:
    assert set(STYLES) == {each.word for each in Protection}


def test_the_summary_counts_by_verdict_and_kind(tmp_path: Path) -> None:
    new = connection(verdict="protected", protocol="tls", tls_version="TLSv1.3")
    old = connection(verdict="protected", protocol="tls", tls_version="TLSv1.2")
    shown = render(tmp_path, new, new, old, connection())
    assert "4 connections" in shown
    lines = [line.split() for line in shown.splitlines()]
    assert ["protected", "3", "TLSv1.3", "2,", "TLSv1.2", "1"] in lines
    assert ["plaintext", "1"] in lines


def test_failures_say_which_server_which_client_and_why(tmp_path: Path) -> None:
    failed = connection(
        verdict="failed",
        protocol="tls",
        reason="alert",
        gave_up="client",
        tls_sni="www.example.org",
        tls_alerts=[ALERT],
    )
    shown = render(tmp_path, failed, failed, {**failed, "client_ip": "192.0.2.9"})
    (line,) = [line for line in shown.splitlines() if "2 more" in line or "1 more" in line]
    assert line.split() == [
        *("198.51.100.7:443", "www.example.org", "192.0.2.1", "and", "1", "more"),
        *("TLS", "client", "alert", "unknown_ca", "3"),
    ]


def test_without_failures_there_is_no_list_of_them(tmp_path: Path) -> None:
    assert "Failed handshakes" not in render(tmp_path, connection())


def test_a_connection_shows_its_algorithms_and_group(tmp_path: Path) -> None:
    tls = connection(
        verdict="protected",
        protocol="tls",
        tls_version="TLSv1.3",
        tls_cipher_name="TLS_AES_128_GCM_SHA256",
        tls_group="X25519MLKEM768",
    )
    ssh = connection(
        verdict="protected",
        protocol="ssh",
        server_ip="2001:db8::7",
        server_port=22,
        ssh_version=2,
        ssh_kex="curve25519-sha256",
        ssh_host_key="ssh-ed25519",
        ssh_cipher_c2s="aes128-ctr",
        ssh_cipher_s2c="aes128-ctr",
        ssh_mac_c2s="hmac-sha2-256",
        ssh_mac_s2c="hmac-sha2-256",
    )
    shown = render(tmp_path, tls, ssh, width=200)
    for expected in ("TLS_AES_128_GCM_SHA256", "X25519MLKEM768", "[2001:db8::7]:22", "SSH-2", "curve25519-sha256"):
        assert expected in shown
    assert "aes128-ctr hmac-sha2-256, ssh-ed25519" in shown


def test_a_capture_cannot_write_to_the_terminal(tmp_path: Path) -> None:
    evil = connection(verdict="failed", protocol="tls", tls_sni="\x1b[2J[red]x[/red]\u202egro", file="a\x1b[2J")
    shown = render(tmp_path, evil)
    assert "\x1b" not in shown
    assert "\u202e" not in shown
    assert "[red]x[/red]" in shown


def test_escapes_are_shown_and_plain_text_is_not_touched() -> None:
    assert visible("a\x1bb\nc\u200f") == "a\\x1bb\\nc\\u200f"
    assert visible("grün 東京") == "grün 東京"


def test_colours_only_where_they_are_wanted(tmp_path: Path) -> None:
    assert "\x1b[32mprotected" in render(tmp_path, connection(verdict="protected"), colour=True)
    assert "\x1b" not in render(tmp_path, connection(verdict="protected"))


def test_nothing_at_all_is_said_in_words(tmp_path: Path) -> None:
    assert render(tmp_path) == "No TCP connection.\n"


def test_beyond_the_limit_rows_are_counted_not_kept(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(table, "MOST_ROWS", 2)
    shown = render(tmp_path, *[connection() for _ in range(5)])
    assert "5 connections" in shown
    assert "and 3 more" in shown


def test_the_memory_for_failures_is_bounded(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(table, "MOST_KINDS", 2)
    failures = [connection(verdict="failed", protocol="tls", server_ip=f"10.0.0.{i}") for i in range(5)]
    shown = render(tmp_path, *failures)
    (line,) = [line.split() for line in shown.splitlines() if line.lstrip().startswith("others")]
    assert line[-1] == "3"


def test_several_captures_are_named_once_each(tmp_path: Path) -> None:
    shown = render(tmp_path, *[connection(file=f"/captures/{name}.pcap") for name in ("one", "one", "two")])
    assert (shown.count("one.pcap"), shown.count("two.pcap")) == (1, 1)
    assert "Capture" not in render(tmp_path, connection())


def test_a_narrow_terminal_folds_and_hides_nothing(tmp_path: Path) -> None:
    name = "a-very-long-name-that-does-not-fit.example.org"
    shown = render(tmp_path, connection(verdict="protected", protocol="tls", tls_sni=name), width=60)
    assert max(map(len, shown.splitlines())) <= 60
    assert "…" not in shown


def test_a_suite_is_broken_at_its_own_joints_and_keeps_every_letter() -> None:
    console = Console(width=200)
    for words in ("TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "chacha20-poly1305@openssh.com, ssh-ed25519", "-", ""):
        for width in range(1, 50):
            lines = [
                line.plain for line in Breakable(words).__rich_console__(console, console.options.update(width=width))
            ]
            assert "".join(lines).replace(" ", "") == words.replace(" ", "")
            assert all(line.endswith(("_", "@", ",")) or width < len(line) for line in lines[:-1] if line)
            longest = Breakable(words).__rich_measure__(console, console.options).minimum
            assert max(map(len, lines)) <= max(width, longest)
