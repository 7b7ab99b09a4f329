"""The options of ``hmlc`` in groups, as several commands share them.

Stage: the door. The options of ``fit`` are stored under the names of the parameters
that they set, so that they can be passed on as they are.
"""

from __future__ import annotations

from pathlib import Path

from . import _types as types
from ._defaults import (
    CODES,
    ENSEMBLES,
    EVIDENCE,
    EVIDENCE_SETS,
    FOLDS,
    FORMATS,
    KINDS,
    MEASURES,
    PARAMETERS,
    RELATIONS,
    SCHEMES,
)
from ._say import FLAGS

# -- files -----------------------------------------------------------------------------


def add_model(parser, **options):
    """Add the model file to read."""
    parser.add_argument(
        "model",
        metavar="MODEL",
        type=Path,
        help="a file that `hmlc fit` wrote",
        **options,
    )


def add_trust(parser):
    """Add what allows to read files that can run code."""
    parser.add_argument(
        "--trust",
        action="store_true",
        help="read MODEL even if it is a joblib file, as earlier versions wrote them: "
        "that runs whatever code is in it",
    )


def add_data(parser):
    """Add ARFF and CSV files."""
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="*",
        type=Path,
        help="ARFF or CSV files, whose rows are put one below the other",
    )
    parser.add_argument(
        "--index", action="store_true", help="the first column of CSV files is an id"
    )


def add_labels(parser):
    """Add the files of labels."""
    parser.add_argument(
        "--labels",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="the labels of CSV rows",
    )


def add_force(parser, text="replace the file if it exists"):
    """Add what allows to replace files."""
    parser.add_argument("--force", action="store_true", help=text)


def add_tables(group):
    """Add what CSV and ARFF files need to be trained on."""
    add_labels(group)
    group.add_argument(
        "--hierarchy",
        dest="edges",
        metavar="FILE",
        type=Path,
        help=f"the edges of the label graph; or {CODES!r} if the names of nodes are "
        "paths such as 01/01/03; without it labels are independent",
    )
    group.add_argument(
        "--unscored",
        metavar="NODE",
        nargs="*",
        help="nodes that count in no loss and no measure, beside those that say "
        "nothing (a single root that all rows have, the roots of the Gene Ontology); "
        "without names: count all",
    )
    group.add_argument(
        "--text",
        metavar="COLUMN",
        nargs="+",
        help="columns of DATA that are text whatever they look like",
    )


def add_ontology(group):
    """Add the ontology, the annotations and which nodes are learnt."""
    _add_graph(group)
    group.add_argument(
        "--annotations",
        metavar="FILE",
        type=Path,
        help="who has which term: GAF, GPAD, gene2go, or a table of ids and terms",
    )
    group.add_argument(
        "--min-count",
        metavar="N",
        type=types.zero_or_more,
        default=1,
        help="leave out terms that fewer training rows have (default: %(default)s)",
    )


def _add_graph(group):
    group.add_argument(
        "--ontology",
        metavar="FILE",
        type=Path,
        help="the terms and their edges, in the OBO format",
    )
    group.add_argument(
        "--relations",
        metavar="KIND",
        nargs="+",
        default=list(RELATIONS),
        help=f"edges that make ancestors (default: {' '.join(RELATIONS)})",
    )
    group.add_argument(
        "--across-namespaces",
        action="store_true",
        help="keep edges between namespaces",
    )
    group.add_argument(
        "--namespaces",
        "--namespace",
        dest="namespaces",
        metavar="NAME",
        nargs="+",
        help="only terms of these, such as molecular_function (default: all)",
    )


def add_annotations(group):
    """Add what is read of a file of annotations."""
    group.add_argument(
        "--evidence",
        metavar="CODE",
        nargs="+",
        type=types.evidence,
        default=[EVIDENCE],
        help=f"{', '.join(EVIDENCE_SETS)}, or evidence codes (default: {EVIDENCE})",
    )
    group.add_argument(
        "--qualifiers",
        metavar="NAME",
        nargs="+",
        help="relations of the rows to keep, such as enables (default: all; negated "
        "ones never)",
    )
    group.add_argument(
        "--taxon",
        metavar="NUMBER",
        nargs="+",
        help="NCBI's number of the species to keep (default: all)",
    )
    group.add_argument(
        "--id-column",
        metavar="COLUMN",
        type=types.column,
        help="what names a row: symbol of a GAF file, a column of a table",
    )
    group.add_argument(
        "--term-column",
        metavar="COLUMN",
        type=types.column,
        help="the column of a table that has the terms",
    )
    group.add_argument(
        "--header",
        metavar="yes|no",
        type=types.yes_no,
        help="whether a table's first line names its columns (default: what it looks "
        "like)",
    )
    group.add_argument(
        "--on-error",
        choices=("raise", "skip"),
        default="raise",
        help="what to do with malformed lines (default: %(default)s)",
    )


def add_features(group):
    """Add a file of features and how it is read."""
    group.add_argument(
        "--features",
        metavar="FILE",
        type=Path,
        help="the features of the ids: a table of numbers or of lists (protein "
        "domains), or a matrix (.npz, .h5, .parquet, .h5ad)",
    )
    group.add_argument(
        "--features-id-column",
        metavar="COLUMN",
        type=types.column,
        help="the column that has the ids (default: the first)",
    )
    group.add_argument(
        "--features-header",
        metavar="yes|no",
        type=types.yes_no,
        help="as --header",
    )
    group.add_argument(
        "--drop",
        metavar="COLUMN",
        nargs="+",
        default=[],
        help="columns that are no features",
    )
    group.add_argument(
        "--list-columns",
        metavar="COLUMN",
        nargs="+",
        help="columns whose cells list items (default: those of text)",
    )
    group.add_argument(
        "--list-sep", metavar="MARK", help="what separates items (default: ; , and |)"
    )


def add_held_out(group):
    """Add what tests a model on rows that it was not trained on."""
    group.add_argument(
        "--valid",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="files like DATA, of rows that are not trained on: training stops when "
        "AU(PRC) no longer improves on them, and keeps the best epoch",
    )
    group.add_argument(
        "--valid-labels",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="the labels of CSV rows of --valid (default with --index: --labels)",
    )
    choice = group.add_mutually_exclusive_group()
    choice.add_argument(
        "--test-fraction",
        metavar="F",
        type=types.share,
        help="hold this share of the rows out, train on the others, and measure how "
        "well their nodes are found",
    )
    choice.add_argument(
        "--folds",
        metavar="K",
        type=types.folds,
        help="measure on each of K parts a model of the others, then train on all",
    )
    group.add_argument(
        "--test-predictions",
        metavar="FILE",
        type=types.out,
        help="the file to write the predictions for the rows held out to; - for "
        "standard output",
    )
    group.add_argument(
        "--format",
        choices=FORMATS,
        help="of --test-predictions (default: long)",
    )
    group.add_argument(
        "--top",
        metavar="K",
        type=types.positive,
        help="in --test-predictions only the best K nodes of each row",
    )


def add_prediction_files(group):
    """Add files of predictions and the truth beside."""
    group.add_argument(
        "--predictions",
        metavar="FILE",
        nargs="+",
        type=Path,
        help="files of predictions: CAFA's format, long or wide",
    )
    group.add_argument(
        "--truth",
        metavar="FILE",
        type=Path,
        help="who has which term, as `hmlc fit --annotations`",
    )
    _add_graph(group)
    group.add_argument(
        "--predicted-only",
        action="store_true",
        help="only rows that one of the files predicts; else a row of the truth that "
        "a file lacks counts as missed there",
    )
    group.add_argument(
        "--train-annotations",
        metavar="FILE",
        type=Path,
        help="annotations to train on: what a naive method predicts, and how much "
        "terms tell, by their frequencies; rows of the truth are left out (default: "
        "those of MODEL, if one is named)",
    )
    group.add_argument(
        "--features",
        metavar="FILE",
        type=Path,
        help="features of the rows, to predict each by its nearest neighbours in "
        "--train-annotations beside",
    )
    group.add_argument(
        "--features-id-column",
        metavar="COLUMN",
        type=types.column,
        help="the column of --features that has the ids (default: the first)",
    )
    group.add_argument(
        "--information",
        metavar="FILE",
        type=Path,
        help="how much terms tell, in bits: two columns, term and number",
    )


# -- the classifier --------------------------------------------------------------------


def add_network(group):
    """Add the kind of model, and the parameters of the network."""
    group.add_argument(
        "--model-kind",
        choices=KINDS,
        default=KINDS[0],
        help="network: the ensemble of networks alone; best: its mean with a forest "
        "and a kernel, thresholds tuned by f1, in some 5 to 10 times the time "
        "(default: network)",
    )
    _add_parameter(group, "n_estimators", "M", types.positive, "ensemble members")
    _add_parameter(
        group,
        "ensemble",
        "KIND",
        str,
        "what the members are: heads (networks), dropout (masks of one network) or "
        "last_layer (over one body)",
        choices=ENSEMBLES,
    )
    _add_parameter(
        group,
        "hidden_layer_sizes",
        "WIDTH",
        types.auto_or(types.positive),
        "widths of the hidden layers",
        nargs="+",
    )
    share = types.auto_or(types.number)
    _add_parameter(group, "dropout", "P", share, "share of hidden units dropped")
    _add_parameter(
        group,
        "threshold",
        "P",
        types.threshold,
        "probability from which a node is predicted; prevalence or f1: one per node, "
        "tuned by cross-validation, for which the model is trained once more per fold",
    )
    group.add_argument(
        "--threshold-folds",
        metavar="K",
        type=types.folds,
        help=f"folds to tune thresholds on (default: {FOLDS})",
    )


def add_training(group):
    """Add the parameters of training."""
    count = types.auto_or(types.positive)
    _add_parameter(group, "max_epochs", "N", count, "passes over the rows")
    _add_parameter(group, "batch_size", "N", count, "rows per step")
    _add_parameter(
        group, "lr", "RATE", types.auto_or(types.number), "learning rate of Adam"
    )
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
        types.none_or(MEASURES),
        f"nodes that the ensemble is unsure about count more: {measures} or none",
    )
    schemes = ", ".join(SCHEMES)
    _add_parameter(
        group,
        "node_weight",
        "SCHEME",
        types.none_or(SCHEMES),
        f"rare nodes count more: {schemes} or none",
    )
    _add_parameter(
        group,
        "node_weight_power",
        "P",
        types.number,
        "how much more: from 0, all alike, to 1, by the inverse frequency",
    )
    add_seed_and_device(group)


def add_checkpoints(group):
    """Add what keeps a training that is killed."""
    _add_parameter(
        group,
        "checkpoint",
        "DIR",
        Path,
        "folder to keep unfinished trainings in, each fold's as well; they are removed "
        "when the model is written (default: none)",
    )
    _add_parameter(
        group, "checkpoint_every", "MINUTES", types.number, "time between checkpoints"
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on with what --checkpoint has; where it has nothing, begin",
    )


def _add_parameter(parser, name, metavar, kind, text, **kwargs):
    """Add an option for a parameter of the classifier, with its default."""
    note = "" if "default" in text else " (default: %(default)s)"
    parser.add_argument(
        FLAGS[name],
        dest=name,
        metavar=metavar,
        type=kind,
        default=PARAMETERS[name],
        help=text + note,
        **kwargs,
    )


def add_seed_and_device(parser):
    """Add what decides random numbers, and where to train."""
    parser.add_argument(
        FLAGS["random_state"],
        dest="random_state",
        metavar="S",
        type=types.seed,
        default=0,
        help="the same number gives the same model again (default: %(default)s)",
    )
    parser.add_argument(
        FLAGS["device"],
        type=types.device,
        default="auto",
        help="auto, cpu, cuda, ...; auto takes a GPU where there is one (default: "
        "%(default)s)",
    )
