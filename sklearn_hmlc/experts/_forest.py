"""`HierarchicalForestClassifier`: trees that split by labels, coherent as they are.

Stage: an expert, see `CoherentExpert`; the trees are in `_trees`. Source: predictive
clustering trees (Vens et al., 2008) in forests of extremely randomised trees (Geurts et
al., 2006), grown on compressed labels.
"""

import math
import warnings
from dataclasses import replace
from numbers import Integral, Real
from typing import ClassVar

import numpy as np
import scipy.sparse as sp
from sklearn.decomposition import TruncatedSVD
from sklearn.model_selection import KFold
from sklearn.utils import assert_all_finite, check_random_state
from sklearn.utils._param_validation import Interval, RealNotInt, StrOptions
from sklearn.utils.validation import check_is_fitted

from .._inner_fit import narrow
from ..hierarchy import Hierarchy
from ..postprocessing import make_coherent
from ._base import CoherentExpert
from ._trees import SEEDS, TREES, Growth, LabelForest

# Rows that are answered at a time where no tree can.
_ROWS = 256

# Features up to which a split looks at all; components of more sparse ones.
_ALL_FEATURES, _FEATURE_COMPONENTS = 500, 100

# Share of two-valued features from which chance must choose features.
_TWO_VALUED = 0.25


class HierarchicalForestClassifier(CoherentExpert):
    r"""Forest of trees that split by labels and average whole label sets.

    scikit-learn's own trees, grown on the leading components of the labels, in which
    upper nodes weigh more. Each leaf answers with the mean of the full label sets of
    its training rows, and the forest with the mean over its trees. Means of closed
    label sets are coherent, so there is nothing to mend.

    Parameters
    ----------
    hierarchy : Hierarchy, default=None
        The label graph. None: a flat one over the columns (or classes) of ``y``.
    n_estimators : int, default=200
        Number of trees.
    splitter : {"extra", "best"}, default="extra"
        How a tree splits: by the best of one random threshold per feature, as in
        extremely randomised trees, or by the best threshold of all, as in random
        forests, where chance has to choose features or rows: trees are all alike
        otherwise, of which `fit` warns.
    max_features : int, float, {"auto", "sqrt", "log2"} or None, default="auto"
        Number or share of the features that each split looks at. None: all. "auto":
        sqrt(n) for the "best" threshold, and where a quarter of the n features or more
        have two values at most, else all up to 500; of n > 500 only 500 * 500 / n, but
        sqrt(n) at least, since growing would take too long otherwise.
    min_samples_leaf : int or float, default=3
        Number or share of the training rows that a leaf has at least.
    max_depth : int, default=None
        Depth at which trees end. None: leaves are split as far as
        ``min_samples_leaf`` allows.
    n_components : int or None, default=100
        Number of label components that splits look at, the leading singular vectors of
        the labels. None, or as many as there are nodes: the labels themselves.
    n_feature_components : int, "auto" or None, default="auto"
        Number of components (leading right singular vectors) of the features that
        splits look at instead of the features. "auto": 100 for a sparse ``X`` of more
        than 500 features, of which single ones hardly split. None: the features.
    depth_weight : float, default=0.75
        A node at depth d weighs ``depth_weight ** d`` in the splits, in (0, 1].
    bootstrap : bool, default=False
        Whether each tree draws its rows with replacement, in proportion to
        ``sample_weight``. Out-of-bag rows then tell `held_out_proba`.
    max_samples : int, float or None, default=None
        Number or share of the rows that each tree draws; without ``bootstrap`` no row
        twice. None: as many as there are.
    n_folds : int, default=5
        Number of folds for `held_out_proba` where trees see all rows, >= 2. They are
        fitted when it is called.
    n_jobs : int, default=None
        Number of threads that grow trees; -1: all processors. The forest is the same.
    random_state : int, RandomState instance or None, default=None
        Decides rows, features and thresholds, label components and folds.

    Attributes
    ----------
    classes_ : ndarray of shape (n_nodes,) or (n_classes,)
        Names of the columns of `predict_proba`: the nodes in their order, or as the
        columns of a frame ``y``; for 1-D ``y`` the sorted classes.
    hierarchy_ : Hierarchy
        The hierarchy in use.
    feature_importances_ : ndarray of shape (n_features,)
        What splits on each feature explain of the label components.
    n_features_in_ : int
        Number of features.
    feature_names_in_ : ndarray of shape (`n_features_in_`,)
        Names of the features, where ``X`` had any.

    See Also
    --------
    sklearn_hmlc.postprocessing.CoherentClassifier : Any classifier, made coherent.

    Notes
    -----
    Splits minimise the variance of label sets in a leaf, under the squared distance
    :math:`\sum_c w^{d(c)} (y_c - y'_c)^2` over the scored nodes [1]_, with w the
    ``depth_weight`` and d(c) the depth of node c, as far as the components tell.

    Growing takes as long for 40,000 nodes as for ``n_components``. The fitted forest
    remembers the labels of the training rows and their leaves, but no leaf has a row of
    probabilities: memory goes with ``n_estimators * n_samples``, about 100 bytes each,
    whatever the number of nodes. Where trees see all rows the features are kept, too,
    for `held_out_proba`.

    Missing values in a dense ``X`` are taken as they are, by scikit-learn's rules for
    its trees; so are features of any scale but the smallest: a node whose rows differ
    by less than 1e-7 in a feature does not split on it. A sparse ``X`` of few features
    stays sparse. But of thousands of features that are mostly 0 each split takes off
    few rows, so that trees become deep, and slow to grow. Components of the features
    are faster and were better, too (AU(PRC) .597 against .585 on protein domains and
    molecular functions of human genes).

    Why few of two-valued features: such a feature has one threshold, which leaves
    nothing to chance, so that trees that look at all features are all alike. On the
    validation parts of the yeast sets AU(PRC) is .180 with sqrt(n) and .109 with all of
    pheno_FUN's one-hot features, .164 and .145 on church_FUN (42 % two-valued), but
    lower by .012 to .030 on four of five sets of numbers. The best threshold of all
    leaves as little to chance: cellcycle_FUN's is .226 with sqrt(n) of 77 features,
    .225 with a third and .068 with all (.229 with random thresholds).

    Why trees see all rows: trained on the training part of six yeast sets and looked at
    on the validation part, AU(PRC) was higher by .01 than with ``bootstrap`` (.007 to
    .020, but .011 lower on church_FUN), and by .004 than with ``max_samples=0.8``.
    Those have held-out probabilities at no cost, but from few trees.

    References
    ----------
    .. [1] C. Vens, J. Struyf, L. Schietgat, S. Džeroski and H. Blockeel, "Decision
       trees for hierarchical multi-label classification", Machine Learning 73, 2008.
    .. [2] P. Geurts, D. Ernst and L. Wehenkel, "Extremely randomized trees", Machine
       Learning 63, 2006.

    Examples
    --------
    >>> from sklearn_hmlc.datasets import make_hierarchical_multilabel
    >>> from sklearn_hmlc.experts import HierarchicalForestClassifier
    >>> X, Y, hierarchy = make_hierarchical_multilabel(
    ...     n_samples=200, n_features=20, n_nodes=15, random_state=0
    ... )
    >>> clf = HierarchicalForestClassifier(hierarchy, n_estimators=20, random_state=0)
    >>> proba = clf.fit(X, Y).predict_proba(X)
    >>> proba.shape
    (200, 15)
    >>> hierarchy.is_closed(clf.predict(X))
    True
    >>> clf.held_out_proba().shape
    (200, 15)
    """

    _allow_nan: ClassVar[bool] = True

    _parameter_constraints: ClassVar[dict] = {
        "hierarchy": [Hierarchy, None],
        "n_estimators": [Interval(Integral, 1, None, closed="left")],
        "splitter": [StrOptions(set(TREES))],
        "max_features": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            StrOptions({"auto", "sqrt", "log2"}),
            None,
        ],
        "min_samples_leaf": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="neither"),
        ],
        "max_depth": [Interval(Integral, 1, None, closed="left"), None],
        "n_components": [Interval(Integral, 1, None, closed="left"), None],
        "n_feature_components": [
            Interval(Integral, 1, None, closed="left"),
            StrOptions({"auto"}),
            None,
        ],
        "depth_weight": [Interval(Real, 0, 1, closed="right")],
        "bootstrap": ["boolean"],
        "max_samples": [
            Interval(Integral, 1, None, closed="left"),
            Interval(RealNotInt, 0, 1, closed="right"),
            None,
        ],
        "n_folds": [Interval(Integral, 2, None, closed="left")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
    }

    def __init__(
        self,
        hierarchy=None,
        *,
        n_estimators=200,
        splitter="extra",
        max_features="auto",
        min_samples_leaf=3,
        max_depth=None,
        n_components=100,
        n_feature_components="auto",
        depth_weight=0.75,
        bootstrap=False,
        max_samples=None,
        n_folds=5,
        n_jobs=None,
        random_state=None,
    ):
        self.hierarchy = hierarchy
        self.n_estimators = n_estimators
        self.splitter = splitter
        self.max_features = max_features
        self.min_samples_leaf = min_samples_leaf
        self.max_depth = max_depth
        self.n_components = n_components
        self.n_feature_components = n_feature_components
        self.depth_weight = depth_weight
        self.bootstrap = bootstrap
        self.max_samples = max_samples
        self.n_folds = n_folds
        self.n_jobs = n_jobs
        self.random_state = random_state

    def apply(self, X):
        """Tell in which leaf of each tree rows fall.

        Parameters
        ----------
        X : array-like, sparse matrix or DataFrame of shape (n_samples, n_features)
            Features.

        Returns
        -------
        leaves : ndarray of int64 of shape (n_samples, n_estimators)
            Numbers of leaves within their tree.
        """
        check_is_fitted(self)
        return self._forest.leaves(self._as_split(self._checked(X, reset=False)))

    @property
    def feature_importances_(self):
        """Importance of each feature: the share of variance that splits on it take off.

        The mean over trees, summing to 1 (all 0 where no tree has a split). It is the
        variance of the label components, in which upper nodes weigh more, and it is
        that of the training rows, which favours features of many values:
        `sklearn.inspection.permutation_importance` tells what new rows say.

        Returns
        -------
        importances : ndarray of shape (n_features,)
        """
        check_is_fitted(self)
        importances = self._forest.importances()
        if self._reduction is None:
            return importances
        # Squared loadings of a component sum to 1: they share its importance out.
        return importances @ self._reduction.components_**2

    # -- what the base asks for ------------------------------------------------------

    def _learn(self, X, Y, weight):
        random_state = check_random_state(self.random_state)
        seed, self._fold_seed = random_state.randint(SEEDS, size=2).tolist()
        self._reduction = self._learn_reduction(self._float32(X), seed)
        given, X, Y = X, self._as_split(X), Y.astype(np.float64)
        self._growth = self._as_growth(X)
        self._warn_of_one_tree(X)
        self._forest = self._grown(X, Y, weight, seed)
        self._weight = weight
        self._out_of_bag = self._growth.leaves_out(Y.shape[0])
        self._rows = None if self._out_of_bag else _own(X, given)

    def _as_growth(self, X):
        looked_at = self.max_features
        params = {
            "max_features": self._auto(X) if looked_at == "auto" else looked_at,
            "min_samples_leaf": self.min_samples_leaf,
            "max_depth": self.max_depth,
        }
        return Growth(
            self.splitter,
            params,
            self.n_estimators,
            self.n_components,
            self.depth_weight,
            self.bootstrap,
            self.max_samples,
            self.n_jobs,
        )

    def _auto(self, X):
        """Return how many features a split looks at."""
        n_features = X.shape[1]
        few = max(math.isqrt(n_features), 1)
        if self.splitter == "best" or np.mean(_two_valued(X)) >= _TWO_VALUED:
            return few
        if n_features <= _ALL_FEATURES:
            return n_features
        return max(_ALL_FEATURES**2 // n_features, few)

    def _warn_of_one_tree(self, X):
        """Tell where neither thresholds nor features nor rows are left to chance."""
        n_rows, n_features = X.shape
        looked_at = self._growth.tree_params["max_features"]
        if isinstance(looked_at, Integral):
            looked_at = looked_at / n_features
        all_features = looked_at is None or (
            not isinstance(looked_at, str) and looked_at >= 1
        )
        if not all_features or self._growth.leaves_out(n_rows):
            return
        # A feature of two values has but one threshold.
        one_threshold = self.splitter == "best" or _two_valued(X).all()
        if one_threshold and min(n_features, self.n_estimators) > 1:
            warnings.warn(
                f"All {self.n_estimators} trees are alike but for ties: each looks at "
                "all features of all rows, and no threshold is left to chance. Give "
                '`max_features` as "auto" or as less than all, or bootstrap=True.',
                UserWarning,
                stacklevel=6,
            )

    def _grown(self, X, Y, weight, seed, growth=None):
        growth = self._growth if growth is None else growth
        return LabelForest.grow(X, Y, weight, self.hierarchy_, growth, seed)

    def _proba(self, X):
        return self._forest.proba(self._as_split(X))

    def _held_out(self):
        if self._forest.Y.shape[0] < 2:
            raise ValueError(
                "Expected 2 rows at least to tell what has not seen them, but the "
                "forest was fitted on 1."
            )
        return self._out_of_bag_proba() if self._out_of_bag else self._out_of_fold()

    def _out_of_bag_proba(self):
        """Mean over the trees that did not draw a row."""
        proba = self._forest.out_of_bag_proba()
        missing = np.flatnonzero(self._forest.never_out)
        if len(missing):
            warnings.warn(
                f"{len(missing)} of {len(proba)} rows are out of no tree's bag; their "
                "held-out probabilities are the frequencies among all other rows. "
                "Raise `n_estimators`.",
                UserWarning,
                stacklevel=5,
            )
            for some in np.array_split(missing, 1 + len(missing) // _ROWS):
                others = self._frequencies_without(some, self._forest.Y)
                # Differences of floats are not quite in the order of the numbers.
                proba[some] = make_coherent(others, self.hierarchy_)
        return proba

    def _out_of_fold(self):
        """Each fold by a forest on the others; its labels are in nothing of it."""
        X, Y, weight = self._rows, self._forest.Y, self._weight
        proba = np.empty(Y.shape, dtype=np.float32)
        growth = replace(self._growth, max_samples=None)  # it was that of all rows
        n_folds = min(self.n_folds, Y.shape[0])
        folds = KFold(n_folds, shuffle=True, random_state=self._fold_seed)
        for number, (train, out) in enumerate(folds.split(X)):
            there = None if weight is None else weight[train]
            seed = (self._fold_seed + number + 1) % SEEDS
            forest = self._grown(X[train], Y[train], there, seed, growth)
            proba[out] = forest.proba(X[out])
        return proba

    def _learn_reduction(self, X, seed):
        """Learn components of the features, where splits are to look at these."""
        n_components, n_features = self.n_feature_components, X.shape[1]
        if n_components == "auto":
            wide = sp.issparse(X) and n_features > _ALL_FEATURES
            n_components = _FEATURE_COMPONENTS if wide else None
        if n_components is None or n_components >= min(X.shape):
            return None
        reduction = TruncatedSVD(n_components, random_state=seed)
        return reduction.set_output(transform="default").fit(X)

    def _as_split(self, X):
        """Return X as the trees see it."""
        X = self._float32(X)
        if self._reduction is None:
            return X
        return self._reduction.transform(X).astype(np.float32)

    def _float32(self, X):
        """Return X as scikit-learn's trees take it, or raise."""
        sparse = sp.issparse(X)
        with np.errstate(over="ignore"):
            X = narrow(X).astype(np.float32, copy=False)
        assert_all_finite(
            X.data if sparse else X,
            allow_nan=not sparse,
            estimator_name=type(self).__name__,
            input_name="X",
        )
        return X


def _two_valued(X):
    """Tell which columns have two values at most, missing ones aside."""
    if not sp.issparse(X):
        low, high = np.fmin.reduce(X), np.fmax.reduce(X)
        return ((low == X) | (high == X) | np.isnan(X)).all(axis=0)
    X = sp.csc_array(X)
    n_stored = np.diff(X.indptr)
    low, high = (np.asarray(end(axis=0).todense()).ravel() for end in (X.min, X.max))
    among = (X.data == low.repeat(n_stored)) | (X.data == high.repeat(n_stored))
    full = np.flatnonzero(n_stored)
    two = np.ones(X.shape[1], dtype=bool)
    two[full] = np.logical_and.reduceat(among, X.indptr[full])
    # Where something is not stored, 0 is a value as well.
    return two & ((n_stored == X.shape[0]) | (low == 0) | (high == 0))


def _own(X, given):
    """Return X, or a copy where it is the user's, who may write on it."""
    values, theirs = (x.data if sp.issparse(x) else x for x in (X, given))
    return X.copy() if np.may_share_memory(values, theirs) else X
