"""`save_model` and `load_model`: a fitted estimator in one file that runs no code.

Stage: between estimators and files. In: any estimator of this library, pipelines,
searches and wrappers around them. Out: a file, see `_container`; and the estimator.

How: skops writes the objects, scikit-learn's and ours, which tell it of themselves in
plain data (`__getstate__`): names of types, JSON and arrays. On the way back it makes
objects only of types that are listed (`_trusted`), by name, and never unpickles.
Weights go into safetensors and hierarchies into the manifest, where other programs find
them. skops alone has neither a checksum nor versions, nor a word for a file that is
cut; so it never sees a file of which a bit has changed.
"""

from __future__ import annotations

import io
import json
import os
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from .. import _aside
from .._files import check_free
from .._validation import check_bool
from .._versions import known
from . import _container
from ._container import ModelFileError, malformed
from ._manifest import manifest_of, other_versions
from ._trees import check_trees
from ._trusted import all_trusted

_MANIFEST, _WEIGHTS = "manifest.json", "weights.safetensors"


def save_model(
    model: Any,
    path: str | os.PathLike[str],
    *,
    metadata: Mapping[str, Any] | None = None,
    trusted: Iterable[str] = (),
    force: bool = False,
    rescue: bool = False,
) -> None:
    """Write an estimator into one file, which `load_model` reads without running code.

    Parameters
    ----------
    model : estimator
        One of this library, or a pipeline, search or wrapper of scikit-learn or
        imbalanced-learn; fitted or not. It stays as it is.
    path : str or path-like
        The file.
    metadata : mapping of str to object, default=None
        What else is to be kept, such as where the data came from; anything that JSON
        can hold. `describe_model` returns it.
    trusted : iterable of str, default=()
        Full names of further types in the model, such as ``"mypackage.MyScaler"``, that
        may be in the file; who loads it has to name them as well.
    force : bool, default=False
        Whether to replace the file if it exists.
    rescue : bool, default=False
        Whether to keep the model in another place, if it can't be written where it is
        to be; the error then says where. For programs that end with this call.

    Raises
    ------
    OSError
        If the disk is full, or the like.
    ValueError
        If the file exists, or can't be written; if the model holds types that nobody
        has said to be safe, such as functions of a notebook.
    TypeError
        If `model` is no estimator, or `metadata` is not JSON.

    See Also
    --------
    load_model : The way back.

    Notes
    -----
    Kept are parameters, everything fitted, the order of random numbers, and an epoch's
    record for each epoch. Not kept, as after `fit`, is what the optimiser remembers:
    ``partial_fit`` goes on with the weights, its moments start at 0. Of an encoder of
    the user's own class the weights are kept, but not the code, see `load_model`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_hmlc import HierarchicalEnsembleClassifier
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> from sklearn_hmlc.io import load_model, save_model
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=100, n_features=20, n_nodes=15, random_state=0
    ... )
    >>> model = HierarchicalEnsembleClassifier(
    ...     hierarchy, n_estimators=2, hidden_layer_sizes=(8,), max_epochs=2,
    ...     random_state=0,
    ... ).fit(X, Y)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder, "genes.hmlc")
    ...     save_model(model, path)
    ...     again = load_model(path)
    >>> bool((again.predict_proba(X) == model.predict_proba(X)).all())
    True
    """
    check_bool("force", force)
    check_bool("rescue", rescue)
    _check_model(model)
    known_metadata = _checked_metadata(metadata)
    if not rescue:
        check_free(path, force)
    with _aside.using(_aside.Parts()) as parts:
        objects = io.BytesIO(_objects_of(model))
    _check_types(objects, _trusted(trusted))
    manifest = manifest_of(model, parts.hierarchies, known_metadata)

    def members() -> Iterator[tuple[str, bytes]]:
        yield _MANIFEST, json.dumps(manifest, indent=1).encode()
        yield _WEIGHTS, _as_safetensors(parts.tensors)
        with zipfile.ZipFile(objects) as archive:
            for name in archive.namelist():
                content = archive.read(name)
                arrays = name.endswith(".npz")
                yield name, _container.stored_arrays(content) if arrays else content

    _container.write(path, members, force=force, rescue=rescue)


def load_model(
    path: str | os.PathLike[str], *, encoder: Any = None, trusted: Iterable[str] = ()
) -> Any:
    """Read an estimator that `save_model` has written; no code in the file is run.

    Parameters
    ----------
    path : str or path-like
        The file.
    encoder : torch.nn.Module or list of them, default=None
        For a classifier with an ``encoder`` of a class of your own: a module of this
        class, made as it was made for the fit. Its weights, in a copy, become those of
        the file. Encoders of modules of `torch.nn` need none.
    trusted : iterable of str, default=()
        Full names of further types that the file may hold, such as
        ``"mypackage.MyScaler"``: their modules are imported. Name what you know to be
        harmless.

    Returns
    -------
    model : estimator
        Predicts what the one that was saved predicted, on the same machine to the bit.

    Raises
    ------
    ModelFileError
        A ValueError: the file is cut short, was altered, is foreign, such as a pickle,
        or of a newer format; or it holds types that are not trusted.
    ValueError
        If an ``encoder`` has to be given, or has other weights.
    OSError
        If there is no such file.

    Warns
    -----
    InconsistentVersionWarning
        If scikit-learn's own steps were saved by another version of it. Files of older
        versions of this library are read without a warning.

    See Also
    --------
    save_model : Writes it, with an example.
    describe_model : What is in a file.

    Examples
    --------
    >>> from sklearn_hmlc.io import load_model
    >>> load_model("pyproject.toml")
    Traceback (most recent call last):
        ...
    sklearn_hmlc.io.ModelFileError: pyproject.toml: expected a model file \
of `sklearn_hmlc.io.save_model`, but it is something else.
    """
    name, names = os.fspath(path), _trusted(trusted)
    encoders = encoder if isinstance(encoder, list | tuple) else [encoder]
    with _container.opened(path) as archive:
        manifest, parts = _parts_of(name, archive)
        parts.encoders += [one for one in encoders if one is not None]
        with _aside.using(parts), known(str(manifest["versions"].get("sklearn_hmlc"))):
            return _made(name, archive, manifest, names)


def describe_model(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Tell what is in a file of `save_model`, without making the model.

    Parameters
    ----------
    path : str or path-like
        The file.

    Returns
    -------
    manifest : dict
        ``format``, ``versions`` (of this library and those below), ``estimator`` (the
        class), ``parameters`` (as JSON, or else as they are shown), ``fitted`` (facts
        such as ``classes`` and ``feature_names``, as far as there are any),
        ``hierarchies`` (nodes, edges by position, names, namespaces, metadata) and
        ``metadata`` as given to `save_model`.

    Raises
    ------
    ModelFileError, OSError
        As `load_model`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> from sklearn_hmlc import LPROS
    >>> from sklearn_hmlc.io import describe_model, save_model
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_model(LPROS(), Path(folder, "sampler"), metadata={"for": "genes"})
    ...     found = describe_model(Path(folder, "sampler"))
    >>> found["estimator"], found["metadata"]
    ('sklearn_hmlc.over_sampling._lpros.LPROS', {'for': 'genes'})
    """
    with _container.opened(path) as archive:
        try:
            return dict(_container.read_json(archive, _MANIFEST))
        except Exception as error:  # whatever a stranger's content leads to
            raise malformed(os.fspath(path), error) from None


# -- writing ---------------------------------------------------------------------------


def _check_model(model: Any) -> None:
    if isinstance(model, type) or not hasattr(model, "get_params"):
        what = "the class" if isinstance(model, type) else "an object of the class"
        name = model.__name__ if isinstance(model, type) else type(model).__name__
        raise TypeError(f"Expected an estimator to save, but got {what} {name}.")


def _checked_metadata(metadata: Mapping[str, Any] | None) -> dict[str, Any]:
    given = dict(metadata or {})
    try:
        json.dumps(given)
    except (TypeError, ValueError) as error:
        raise TypeError(
            f"Expected `metadata` of strings, numbers, lists and dicts: {error}."
        ) from None
    return given


def _objects_of(model: Any) -> bytes:
    """Return the file that skops makes of a model."""
    import skops.io  # here, since it takes a second

    try:
        return skops.io.dumps(model)
    except RecursionError:
        raise ValueError("The model holds itself, or is nested too deeply.") from None
    except Exception as error:  # skops has errors of many kinds for what it can't do
        raise ValueError(
            f"save_model can't write this model: {error} Write it by `joblib.dump`, "
            "or leave out the part that can't be written."
        ) from error


def _check_types(objects: BinaryIO, trusted: list[str]) -> None:
    found = sorted(_types_in(objects) - set(trusted))
    if found:
        raise ValueError(
            "save_model can't write this model as a file that runs no code, since it "
            f"holds {', '.join(found)}. Give what has a name by its name, such as "
            "uncertainty='gmu', or leave it out; or, if whoever loads the model has "
            f"this code and trusts it, name it here and in load_model: trusted={found}."
        )


def _types_in(objects: BinaryIO) -> set[str]:
    """Names of all types in a file of skops but those that skops itself trusts."""
    import skops.io

    return set(skops.io.get_untrusted_types(file=objects))


def _trusted(names: Iterable[str]) -> list[str]:
    given = [names] if isinstance(names, str) else list(names)
    wrong = [name for name in given if not isinstance(name, str)]
    if wrong:
        raise TypeError(
            "Expected `trusted` as full names of types, such as 'mypackage.MyScaler', "
            f"but got {wrong[0]!r}."
        )
    return [*all_trusted(), *given]


def _as_safetensors(tensors: Mapping[str, Any]) -> bytes:
    """Write tensors, each with memory of its own, as safetensors wants them."""
    from safetensors.torch import save

    seen: set[int] = set()
    separate = {}
    for name, tensor in tensors.items():
        own = tensor.contiguous()
        if own.untyped_storage().data_ptr() in seen:
            own = own.clone()
        seen.add(own.untyped_storage().data_ptr())
        separate[name] = own
    return save(separate)


# -- reading ---------------------------------------------------------------------------


def _parts_of(name: str, archive: zipfile.ZipFile) -> tuple[Any, _aside.Parts]:
    from safetensors.torch import load

    try:
        manifest = _container.read_json(archive, _MANIFEST)
        tensors = load(archive.read(_WEIGHTS))
        parts = _aside.Parts(manifest["hierarchies"], tensors)
        return {"versions": dict(manifest["versions"])}, parts
    except Exception as error:  # safetensors has errors of its own
        raise malformed(name, error) from None


def _made(name: str, archive: Any, manifest: Any, trusted: list[str]) -> Any:
    """Make the objects of a file, if all are of trusted types."""
    import skops.io

    try:
        # First which there are: skops keeps all names that are trusted for each object.
        types = _types_in(archive.fp)
        unknown = sorted(types - set(trusted))
        if not unknown:
            model = skops.io.load(archive.fp, trusted=sorted(types))
            check_trees(model)
            return model
    except (_aside.Needed, MemoryError):
        raise
    except Exception as error:  # a stranger's content may lead to any
        raise malformed(name, error, other_versions(manifest)) from error
    raise ModelFileError(
        f"{name}: the model holds types that are not known to be safe: "
        f"{', '.join(unknown)}. If you have their code and know it to be, name them: "
        f"load_model(path, trusted={unknown}).{other_versions(manifest)}"
    )
