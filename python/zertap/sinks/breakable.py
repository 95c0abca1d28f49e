"""Words of a protocol in a narrow column: `TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384` is broken behind an underscore, not
within a word.
"""

import re
from collections.abc import Iterator

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.text import Text

PIECE = re.compile(r"[^ _@,]*[ _@,]*")
"""What stays together: up to a space, an underscore, an at sign or a comma, and that."""


class Breakable:
    """A text without control characters that is broken at its own joints; within them only where one is too long."""

    def __init__(self, text: str) -> None:
        self.plain = text
        self._pieces = [piece for piece in PIECE.findall(text) if piece]

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        """Its longest piece, and the whole."""
        longest = max((cell_len(piece.rstrip(" ")) for piece in self._pieces), default=0)
        return Measurement(longest, cell_len(self.plain)).with_maximum(options.max_width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        """Its lines, as many pieces in each as there is room for."""
        line = ""
        for piece in self._pieces:
            if line and cell_len(line + piece.rstrip(" ")) > options.max_width:
                yield Text(line.rstrip(" "), overflow="fold")
                line = ""
            line += piece
        yield Text(line.rstrip(" "), overflow="fold")
