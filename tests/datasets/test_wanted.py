"""`read_features` of the columns of a model: absent items, and columns that lack."""

import numpy as np
import pytest

from sklearn_hmlc.datasets import read_features

TRAIN = "gene\tpfam\nA\tPF1;PF2\nB\tPF3\n"
TWO = "gene\tpfam\tipr\nA\tPF1;PF2\tI1\nB\tPF3\tI2\n"
MIXED = "gene\tpfam\tlength\nA\tPF1;PF2\t310\nB\tPF3\t87\n"


def table(read):
    return dict(zip(read.feature_names, read.data.toarray().T.tolist(), strict=True))


@pytest.fixture
def read(write):
    def read(content, **options):
        return read_features(write(content, "new.tsv"), **options)

    return read


@pytest.mark.parametrize("wanted", ["bunch", "mapping"])
def test_absent_items_are_zeros(read, wanted):
    X = read(TRAIN)
    assert X.item_names == {"pfam": {"PF1": "PF1", "PF2": "PF2", "PF3": "PF3"}}
    keys = ("feature_names", "item_names")
    asked = X if wanted == "bunch" else {key: X[key] for key in keys}
    new = read("gene\tdomains\nC\tPF2,PF9\n", feature_names=asked)
    assert table(new) == {"PF1": [0], "PF2": [1], "PF3": [0]}
    assert new.report.absent == ["PF1", "PF3"]
    assert new.report.unknown == {"PF9": 1}
    assert "in no row: 2 of the features asked for, such as 'PF1'" in repr(new.report)
    again = read("gene\tpfam\nD\tPF3\n", feature_names=new)
    assert table(again) == {"PF1": [0], "PF2": [0], "PF3": [1]}


def test_a_column_of_numbers_is_no_absent_item(read):
    X = read(MIXED)
    with pytest.raises(ValueError, match=r"lacks 1 column of .*: 'length'"):
        read("gene\tpfam\nC\tPF2\n", feature_names=X)
    with pytest.raises(ValueError, match=r"lacks 4 columns of .*'PF1', .*'length'"):
        read("gene\tbreadth\nC\t5\n", feature_names=X)
    new = read("gene\tlength\tpfam\nC\t5\tPF2\n", feature_names=X)
    assert table(new) == {"PF1": [0], "PF2": [1], "PF3": [0], "length": [5]}


def test_names_alone_get_a_warning(read):
    names = read(MIXED).feature_names
    with pytest.warns(
        UserWarning, match=r"2 of 4 features .*'PF3', 'length'\. .*feature_names=X"
    ):
        read("gene\tpfam\nC\tPF2;PF1\n", feature_names=names)
    assert table(read("gene\tpfam\nC\tPF1;PF2;PF3\n", feature_names=names[:3]))


def test_names_alone_of_several_lists(read):
    names = read(TWO).feature_names
    assert names[0] == "pfam_PF1"
    for content in ("gene\tpfam\nC\tPF2\n", "gene\tpfam\tx\nC\tPF2\tI1\n"):
        with pytest.raises(ValueError, match=r"lacks 2 columns of .*: 'ipr_I1', 'ipr_"):
            read(content, feature_names=names)
    with pytest.warns(UserWarning, match="2 of 3 features asked for"):
        new = read("gene\tpfam\nC\tPF2\n", feature_names=names[:3])
    assert table(new) == {"pfam_PF1": [0], "pfam_PF2": [1], "pfam_PF3": [0]}


def test_one_of_two_lists(read):
    X = read(TWO)
    with pytest.raises(ValueError, match=r"no column of lists 'ipr', .* has 'pfam'"):
        read("gene\tpfam\nC\tPF2\n", feature_names=X)
    new = read("gene\tpfam\tipr\nC\tPF2\t\n", feature_names=X)
    assert table(new) == {
        **{"pfam_PF1": [0], "pfam_PF2": [1], "pfam_PF3": [0]},
        **{"ipr_I1": [0], "ipr_I2": [0]},
    }


def test_one_list_among_others(read):
    X = read(TRAIN)
    new = read("gene\tipr\tpfam\nC\tI1\tPF2\nD\tI1\tPF9\n", feature_names=X)
    assert table(new) == {"PF1": [0, 0], "PF2": [1, 0], "PF3": [0, 0]}
    assert new.report.unknown == {"ipr_I1": 2, "PF9": 1}
    with pytest.raises(ValueError, match="lacks 3 columns"):
        read("gene\tipr\tpfam\nC\tI1\tPF2\n", feature_names=X.feature_names)


@pytest.mark.parametrize("names", [True, False])
def test_nothing_in_common(read, names):
    X = read(TRAIN)
    wanted = X.feature_names if names else X
    with pytest.raises(
        ValueError, match=r"no item is among .* 'PF1', 'PF2', 'PF3', but got 'PF1 PF2'"
    ):
        read("gene\tpfam\nC\tPF1 PF2\n", feature_names=wanted)


def test_a_list_that_is_empty_in_all_rows(read):
    X = read(TRAIN)
    new = read("gene\tpfam\nC\t\nD\t-\n", feature_names=X)
    np.testing.assert_array_equal(new.data.toarray(), np.zeros((2, 3)))
    with pytest.warns(UserWarning, match="3 of 3 features"):
        new = read("gene\tpfam\nC\t\n", feature_names=X.feature_names)
    assert new.data.shape == (1, 3)


def test_lists_of_numbers_stay_lists(read):
    X = read("gene\tmotifs\nA\t1;5\nB\t2\n", list_columns=["motifs"])
    new = read("gene\tmotifs\nC\t5\n", feature_names=X)
    assert table(new) == {"1": [0], "2": [0], "5": [1]}


def test_what_is_asked_for(read):
    with pytest.raises(ValueError, match=r"a mapping with 'data'"):
        read(TRAIN, feature_names={"data": 1})
    with pytest.raises(ValueError, match="`feature_names` come more than once: 'PF1'"):
        read(TRAIN, feature_names=["PF1", "PF1"])


def test_lists_beside_numbers_that_are_asked_for(read):
    X = read("gene\tlength\nA\t16777217\n")
    for wanted in (X, ["length"]):
        new = read("gene\tpfam\tlength\nC\tPF1\t16777219\n", feature_names=wanted)
        assert new.data.to_dict("list") == {"length": [16777219]}  # not as float32
        assert new.report.unknown == {"pfam": 1}
