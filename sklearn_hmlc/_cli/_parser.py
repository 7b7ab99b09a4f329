"""Arguments and help texts of ``hmlc``.

Stage: the door. In: a list of strings. Out: a namespace whose ``run`` is the function
to call. The options of ``fit`` are stored under the names of the classifier's
parameters, and have its defaults, so that they can be passed on as they are.
"""

from __future__ import annotations

import argparse
import re
from pathlib import Path

import torch

from .. import HierarchicalEnsembleClassifier, __version__
from .._validation import did_you_mean
from ..losses import SCHEMES
from ..nn import ENSEMBLES
from ..postprocessing import STRATEGIES
from ..uncertainty import MEASURES
from . import _commands, _demo, _help
from ._csv import CODES
from ._say import FLAGS, printable

_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")


class _Parser(argparse.ArgumentParser):
    """A parser whose errors offer the nearest flag, command or choice."""

    def parse_known_args(self, args=None, namespace=None):
        """Refuse what is unknown here, where the flags of the command are known."""
        namespace, others = super().parse_known_args(args, namespace)
        if others:
            self.error(f"unrecognized arguments: {' '.join(others)}")
        return namespace, others

    def error(self, message):
        """Print usage and message, and exit with status 2."""
        super().error(printable(message + self._hint(message)))

    def _hint(self, message):
        unknown = re.match(r"unrecognized arguments: (-[^\s=]+)", message)
        if unknown is not None:
            return did_you_mean(unknown[1], self._option_string_actions)
        choice = re.search(r"invalid choice: '(.*?)' \(choose from (.*)\)", message)
        if choice is None:
            return ""
        return did_you_mean(choice[1], re.findall(r"[\w-]+", choice[2]))


def make_parser() -> argparse.ArgumentParser:
    """Return the parser with its four commands."""
    parser = _Parser(
        prog="hmlc",
        description=_help.DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"hmlc {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    _add_demo(commands)
    _add_fit(commands)
    _add_predict(commands)
    _add_evaluate(commands)
    return parser


def _add_command(commands, name, run, summary, description, epilog):
    command = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    command.set_defaults(run=run)
    return command


def _add_demo(commands):
    demo = _add_command(
        commands,
        "demo",
        _demo.run,
        "see what the rare-node ensemble finds that a plain network misses",
        _help.DEMO,
        _help.DEMO_EXAMPLES,
    )
    demo.add_argument(
        "--dataset",
        metavar="NAME",
        help="a benchmark data set such as cellcycle_FUN, derisi_FUN or cellcycle_GO "
        "(default: data made up on the spot)",
    )
    demo.add_argument(
        "--out",
        metavar="DIR",
        type=Path,
        default=Path("hmlc-demo"),
        help="folder for the figure and the tables (default: %(default)s)",
    )
    _add_force(demo, "replace the files of an earlier demo")
    demo.add_argument(
        "--quick", action="store_true", help="small networks, a few seconds"
    )
    full, quick = _demo.FULL, _demo.QUICK
    demo.add_argument(
        "--heads",
        metavar="M",
        type=_count,
        help=f"members of the ensemble (default: {full.heads}, quick {quick.heads})",
    )
    demo.add_argument(
        "--epochs",
        metavar="N",
        type=_count,
        help=f"passes over the rows (default: {full.epochs}, quick {quick.epochs})",
    )
    _add_seed_and_device(demo)


def _add_fit(commands):
    fit = _add_command(
        commands,
        "fit",
        _commands.fit,
        "train on labelled files and write a model file",
        "Train a coherent ensemble on labelled rows and write it to a model file.",
        _help.FIT_EXAMPLES,
    )
    _add_data(fit)
    _add_labels(fit)
    fit.add_argument(
        "--hierarchy",
        dest="edges",
        metavar="FILE",
        type=Path,
        help=f"the edges of the label graph; or {CODES!r} if the names of nodes are "
        "paths such as 01/01/03; without it labels are independent",
    )
    fit.add_argument(
        "--unscored",
        metavar="NODE",
        nargs="*",
        help="nodes that count in no loss and no measure, beside those that say "
        "nothing (a single root that all rows have, the roots of the Gene Ontology); "
        "without names: count all",
    )
    fit.add_argument(
        "--text",
        metavar="COLUMN",
        nargs="+",
        help="columns of DATA that are text whatever they look like",
    )
    fit.add_argument(
        "--model", metavar="FILE", type=Path, required=True, help="the file to write"
    )
    _add_force(fit)
    fit.add_argument(
        "--quiet", action="store_true", help="no progress bar and no summary"
    )
    _add_network(fit.add_argument_group("network"))
    _add_training(fit.add_argument_group("training"))


def _add_network(group):
    _add_parameter(group, "n_estimators", "M", _count, "ensemble members")
    _add_parameter(
        group,
        "ensemble",
        "KIND",
        str,
        "what the members are: heads (networks), dropout (masks of one network) or "
        "last_layer (over one body)",
        choices=sorted(ENSEMBLES),
    )
    _add_parameter(
        group,
        "hidden_layer_sizes",
        "WIDTH",
        _count,
        "widths of the hidden layers (default: 500 500)",
        nargs="+",
    )
    _add_parameter(group, "dropout", "P", _float, "share of hidden units dropped")
    _add_parameter(
        group,
        "threshold",
        "P",
        _threshold,
        "probability from which a node is predicted; prevalence or f1: one per node, "
        "tuned by cross-validation, for which the model is trained once more per fold",
    )
    group.add_argument(
        "--threshold-folds",
        metavar="K",
        type=_folds,
        help=f"folds to tune thresholds on (default: {_commands.FOLDS})",
    )


def _add_training(group):
    _add_parameter(group, "max_epochs", "N", _count, "passes over the rows")
    _add_parameter(group, "batch_size", "N", _count, "rows per step")
    _add_parameter(group, "lr", "RATE", _float, "learning rate of Adam")
    group.add_argument(
        FLAGS["early_stopping"],
        action="store_true",
        help="set a tenth of the rows aside and stop when AU(PRC) no longer improves "
        "there",
    )
    measures = ", ".join(MEASURES)
    _add_parameter(
        group,
        "uncertainty",
        "MEASURE",
        _none_or(tuple(MEASURES)),
        f"nodes that the ensemble is unsure about count more: {measures} or none",
    )
    schemes = ", ".join(SCHEMES)
    _add_parameter(
        group,
        "node_weight",
        "SCHEME",
        _none_or(tuple(SCHEMES)),
        f"rare nodes count more: {schemes} or none",
    )
    _add_parameter(
        group,
        "node_weight_power",
        "P",
        _float,
        "how much more: from 0, all alike, to 1, by the inverse frequency",
    )
    _add_seed_and_device(group)


def _add_predict(commands):
    predict = _add_command(
        commands,
        "predict",
        _commands.predict,
        "write the probabilities of all nodes for new rows",
        "Write the probability of every node for every row of DATA, or with "
        "--decisions\nwhich nodes each row is said to have.",
        _help.PREDICT_EXAMPLES,
    )
    _add_model(predict)
    _add_data(predict)
    predict.add_argument(
        "--out",
        metavar="FILE",
        type=Path,
        required=True,
        help="the CSV file to write (.csv, or .csv.gz for a compressed one)",
    )
    _add_force(predict)
    predict.add_argument(
        "--format",
        choices=("wide", "long"),
        default="wide",
        help="wide: one row per sample, one column per node; long: a "
        "line id,node,probability for each (default: %(default)s)",
    )
    predict.add_argument(
        "--decisions",
        action="store_true",
        help="write 0 and 1 in place of probabilities (wide), or only the lines of "
        "nodes that a row is said to have (long), by the model's --threshold",
    )
    predict.add_argument(
        "--min-probability",
        metavar="P",
        type=_float,
        default=0.0,
        help="leave out lines below this probability; for --format long",
    )


def _add_evaluate(commands):
    evaluate = _add_command(
        commands,
        "evaluate",
        _commands.evaluate,
        "print how well a model finds nodes, by rarity and depth",
        "Compare a model's predictions with the labels of DATA: precision, recall and "
        "F1,\naltogether and by how rare and how deep nodes are.",
        _help.EVALUATE_EXAMPLES,
    )
    _add_model(evaluate)
    _add_data(evaluate)
    _add_labels(evaluate)
    evaluate.add_argument(
        "--out", metavar="DIR", type=Path, help="folder for tables (CSV) and figures"
    )
    _add_force(evaluate, "replace the files of an earlier report")


# -- arguments that commands share -----------------------------------------------------


def _add_model(parser):
    parser.add_argument(
        "model", metavar="MODEL", type=Path, help="a file that `hmlc fit` wrote"
    )


def _add_data(parser):
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="+",
        type=Path,
        help="ARFF or CSV files, whose rows are put one below the other",
    )
    parser.add_argument(
        "--index", action="store_true", help="the first column of CSV files is an id"
    )


def _add_labels(parser):
    parser.add_argument(
        "--labels",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="the labels of CSV rows",
    )


def _add_force(parser, text="replace the file if it exists"):
    parser.add_argument("--force", action="store_true", help=text)


def _add_parameter(parser, name, metavar, kind, text, **kwargs):
    """Add an option for a parameter of the classifier, with its default."""
    default = HierarchicalEnsembleClassifier().get_params()[name]
    note = "" if "default" in text else " (default: %(default)s)"
    parser.add_argument(
        FLAGS[name],
        dest=name,
        metavar=metavar,
        type=kind,
        default=default,
        help=text + note,
        **kwargs,
    )


def _add_seed_and_device(parser):
    parser.add_argument(
        FLAGS["random_state"],
        dest="random_state",
        metavar="S",
        type=_seed,
        default=0,
        help="the same number gives the same model again (default: %(default)s)",
    )
    parser.add_argument(
        FLAGS["device"],
        type=_device,
        default="auto",
        help="auto, cpu, cuda, ...; auto takes a GPU where there is one (default: "
        "%(default)s)",
    )


def _count(text):
    return _whole(text, 1)


def _float(text):
    """Read a finite number in ASCII digits."""
    if not _NUMBER.fullmatch(text):
        raise argparse.ArgumentTypeError(f"invalid float value: {text!r}")
    return float(text)


def _whole(text, least, most=None):
    """Read a whole number in ASCII digits."""
    given = int(text) if re.fullmatch("[0-9]{1,12}", text) else None
    if given is None or given < least or (most is not None and given > most):
        limit = " on" if most is None else f" to {most:,}"
        raise argparse.ArgumentTypeError(
            f"expected a whole number from {least}{limit}, but got {text!r}"
        )
    return given


def _folds(text):
    return _whole(text, 2)


def _seed(text):
    return _whole(text, 0, 2**32 - 1)


def _threshold(text):
    if text in STRATEGIES:
        return text
    if not _NUMBER.fullmatch(text):
        raise argparse.ArgumentTypeError(
            f"expected a number or one of {', '.join(STRATEGIES)}, but got {text!r}."
            f"{did_you_mean(text, STRATEGIES)}"
        )
    return float(text)


def _none_or(options):
    """Return a reader of one of the options, or of ``none``."""

    def read(text):
        if text not in (*options, "none"):
            expected = ", ".join(options)
            raise argparse.ArgumentTypeError(
                f"expected {expected} or none, but got {text!r}."
                f"{did_you_mean(text, [*options, 'none'])}"
            )
        return None if text == "none" else text

    return read


def _device(text):
    if text == "auto":
        return text
    try:
        kind = torch.device(text).type
    except RuntimeError:
        raise argparse.ArgumentTypeError(
            f"expected auto, cpu, cuda or another device of torch, but got {text!r}"
        ) from None
    if kind == "cuda" and not torch.cuda.is_available():
        raise argparse.ArgumentTypeError(
            "torch finds no CUDA device here; use auto or cpu"
        )
    return text
