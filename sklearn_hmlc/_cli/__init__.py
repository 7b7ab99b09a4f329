"""The command line ``hmlc``: argparse over the package's public functions.

Stage: beside the flow of data. In: arguments and files. Out: files, tables on stdout,
progress and errors on stderr, and the exit status (0, or 2 for a user's error).
`_parser` and `_help` know the arguments, `_demo` and `_commands` what they do;
`_tables` and `_csv` read data, `_model` prepares it and keeps the fitted pipeline in a
file, `_report` makes tables and figures, `_files` writes.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence

from ._parser import make_parser

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, default=None
        The arguments. None: those of the process.

    Returns
    -------
    status : int
        0, or 2 where the input can't be used, or 130 after Ctrl-C.

    Raises
    ------
    SystemExit
        For ``--help``, ``--version`` and arguments that can't be parsed.
    """
    args = make_parser().parse_args(argv)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            args.run(args)
    except (OSError, ValueError, KeyError, ImportError) as error:
        print(f"hmlc: error: {_message(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return 0


def _message(error: Exception) -> object:
    if isinstance(error, KeyError) and error.args:
        return error.args[0]  # str() would put the message in quotes
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}"
    return error


def _show_warning(message, category, filename, lineno, file=None, line=None):  # noqa: ARG001
    print(f"hmlc: warning: {message}", file=sys.stderr)
