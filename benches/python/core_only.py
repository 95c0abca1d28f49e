"""A capture through the engine alone: rows are drained and thrown away, nothing is interpreted or written.

`core_only.py CAPTURE`. What `zertap observe` of the same capture costs more is the price of telling the rows.
"""

import sys

from zertap._native import Source, Tap
from zertap.pipeline import BATCH_ROWS


def main() -> None:
    """Prints how many rows there were."""
    tap, source, rows = Tap(), Source(sys.argv[1]), 0
    while tap.pump(source, BATCH_ROWS):
        rows += len(tap.drain())
    tap.finish()
    rows += len(tap.drain())
    sys.stdout.write(f"{rows}\n")


if __name__ == "__main__":
    main()
