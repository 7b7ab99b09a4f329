r"""One training in several processes: who is there, and what they agree on.

Stage: around a training, and inside its steps. In: the processes that `accelerate
launch` or `torchrun` has started, each with the same rows. Out: the rows of a batch
that are this process's, gradients summed over all, and one answer to whatever the
processes might answer differently.

The whole batch has B rows, process k the B_k of them, and its loss :math:`L_k` is the
mean over these. As :math:`L = \sum_k (B_k / B) L_k`, the sum of the weighted gradients
is the gradient of the whole batch, however unevenly it is split.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from joblib.parallel import get_active_backend
from torch import Tensor

from . import _torch
from ._optional import optional

# What `device` is called where the launch decides.
LAUNCHED = "accelerate"

# Longest wait for another process.
_PATIENCE = timedelta(minutes=10)

# Gradients with fewer entries travel together.
_SMALL = 2**14

_BESIDE = (
    f"With device={LAUNCHED!r} all processes of a launch train one model after the "
    "other, but this fit runs beside others, in a worker or a thread; set n_jobs=None."
)

# One training at a time: processes meet in the order of their calls.
_AT_WORK = threading.Lock()


class Alone:
    """A training in one process: nobody to agree with."""

    n, rank = 1, 0

    @property
    def first(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def part(self, n_rows: int) -> tuple[slice, float]:
        """Return this process's rows of a batch, and what their mean counts."""
        return slice(0, n_rows), 1.0

    def agreed(self, value: Any) -> Any:
        """Return the first process's value."""
        return value

    def on_first(self, function: Callable[[], Any]) -> Any:
        """Call in the first process; return what it returns, or raise, in all."""
        return function()

    def check_same(self, facts: Callable[[], dict[str, tuple[str, str]]]) -> None:
        """Raise unless all processes have the same (digest, words) by name."""

    def add_up(self, loss: Tensor, parameters: Iterator[Tensor]) -> Tensor:  # noqa: ARG002
        """Sum gradients over the processes, in place; return the sum of losses."""
        return loss

    def settle(self, module: torch.nn.Module) -> None:
        """Take weights and statistics from the first process."""

    def leave(self) -> None:
        """Agree on nothing any more; whoever waits for this process hears of it."""


ALONE = Alone()


@contextlib.contextmanager
def training_on(device: Any) -> Iterator[tuple[Alone, torch.device]]:
    """Yield who trains, and the device of this process.

    Raises
    ------
    ValueError
        If there is no such device, or the processes can't train one model.
    RuntimeError
        If another process does not come, or does not answer any more.
    """
    if device != LAUNCHED:
        yield ALONE, _torch.device_of(device)
        return
    _check_not_beside_others()
    state = _state()
    own = torch.device("cpu") if state.device.type == "cpu" else state.device
    if state.num_processes == 1:
        yield ALONE, own
        return
    with _one_at_a_time():
        with _answered():
            together = Together(state, dist.new_group(timeout=_PATIENCE))
        try:
            yield together, own
            if together.group is not None:
                with _answered():
                    dist.barrier(together.group)
        finally:
            # Where this process has failed, the others learn it from that.
            together.leave()


def _state() -> Any:
    """Return what accelerate knows of the launch; its processes meet here first."""
    accelerate = optional("accelerate", f"device={LAUNCHED!r}", "accelerate")
    cpu = accelerate.utils.parse_flag_from_env("ACCELERATE_USE_CPU")
    with _answered():
        state = accelerate.PartialState(cpu=cpu or not _has_gpus())
    launched = _n_launched()
    if state.num_processes != launched or (launched > 1 and not dist.is_initialized()):
        raise ValueError(
            f"{launched} processes were launched, but accelerate does not connect "
            f"them as torch.distributed does (it has {state.num_processes}, "
            f"{state.distributed_type}). On CPUs start them with `accelerate launch "
            "--cpu`; where the program makes a PartialState or an Accelerator before, "
            "give it cpu=True."
        )
    return state


def _has_gpus() -> bool:
    """Tell whether there are devices of which several can train one model."""
    there = torch.accelerator.current_accelerator(check_available=True)
    return there is not None and there.type != "mps"


def _check_not_beside_others() -> None:
    """Raise in a worker of a launched process: it is none that was launched.

    It has the variables of its parent, and would take its place.
    """
    beside = get_active_backend()[0].nesting_level > 0
    if beside and _n_launched() > 1:
        raise ValueError(_BESIDE)


def _n_launched() -> int:
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextlib.contextmanager
def _one_at_a_time() -> Iterator[None]:
    if not _AT_WORK.acquire(blocking=False):
        raise ValueError(_BESIDE)
    try:
        yield
    finally:
        _AT_WORK.release()


@contextlib.contextmanager
def _answered() -> Iterator[None]:
    """Say in words what it means that a process does not answer."""
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(
            "Another process of this training does not answer: it has failed (see its "
            "output), or it does not call `fit`, on the same data, as this one does. "
            f"torch.distributed says: {error}"
        ) from error.with_traceback(None)  # its frames have the group


class Together(Alone):
    """A training that all processes of a launch share.

    Parameters
    ----------
    state : accelerate.PartialState
    group : torch.distributed.ProcessGroup
        Of this training alone.
    """

    def __init__(self, state: Any, group: Any) -> None:
        self.n, self.rank = state.num_processes, state.process_index
        self.device, self.group = state.device, group

    def leave(self) -> None:
        if self.group is not None:
            dist.destroy_process_group(self.group)
        # Its connections last as long as it has a name, and frames of errors, which may
        # be kept for long, have this object.
        self.group = None

    def part(self, n_rows: int) -> tuple[slice, float]:
        # Two rows each at least, where there are two: of a lone row batch
        # normalisation has no variance. Whoever has none learns from the first
        # rows, which then count nothing.
        n_parts = max(1, min(self.n, n_rows // 2))
        k = self.rank if self.rank < n_parts else 0
        rows = slice(k * n_rows // n_parts, (k + 1) * n_rows // n_parts)
        return rows, (rows.stop - rows.start) / n_rows * (self.rank < n_parts)

    def agreed(self, value: Any) -> Any:
        values = [value]
        with _answered():
            dist.broadcast_object_list(values, 0, self.group, self.device)
        return values[0]

    def on_first(self, function: Callable[[], Any]) -> Any:
        value = error = None
        if self.first:
            try:
                value = function()
            except Exception as raised:
                error = raised
        if self.first and error is not None:
            self.agreed((None, f"{error}"))
            raise error
        value, failure = self.agreed((value, None))
        if failure is not None:
            raise ValueError(failure)
        return value

    def check_same(self, facts: Callable[[], dict[str, tuple[str, str]]]) -> None:
        own, everybody = facts(), [None] * self.n
        with _answered():
            dist.all_gather_object(everybody, own, self.group)
        found = list(_different(everybody))
        if found:
            raise ValueError(
                "Expected all processes to train on the same rows with the same "
                f"parameters, but {'; '.join(found[:3])}. Read, shuffle and split the "
                "rows in the same way in each process: with seeds, such as a number "
                "as `random_state`."
            )

    def add_up(self, loss: Tensor, parameters: Iterator[Tensor]) -> Tensor:
        total = loss.detach().clone()
        with _answered():
            small, waits = [total], []
            for parameter in parameters:
                grad = parameter.grad
                if grad is None:
                    continue
                if grad.is_sparse:
                    parameter.grad = self._sum_of_rows(grad)
                elif grad.numel() >= _SMALL and grad.is_contiguous():
                    waits.append(dist.all_reduce(grad, group=self.group, async_op=True))
                else:
                    small.append(grad)
            self._add_up_small(small)
            for wait in waits:
                wait.wait()
        return total

    def _add_up_small(self, tensors: list[Tensor]) -> None:
        for dtype in dict.fromkeys(tensor.dtype for tensor in tensors):
            own = [tensor for tensor in tensors if tensor.dtype == dtype]
            flat = torch.cat([tensor.reshape(-1) for tensor in own])
            dist.all_reduce(flat, group=self.group)
            parts = flat.split([tensor.numel() for tensor in own])
            for tensor, part in zip(own, parts, strict=True):
                tensor.copy_(part.view_as(tensor))

    def _sum_of_rows(self, grad: Tensor) -> Tensor:
        """Sum a sparse gradient, of whole rows, over the processes."""
        grad = grad.coalesce()
        rows, values = grad.indices()[0], grad.values()
        sizes = self._gathered(torch.tensor([len(rows)], device=rows.device))
        lengths = torch.cat(sizes).tolist()
        # Buffers of one size for all; what is behind a process's own rows is dropped.
        padded = rows.new_zeros(max(lengths))
        padded[: len(rows)] = rows
        padded_values = values.new_zeros((max(lengths), *values.shape[1:]))
        padded_values[: len(rows)] = values
        parts = zip(
            self._gathered(padded), self._gathered(padded_values), lengths, strict=True
        )
        all_rows, all_values = zip(*((r[:k], v[:k]) for r, v, k in parts), strict=True)
        return torch.sparse_coo_tensor(
            torch.cat(all_rows)[None],
            torch.cat(all_values),
            grad.shape,
            check_invariants=False,
        ).coalesce()

    def _gathered(self, tensor: Tensor) -> list[Tensor]:
        everybody = [torch.empty_like(tensor) for _ in range(self.n)]
        dist.all_gather(everybody, tensor, group=self.group)
        return everybody

    @torch.no_grad()
    def settle(self, module: torch.nn.Module) -> None:
        with _answered():
            for tensor in module.state_dict().values():
                if not torch.is_tensor(tensor):
                    continue
                whole = tensor.contiguous()
                dist.broadcast(whole, 0, self.group)
                if whole is not tensor:
                    tensor.copy_(whole)


def _different(everybody: list[Any]) -> Iterator[str]:
    first, *others = everybody
    for name, (digest, words) in first.items():
        for rank, other in enumerate(others, start=1):
            its_digest, its_words = other.get(name, (None, "absent"))
            if its_digest == digest:
                continue
            if its_words == words:
                yield f"{name} differs in process {rank} from that in process 0"
            else:
                yield f"{name} is {words} in process 0, and {its_words} in {rank}"
            break
