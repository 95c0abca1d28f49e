"""``zertap info``: what captures are like, and what of them can be judged."""

import sys
from collections.abc import Iterator
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

from zertap.cli.common import Captures, amount, check_files
from zertap.cli.declared import Option
from zertap.cli.status import Outcome
from zertap.cli.watch import Interruption, wants_progress

if TYPE_CHECKING:
    from zertap.survey import CaptureInfo, Interface

_SHOWN_SILENCES = 3


class Form(StrEnum):
    """Forms of output."""

    TABLE = "table"
    JSONL = "jsonl"


def info(
    captures: Captures,
    form: Annotated[Form, Option("--format", "-f", help="For people, or one JSON object a capture.")] = Form.TABLE,
    silence: Annotated[
        float, Option(help="So many seconds without a packet are a silence.", metavar="SECONDS", min=0)
    ] = 60,
) -> int:
    """Shows what captures are like: container, interfaces, times, losses, and how many connections can be judged.

    A damaged capture is shown as far as it could be read.
    """
    from zertap.survey import survey

    check_files(captures, None)
    outcome = Outcome()
    watch = Interruption(show_progress=wants_progress(writes_to_terminal=sys.stdout.isatty()))
    shown = 0
    with watch:
        for capture in captures:
            found, faults = survey(capture, silence, watch)
            if found is not None:
                sys.stdout.write(_line(found) if form is Form.JSONL else _page(found, first=not shown))
                shown += 1
            for fault in () if watch.stopped and found is None else faults:
                outcome.tell(fault)
            if watch.stopped:
                break
    watch.tell(amount(shown, "capture"))
    outcome.worsen(watch.status)
    return int(outcome.status)


def _line(about: "CaptureInfo") -> str:
    import msgspec

    return msgspec.json.encode(about.to_dict()).decode() + "\n"


def _page(about: "CaptureInfo", *, first: bool) -> str:
    rows = [*_file_rows(about), *_time_rows(about), *_packet_rows(about), *_connection_rows(about)]
    width = max(len(name) for name, _ in rows)
    body = "".join(f"  {name:<{width}}  {text}\n" for name, text in rows)
    advice = "".join(f"  ! {each}\n" for each in about.advice)
    return _safe(f"{'' if first else chr(10)}{about.file}\n{body}{advice}")


def _safe(text: str) -> str:
    """Control characters of a file's name as escapes."""
    return "".join(each if each.isprintable() or each == "\n" else repr(each)[1:-1] for each in text)


def _file_rows(about: "CaptureInfo") -> Iterator[tuple[str, str]]:
    packed = f", {about.compression}" if about.compression else ""
    yield "container", f"{about.container}{packed}, {about.byte_order}-endian"
    for number, each in enumerate(about.interfaces):
        yield f"interface {number}", _interface(each)


def _interface(each: "Interface") -> str:
    known = "" if each.is_read else " (not read)"
    limit = "no snap length" if each.snap_length is None else f"snap length {each.snap_length:,}"
    cut = f", {each.cut:,} cut at {each.kept_of_cut:,} octets" if each.cut and each.kept_of_cut else ""
    return (
        f"link type {each.link_type}{known}, {limit}, times in {each.time_resolution} s, {each.packets:,} packets{cut}"
    )


def _time_rows(about: "CaptureInfo") -> Iterator[tuple[str, str]]:
    if about.first is None:
        yield "times", "none"
        return
    yield "first packet", about.first
    yield "last packet", f"{about.last}, {about.span:,.6f} s later"
    if about.silences:
        yield "silences", f"{about.silences:,}, {about.silent_seconds:,.1f} s together"
        for each in about.longest_silences[:_SHOWN_SILENCES]:
            yield "", f"{each.seconds:,.1f} s from {each.start}, before packet {each.packet:,}"
    if about.steps_back.count:
        back = about.steps_back
        yield "clock steps back", f"{back.count:,}, by up to {back.largest_seconds:.6f} s (packet {back.packet})"


def _packet_rows(about: "CaptureInfo") -> Iterator[tuple[str, str]]:
    from zertap._native import SKIPS

    cut = f", {about.cut:,} cut" if about.cut else ""
    yield "packets", f"{about.packets:,}{cut}, {about.segments:,} of them TCP"
    for reason, count in about.skipped.items():
        yield "", f"{count:,} {reason}: {SKIPS[reason]}"


def _connection_rows(about: "CaptureInfo") -> Iterator[tuple[str, str]]:
    yield "connections", f"{about.connections:,}"
    for name, count in (
        ("one-sided", about.one_sided),
        ("joined midstream", about.midstream),
        ("with gaps", about.with_gaps),
        ("with cuts", about.with_cuts),
    ):
        if count:
            yield "", f"{count:,} {name} ({count / about.connections:.0%})"
    if about.connections:
        verdicts = ", ".join(f"{word} {count:,}" for word, count in about.verdicts.items())
        yield "verdicts", verdicts
        yield "can be judged", f"{about.judged:,} ({about.judged / about.connections:.0%})"
    for each in about.doubts:
        yield "", f"{each.connections:,} cannot: {each.meaning}"
