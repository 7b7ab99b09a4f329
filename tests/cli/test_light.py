"""Help, version and mistyped options need nothing heavy, and tell the truth."""

import subprocess
import sys

import pytest

from sklearn_hmlc import HierarchicalEnsembleClassifier
from sklearn_hmlc._cli import _defaults
from sklearn_hmlc._cli._parser import make_parser
from sklearn_hmlc.datasets import EVIDENCE
from sklearn_hmlc.losses import SCHEMES
from sklearn_hmlc.nn import ENSEMBLES
from sklearn_hmlc.postprocessing import STRATEGIES
from sklearn_hmlc.uncertainty import MEASURES

from .genes import GAF, OBO

HEAVY = "numpy scipy pandas sklearn torch skorch narwhals matplotlib tqdm joblib"
LOOK = f"""
import sys
from sklearn_hmlc._cli import main
try:
    status = main(sys.argv[1:])
except SystemExit as stop:
    status = stop.code
heavy = [name for name in {HEAVY.split()} if name in sys.modules]
print("loaded:", heavy, status)
"""


@pytest.mark.parametrize(
    ("argv", "status"),
    [
        (["--help"], 0),
        (["--version"], 0),
        (["fit", "--help"], 0),
        (["demo", "--help"], 0),
        (["info", "--help"], 0),
        (["predict", "--help"], 0),
        (["evaluate", "--help"], 0),
        (["fitt"], 2),
        (["fit", "x.csv"], 2),
        (["fit", "x.csv", "--model", "m", "--epochz", "3"], 2),
        (["fit", "x.csv", "--model", "m", "--epochs", "three"], 2),
        (["fit", "x.csv", "--model", "m", "--device", "abacus"], 2),
        (["fit", "x.csv", "--model", "m", "--threshold", "f2"], 2),
        (["predict", "m", "x.csv", "--out", "y", "--format", "csv"], 2),
    ],
)
def test_nothing_heavy_is_imported(argv, status):
    done = subprocess.run(
        [sys.executable, "-c", LOOK, *argv],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == f"loaded: [] {status}"
    assert "Traceback" not in done.stderr


def test_files_are_measured_without_torch(folder):
    (folder / "p.tsv").write_text("3804\tGO:0005515\t0.5\n")
    done = subprocess.run(
        [
            *(sys.executable, "-c", LOOK),
            *("evaluate", "--ontology", OBO, "--truth", GAF, "--predictions", "p.tsv"),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Fmax" in done.stdout
    loaded = done.stdout.splitlines()[-1]
    assert loaded.endswith(" 0")
    assert "'pandas'" in loaded
    assert "'torch'" not in loaded


def test_defaults_are_those_of_the_library():
    params = HierarchicalEnsembleClassifier().get_params()
    assert {k: params[k] for k in _defaults.PARAMETERS} == _defaults.PARAMETERS
    assert set(_defaults.ENSEMBLES) == set(ENSEMBLES)
    assert set(_defaults.MEASURES) == set(MEASURES)
    assert set(_defaults.SCHEMES) == set(SCHEMES)
    assert set(_defaults.STRATEGIES) == set(STRATEGIES)
    assert set(_defaults.EVIDENCE_SETS) == {*EVIDENCE, "all"}


def test_standard_output_is_a_dash():
    args = make_parser().parse_args(["predict", "m", "x.csv", "--out", "-"])
    assert str(args.out) == "/dev/stdout"
