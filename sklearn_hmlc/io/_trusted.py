"""Names of the types that model files may hold.

Stage: beside reading. A name is here if nothing can go wrong when it is looked up, made
with any attributes, or called with any arguments, since a file of a stranger's can ask
for all three; so nothing that reads or writes files, unpickles, or runs commands.
"""

from __future__ import annotations

import contextlib
import importlib
import inspect
from collections.abc import Iterator
from typing import Any

_OWN = {
    "_classifier": ["HierarchicalEnsembleClassifier"],
    "_fit": ["Seen"],
    "_outputs": ["Outputs"],
    "_target": ["IndicatorTarget", "SingleTarget"],
    "experts._forest": ["HierarchicalForestClassifier"],
    "experts._kernel_classifier": ["KernelHierarchyClassifier"],
    "experts._nearest": ["Nearest"],
    "experts._neighbors": ["NeighborsHierarchyClassifier"],
    "experts._row_kernel": ["RowKernel"],
    "experts._trees": ["Growth", "LabelForest"],
    "experts._voting": ["CoherentVotingClassifier"],
    "hierarchy._binarizer": ["HierarchicalLabelBinarizer"],
    "hierarchy._facts": ["Facts"],
    "hierarchy._hierarchy": ["Hierarchy"],
    "metrics._scorers": ["_HierarchyScorer", "_Weighed", "_one_of_three"],
    "over_sampling._hrospd": ["HROSPD"],
    "over_sampling._lpros": ["LPROS"],
    "over_sampling._mlros": ["MLROS"],
    "postprocessing._coherent_classifier": ["CoherentClassifier"],
    "postprocessing._node_threshold_classifier": ["NodeThresholdClassifier"],
}
_TORCH = {
    "torch": ["device"],
    "torch.optim.adadelta": ["Adadelta"],
    "torch.optim.adagrad": ["Adagrad"],
    "torch.optim.adam": ["Adam"],
    "torch.optim.adamax": ["Adamax"],
    "torch.optim.adamw": ["AdamW"],
    "torch.optim.asgd": ["ASGD"],
    "torch.optim.nadam": ["NAdam"],
    "torch.optim.radam": ["RAdam"],
    "torch.optim.rmsprop": ["RMSprop"],
    "torch.optim.sgd": ["SGD"],
    "torch.optim.lr_scheduler": [
        *("StepLR", "MultiStepLR", "ExponentialLR", "CosineAnnealingLR", "LambdaLR"),
        *("OneCycleLR", "CyclicLR", "ReduceLROnPlateau", "LinearLR", "ConstantLR"),
        *("CosineAnnealingWarmRestarts", "PolynomialLR"),
    ],
    "torch.nn.modules.activation": [
        *("CELU", "ELU", "GELU", "Hardshrink", "Hardsigmoid", "Hardswish", "Hardtanh"),
        *("LeakyReLU", "LogSigmoid", "Mish", "PReLU", "RReLU", "ReLU", "ReLU6"),
        *("SELU", "SiLU", "Sigmoid", "Softplus", "Softshrink", "Softsign", "Tanh"),
        "Tanhshrink",
    ],
    "torch.nn.modules.linear": ["Identity"],
    "skorch.callbacks.lr_scheduler": ["LRScheduler", "WarmRestartLR"],
    "skorch.callbacks.training": ["EarlyStopping"],
    "skorch.callbacks.regularization": ["GradientNormClipping"],
    "skorch.utils": ["noop"],
    "sklearn_hmlc.nn._sparse_input": ["RowAdam"],
}
_OTHERS = {
    "numpy": ["dtype"],
    "sklearn.utils._bunch": ["Bunch"],
    "sklearn.model_selection._split": [
        *("GroupKFold", "GroupShuffleSplit", "KFold", "LeaveOneGroupOut"),
        *("LeaveOneOut", "PredefinedSplit", "RepeatedKFold", "ShuffleSplit"),
        "TimeSeriesSplit",
    ],
    **{
        f"scipy.sparse._{form}": [f"{form}_array", f"{form}_matrix"]
        for form in ("bsr", "coo", "csc", "csr", "dia", "dok", "lil")
    },
}


def _names(modules: dict[str, list[str]], package: str = "") -> list[str]:
    return [f"{package}{module}.{x}" for module, xs in modules.items() for x in xs]


#: Names of all types that the estimators of this library are made of, and that skops
#: does not trust by itself: for ``skops.io.load(path, trusted=TRUSTED_TYPES)``.
TRUSTED_TYPES = sorted(
    [*_names(_OWN, "sklearn_hmlc."), *_names(_TORCH), *_names(_OTHERS)]
)


def all_trusted() -> list[str]:
    """Return the names of ours, and of what else pipelines and searches are made of."""
    return sorted({*TRUSTED_TYPES, *_names(_LEARN), *_public(), *_measures()})


# What scikit-learn's estimators hold, and skops doesn't trust by itself. What a tree
# says is checked before it is used, see `_trees`. Not SciPy's distributions, which run
# text as code when they are made; nor KDTree and BallTree, which walk their memory.
_LEARN = {
    "builtins": ["slice", "print"],
    "functools": ["partial"],
    "sklearn.tree._tree": ["Tree"],
    "sklearn.ensemble._hist_gradient_boosting.predictor": ["TreePredictor"],
    "sklearn.metrics._scorer": ["_Scorer", "_PassthroughScorer", "_MultimetricScorer"],
    "sklearn.utils._metadata_requests": ["MetadataRequest", "MethodMetadataRequest"],
    "sklearn.compose._column_transformer": ["make_column_selector"],
    "sklearn.calibration": ["_CalibratedClassifier", "_SigmoidCalibration"],
    "sklearn.multiclass": ["_ConstantPredictor"],
    "sklearn.neural_network._stochastic_optimizers": ["AdamOptimizer", "SGDOptimizer"],
}


def _public() -> Iterator[str]:
    """Yield names of scikit-learn's splitters and of imbalanced-learn's estimators."""
    for module in (
        "sklearn.model_selection",
        "imblearn.combine",
        "imblearn.ensemble",
        "imblearn.over_sampling",
        "imblearn.pipeline",
        "imblearn.under_sampling",
    ):
        package = importlib.import_module(module)
        for name in package.__all__:
            with contextlib.suppress(ImportError):  # of what is experimental
                found = getattr(package, name)
                if inspect.isclass(found):
                    yield _name(found)


def _measures() -> Iterator[str]:
    """Yield names of the functions that measure, scikit-learn's and ours."""
    for module in (
        "sklearn.feature_selection",
        "sklearn.metrics",
        "sklearn.metrics.pairwise",
        "sklearn_hmlc.metrics",
    ):
        package = importlib.import_module(module)
        for found in (getattr(package, name) for name in dir(package)):
            if inspect.isfunction(found) and found.__module__.startswith(module):
                yield _name(found)


def _name(one: Any) -> str:
    return f"{one.__module__}.{one.__name__}"
