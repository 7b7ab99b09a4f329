"""``python -m sklearn_hmlc``: the command line, as ``hmlc``."""

import sys

from ._cli import main

if __name__ == "__main__":
    sys.exit(main())
