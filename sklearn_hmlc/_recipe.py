"""The whole of it by one name: features in order, experts, their mean, thresholds.

Stage: all, as one scikit-learn estimator. In: parameters. Out: an unfitted
`NodeThresholdClassifier` around a pipeline of a standardiser and a
`CoherentVotingClassifier`.
"""

import numpy as np
import scipy.sparse as sp
from sklearn.base import BaseEstimator, OneToOneFeatureMixin, TransformerMixin
from sklearn.impute import SimpleImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import check_is_fitted, validate_data

from ._classifier import HierarchicalEnsembleClassifier
from ._words import did_you_mean
from .experts import (
    CoherentVotingClassifier,
    HierarchicalForestClassifier,
    KernelHierarchyClassifier,
)
from .postprocessing import NodeThresholdClassifier

# Nodes with fewer positive rows share their thresholds.
POOLED = 5

_EXPERTS = ("network", "forest", "kernel")
_OF_MEAN = ("weights", "shrinkage", "cv")
_OF_THRESHOLDS = ("strategy", "factor", "pooled")


def make_rare_node_ensemble(
    hierarchy=None, *, random_state=None, n_jobs=None, **params
):
    """Make the classifier that finds most: three experts, their mean, thresholds.

    Features are put in order (missing ones get the median, all are standardised; sparse
    ones stay as they are). A network, a forest and a kernel, each coherent, are
    averaged with weights that are chosen on rows they have not seen. Rare nodes lean on
    their parents, as far as these rows allow, and the same rows tune a threshold per
    node. Nodes with few rows share what they learn about theirs.

    Parameters
    ----------
    hierarchy : Hierarchy, default=None
        The label graph. None: a flat one over the columns (or classes) of ``y``.
    random_state : int, RandomState instance or None, default=None
        Goes to all parts that draw.
    n_jobs : int, default=None
        Experts and folds that are fitted at a time, in joblib's words.
    **params : dict
        What is to be other than usual:

        - ``network__<name>``, ``forest__<name>``, ``kernel__<name>``: parameters of
          `HierarchicalEnsembleClassifier`,
          `sklearn_hmlc.experts.HierarchicalForestClassifier` and
          `sklearn_hmlc.experts.KernelHierarchyClassifier`; ``network``, ``forest``,
          ``kernel``: another estimator, or "drop";
        - ``weights``, ``shrinkage``, ``cv``: of
          `sklearn_hmlc.experts.CoherentVotingClassifier` ("auto", "auto", 5);
        - ``strategy``, ``factor``, ``pooled``: of
          `sklearn_hmlc.postprocessing.NodeThresholdClassifier` ("f1", 3.0, and 5, which
          is for "f1" alone).

    Returns
    -------
    classifier : NodeThresholdClassifier
        Unfitted. Around a pipeline with the steps "standardize" and "experts".

    Raises
    ------
    TypeError
        If a parameter has a name that nothing here has.
    ValueError
        If an expert has no such parameter, or is dropped.

    See Also
    --------
    HierarchicalEnsembleClassifier : The network alone.

    Notes
    -----
    The network is fitted on folds, once more for each of `cv`, which is most of the
    time that a fit takes; the forest on folds of its own (``forest__n_folds``, 5), and
    the kernel once. Weights, shrinkage and thresholds cost no further fit while
    ``weights="auto"`` or ``shrinkage="auto"``; with other values of both all is fitted
    on 5 folds.

    Groups of rows that are to be held out together: a splitter such as ``GroupKFold``
    as ``cv``, and ``fit(X, Y, experts__groups=groups)``.

    Examples
    --------
    >>> from sklearn_hmlc import make_rare_node_ensemble
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=100, n_features=10, n_nodes=8, random_state=0
    ... )
    >>> clf = make_rare_node_ensemble(
    ...     hierarchy, random_state=0, cv=2, network__max_epochs=2,
    ...     network__hidden_layer_sizes=(20,), forest__n_estimators=10,
    ... ).fit(X, Y)
    >>> hierarchy.is_closed(clf.predict(X))
    True
    >>> clf.estimator_["experts"].summary().index.tolist()
    ['network', 'forest', 'kernel', 'mean']
    """
    experts = [
        ("network", HierarchicalEnsembleClassifier(random_state=random_state)),
        (
            "forest",
            HierarchicalForestClassifier(n_jobs=n_jobs, random_state=random_state),
        ),
        ("kernel", KernelHierarchyClassifier(random_state=random_state)),
    ]
    mean = CoherentVotingClassifier(
        experts,
        hierarchy,
        shrinkage="auto",
        n_jobs=n_jobs,
        random_state=random_state,
    )
    # Experts take sparse features, which frames can't hold, whatever else is set.
    standardize = TableStandardizer().set_output(transform="default")
    classifier = NodeThresholdClassifier(
        Pipeline([("standardize", standardize), ("experts", mean)]),
        strategy="f1",
        # Nothing is pooled by prevalence.
        pooled=POOLED if params.get("strategy", "f1") == "f1" else None,
        n_jobs=n_jobs,
        random_state=random_state,
    )
    _check_dropped(params)
    # Whole experts before what is set in them.
    for name in sorted(params, key=lambda name: "__" in name):
        classifier.set_params(**{_path_of(name): params[name]})
    return classifier


def _check_dropped(params):
    """Refuse parameters of what is not there."""
    for name in params:
        head, _, inner = name.partition("__")
        if inner and isinstance(params.get(head), str):
            raise ValueError(
                f"Expected no parameters of what is dropped, but got {name} beside "
                f"{head}={params[head]!r}."
            )


def _path_of(name):
    """Where a parameter is, in the words of `set_params`."""
    head = name.partition("__")[0]
    if name in _OF_THRESHOLDS:
        return name
    if name in _OF_MEAN or head in _EXPERTS:
        return f"estimator__experts__{name}"
    known = [*_EXPERTS, *(f"{one}__..." for one in _EXPERTS)]
    known += [*_OF_MEAN, *_OF_THRESHOLDS]
    raise TypeError(
        f"Expected parameters among {', '.join(known)}, but got {name!r}."
        f"{did_you_mean(name, known)}"
    )


class TableStandardizer(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    """Dense features without gaps, of mean 0 and variance 1; sparse ones as they are.

    Missing values (NaN) get the median of their column, or 0 where all are missing.
    Neither medians nor means would leave sparse features sparse.

    Attributes
    ----------
    steps_ : Pipeline or None
        What dense features went through; None after a fit on sparse ones.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where they had any.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn_hmlc._recipe import TableStandardizer
    >>> TableStandardizer().fit_transform([[1.0], [np.nan], [3.0]]).ravel()
    array([-1.22474487,  0.        ,  1.22474487])
    """

    def fit(self, X, y=None):  # noqa: ARG002 (scikit-learn hands it over)
        """Learn medians, means and variances.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
        y : object, default=None
            Not used.

        Returns
        -------
        self : TableStandardizer
        """
        X = self._checked(X, reset=True)
        self.steps_ = None
        if not sp.issparse(X):
            impute = SimpleImputer(strategy="median", keep_empty_features=True)
            steps = make_pipeline(impute, StandardScaler())
            self.steps_ = steps.set_output(transform="default").fit(X)
        return self

    def transform(self, X):
        """Standardise features.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)

        Returns
        -------
        X : ndarray or sparse matrix of shape (n_samples, n_features)
            Sparse as given after a fit on sparse features.
        """
        check_is_fitted(self)
        X = self._checked(X, reset=False)
        if self.steps_ is None:
            return X
        return self.steps_.transform(X.toarray() if sp.issparse(X) else X)

    def _checked(self, X, reset):
        return validate_data(
            self,
            X,
            accept_sparse="csr",
            dtype=(np.float64, np.float32),
            ensure_all_finite="allow-nan",
            reset=reset,
        )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        tags.input_tags.allow_nan = True
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
