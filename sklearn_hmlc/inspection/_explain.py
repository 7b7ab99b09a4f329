"""`explain`: which features have made a node's probability what it is.

Stage: after `fit`. In: any fitted estimator, rows and nodes. Out: a line for each row,
node and feature, and what these lines sum to.
"""

from numbers import Integral

import numpy as np
import pandas as pd
from sklearn.utils import Bunch, gen_batches

from .. import _frames as frames
from .._validation import check_option, name_array, unknown
from ..predictions import iter_proba
from ._features import Rows, take_out
from ._find import known_names, network_in
from ._network import METHODS
from ._sources import Gradients, Occlusion, Question

_METHODS = ("auto", *METHODS, "occlusion")
_RESPONSES = ("predict_proba", "decision_proba")
_SCALES = ("probability", "logit")

# Entries of attributions that are kept at a time (32 MB of float64).
_ENTRIES = 2**22


def explain(
    estimator,
    X,
    node,
    *,
    method="auto",
    scale="probability",
    response_method="predict_proba",
    baseline=None,
    k=20,
    feature_names=None,
    ids=None,
    hierarchy=None,
):
    r"""Tell which features have made a node's probability what it is, row by row.

    Parameters
    ----------
    estimator : fitted estimator
        Any classifier, of this library or not, alone or inside pipelines, searches and
        wrappers, with `predict_proba` or `decision_function`.
    X : array-like, sparse matrix, DataFrame or Bunch of shape (n_samples, n_features)
        The rows to explain; of a Bunch, as `read_features` gives it, its ``data``.
    node : hashable or list of hashable
        The node to explain, or several. After a fit on 1-D ``y`` a class.
    method : str, default="auto"
        How attributions are computed, see Notes: "integrated_gradients",
        "gradient_times_input" or "occlusion". Gradients are those of a
        `HierarchicalEnsembleClassifier`, which may stand at the end of a pipeline, in a
        search or in a `NodeThresholdClassifier`. "auto": integrated gradients there,
        occlusion with any other model, and after a fit on 1-D ``y``.
    scale : {"probability", "logit"}, default="probability"
        Whether the probability is explained or its log odds.
    response_method : {"predict_proba", "decision_proba"}, default="predict_proba"
        Which probability: that of `predict_proba`, or the one that decisions are made
        on.
    baseline : array-like, sparse matrix, DataFrame or Series, default=None
        A row that stands for "nothing known", of shape (n_features,), or several,
        (n_baselines, n_features), in the form of `X`; of several, such as 50 training
        rows, attributions are the mean. None: zeros of the network's input,
        which is the mean training row behind a `StandardScaler`; with "occlusion" zeros
        of a sparse `X`, and a dense one needs a baseline.
    k : int, default=20
        Lines per row and node at most, those of the largest attributions. None: all
        that are not 0.
    feature_names : array-like of hashable of shape (n_features,), default=None
        None: those of a Bunch, the columns of a frame, those of `fit`, else x0, x1, ...
    ids : array-like of hashable of shape (n_samples,), default=None
        What the rows are called. None: those of a Bunch, the index of a pandas frame,
        else 0, 1, ...
    hierarchy : Hierarchy, default=None
        Names the columns of a model that knows no names. None: the model's own.

    Returns
    -------
    explanation : Bunch
        Tables are of the library of `X`, where that is a frame, else of pandas.

        table : DataFrame
            A line for each row, node and feature, the largest attribution first:
            ``id``, ``node``, ``name`` (the node's title, where the hierarchy knows
            any), ``feature``, ``value`` (in the row) and ``attribution``.
        responses : DataFrame
            A line for each row and node: ``id``, ``node``, ``name``, ``response`` (what
            is explained), ``baseline`` (the same of the baseline, a mean if there are
            several) and ``attributed`` (the sum of the attributions of all features).
        method, scale, response_method : str
            How, and what.

    Raises
    ------
    ValueError
        If a node is unknown, unscored or had no row in `fit`, an option does not fit
        the model, or `baseline` does not fit `X`.

    See Also
    --------
    sklearn_hmlc.plotting.ExplanationDisplay : Draws it.
    rank_rows : Which rows to look at.

    Notes
    -----
    Integrated gradients [1]_ of a response :math:`f` are

    .. math:: a_j = (x_j - x'_j) \int_0^1 \frac{\partial f}{\partial x_j}
              \bigl(x' + t (x - x')\bigr)\, dt

    and sum to :math:`f(x) - f(x')`, the difference of ``response`` and ``baseline``, up
    to half a percent of the sum of their sizes: of a path 32 pieces are looked at, and
    those in which the gradient turns are split. :math:`f` is what the model says: the
    mean over its members, after the prior correction and the max constraint. What is
    explained of a node may so be a node below it. Transformers that scale or choose
    features change no attribution. What others make, such as principal components, has
    its own name in the table, and where they can't tell names, "input 0", "input 1" and
    so on.

    "gradient_times_input" is :math:`(x_j - x'_j)\, \partial f / \partial x_j` at the
    row: one pass, exact for a linear response, and else a first look. "occlusion" is
    :math:`f(x)` less :math:`f` with the value :math:`x'_j`: for any model, n_features
    predictions per row and baseline. Neither sums to the difference.

    Attributions tell what the model has used, not what causes a label. Of two features
    that say the same a model may use either.

    References
    ----------
    .. [1] Sundararajan, Taly and Yan, "Axiomatic Attribution for Deep Networks", ICML
       2017.

    Examples
    --------
    >>> from sklearn.linear_model import LogisticRegression
    >>> from sklearn.multioutput import ClassifierChain
    >>> from sklearn_hmlc import Hierarchy
    >>> from sklearn_hmlc.inspection import explain
    >>> from sklearn_hmlc.postprocessing import CoherentClassifier
    >>> hierarchy = Hierarchy.from_edges([("animal", "cat"), ("animal", "dog")])
    >>> X = [[1, 0], [1, 0], [0, 1], [0, 1], [0, 0]]
    >>> Y = [[1, 1, 0], [1, 1, 0], [1, 0, 1], [1, 0, 1], [0, 0, 0]]
    >>> model = CoherentClassifier(ClassifierChain(LogisticRegression()), hierarchy)
    >>> explanation = explain(
    ...     model.fit(X, Y), X[:1], "cat", baseline=[0, 0],
    ...     feature_names=["purrs", "barks"], ids=["Tom"],
    ... )
    >>> explanation.table[["id", "node", "feature", "value"]]
        id node feature  value
    0  Tom  cat   purrs      1
    """
    check_option("method", method, _METHODS)
    check_option("scale", scale, _SCALES)
    check_option("response_method", response_method, _RESPONSES)
    k = _checked_k(k)
    X, ids, feature_names = take_out(X, ids, feature_names)
    rows = Rows(X, feature_names, known_names(estimator))
    # At the door: the rows' ids, and the names of what the model answers.
    blocks = iter_proba(estimator, rows.X, ids=ids, hierarchy=hierarchy)
    nodes = _checked_nodes(node, blocks)
    inside = network_in(estimator, response_method)
    method = _method_for(method, inside, blocks)
    asked, baseline = (rows, None) if baseline is None else rows.beside(baseline)
    question = Question(
        estimator=estimator,
        rows=asked,
        baseline=baseline,
        nodes=nodes,
        all_nodes=blocks.nodes,
        hierarchy=blocks.hierarchy,
        method=method,
        logit=scale == "logit",
        response_method=response_method,
    )
    if method == "occlusion":
        source = Occlusion(question)
    else:
        source = Gradients(question, inside)
    return Bunch(
        **_tables(source, rows, nodes, blocks, k),
        method=method,
        scale=scale,
        response_method=response_method,
    )


# -- at the door -----------------------------------------------------------------------


def _checked_k(k):
    if k is None:
        return None
    if isinstance(k, bool) or not isinstance(k, Integral):
        raise TypeError(f"Expected `k` to be a whole number or None, but got {k!r}.")
    if k < 1:
        raise ValueError(f"Expected `k` of 1 or more, but got {k}.")
    return int(k)


def _checked_nodes(node, blocks):
    """Return the nodes that were asked for, or raise where one has no answer."""
    several = isinstance(node, list | np.ndarray | pd.Index | pd.Series)
    nodes = (node.tolist() if hasattr(node, "tolist") else node) if several else [node]
    if not len(nodes):
        raise ValueError("Expected `node` to name at least one node, but it is empty.")
    places = {name: place for place, name in enumerate(blocks.nodes)}
    for one in nodes:
        if one not in places:
            raise ValueError(f"In `node`: {unknown(one, blocks.nodes)}")
        if not blocks.scored[places[one]]:
            raise ValueError(
                f"Node {one!r} is unscored: nothing is learnt about it that could be "
                "explained."
            )
    return list(dict.fromkeys(nodes))


def _method_for(method, inside, blocks):
    gradients = inside is not None and not blocks.of_classes
    if method == "auto":
        return "integrated_gradients" if gradients else "occlusion"
    if method != "occlusion" and not gradients:
        why = (
            "it was fitted on one class per row"
            if inside is not None
            else "what it answers is not a network's alone"
        )
        raise ValueError(
            f"Expected a HierarchicalEnsembleClassifier, alone or at the end of a "
            f'pipeline, with method="{method}", but {why}; use "occlusion".'
        )
    return method


# -- tables ----------------------------------------------------------------------------


def _tables(source, rows, nodes, blocks, k):
    lines = {"row": [], "node": [], "feature": [], "value": [], "attribution": []}
    said, sums = [], []
    size = max(1, _ENTRIES // max(1, source.n_inputs * len(nodes)))
    for part in gen_batches(rows.shape[0], size):
        group = np.arange(rows.shape[0])[part]
        responses, attributions = source.of(group)
        said.append(responses)
        sums.append(attributions.sum(axis=-1))
        for place, row in enumerate(group):
            for column in range(len(nodes)):
                own = attributions[place, column]
                kept = _largest(own, k)
                lines["row"].append(np.full(len(kept), row))
                lines["node"].append(np.full(len(kept), column))
                lines["feature"].append(kept)
                lines["value"].append(source.values(row, kept))
                lines["attribution"].append(own[kept])
    joined = {name: np.concatenate(parts) for name, parts in lines.items()}
    row, column = joined.pop("row"), joined.pop("node")
    features = name_array(source.names)[joined.pop("feature")]
    table = {
        **_named(row, column, nodes, blocks),
        "feature": pd.Series(features),
        "value": _of_one_kind(joined["value"], rows.X),
        "attribution": joined["attribution"],
    }
    pairs = np.divmod(np.arange(rows.shape[0] * len(nodes)), len(nodes))
    responses = {
        **_named(*pairs, nodes, blocks),
        "response": np.concatenate(said).ravel(),
        "baseline": np.tile(source.baselines, rows.shape[0]),
        "attributed": np.concatenate(sums).ravel(),
    }
    return {
        "table": frames.table(table, rows.X),
        "responses": frames.table(responses, rows.X),
    }


def _largest(attributions, k):
    """Positions of what is not 0, the largest first, k at most."""
    order = np.argsort(-np.abs(attributions), kind="stable")[:k]
    return order[attributions[order] != 0]


def _named(rows, columns, nodes, blocks):
    named = {
        "id": pd.Series(name_array(blocks.ids)[rows]),
        "node": pd.Series(name_array(nodes)[columns]),
    }
    titles = {} if blocks.hierarchy is None else blocks.hierarchy.names
    if titles:
        own = np.empty(len(nodes), dtype=object)
        own[:] = [titles.get(node) for node in nodes]
        named["name"] = pd.Series(own[columns], dtype=object)
    return named


def _of_one_kind(values, template):
    """Return values as numbers where all are; else, beside other frames, as text."""
    if values.dtype != object:
        return values
    if all(isinstance(value, int | float | np.number) for value in values):
        return values.astype(np.float64)
    is_pandas = not frames.is_frame(template) or isinstance(template, pd.DataFrame)
    if is_pandas:
        return pd.Series(values, dtype=object)
    return pd.Series([None if x is None else str(x) for x in values], dtype=object)
