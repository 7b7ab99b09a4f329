"""Samplers give back what they were given: frames of any library, images, classes."""

import numpy as np
import pandas as pd
import pytest
import torch

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.over_sampling import LPROS, irlbl

from .test_base import HIERARCHY, SAMPLERS, X, Y, each_sampler

pa = pytest.importorskip("pyarrow")
pl = pytest.importorskip("polars")

TURNED = ["b", "a2", "a", "a1"]
TURN = [HIERARCHY.index(name) for name in TURNED]


def polars_frame(values, names):
    return pl.DataFrame(values, schema=list(names))


def arrow_table(values, names):
    return pa.table(dict(zip(names, np.asarray(values).T, strict=True)))


each_frame = pytest.mark.parametrize("make", [polars_frame, arrow_table])


def values_of(frame):
    return np.asarray(frame.to_pandas() if isinstance(frame, pa.Table) else frame)


@each_sampler
@each_frame
def test_frames_of_other_libraries(sampler, make):
    expected = sampler.fit_resample(X, Y)
    points = make(X, ["u", "v"])
    labels = make(Y[:, TURN].astype(np.int8), TURNED)
    X_resampled, Y_resampled = sampler.fit_resample(points, labels)
    assert type(X_resampled) is type(points)
    assert type(Y_resampled) is type(labels)
    assert list(Y_resampled.schema) == list(labels.schema)
    np.testing.assert_array_equal(values_of(X_resampled), expected[0])
    np.testing.assert_array_equal(values_of(Y_resampled), expected[1][:, TURN])
    assert sampler.feature_names_in_.tolist() == ["u", "v"]


@pytest.mark.parametrize(
    "make", [pl.Series, pa.array, lambda names: pa.chunked_array([names])]
)
def test_classes_of_other_libraries(make):
    classes = make(["b"] * 6 + ["c"] * 4 + ["d"] * 2)
    _, resampled = LPROS(sampling_ratio=0.17, random_state=0).fit_resample(X, classes)
    assert type(resampled) is type(classes)
    assert (
        resampled.to_pylist()[12:] == ["d", "d"]
        if hasattr(resampled, "to_pylist")
        else resampled.to_list()[12:] == ["d", "d"]
    )


def test_classes_beyond_64_bits():
    classes = [2**64] * 6 + [2**63 + 1] * 4 + [2**63] * 2
    sampler = LPROS(sampling_ratio=0.17, random_state=0)
    _, resampled = sampler.fit_resample(X, classes)
    assert resampled[12:] == [2**63] * 2
    assert set(sampler.hierarchy_.nodes) == set(classes)


@each_sampler
def test_images(sampler):
    images = np.arange(12 * 3 * 4 * 4, dtype=np.float32).reshape(12, 3, 4, 4)
    expected, _ = sampler.fit_resample(X, Y)
    resampled, labels = sampler.fit_resample(images, Y)
    assert resampled.dtype == np.float32
    assert resampled.shape == (len(expected), 3, 4, 4)
    np.testing.assert_array_equal(resampled, images[sampler.sample_indices_])
    assert len(labels) == len(resampled)


@each_sampler
def test_images_on_disk_are_not_read_to_plan(sampler, tmp_path):
    images = np.memmap(tmp_path / "x", np.uint8, "w+", shape=(12, 1, 2, 2))
    images[:] = np.arange(48).reshape(images.shape)
    resampled, _ = sampler.fit_resample(images, Y)
    np.testing.assert_array_equal(resampled, images[sampler.sample_indices_])


@each_sampler
def test_datasets_are_refused_with_the_way_out(sampler):
    dataset = torch.utils.data.TensorDataset(torch.zeros(12, 3))
    with pytest.raises(TypeError, match=r"Dataset TensorDataset.*sample_weight"):
        sampler.fit_resample(dataset, Y)
    if sampler in SAMPLERS[:2]:
        weight = sampler.to_sample_weight(np.arange(12)[:, None], Y)
        np.testing.assert_array_equal(weight, sampler.to_sample_weight(X, Y))


@each_sampler
def test_rows_of_the_same_names_in_another_order(sampler):
    ids = [f"g{k}" for k in range(12)]
    labels = pd.DataFrame(Y, columns=HIERARCHY.nodes, index=ids)
    with pytest.warns(UserWarning, match="same row ids") as caught:
        sampler.fit_resample(pd.DataFrame(X, index=ids), labels.sort_index())
    assert caught[0].filename == __file__


def test_measures_of_frames():
    frame = polars_frame(Y[:, TURN], TURNED)
    np.testing.assert_array_equal(irlbl(frame, HIERARCHY), irlbl(Y, HIERARCHY))
    flat = Hierarchy.flat(TURNED)
    np.testing.assert_array_equal(irlbl(frame), irlbl(Y[:, TURN], flat))
