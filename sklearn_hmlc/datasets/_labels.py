"""`labels`: annotations -> closed ``Y`` over the nodes that have rows enough.

Stage: rows (id, node) -> boolean CSR labels of shape (n_ids, n_nodes) and the
hierarchy of their columns.
"""

from collections.abc import Iterable
from numbers import Integral

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from .._validation import as_list, count, did_you_mean, shorten
from ..hierarchy import Hierarchy


@validate_params(
    {
        "annotations": "no_validation",
        "min_count": [Interval(Integral, 0, None, closed="left")],
        "namespaces": "no_validation",
        "count_on": "no_validation",
    },
    prefer_skip_nested_validation=True,
)
def labels(annotations, *, min_count=1, namespaces=None, count_on=None):
    """Make closed labels of annotations, a row per id and a column per node.

    Parameters
    ----------
    annotations : Bunch
        As `read_annotations` returns them.
    min_count : int, default=1
        The fewest ids that a node must have, those of its descendants included. 0
        keeps all nodes.
    namespaces : list, default=None
        The namespaces to keep, such as ``["molecular_function"]``. None: all.
    count_on : iterable of str, default=None
        The ids that ``min_count`` counts, such as those to train on: which nodes there
        are must not be chosen by rows to test on. Ids without features count for
        nothing: leave them out as well. None: all ids.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        target : csr_array of bool of shape (n_ids, n_nodes)
            Closed labels with indices of int32, columns in the order of
            ``hierarchy.nodes``.
        ids : Index of str of shape (n_ids,)
            The rows' ids, in the order of the file; ids without a positive in the kept
            nodes are left out, since nothing is known of them.
        hierarchy : Hierarchy
            The kept nodes, with their names, namespaces and unscored roots.
        target_names : list
            The nodes.

    Raises
    ------
    ValueError
        If no node is left, there is no such namespace, or no id to count on is known.

    See Also
    --------
    read_annotations : Read them.
    align : Match them with features by id.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn.utils import Bunch
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.datasets import labels
    >>> annotations = Bunch(
    ...     table=pd.DataFrame({"id": ["P1", "P2", "P2"], "node": ["c", "b", "d"]}),
    ...     hierarchy=Hierarchy.from_edges([("a", "b"), ("b", "c"), ("a", "d")]),
    ... )
    >>> Y = labels(annotations, min_count=2)
    >>> Y.hierarchy.nodes
    ('a', 'b')
    >>> Y.ids.tolist()
    ['P1', 'P2']
    >>> Y.target.toarray().astype(int)
    array([[1, 1],
           [1, 1]])
    """
    table, hierarchy = _parts(annotations)
    rows, ids = pd.factorize(table["id"])
    nodes, names = pd.factorize(table["node"])
    columns = hierarchy.index(list(names))[nodes]
    ones = np.ones(len(rows), dtype=bool)
    shape = len(ids), hierarchy.n_nodes
    closed = hierarchy.close(sp.csr_array((ones, (rows, columns)), shape=shape))
    ids = pd.Index(ids, name="id", dtype=object)
    kept = _in_namespaces(hierarchy, namespaces)
    counted = closed if count_on is None else closed[_counted(ids, count_on)]
    kept &= counted.sum(axis=0) >= min_count
    if not kept.any():
        raise ValueError(
            f"No node has {count(min_count, 'row')} or more; lower `min_count`."
        )
    where = np.flatnonzero(kept)
    part = hierarchy.subset([hierarchy.nodes[k] for k in where.tolist()])
    target = closed[:, hierarchy.index(list(part.nodes))]
    known = np.diff(target.indptr) > 0
    return Bunch(
        target=_small(target[known]),
        ids=ids[known],
        hierarchy=part,
        target_names=list(part.nodes),
    )


def _parts(annotations) -> tuple[pd.DataFrame, Hierarchy]:
    table = getattr(annotations, "table", None)
    hierarchy = getattr(annotations, "hierarchy", None)
    if table is None or not isinstance(hierarchy, Hierarchy):
        raise TypeError(
            "Expected annotations as `read_annotations` returns them, with a `table` "
            f"and a `hierarchy`, but got {type(annotations).__name__}."
        )
    return table, hierarchy


def _in_namespaces(hierarchy: Hierarchy, namespaces: Iterable | None) -> np.ndarray:
    """Return a mask of the nodes of some namespaces."""
    if namespaces is None:
        return np.ones(hierarchy.n_nodes, dtype=bool)
    wanted = as_list(namespaces, "namespaces")
    there = list(dict.fromkeys(hierarchy.namespaces.values()))
    for space in wanted:
        if space not in there:
            raise ValueError(
                f"In `namespaces`: the hierarchy has no {space!r}; it has "
                f"{shorten(there)}.{did_you_mean(space, there)}"
            )
    return np.array([hierarchy.namespaces.get(x) in wanted for x in hierarchy.nodes])


def _counted(ids: pd.Index, count_on: Iterable) -> np.ndarray:
    """Return the positions of the ids to count on."""
    wanted = pd.Index(as_list(count_on, "count_on"))
    found = np.flatnonzero(ids.isin(wanted))
    if not len(found):
        text = set(map(str, ids)) & set(map(str, wanted))
        advice = " Ids are text: `count_on.astype(str)`." if text else ""
        raise ValueError(
            f"In `count_on`: none of {count(len(wanted), 'id')} has annotations; "
            f"expected ids such as {shorten(ids, 3)}, but got {shorten(wanted, 3)}."
            f"{advice}"
        )
    return found


def _small(target: sp.csr_array) -> sp.csr_array:
    """Return indices of 32 bits, which take half the memory."""
    target.sort_indices()
    if target.nnz < 2**31:
        target.indices = target.indices.astype(np.int32)
        target.indptr = target.indptr.astype(np.int32)
    return target
