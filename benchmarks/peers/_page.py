"""From cells to the tables of the page on other methods."""

import pandas as pd

from ._methods import METHODS

# Published means of ten runs of C-HMCNN (Giunchiglia and Lukasiewicz, 2020).
PUBLISHED = {
    **{"cellcycle_FUN": 0.255, "derisi_FUN": 0.195, "eisen_FUN": 0.306},
    **{"gasch1_FUN": 0.286, "seq_FUN": 0.292},
    **{"cellcycle_GO": 0.413, "derisi_GO": 0.370, "gasch1_GO": 0.436},
    **{"gasch2_GO": 0.414, "seq_GO": 0.446},
    **{"Diatoms": 0.758, "ImCLEF07A": 0.956},
}
SHOWN = {
    "au_prc": "AU(PRC)",
    "auprc rarer half": "AUPRC, rarer half",
    "f1": "macro F1",
    "precision": "precision",
    "recall": "recall",
    "recall rarest quarter": "recall, rarest quarter",
    "fmax": "Fmax",
    "brier": "Brier",
    "ece": "ECE",
    "cpu_seconds": "CPU s",
    "mb_highest": "MB",
}
BY_SET = ("au_prc", "auprc rarer half", "f1")
TIMES = ("recall", "precision", "f1", "au_prc", "recall rarest quarter")
RARE_AREA = "auprc rarer half"
# Methods that a data set has to have to be shown, and data sets that a method has.
SEVERAL = 5
ALONE, FAIR = "one head", "five heads, tuned"
THREE = "{:.3f}".format
FORMATS = {
    "brier": "{:.4f}".format,
    "ece": "{:.4f}".format,
    "cpu_seconds": "{:.0f}".format,
    "mb_highest": "{:.0f}".format,
}


def as_page(cells):
    """Each measure by data set, means over the sets that all have, and multiples.

    Of the methods that several sets have; a figure is the mean over the
    seeds, with the standard deviation where there are several.
    """
    by_set = cells.groupby(level=["method", "data"])
    mean, spread = by_set.mean(), by_set.std()
    there = mean["au_prc"].unstack("data").notna()
    methods = [name for name in METHODS if name in there.index]
    methods = [name for name in methods if there.loc[name].sum() >= SEVERAL]
    shown = there.loc["recipe"] & (there.loc[methods].sum() >= SEVERAL)
    sets = there.columns[shown]
    lines = [_what_ran(cells, methods, sets), ""]
    for name in BY_SET:
        figures, spreads = (
            table[name].unstack("data").reindex(index=methods, columns=sets)
            for table in (mean, spread)
        )
        published = PUBLISHED if name == "au_prc" else {}
        lines += [f"{SHOWN[name]}:", ""]
        lines += [*list_table(_in_words(figures, spreads, published)), ""]
    lines += [*_means(mean, methods, sets), *_multiples(mean, ALONE)]
    return "\n".join([*lines, *_multiples(mean, FAIR)])


def _what_ran(cells, methods, sets):
    shown = cells.reset_index()
    shown = shown[shown["method"].isin(methods) & shown["data"].isin(sets)]
    n_seeds = shown.groupby(["data", "method"])["seed"].nunique()
    least, most = n_seeds.min(), n_seeds.max()
    seeds = "one seed" if most == 1 else f"{least} to {most} seeds"
    return f"{len(sets)} data sets, {seeds}, {len(shown)} cells."


def _in_words(figures, spreads, published):
    """Figures with their spread, sets in rows, the best of each set in bold."""
    table = figures.map(_figure) + spreads.map(_plus_minus)
    for data, best in figures.idxmax().items():
        table.loc[best, data] = f"**{figures.loc[best, data]:.3f}**" + _plus_minus(
            spreads.loc[best, data]
        )
    if published:
        table.loc["published"] = [_figure(published.get(data)) for data in table]
    return table.T


def _figure(value):
    return "" if pd.isna(value) else f"{value:.3f}"


def _plus_minus(value):
    # The sign stays with its number where a line is broken.
    return "" if pd.isna(value) else f" ±\u00a0{value:.3f}"


def _means(mean, methods, sets):
    """Means over the sets that all methods have."""
    whole = mean["au_prc"].unstack("data").reindex(index=methods, columns=sets)
    whole = whole.columns[whole.notna().all()]
    if not len(whole):
        return
    over_sets = mean.loc[pd.IndexSlice[methods, whole], list(SHOWN)]
    over_sets = over_sets.groupby(level="method").mean().loc[methods]
    shown = over_sets.apply(
        lambda column: column.map(FORMATS.get(column.name, THREE)).replace("nan", "")
    )
    yield f"Means over the {len(whole)} sets that all of these methods have:"
    yield ""
    yield from list_table(shown.rename(columns=SHOWN))
    yield ""


def _multiples(mean, other):
    """What the recipe has, as multiples of what another method has, by data set."""
    if not {"recipe", other} <= set(mean.index.get_level_values("method")):
        return
    names = [*TIMES, RARE_AREA]
    ours, theirs = mean.loc["recipe", names], mean.loc[other, names]
    sets = ours.index.intersection(theirs.index)
    ratio = ours.loc[sets] / theirs.loc[sets].where(theirs.loc[sets] > 0)
    ratio.loc["median"] = ratio.median()
    shown = ratio.map(lambda value: "none" if pd.isna(value) else f"{value:.2f}")
    yield f"The recipe as multiples of *{other}* (none: it has none of it):"
    yield ""
    yield from list_table(shown.rename(columns=SHOWN))
    yield ""


def list_table(table):
    """Yield the lines of a table of texts in reStructuredText."""
    rows = [["", *table.columns], *([name, *row] for name, row in table.iterrows())]
    yield from [".. list-table::", "   :header-rows: 1", ""]
    for row in rows:
        for place, text in enumerate(row):
            yield f"   {' ' if place else '*'} - {text}".rstrip()
