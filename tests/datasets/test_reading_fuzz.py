"""Files that something has happened to: read, or refused with the name of the file."""

import random
from pathlib import Path

import pytest

from sklearn_hmlc import Hierarchy
from sklearn_hmlc.datasets import labels, read_annotations, read_features

FOLDER = Path(__file__).parents[1] / "data" / "ontology"
N_FILES = 150
PIECES = [
    *(b"\t", b"\n", b"\r", b",", b'"', b";", b"|", b":", b"!", b"#", b"["),
    *(b"", b"\x00", b"\xff", b"1", b"NA", b"[Term]\n", b"id: ", b"is_a: GO:0003674\n"),
]
TABLES = {
    "x.csv": b'gene,a,b\nP1,1.5,2\nP2,,3\n"P,3",4,5\n',
    "y.tsv": b"G1\tGO:0005515\tIDA\nG2\tGO:0005886\tTAS\n",
    "z.csv": b"gene;go\nA;GO:0005515\n",
}


def damage(content, rng):
    """Cut, insert, overwrite or repeat, up to four times."""
    for _ in range(rng.randint(1, 4)):
        start = rng.randrange(len(content) + 1)
        end = start + rng.randint(0, 30)
        kind = rng.choice(["cut", "insert", "overwrite", "repeat"])
        if kind == "cut":
            content = content[:start]
        elif kind == "repeat":
            content = content[:end] + content[start:]
        else:
            rest = content[start if kind == "insert" else end :]
            content = content[:start] + rng.choice(PIECES) + rest
    return content


def read_damaged(path, content, read, seed):
    """Count what is read; anything but a ValueError about the file is raised."""
    rng = random.Random(seed)
    n_read = 0
    for _ in range(N_FILES):
        path.write_bytes(damage(content, rng))
        on_error = rng.choice(["raise", "skip"])
        try:
            read(path, on_error)
            n_read += 1
        except ValueError as error:
            message = str(error)
            if path.name not in message and "`hierarchy` for terms" not in message:
                raise
    return n_read


@pytest.mark.filterwarnings("ignore:.* are left out")
def test_ontologies(tmp_path):
    content = (FOLDER / "go_excerpt.obo").read_bytes()
    n_read = read_damaged(
        tmp_path / "x.obo", content, lambda path, _: Hierarchy.from_obo(path), seed=0
    )
    assert 0 < n_read < N_FILES


@pytest.mark.parametrize("name", ["go_excerpt.gaf", *TABLES])
def test_annotations(tmp_path, name):
    go = Hierarchy.from_obo(FOLDER / "go_excerpt.obo")
    content = TABLES[name] if name in TABLES else (FOLDER / name).read_bytes()

    def read(path, on_error):
        hierarchy = None if name == "x.csv" else go
        labels(read_annotations(path, hierarchy, on_error=on_error))

    assert read_damaged(tmp_path / name, content, read, seed=1) < N_FILES


@pytest.mark.parametrize("name", ["go_excerpt_domains.tsv", *TABLES])
def test_features(tmp_path, name):
    content = TABLES[name] if name in TABLES else (FOLDER / name).read_bytes()

    def read(path, on_error):
        read_features(path, on_error=on_error)

    assert 0 < read_damaged(tmp_path / name, content, read, seed=2) < N_FILES
