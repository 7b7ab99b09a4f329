"""A training that began on one kind of device goes on on another."""

import copy
import pickle

import pytest
import torch

from sklearn_hmlc import _torch
from sklearn_hmlc._checkpoints import _keeper
from sklearn_hmlc._checkpoints._plain import from_plain, same, to_plain

from ..callbacks import Unseen
from .runs import EPOCHS, Log, classifier, data
from .test_same_bits import check_same, learnt

X, Y, HIERARCHY = data()


class Elsewhere(torch.Generator):
    """A generator of the host, which says that it is of a GPU."""

    device = torch.device("cuda")


def of_two_devices(seed, device):
    return torch.Generator().manual_seed(seed), Elsewhere().manual_seed(seed)


def on_a_gpu(patch):
    patch.setattr(_torch, "generators", of_two_devices)
    patch.setattr(_keeper, "machine", lambda *who: {"device": "cuda H100"})


PARAMS = {"dropout": 0.5, "device": "cpu"}


@pytest.mark.parametrize("goes_back", [False, True])
def test_it_goes_on_with_a_warning(tmp_path, monkeypatch, goes_back):
    first, then = (lambda patch: None), on_a_gpu
    if goes_back:
        first, then = then, first
    with monkeypatch.context() as patch:
        first(patch)
        whole = classifier(HIERARCHY, None, **PARAMS).fit(X, Y)
        with pytest.raises(RuntimeError, match="stopped"):
            classifier(HIERARCHY, tmp_path, Log(fails_after=3), **PARAMS).fit(X, Y)
    log = Log(tmp_path / "log")
    with monkeypatch.context() as patch:
        then(patch)
        with pytest.warns(UserWarning, match="goes on with other rounding"):
            again = classifier(HIERARCHY, tmp_path, log, **PARAMS).fit(X, Y)
    assert again.n_iter_ == EPOCHS
    assert len(log.path.read_text().split()) == EPOCHS - 2
    # What was trained before is the same; then masks are others.
    assert again.loss_curve_[:2] == whole.loss_curve_[:2]
    assert again.loss_curve_ == pytest.approx(whole.loss_curve_, rel=0.1)


def test_on_the_same_devices_it_has_the_same_bits(tmp_path, monkeypatch):
    on_a_gpu(monkeypatch)
    with pytest.raises(RuntimeError, match="stopped"):
        classifier(HIERARCHY, tmp_path, Log(fails_after=3), **PARAMS).fit(X, Y)
    again = classifier(HIERARCHY, tmp_path, **PARAMS).fit(X, Y)
    whole = classifier(HIERARCHY, None, **PARAMS).fit(X, Y)
    check_same(learnt(again, X), learnt(whole, X))


def test_tensors_of_a_device_that_is_not_there_are_on_the_host():
    tensor = torch.arange(3.0)
    placed = {"!": "placed", "value": ["cuda:0", tensor]}
    assert torch.equal(from_plain(placed).cpu(), tensor)
    assert same(placed, to_plain(tensor))
    assert not same(placed, to_plain(tensor + 1))
    assert not same(placed, [])


class Copies(Unseen):
    """Copies the net in the middle of its training, as callbacks may."""

    def on_epoch_end(self, net, **_):
        self.one = copy.deepcopy(net).masks_
        self.other = pickle.loads(pickle.dumps(net)).masks_
        self.expected = torch.rand(5, generator=net.masks_)


def test_copies_of_a_net_in_training_draw_what_it_does():
    copies = Copies()
    clf = classifier(HIERARCHY, None, callbacks=[copies], max_epochs=1)
    clf.fit(X, Y)
    found = dict(clf.net_.callbacks_)["Copies"]
    for generator in (found.one, found.other):
        drawn = torch.rand(5, generator=generator, device=generator.device)
        assert torch.equal(drawn, found.expected)


def test_generators_are_pickled_without_a_tensor():
    """One would be moved to the device that the net is read to."""
    generator = torch.Generator().manual_seed(1)
    found = _torch.pickled([generator])
    assert b"torch._utils" not in found
    (again,) = pickle.loads(found)
    assert torch.equal(again.get_state(), generator.get_state())


def test_generators_of_a_device_that_is_not_there():
    assert _torch.generator_of("xpu", b"").device.type == "cpu"
