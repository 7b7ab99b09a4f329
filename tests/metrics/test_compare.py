"""`compare` against the worked example of Demsar (2006), scipy and formulas."""

import sys

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import stats

from sklearn_hmlc.metrics import Comparison, compare

pytest.importorskip("scikit_posthocs")

# Table 6 of Demsar: areas under the ROC curve of four variants of C4.5. The table has
# 0.975 twice for "voting" but ranks them 2 and 3, so that they differ unrounded.
DEMSAR = pd.DataFrame(
    [
        ("adult", 0.763, 0.768, 0.771, 0.798),
        ("breast cancer", 0.599, 0.591, 0.590, 0.569),
        ("breast cancer wisconsin", 0.954, 0.971, 0.968, 0.967),
        ("cmc", 0.628, 0.661, 0.654, 0.657),
        ("ionosphere", 0.882, 0.888, 0.886, 0.898),
        ("iris", 0.936, 0.931, 0.916, 0.931),
        ("liver disorders", 0.661, 0.668, 0.609, 0.685),
        ("lung cancer", 0.583, 0.583, 0.563, 0.625),
        ("lymphography", 0.775, 0.838, 0.866, 0.875),
        ("mushroom", 1.000, 1.000, 1.000, 1.000),
        ("primary tumor", 0.940, 0.962, 0.965, 0.962),
        ("rheum", 0.619, 0.666, 0.614, 0.669),
        ("voting", 0.972, 0.981, 0.9751, 0.975),
        ("wine", 0.957, 0.978, 0.946, 0.970),
    ],
    columns=["data", "C4.5", "+m", "+cf", "+m+cf"],
).set_index("data")


@pytest.fixture(scope="module")
def demsar():
    return compare(DEMSAR)


def test_ranks_and_critical_difference(demsar):
    # As printed in the paper.
    ranks = demsar.average_ranks.round(3).to_dict()
    assert ranks == {"+m+cf": 1.964, "+m": 2.0, "+cf": 2.893, "C4.5": 3.143}
    assert list(ranks) == ["+m+cf", "+m", "+cf", "C4.5"]
    assert demsar.critical_difference == pytest.approx(1.25, abs=0.005)
    assert demsar.ranks.loc["iris"].tolist() == [1, 2.5, 4, 2.5]
    assert compare(DEMSAR, alpha=0.10).critical_difference == pytest.approx(
        1.12, abs=0.005
    )


def test_friedman(demsar):
    # The paper has 9.28, which does not allow for ties; divided by
    # 1 - sum(t ** 3 - t) / (N (k ** 3 - k)) it does, t the sizes of
    # the groups of ties.
    ties = [
        count**3 - count
        for row in DEMSAR.to_numpy()
        for count in np.unique(row, return_counts=True)[1].tolist()
    ]
    uncorrected = 9.28
    corrected = uncorrected / (1 - sum(ties) / (14 * (4**3 - 4)))
    assert demsar.friedman_statistic == pytest.approx(corrected, abs=0.01)
    assert demsar.friedman_pvalue == pytest.approx(
        stats.chi2.sf(demsar.friedman_statistic, 3)
    )


def test_nemenyi(demsar):
    distance = abs(
        demsar.average_ranks.to_numpy()[:, np.newaxis] - demsar.average_ranks.to_numpy()
    )
    scale = np.sqrt(4 * 5 / (6 * 14) / 2)
    expected = stats.studentized_range.sf(distance / scale, 4, np.inf)
    names = demsar.average_ranks.index
    found = demsar.nemenyi_pvalues.loc[names, names].to_numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # At the critical difference the p-value is alpha.
    at = stats.studentized_range.sf(demsar.critical_difference / scale, 4, np.inf)
    assert at == pytest.approx(demsar.alpha, rel=1e-4)


def test_wilcoxon(demsar):
    expected = stats.wilcoxon(DEMSAR["C4.5"], DEMSAR["+m"], zero_method="zsplit")
    assert demsar.wilcoxon_pvalues.loc["C4.5", "+m"] == pytest.approx(expected.pvalue)
    assert (np.diag(demsar.wilcoxon_pvalues) == 1).all()
    assert (demsar.wilcoxon_pvalues == demsar.wilcoxon_pvalues.T).all(axis=None)
    adjusted = compare(DEMSAR, p_adjust="bonferroni").wilcoxon_pvalues
    assert adjusted.loc["C4.5", "+m"] == pytest.approx(min(1, 6 * expected.pvalue))


def test_lower_is_better_turns_the_ranks(demsar):
    turned = compare(-DEMSAR, higher_is_better=False)
    pd.testing.assert_frame_equal(turned.ranks, demsar.ranks)
    assert turned.friedman_pvalue == pytest.approx(demsar.friedman_pvalue)
    worst = compare(DEMSAR, higher_is_better=False).average_ranks
    np.testing.assert_allclose(worst + demsar.average_ranks, 5)


def test_arrays_do(demsar):
    found = compare(DEMSAR.to_numpy())
    assert isinstance(found, Comparison)
    assert found.average_ranks.sort_index().tolist() == (
        demsar.average_ranks[DEMSAR.columns].tolist()
    )


def test_equal_methods_have_p_value_one(rng):
    results = rng.random((6, 2))[:, [0, 0, 1]]
    found = compare(results)
    assert found.wilcoxon_pvalues.loc[0, 1] == 1
    assert found.nemenyi_pvalues.loc[0, 1] == 1


def test_text(demsar):
    text = str(demsar)
    assert text.startswith("4 methods on 14 data sets\nFriedman: chi2 = ")
    assert "critical difference 1.254 at alpha = 0.05" in text


@pytest.mark.parametrize(
    ("results", "options", "message"),
    [
        (DEMSAR[["C4.5", "+m"]], {}, r"3 methods \(columns\), but got 14 and 2"),
        (DEMSAR.iloc[:1], {}, "at least 2 data sets"),
        (DEMSAR.mask(DEMSAR == 0.936), {}, "data set 'iris' lacks one"),
        (DEMSAR.astype(object).replace(0.936, "x"), {}, "`results` of numbers"),
        (np.ones((4, 3)), {}, "all methods tie"),
        (DEMSAR.iloc[:, [0, 0, 1, 2]], {}, "to be unique"),
        (DEMSAR, {"alpha": 1.5}, r"`alpha` to be in \(0, 1\), but got 1.5"),
        (DEMSAR, {"alpha": "5 %"}, r"`alpha` to be in \(0, 1\), but got '5 %'"),
        (DEMSAR, {"p_adjust": "holms"}, "With p_adjust='holms'"),
    ],
)
def test_bad_input(results, options, message):
    with pytest.raises(ValueError, match=message):
        compare(results, **options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"higher_is_better": "yes"}, "`higher_is_better` to be True or False"),
        ({"p_adjust": 3}, "`p_adjust` to be a string or None, but got 3"),
    ],
)
def test_bad_types(options, message):
    with pytest.raises(TypeError, match=message):
        compare(DEMSAR, **options)


def test_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "scikit_posthocs", None)
    with pytest.raises(ImportError, match=r"pip install sklearn-hmlc\[compare\]"):
        compare(DEMSAR)


@pytest.mark.parametrize("n_datasets", [2, 5])
def test_few_data_sets(n_datasets):
    scores = np.random.default_rng(0).random((n_datasets, 3))
    pvalues = compare(scores).wilcoxon_pvalues
    for i, j in ((0, 1), (0, 2), (1, 2)):
        expected = stats.wilcoxon(
            scores[:, i], scores[:, j], zero_method="zsplit"
        ).pvalue
        assert pvalues.iloc[i, j] == pytest.approx(expected)


@pytest.mark.parametrize("frame", [pl.DataFrame, pa.table])
def test_methods_keep_their_names(frame):
    results = {"m": [0.1, 0.2, 0.4], "n": [0.2, 0.3, 0.1], "o": [0.3, 0.1, 0.2]}
    expected = compare(pd.DataFrame(results)).average_ranks
    pd.testing.assert_series_equal(compare(frame(results)).average_ranks, expected)
