"""Fits side by side, by whatever joblib has been told: processes, threads, a cluster.

Stage: inside fits that consist of several. In: a function, what all its calls have in
common, and what each has of its own. Out: their results, in order.

scikit-learn's configuration goes to the calls with them, and their warnings come back.
"""

from __future__ import annotations

import os
import socket
import sys
import warnings
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from typing import Any

import scipy.sparse as sp
from sklearn.utils.parallel import Parallel, delayed


class Shared:
    """What all calls have in common, in one piece that is sent to each worker once.

    dask looks at sizes to tell what is worth that, and knows those of dense arrays and
    of pandas' frames alone; this tells the size of sparse arrays and other frames, too.

    Parameters
    ----------
    *parts : objects
        As the function takes them.
    """

    def __init__(self, *parts: Any) -> None:
        self.parts = parts

    def __sizeof__(self) -> int:
        return sum(map(_n_bytes, self.parts))


def _n_bytes(part: Any) -> int:
    """Size of data in memory, about; 0 of what tells none."""
    if sp.issparse(part):
        return sum(_n_bytes(array) for array in vars(part).values())
    if is_dataclass(part):
        return sum(_n_bytes(getattr(part, field.name)) for field in fields(part))
    if hasattr(part, "memory_usage"):  # pandas
        usage = part.memory_usage()
        return int(getattr(usage, "sum", lambda: usage)())
    if hasattr(part, "estimated_size"):  # polars
        return int(part.estimated_size())
    size = getattr(part, "nbytes", None)  # NumPy, pyarrow
    return size if isinstance(size, int) else sys.getsizeof(part)


def in_parallel(
    function: Callable[..., Any],
    shared: Shared,
    calls: Iterable[tuple[Any, ...]],
    n_jobs: int | None = None,
    verbose: int = 0,
    threads: bool = False,
) -> list[Any]:
    """Return ``function(*shared.parts, *call)`` of each call.

    Parameters
    ----------
    function : callable
        One that can be found by its name, in other processes too.
    shared : Shared
    calls : iterable of tuple
    n_jobs, verbose
        In joblib's words. None on a worker of a dask cluster: one call after another,
        as joblib has it in processes of its own. (dask by itself would spread them over
        the cluster, of however short calls.)
    threads : bool, default=False
        Whether the calls release the interpreter's lock, so that threads are as good as
        processes. On a worker of a cluster they are threads then.
    """
    options: dict[str, Any] = {"n_jobs": n_jobs, "verbose": verbose}
    if threads:
        options["prefer"] = "threads"
    if _on_dask_worker():
        if n_jobs is None:
            return [function(*shared.parts, *call) for call in calls]
        if threads:
            options["backend"] = "threading"
    asked = _place()
    answers = Parallel(**options)(
        delayed(_call)(asked, function, shared, *call) for call in calls
    )
    _warn_again(told for _, told in answers)
    return [result for result, _ in answers]


def _on_dask_worker() -> bool:
    """Tell whether this runs in a task of a dask cluster."""
    distributed = sys.modules.get("distributed")
    if distributed is None:
        return False
    try:
        distributed.get_worker()
    except ValueError:
        return False
    return True


# -- warnings --------------------------------------------------------------------------


def _place() -> tuple[str, int]:
    """Return what tells this process from others, on other machines too."""
    return socket.gethostname(), os.getpid()


def _call(
    asked: tuple[str, int], function: Callable[..., Any], shared: Shared, *call: Any
) -> tuple[Any, list[Any]]:
    """Call; return the result, and warnings that would be lost in this process."""
    if _place() == asked:
        return function(*shared.parts, *call), []
    with warnings.catch_warnings(record=True) as caught:
        result = function(*shared.parts, *call)
    # As text: not all warnings can be pickled.
    return result, [(str(w.message), w.category, w.filename, w.lineno) for w in caught]


def _warn_again(told: Iterable[list[Any]]) -> None:
    """Issue warnings of other processes here, those that are alike once."""
    everything = [warning for of_call in told for warning in of_call]
    for text, category, file, line in dict.fromkeys(everything):
        try:
            warning = category(text)
        except TypeError:  # it is made of something else
            warning = UserWarning(text)
        warnings.warn_explicit(warning, type(warning), file, line)
