"""``hmlc fit --model-kind best``: the library's recipe on files."""

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier, make_rare_node_ensemble
from sklearn_hmlc._cli import main
from sklearn_hmlc.datasets import align, labels

from .genes import FILES, PARAMS, TINY, common, read
from .pets import content_of, error_of

BEST = ["fit", *FILES, "--min-count", "2", "--model", "m", "--model-kind", "best"]


def test_it_is_that_of_the_library(folder, capsys, monkeypatch):
    monkeypatch.setattr("sklearn_hmlc.experts._weights.STRENGTHS", (3.0,))
    assert main([*BEST, *TINY, "--threshold-folds", "2"]) == 0
    model = content_of("m")["pipeline"]
    annotations, features = read()
    genes = align(features, labels(annotations, min_count=2, count_on=common()))
    X = StandardScaler(with_mean=False).fit_transform(genes.data)
    expected = make_rare_node_ensemble(
        genes.hierarchy,
        random_state=0,
        cv=2,
        network=HierarchicalEnsembleClassifier(**PARAMS),
    ).fit(X, genes.target)
    np.testing.assert_array_equal(model.thresholds_, expected.thresholds_)
    np.testing.assert_array_equal(
        model.predict_proba(genes.data), expected.predict_proba(X)
    )
    capsys.readouterr()
    assert main(["info", "m"]) == 0
    told = capsys.readouterr().out
    mean = expected.estimator_["experts"]
    assert mean.summary().to_string() in told
    assert mean.shrinkage_ == 3
    assert "what its parents say is worth 3 of a node's own rows" in told
    assert "one per node by 'f1'" in told


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--threshold", "0.3"], "takes prevalence or f1 beside it, but got 0.3"),
        (["--threshold-folds", "50"], "needs as many rows, but DATA has 12"),
    ],
)
def test_what_does_not_go_with_it(more, message, folder, capsys):
    assert message in error_of(capsys, [*BEST, *TINY, *more])
