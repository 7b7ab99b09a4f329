"""Names are shown as they are: with "_" in front, "$" and "%" inside."""

import numpy as np
import pandas as pd
import pytest

from sklearn_hmlc import Hierarchy, plotting
from sklearn_hmlc.plotting import _style
from tests.plotting.readable import assert_readable

NAMES = ["_root", "a$b$c", "50 %", "_child0", "_nolegend_", "two\nlines", ""]
SHOWN = [*NAMES[:-2], "two\\nlines", ""]
HIERARCHY = Hierarchy.flat(NAMES)
EVERY_NODE = np.ones((2, len(NAMES)))


def legend(ax):
    """What the legend shows, character by character."""
    texts = ax.get_legend().get_texts()
    assert_verbatim(texts)
    return [text.get_text() for text in texts]


def assert_verbatim(texts):
    for text in texts:
        assert not text.get_parse_math(), text
        assert not text.get_usetex(), text


def test_models_of_the_curves():
    y_true, y_score = [[1, 0], [0, 1]], [[0.9, 0.1], [0.2, 0.3]]
    display = plotting.PooledPRCurveDisplay.from_predictions(
        y_true, dict.fromkeys(NAMES, y_score), plot_chance_level=True
    )
    texts = legend(display.ax_)
    assert [text.rpartition(" (AU")[0] for text in texts] == [
        *SHOWN, "Node frequencies"
    ]  # fmt: skip
    assert_readable(display.figure_)
    again = plotting.PooledPRCurveDisplay.from_predictions(
        y_true, y_score, name="_later", ax=display.ax_
    )
    assert legend(again.ax_)[-1].startswith("_later (AU")
    assert len(legend(again.ax_)) == len(texts) + 1


def test_models_of_the_bars():
    models = {**dict.fromkeys(NAMES[:-1], EVERY_NODE), ("a", 1): EVERY_NODE}
    display = plotting.RarityDisplay.from_predictions(
        EVERY_NODE, models, y_train=EVERY_NODE, few=0
    )
    assert legend(display.ax_[0]) == [*SHOWN[:-1], "('a', 1)"]


def test_groups_of_the_bars():
    report = plotting.RarityDisplay.from_predictions(
        EVERY_NODE, EVERY_NODE, train_counts=range(len(NAMES)), bins=range(len(NAMES))
    ).reports[None]
    report.index = pd.Index(NAMES, name="_by $x$")
    display = plotting.RarityDisplay(report).plot(metric="recall")
    display.figure_.canvas.draw()
    ticks = display.ax_.get_xticklabels()
    assert_verbatim([*ticks, display.ax_.xaxis.label])
    assert [text.get_text() for text in ticks] == [f"{name}\nn = 1" for name in SHOWN]
    assert display.ax_.get_xlabel() == "_by $x$ (n = nodes)"


def test_histories():
    history = [{"train_loss": 2.0, "valid_$x$": 1.0}]
    display = plotting.TrainingDisplay(dict.fromkeys(NAMES, history)).plot()
    assert legend(display.ax_[0]) == [f"{name}, training" for name in SHOWN]
    assert_verbatim([display.ax_[1].yaxis.label])
    assert display.ax_[1].get_ylabel() == "$x$"


def test_nodes_and_titles():
    names = NAMES[:-1]
    display = plotting.HierarchyDisplay.from_predictions(
        np.ones(len(names)), hierarchy=Hierarchy.flat(names), labels={"_root": "$$ %"}
    )
    assert_verbatim(display.ax_.texts)
    texts = [text.get_text() for text in display.ax_.texts]
    assert texts == ["_root $$ %", *SHOWN[1:-1]]
    assert legend(display.ax_) == ["predicted"]
    long = "_" + "n" * 80
    display = plotting.HierarchyDisplay.from_predictions(
        [1], hierarchy=Hierarchy.flat([long]), labels={long: "a title"}
    )
    assert display.ax_.texts[0].get_text() == f"{long}…"


def test_measures_of_uncertainty():
    for measure in ("_own$a$", "<lambda>"):
        one = plotting.UncertaintyDisplay.from_predictions(
            EVERY_NODE, EVERY_NODE, EVERY_NODE, measure=measure
        )
        row = plotting.HierarchyDisplay.from_predictions(
            EVERY_NODE[0], hierarchy=HIERARCHY, uncertainty=EVERY_NODE[0],
            measure=measure,
        )  # fmt: skip
        for ax in (one.ax_, row.uncertainty_ax_):
            assert ax.get_xlabel() == f"Uncertainty ({measure})"
            assert_verbatim([ax.xaxis.label])


def test_methods(rng):
    pytest.importorskip("scikit_posthocs")
    results = pd.DataFrame(rng.random((6, 5)), columns=NAMES[:5])
    display = plotting.CriticalDifferenceDisplay.from_results(results)
    texts = display.artists_["labels"]
    assert_verbatim(texts)
    found = " ".join(text.get_text() for text in texts)
    assert all(name in found for name in NAMES[:5])


def test_the_users_own_labels_are_matplotlibs():
    display = plotting.PooledPRCurveDisplay.from_predictions(
        [[1, 0]], [[0.9, 0.1]], curve_kwargs={"label": "_hidden"}
    )
    assert display.ax_.get_legend() is None
    display.ax_.plot([0, 1], [0, 1], label="$x^2$")
    _style.legend_outside(display.ax_)
    (text,) = display.ax_.get_legend().get_texts()
    assert text.get_parse_math()
