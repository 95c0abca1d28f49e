"""``python -m zertap`` is ``zertap``."""

import sys

from zertap.cli import main

if __name__ == "__main__":
    sys.exit(main())
