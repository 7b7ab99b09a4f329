"""mlflow keeps and serves the estimators, in its format that runs no code."""

import warnings

import numpy as np
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import TRUSTED_TYPES
from sklearn_hmlc.experts import CoherentVotingClassifier, KernelHierarchyClassifier
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

from .models import FRAME, HIERARCHY, Y, net

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # what mlflow's own modules say of each other
    mlflow = pytest.importorskip("mlflow.sklearn")
    pyfunc = pytest.importorskip("mlflow.pyfunc")

MODELS = {
    "network": net(),
    "pipeline": make_pipeline(StandardScaler(), net()),
    "thresholds": NodeThresholdClassifier(
        CoherentVotingClassifier(
            [("net", net()), ("kernel", KernelHierarchyClassifier())], HIERARCHY, cv=2
        ),
        cv=2,
        random_state=0,
    ),
}


@pytest.fixture(autouse=True)
def empty_folder(tmp_path, monkeypatch):
    """Work in an empty folder, where nothing may be left."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    yield
    assert list(folder.iterdir()) == []


def save(model, path, **options):
    mlflow.save_model(
        model,
        path,
        serialization_format="skops",
        # Else mlflow asks the package index what is installed here.
        pip_requirements=["sklearn-hmlc", "skops"],
        **options,
    )


@pytest.mark.parametrize("name", MODELS)
def test_round_trip(name, tmp_path):
    model = MODELS[name].fit(FRAME, Y)
    save(model, tmp_path / "model", skops_trusted_types=TRUSTED_TYPES)
    again = mlflow.load_model(str(tmp_path / "model"))
    for method in ("predict_proba", "predict"):
        before, after = getattr(model, method)(FRAME), getattr(again, method)(FRAME)
        np.testing.assert_array_equal(after, before, strict=True)


def test_as_a_service_reads_it(tmp_path):
    """mlflow's form for all kinds of models, which its servers use."""
    model = MODELS["pipeline"].fit(FRAME, Y)
    path = tmp_path / "model"
    save(
        model,
        path,
        skops_trusted_types=TRUSTED_TYPES,
        pyfunc_predict_fn="predict_proba",
    )
    served = pyfunc.load_model(str(path))
    expected = model.predict_proba(FRAME)
    np.testing.assert_array_equal(served.predict(FRAME), expected, strict=True)


def test_types_must_be_trusted(tmp_path):
    with pytest.raises(Exception, match="sklearn_hmlc"):
        save(MODELS["network"].fit(FRAME, Y), tmp_path / "model")
