"""The commands of ``hmlc`` and what each takes.

Stage: the door. In: a list of strings. Out: a namespace whose ``run`` is the function
to call; its module, and with it the library, is imported when it is called.
`_arguments` has the options in groups, `_types` reads their values, `_defaults` says
what they are if they are not given, `_help` what stands around them.
"""

from __future__ import annotations

import argparse
import importlib
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from .. import __version__
from .._spelling import did_you_mean
from . import _arguments as arguments
from . import _help, _types
from ._defaults import FORMATS, FULL, QUICK
from ._say import printable
from ._wrap import WrappedHelp


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
    """Return the parser with its commands."""
    parser = _Parser(
        prog="hmlc",
        description=_help.DESCRIPTION,
        formatter_class=WrappedHelp,
    )
    parser.add_argument("--version", action="version", version=f"hmlc {__version__}")
    commands = parser.add_subparsers(
        title="commands", metavar="COMMAND", dest="command", required=True
    )
    _add_demo(commands)
    _add_fit(commands)
    _add_info(commands)
    _add_predict(commands)
    _add_evaluate(commands)
    return parser


def _in_time(module: str, name: str) -> Callable[[Any], None]:
    """Return a function of a module that is imported when it is called."""

    def run(args: Any) -> None:
        getattr(importlib.import_module(f".{module}", __package__), name)(args)

    return run


def _add_command(commands, name, run, summary, description, epilog):
    command = commands.add_parser(
        name,
        help=summary,
        description=description,
        epilog=epilog,
        formatter_class=WrappedHelp,
    )
    command.set_defaults(run=run)
    return command


def _add_demo(commands):
    demo = _add_command(
        commands,
        "demo",
        _in_time("_demo", "run"),
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
    arguments.add_force(demo, "replace the files of an earlier demo")
    demo.add_argument(
        "--quick", action="store_true", help="small networks, a few seconds"
    )
    demo.add_argument(
        "--heads",
        metavar="M",
        type=_types.positive,
        help=f"members of the ensemble (default: {FULL.heads}, quick {QUICK.heads})",
    )
    demo.add_argument(
        "--epochs",
        metavar="N",
        type=_types.positive,
        help=f"passes over the rows (default: {FULL.epochs}, quick {QUICK.epochs})",
    )
    arguments.add_seed_and_device(demo)


def _add_fit(commands):
    fit = _add_command(
        commands,
        "fit",
        _in_time("_fitting", "fit"),
        "train on labelled files and write a model file",
        "Train a coherent ensemble on labelled rows and write it to a model file.",
        _help.FIT_EXAMPLES,
    )
    arguments.add_data(fit)
    fit.add_argument(
        "--model",
        metavar="FILE",
        type=_types.out,
        required=True,
        help="the file to write; - for standard output",
    )
    arguments.add_force(fit)
    fit.add_argument("--quiet", action="store_true", help="no progress and no summary")
    arguments.add_tables(fit.add_argument_group("tables"))
    arguments.add_ontology(fit.add_argument_group("ontology and annotations"))
    arguments.add_annotations(fit.add_argument_group("which annotations count"))
    arguments.add_features(fit.add_argument_group("features by id"))
    arguments.add_held_out(fit.add_argument_group("rows held out"))
    arguments.add_network(fit.add_argument_group("network"))
    arguments.add_training(fit.add_argument_group("training"))
    arguments.add_checkpoints(fit.add_argument_group("trainings that are killed"))


def _add_info(commands):
    info = _add_command(
        commands,
        "info",
        _in_time("_info", "info"),
        "tell what a model file is",
        "Print what a model was trained on and how: its hierarchy, features, rows,\n"
        "parameters and, where rows were held out, the measures of these.",
        _help.INFO_EXAMPLES,
    )
    arguments.add_model(info)
    arguments.add_trust(info)


def _add_predict(commands):
    predict = _add_command(
        commands,
        "predict",
        _in_time("_predicting", "predict"),
        "write the probabilities of nodes for new rows",
        "Write the probability of every node for every row of DATA, those of the best "
        "nodes\n(--top), or with --decisions which nodes each row is said to have.",
        _help.PREDICT_EXAMPLES,
    )
    arguments.add_model(predict)
    arguments.add_trust(predict)
    arguments.add_data(predict)
    predict.add_argument(
        "--features",
        metavar="FILE",
        type=Path,
        help="the rows' features, for a model that was trained with --features",
    )
    predict.add_argument(
        "--out",
        metavar="FILE",
        type=_types.out,
        required=True,
        help="the file to write: commas in .csv, else tabs; compressed if it ends on "
        ".gz, .xz or .bz2; - for standard output",
    )
    arguments.add_force(predict)
    predict.add_argument(
        "--format",
        choices=FORMATS,
        help="wide: one row per sample, one column per node; long: a line for each "
        "sample and node, with the node's name where it has one; cafa: lines of id, "
        "node and score (default: wide; long for models of an ontology)",
    )
    predict.add_argument(
        "--top",
        metavar="K",
        type=_types.positive,
        help="only the best K nodes of each row; for long and cafa",
    )
    predict.add_argument(
        "--min-proba",
        "--min-probability",
        dest="min_proba",
        metavar="P",
        type=_types.number,
        default=0.0,
        help="leave out lines below this probability; for long and cafa",
    )
    predict.add_argument(
        "--decisions",
        action="store_true",
        help="write 0 and 1 in place of probabilities (wide), or only the lines of "
        "nodes that a row is said to have (long), by the model's --threshold",
    )


def _add_evaluate(commands):
    evaluate = _add_command(
        commands,
        "evaluate",
        _in_time("_evaluating", "evaluate"),
        "print how well nodes are found, by a model or in files of predictions",
        "Compare a model's predictions with the labels of DATA: precision, recall and "
        "F1,\naltogether and by how rare and how deep nodes are. Or, with "
        "--predictions, files of\npredictions with annotations: the measures of CAFA.",
        _help.EVALUATE_EXAMPLES,
    )
    arguments.add_model(evaluate, nargs="?")
    arguments.add_trust(evaluate)
    arguments.add_data(evaluate)
    arguments.add_labels(evaluate)
    evaluate.add_argument(
        "--out", metavar="DIR", type=Path, help="folder for tables (CSV) and figures"
    )
    arguments.add_force(evaluate, "replace the files of an earlier report")
    arguments.add_prediction_files(evaluate.add_argument_group("prediction files"))
    arguments.add_annotations(evaluate.add_argument_group("which annotations count"))
