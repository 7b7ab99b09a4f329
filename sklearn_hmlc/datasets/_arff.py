"""`read_arff`: an HMC ARFF file -> features, closed labels and their hierarchy.

Stage: the first one, files on disk. In: a path. Out: a Bunch with ``data`` of shape
(n_samples, n_features) and ``target`` of shape (n_samples, n_nodes). The dialect is
that of the Clus system (Vens et al., 2008).
"""

import os

import numpy as np
import pandas as pd
import scipy.sparse as sp
from sklearn.utils import Bunch
from sklearn.utils._param_validation import StrOptions, validate_params

from .._reading import Text, read_text
from ..hierarchy import Hierarchy
from ._arff_header import Attribute, Header, parse_header
from ._arff_rows import read_rows

ROOT = "root"
_NAMESPACES = ("0003674", "0005575", "0008150")
#: Roots that say nothing: a virtual one, and those of the Gene Ontology's namespaces.
UNSCORED_ROOTS = (
    ROOT,
    *(prefix + number for prefix in ("GO", "GO:") for number in _NAMESPACES),
)


@validate_params(
    {
        "path": [str, os.PathLike],
        "kind": [StrOptions({"auto", "tree", "dag"})],
        "unlabelled": [StrOptions({"error", "keep"})],
    },
    prefer_skip_nested_validation=True,
)
def read_arff(path, *, kind="auto", unlabelled="error"):
    """Read a hierarchical multi-label data set in the ARFF dialect of Clus.

    The class attribute, of type ``hierarchical``, declares the nodes: as paths
    (``01,01/01,01/01/03``) for a tree, or as edges ``parent/child`` for a DAG, in
    braces or not. In the rows, ``@`` separates the labels of the class attribute; they
    are closed, so that the most specific ones suffice. Read too are ``?`` for missing
    values, nominal attributes ``{a,b}``, comments (lines that start with ``%``), quoted
    names and values, sparse rows ``{0 1.5, 3 2}`` and compressed files.

    Parameters
    ----------
    path : str or path-like
        The file; decompressed where it ends in ``.gz``, ``.xz``, ``.bz2`` or ``.zip``.
        Text is UTF-8, UTF-16 where it begins with its mark, or else Latin-1.
    kind : {"auto", "tree", "dag"}, default="auto"
        How the class attribute is meant. "auto": edges of a DAG if all its tokens have
        exactly two parts and no row's label has a ``/``, else paths of a tree.
    unlabelled : {"error", "keep"}, default="error"
        What to do with a row whose labels are ``?`` or empty. "keep": its row of
        ``target`` is all 0, which says nothing of what is true; for data to predict.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        data : DataFrame of shape (n_samples, n_features)
            Float columns with NaN where a value is missing, and for nominal
            attributes categorical ones with all declared categories (strings). Of a
            file with sparse rows the numeric columns have the dtype
            ``Sparse[float64, 0]``. The second column of a name, "x", is "x.1".
        target : csr_array of int64 of shape (n_samples, n_nodes)
            Closed labels; columns in the order of ``hierarchy.nodes``.
        hierarchy : Hierarchy
            Nodes named as in the file. A tree has a virtual root ``root`` above its top
            codes; this root and the three namespace roots of the Gene Ontology
            (GO0003674, GO0005575, GO0008150, with or without the colon) are unscored.
        feature_names : list of str
            The columns of ``data``.
        target_names : list of str
            The nodes.
        DESCR : str
            The relation's name, the sizes and the comments of the file's head.
        filename : str
            The path.

    Raises
    ------
    ValueError
        If the file is cut short or a line of it is wrong: a missing ``@data`` or class
        attribute, an unknown type, label or category, a wrong number of values, a
        value that is no finite number (in ASCII digits, with a point), a cycle. The
        message has file and line number. Or if a compressed file grows beyond 256 MB
        and beyond 100 times its size; decompress it first.

    See Also
    --------
    fetch_hmc : Benchmark data sets in this format.

    Notes
    -----
    In a sparse row, indices count attributes from 0; what is left out is 0 or the first
    category.

    References
    ----------
    .. [1] C. Vens, J. Struyf, L. Schietgat, S. Džeroski and H. Blockeel, "Decision
       trees for hierarchical multi-label classification", Machine Learning 73, 2008.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import TemporaryDirectory
    >>> from sklearn_hmlc.datasets import read_arff
    >>> content = '''@relation pets
    ... @attribute weight numeric
    ... @attribute coat {short,long}
    ... @attribute class hierarchical cat,dog,dog/terrier
    ... @data
    ... 4.5,long,cat
    ... ?,short,cat@dog/terrier
    ... '''
    >>> with TemporaryDirectory() as folder:
    ...     path = Path(folder, "pets.arff")
    ...     _ = path.write_text(content)
    ...     pets = read_arff(path)
    >>> pets.data
       weight   coat
    0     4.5   long
    1     NaN  short
    >>> pets.target_names
    ['root', 'cat', 'dog', 'dog/terrier']
    >>> pets.target.toarray()
    array([[1, 1, 0, 0],
           [1, 1, 1, 1]])
    """
    text = read_text(path, otherwise="latin-1")
    header = parse_header(text)
    data, label_texts, lines = read_rows(text, header)
    labels = [label_text.split("@") for label_text in label_texts]
    hierarchy = _hierarchy(text, header, labels, kind)
    target = _target(text, hierarchy, labels, lines, unlabelled)
    return Bunch(
        data=data,
        target=target,
        hierarchy=hierarchy,
        feature_names=list(data.columns),
        target_names=list(hierarchy.nodes),
        DESCR=_description(header, data, target, hierarchy),
        filename=text.path,
    )


def _hierarchy(
    text: Text, header: Header, labels: list[list[str]], kind: str
) -> Hierarchy:
    attribute = header.attributes[header.class_position]
    if kind == "auto":
        kind = _guess_kind(attribute, labels)
    make = _tree if kind == "tree" else _dag
    try:
        return make(attribute.values)
    except ValueError as error:
        raise text.error(attribute.line, f"class attribute: {error}") from None


def _guess_kind(attribute: Attribute, labels: list[list[str]]) -> str:
    edges = all(token.count("/") == 1 for token in attribute.values)
    bare = not any("/" in label for row in labels for label in row)
    return "dag" if edges and bare else "tree"


def _tree(codes: tuple[str, ...]) -> Hierarchy:
    tops = {code.split("/")[0] for code in codes}
    root = None if ROOT in tops else ROOT
    return _unscore(Hierarchy.from_codes(codes, sep="/", root=root))


def _dag(edges: tuple[str, ...]) -> Hierarchy:
    for edge in edges:
        if edge.count("/") != 1 or not all(edge.split("/")):
            raise ValueError(
                f'expected edges parent/child, but got {edge!r}; read it as kind="tree"'
                " if these are paths."
            )
    return _unscore(Hierarchy.from_edges([edge.split("/") for edge in edges]))


def _unscore(hierarchy: Hierarchy) -> Hierarchy:
    unscored = [name for name in UNSCORED_ROOTS if name in hierarchy]
    return Hierarchy(hierarchy.nodes, hierarchy.edges, unscored)


def _target(
    text: Text,
    hierarchy: Hierarchy,
    labels: list[list[str]],
    lines: list[int],
    unlabelled: str,
) -> sp.csr_array:
    columns = [
        _row_nodes(text, hierarchy, row, line, unlabelled)
        for row, line in zip(labels, lines, strict=True)
    ]
    ends = np.cumsum([0, *(len(row) for row in columns)])
    indices = np.concatenate(columns)
    specific = sp.csr_array(
        (np.ones(len(indices), dtype=np.int64), indices, ends),
        shape=(len(labels), hierarchy.n_nodes),
    )
    closed = hierarchy.close(specific)
    closed.sort_indices()
    return closed


def _row_nodes(
    text: Text, hierarchy: Hierarchy, row: list[str], line: int, unlabelled: str
) -> np.ndarray:
    if row in ([""], ["?"]):
        if unlabelled == "keep":
            return np.array([], dtype=np.intp)
        raise text.error(
            line,
            'the row has no label; give one, or set unlabelled="keep" to read data '
            "that has none.",
        )
    try:
        return hierarchy.index(sorted({label.strip() for label in row}))
    except KeyError as error:
        raise text.error(line, f"label {error.args[0]}") from None


def _description(
    header: Header, data: pd.DataFrame, target: sp.csr_array, hierarchy: Hierarchy
) -> str:
    summary = (
        f"{header.relation}: {data.shape[0]} rows, {data.shape[1]} features, "
        f"{target.nnz} labels on {hierarchy!r}"
    )
    return "\n".join([summary, *header.comments])
