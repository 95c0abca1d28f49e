"""The engine, as Python sees it. This stub is the contract: a test compares it with the built module.

Words: a *row* is a complete snapshot of one connection; a *batch* is many rows; a *source* is one wire-level
value of a row, named in ``SOURCES``; times are nanoseconds since 1970 (UTC, packet time) as ``int``.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address
from typing import Any, Generic, Literal, Self, TypeAlias, TypeVar, final

from typing_extensions import disjoint_base

_End: TypeAlias = tuple[str | bytes | IPv4Address | IPv6Address, int]
_Octets: TypeAlias = bytes | bytearray | memoryview
_View = TypeVar("_View")
_Name: TypeAlias = int | tuple[_End, _End]

__version__: str
BUILD: str
"""``release`` or ``debug``."""

PHASES: tuple[str, ...]
"""Names of ``handshake::Phase``, indexed by number: SILENT, SNIFFING, CLEAR, TLS_BEGUN, ..., UNSEEN."""
KINDS: tuple[str, ...]
"""Names of row kinds, indexed by number: opened, moved, due, closed, reset, replaced, evicted, unfinished,
interval."""
FAULTS: tuple[str | None, ...]
"""Words of ``handshake::Fault``, indexed by number; the first is ``None``."""
FLAGS: Mapping[str, str]
"""Flag word -> its meaning in one sentence."""
FLAG_BITS: Mapping[str, int]
"""Flag word -> its bit in the column ``flags``."""
SOURCES: Mapping[str, str]
"""Source name -> type: ``u64 f64 bool text time words list object`` (``time`` is ns, rendered RFC 3339 in JSON)."""
SKIPS: Mapping[str, str]
"""Word for a frame that gave no TCP segment -> its meaning in one sentence."""
LINK_TYPES: frozenset[int]
"""LINKTYPE numbers the decoder reads."""

LIVE: bool
"""Whether interfaces can be opened in this build."""

def registry(name: str) -> list[dict[str, Any]]:
    """Rows of one registry: ``cipher_suites``, ``groups``, ``signature_schemes``, ``alerts``, ``extensions``,
    ``ssh_ciphers``, ``ssh_macs``, ``ssh_kex``, ``ssh_host_keys``. Raises KeyError for another name."""

def shortage_told() -> None:
    """It was told that memory ran out: if it does once more, the process ends (status 71) without a line of its own."""

@final
class Plan:
    """How rows become JSON lines or Arrow: the field list and the words, compiled once.

    ``fields``: (output path with dots, source name or ``=constant``) in output order. Paths with a common first part
    form a nested object, which is ``null`` as a whole unless the row's protocol is that part (``tls``, ``ssh``).
    ``verdicts`` and ``protocols``: 16 words each, by phase. ``null_objects``: see above.
    """

    def __new__(
        cls, fields: Sequence[tuple[str, str]], verdicts: Sequence[str], protocols: Sequence[str], file: str | None
    ) -> Plan: ...
    def teach(self, pattern: int, events: Sequence[tuple[int, int, str, bool]]) -> None:
        """Events of one history pattern: (type, slot, protocol word, failed). A slot says which time of the row it
        bears: 0..n-1 the n-th milestone of the history, -1 the waiting span's end (T0 + 10 s), -2 the row's end."""
    def knows(self, pattern: int) -> bool: ...

@final
class Source:
    """One capture: a file, or standard input (``-``). With ``silence_ns`` it counts what the capture is like; so long
    without a frame is a silence. Raises ``zertap.errors.CaptureUnreadable``."""

    def __new__(cls, path: str, silence_ns: int | None = None) -> Source: ...
    @property
    def name(self) -> str: ...
    @property
    def bytes_read(self) -> int: ...
    @property
    def total_bytes(self) -> int | None: ...
    @property
    def packets(self) -> int: ...
    def info(self) -> dict[str, Any]:
        """Container (``pcap pcapng``), compression (``gzip zstd None``), byte_order (``big little``), interfaces:
        link_type, snap_length, time_resolution (base, exponent)."""
    def tally(self) -> dict[str, Any] | None:
        """What was counted so far, if it was asked for: packets, untimed, times (first, last; or None), steps_back
        (count, largest, packet), silences, silent_ns, longest_silences [(packet, start, length)], interfaces [packets,
        captured_bytes, wire_bytes, cut, kept_of_cut]."""

@final
class EventBatch:
    """Rows, frozen."""

    def __len__(self) -> int: ...
    def column(self, name: str) -> memoryview:
        """A fixed-width column as a typed memoryview: kind phase previous fault closed (``B``), pattern profile ordinal
        (``I``), client_port server_port (``H``), connection packet first_packet flags at start established end
        bytes_client bytes_server segments_client segments_server and their ``*_delta`` (``Q``). Raises KeyError."""
    def value(self, row: int, source: str) -> Any:
        """One source of one row as a Python object. Raises IndexError, KeyError."""
    def history(self, row: int) -> list[tuple[int, int]]:
        """Milestones so far: (phase, time)."""
    def pattern(self, number: int) -> tuple[tuple[tuple[int, bool], ...], bool, bool, bool]:
        """One history pattern: ((phase, after the waiting span?), ...), established?, ended?, life >= waiting span?"""
    def patterns(self) -> list[int]:
        """Numbers of the distinct patterns in this batch."""
    def profile(self, number: int) -> dict[str, Any] | None:
        """One negotiated profile as sources without their prefix, plus ``protocol`` (``tls`` or ``ssh``) and
        ``facts``."""
    def jsonl(self, plan: Plan, rows: Sequence[int] | None = None) -> bytes:
        """JSON lines of all rows (or those given), in order."""
    def views(
        self, make: Callable[[EventBatch, Plan, int], _View], plan: Plan, rows: Sequence[int] | None = None
    ) -> Views[_View]:
        """What *make* makes of this batch, *plan* and the number of each row (or of those given)."""
    def arrow(self, plan: Plan, rows: Sequence[int] | None = None) -> Any:
        """A PyCapsule ``arrow_array_stream`` of all rows (or those given); column names are the paths with ``_`` for
        ``.``."""
    def ipc(self, plan: Plan, rows: Sequence[int] | None = None) -> bytes:
        """The same as a whole Arrow IPC stream: schema, one record batch, end mark; no dictionaries, no compression."""

@disjoint_base
class RowView:
    """A JSON object, or a row that would be one: *seen* is a batch where there are a *plan* and a *row*. Raises
    ``zertap.errors.Usage``."""

    def __new__(cls, seen: Any, plan: Plan | None = None, row: int = 0) -> Self: ...
    @property
    def given(self) -> Any:
        """The object that was given; ``None`` for a row."""
    def line(self) -> bytes | None:
        """The JSON line of the row; ``None`` where an object was given."""

@disjoint_base
class RowFact:
    """An attribute of a ``RowView``. It must be bound before it is read."""

    def __new__(cls, *_arguments: Any) -> Self: ...
    def bind(
        self, name: str, source: str | None, read: Callable[[Any], Any] | None, group: type[RowView] | None
    ) -> None:
        """The attribute is the key *name* of the view's ``facts``, as *read* makes it; of a row that is seen the value
        of the engine's *source*. With *group* it is a view of the same row, unless that spoke another protocol than
        *source*."""
    def __get__(self, instance: Any, owner: Any = None, /) -> Any: ...

@final
class Views(Generic[_View]):
    """Made one after the other. For one thread."""

    def __iter__(self) -> Self: ...
    def __next__(self) -> _View: ...

def pseudonym(manner: str, key: bytes, address: str) -> str:
    """The pseudonym of one address: ``manner`` is ``prefix`` or ``plain``, the key has 32 octets. Raises
    ``zertap.errors.Usage``."""

def bare_walk(source: Source) -> tuple[int, int, int, int]:
    """Steps through a capture, reads Ethernet, IP and TCP headers and counts connections in a hash table, nothing more:
    what an observer cannot do without. Frames, TCP segments, connections, octets on the wire. Raises as ``pump``."""

def arrow_schema(plan: Plan) -> Any:
    """A PyCapsule ``arrow_schema``: the columns of what this plan renders."""

def arrow_stream(parts: Sequence[tuple[EventBatch, Plan, Sequence[int] | None]], views: bool = False) -> Any:
    """One PyCapsule ``arrow_array_stream`` of several batches in order; plans must have the same fields. Each
    record batch is made when it is asked for, in the thread that asks. *views*: texts are string views, not strings."""

def arrow_stream_of(
    plan: Plan,
    parts: Iterable[tuple[EventBatch, Plan, Sequence[int] | None] | None],
    views: bool,
    faults: list[BaseException],
) -> Any:
    """The same of batches that an iterator brings, in a thread of the stream's own: each is asked for, rendered and let
    go, one ahead of the reader. *plan* has the fields of theirs. ``None``: none yet; there the thread ends if nobody
    reads the stream any more. What the iterator raises, or a signal's handler in the thread that reads, ends the
    stream: the reader is told its text, itself it comes into *faults*."""

def records_in(octets: bytes, *, blocked: bool = False) -> int:
    """How many whole records *octets* begin with, by the lengths in their descriptor words; of blocks: how many records
    end in them. They begin where a record, or a block, begins."""

@final
class Blocks:
    """Puts records into blocks, ``spanned`` or whole, each with its descriptor word; ``longest``: of a block, 12 to
    32760 octets. Raises ``zertap.errors.Usage``."""

    def __new__(cls, spanned: bool, longest: int) -> Blocks: ...
    def add(self, records: bytes) -> tuple[bytes, str | None]:
        """Takes whole records, one after the other; gives the blocks that are full, and what is wrong with the first
        record that cannot be written."""
    def finish(self) -> bytes:
        """Gives the last block."""

@final
class Stencils:
    """Records written from rows alike: octets of a whole record, with holes that each row fills.

    ``networks``: sixteen octets (IPv4 mapped) and length of the prefix in them; rows whose ends lie differently in
    them are not alike. ``shift``: nanoseconds added to the time ``written``, a day at most. Raises
    ``zertap.errors.Usage``. Not for several threads at once.
    """

    def __new__(cls, networks: Sequence[tuple[bytes, int]], shift: int) -> Stencils: ...
    def write(
        self,
        batch: EventBatch,
        rows: Sequence[int],
        teach: Callable[[int], Sequence[tuple[bytes, int, Sequence[tuple[int, int, str, str]]]] | None],
    ) -> tuple[bytes, int]:
        """The records of *rows*, one after the other, and how many. ``teach`` is asked, by the number of one such row,
        for what rows like it have: for each record its octets, its slot (as ``Plan.teach``) and its holes, each offset,
        length, form and source. Forms: ``number`` (connection, client_port, server_port, bytes_*, segments_*),
        ``address`` (client_ip, server_ip), ``hundredths`` and ``day`` (established, event, written), ``octets`` and
        ``used`` (tls_session_id). ``None``: no row of this one's kind, pattern and number of milestones told before
        has a record, whatever else is known of it. Raises what ``teach`` raises, and ``zertap.errors.Usage`` for an
        unknown hole."""
    @property
    def known(self) -> int:
        """How many kinds of rows were taught."""

@final
class Decoder:
    """Records out of a file's octets: finds them by their length words, and in them what the lists name.

    ``kinds``: name, octets that tell such a record (offset, value), offsets of count and first entry of its directory,
    what turns it (part, offset, mask) if anything, how its lines begin, parts. A part: title, key, entry of the
    directory (None: the record's beginning), required?, style (``fields names opaque hidden``), size, fields. A field:
    key, form, offset, length, offset in a turned record, numbers, texts, list of ``words``. Forms: ``constant``,
    ``number``, ``difference`` (offset of the number that is taken away), ``text``, ``raw`` (offset and length of the
    count of octets used), ``address`` (part, offset, mask of what makes it long), ``day``, ``time``, ``moment`` and
    ``stamp`` (offset of the date), ``coded`` and ``label`` (words), ``names`` and ``plain_names`` (keys of kind and
    text; words), ``titled_names`` (words), ``opaque``. ``page``: 256 characters.
    ``columns``: name and type (``u8 u16 u32 u64 text day time moment``); fields go by these names. ``tallied``: numbers
    (offset, length) by which other records are counted. ``framing``: ``plain``, ``blocked``; found out if None. Raises
    ``zertap.errors.Usage``.
    """

    def __new__(
        cls,
        kinds: Sequence[Any],
        words: Sequence[Mapping[int, str]],
        page: str,
        columns: Sequence[tuple[str, str]],
        tallied: Sequence[tuple[int, int]],
        framing: str | None = None,
    ) -> Decoder: ...
    def feed(self, octets: bytes) -> None:
        """More of the file. What is fed is kept until it is taken."""
    def finish(self) -> None:
        """The file has no more octets; take once more for its last records, and for what its end may break."""
    def jsonl(self) -> bytes:
        """Takes every whole record fed so far, as nested JSON, one a line."""
    def listing(self) -> bytes:
        """Takes them as blocks of lines for people."""
    def csv(self) -> bytes:
        """Takes them as rows of CSV, one column a name, the names first."""
    def pairs(self) -> bytes:
        """Takes them as lines of ``key=value``, separated by tabs."""
    def columns(self) -> RecordColumns:
        """Takes them as columns."""
    def ipc(self) -> bytes:
        """Takes them as a whole Arrow IPC stream: schema, one record batch, end mark."""
    @property
    def damage(self) -> tuple[int, int, str] | None:
        """Number and offset of the record that cannot be read, and why; nothing is read after it."""
    @property
    def found(self) -> list[int]:
        """Records taken, by kind."""
    @property
    def foreign(self) -> list[tuple[list[int], int]]:
        """Records of no such kind, by the tallied numbers (-1: too short)."""
    @property
    def ignored(self) -> int:
        """Octets of the records taken that no list explains."""
    @property
    def hidden(self) -> int:
        """Records taken with a part of style ``hidden``, which is looked for and not shown."""

@final
class RecordColumns:
    """Records as Arrow columns; may be read any number of times."""

    def __len__(self) -> int: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> Any:
        """A PyCapsule ``arrow_array_stream`` of one record batch."""

@final
class Octets:
    """A file's octets, unpacked where it is gzip or zstd; ``-`` is standard input. Raises OSError."""

    def __new__(cls, path: str) -> Octets: ...
    def read(self, most: int) -> bytes:
        """That many octets, fewer only at the end; what stands before broken data comes first. Raises OSError."""

@final
class Packer:
    """Compresses a stream: ``gzip`` or ``zstd``. Raises ``zertap.errors.Usage``."""

    def __new__(cls, method: str) -> Packer: ...
    def pack(self, octets: bytes) -> bytes:
        """Takes *octets*; gives all that comes of them: whoever unpacks what was given so far has them."""
    def finish(self) -> bytes:
        """Gives the rest; nothing can be packed after."""

@final
class Groups:
    """Groups of rows as ``Sums.close`` left them, frozen; in order of server, client, ports, way, local end, text. The
    *variant* of a group decides how it is rendered: class, face, way (0 plain, 1 turned, 2 ranged), local end
    (0 server, 1 client), IPv4 server?, owner of the local end (0: nobody knows)."""

    def __len__(self) -> int: ...
    def group(
        self, index: int
    ) -> tuple[tuple[int, int, int, int, bool, int], bytes, bytes, list[int], int, list[int], list[int]] | None:
        """One group: variant, server and client address (sixteen octets), first and last port, time of the latest row
        whose facts say more than the class, counters at the beginning and at the end. ``None`` beyond the last."""
    def variants(self) -> list[tuple[int, int, int, int, bool, int]]:
        """The distinct variants, in the order in which ``render`` wants their templates."""
    def render(
        self,
        rows: tuple[int, int],
        templates: Sequence[tuple[bytes, tuple[int, int] | None]],
        spots: Any,
        digits: bytes,
        last: tuple[int, int],
    ) -> bytes:
        """The groups from the first to before the second of *rows*, each its variant's template with its own values:
        addresses (IPv4 at the left) at ``spots.server`` and ``.client``, both ports at ``.ports``, at ``.identifier``
        forty *digits* of the SHA-256 of the group's text (see ``Sums``), counters (four of four octets, four of eight,
        big-endian, at most what fits) at ``.initial`` and ``.last``; the count of connections once more at the
        template's two places, if it has them. *last*: offset and octet to put into the last group of all. Raises
        ``Usage``."""

@final
class Sums:
    """Sums of rows over groups. A group is a class, two ends, ports, the local end and its owner; a class is a text
    that Python teaches for the facts of rows. Counters: connections, those in part, short ones, active ones; octets to
    and from the server, segments likewise. ``networks`` (address octets, prefix length) tell which ends are local
    (none: the server); server ports within ``merged`` count as one; an IPv4 connection from port ``turned[0]`` to one
    from ``turned[1]`` on was opened by its server. ``middles``: six texts, for each way and local end of an owner whom
    nobody knows. *owned*: notes of rows name owners, the client's in the upper 32 bits, the server's in the lower. The
    text of a group: the lines ``server=ADDRESS``, ``client=ADDRESS``, ``ports=FIRST-LAST``, its owner's middle, its
    class. Raises ``Usage``."""

    def __new__(
        cls,
        networks: Sequence[tuple[bytes, int]],
        merged: tuple[int, int] | None,
        turned: tuple[int, int],
        middles: Sequence[str],
        owned: bool,
    ) -> Sums: ...
    def __len__(self) -> int:
        """Groups that are remembered."""
    def span(self, batch: EventBatch, start: int, stop: int, boundary: int) -> tuple[int, int, int]:
        """The first of these rows that does not belong before *boundary* (*stop* if all do), its moment (0 if none),
        and when the latest row before it was written. An ``interval`` row belongs before its boundary."""
    def prepare(
        self, batch: EventBatch, start: int, stop: int
    ) -> tuple[list[int], list[tuple[int, int, int]], list[int]]:
        """Makes rows ready to be counted. What must be taught first, before another ``prepare``: sorts (``pattern`` +
        ``kind`` << 32 + ``history_before`` << 40), words for facts: (word, face, a row that has it), and halves of
        notes that name an owner."""
    def teach_sort(self, sort: int, totals: bool, postings: Sequence[tuple[int, bool, Sequence[int], bool]]) -> None:
        """What rows of a sort add: to the class of each word (with the row's facts?) four counters, and the traffic?
        *totals*: traffic is that of the whole life, else that since the previous row."""
    def teach(self, shown: int, face: int, text: str, rank: str | None) -> int:
        """The class of a word with the facts of a face (0: without facts), by its text; its number. *rank*: these facts
        say more than the text, so the latest are kept, of several at one moment those of the greatest rank."""
    def teach_owner(self, half: int, middles: Sequence[str]) -> int:
        """Whom half a note names, by six texts as *middles*; his number. Equal texts, equal owner. Raises ``Usage``."""
    def count(self, batch: EventBatch) -> None:
        """Adds the rows made ready. Raises ``Usage`` unless all was taught."""
    def close(self, keep: bool) -> Groups:
        """The groups to which rows were added since the last call, or that were active then. Others are forgotten, and
        all unless *keep*; what is kept begins anew with what it had at the end."""
    def forget(self) -> tuple[set[int], set[int]]:
        """Forgets faces and classes that no group has; those that are left: classes, faces."""

@final
class Tap:
    """One single-threaded engine. ``config`` keys, all optional: ``certificates`` ``upgrades`` ``offers``
    ``fingerprints`` (bool), ``community_seed``, ``pseudonyms`` (manner, key of 32 octets), ``nameless`` (bool),
    ``waiting_span_ns``, ``interval_ns`` (length and offset since 1970 of recording intervals: at each boundary an
    ``interval`` row, if wanted, of every connection with segments since its previous row), ``rows`` (set of kinds
    wanted; default the ending kinds), ``early_moves`` (default true: ``moved`` rows within the waiting span, too; if
    false only those of data in clear behind TLS, and what may be the first row of all), ``max_connections``,
    ``max_half_open``, ``max_buffered_octets``, ``ignore_vlan``, ``verify_checksums``, ``workers`` (default 1; several
    read each capture together, in threads of their own, each with its part of the limits on connections; such a tap
    takes nothing but regular files, by ``pump``). Raises ``zertap.errors.Usage``."""

    def __new__(cls, config: Mapping[str, Any] | None = None) -> Tap: ...
    def pump(self, source: Source, rows: int = 4096, patient: bool = True) -> bool:
        """Reads frames until at least ``rows`` rows wait or the source ends, if not *patient* for a tenth of a second
        at most; ``False`` at its end. The interpreter is released. Raises ``CaptureDamaged`` (rows seen before stay
        drainable). Python's signal handlers run at least every 100 ms and when a signal interrupts a waiting read; what
        they raise ends the call, and the tap stays usable."""
    def rest(self, source: Source) -> None:
        """``pump`` is not called again before the end of this source: several workers, which read ahead, stop at one
        packet, and the source counts what they read. Nothing where there is one."""
    def push_frame(self, at: int, link: int, frame: _Octets, wire_length: int | None = None) -> None: ...
    def push_segment(
        self,
        at: int,
        source: _End,
        destination: _End,
        sequence: int,
        acknowledgment: int,
        flags: int,
        payload: _Octets = ...,
    ) -> None: ...
    def open_stream(self, at: int, client: _End | None = None, server: _End | None = None) -> int:
        """Opens a connection without packets, and names it; without ends, one that nobody has an address of."""
    def push_stream(
        self,
        connection: _Name,
        direction: Literal["client", "server"],
        octets: _Octets,
        at: int,
        seen: int | None = None,
    ) -> bool:
        """The next octets that one side sent, which had got ``seen`` octets of the other (``None``: all). False where
        the connection is gone."""
    def end_stream(
        self,
        connection: _Name,
        direction: Literal["client", "server"] | None,
        at: int,
        how: Literal["fin", "rst", "abort"] = "fin",
    ) -> bool:
        """Ends one direction, or (``abort``, without direction) our view of both. False where it is gone."""
    def find(self, one: _End, other: _End, number: int | None = None) -> int | None:
        """Names the connection that lives between two ends; with ``number`` only if its rows bear that one."""
    def advise(
        self, connection: _Name, protocol: Literal["tls", "ssh"], provider: str, facts: Mapping[str, Any]
    ) -> bool:
        """A provider's facts: ``outcome`` (``protected failed ended_clear``) ``reason`` ``gave_up`` ``client``
        (TCP sides), ``server_certificate`` ``client_certificate`` (DER); TLS: numbers ``version cipher group dh_bits
        signature_scheme compression``, octets ``alpn sni session_id``, bool ``resumed extended_master_secret
        encrypt_then_mac client_certificate_requested``; SSH: numbers ``version host_key_bits``, texts ``kex host_key
        cipher_* mac_* compression_* host_key_type`` (``c2s``, ``s2c``), octets ``client_banner server_banner
        host_key_fingerprint``. False where the connection is gone or was reported. Raises ``zertap.errors.Usage``."""
    def expect_handshake(self, connection: _Name) -> bool:
        """The next octets may begin a handshake, though data in clear came before. False where none can."""
    def mark(self, connection: _Name, note: int, early: bool = False) -> bool:
        """Every later row of the connection bears this number (64 bits). False where it is gone; with *early* also
        where something of it was reported: the waiting span has passed, or its protection ended within it."""
    @property
    def waiting_rows(self) -> int:
        """Rows that wait to be drained."""
    def advance(self, now: int) -> None:
        """Lets time pass without a packet: due timers fire."""
    def finish(self, most: int | None = None) -> bool:
        """End of input: every live connection becomes an ``unfinished`` row, in order of first packet; with *most* only
        until so many rows wait. Whether connections are left: drain, and call again before anything else.

        Raises ``OutOfMemory`` before anything is done if there is no room for so many rows."""
    def drain(self) -> EventBatch: ...
    def current(self, start: int, most: int) -> tuple[EventBatch, int | None]:
        """The established connections as they stand, at most *most* of them, and where to go on if there are more
        (begin with 0; none twice between which nothing was pushed). Rows of kind ``unfinished`` that are counted
        nowhere; no later row differs for them."""
    def keep_journal(self, packet: int) -> None:
        """From now on ``pump`` notes what the connection shows whose first packet is the ``packet``-th to come, and
        stops when its last row is written."""
    def journal(self) -> dict[str, Any] | None:
        """That journal: ``steps`` (dicts: ``what file packet last_packet at last_at from count octets``, and what the
        word in ``what`` adds), ``dropped`` (steps that found no place), ``over`` (the last row was written)."""
    def clock(self) -> tuple[int, int] | None:
        """The first and the latest moment told by packets or ``advance``; ``None`` before the first known one."""
    def counters(self) -> dict[str, int]: ...
    def ledger(self) -> dict[str, int]:
        """Where every frame and every connection went, at this moment: ``frames`` ``segments``; ``opened`` and what
        became of them, each counted once: ``ended`` ``live`` (still in the table, or open when the input ended)
        ``evicted`` ``unmonitored`` ``never_established``; ``rows`` written, of these ``rows_waiting``. What was
        skipped stands in ``counters``."""

@final
class Live:
    """Interfaces, opened; then read by taps in threads of their own. Raises ``MissingExtra`` where this build has no
    live capture, ``InterfaceUnavailable``, and ``Usage`` for a bad filter ``bpf`` (libpcap's language).
    ``snap_length`` and ``buffer`` (the kernel's ring of one interface) in octets. For the thread that made it."""

    def __new__(
        cls,
        interfaces: Sequence[str],
        snap_length: int | None = None,
        buffer: int | None = None,
        promiscuous: bool = True,
        bpf: str | None = None,
    ) -> Live: ...
    def start(self, config: Mapping[str, Any] | None = None, taps: int = 1) -> None:
        """Begins to read, with so many taps; ``config`` as for ``Tap``, its bounds are shared out. Privileges that
        were needed to open interfaces may be given up before. Raises ``Usage``."""
    def collect(self, wait_ms: int = 100) -> EventBatch:
        """Rows of all taps in order of time; waits so long for the first. The interpreter is released."""
    def current(self, start: int, most: int) -> tuple[EventBatch, int | None]:
        """As ``Tap.current``, of all taps; ``start`` comes back as it is where a tap is too busy to answer."""
    def mark(self, one: _End, other: _End, number: int, note: int) -> bool:
        """Later rows of the connection between these ends bear ``note``, if it is the one whose rows have this
        ``connection`` number, still lives, and nothing of it was reported; ``False`` where its tap has too much else to
        hear."""
    def renew(self, config: Mapping[str, Any] | None = None) -> None:
        """Begins anew with other taps, or observes nothing. What the old ones still had open is forgotten."""
    def stop(self) -> None:
        """No more frames are taken; go on collecting until it is ``over``."""
    @property
    def over(self) -> bool:
        """Every tap has ended, and every row was collected."""
    def clock(self) -> tuple[int, int] | None:
        """The first moment that any tap was told of, and the latest that all were; rows up to it were collected."""
    def faults(self) -> list[Exception]:
        """What went wrong with interfaces since the last call: ``InterfaceLost``. The capture goes on while one is
        left."""
    def counts(self) -> dict[str, Any]:
        """Where everything went: ``interfaces`` [``name received read dropped_by_kernel dropped_by_interface``],
        ``frames segments skipped lost_here`` (segments that found their tap's queue full), ``taps`` [``segments
        unobserved opened ended live evicted unmonitored never_established rows clock_backwards``], ``rows_waiting``.
        """

def notify_service(state: str) -> None:
    """Tells systemd, where it started this program: ``ready reloading stopping watchdog``, or ``status TEXT``."""

def watchdog_seconds() -> float | None:
    """The time within which systemd wants to hear ``watchdog``; ``None`` if it does not."""
