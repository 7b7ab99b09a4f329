"""Files that `read_arff` can't read: what is wrong, and in which line."""

import contextlib
import gzip
import lzma
import time

import pytest

from sklearn_hmlc.datasets import read_arff

from .pets import HEAD, TREE


def _data(*rows):
    return HEAD + "\n".join(rows) + "\n"


@pytest.mark.parametrize(
    ("content", "line", "message"),
    [
        ("", 1, "expected an @data line.*the file ends without.*cut short"),
        (HEAD[:-6], 8, "expected an @data line with rows below, but the file ends"),
        (HEAD, 9, "expected rows below @data, but there are none"),
        ("1,2,3\n", 1, "expected @relation, @attribute or @data, but got '1,2,3'"),
        ("@attribute\n@data\n", 1, "expected `@attribute name type`, but got ''"),
        ("@attribute x\n@data\n", 1, "expected `@attribute name type`, but got 'x'"),
        ("@attribute x string\n@data\n", 1, "'x' is of type 'string'; expected num"),
        ("@attribute x {a,b\n@data\n", 1, "'x' is of type '{a,b'; expected numeric"),
        ("@attribute x real\n@data\n1\n", 2, "expected one class attribute.*got 0"),
        (
            "@attribute c hierarchical a\n@attribute d hierarchical a\n@data\n",
            3,
            "expected one class attribute.*got 2",
        ),
        ("@attribute class hierarchical\n@data\n", 1, "declares no node"),
        (
            "@attribute class hierarchical a//b\n@data\na\n",
            1,
            "class attribute: Expected a code of non-empty levels.*'a//b'",
        ),
        (
            "@attribute class hierarchical a/b,b/c,c/a\n@data\na\n",
            1,
            "class attribute: Node 'a' is its own ancestor through a -> b -> c -> a",
        ),
        (
            _data("1,long,cat", "1,long"),
            10,
            "expected 3 .*got 2; .*cut short\\?$",
        ),
        (
            _data("1,long", "1,long,cat"),
            9,
            "expected 3 .*got 2; a comma.*quotes\\.$",
        ),
        (_data("1,long,cat,2"), 9, "expected 3 values.*got 4; a comma within"),
        (_data("1,long,cat", "x,long,cat"), 10, "'weight' expects a finite.*'x'"),
        (_data("nan,long,cat"), 9, "'weight' expects a finite number or \\?.*'nan'"),
        (_data("1e999,long,cat"), 9, "'weight' expects a finite number.*'1e999'"),
        *[
            (_data(f"{text},long,cat"), 9, "'weight' expects a finite number")
            for text in (
                "0_171",
                "1e3_0",
                "\u0661\u0662",
                "\uff11",
                "inf",
                "-Infinity",
                "0x1",
                "1 0",
            )
        ],
        (_data("{0 1_0,2 cat}"), 9, "'weight' expects a finite number.*'1_0'"),
        (_data("{9999999999 1,2 cat}"), 9, "each index once and below 3"),
        (_data("{\u0660 1,2 cat}"), 9, "expected pairs `index value`"),
        (_data("9" * 99 + "x,long,cat"), 9, "but got '9{60}\\.\\.\\.'"),
        (_data(",long,cat"), 9, "'weight' expects a finite number or \\?, but got ''"),
        (
            _data("1,long,cat", "% x", "", "1,lnog,cat"),
            12,
            "'coat' expects \\? or one of 'short', 'long', but got 'lnog'",
        ),
        (
            _data("1,long,dog/terier"),
            9,
            "label 'dog/terier' is no node.*Did you mean 'dog/terrier'",
        ),
        (_data("1,long,do", "1,long,cat"), 9, "label 'do' is no node.*'dog'\\?$"),
        (_data("1,long,cat", "1,long,do"), 10, "label 'do' is no node.*cut short"),
        (_data("1,long,cat@"), 9, "label '' is no node of the hierarchy"),
        (_data("1,long,?"), 9, 'the row has no label.*unlabelled="keep"'),
        (_data("1,long,"), 9, "the row has no label"),
        (_data("{0 1,2 cat}", "{0 1,2 cat"), 10, "expected a sparse row.*cut short"),
        (_data("{0 1,2 cat}", "1,long,cat"), 10, "expected a sparse row"),
        (_data("{0 1,3 cat}"), 9, "index once and below 3, but got '3 cat'"),
        (_data("{0 1,0 2,2 cat}"), 9, "each index once.*got '0 2,2 cat'"),
        (_data("{0 1,cat}"), 9, "expected pairs `index value`.*got 'cat'"),
        (_data("{0 1}"), 9, "the row has no label"),
        (_data("{2 cat}", "{0 x,2 cat}"), 10, "'weight' expects a finite.*'x'"),
        (_data("{2 cat}", "{1 x,2 cat}"), 10, "'coat' expects \\? or one of.*'x'"),
    ],
)
def test_message_has_file_and_line(write, content, line, message):
    path = write(content)
    with pytest.raises(ValueError, match=message) as caught:
        read_arff(path)
    assert str(caught.value).startswith(f"{path}, line {line}: ")


def test_tree_read_as_dag(write):
    with pytest.raises(ValueError, match=r"line 7: .*expected edges parent/child.*cat"):
        read_arff(write(TREE), kind="dag")


@pytest.mark.parametrize(
    ("ending", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_broken_compression(write, ending, compress):
    whole = compress(TREE.encode() * 50)
    for raw in (whole[: len(whole) // 2], TREE.encode()):
        path = write(raw, "data.arff" + ending)
        with pytest.raises(ValueError, match="could not decompress it") as caught:
            read_arff(path)
        assert str(caught.value).startswith(str(path))


def test_bad_parameters(write):
    path = write(TREE)
    with pytest.raises(ValueError, match="'kind' parameter of read_arff must be"):
        read_arff(path, kind="graph")
    with pytest.raises(ValueError, match="'unlabelled' parameter of read_arff must"):
        read_arff(path, unlabelled="drop")
    with pytest.raises(ValueError, match="'path' parameter of read_arff must be"):
        read_arff(3)
    with pytest.raises(FileNotFoundError, match="none"):
        read_arff(path.parent / "none.arff")


# -- files that would take for ever ----------------------------------------------------


def in_time(seconds, function, *args):
    """Run what took minutes once, and see that it does not now."""
    start = time.process_time()
    with contextlib.suppress(ValueError):
        function(*args)
    assert time.process_time() - start < seconds


@pytest.mark.parametrize(
    "row",
    [
        "1" + " " * 80_000 + "x,long,cat",
        "{0 1" + " " * 80_000 + "x,2 cat}",
        "'" + "\\'" * 80_000 + ",long,cat",
        "'x'" + " \t" * 40_000 + "y,long,cat",
        "'x' y," * 40_000 + "cat",
        "\"'" * 80_000 + ",cat",
    ],
)
def test_long_cells_take_no_longer_than_their_length(write, row):
    in_time(3, read_arff, write(_data(row)))


def test_many_equal_names(write):
    head = "@attribute x real\n" * 20_000 + "@attribute class hierarchical a\n@data\n"
    path = write(head + "1," * 20_000 + "a\n")
    in_time(10, read_arff, path)
    names = read_arff(path).feature_names
    assert (names[1], names[-1], len(set(names))) == ("x.1", "x.19999", 20_000)


@pytest.mark.parametrize(
    ("ending", "compress"), [(".gz", gzip.compress), (".xz", lzma.compress)]
)
def test_a_decompression_bomb(write, ending, compress):
    path = write(compress(b" " * 2**28 + b"x"), "data.arff" + ending)
    with pytest.raises(ValueError, match="decompressed, it is larger than 256 MB"):
        read_arff(path)
