"""The paper's claims, and the library's own, each with its test.

A claim is some statements about the cells. It holds if all of them are true, partly if
some are. Most statements about two methods ask for the direction, over the mean of the
data sets, and for Wilcoxon's signed rank test, two-sided, with Holm's correction over
those that are tested together.
"""

from dataclasses import dataclass, field
from itertools import chain

import pandas as pd

from sklearn_hmlc.metrics import compare

from ._methods import BASELINE, DEFAULTS, HEADS, OWN_BUDGET
from ._study import ALL, FUN, GENES, OTHER, holm, number

PUBLISHED = "published + gmu"
OURS, PUBLISHED_OWN = OWN_BUDGET
LEVEL = 0.05
MEASURES = (
    "bma",
    "gmu",
    "predictive",
    "aleatoric",
    "mutual_information",
    "epistemic_js",
    "epistemic_kl",
)


# With fewer data sets Wilcoxon's test can't find anything at the level.
FEWEST = 6


@dataclass
class Claim:
    """What is said, and what the numbers say to it."""

    says: str
    parts: list = field(default_factory=list)  # (true, not, or None, numbers in words)

    def add(self, true, words):
        """Add a statement; None: nothing can be said of it."""
        self.parts.append((None if true is None else bool(true), words))

    def better(self, compared, at_least=1.0):
        """All of these comparisons, tested together, must be won beyond chance."""
        tested = [one for one in compared if one.n >= FEWEST]
        for one in holm(tested):
            self.add(one.ratio > at_least and one.p < LEVEL, str(one))
        for one in compared:
            if one.n < FEWEST:
                self.add(None, str(one))

    def not_worse(self, compared, at_least):
        """The means must be as good, up to a share."""
        for one in compared:
            self.add(one.ratio >= at_least if one.n else None, str(one))

    @property
    def verdict(self):
        """Whether the claim holds, by those statements that could be tested."""
        true = [part for part, _ in self.parts if part is not None]
        if not true:
            return "can't be tested here"
        if all(true):
            return "holds"
        return "holds partly" if any(true) else "does not hold"

    @property
    def numbers(self):
        """The statements in words, each marked as true or not."""
        marks = {True: "yes", False: "no", None: "not tested"}
        return [f"{words}: {marks[true]}" for true, words in self.parts]


def claims(study, images, ensembles):
    """Yield the paper's claims, then the library's own."""
    for function in (*PAPER, *OWN):
        claim = Claim(function.__doc__.strip())
        function(claim, study, images, ensembles)
        if claim.parts:  # without images nothing can be said of them
            yield claim


def _recall(claim, study, _images, _ensembles):
    """Recall rises up to five-fold, on rare nodes most."""
    measures = ("recall at half", "recall rarer half at half")
    at_half = [study.compared(name, PUBLISHED, BASELINE, ALL) for name in measures]
    fair = [
        study.compared("recall tuned", method, HEADS, ALL)
        for method in (PUBLISHED, PUBLISHED_OWN)
    ]
    claim.better([*at_half, *fair])
    for one in at_half:
        ratios = [a / b for a, b in zip(one.values, one.others, strict=True) if b > 0]
        most = f"x{max(ratios):.1f}" if ratios else "none (the other has 0)"
        enough = max(ratios) >= 4 if ratios else None
        claim.add(enough, f"{one.measure}: most of any set {most}")


def _f1(claim, study, _images, _ensembles):
    """F1 is significantly higher."""
    claim.better(
        [
            study.compared(measure, method, against, ALL)
            for method in (PUBLISHED, PUBLISHED_OWN)
            for measure, against in (
                ("f1 at half", BASELINE),
                ("f1 tuned", BASELINE),
                ("f1 tuned", HEADS),
            )
        ]
    )


def _measures(claim, study, _images, _ensembles):
    """BMA and GMU are the best measures of uncertainty."""
    for prefix, measure in (
        ("published + ", "f1 at half"),
        ("published + ", "f1 tuned"),
        ("focal ", "f1 at half"),
    ):
        names = [f"{prefix}{name}" for name in MEASURES]
        table = study.table(measure, names, FUN)
        if len(table) < FEWEST:
            claim.add(None, f"{measure}: {len(table)} data sets have all measures")
            continue
        found = compare(table)
        ranks = found.average_ranks
        best = {name.removeprefix(prefix) for name in ranks.index[:2]}
        words = ", ".join(
            f"{name.removeprefix(prefix)} {rank:.1f}" for name, rank in ranks.items()
        )
        claim.add(
            best == {"bma", "gmu"} and found.friedman_pvalue < LEVEL,
            f"{measure}, mean ranks of '{prefix}...': {words} (Friedman p "
            f"{found.friedman_pvalue:.3f}, critical difference "
            f"{found.critical_difference:.1f})",
        )


def _focal(claim, study, _images, _ensembles):
    """Focal weighting is better than node weights alone."""
    claim.better(
        [
            study.compared(measure, method, "weights published", ALL)
            for method in ("focal gmu", PUBLISHED)
            for measure in ("f1 at half", "f1 tuned")
        ]
    )


def _schedules(claim, study, _images, _ensembles):
    """Weights cost precision, and a schedule back to none does not repair it."""
    names = [f"{PUBLISHED}, {name}" for name in ("linear", "power", "alternating")]
    for name in (PUBLISHED, *names):
        one = study.compared("precision at half", name, HEADS, FUN)
        claim.add(one.ratio < 1 if one.n else None, str(one))


def _mixed(claim, study, _images, _ensembles):
    """The mixed loss has the best F1."""
    mixes = [f"{PUBLISHED}, mix {mix}" for mix in (0.25, 0.5, 0.75)]
    for measure in ("f1 at half", "f1 tuned"):
        table = study.table(measure, [HEADS, *mixes, PUBLISHED], FUN)
        if not len(table):
            claim.add(None, f"{measure}: no data set has all mixes")
            continue
        table = table.mean()
        words = ", ".join(f"{name} {number(value)}" for name, value in table.items())
        claim.add(table.idxmax() in mixes, f"{measure}: {words}")
        more = [study.compared(measure, mix, PUBLISHED, FUN) for mix in mixes]
        won = [one for one in holm(more) if one.ratio > 1 and one.p < LEVEL]
        claim.add(won, f"{'; '.join(map(str, more))}; any of them better")


def _dropout(claim, study, _images, ensembles):
    """A dropout ensemble saves about 68 % time and 66 % memory for 6 % of F1."""
    name = f"{PUBLISHED}, dropout"
    time = study.compared("cpu_seconds", name, PUBLISHED, FUN)
    claim.add(
        time.ratio < 0.5 if time.n else None,
        f"training time of 4 members, batch 64: {time.ratio - 1:+.0%}",
    )
    if ensembles is None:
        return
    small = ensembles.query("Batch == 4 and Ensemble == 'dropout'")
    for column, words in (("Seconds", "time"), ("Peak GB", "memory")):
        saved = small[column].str.extract(r"\(-(\d+)%\)", expand=False).astype(float)
        values = ", ".join(f"-{value:.0f} %" for value in saved)
        claim.add(
            saved.mean() >= 50,
            f"{words} of 10 members, the paper's batch of 4: {values}",
        )
    for measure in ("f1 at half", "f1 tuned"):
        one = study.compared(measure, name, PUBLISHED, FUN)
        claim.add(one.ratio >= 0.9 if one.n else None, str(one))


def _lpros(claim, study, images, _ensembles):
    """LPROS with the weighted loss is best on nearly all gene sets, not on images."""
    rivals = [BASELINE, HEADS, "weights published", "focal gmu", PUBLISHED, "LPROS"]
    both = f"LPROS + {PUBLISHED}"
    for measure in ("f1 at half", "f1 tuned"):
        for data, name, most in ((GENES, "gene", True), (OTHER, "image", False)):
            table = study.table(measure, [*rivals, both], data)
            if not len(table):
                claim.add(None, f"{measure}: no {name} set has all methods")
                continue
            best = int((table.idxmax(axis=1) == both).sum())
            share = best / len(table)
            claim.add(
                share >= 0.8 if most else share <= 0.5,
                f"{measure}: best of {len(rivals) + 1} methods on {best} of "
                f"{len(table)} {name} sets",
            )
    claim.better(
        [
            study.compared(measure, both, PUBLISHED, GENES)
            for measure in ("f1 at half", "f1 tuned")
        ]
    )
    if images is None:
        return
    mean = images.groupby(["condition", "method"]).mean(numeric_only=True)["f1 tuned"]
    for condition, table in mean.groupby("condition"):
        of = table.droplevel("condition")[[HEADS, PUBLISHED, "LPROS", both]]
        words = ", ".join(f"{name} {number(value)}" for name, value in of.items())
        claim.add(of.idxmax() != both, f"digits, {condition}, f1 tuned: {words}")


def _images(claim, _study, images, _ensembles):
    """The weighted loss, and LPROS with it, help CNNs: poor encoders or few data."""
    if images is None:
        return
    for condition in ("random encoder", "tenth of the rows"):
        for method in (PUBLISHED, f"LPROS + {PUBLISHED}"):
            for measure in ("f1 at half", "f1 tuned"):
                _of_seeds(claim, images, condition, measure, method, HEADS)


def _of_seeds(claim, images, condition, measure, method, against):
    """Five seeds have no Wilcoxon test below .05: all of them must agree."""
    rows = images[images["condition"] == condition]
    table = rows.pivot_table(measure, "seed", "method")
    more = table[method] - table[against]
    words = (
        f"{condition}, {measure}: {method} {number(table[method].mean())}, {against} "
        f"{number(table[against].mean())} (ahead on {(more > 0).sum()} of {len(more)} "
        "seeds)"
    )
    claim.add((more > 0).all(), words)


def _own_recall(claim, study, _images, _ensembles):
    """The defaults find rare nodes at the precision of one head (at 0.5)."""
    claim.better(
        [
            study.compared(measure, OURS, BASELINE, ALL)
            for measure in ("recall at half", "recall rarer half at half", "f1 at half")
        ]
    )
    claim.not_worse(
        [study.compared("precision at half", OURS, BASELINE, ALL)], at_least=0.97
    )


def _own_tuned(claim, study, _images, _ensembles):
    """With thresholds tuned for both, the defaults are ahead of unweighted heads."""
    measures = (
        "f1 tuned",
        "precision tuned",
        "recall rarer half tuned",
        "f1 rarer half tuned",
        "recall rarest quarter tuned",
    )
    claim.better([study.compared(name, OURS, HEADS, ALL) for name in measures])


def _own_ranking(claim, study, _images, _ensembles):
    """Free of thresholds, the defaults rank rare nodes better than unweighted heads."""
    measures = ("auprc", "auprc rarer half", "auprc rarest quarter")
    claim.better([study.compared(name, OURS, HEADS, ALL) for name in measures])


def _own_correction(claim, study, _images, _ensembles):
    """The correction gives back the AU(PRC) that the weights cost."""
    claim.not_worse([study.compared("au_prc", OURS, HEADS, ALL)], at_least=0.99)
    for method in (OURS, DEFAULTS, "binary on positives + gmu", PUBLISHED):
        corrected = study.table("au_prc", [method], ALL)[method].mean()
        weighted = study.table("au_prc_weighted", [method], ALL)[method].mean()
        claim.add(
            corrected >= weighted,
            f"AU(PRC) of {method}: corrected {number(corrected)}, as weighted "
            f"{number(weighted)}",
        )


PAPER = (
    _recall,
    _f1,
    _measures,
    _focal,
    _schedules,
    _mixed,
    _dropout,
    _lpros,
    _images,
)
OWN = (_own_recall, _own_tuned, _own_ranking, _own_correction)


def as_table(found):
    """Claims, verdicts and numbers as a table."""
    return pd.DataFrame(
        {
            "claim": [claim.says for claim in found],
            "verdict": [claim.verdict for claim in found],
            "numbers": ["; ".join(claim.numbers) for claim in found],
        }
    )


def all_numbers(found):
    """Every statement of every claim."""
    return list(chain.from_iterable(claim.numbers for claim in found))
