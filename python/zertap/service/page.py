"""The page ``docs/services.md``, its tables made from the layouts that the code uses. Run: ``python -m
zertap.service.page``.
"""

from collections.abc import Iterator

from zertap.service import messages
from zertap.service.messages import BUFFER_SIZE, Kind
from zertap.smf.codepage import to_ebcdic
from zertap.smf.fields import Kind as FieldKind
from zertap.smf.layout import Layout

_LEAD = """\
# Record services

<!-- Written by `python -m zertap.service.page` from python/zertap/service/messages.py: change it there. -->

A record service hands out zERT records as they are written to everybody who subscribes, in the spirit of the network
management interface of z/OS: SYSTCPER for connection detail records (SMF 119 subtype 11), SYSTCPES for summaries
(subtype 12). It is a stream socket on this host (AF_UNIX).

```
zertap records capture.pcap --service /run/user/1000/zert.sock --subscribers 1 &
zertap subscribe /run/user/1000/zert.sock
```

From Python, and under asyncio with `async for`:

```python
import zertap

with zertap.subscribe("/run/zertap/SYSTCPER.ZERTAP", reconnect=True) as service:
    for record in service:  # zertap.zert.records.DetailRecord
        print(record.common.event, record.common.remote_address, service.lost)
```

`service.batches()` gives the octets instead, as an SMF file holds them, with what was lost before them.

# Serving

A program that owns a tap makes a `zertap.service.Service`, gives it to its session beside the file, and closes it:

```python
from zertap.service.configured import services
from zertap.sinks.destinations import Destinations

session = Session(configuration, Destinations(file, services=services(configuration)))
```

`zertap.recording.Session.drain` then also tells late subscribers of current connections: call it every now and then,
also where nothing happens. The keys are those of [table `netmonitor`](configuration.md#netmonitor). `zertap records`
takes them too, but serves only where `--service` says so: a path names one socket, for details or with `--summary` for
summaries; a directory gets a socket for each kind that is written, under its own name and that of the stack.

- **Who may subscribe** is who may write to the socket's file: `mode`, `owner`, `group`. Before anybody can connect the
  socket has its permissions.
- **The path.** A socket that a killed process left behind is taken over. One at which somebody answers, or a file that
  is no socket, is left alone: one line, status 5. At the end the socket is removed.
- **Slow subscribers never slow the tap.** What the tap pays is one append for each run of records, whatever the number
  of subscribers, and next to nothing without any. Records wait in a queue for all (`queue`), and for each subscriber
  (`buffer`). While the queue is less than half full, a subscriber who is behind but moves (within a quarter of a
  second) is waited for; otherwise he loses what finds no room, he alone, and the next token tells him how many records
  that were. Should the queue itself overflow, everybody loses the same records and is told so.
- **A replay** (`zertap records --service`) turns that round: it waits for subscribers as long as they move within ten
  seconds, so nobody loses anything.
- **The end.** Subscribers get what waits for them, at most five seconds long, then a termination record. Who asks
  nothing within thirty seconds of connecting is sent away.

**The list of current connections** comes once for each subscriber who asks, before the records that are new to him, as
records of event type 1 with the present state of protection and the counters of now; only its start time tells such a
record from that of a new connection. It has every open connection of which a record was written; one that is younger
than the waiting span, or in the middle of its handshake, is not in it, because its own first record is still to come.
The list is made in pieces between batches, at most 20 ms long, and as its readers take it; a connection that ends or
changes meanwhile may be told of twice, or its end without its beginning, as on z/OS.

# The protocol

Numbers are big-endian, texts EBCDIC 1047 padded with blanks. Messages, identifiers, flags, codes and sizes are those of
z/OS. Ours are two things. On z/OS a token is handed to a call (EZBTMIC1, EZBTMIC4, TMI_CopyBuffer) that copies the
buffer out of the address space of TCP/IP; elsewhere there is no such call, so **the buffer follows its token record on
the same socket**. And the token, which on z/OS is nobody's business, says what follows and what was lost.

1. The client connects, and sends one request. The service waits until the request is whole.
2. The service sends an initialization record, already before the request.
3. Token records follow, each with its buffer (which may be empty), the list of current connections first.
4. At last a termination record; then the service closes the socket. A subscriber just closes it.

What is said after a request, a request to the other kind of service, or one that asks for nothing: code 121. A client
may shut down its own direction after the request.
"""

_IDENTIFIERS = (
    ("INIT", "initialization record"),
    ("SMTK", "token record"),
    ("TERM", "termination record"),
    ("ZERT", "request to SYSTCPER"),
    ("ZERS", "request to SYSTCPES"),
)


def page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_LEAD, *_tables(), ""])


def _tables() -> Iterator[str]:
    yield "## Header of every message\n"
    yield from _table(messages.HEADER)
    yield "\n| identifier | octets | message |\n|---|---|---|"
    for word, meaning in _IDENTIFIERS:
        yield f"| {word} | X'{to_ebcdic(word).hex().upper()}' | {meaning} |"
    yield from _message("Request", messages.REQUEST)
    yield (
        f"\nFlags for {Kind.DETAIL}: bit 0 the list of current connections, bit 1 detail records as they come; the list"
        f" alone ends the conversation.\nFor {Kind.SUMMARY}: bit 0 summary records."
    )
    yield from _message("Initialization record", messages.INITIALIZATION)
    yield from _message("Token record", messages.TOKEN)
    yield from _message("Termination record", messages.TERMINATION)
    yield f"\n## Buffer\n\nA run of entries, at most {BUFFER_SIZE} octets of them. An entry (component trace entry):\n"
    yield from _table(messages.ENTRY)
    yield f"| {messages.ENTRY.size} | *n* | octets | One SMF record, descriptor word included. |"
    yield f"| {messages.ENTRY.size} + *n* | 2 | binary | Octets of the whole entry, once more. |"
    yield (
        "\nA moment *as a TOD clock tells it* is that of STCK: bit 51 counts microseconds since 1900, UTC, leap seconds"
        " left out."
    )


def _message(name: str, layout: Layout) -> Iterator[str]:
    yield f"\n## {name}\n\n{messages.HEADER.size + layout.size} octets with the header.\n"
    yield from _table(layout, messages.HEADER.size)


def _table(layout: Layout, after: int = 0) -> Iterator[str]:
    yield "| offset | octets | form | what |"
    yield "|---|---|---|---|"
    for field in layout.lines:
        doc = "reserved, zero" if field.kind is FieldKind.RESERVED else f"*{field.name}.* {field.doc}"
        yield f"| {after + field.offset} | {field.length} | {field.kind.value} | {doc} |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
