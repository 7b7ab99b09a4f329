"""Callbacks of skorch for tests of what watches a training."""

from skorch.callbacks import Callback


class Unseen(Callback):
    """A callback that is nothing to the training: no checkpoint knows it."""

    def get_params(self, deep=True):
        return {}

    def state_dict(self):
        return {}

    def load_state_dict(self, state):
        assert state == {}
