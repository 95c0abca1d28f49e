"""The page ``docs/configuration.md``, made from the list of keys. Run: ``python -m zertap.configuration.page``."""

from collections.abc import Iterator
from itertools import groupby

from zertap.configuration.effective import parse
from zertap.configuration.keys import KEYS, SHOWN_BY_IBM, TABLES, Key
from zertap.configuration.report import text

EXAMPLE = """\
[globalconfig]
zert = true
aggregation = true
intval = "SMF"

[smf]
intval = 15

[smfconfig]
zertsummary = true

[system]
system = "SYS1"
stack = "TCPIP"
smf_id = "SYS1"

[network]
local = ["10.0.0.0/8", "2001:db8::/32"]
ftp_data_ports = "50000-50100"
"""

_LEAD = f"""\
# Configuration

<!-- Written by `python -m zertap.configuration.page` from python/zertap/configuration/keys.py: change it there. -->

What z/OS says in the TCP/IP profile stands here in a TOML file. Every key has a default, so the file may be absent, or
say little:

```toml
{EXAMPLE}```

Tables `netmonitor`, `syslog`, `kafka` and `metrics` say how records and connections go out to other programs
([services](services.md), [outlets](outlets.md)). Commands on captures send nothing that no option asks for
(`--service`, `--syslog`, `--kafka`, `--metrics`): of these tables they take the rest.

`zertap observe` and `zertap records` read the file of `--config FILE`, or else the one that the environment variable
`ZERTAP_CONFIG` names, or else none; no other place is searched. An option of the command line beats the file, the file
beats the default.

- `zertap config show` prints the values in effect, each with its origin: `default` or `FILE:LINE`. As text the blocks
  and labels are laid out as by NETSTAT CONFIG: labels in bold are IBM's, headings and the other labels are modelled
  on them, not copied from a report; `--format jsonl` gives one object a key, `--format toml` a file to start from.
- `zertap config check FILE` reads a file and says what is wrong with it.

Something wrong is one line and exit status 2: the file, the line, the key and the reason. A key that does not exist is
wrong too, and the line names the nearest that does.

```
$ zertap config check zertap.toml
zertap.toml: line 4: globalconfig.intval: the interval `25h` is not 1 to 24 hours
zertap.toml: line 7: smfconfig.zertdetails: no such key: did you mean `smfconfig.zertdetail`?
```

# Reload

A running session takes a new configuration by `zertap.recording.Session.reconfigure`. It applies to what is written
from that moment on. Keys that make an engine what it is (table `observer`, but for `at_eof`; `limits`; the length and
the boundaries of intervals) wait until discovery is enabled again, and are returned by name.

- *Discovery is disabled* (`globalconfig.zert = false`): a detail record of event type 6, and, if anything was summed
  up, a summary record that aggregation was disabled. What was collected is discarded; open connections get no more
  records.
- *Discovery is enabled:* a detail record of event type 5. Connections that began before are not picked up. Aggregation
  is reported as enabled with the first connection.
- *Aggregation is switched off:* the final set of summaries (reason *end*) to everybody who gets summaries, with all
  that came until then, and the record that aggregation was disabled.
- *Aggregation is switched on:* connections established before are not summed up.
- *Destinations* do not change what is collected. *The file gets no more summaries* (`smfconfig.zertsummary = false`):
  a final set (reason *end*) to it alone; subscribers get none, and their next set is that of the whole interval. No
  record says that aggregation was disabled, for it goes on. Who gets summaries from now on gets them from the end of
  the interval on, with the counters of the sessions' whole life.
- *Names, codes, the header's offset change:* records follow at once.
- *Networks, ports, shape, `at_eof` change:* sessions would be others; aggregation is switched off and on again.

The last line, and the waiting of intervals, are rulings of ours; the others follow IBM's publications as far as they
could be read.
"""

_KEYS = """
# Keys

*z/OS* names the statement or parameter that says the same there, with its default where it differs. *Label* is the word
in `config show`; those that a document shows for NETSTAT CONFIG are in bold, the others are made in its manner.
"""


def page() -> str:
    """The whole page, in Markdown."""
    lines = [_LEAD, "# What `config show` prints\n", "For the file above:\n", "```"]
    lines += [line.rstrip() for line in text(parse(EXAMPLE, "zertap.toml"))]
    lines += ["```", _KEYS.rstrip("\n"), *_tables()]
    return "\n".join(lines) + "\n"


def _tables() -> Iterator[str]:
    for table, keys in groupby(KEYS, lambda key: key.table):
        yield f"\n## [{table}]\n\n{TABLES[table][2]}\n"
        yield "| key | value | default | does | option | z/OS | label |"
        yield "|---|---|---|---|---|---|---|"
        yield from (_row(key) for key in keys)


def _row(key: Key) -> str:
    label = f"**{key.label}**" if key.label in SHOWN_BY_IBM else key.label
    cells = (
        f"`{key.name.partition('.')[2]}`",
        key.kind.form,
        f"`{key.kind.toml(key.default)}`",
        key.doc,
        f"`{key.option}`" if key.option else "",
        key.profile,
        label,
    )
    return "| " + " | ".join(cells) + " |"


if __name__ == "__main__":
    import sys

    sys.stdout.write(page())
