"""Checkpoints: a training that is killed goes on, and ends with the same bits.

Stage: around the epochs of `fit`. In: a folder, and a net after each epoch. Out: one
file there, from which the same `fit` in another process goes on.

All that comes before the first epoch (validation part, resampling, the net's layers) is
done again, which gives the same from the same rows and seed. Then the file says where
weights, optimiser, callbacks, history and generators were. `_keeper` does so, `_state`
takes the state of a net, `_plain` makes data of it that can be read without running
code, `_file` keeps these in a folder, and `_fingerprint` tells one training from
another.
"""

from ._file import holds_training, remove_trainings
from ._keeper import Unkept, check_same, kept

__all__ = ["Unkept", "check_same", "holds_training", "kept", "remove_trainings"]
