"""Models whose predictions are asked for by partitions."""

import dask
import pandas as pd
import pytest
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc.postprocessing import CoherentClassifier
from tests.classifier.common import TREE, small

from .rows import FRAME, X, Y


@pytest.fixture(autouse=True)
def one_thread():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def net():
    return small().fit(X, Y)


@pytest.fixture(scope="module")
def on_frames():
    """A pipeline, fitted on frames whose labels stand in another order than nodes."""
    nodes = list(TREE.nodes)[::-1]
    labels = pd.DataFrame(Y[:, ::-1], columns=nodes)
    return make_pipeline(StandardScaler(), small()).fit(FRAME, labels)


@pytest.fixture(scope="module")
def exact():
    """What answers the same, whatever rows are asked about beside."""
    return CoherentClassifier(KNeighborsClassifier(3), TREE).fit(X, Y)
