"""Our rows of the shared captures agree with the oracle's, and where they do not, the reason stands in ``argued.toml``.

The comparison is ``oracle.py``; ``python oracle.py firm soft`` prints every difference.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from differential import oracle
from differential.oracle import Account
from differential.oracle_arguments import CLASSES, Argument, Arguments, Difference, Kind
from differential.oracle_points import Row, differences, outcome

NEEDED = 99.7
"""Agreement of firm rows, in per cent, that issue 3 asks for."""

pytestmark = pytest.mark.skipif(
    not (oracle.CAPTURES / "expected").is_dir(), reason=f"no shared captures in {oracle.CAPTURES} (ZERTAP_SHARED)"
)


def _told(differences: list[Difference]) -> str:
    return "\n".join(map(str, differences))


def test_firm_rows_agree_with_the_oracle(capsys: pytest.CaptureFixture[str]) -> None:
    account = oracle.account()
    with capsys.disabled():
        sys.stdout.write("\n" + "\n".join(account.summary()) + "\n")
    assert account.compared["firm"] > 1000
    assert account.share("firm") >= NEEDED, _told([each for each in account.differences if each.grade == "firm"])


def test_every_difference_has_an_argument() -> None:
    """Of soft rows too, though those are for looking at: somebody has looked."""
    silent = [each for each in oracle.account().differences if each.why is None]
    assert not silent, _told(silent)


def test_nothing_is_called_protected_or_ended_in_clear_against_the_oracle_without_an_argument() -> None:
    """Rows of every grade and outcome, those of one side and those that the oracle has not among them."""
    silent = [each for each in oracle.account().unbacked if each.why is None]
    assert not silent, _told(silent)


def test_no_argument_is_stale() -> None:
    assert oracle.account().stale == []


def test_octets_are_those_that_the_oracle_saw_except_behind_a_reset() -> None:
    """An accepted RST ends the connection; what is captured after it belongs to none."""
    firm = [each for each in oracle.account().octets if each.grade == "firm"]
    wrong = [each for each in firm if each.what != "rst" or int(str(each.ours)) > int(str(each.oracle))]
    assert not wrong, _told(wrong)


@pytest.fixture
def rows() -> tuple[str, list[Row]]:
    """One capture on which we agree, to see that a false word of the oracle would be noticed."""
    name = "zeek-zeek/testing/btest/Traces/tls/tls1.2-late-protocol-error.pcap"
    return next(each for each in oracle.files() if each[0] == name)


def _verdict(row: Row) -> None:
    row["outcome"] = "established"


def _version(row: Row) -> None:
    row["tls"]["version"], row["tls"]["version_hex"] = "TLSv1.1", "0x0302"


def _cipher(row: Row) -> None:
    row["tls"]["cipher"] = "0x0005"


def _sni(row: Row) -> None:
    row["tls"]["sni"] = "another.example"


def _serial(row: Row) -> None:
    row["tls"]["server_cert"]["serial"] = 1


def _serial_of_nobody(row: Row) -> None:
    row["tls"]["client_cert"] = {"serial": "01"}


def _group(row: Row) -> None:
    row["tls"]["group"] = "0xfefe"


def _not_after(row: Row) -> None:
    row["tls"]["server_cert"]["not_after"] = "1999-12-31T23:59:59Z"


def _protocol(row: Row) -> None:
    row["protection"], row["ssh"] = "ssh", {"messages": []}


def _address(row: Row) -> None:
    row["client"]["ip"] = "192.0.2.1"


@pytest.mark.parametrize(
    ("falsify", "what"),
    [
        (_verdict, "verdict"),
        (_version, "version"),
        (_cipher, "cipher"),
        (_sni, "sni"),
        (_serial, "server serial"),
        (_serial_of_nobody, "client certificate"),
        (_group, "group"),
        (_not_after, "server not_after"),
        (_protocol, "protocol"),
        (_address, "row"),
    ],
)
def test_a_false_word_would_be_noticed(rows: tuple[str, list[Row]], falsify: Callable[[Any], None], what: str) -> None:
    name, told = rows
    right, wrong = Account(), Account()
    oracle.compare_file(name, told, right)
    assert right.agreeing["firm"] == 1
    assert right.differences == []
    falsify(told[0])
    oracle.compare_file(name, told, wrong)
    assert wrong.agreeing["firm"] == 0
    assert [each.what for each in wrong.differences] == [what]


def test_an_argument_covers_its_own_point_only(rows: tuple[str, list[Row]]) -> None:
    name, told = rows
    _cipher(told[0])
    _sni(told[0])
    reason = Argument("oracle_misreads", "on purpose")
    account = Account()
    arguments = Arguments({(name, told[0]["stream"], "cipher"): reason, ("other", 0, "row"): reason})
    oracle.compare_file(name, told, account, arguments)
    assert [each.why for each in account.differences] == [reason, None]
    assert account.argued["firm"] == 0
    assert arguments.stale() == [str(("other", 0, "row"))]


def test_only_what_the_oracle_expects_to_differ_counts_as_agreement(rows: tuple[str, list[Row]]) -> None:
    name, told = rows
    _sni(told[0])
    key = (name, told[0]["stream"], "sni")
    for sort, share in [("expected", 100.0), ("oracle_misreads", 0.0), ("other_rule", 0.0)]:
        account = Account()
        oracle.compare_file(name, told, account, Arguments({key: Argument(sort, "on purpose")}))
        assert account.share("firm") == share
        assert account.agreeing["firm"] == 0


def test_a_kind_covers_no_firm_row_and_only_what_it_names() -> None:
    kind = Kind(
        "k", Argument("oracle_blind", "why"), "verdict", ("tls failed",), ("protected (None)",), ("holes",), ("gap",)
    )
    fits: dict[str, Any] = {
        "file": "f",
        "stream": 0,
        "grade": "soft",
        "what": "verdict",
        "oracle": "tls failed",
        "ours": "protected (None)",
        "flags": ["gap"],
        "because": ["holes in the captured stream"],
    }
    assert kind.covers(Difference(**fits))
    others: dict[str, Any] = {
        "grade": "firm",
        "what": "cipher",
        "oracle": "ssh failed",
        "ours": "ended_clear (None)",
        "flags": ["desync"],
        "because": ["frames cut by snaplen"],
    }
    for key, value in others.items():
        assert not kind.covers(Difference(**(fits | {key: value}))), key


def test_a_missing_fact_of_ours_is_a_difference(rows: tuple[str, list[Row]]) -> None:
    (theirs,) = rows[1]
    (ours,) = oracle.observe(rows[0])
    for path, what in [
        (("server_certificate", "serial"), "server serial"),
        (("server_certificate", "not_after"), "server not_after"),
        (("cipher",), "cipher"),
        (("version",), "version"),
    ]:
        place = ours["tls"]
        for step in path[:-1]:
            place = place[step]
        kept, place[path[-1]] = place[path[-1]], None
        assert [each[0] for each in differences(theirs, ours)] == [what]
        place[path[-1]] = kept
    assert list(differences(theirs, ours)) == []


def test_the_outcome_follows_the_oracles_own_facts_where_its_word_does_not() -> None:
    both = ["c2s:client_hello", "c2s:ccs", "c2s:encrypted_handshake", "s2c:ccs", "s2c:encrypted_handshake"]
    tls: dict[str, Any] = {"protection": "tls", "outcome": "in_progress", "tls": {"sequence": both}}
    assert outcome(tls) == "established"
    for lacking in (both[:-1], both[:3], [*both[3:], "c2s:ccs"]):
        assert outcome(tls | {"tls": {"sequence": lacking}}) == "in_progress"
    assert outcome(tls | {"tls": {"sequence": both, "server_hello_seen": True}}) == "in_progress"
    ssh: dict[str, Any] = {"protection": "ssh", "outcome": "failed", "ssh": {"messages": []}, "fin": [], "rst": []}
    assert outcome(ssh) == "in_progress"
    for end in ({"fin": ["client"]}, {"rst": ["server"]}, {"ssh": {"messages": ["s2c:Disconnect"]}}):
        assert outcome(ssh | end) == "failed"


def test_every_argument_names_a_capture_that_exists_and_a_class() -> None:
    told = Arguments.load()
    missing = {file for file, _, _ in told.single if not Path(oracle.CAPTURES, file).is_file()}
    assert not missing
    assert {each.sort for each in [*told.single.values(), *(kind.argument for kind in told.kinds)]} <= set(CLASSES)
