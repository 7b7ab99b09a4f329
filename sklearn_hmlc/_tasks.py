"""scikit-learn's own callbacks (since its version 1.9) in a fit.

Stage: around training. In: the classifier and the data as given. Out: one task for the
fit and one below it for each epoch, of which `ProgressBar`, `ScoringMonitor` and others
are told. Without callbacks, or with an older scikit-learn, nothing happens.
"""

from __future__ import annotations

import copy

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # before 1.9

    class CallbackSupportMixin:
        """Stands for what scikit-learn does not have yet."""


# What scikit-learn keeps on an estimator while it is fitted, to end callbacks in the
# end: fits that fail have an end, too.
WHILE_FITTING = ("_callback_fit_ctx", "_skl_callbacks_to_teardown")


class Tasks:
    """A fit and its epochs, as scikit-learn's callbacks are told of them.

    Parameters
    ----------
    estimator : HierarchicalEnsembleClassifier
    X, y, sample_weight : as given to `fit`
    """

    def __init__(self, estimator, X, y, sample_weight):
        self.estimator = estimator
        self.there = bool(getattr(estimator, "_skl_callbacks", ()))
        weights = {} if sample_weight is None else {"sample_weight": sample_weight}
        self.data = {"X": X, "y": y, "metadata": weights}

    def begin(self, n_epochs):
        """Begin the fit."""
        if self.there:
            self.fit = self.estimator._init_callback_context(max_subtasks=n_epochs)
            self.fit.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def begin_epoch(self):
        """Begin an epoch."""
        if self.there:
            self.epoch = self.fit.subcontext(task_name="epoch")
            self.epoch.call_on_fit_task_begin(estimator=self.estimator, **self.data)

    def end_epoch(self, net):
        """End an epoch; return whether a callback wants no more of them."""
        return self.there and self.epoch.call_on_fit_task_end(
            estimator=self.estimator,
            **self.data,
            reconstruction_attributes=lambda: {"net_": _copied(net)},
        )

    def end(self):
        """End the fit, once the estimator is fitted."""
        if self.there:
            self.fit.call_on_fit_task_end(
                estimator=self.estimator, **self.data, reconstruction_attributes={}
            )


def _copied(net):
    """Return a net that predicts as this one does now, whatever becomes of it."""
    same = type(net).__new__(type(net))
    parts = {name: copy.deepcopy(getattr(net, name)) for name in _PREDICTING}
    vars(same).update({**vars(net), **parts})
    return same


_PREDICTING = ("module_", "criterion_")
