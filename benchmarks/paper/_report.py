"""From the cells to what the docs and the README say: tables, claims, figures.

Nothing is trained. The same cells give the same files to the byte.
"""

import shutil
from pathlib import Path

import matplotlib as mpl
import pandas as pd

from sklearn_hmlc.metrics import compare
from sklearn_hmlc.plotting import CriticalDifferenceDisplay

from . import _claims
from ._claims import OURS
from ._methods import BASELINE, DEFAULTS, HEADS, MAIN, METHODS
from ._study import ALL, FUN, GENES, GO, OTHER, Study, holm, number

ROOT = Path(__file__).parents[2]
RANKED = {
    "f1 at half": "F1 at 0.5",
    "f1 tuned": "F1, tuned",
    "auprc rarer half": "AUPRC, rarer half",
    "au_prc": "AU(PRC)",
}
SHOWN = {
    "recall at half": "Recall",
    "precision at half": "Precision",
    "f1 at half": "F1",
    "recall rarer half at half": "Recall, rarer half",
    "recall tuned": "Recall (tuned)",
    "precision tuned": "Precision (tuned)",
    "f1 tuned": "F1 (tuned)",
    "recall rarer half tuned": "Recall, rarer half (tuned)",
    "auprc": "AUPRC",
    "auprc rarer half": "AUPRC, rarer half",
    "auprc rarest quarter": "AUPRC, rarest quarter",
    "au_prc": "AU(PRC)",
    "cpu_seconds": "CPU s",
}
RESAMPLING = [
    HEADS,
    *("LPROS", "MLROS", "HROSPD"),
    _claims.PUBLISHED,
    *(f"{name} + {_claims.PUBLISHED}" for name in ("LPROS", "MLROS", "HROSPD")),
    DEFAULTS,
    *(f"{name} + defaults" for name in ("LPROS", "MLROS", "HROSPD")),
]
BEGIN, END = "<!-- evidence: begin -->\n", "<!-- evidence: end -->\n"


def report(results, root=ROOT):
    """Write everything that is drawn from the cells, below ``root``."""
    study = Study.read(results / "full.csv")
    images = results / "images.csv"
    images = pd.read_csv(images) if images.exists() else None
    ensembles = pd.read_csv(results.parent / "ensembles_summary.csv")
    found = list(_claims.claims(study, images, ensembles))
    folder = root / "docs" / "evidence"
    folder.mkdir(parents=True, exist_ok=True)
    texts = {
        "short": in_short(study, found),
        "claims": claims_page(found),
        "methods": csv_table("", methods_table(study)),
        "sets": sets_tables(study),
        "ranks": ranks_tables(study),
        "resampling": resampling_tables(study),
        "ran": what_ran(study),
    }
    if images is not None:
        texts["images"] = images_tables(images)
    for name, text in texts.items():
        (folder / f"{name}.inc").write_text(text)
    figures(study, root / "docs" / "images")
    readme(study, root / "README.md")
    print(_claims.as_table(found).to_string(columns=["claim", "verdict"], index=False))


def show(results):
    """Print the means and the claims of the quick profile, and write nothing."""
    study = Study.read(results / "quick.csv")
    table = methods_table(study, MAIN, sorted(set(study.cells["data"])))
    print(table[["Recall", "F1", "F1 (tuned)", "AUPRC", "AU(PRC)"]].to_string())
    for claim in _claims.claims(study, None, None):
        print(f"\n{claim.says} {claim.verdict}")
        print("".join(f"  {words}\n" for words in claim.numbers), end="")


# -- tables ----------------------------------------------------------------------------


def csv_table(title, table, header=True):
    """Return a table as reStructuredText, with its index."""
    text = table.reset_index().to_csv(index=False, header=False, lineterminator="\n")
    lines = [f".. csv-table:: {title}".rstrip(), "   :class: numbers"]
    if header:
        names = ", ".join(f'"{name}"' for name in table.reset_index().columns)
        lines.append(f"   :header: {names}")
    rows = "".join(f"   {line}\n" for line in text.splitlines())
    return "\n".join(lines) + f"\n\n{rows}\n"


def methods_table(study, methods=METHODS, data=FUN):
    """Means over some data sets of all measures, of the methods that ran on all."""
    rows = {}
    for method in methods:
        means = {
            title: study.table(measure, [method], data)[method].mean()
            for measure, title in SHOWN.items()
        }
        if len(study.table("auprc", [method], data)) == len(data):
            seconds = means.pop("CPU s")
            texts = {title: number(value) for title, value in means.items()}
            rows[method] = texts | {"CPU s": f"{seconds:.0f}"}
    return pd.DataFrame(rows).T.rename_axis("Method")


def sets_tables(study):
    """Per data set: the main methods by three measures."""
    parts = []
    for measure, title in RANKED.items():
        table = study.table(measure, MAIN, ALL).map(number)
        parts.append(csv_table(title, table.T.rename_axis("Method")))
    return "".join(parts)


def ranks_tables(study):
    """Mean ranks of the main methods, and tests against two baselines."""
    parts = []
    for measure, title in RANKED.items():
        table = study.table(measure, MAIN, ALL)
        found, sets = compare(table), list(table.index)
        rows = pd.DataFrame({"Mean rank": found.average_ranks.map("{:.1f}".format)})
        for baseline in (BASELINE, HEADS):
            others = [method for method in MAIN if method != baseline]
            tests = holm(
                [study.compared(measure, name, baseline, sets) for name in others]
            )
            rows[f"Ratio to {baseline}"] = {t.method: f"{t.ratio:.2f}" for t in tests}
            rows[f"p against {baseline}"] = {t.method: f"{t.p:.3f}" for t in tests}
        rows = rows.fillna("").rename_axis("Method")
        words = (
            f"{title}: Friedman p {found.friedman_pvalue:.2g}, critical difference "
            f"{found.critical_difference:.1f}, {len(table)} data sets"
        )
        parts.append(csv_table(words, rows))
    return "".join(parts)


def resampling_tables(study):
    """What samplers do alone and with two weighted losses, on gene data."""
    parts = []
    for title, data in (("FunCat sets", FUN), ("GO sets", GO)):
        table = methods_table(study, RESAMPLING, data)
        if len(table):
            parts.append(csv_table(f"Means over {len(data)} {title}", table))
    return "".join(parts)


def images_tables(images):
    """The study of encoders: mean and spread over seeds."""
    parts = []
    measures = {name: SHOWN[name] for name in SHOWN if name in images}
    for condition in sorted(images["condition"].unique()):
        rows = images[images["condition"] == condition].groupby("method")
        mean, spread = rows[list(measures)].mean(), rows[list(measures)].std()
        text = mean.map("{:.3f}".format) + spread.map(" ±{:.3f}".format)
        text = text.rename(columns=measures).rename_axis("Method")
        parts.append(csv_table(f"Encoder: {condition}", text))
    return "".join(parts)


def what_ran(study):
    """Say which cells the tables rest on."""
    rows = {}
    for title, data in (("FunCat", FUN), ("GO", GO), ("images", OTHER)):
        for kind, methods in (("main", MAIN), ("all", METHODS)):
            counts = [study.seeds(method, data) for method in methods]
            least, most = min(low for low, _ in counts), max(high for _, high in counts)
            words = f"{least}" if least == most else f"{least} to {most}"
            rows[f"{title} ({len(data)} sets), {kind} {len(methods)} methods"] = words
    table = pd.DataFrame({"Seeds per cell": rows}).rename_axis("Data and methods")
    return csv_table(f"{len(study.cells):,} cells", table)


SHORT = """\
- Of the paper's {n} claims {holds} hold here, {partly} hold partly and {fails} do not.
- Deciding at 0.5, on {sets} data sets, the published method has {p_recall} times the
  recall of one head without weights and {p_f1} times its F1; the library's defaults
  have {o_recall} and {o_f1} times, and {o_rare} times the recall of the rarer half.
- By thresholds alone, heads without weights at tuned thresholds have {t_recall} times
  the recall of one head at 0.5, and {t_f1} times its F1.
- Against these heads, with thresholds tuned alike and each at its own budget, the
  published method has {pt_f1} times the F1 and the defaults have {ot_f1} times; recall
  of the rarest quarter {pt_rare} and {ot_rare} times.
- Free of thresholds, the mean AUPRC of the rarer half on FunCat is {h_area} for
  heads, {p_area} for the published method and {o_area} for the defaults.
"""


def in_short(study, found):
    """Say the main things, with their numbers."""
    verdicts = [claim.verdict for claim in found[: -len(_claims.OWN)]]
    published, own = _claims.PUBLISHED, _claims.PUBLISHED_OWN

    # The same data sets for all sentences: those on which all of these ran.
    methods = [BASELINE, HEADS, published, own, OURS]

    def mean(measure, data=ALL):
        return study.table(measure, methods, data).mean()

    def ratio(measure, method, against):
        return f"{mean(measure)[method] / mean(measure)[against]:.2f}"

    def across(measure):
        by = mean(f"{measure} tuned")[HEADS] / mean(f"{measure} at half")[BASELINE]
        return f"{by:.2f}"

    def area(method):
        return number(mean("auprc rarer half", FUN)[method])

    return SHORT.format(
        n=len(verdicts),
        holds=verdicts.count("holds"),
        partly=verdicts.count("holds partly"),
        fails=verdicts.count("does not hold"),
        p_recall=ratio("recall at half", published, BASELINE),
        p_f1=ratio("f1 at half", published, BASELINE),
        o_recall=ratio("recall at half", OURS, BASELINE),
        o_f1=ratio("f1 at half", OURS, BASELINE),
        o_rare=ratio("recall rarer half at half", OURS, BASELINE),
        t_recall=across("recall"),
        t_f1=across("f1"),
        sets=len(study.table("f1 tuned", methods, ALL)),
        pt_f1=ratio("f1 tuned", own, HEADS),
        ot_f1=ratio("f1 tuned", OURS, HEADS),
        pt_rare=ratio("recall rarest quarter tuned", own, HEADS),
        ot_rare=ratio("recall rarest quarter tuned", OURS, HEADS),
        h_area=area(HEADS),
        p_area=area(own),
        o_area=area(OURS),
    )


def claims_page(found):
    """Claims, verdicts and numbers as reStructuredText."""
    lines = [
        ".. list-table::",
        "   :header-rows: 1",
        "   :widths: 30 12 58",
        "   :class: claims",
        "",
        "   * - Claim",
        "     - Evidence",
        "     - Numbers, and whether each is as the claim says",
    ]
    for claim in found:
        first, *rest = claim.numbers
        lines += [f"   * - {claim.says}", f"     - **{claim.verdict}**"]
        lines += [f"     - - {first}", *(f"       - {words}" for words in rest)]
    return "\n".join(lines) + "\n"


# -- figures ---------------------------------------------------------------------------


def figures(study, folder):
    """Draw the critical differences, and the operating point against the ranking."""
    folder.mkdir(parents=True, exist_ok=True)
    with mpl.rc_context({"savefig.dpi": 120, "svg.hashsalt": "evidence"}):
        for measure in ("f1 at half", "f1 tuned", "auprc rarer half"):
            display = CriticalDifferenceDisplay.from_results(
                study.table(measure, MAIN, ALL)
            )
            name = measure.replace(" ", "_")
            _save(display.figure_, folder / f"evidence_{name}.png")
        _save(point_and_ranking(study), folder / "evidence_point_and_ranking.png")


# The methods that the figure names; the others are grey.
NAMED = [
    *(BASELINE, HEADS, OURS, _claims.PUBLISHED, "weights published"),
    *("binary on positives + gmu", "LPROS"),
]


def point_and_ranking(study):
    """Draw, by method, what happens to the operating point and to the ranking."""
    figure = mpl.figure.Figure(figsize=(8, 5), layout="constrained")
    axes = figure.subplots()
    base = {m: study.table(m, [HEADS], FUN)[HEADS].mean() for m in SHOWN}
    for method in METHODS:
        x = study.table("auprc rarer half", [method], FUN)[method]
        y = study.table("recall at half", [method], FUN)[method]
        if len(x) < len(FUN):
            continue
        at = x.mean() / base["auprc rarer half"], y.mean() / base["recall at half"]
        named = method in NAMED
        axes.scatter(*at, s=36 if named else 12, color="C0" if named else "0.7")
        if named:
            where = (4, -11) if method == "LPROS" else (4, 4)  # beside heads
            axes.annotate(
                method, at, xytext=where, textcoords="offset points", fontsize=8
            )
    axes.axvline(1, color="0.8", zorder=0)
    axes.axhline(1, color="0.8", zorder=0)
    axes.set_yscale("log")
    axes.margins(x=0.25)
    axes.set_xlabel("Ranking: AUPRC of the rarer half, over that of unweighted heads")
    axes.set_ylabel("Operating point: recall at 0.5, likewise")
    return figure


def _save(figure, path):
    figure.savefig(path, bbox_inches="tight", metadata={"Software": None})


# -- README ----------------------------------------------------------------------------

STORY = [
    (BASELINE, "at half", "one head, 0.5"),
    (HEADS, "tuned", "heads, tuned"),
    (OURS, "at half", "ours, 0.5"),
    (OURS, "tuned", "ours, tuned"),
]


def readme(study, path):
    """Put the summary between its marks in the README."""
    if not path.exists():
        shutil.copy(ROOT / "README.md", path)
    text = path.read_text()
    before, rest = text.split(BEGIN)
    _, after = rest.split(END)
    path.write_text(before + BEGIN + summary(study) + END + after)


def summary(study):
    """Return the table of the README: decisions and ranking by data set."""
    measures = {"recall": "recall", "precision": "precision", "f1": "F1"}
    arrows = " → ".join(title for _, _, title in STORY)
    lines = [
        f"  Each cell: {arrows};",
        "  the last column, free of thresholds: mean AUPRC of the rarer half of the "
        "nodes,",
        "  heads → ours. Means over seeds.",
        "",
        "  | data | recall | precision | F1 | AUPRC, rare |",
        "  | --- | --- | --- | --- | --- |",
    ]
    data = list(study.table("auprc", [m for m, _, _ in STORY], GENES).index)
    for name in [*data, "mean"]:
        rows = data if name == "mean" else [name]
        cells = [
            " → ".join(
                number(study.table(f"{measure} {kind}", [method], rows)[method].mean())
                for method, kind, _ in STORY
            )
            for measure in measures
        ]
        rare = " → ".join(
            number(study.table("auprc rarer half", [method], rows)[method].mean())
            for method in (HEADS, OURS)
        )
        lines.append(f"  | {' | '.join([name, *cells, rare])} |")
    return "\n".join(lines) + "\n"
