"""torch's global state, and how not to depend on it or touch it.

Stage: around every call into torch. Random numbers come from generators of the fit's
own, so that fits in threads are fits alone; what knows no generator (a user's encoder)
has torch's global ones, one fit at a time, and they get their state back.
"""

from __future__ import annotations

import contextlib
import io
import os
import threading

import cloudpickle
import torch

# Of products in training.
PRECISIONS = ("float32", "bf16")

# Seeds are drawn below this.
SEEDS = 2**31 - 1

# The process in which this was imported; a forked child has another number.
_PROCESS = os.getpid()

# Process -> its lock: a child must not wait for a thread that only its parent has.
_LOCKS: dict[int, threading.RLock] = {}


def device_of(device):
    """Return the torch device that a parameter names, or raise where there is none."""
    found = device
    if device == "auto":
        found = "cuda" if torch.cuda.is_available() else "cpu"
    try:
        named = torch.device(found)
        torch.zeros(1, device=named).cpu()
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ValueError(
            "Expected `device` to be 'accelerate', 'auto' or a device of this machine, "
            f"but got {device!r}: {error}{_what_to_do(str(found))}"
        ) from error
    return named


def _what_to_do(device):
    """Say how to do without a GPU that is there, but not for this process."""
    if not device.startswith("cuda") or not torch.cuda.is_available():
        return ""
    if os.getpid() == _PROCESS:
        return " To do without the GPU, say device='cpu'."
    return (
        " A forked process can't use a GPU that its parent has used: start it by "
        "'spawn', or say device='cpu'."
    )


def check_precision(precision, device):
    """Raise where a device lacks a precision."""
    if precision != "bf16":
        return
    if device.type == "cuda":
        there = torch.cuda.is_bf16_supported(including_emulation=False)
    else:
        there = _multiplies(torch.bfloat16, device)
    if not there:
        name = torch.cuda.get_device_name(device) if device.type == "cuda" else device
        raise ValueError(
            f"precision='bf16' needs a device that computes in bfloat16, which {name} "
            "does not; use precision='float32'."
        )


def _multiplies(dtype, device):
    try:
        with torch.autocast(device.type, dtype):
            one = torch.ones(1, 1, device=device)
            return (one @ one).dtype == dtype
    except (RuntimeError, TypeError, ValueError):
        return False


def moved(tensor, device):
    """Return a tensor on a device; a GPU fetches it while the host goes on.

    The host has to wait for a copy of memory that may be swapped out.
    """
    if torch.device(device).type != "cuda" or tensor.device.type != "cpu":
        return tensor.to(device)
    if tensor.is_sparse:
        return torch.sparse_coo_tensor(
            moved(tensor.indices(), device),
            moved(tensor.values(), device),
            tensor.shape,
            is_coalesced=True,
            check_invariants=False,
        )
    return tensor.pin_memory().to(device, non_blocking=True)


def generators(seed, device):
    """Return a generator on the host and one on the device; the same on the CPU."""
    host = torch.Generator().manual_seed(seed)
    if device.type == "cpu":
        return host, host
    return host, torch.Generator(device=device).manual_seed(seed)


def pickled(value):
    """Return a pickle that tells what a notebook defines by value.

    Its tensors may be moved to any device when it is read: generators, which torch
    pickles with their state in a tensor, have it in an array.
    """
    file = io.BytesIO()
    _Pickler(file).dump(value)
    return file.getvalue()


def _reduced(generator):
    state = generator.get_state().numpy()
    return generator_of, (generator.device.type, state)


def generator_of(kind, state):
    """Return a generator of a state; where there is no such device, a new one here."""
    if kind != "cpu" and not getattr(torch, kind).is_available():
        return torch.Generator()
    generator = torch.Generator(kind)
    generator.set_state(torch.as_tensor(state))
    return generator


class _Pickler(cloudpickle.Pickler):
    dispatch_table = cloudpickle.Pickler.dispatch_table.new_child(
        {torch.Generator: _reduced}
    )


@contextlib.contextmanager
def usual(device):
    """Compute as a fresh process would: no autocast, no inference mode, no deadlock.

    To leave inference mode is to have gradients again, whatever the user has set.
    """
    with (
        torch.inference_mode(False),
        torch.autocast(torch.device(device).type, enabled=False),
        _one_thread_after_fork(),
    ):
        yield


@contextlib.contextmanager
def _one_thread_after_fork():
    """Use one thread in a forked child, where the threads of the parent are missing.

    OpenMP does not know that they are, and would wait for them for ever.
    """
    if os.getpid() == _PROCESS:
        yield
        return
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextlib.contextmanager
def global_generators(seed, device):
    """Seed torch's global generators for code that knows no others.

    They are everybody's, so that one fit at a time has them, and they get their state
    back.
    """
    cuda = [device] if device.type == "cuda" else []
    lock = _LOCKS.setdefault(os.getpid(), threading.RLock())
    with lock, torch.random.fork_rng(devices=cuda):
        torch.default_generator.manual_seed(seed)
        for one in cuda:
            with torch.cuda.device(one):
                torch.cuda.manual_seed(seed)
        yield
