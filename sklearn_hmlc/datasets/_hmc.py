"""`fetch_hmc`: the benchmark data sets of hierarchical multi-label classification.

Stage: a name -> files (in a folder, else downloaded) -> one Bunch, read by `read_arff`.
The table ``_registry.json`` has for every data set its parts, and for each part the
path below the upstream repository and the hash that the file must have.
"""

import difflib
import functools
import hashlib
import json
import os
import time
from collections.abc import Sequence
from importlib import resources
from numbers import Integral, Real
from pathlib import Path

import numpy as np
import pandas as pd
import pooch
import scipy.sparse as sp
from sklearn.utils import Bunch
from sklearn.utils._param_validation import Interval, validate_params

from ._arff import read_arff

BASE_URL = (
    "https://raw.githubusercontent.com/EGiunchiglia/C-HMCNN/"
    "e887855ab4b3b8f22e4fafc80a0a33c1d1ac0041/"
)
ENVIRONMENT = "SKLEARN_HMLC_DATA"


@validate_params(
    {
        "name": [str],
        "subset": [str, list, tuple],
        "data_home": [str, os.PathLike, None],
        "download_if_missing": ["boolean"],
        "return_X_y": ["boolean"],
        "as_frame": ["boolean"],
        "n_retries": [Interval(Integral, 0, None, closed="left")],
        "delay": [Interval(Real, 0, None, closed="left")],
    },
    prefer_skip_nested_validation=True,
)
def fetch_hmc(
    name,
    subset="train",
    data_home=None,
    *,
    download_if_missing=True,
    return_X_y=False,
    as_frame=True,
    n_retries=3,
    delay=1.0,
):
    """Load a benchmark data set; download it where it is not there yet.

    The data sets are those of Clus [1]_ as C-HMCNN [2]_ publishes them. Yeast genes,
    labelled with FunCat (a tree, ``_FUN``) or the Gene Ontology (a DAG, ``_GO``):
    ``cellcycle``, ``derisi``, ``eisen``, ``expr``, ``gasch1``, ``gasch2``, ``pheno``,
    ``seq`` and ``spo`` with either ending, ``church_FUN`` and ``D0_yeast_GO``. Images
    and texts: ``diatoms``, ``enron``, ``imclef07a``, ``imclef07d``, ``reuters`` and
    ``wipo``.

    Parameters
    ----------
    name : str
        Name of the data set, such as ``"cellcycle_FUN"``; case does not count.
    subset : str, or list or tuple of str, default="train"
        "train", "valid", "test", or several of them, whose rows are put one below the
        other; "trainvalid" stands for all but the test rows, which is what published
        results are trained on, and "all" for everything. Data sets without a "valid"
        part have those rows in "train".
    data_home : str or path-like, default=None
        Folder of the files, laid out as upstream (``HMC_data/...``); downloads go
        there. None: the folder that the environment variable ``SKLEARN_HMLC_DATA``
        names, which is only read, and for what it lacks the user's cache folder,
        ``pooch.os_cache("sklearn_hmlc")``.
    download_if_missing : bool, default=True
        Whether to download a file that is in none of the folders.
    return_X_y : bool, default=False
        Whether to return ``(data, target)`` instead of a Bunch.
    as_frame : bool, default=True
        Whether ``data`` is a DataFrame. If False, it is a float array in which every
        nominal column has become one 0/1 column per category (all 0 where the value
        is missing), and of the sparse data sets a CSR array.
    n_retries : int, default=3
        How often a failed download is tried again.
    delay : float, default=1.0
        Seconds between two tries.

    Returns
    -------
    bunch : :class:`~sklearn.utils.Bunch`
        With the following attributes.

        data : DataFrame, ndarray or csr_array of shape (n_samples, n_features)
            The features, missing values as NaN; see `read_arff`.
        target : csr_array of int64 of shape (n_samples, n_nodes)
            Closed labels; columns in the order of ``hierarchy.nodes``.
        hierarchy : Hierarchy
            The label graph with its unscored nodes.
        subset : ndarray of str of shape (n_samples,)
            The part that each row comes from.
        feature_names : list of str
            Names of the features.
        target_names : list of str
            The nodes.
        DESCR : str
            Where the data come from, and their sizes.
        filenames : list of str
            The files.
    (data, target) : tuple
        If ``return_X_y`` is True.

    Raises
    ------
    ValueError
        If there is no such data set or part; the message offers what there is.
    OSError
        If a file is missing and can't or may not be downloaded, or is not the published
        one (its hash is another). The message says where to put it.

    See Also
    --------
    read_arff : Read one such file.
    make_hierarchical_multilabel : Synthetic data, without a download.

    Notes
    -----
    Files are checked against the SHA-256 hash published with this package (the eight
    largest ones against git's hash of the file), on every call.

    References
    ----------
    .. [1] C. Vens, J. Struyf, L. Schietgat, S. Džeroski and H. Blockeel, "Decision
       trees for hierarchical multi-label classification", Machine Learning 73, 2008.
    .. [2] E. Giunchiglia and T. Lukasiewicz, "Coherent hierarchical multi-label
       classification networks", NeurIPS 2020.

    Examples
    --------
    >>> from sklearn_hmlc.datasets import fetch_hmc
    >>> yeast = fetch_hmc("cellcycle_FUN", ("train", "valid"))  # doctest: +SKIP
    >>> yeast.data.shape, yeast.target.shape  # doctest: +SKIP
    ((2476, 77), (2476, 500))
    """
    name = _known_name(name)
    files = {
        part: _locate(
            *_registry()[name][part],
            data_home=data_home,
            download_if_missing=download_if_missing,
            n_retries=n_retries,
            delay=delay,
        )
        for part in _parts(name, subset)
    }
    bunch = _concatenate({part: read_arff(path) for part, path in files.items()})
    if not as_frame:
        bunch.data, bunch.feature_names = _as_array(bunch.data)
    if return_X_y:
        return bunch.data, bunch.target
    bunch.DESCR = (
        f"Data set {name}, {' + '.join(files)}, from {BASE_URL}\n{bunch.DESCR}"
    )
    return bunch


# -- which files -----------------------------------------------------------------------


@functools.cache
def _registry() -> dict[str, dict[str, list[str]]]:
    """Return the table: data set -> part -> (path, hash)."""
    table = resources.files(__package__).joinpath("_registry.json")
    return json.loads(table.read_text(encoding="utf-8"))


def _known_name(name: str) -> str:
    names = {known.lower(): known for known in _registry()}
    if name.lower() in names:
        return names[name.lower()]
    near = difflib.get_close_matches(name.lower(), names, n=3)
    hint = f" Did you mean {' or '.join(names[x] for x in near)}?" if near else ""
    raise ValueError(
        f"There is no data set {name!r}.{hint} There are: {', '.join(names.values())}."
    )


def _parts(name: str, subset: str | Sequence[str]) -> list[str]:
    available = list(_registry()[name])
    groups = {"all": available, "trainvalid": [x for x in available if x != "test"]}
    wanted = groups.get(subset, [subset]) if isinstance(subset, str) else list(subset)
    unknown = [part for part in wanted if part not in available]
    if unknown or not wanted or len(set(wanted)) < len(wanted):
        raise ValueError(
            f"Data set {name} has the parts {', '.join(available)}; expected as subset "
            f"some of them, each once, or 'trainvalid' or 'all', but got {subset!r}."
        )
    return wanted


# -- where they are --------------------------------------------------------------------


def _locate(
    path: str,
    known_hash: str,
    *,
    data_home: str | os.PathLike | None,
    download_if_missing: bool,
    n_retries: int,
    delay: float,
) -> Path:
    folders = _folders(data_home)
    for folder in folders:
        if (folder / path).is_file():
            return _checked(folder / path, known_hash)
    if not download_if_missing:
        raise OSError(
            f"{folders[-1] / path} is missing; allow the download with "
            f"`download_if_missing=True`, or {_by_hand(path, folders[-1])}"
        )
    return _download(path, known_hash, folders[-1], n_retries, delay)


def _folders(data_home: str | os.PathLike | None) -> list[Path]:
    """Where to look, in this order; downloads go to the last one."""
    if data_home is not None:
        return [Path(data_home).expanduser()]
    cache = Path(pooch.os_cache("sklearn_hmlc"))
    named = os.environ.get(ENVIRONMENT)
    if not named:
        return [cache]
    if not Path(named).is_dir():
        raise OSError(
            f"The environment variable {ENVIRONMENT} names {named!r}, which is no "
            "folder; correct it or unset it."
        )
    return [Path(named), cache]


def _download(
    path: str, known_hash: str, folder: Path, n_retries: int, delay: float
) -> Path:
    """Fetch one file; pooch writes it under another name until it is whole."""
    store = pooch.create(path=folder, base_url=BASE_URL, registry={path: None})
    transfer = pooch.HTTPDownloader(progressbar=True)

    def downloader(url: str, output_file: str, pooch: pooch.Pooch) -> None:
        transfer(url, output_file, pooch)
        _checked(Path(output_file), known_hash)

    for attempt in range(n_retries + 1):
        time.sleep(delay if attempt else 0)
        try:
            return Path(store.fetch(path, downloader=downloader))
        except OSError as error:  # the errors of `requests` are OSErrors too
            failure = error
            response = getattr(error, "response", None)
            if response is not None:
                response.close()  # which pooch leaves open
    raise OSError(
        f"Could not download {BASE_URL}{path} (tries: {n_retries + 1}; {failure}). Is "
        f"there a network? If not, get the file elsewhere and {_by_hand(path, folder)}"
    ) from failure


def _by_hand(path: str, folder: Path) -> str:
    return (
        f"put the file at {folder / path}, or set the environment variable "
        f"{ENVIRONMENT} to a folder that has {path}."
    )


def _checked(path: Path, known_hash: str) -> Path:
    """Return the path of a file that is the published one."""
    kind, digest = known_hash.split(":")
    if kind == "git-blob":
        state = hashlib.sha1(b"blob %d\0" % path.stat().st_size)
    else:
        state = hashlib.new(kind)
    with path.open("rb") as file:
        while block := file.read(2**20):
            state.update(block)
    found = state.hexdigest()
    if found != digest:
        raise OSError(
            f"{path} is not the published file: its hash is {found}, expected {digest} "
            f"({kind}). It may be cut short or changed; delete it and call again."
        )
    return path


# -- what comes out --------------------------------------------------------------------


def _concatenate(bunches: dict[str, Bunch]) -> Bunch:
    """Put the rows of several parts below each other."""
    parts = list(bunches.values())
    first = parts[0]
    for part in parts[1:]:
        if part.hierarchy != first.hierarchy or not part.data.dtypes.equals(
            first.data.dtypes
        ):
            raise ValueError(
                f"{part.filename} and {first.filename} declare other nodes or other "
                "attributes; load them one by one."
            )
    return Bunch(
        data=pd.concat([part.data for part in parts], ignore_index=True),
        target=sp.csr_array(sp.vstack([part.target for part in parts])),
        hierarchy=first.hierarchy,
        subset=np.repeat(list(bunches), [len(part.data) for part in parts]),
        feature_names=first.feature_names,
        target_names=first.target_names,
        DESCR="\n".join(part.DESCR for part in parts),
        filenames=[part.filename for part in parts],
    )


def _as_array(data: pd.DataFrame) -> tuple[np.ndarray | sp.csr_array, list[str]]:
    """Encode nominal columns in place, one column per category."""
    sparse = any(isinstance(dtype, pd.SparseDtype) for dtype in data.dtypes)
    encoded = pd.get_dummies(data, dtype=float, sparse=sparse)
    # `get_dummies` moves the encoded columns to the end; they go back to their place.
    nominal = np.array([dtype == "category" for dtype in data.dtypes], dtype=bool)
    widths = [len(dtype.categories) for dtype in data.dtypes[nominal]]
    before = np.flatnonzero(~nominal), np.repeat(np.flatnonzero(nominal), widths)
    encoded = encoded.iloc[:, np.argsort(np.concatenate(before), kind="stable")]
    values = sp.csr_array(encoded.sparse.to_coo()) if sparse else encoded.to_numpy()
    return values, list(encoded.columns)
