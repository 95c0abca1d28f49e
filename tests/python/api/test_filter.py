"""The expression language of --where and --fail-on, and the choice of fields."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fakes import connection
from zertap.errors import Usage
from zertap.filter import compile_expression, select_fields
from zertap.schema import FIELDS

TLS = connection(
    verdict="failed",
    protocol="tls",
    reason="alert",
    flags=["gap", "upgraded"],
    client_ip="10.1.2.3",
    tls_version="TLSv1.2",
    tls_sni="www.example.org",
    tls_resumed=False,
    tls_server_certificate={"key_bits": 1024, "subject": "CN=x"},
    evidence={"outcome": "negotiated"},
)
PLAIN = connection()


@pytest.mark.parametrize(
    "text",
    [
        "verdict == 'failed'",
        "verdict != 'protected' and protocol == 'tls'",
        "verdict in ('failed', 'undetermined')",
        "verdict not in ['protected']",
        "tls.version < 'TLSv1.3'",
        "400 < server_port <= 443",
        "'gap' in flags",
        "'example' in tls.sni",
        "contains(flags, 'upgraded')",
        "contains(tls.sni, 'example')",
        r"matches(tls.sni, '^www\.example\.(org|com)\b')",
        "within(client_ip, '10.0.0.0/8') and not within(server_ip, '10.0.0.0/8')",
        "tls.resumed == false",
        "not tls.resumed",
        "tls.server_certificate.key_bits < 2048",
        "evidence.outcome == 'negotiated'",
        "tls.alpn == null and tls.alpn is None",
        "tls != null and ssh == null",
        "server_port == 22 or server_port == 443",
        "duration > -1",
    ],
)
def test_an_expression_that_holds(text: str) -> None:
    assert compile_expression(text)(TLS)


@pytest.mark.parametrize(
    "text",
    [
        "tls.version < 'TLSv1.3'",
        "tls.version > 'A'",
        "not tls.version == null",
        "contains(tls.sni, 'x')",
        "matches(tls.sni, '.*')",
        "'gap' in flags",
        "tls.server_certificate.key_bits < 2048",
        "reason",
    ],
)
def test_an_absent_fact_is_neither_smaller_nor_greater_nor_matching(text: str) -> None:
    assert not compile_expression(text)(PLAIN)


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("verdict = 'x'", 9, "invalid syntax"),
        ("verdct == 'failed'", 1, "did you mean `verdict`"),
        ("sni == 'x'", 1, "did you mean `tls.sni`"),
        ("verdict == failed", 12, "a text needs quotes"),
        ("protocol == tls", 13, "a text needs quotes"),
        ("server_port == '443'", 1, "of different types"),
        ("verdict in 3", 12, "it is a number"),
        ("server_port + 1 == 2", 1, "not part of this language"),
        ("verdict == 'a' and open('x')", 20, "unknown function `open`"),
        ("contains(verdict)", 1, "takes a field and a text"),
        ("matches(tls.sni, '(')", 18, "unterminated subpattern"),
        (r"matches(tls.sni, '\.\.') and nothing", 30, "unknown field"),
        ("within(client_ip, '10.0.0.0/99')", 19, "10.0.0.0/99"),
        ("tls.server_certificate.nothing == 1", 1, "unknown field"),
        ("verdict.__class__ == 'x'", 1, "unknown field"),
        ("(lambda: 1)()", 1, "not part of this language"),
        ("[v for v in flags]", 1, "not part of this language"),
        ("f'{verdict}' == 'x'", 1, "not part of this language"),
        ("verdict == b'x'", 12, "not part of this language"),
    ],
)
def test_a_bad_expression_is_refused_with_its_column(text: str, place: int, reason: str) -> None:
    with pytest.raises(Usage, match=f"column {place}: .*{re.escape(reason)}") as caught:
        compile_expression(text)
    assert "\n" not in str(caught.value)


@given(st.text(max_size=60))
def test_any_text_is_an_expression_or_is_refused(text: str) -> None:
    try:
        compile_expression(text)(PLAIN)
    except Usage:
        return


def test_deep_nesting_is_refused() -> None:
    with pytest.raises(Usage):
        compile_expression("(" * 5000 + "1" + ")" * 5000)


def test_an_expression_names_the_fields_it_needs() -> None:
    needed = compile_expression("tls.sni == 'x' or verdict == 'failed'").fields
    assert [field.path for field in needed] == ["verdict", "tls.sni"]


def test_fields_come_in_the_order_asked_for_and_groups_stay_together() -> None:
    chosen = [field.path for field in select_fields(["tls.sni", "verdict", "tls.version"])]
    assert chosen == ["tls.sni", "tls.version", "verdict"]


def test_a_group_stands_for_its_fields() -> None:
    assert select_fields(["ssh"]) == tuple(field for field in FIELDS if field.path.startswith("ssh."))


@pytest.mark.parametrize("names", [["nothing"], []])
def test_an_unknown_field_or_none_at_all_is_refused(names: list[str]) -> None:
    with pytest.raises(Usage):
        select_fields(names)
