"""What keeps a training: before its epochs, between them, after them.

Stage: beside the training loop. In: a classifier, its rows, its net after each epoch.
Out: checkpoints in a folder, and a net that goes on from one.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
import time
import warnings
from pathlib import Path

import torch
from sklearn.utils import check_random_state

from .._torch import SEEDS
from ._file import FILE, HOW_TO_BEGIN, own_folder, read, write
from ._fingerprint import data_of, digest, machine, parameters_of, versions
from ._plain import NotPlainError
from ._same import DIGESTED, check_same_facts, warn_of_machine
from ._state import capture, differences, restore, tell_progress


@contextlib.contextmanager
def kept(estimator, rows, valid, goes_on, device, together):
    """Yield what keeps a training in the classifier's folder, or does nothing.

    Of processes that train together the first one reads and writes files.

    Raises
    ------
    ValueError
        If the folder can't be written, is in use, or has another training's checkpoint.
    """
    if estimator.checkpoint is None:
        yield Unkept(estimator, together)
        return
    own = []
    with contextlib.ExitStack() as folder:

        def begin():
            keeping = _kept(estimator, rows, valid, goes_on, device, together)
            own.append(folder.enter_context(keeping))
            return own[0].before, own[0].seed

        before, seed = together.on_first(begin)
        yield own[0] if own else Follower(estimator, before, seed, together)


@contextlib.contextmanager
def _kept(estimator, rows, valid, goes_on, device, together):
    start = _start_of(estimator) if goes_on else None
    facts = {
        "versions": versions(),
        "parameters": parameters_of(estimator),
        "data": data_of(estimator, rows, valid),
        "start": start,
        "machine": machine(device, together.n),
    }
    folder = Path(estimator.checkpoint)
    # Clones are those of a search or of folds, and share the folder with others.
    apart = goes_on or getattr(estimator, "_is_clone", False)
    if apart:
        folder /= _key(facts)
    with own_folder(folder, waits=apart):
        keeper = Kept(estimator, folder / FILE, facts, together)
        with _written_on_sigterm(keeper):
            try:
                yield keeper
            except BaseException as error:
                if not isinstance(error, Exception):  # Ctrl-C, and what signals raise
                    keeper.write_latest()
                raise


def _start_of(estimator):
    """Digest of the net that a training goes on with."""
    net, drawn = estimator.net_, estimator._random_state.get_state()
    state = net.module_.state_dict(), net.optimizer_.state_dict(), len(net.history)
    return digest([*state, estimator._split_seed, drawn])


def _key(facts):
    """Name of the folder of one training among others."""
    own = {name: [facts[name][k][0] for k in facts[name]] for name in DIGESTED}
    return digest([own, facts["start"]])[:16]


class Unkept:
    """What a training without checkpoints has in place of `Kept`."""

    def __init__(self, estimator, together):
        given = estimator.random_state
        if given is None and together.n > 1:
            given = together.agreed(_drawn_seed())
        self.random_state = check_random_state(given)

    def check_resampled(self, rows, together):
        """Raise where processes that train together have other rows."""
        together.check_same(lambda: {"what the sampler returns": _of_rows(rows)})

    def draws_from(self, *generators):
        """Do nothing."""

    def resume(self, net, loaders, epochs):  # noqa: ARG002
        """Return the epoch to begin with."""
        return 0

    def keep(self, net, epoch):
        """Do nothing."""

    def finish(self, net, interrupted):
        """Do nothing."""


def check_same(estimator, rows, valid, goes_on, together):
    """Raise where processes that train together have other rows, or parameters.

    The encoder's weights are then those of the first process; callbacks may write here
    and there.
    """

    def facts():
        parameters = parameters_of(estimator)
        for name in ("encoder", "net_params['callbacks']"):
            parameters.pop(name, None)
        start = _start_of(estimator) if goes_on else ""
        return {
            **{f"`{name}`": fact for name, fact in parameters.items()},
            **data_of(estimator, rows, valid),
            "the net that training goes on with": (start, "a net"),
        }

    together.check_same(facts)


class Kept:
    """Keeps one training in a file.

    Parameters
    ----------
    estimator : HierarchicalEnsembleClassifier
    path : Path
        In a folder of this training alone.
    facts : dict
        What the training depends on.
    together : Alone
        Who trains.
    """

    def __init__(self, estimator, path, facts, together):
        self.path, self.facts, self.together = path, facts, together
        self.seconds = 60 * float(estimator.checkpoint_every)
        self.drops_optimizer = not estimator.warm_start
        # The last state, and the epochs of it and of the file.
        self.latest, self.epoch, self.written = None, 0, None
        self.resampled = None
        self.before = self._found(estimator)
        self.seed, self.random_state = None, estimator.random_state
        if self.random_state is None:
            drawn = _drawn_seed()
            self.seed = drawn if self.before is None else self.before["seed"]
            self.random_state = self.seed
        self.random_state = check_random_state(self.random_state)

    def _found(self, estimator):
        """Return the training that is in the file, None if there is none."""
        if not os.path.lexists(self.path):
            return None
        found = read(self.path)
        check_same_facts(found["facts"], self.facts, self.path)
        if not found["finished"]:
            warn_of_machine(found["facts"]["machine"], self.facts["machine"])
            return found
        # Without a seed a second training is meant to be another one.
        drawn = estimator.random_state is None and self.facts["start"] is None
        return None if drawn else found

    # -- before the first epoch --------------------------------------------------------

    def check_resampled(self, rows, together):
        """Raise where a sampler draws otherwise than before the interruption.

        Or otherwise than in another process of this training.
        """
        together.check_same(lambda: {"what the sampler returns": _of_rows(rows)})
        self.resampled = _of_rows(rows)[0]
        if self.before is not None and self.before["resampled"] != self.resampled:
            raise ValueError(
                f"{self.path}: the sampler returns other rows than when this training "
                "began, from the same rows and with the same random_state; does it "
                f"draw from elsewhere? {HOW_TO_BEGIN}"
            )

    def draws_from(self, *generators):
        """Learn which generators the training draws from."""
        self.generators = list(dict.fromkeys(generators))

    def resume(self, net, loaders, epochs):
        """Return the epoch to begin with, and bring the net to it.

        Where there is no checkpoint yet, one is written: what can't be written is known
        before the training.
        """
        self.generators = list(dict.fromkeys([*self.generators, *_drawn_by(loaders)]))
        self.since = time.monotonic()
        if self.before is None:
            self.together.on_first(lambda: self._begin(net))
            return 0
        self._restore(net)
        self.latest = self.before["net"]
        self.epoch = self.written = self.before["epoch"]
        start = epochs if self.before["finished"] else self.epoch
        tell_progress(net, start)
        return start

    def _begin(self, net):
        try:
            self.latest = capture(net, self.generators, [])
            self._write(self.latest)
        except (OSError, NotPlainError) as error:
            words = getattr(error, "strerror", None) or error
            raise ValueError(
                f"{self.path}: the checkpoint can't be written ({words})."
            ) from error
        self.written = 0

    def _restore(self, net):
        """Bring the net to where it was, and make sure that it is there."""
        try:
            restore(net, self.before["net"], self.generators)
            now = capture(net, self.generators, [])
            lost = differences(self.before["net"], now)
        except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
            raise ValueError(
                f"{self.path}: the training can't go on from there "
                f"({type(error).__name__}: {error}). {HOW_TO_BEGIN}"
            ) from error
        if lost:
            raise ValueError(
                f"{self.path}: the training can't go on from there; {', '.join(lost)} "
                f"can't be brought back. {HOW_TO_BEGIN}"
            )

    # -- the epochs --------------------------------------------------------------------

    def keep(self, net, epoch):
        """Remember the net after some epochs; write it when it is time."""
        try:
            latest = capture(net, self.generators, self.latest["history"])
        except NotPlainError as error:
            self._warn(error)
            return
        self.latest, self.epoch = latest, epoch
        if time.monotonic() - self.since >= self.seconds:
            self.write_latest()
            self.since = time.monotonic()

    def write_latest(self):
        """Write the last state, if it isn't on the disk; it is no error if it can't."""
        epoch = self.epoch
        if self.latest is None or self.written == epoch:
            return
        try:
            self._write(self.latest, epoch)
        except OSError as error:
            self._warn(error)
        else:
            self.written = epoch

    def finish(self, net, interrupted):
        """Write the trained net, or the last epoch of one that was interrupted."""
        if interrupted:
            self.write_latest()
        elif self.before is not None and self.before["finished"]:
            self._restore(net)  # as callbacks were told of the end once more
        else:
            self._write_finished(net)

    def _write_finished(self, net):
        try:
            state = capture(net, self.generators, self.latest["history"])
            if self.drops_optimizer:  # as the classifier does
                state["optimizer"]["state"] = {}
            self._write(state, len(state["history"]), finished=True)
        except (OSError, NotPlainError) as error:
            self._warn(error)

    def _write(self, state, epoch=0, finished=False):
        content = {
            "facts": self.facts,
            "epoch": epoch,
            "finished": finished,
            "seed": self.seed,
            "resampled": self.resampled,
            "net": state,
        }
        write(self.path, content)

    def _warn(self, error):
        words = getattr(error, "strerror", None) or error
        warnings.warn(
            f"{self.path}: the checkpoint can't be written ({words}). Training goes "
            "on; what is there is of an epoch before.",
            UserWarning,
            stacklevel=2,
        )


class Follower(Kept):
    """Goes on with a training that the first of its processes keeps.

    Parameters
    ----------
    estimator : HierarchicalEnsembleClassifier
    before : dict or None
        The training that the first process has found.
    seed : int or None
        What the first process has drawn, where the user gave no seed.
    together : Together
    """

    def __init__(self, estimator, before, seed, together):
        self.path, self.together = Path(estimator.checkpoint), together
        self.before, self.seed, self.resampled = before, seed, None
        given = estimator.random_state if seed is None else seed
        self.random_state = check_random_state(given)

    def keep(self, net, epoch):
        """Do nothing."""

    def write_latest(self):
        """Do nothing."""

    def _write_finished(self, net):
        """Do nothing."""


def _drawn_seed():
    return int(check_random_state(None).randint(SEEDS))


def _of_rows(rows):
    """Return (digest, words) of rows that a sampler returned."""
    tensors = [rows.Y, rows.sample_weight, getattr(rows.X, "rows", rows.X)]
    return digest(tensors), f"{len(rows)} rows"


def _drawn_by(loaders):
    """Generators of data loaders, which draw seeds for their workers."""
    for loader in loaders:
        inner = getattr(loader, "loader", loader)
        generator = getattr(inner, "generator", None)
        if isinstance(generator, torch.Generator):
            yield generator


# -- signals ---------------------------------------------------------------------------


@contextlib.contextmanager
def _written_on_sigterm(keeper):
    """Write a checkpoint before SIGTERM does what it would have done without.

    Handlers belong to the main thread; in others nothing is changed.
    """
    in_main = threading.current_thread() is threading.main_thread()
    before = signal.getsignal(signal.SIGTERM) if in_main else None
    if before is None:  # also where it was not set from Python
        yield
        return
    process = os.getpid()

    def stop(number, frame):
        if os.getpid() == process:  # and not a worker, which was forked
            _write_at_the_end(keeper)
        if callable(before):
            before(number, frame)
        elif before == signal.SIG_DFL:
            signal.signal(number, before)
            signal.raise_signal(number)

    signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is stop:
            signal.signal(signal.SIGTERM, before)


def _write_at_the_end(keeper):
    """Write, and say what went wrong: nothing may keep the process from its end."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            keeper.write_latest()
    except Exception as error:
        if sys.stderr is not None:
            sys.stderr.write(f"{keeper.path}: {error}\n")
