"""The command line ``hmlc``: argparse over the package's public functions.

Stage: beside the flow of data. In: arguments and files. Out: files, tables on stdout,
progress and errors on stderr, and the exit status.
`_parser`, `_arguments`, `_types`, `_defaults` and `_help` know the arguments and
import nothing heavy; `_demo`, `_fitting`, `_info`, `_predicting` and `_evaluating` are
the commands, imported when they are called. `_sources` reads labelled rows: tables
(`_tables`, `_csv`, `_columns`, `_source`), or an ontology, annotations and features
(`_ontology`). `_model` prepares data and keeps the fitted pipeline in a file, `_asked`
reads the rows that it is asked about, `_writing` writes predictions, `_apart` keeps
them off what is read, `_held_out`, `_prediction_files` and `_baselines` measure,
`_seen` knows training rows again, `_report` makes tables and figures, `_say` and
`_progress` print.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence

from . import _say

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
        0, or 2 where the input can't be used, 1 where memory lacks or something
        unexpected happens, 130 after Ctrl-C, 143 after SIGTERM, 129 after SIGHUP, 141
        where nobody reads the output any more.

    Raises
    ------
    SystemExit
        For ``--help``, ``--version`` and arguments that can't be parsed.
    """
    try:
        with _signals(), warnings.catch_warnings():
            warnings.showwarning = _say.show_warning
            return _run(argv)
    except _Stopped as stopped:
        return 128 + stopped.number
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        _leave_stdout()
        return 128 + 13  # SIGPIPE, which not all systems have


def _run(argv: Sequence[str] | None) -> int:
    try:
        from ._parser import make_parser  # which imports what may be broken

        args = make_parser().parse_args(argv)
        args.run(args)
        if sys.stdout is not None:
            sys.stdout.flush()  # so that its error comes here, not at the exit
    except BrokenPipeError:
        raise
    except (OSError, ValueError, KeyError, ImportError) as error:
        return _fail(error, _say.message_of(error), 2)
    except Exception as error:
        return _fail(error, _say.no_memory(error) or _say.unexpected(error), 1)
    return 0


def _fail(error: Exception, message: str, status: int) -> int:
    _say.tell(f"hmlc: error: {message}")
    if os.environ.get("HMLC_TRACEBACK"):
        raise error
    return status


def _leave_stdout() -> None:
    """Let Python flush into nothing at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


# -- signals ---------------------------------------------------------------------------


class _Stopped(BaseException):
    """A signal asks the process to end; on the way out unfinished files go."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextlib.contextmanager
def _signals() -> Iterator[None]:
    """Make exceptions of the signals that would end the process on the spot."""
    numbers = [signal.SIGTERM, getattr(signal, "SIGHUP", signal.SIGTERM)]
    main_thread = threading.current_thread() is threading.main_thread()
    # What is ignored, as SIGHUP is under nohup, stays so.
    free = [x for x in numbers if signal.getsignal(x) is signal.SIG_DFL]
    taken = free if main_thread else []
    for number in taken:
        signal.signal(number, _stop)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


def _stop(number: int, frame: object) -> None:  # noqa: ARG001
    raise _Stopped(number)
