"""`to_torch`: one module with all of `predict_proba` inside, here and elsewhere."""

import pickle
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
import scipy.sparse as sp
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.impute import SimpleImputer
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from sklearn_hmlc import LPROS, HierarchicalEnsembleClassifier, Hierarchy, to_torch
from sklearn_hmlc.nn import MaxConstraint
from sklearn_hmlc.postprocessing import NodeThresholdClassifier
from tests import _strategies as strategies
from tests.classifier.common import TREE, make_data, small

X, Y = make_data()
X = X.astype(np.float32)

DAG = Hierarchy.from_edges(
    [("r", "a"), ("r", "b"), ("a", "c"), ("b", "c"), ("c", "d"), ("b", "e")],
    unscored=["r", "c"],
)

KINDS = [
    {},
    {"prior_correction": False},
    {"ensemble": "last_layer", "activation": "gelu"},
    {"ensemble": "dropout", "mix": 0.5},
    {"hidden_layer_sizes": (), "n_estimators": 1, "mix": 0.7, "uncertainty": None},
    *({"mix": 0.5, "uncertainty": name} for name in ("gmu", "epistemic_kl")),
    {"node_weight_side": "negative", "node_weight": "class-wise"},
]


def rows_of(values):
    return torch.from_numpy(np.asarray(values, dtype=np.float32))


def dynamic(module, rows):
    batch = torch.export.Dim("batch")
    return torch.export.export(module, (rows,), dynamic_shapes=[{0: batch}])


# The module is on the CPU; where the classifier is too, it has the same bits.
ROUNDING = 1e-6 if torch.cuda.is_available() else 0.0


def check(classifier, X, tolerance=0.0, **options):
    """Compare with a method of the classifier; same operations give the same bits."""
    method = options.get("method", "predict_proba")
    expected = getattr(classifier, method)(X)
    dense = X.toarray() if sp.issparse(X) else X
    got = to_torch(classifier, **options)(rows_of(dense)).numpy()
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=0, atol=max(tolerance, ROUNDING))


# -- the module ------------------------------------------------------------------------


@pytest.mark.parametrize("params", KINDS, ids=str)
def test_equals_predict_proba(params):
    classifier = small(**params).fit(X, Y)
    check(classifier, X)
    check(classifier, X, method="decision_proba")


def test_correction_is_inside():
    classifier = small().fit(X, Y)
    corrected, decides = (
        to_torch(classifier, method=method)(rows_of(X))
        for method in ("predict_proba", "decision_proba")
    )
    assert (corrected - decides).abs().max() > 0.01


def test_nodes_without_an_output_and_columns_in_the_users_order():
    labels = Y.copy()
    labels[:, TREE.index("a/x")] = 0
    frame = pd.DataFrame(labels, columns=TREE.nodes).iloc[:, ::-1]
    with pytest.warns(UserWarning, match="no positive row"):
        classifier = small().fit(X, frame)
    check(classifier, X)
    module = to_torch(classifier)
    assert module.classes_.tolist() == frame.columns.tolist()
    column = frame.columns.get_loc("a/x")
    assert (module(rows_of(X))[:, column] == torch.finfo(torch.float32).tiny).all()


def test_unscored_nodes_have_their_frequency():
    classifier = small(DAG).fit(*make_data(DAG))
    check(classifier, make_data(DAG)[0].astype(np.float32))


@given(strategies.hierarchies(max_nodes=8), st.integers(0, 5))
@strategies.few
def test_unscored_nodes_of_any_hierarchy(hierarchy, seed):
    if not hierarchy.scored.any():
        return
    rows, labels = make_data(hierarchy, n_samples=20, seed=seed)
    classifier = small(hierarchy, max_epochs=1, hidden_layer_sizes=())
    check(classifier.fit(rows, labels), rows.astype(np.float32))


@pytest.mark.parametrize("hierarchy", [TREE, None], ids=["tree", "flat"])
def test_one_class_per_row(hierarchy):
    y = np.array(["a/x", "a/y", "b/z", "b", "a"])[np.arange(len(X)) % 5]
    classifier = small(hierarchy).fit(X, y)
    check(classifier, X, 1e-15)
    check(classifier, X, 1e-15, method="decision_proba")
    sums = to_torch(classifier)(rows_of(X)).sum(1)
    torch.testing.assert_close(sums, torch.ones_like(sums))


def test_sparse_rows_come_dense():
    rows = sp.random_array((60, 400), density=0.02, format="csr", rng=0)
    classifier = small().fit(rows, Y)
    assert type(classifier.net_.module_.layers[0]).__name__ == "SparseInputLinear"
    check(classifier, rows.astype(np.float32), 1e-6)


def test_images_as_bytes():
    images = np.random.default_rng(0).integers(0, 256, (60, 1, 6, 6), dtype=np.uint8)
    layers = torch.nn.Conv2d(1, 4, 3), torch.nn.BatchNorm2d(4), torch.nn.ReLU()
    classifier = small(encoder=torch.nn.Sequential(*layers)).fit(images, Y)
    batch = torch.from_numpy(images)
    program = dynamic(to_torch(classifier), batch).module()
    expected = classifier.predict_proba(images)
    found = to_torch(classifier)(batch)
    np.testing.assert_allclose(found, expected, rtol=0, atol=ROUNDING)
    np.testing.assert_allclose(program(batch[:5]), expected[:5], rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda inner: GridSearchCV(inner, {"dropout": [0.1, 0.5]}, cv=2),
        lambda inner: NodeThresholdClassifier(inner, cv=2, hierarchy=TREE),
        lambda inner: make_pipeline("passthrough", inner),
        lambda inner: FrozenEstimator(inner.fit(X, Y)),
    ],
    ids=["search", "thresholds", "pipeline", "frozen"],
)
def test_wrappers_whose_probabilities_are_those_inside(wrap):
    check(wrap(small(max_epochs=1)).fit(X, Y), X)


@pytest.mark.parametrize(
    "steps",
    [
        [StandardScaler(with_mean=False)],
        [SimpleImputer(), StandardScaler(with_std=False)],
        [SimpleImputer(strategy="median", keep_empty_features=True)],
        [SimpleImputer(strategy="constant", fill_value=-3.0), StandardScaler()],
    ],
    ids=lambda steps: "-".join(type(step).__name__ for step in steps),
)
def test_steps_become_constants(steps):
    rows = np.where(X > 3, np.nan, 5 * X + 2).astype(np.float32)
    if not isinstance(steps[0], SimpleImputer):
        rows = np.nan_to_num(rows)
    check(make_pipeline(*steps, small()).fit(rows, Y), rows)


def test_imputer_that_drops_columns_and_other_marks_of_what_is_missing():
    rows = np.where(X > 2, -1, X).astype(np.float32)
    rows[:, 3] = -1
    pipeline = make_pipeline(SimpleImputer(missing_values=-1), small())
    with pytest.warns(UserWarning, match="without any observed values"):
        pipeline.fit(rows, Y)
    with pytest.warns(UserWarning, match="without any observed values"):
        check(pipeline, rows)


def test_samplers_in_pipelines_only_train():
    from imblearn.pipeline import make_pipeline as make_sampling_pipeline

    pipeline = make_sampling_pipeline(LPROS(hierarchy=TREE, random_state=0), small())
    check(pipeline.fit(X, Y), X)


def test_stays_in_evaluation_mode_and_leaves_the_classifier_alone():
    classifier = small().fit(X, Y)
    module = to_torch(classifier).train()
    expected = classifier.predict_proba(X)
    np.testing.assert_array_equal(module(rows_of(X)), expected)
    assert not any(one.requires_grad for one in module.parameters())
    for one in module.parameters():
        one.zero_()
    np.testing.assert_array_equal(classifier.predict_proba(X), expected)


def test_gradients_reach_the_rows():
    rows = rows_of(X).requires_grad_()
    to_torch(small().fit(X, Y))(rows).sum().backward()
    assert rows.grad.abs().sum() > 0


def test_pickles():
    module = to_torch(small().fit(X, Y))
    again = pickle.loads(pickle.dumps(module))
    np.testing.assert_array_equal(again(rows_of(X)), module(rows_of(X)))


# -- at the door -----------------------------------------------------------------------


def test_unfitted():
    with pytest.raises(NotFittedError):
        to_torch(HierarchicalEnsembleClassifier())


def test_other_kinds_of_estimators():
    with pytest.raises(TypeError, match="but got RandomForestClassifier"):
        to_torch(RandomForestClassifier(n_estimators=1).fit(X, Y))


@pytest.mark.parametrize(
    ("step", "error"),
    [
        (PCA(2), "step 'pca' to be a StandardScaler or a SimpleImputer, but got PCA"),
        (SimpleImputer(add_indicator=True), "SimpleImputer without indicators"),
    ],
)
def test_other_steps(step, error):
    rows = X if isinstance(step, PCA) else np.where(X > 3, np.nan, X)
    with pytest.raises(TypeError, match=error):
        to_torch(make_pipeline(step, small(max_epochs=1)).fit(rows, Y))


def test_other_methods():
    with pytest.raises(ValueError, match=r"method.*'predict_prob'.*predict_proba"):
        to_torch(small(max_epochs=1).fit(X, Y), method="predict_prob")


def test_rows_of_another_width():
    module = to_torch(small(max_epochs=1).fit(X, Y))
    with pytest.raises(ValueError, match=r"shape \(B, 8\), but got \(2, 7\)"):
        module(torch.zeros(2, 7))


# -- in other programs -----------------------------------------------------------------

RELOAD = """
import sys, numpy as np, torch
program = torch.export.load(sys.argv[1]).module()
given = np.load(sys.argv[2])
for size in (1, 7, 64):
    got = program(torch.from_numpy(given["X"][:size])).numpy()
    np.testing.assert_allclose(got, given["proba"][:size], rtol=0, atol=1e-6)
assert not {"sklearn", "sklearn_hmlc"} & set(sys.modules)
print("equal")
"""


def test_exported_program_needs_nothing_but_torch(tmp_path):
    rows, labels = make_data(DAG, n_samples=64)
    pipeline = make_pipeline(StandardScaler(), small(DAG, mix=0.5)).fit(rows, labels)
    rows = rows.astype(np.float32)
    program = dynamic(to_torch(pipeline), torch.from_numpy(rows))
    torch.export.save(program, tmp_path / "model.pt2")
    np.savez(tmp_path / "rows.npz", X=rows, proba=pipeline.predict_proba(rows))
    files = [str(tmp_path / name) for name in ("model.pt2", "rows.npz")]
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", RELOAD, *files],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "equal\n", done.stderr


@given(strategies.hierarchies(), st.data())
@settings(strategies.few, max_examples=25)
def test_exported_form_of_the_constraint(hierarchy, data):
    x = torch.tensor(data.draw(strategies.logits(hierarchy, 3)))
    other = torch.cat([x, -x], dim=1)
    constraint = MaxConstraint(hierarchy)
    batch = torch.export.Dim("batch")
    program = torch.export.export(constraint, (x,), dynamic_shapes=[{1: batch}])
    assert torch.equal(program.module()(x), constraint(x))
    assert torch.equal(program.module()(other), constraint(other))


def onnx_session(module, rows):
    runtime = pytest.importorskip("onnxruntime")
    for name in ("onnx", "onnxscript"):
        pytest.importorskip(name)
    batch = torch.export.Dim("batch")
    program = torch.onnx.export(
        module, (rows,), dynamo=True, dynamic_shapes=[{0: batch}], verbose=False
    )
    session = runtime.InferenceSession(program.model_proto.SerializeToString())
    name = session.get_inputs()[0].name
    return lambda x: session.run(None, {name: x.numpy()})[0]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("kind", ["dag", "classes", "sparse", "dropout"])
def test_onnx(kind):
    rows, labels = make_data(DAG, n_samples=64)
    classifier = small(DAG)
    if kind == "classes":
        labels = np.array(["a", "b", "d", "e"])[np.arange(64) % 4]
    if kind == "sparse":
        rows = sp.random_array((64, 400), density=0.02, format="csr", rng=0)
    if kind == "dropout":
        classifier.set_params(ensemble="dropout", mix=0.5, uncertainty="epistemic_js")
    rows = rows.astype(np.float32)
    classifier.fit(rows, labels)
    expected = classifier.predict_proba(rows)
    tensor = rows_of(rows.toarray() if sp.issparse(rows) else rows)
    run = onnx_session(to_torch(classifier), tensor)
    for size in (1, 7, 64):
        got = run(tensor[:size])
        np.testing.assert_allclose(got, expected[:size], rtol=0, atol=1e-6)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_constraint_in_a_network_of_ones_own():
    x = torch.randn(2, 5, DAG.n_nodes)
    module = torch.nn.Sequential(torch.nn.Sigmoid(), MaxConstraint(DAG))
    assert torch.equal(dynamic(module, x).module()(x), module(x))
