"""Records as events of QRadar: LEEF 2.0, one line a record.

The keys that zSecure gives zERT records are used where IBM's documentation shows them; what it does not show bears our
own name, letters and digits only. The client is the source and the server the destination, whichever is local. Octets
and segments of a summary are told as the interval's (IBM's example shows one number of each) and as both counters.
Empty values and unknown ones are left out, as zSecure does; characters that would end a value or a line become blanks.
Values are spelled as in IBM's example. Two of its keys are not made: ``sum``, a sentence of what the other keys say,
and ``name``, of which it is not told how it differs from ``sysname``.

Source: IBM QRadar, "LEEF event components", "Best practices guidelines for LEEF events", "Predefined LEEF event
attributes"; IBM QRadar DSM guide, "IBM z/OS sample event message" (a zERT summary record).
"""

from collections.abc import Callable, Iterator
from functools import cache

from zertap._native import __version__
from zertap.smf.fields import Field, Kind
from zertap.zert.layouts import DETAIL, HEADER, SUMMARY, Section, sections
from zertap.zert.views import (
    FieldSpec,
    KindSpec,
    PartSpec,
    Tables,
    View,
    common_part,
    flat_name,
    kind_spec,
    part_spec,
    rest,
    show,
    shown,
    words_of,
    written,
)

TIME_FORMAT = "yyyy-MM-dd'T'HH:mm:ss.SSS"
"""How ``devTime`` is written. No zone: zertap writes UTC, z/OS local time, and a record does not say which."""

KEYS = {
    "system": "sysname",
    "event": "cat",
    "sysplex": "sysplex",
    "stack": "stack",
    "job_name": "jobname",
    "job_id": "jobid",
    "user_id": "usrName",
    "ip_protocol": "IPproto",
    "connection_id": "saConnId",
    "remote_address": "src",
    "remote_port": "srcPort",
    "local_address": "dst",
    "local_port": "dstPort",
    "in_bytes": "srcBytes",
    "out_bytes": "dstBytes",
    "in_segments": "srcPackets",
    "out_segments": "dstPackets",
    "client_address": "src",
    "server_address": "dst",
    "server_port_first": "dstPort",
    "initial_connections": "connsBeg",
    "final_connections": "connsEnd",
    "initial_partial": "partialBeg",
    "final_partial": "partialEnd",
    "initial_short": "shortBeg",
    "final_short": "shortEnd",
    "initial_active": "activeBeg",
    "final_active": "activeEnd",
    "tls_version": "tlsProtVer",
    "tls_cipher": "tlsNegCipher",
    "tls_key_exchange": "tlsKexAlg",
    "tls_message_authentication": "tlsMsgAuth",
    "tls_fips_mode": "FIPSlvl",
    "tls_server_certificate_signature": "tlsSCertSig",
    "tls_client_certificate_signature": "tlsCCertSig",
    "names": "dn",
}
"""Our flat name -> LEEF key. Source and destination are told for a local server; a local client turns them."""

TURNED = {
    "remote_address": "local_address",
    "remote_port": "local_port",
    "local_address": "remote_address",
    "local_port": "remote_port",
    "in_bytes": "out_bytes",
    "out_bytes": "in_bytes",
    "in_segments": "out_segments",
    "out_segments": "in_segments",
}
"""Where the local side is the client, the other field is meant."""

DERIVED = {"event": ("action",), "tls_encryption": ("tlsalg", "tlschn", "tlskeylen"), "tls_fips_mode": ("FIPS140",)}
"""Our flat name -> keys that tell a part of what the value says: action (of subtype 11 the only one that the example
shows, ``INIT``); algorithm, chaining and length of the key; whether there is a FIPS mode."""

ADDED = {
    "final_in_bytes": ("srcBytes", "initial_in_bytes"),
    "final_out_bytes": ("dstBytes", "initial_out_bytes"),
    "final_in_segments": ("srcPackets", "initial_in_segments"),
    "final_out_segments": ("dstPackets", "initial_out_segments"),
}
"""Our flat name -> key for what the interval added, and the counter at its beginning. In is what the client sent."""

_LOCAL_CLIENT = 0x08
_TAB = "x09"


class Spelled(Tables):
    """The words for codes in the spelling of IBM's example; none for what is unknown."""

    def spelled(self, enumeration: str, length: int) -> dict[int, str]:
        """See ``Tables.spelled``."""
        words = words_of(enumeration, length)
        spelling = _SPELLINGS.get(enumeration, str)
        return {value: spelling(word) for value, word in words.items() if (value, word) != (0, "unknown")}

    def derived(self, field: Field) -> list[int]:
        """The lists for the keys of ``DERIVED``: of each value a part, empty where it has none."""
        assert field.codes
        words = words_of(field.codes, field.length)
        if field.codes == "ENC_ALG":
            parts = {value: cipher_parts(word) for value, word in words.items() if word != "unknown"}
            return [self.add({value: each[at] for value, each in parts.items()}) for at in range(3)]
        if field.codes == "FIPS_MODE":
            return [self.add({value: "Yes" if value else "No" for value in words})]
        return [self.add({value: "INIT" if value == _INITIATION else "" for value in range(256)})]


def cipher_parts(word: str) -> tuple[str, str, str]:
    """Algorithm, chaining and length of the key in the word for a cipher; empty where it tells none."""
    name, *rest = word.split()
    length = next((each for each in rest if each.isdigit()), "")
    chaining = next((each for each in rest if each in _CHAININGS), "")
    others = [each for each in rest if each not in (length, chaining)]
    return " ".join([name, *others]), chaining, length


_CHAININGS = ("CBC", "CTR", "GCM", "CCM", "CCM8")
_INITIATION = 1
_SPELLINGS: dict[str, Callable[[str], str]] = {
    "TLS_KEX": lambda word: word.replace("_", "-"),
    "CERT_SIGN": lambda word: word.replace(" with ", "-"),
    "DN_TYPE": lambda word: word.replace(" certificate", "").replace(" ", "_"),
    "FIPS_MODE": lambda word: "Off" if word == "off" else word,
}


@cache
def pairs() -> View:
    """LEEF as a view."""
    tables, columns = Spelled(), dict[str, str]()
    kinds = tuple(_kind(subtype, tables, columns) for subtype in (DETAIL, SUMMARY))
    return View(kinds, tuple(tables.words), tuple(columns.items()))


def _kind(subtype: int, tables: Spelled, columns: dict[str, str]) -> KindSpec:
    parts = [_header(columns), *_parts(subtype, tables, columns)]
    head = f"LEEF:2.0|zertap|zertap|{__version__}|119-{subtype}|{_TAB}|"
    common, part = common_part(subtype)
    turn = (part, common.by_attribute["flags"].offset, _LOCAL_CLIENT) if subtype == DETAIL else None
    return kind_spec(subtype, parts, head, turn)


def _header(columns: dict[str, str]) -> PartSpec:
    columns |= {"devTime": "text", "devTimeFormat": "text"}
    stamp: FieldSpec = ("devTimeFormat", "constant", 0, 0, 0, [], [TIME_FORMAT], None)
    return (HEADER.name, HEADER.name, None, True, "fields", HEADER.size, [written("devTime", "stamp"), stamp])


def _parts(subtype: int, tables: Spelled, columns: dict[str, str]) -> Iterator[PartSpec]:
    for triplet, section in enumerate(sections(subtype)):
        fields = [each for field in shown(section) for each in _lines(field, section, tables, triplet + 1)]
        if section.several and section.layout is not None:
            kind = section.layout.by_attribute["type"]
            fields.append((KEYS[section.attribute], "titled_names", 0, 0, 0, [], [], tables.of(kind)))
        else:
            fields += rest(section, _camel(section.attribute), tables)
        columns.update({spec[0]: "text" for spec in fields})
        yield part_spec(section, triplet, fields)


def _lines(field: Field, section: Section, tables: Spelled, part: int) -> Iterator[FieldSpec]:
    """The pair of a field, and those that tell a part of it."""
    yield _line(field, section, tables, part)
    if field.attribute in ADDED and section.layout is not None:
        key, before = ADDED[field.attribute]
        less = section.layout.by_attribute[before].offset
        yield (key, "difference", field.offset, field.length, field.offset, [less], [], None)
    keys = DERIVED.get(flat_name(section, field), ())
    if field.codes == "EVENT_TYPE_12":
        return
    for key, words in zip(keys, tables.derived(field) if keys else (), strict=True):
        yield (key, "label", field.offset, field.length, field.offset, [], [], words)


def _line(field: Field, section: Section, tables: Spelled, part: int) -> FieldSpec:
    name = flat_name(section, field)
    other = TURNED.get(field.attribute) if section.attribute == "common" else None
    turned = None
    if other is not None and section.layout is not None and other in section.layout.by_attribute:
        turned = section.layout.by_attribute[other].offset
    coded = "label" if field.kind in (Kind.UNSIGNED, Kind.FLAGS) else "number"
    return show(field, KEYS.get(name, _camel(name)), coded, tables, part, section, turned)


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(word.capitalize() for word in rest)
