"""Fitted models of all kinds, each with rows to ask it about."""

import warnings

import numpy as np
import pandas as pd
import scipy.sparse as sp
import torch
from imblearn.pipeline import make_pipeline as make_resampling_pipeline
from sklearn.compose import make_column_transformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, KFold
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc.datasets import make_hierarchical_multilabel
from sklearn_hmlc.experts import (
    CoherentVotingClassifier,
    HierarchicalForestClassifier,
    KernelHierarchyClassifier,
    NeighborsHierarchyClassifier,
)
from sklearn_hmlc.hierarchy import HierarchicalLabelBinarizer
from sklearn_hmlc.metrics import get_scorer
from sklearn_hmlc.over_sampling import HROSPD, LPROS, MLROS
from sklearn_hmlc.postprocessing import CoherentClassifier, NodeThresholdClassifier

X, Y, HIERARCHY = make_hierarchical_multilabel(
    n_samples=90, n_features=12, n_nodes=9, random_state=0
)
FRAME = pd.DataFrame(X, columns=[f"feature {k}" for k in range(12)])
LABELS = pd.DataFrame(Y[:, ::-1].astype("int8"), columns=list(HIERARCHY.nodes)[::-1])
CLASSES = np.array(HIERARCHY.nodes)[HIERARCHY.most_specific(Y).argmax(1)]
SPARSE = sp.random_array((90, 300), density=0.02, random_state=0, format="csr")
TEXTS = pd.DataFrame({"where": np.where(X[:, 0] > 0, "up", "down"), "size": X[:, 1]})


def net(**params):
    """A classifier that is fitted in no time."""
    small = {"n_estimators": 2, "hidden_layer_sizes": (6,), "max_epochs": 2}
    params = {"hierarchy": HIERARCHY, "random_state": 0, **small, **params}
    return HierarchicalEnsembleClassifier(**params)


def encoder():
    """An encoder of torch's own modules, with a weight and a module that come twice."""
    act = torch.nn.ReLU()
    first, second = torch.nn.Linear(12, 12), torch.nn.Linear(12, 12)
    second.weight = first.weight
    return torch.nn.Sequential(first, act, torch.nn.BatchNorm1d(12), second, act)


NETS = {
    "heads": (net(), X, Y),
    "dropout": (net(ensemble="dropout", schedule="linear"), X, sp.csr_array(Y)),
    "last_layer": (net(ensemble="last_layer", early_stopping=True), FRAME, LABELS),
    "flat": (net(hierarchy=None), X, CLASSES),
    "paths": (net(), X, CLASSES),
    "sparse": (net(), SPARSE, Y),
    "nodes without rows": (net(), X, Y * (np.arange(9) < 8)),
    "sampler": (net(sampler=LPROS()), X, Y),
    "encoder": (net(encoder=encoder(), freeze_encoder=True), X, Y),
    "torch": (
        net(
            activation=torch.nn.ELU,
            optimizer=torch.optim.NAdam,
            device=torch.device("cpu"),
            net_params={"optimizer__betas": (0.8, 0.9)},
        ),
        X,
        Y,
    ),
    "by_node": (
        net(threshold={HIERARCHY.nodes[3]: 0.2}, node_weight={HIERARCHY.nodes[2]: 2.0}),
        X,
        Y,
    ),
    "generator": (net(random_state=np.random.RandomState(0), mix=0.5), X, Y),
}
OTHERS = {
    "coherent": (CoherentClassifier(RandomForestClassifier(3), HIERARCHY), X, LABELS),
    "boosted": (
        CoherentClassifier(
            MultiOutputClassifier(HistGradientBoostingClassifier(max_iter=2)), HIERARCHY
        ),
        X,
        Y,
    ),
    "chain": (CoherentClassifier(ClassifierChain(LogisticRegression())), X, Y),
    "thresholds": (NodeThresholdClassifier(net(), cv=KFold(2)), X, LABELS),
    "forest": (HierarchicalForestClassifier(HIERARCHY, n_estimators=3), X, LABELS),
    "neighbours": (NeighborsHierarchyClassifier(HIERARCHY), SPARSE, Y),
    "distances": (
        NeighborsHierarchyClassifier(HIERARCHY, metric="euclidean"),
        X[:, :4],
        Y,
    ),
    "kernel": (KernelHierarchyClassifier(HIERARCHY), X, CLASSES),
    "components": (KernelHierarchyClassifier(HIERARCHY, n_components=9), SPARSE, Y),
    "voting": (
        CoherentVotingClassifier(
            [
                ("net", net()),
                ("forest", HierarchicalForestClassifier(n_estimators=2)),
                ("kernel", KernelHierarchyClassifier()),
            ],
            HIERARCHY,
        ),
        X,
        LABELS,
    ),
    "pipeline": (
        make_pipeline(
            make_column_transformer(
                (OneHotEncoder(handle_unknown="ignore"), ["where"]),
                remainder=make_pipeline(SimpleImputer(), StandardScaler()),
            ),
            net(),
        ),
        TEXTS,
        LABELS,
    ),
    "resampling": (make_resampling_pipeline(StandardScaler(), MLROS(), net()), X, Y),
    "search": (
        GridSearchCV(net(), {"lr": [1e-3, 1e-2]}, scoring=get_scorer("fmax"), cv=2),
        X,
        LABELS,
    ),
}
MODELS = {**NETS, **OTHERS}
SAMPLERS = {
    "lpros": LPROS(hierarchy=HIERARCHY, random_state=0),
    "mlros": MLROS(random_state=0),
    "hrospd": HROSPD(HIERARCHY, random_state=0),
}
BINARIZER = HierarchicalLabelBinarizer(HIERARCHY)


def fitted(name):
    """Return a fitted model and rows."""
    model, rows, labels = MODELS[name]
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".* nodes have no positive row")
        return model.fit(rows, labels), rows


def answers(model, rows):
    """Return all that a model has to say about rows, by method."""
    methods = ("predict_proba", "decision_proba", "predict_members", "predict")
    found = {m: getattr(model, m)(rows) for m in methods if hasattr(model, m)}
    return {
        m: x.toarray() if sp.issparse(x) else np.asarray(x) for m, x in found.items()
    }
