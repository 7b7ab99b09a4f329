"""Methods against each other over data sets: ranks and tests.

Stage: after all experiments. In: a table of results, data sets in rows and methods in
columns. Out: average ranks, the Friedman test over all methods, Nemenyi's test and
Wilcoxon's signed rank test between any two. With ``k`` methods on ``N`` data sets two
average ranks differ where they are further apart than the critical difference

    CD = q sqrt(k (k + 1) / (6 N)),   q = studentized range / sqrt(2)

Source: J. Demsar, "Statistical comparisons of classifiers over multiple data sets",
JMLR 7, 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from .. import _frames as frames
from .. import _validation as check
from .._optional import optional


@dataclass(frozen=True, eq=False)
class Comparison:
    """What `compare` found.

    Attributes
    ----------
    ranks : DataFrame of shape (n_datasets, n_methods)
        Each method's rank on each data set, 1 = best; ties share the mean rank.
    average_ranks : Series of shape (n_methods,)
        Mean rank of each method, the best first.
    friedman_statistic : float
        Chi-squared statistic of the Friedman test.
    friedman_pvalue : float
        Probability of ranks this uneven, were all methods equal.
    critical_difference : float
        Least distance of two average ranks that is significant at `alpha`.
    nemenyi_pvalues : DataFrame of shape (n_methods, n_methods)
        P-values between average ranks, made for all comparisons together.
    wilcoxon_pvalues : DataFrame of shape (n_methods, n_methods)
        Two-sided p-values between results, of each pair by itself unless adjusted.
    alpha : float
        Level of significance.

    See Also
    --------
    compare : Makes one.

    Examples
    --------
    >>> from sklearn_hmlc.metrics import compare
    >>> comparison = compare([[0.9, 0.5, 0.1], [0.8, 0.6, 0.2], [0.7, 0.4, 0.3]])
    >>> comparison.average_ranks.to_dict()
    {0: 1.0, 1: 2.0, 2: 3.0}
    """

    ranks: pd.DataFrame
    average_ranks: pd.Series
    friedman_statistic: float
    friedman_pvalue: float
    critical_difference: float
    nemenyi_pvalues: pd.DataFrame
    wilcoxon_pvalues: pd.DataFrame
    alpha: float

    def __str__(self) -> str:
        n_datasets, n_methods = self.ranks.shape
        return (
            f"{n_methods} methods on {n_datasets} data sets\n"
            f"Friedman: chi2 = {self.friedman_statistic:.3f}, "
            f"p = {self.friedman_pvalue:.3g}\n"
            f"Nemenyi: critical difference {self.critical_difference:.3f} at "
            f"alpha = {self.alpha:g}\n"
            f"Average ranks:\n{self.average_ranks.round(3).to_string()}"
        )


def compare(
    results: Any,
    *,
    higher_is_better: bool = True,
    alpha: float = 0.05,
    p_adjust: str | None = None,
) -> Comparison:
    """Compare methods over data sets by their ranks.

    Parameters
    ----------
    results : DataFrame or array-like of shape (n_datasets, n_methods)
        One number a data set and method, none missing.
    higher_is_better : bool, default=True
        Whether larger results are better.
    alpha : float, default=0.05
        Level of significance, in (0, 1).
    p_adjust : str, default=None
        How the p-values of Wilcoxon's test are adjusted for their number: "holm",
        "bonferroni", "fdr_bh" or any other name that
        `statsmodels.stats.multitest.multipletests` takes. None: not at all.

    Returns
    -------
    comparison : Comparison
        Average ranks, the Friedman test, Nemenyi's and Wilcoxon's tests.

    Raises
    ------
    ImportError
        If scikit-posthocs is not installed.
    TypeError
        If `higher_is_better` is no boolean or `p_adjust` no string.
    ValueError
        If there are fewer than 3 methods or 2 data sets, a result is missing or no
        number, all methods tie everywhere, or an option is unknown.

    Notes
    -----
    The Friedman test is scipy's, corrected for ties. Wilcoxon's test shares out the
    ranks of zero differences evenly, as Demsar [1]_ has it.

    References
    ----------
    .. [1] J. Demsar, "Statistical comparisons of classifiers over multiple data sets",
       JMLR 7, 2006.

    Examples
    --------
    >>> import pandas as pd
    >>> from sklearn_hmlc.metrics import compare
    >>> results = pd.DataFrame(
    ...     {"A": [0.9, 0.8, 0.7, 0.6], "B": [0.8, 0.7, 0.6, 0.5], "C": [0.1] * 4}
    ... )
    >>> print(compare(results))
    3 methods on 4 data sets
    Friedman: chi2 = 8.000, p = 0.0183
    Nemenyi: critical difference 1.657 at alpha = 0.05
    Average ranks:
    A    1.0
    B    2.0
    C    3.0
    """
    table = _as_table(results)
    check.check_bool("higher_is_better", higher_is_better)
    _check_options(alpha, p_adjust)
    ranks = table.rank(axis=1, ascending=not higher_is_better)
    if (ranks.nunique(axis=1) == 1).all():
        raise ValueError(
            "Expected results that differ, but all methods tie on every data set."
        )
    friedman = stats.friedmanchisquare(*table.to_numpy().T)
    return Comparison(
        ranks=ranks,
        average_ranks=ranks.mean().sort_values(kind="stable"),
        friedman_statistic=float(friedman.statistic),
        friedman_pvalue=float(friedman.pvalue),
        critical_difference=_critical_difference(*table.shape, alpha),
        nemenyi_pvalues=_nemenyi(table),
        wilcoxon_pvalues=_wilcoxon(table, p_adjust),
        alpha=float(alpha),
    )


def _critical_difference(n_datasets: int, n_methods: int, alpha: float) -> float:
    quantile = stats.studentized_range.ppf(1 - alpha, n_methods, np.inf) / np.sqrt(2)
    return float(quantile * np.sqrt(n_methods * (n_methods + 1) / (6 * n_datasets)))


def _nemenyi(table: pd.DataFrame) -> pd.DataFrame:
    pvalues = _posthocs().posthoc_nemenyi_friedman(table.to_numpy())
    return _named(pvalues.to_numpy(), table.columns)


def _wilcoxon(table: pd.DataFrame, p_adjust: str | None) -> pd.DataFrame:
    try:
        pvalues = _posthocs().posthoc_wilcoxon(
            # A list of groups; the layout of an array would be guessed.
            table.to_numpy().T.tolist(),
            zero_method="zsplit",
            p_adjust=p_adjust,
        )
    except ValueError as error:
        raise ValueError(f"With p_adjust={p_adjust!r}: {error}") from None
    return _named(pvalues.to_numpy(), table.columns)


def _named(values: Any, names: pd.Index) -> pd.DataFrame:
    return pd.DataFrame(values, index=names, columns=names)


def _posthocs() -> Any:
    return optional("scikit_posthocs", "compare", "compare")


# -- checks --------------------------------------------------------------------------


def _as_table(results: Any) -> pd.DataFrame:
    try:
        if not isinstance(results, pd.DataFrame) and frames.is_frame(results):
            values = frames.numbers(results, "results")
            results = pd.DataFrame(values, columns=frames.columns(results))
        table = pd.DataFrame(results).astype(float)
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"Expected `results` of numbers, data sets in rows and methods in columns: "
            f"{error}"
        ) from None
    if not table.columns.is_unique:
        raise ValueError(
            "Expected the methods, the columns of `results`, to be unique."
        )
    if table.shape[0] < 2 or table.shape[1] < 3:
        raise ValueError(
            "Expected `results` of at least 2 data sets (rows) and 3 methods "
            f"(columns), but got {table.shape[0]} and {table.shape[1]}; for two "
            "methods use scipy.stats.wilcoxon."
        )
    bad = table.index[~np.isfinite(table.to_numpy()).all(axis=1)]
    if len(bad):
        raise ValueError(
            f"Expected a finite result of every method on every data set, but data set "
            f"{bad[0]!r} lacks one; drop it or fill it in."
        )
    return table


def _check_options(alpha: Any, p_adjust: Any) -> None:
    if not isinstance(alpha, float) or not 0 < alpha < 1:
        raise ValueError(
            f"Expected argument `alpha` to be in (0, 1), but got {alpha!r}."
        )
    if p_adjust is not None and not isinstance(p_adjust, str):
        raise TypeError(
            "Expected argument `p_adjust` to be a string or None, but got "
            f"{p_adjust!r}."
        )
