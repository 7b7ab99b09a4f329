"""`KernelHierarchyClassifier` against the systems of equations, solved one by one."""

import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics.pairwise import laplacian_kernel

from sklearn_hmlc.experts import KernelHierarchyClassifier
from sklearn_hmlc.metrics import au_prc
from sklearn_hmlc.postprocessing import make_coherent
from tests._reference import kernel_ridge, kernel_ridge_left_out
from tests.classifier.common import TREE, make_data

from .data import make_indicators

ROWS = 30
X, Y = make_data(n_samples=ROWS)
X[5:8] = X[4]  # rows that are alike, with labels of their own
Z = make_data(n_samples=20, seed=1)[0]
WEIGHTS = {
    "alike": np.ones(ROWS),
    "own": np.random.default_rng(0).uniform(0.2, 3, size=ROWS),
}


def distance(a, b):
    return np.sqrt(((a - b) ** 2).sum())


def slow_kernel(kind, A, B, unit):
    """The kernel, pair by pair."""
    pairs = {
        "exponential": lambda a, b: np.exp(-distance(a, b) / unit),
        "rbf": lambda a, b: np.exp(-((distance(a, b) / unit) ** 2) / 2),
        "cosine": lambda a, b: a @ b / max(1e-300, np.sqrt((a @ a) * (b @ b))),
        "jaccard": lambda a, b: (
            ((a != 0) & (b != 0)).sum() / max(1, ((a != 0) | (b != 0)).sum())
        ),
        "linear": lambda a, b: a @ b / unit,
    }
    return np.array([[pairs[kind](a, b) for b in B] for a in A])


def unit_of(clf, kind, X):
    return clf.width_ if clf.width_ else (X**2).sum(axis=1).mean()


def answers(scores):
    """Scores as they are answered, without the root, which all models agree on."""
    return make_coherent(np.clip(scores, 0, 1), TREE)[:, TREE.scored]


@pytest.mark.parametrize("kind", ["exponential", "rbf", "cosine", "jaccard", "linear"])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array, sp.csr_matrix])
def test_kernels_against_their_formulas(kind, container):
    A, B = make_indicators(ROWS).toarray() * 2.5, make_indicators(12, seed=1).toarray()
    clf = KernelHierarchyClassifier(TREE, kernel=kind, widths=0.7, alphas=0.3)
    clf.fit(container(A), Y)
    unit = unit_of(clf, kind, A)
    kernel, new = slow_kernel(kind, A, A, unit), slow_kernel(kind, B, A, unit)
    expected = kernel_ridge(kernel, new, Y, np.ones(ROWS), 0.3)
    proba = clf.predict_proba(container(B))[:, TREE.scored]
    np.testing.assert_allclose(proba, answers(expected), atol=1e-6)


def test_width_is_in_units_of_the_median_distance():
    clf = KernelHierarchyClassifier(TREE, widths=[0.5], alphas=[1]).fit(X, Y)
    every = [distance(a, b) for a in X for b in X]
    assert clf.width_ == pytest.approx(np.median(every) / 2)


@pytest.mark.parametrize("shift", [0, 2.0])
@pytest.mark.parametrize("container", [np.asarray, sp.csr_array])
def test_width_where_most_rows_are_alike(container, shift, rng):
    # Distances between rows that are alike are no measure; shifted, they are rounded.
    some = np.where(np.arange(ROWS)[:, np.newaxis] % 5 == 0, X, 0) + shift
    every = np.array([distance(a, b) for a in some for b in some])
    assert np.median(every) == 0
    median = np.median(every[every > 0])
    for weight in (None, np.full(ROWS, 0.5)):
        widths = [
            KernelHierarchyClassifier(TREE)
            .fit(container(some * unit), Y, weight)
            .width_
            for unit in (0.01, 1, 100)
        ]
        np.testing.assert_allclose(widths, [0.01 * median, median, 100 * median])


def test_rows_that_are_all_alike_have_the_frequencies():
    clf = KernelHierarchyClassifier(TREE).fit(np.ones((ROWS, 2)), Y)
    assert clf.width_ == 1
    np.testing.assert_allclose(clf.predict_proba([[1, 1]])[0], Y.mean(axis=0), 1e-6)


@pytest.mark.parametrize("kernel", ["exponential", "rbf"])
def test_features_far_from_zero(kernel):
    near = KernelHierarchyClassifier(TREE, kernel=kernel).fit(X, Y)
    far = KernelHierarchyClassifier(TREE, kernel=kernel).fit(X + 1e8, Y)
    for rows in (Z, sp.csr_array(Z)):
        new = rows + 1e8 if rows is Z else sp.csr_array(Z + 1e8)
        np.testing.assert_allclose(
            far.predict_proba(new), near.predict_proba(rows), atol=1e-5
        )


def test_a_row_far_from_all_others_hides_no_distance():
    away = X.copy()
    away[0] = 1e9
    near = KernelHierarchyClassifier(TREE, alphas=1).fit(X[1:], Y[1:])
    far = KernelHierarchyClassifier(TREE, alphas=1).fit(away, Y)
    assert far.width_ == pytest.approx(near.width_, rel=0.1)


def test_warns_where_jaccard_sees_no_difference():
    clf = KernelHierarchyClassifier(TREE, kernel="jaccard")
    with pytest.warns(UserWarning, match='kernel="jaccard" .* no entry of X is 0') as w:
        clf.fit(X, Y)
    assert w[0].filename == __file__
    assert (clf.predict_proba(Z) == clf.predict_proba(Z[:1])).all()
    clf.fit(np.where(np.arange(X.size).reshape(X.shape) == 0, 0, X), Y)  # no warning


@pytest.mark.parametrize("weight", ["alike", "own"])
@pytest.mark.parametrize("n_components", [None, 10])
@pytest.mark.parametrize("alpha", [1e-4, 0.3, 10])
def test_left_out_is_what_fits_without_each_row_say(weight, n_components, alpha):
    weight = WEIGHTS[weight]
    clf = KernelHierarchyClassifier(
        TREE, alphas=[alpha], n_components=n_components, random_state=0
    ).fit(X, Y, weight)
    kernel = slow_kernel("exponential", X, X, clf.width_)
    new = slow_kernel("exponential", Z, X, clf.width_)
    if n_components:
        marks = X[clf.landmarks_]
        inverse = np.linalg.inv(slow_kernel("exponential", marks, marks, clf.width_))
        of_rows = slow_kernel("exponential", X, marks, clf.width_)
        kernel = of_rows @ inverse @ of_rows.T
        new = slow_kernel("exponential", Z, marks, clf.width_) @ inverse @ of_rows.T
    tolerance = 1e-6 if n_components is None else 1e-4
    proba = clf.predict_proba(Z)[:, TREE.scored]
    expected = answers(kernel_ridge(kernel, new, Y, weight, alpha))
    np.testing.assert_allclose(proba, expected, atol=tolerance)
    proba = clf.held_out_proba()[:, TREE.scored]
    expected = answers(kernel_ridge_left_out(kernel, Y, weight, alpha))
    np.testing.assert_allclose(proba, expected, atol=tolerance)


@pytest.mark.parametrize("n_components", [None, 10])
@pytest.mark.parametrize(
    ("alphas", "weight"), [([1e-18, 1.0], 1.0), ([0.1], 1e12), ([1e-300], 1.0)]
)
def test_penalties_that_rounding_takes_away(alphas, weight, n_components):
    """Held-out answers would be the labels, or no numbers."""
    clf = KernelHierarchyClassifier(TREE, alphas=alphas, n_components=n_components)
    with pytest.raises(ValueError, match="`alphas` of at least"):
        clf.fit(X, Y, np.full(ROWS, weight))


@pytest.mark.parametrize("n_components", [None, 12])
def test_choice_is_the_best_left_out(n_components):
    widths, alphas = [0.5, 2.0], [0.1, 1.0, 5.0]
    weight = WEIGHTS["own"]

    def fitted(widths, alphas):
        clf = KernelHierarchyClassifier(
            TREE,
            widths=widths,
            alphas=alphas,
            n_components=n_components,
            random_state=0,
        )
        return clf.fit(X, Y, weight)

    clf = fitted(widths, alphas)
    scored = TREE.scored
    expected = [
        [
            au_prc(
                Y,
                fitted([width], [alpha]).held_out_proba(),
                scored=scored,
                sample_weight=weight,
            )
            for alpha in alphas
        ]
        for width in widths
    ]
    np.testing.assert_allclose(clf.held_out_scores_, expected, atol=1e-6)
    best = np.unravel_index(np.argmax(expected), (2, 3))
    assert clf.alpha_ == alphas[best[1]]
    alone = fitted([widths[best[0]]], [clf.alpha_])
    assert clf.width_ == alone.width_
    np.testing.assert_array_equal(clf.predict_proba(Z), alone.predict_proba(Z))
    assert np.isnan(alone.held_out_scores_).all()


@pytest.mark.parametrize("n_components", [None, 10])
def test_weights_of_rows_are_repeats(n_components):
    repeats = np.random.default_rng(0).integers(0, 3, size=ROWS)
    rows = np.repeat(np.arange(ROWS), repeats)
    clf = KernelHierarchyClassifier(
        TREE, alphas=[0.3], n_components=n_components, random_state=0
    )
    weighted = clf.fit(X, Y, repeats).predict_proba(Z)
    repeated = clf.fit(X[rows], Y[rows]).predict_proba(Z)
    np.testing.assert_allclose(weighted, repeated, atol=1e-6)


@pytest.mark.parametrize("n_components", [None, 10])
def test_order_of_rows_decides_nothing(n_components):
    order = np.random.default_rng(0).permutation(ROWS)
    clf = KernelHierarchyClassifier(TREE, n_components=n_components, random_state=0)
    proba, held_out = clf.fit(X, Y).predict_proba(Z), clf.held_out_proba()
    clf.fit(X[order], Y[order])
    np.testing.assert_allclose(clf.predict_proba(Z), proba, atol=1e-6)
    np.testing.assert_allclose(clf.held_out_proba(), held_out[order], atol=1e-6)


def test_as_many_landmarks_as_distinct_rows_are_all_rows():
    whole = KernelHierarchyClassifier(TREE, n_components=None).fit(X, Y)
    many = KernelHierarchyClassifier(TREE, n_components=ROWS - 3).fit(X, Y)
    assert many.landmarks_ is None
    np.testing.assert_array_equal(many.predict_proba(Z), whole.predict_proba(Z))


def test_landmarks_are_numbers_of_rows():
    clf = KernelHierarchyClassifier(TREE, n_components=26, random_state=0).fit(X, Y)
    assert len({X[row].tobytes() for row in clf.landmarks_}) == 26


def test_a_callable_is_a_kernel():
    own = KernelHierarchyClassifier(TREE, kernel=laplacian_kernel, alphas=[1])
    proba = own.fit(X, Y).predict_proba(Z)
    kernel, new = laplacian_kernel(X, X), laplacian_kernel(Z, X)
    expected = kernel_ridge(kernel, new, Y, np.ones(ROWS), 1)
    np.testing.assert_allclose(proba[:, TREE.scored], answers(expected), atol=1e-6)
    assert own.width_ is None


@pytest.mark.parametrize(
    ("kernel", "message"),
    [
        (lambda A, B: A @ B.T - 100, "semi-definite"),
        (lambda A, B: (A @ B.T)[:, :-1], "to return an array of shape"),
        (lambda A, B: np.full((len(A), len(B)), np.nan), "finite"),
    ],
)
def test_a_callable_that_is_no_kernel(kernel, message):
    with pytest.raises(ValueError, match=message):
        KernelHierarchyClassifier(TREE, kernel=kernel).fit(X, Y)


@pytest.mark.parametrize(
    "params",
    [
        {"alphas": []},
        {"alphas": [0.0, 1.0]},
        {"alphas": ["much"]},
        {"widths": [np.inf]},
        {"widths": "wide"},
        {"kernel": "gauss"},
        {"n_components": 0},
    ],
)
def test_bad_parameters(params):
    with pytest.raises(ValueError, match=next(iter(params))):
        KernelHierarchyClassifier(TREE, **params).fit(X, Y)


def test_rows_that_are_all_alike_get_frequencies():
    clf = KernelHierarchyClassifier(TREE).fit(np.ones((ROWS, 3)), Y)
    proba = clf.predict_proba(np.ones((1, 3)))[0]
    np.testing.assert_allclose(proba, Y.mean(axis=0), atol=1e-6)


def test_labels_without_a_positive():
    clf = KernelHierarchyClassifier(TREE).fit(X, np.zeros_like(Y))
    assert clf.alpha_ == 10
    assert (clf.predict_proba(Z) == 0).all()


def test_auto_is_jaccard_for_what_is_mostly_zeros():
    rng = np.random.default_rng(0)
    rare = sp.random_array((40, 100), density=0.02, rng=rng, format="csr")
    dense = sp.random_array((40, 100), density=0.3, rng=rng, format="csr")
    y = rng.integers(2, size=(40, 3))
    for rows, kernel in ((rare, "jaccard"), (dense, "exponential")):
        clf = KernelHierarchyClassifier().fit(rows, y)
        other = KernelHierarchyClassifier(kernel=kernel).fit(rows, y)
        assert clf.kernel_ == other.kernel_ == kernel
        np.testing.assert_array_equal(
            clf.predict_proba(rows), other.predict_proba(rows)
        )
