"""Encoders through the classifier: images, files on disk, datasets, frozen layers."""

import copy
import pickle

import numpy as np
import pytest
import torch
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split
from torch import nn
from torch.utils.data import Dataset, IterableDataset, TensorDataset

from sklearn_hmlc import HierarchicalEnsembleClassifier, Hierarchy, to_torch
from sklearn_hmlc.postprocessing import NodeThresholdClassifier

SHAPES = Hierarchy.from_edges(
    [("loop", d) for d in "0689"]
    + [("stroke", d) for d in "147"]
    + [("curve", d) for d in "235"]
)
DIGITS = load_digits()
IMAGES = DIGITS.images[:, np.newaxis].astype(np.uint8) * 15
NAMES = DIGITS.target.astype(str)
Y = SHAPES.close(NAMES[:, np.newaxis] == np.array(SHAPES.nodes)).astype(int)
FEW, FEW_Y = IMAGES[:90], Y[:90]


def encoder():
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)
    )


def make(**params):
    settings = {
        "encoder": encoder(),
        "n_estimators": 2,
        "hidden_layer_sizes": (32,),
        "dropout": 0.2,
        "max_epochs": 2,
        "random_state": 0,
    }
    return HierarchicalEnsembleClassifier(SHAPES, **{**settings, **params})


@pytest.mark.parametrize("other", [np.int64, np.uint16, np.int8])
def test_integers_that_are_not_scaled_are_refused_beside_bytes(other, tmp_path):
    wide = (FEW // 2).astype(other)
    bytes_, integers = make().fit(FEW, FEW_Y), make().fit(wide, FEW_Y)
    np.save(tmp_path / "wide.npy", wide)
    on_disk = np.load(tmp_path / "wide.npy", mmap_mode="r")
    for X in (wide, torch.from_numpy(wide.astype(np.int64)), on_disk):
        with pytest.raises(ValueError, match=r"rows of uint8, .* but got u?int"):
            bytes_.predict_proba(X)
    with pytest.raises(ValueError, match=r"rows of uint8, .* got int64"):
        bytes_.predict(FEW.tolist())
    with pytest.raises(
        ValueError, match=f"rows of {np.dtype(other)}, .* but got uint8"
    ):
        integers.predict_proba(FEW)
    from_dataset = make().fit(Tables(FEW), FEW_Y)
    with pytest.raises(ValueError, match="rows of uint8, as in"):
        from_dataset.predict_proba(wide)
    # Floats are scaled already, or as they are.
    scaled = FEW.astype(np.float32) / 255
    np.testing.assert_allclose(
        bytes_.predict_proba(scaled), bytes_.predict_proba(FEW), atol=1e-6
    )
    np.testing.assert_array_equal(
        integers.predict_proba(wide), integers.predict_proba(wide.astype(float))
    )


class Tables(Dataset):
    """Rows of an array, one by one."""

    def __init__(self, X):
        self.X = torch.from_numpy(X)

    def __len__(self):
        return len(self.X)

    def __getitem__(self, row):
        return self.X[row]


def test_tables_of_bytes_are_as_they_are_in_every_container(tmp_path):
    table = FEW.reshape(len(FEW), -1)
    np.save(tmp_path / "table.npy", table)
    on_disk = np.load(tmp_path / "table.npy", mmap_mode="r")
    clf = make(encoder=nn.Linear(64, 8)).fit(table, FEW_Y)
    expected = clf.predict_proba(table.astype(np.float32))
    for X in (table, on_disk, Tables(table), torch.from_numpy(table)):
        np.testing.assert_array_equal(clf.predict_proba(X), expected)
    again = make(encoder=nn.Linear(64, 8)).fit(Tables(table), FEW_Y)
    assert again.predict_proba(table).shape == FEW_Y.shape
    exported = to_torch(clf)(torch.from_numpy(table)).detach().numpy()
    np.testing.assert_allclose(exported, expected, atol=1e-6)


def test_learns_digits():
    parts = train_test_split(IMAGES, NAMES, random_state=0)
    clf = make(max_epochs=8).fit(parts[0], parts[2])
    assert clf.score(parts[1], parts[3]) > 0.9
    proba = make(max_epochs=8).fit(IMAGES, Y).predict_proba(IMAGES)
    loop, zero = SHAPES.index("loop"), SHAPES.index("0")
    assert (proba[:, loop] >= proba[:, zero]).all()


def test_forms_of_the_same_images_give_the_same_net(tmp_path):
    np.save(tmp_path / "x.npy", FEW)
    scaled = torch.from_numpy(FEW).float() / 255
    forms = {
        "bytes": FEW,
        "floats": scaled.numpy(),
        "doubles": scaled.double().numpy(),
        "tensor": scaled,
        "memmap": np.load(tmp_path / "x.npy", mmap_mode="r"),
        "dataset": TensorDataset(torch.from_numpy(FEW), torch.zeros(90)),
    }
    expected = make(early_stopping=True).fit(FEW, FEW_Y).predict_proba(FEW)
    for name, X in forms.items():
        clf = make(early_stopping=True).fit(X, FEW_Y)
        np.testing.assert_allclose(
            clf.predict_proba(X), expected, rtol=1e-5, err_msg=name
        )
        assert clf.input_shape_ == (1, 8, 8)


def test_the_user_s_encoder_is_not_changed():
    own = encoder()
    before = copy.deepcopy(own.state_dict())
    clf = make(encoder=own).fit(FEW, FEW_Y)
    after = clf.net_.module_.encoder.state_dict()
    for name, value in own.state_dict().items():
        assert torch.equal(value, before[name])
    assert not torch.equal(after["0.weight"].cpu(), before["0.weight"])
    again = clone(clf).fit(FEW, FEW_Y)
    assert np.array_equal(again.predict_proba(FEW), clf.predict_proba(FEW))
    loaded = pickle.loads(pickle.dumps(clf))
    assert np.array_equal(loaded.predict(FEW), clf.predict(FEW))


def test_a_frozen_encoder_stays():
    clf = make(freeze_encoder=True)
    fitted = clf.fit(FEW, FEW_Y).net_.module_.encoder
    for name, value in clf.encoder.state_dict().items():
        assert torch.equal(value, fitted.state_dict()[name].cpu())
    assert clf.encoder[0].weight.requires_grad


def rates(clf):
    optimizer = clf.net_.optimizer_
    return {
        name.split(".")[0]: group["lr"]
        for group in optimizer.param_groups
        for name, parameter in clf.net_.module_.named_parameters()
        if any(parameter is p for p in group["params"])
    }


def test_the_encoder_s_own_learning_rate():
    clf = make(encoder_lr=1e-5, lr=1e-2, warm_start=True).fit(FEW, FEW_Y)
    assert rates(clf) == {"encoder": 1e-5, "heads": 1e-2}
    clf.set_params(encoder_lr=1e-4, lr=1e-3).fit(FEW, FEW_Y)
    assert rates(clf) == {"encoder": 1e-4, "heads": 1e-3}
    clf = make(lr=1e-2, warm_start=True).fit(FEW, FEW_Y)
    assert rates(clf) == {"encoder": 1e-2, "heads": 1e-2}
    clf.set_params(encoder_lr=1e-5).fit(FEW, FEW_Y)
    assert rates(clf) == {"encoder": 1e-5, "heads": 1e-2}
    # An encoder without parameters.
    clf = make(encoder=nn.Flatten(), encoder_lr=1e-5, lr=1e-2, warm_start=True)
    assert rates(clf.fit(FEW, FEW_Y).fit(FEW, FEW_Y)) == {"heads": 1e-2}


def test_batch_normalisation_meets_no_lone_row():
    own = nn.Sequential(nn.Flatten(), nn.Linear(64, 10), nn.BatchNorm1d(10))
    clf = make(encoder=own, batch_size=89).fit(FEW, FEW_Y)
    assert np.isfinite(clf.predict_proba(FEW[:1])).all()


def test_encoders_of_another_precision():
    own = nn.Sequential(nn.Flatten(), nn.Linear(64, 10).double())
    own.register_forward_pre_hook(lambda _, args: args[0].double())
    assert make(encoder=own).fit(FEW, FEW_Y).predict(FEW).shape == FEW_Y.shape


def test_images_in_half_precision():
    halves = torch.from_numpy(FEW).to(torch.bfloat16)
    assert make().fit(halves, FEW_Y).predict(halves).shape == FEW_Y.shape


def test_tables_may_have_an_encoder_too():
    flat = FEW.reshape(90, -1).astype(float)
    clf = make(encoder=nn.Linear(64, 10)).fit(flat, FEW_Y)
    assert clf.n_features_in_ == 64
    assert clf.predict(flat).shape == FEW_Y.shape


def test_thresholds_and_ensembles_go_with_images():
    clf = make(ensemble="dropout")
    clf = NodeThresholdClassifier(clf, strategy="f1", cv=2).fit(FEW, FEW_Y)
    assert SHAPES.is_closed(clf.predict(FEW))
    assert clf.estimator_.predict_members(FEW).shape == (2, *FEW_Y.shape)


class Stream(IterableDataset):
    def __iter__(self):
        return iter(FEW)


class Empty(Dataset):
    def __len__(self):
        return 0


@pytest.mark.parametrize(
    ("X", "params", "message"),
    [
        (FEW, {"encoder": None}, r"Found X of shape \(90, 1, 8, 8\).*Give `encoder`"),
        (
            TensorDataset(torch.zeros(90, 2, 2)),
            {"encoder": None},
            "Found X as a TensorDataset of 2-D items",
        ),
        (Stream(), {}, "Expected a Dataset with `__len__`.* iterable Stream"),
        (Empty(), {}, r"Found Dataset with 0 sample\(s\)"),
        (FEW[:0], {}, r"0 sample\(s\)"),
        (FEW[:50], {}, "inconsistent numbers of samples"),
        (FEW * np.nan, {}, "NaN"),
        (FEW[:, :, 0], {}, r"fails on a batch of shape \(2, 1, 8\)"),
    ],
)
def test_bad_images(X, params, message):
    with pytest.raises(ValueError, match=message):
        make(**params).fit(X, FEW_Y)


def test_rows_of_another_shape_in_prediction():
    clf = make().fit(FEW, FEW_Y)
    with pytest.raises(ValueError, match=r"shape \(1, 8, 8\), as in `fit`, but got"):
        clf.predict(FEW[:, :, :4])
