"""Files are read within a bound, and written whole or not at all."""

import bz2
import contextlib
import errno
import gzip
import io
import lzma
import os
import stat
import tempfile
import zipfile

import pytest

from sklearn_hmlc import _reading
from sklearn_hmlc._files import (
    check_free,
    check_free_folder,
    is_device,
    is_stdout,
    packed,
    write_whole,
)
from sklearn_hmlc._reading import decode, read_bytes, read_lines

root = pytest.mark.skipif(
    hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write everywhere"
)


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    """Each test works in an empty folder of its own."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def content(text):
    return lambda file: file.write(text)


def left(folder):
    return sorted(path.name for path in folder.iterdir())


# -- reading ---------------------------------------------------------------------------


def zipped(raw, names=("x.csv",)):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            archive.writestr(name, raw)
    return buffer.getvalue()


COMPRESS = {
    ".gz": gzip.compress,
    ".xz": lzma.compress,
    ".bz2": bz2.compress,
    ".zip": zipped,
}


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed_files_are_read(folder, ending):
    raw = bytes(range(256)) * 100
    path = folder / f"x{ending.upper()}"
    path.write_bytes(COMPRESS[ending](raw))
    assert read_bytes(path) == raw


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_lines_come_with_their_numbers(folder, monkeypatch, encoding, end):
    monkeypatch.setattr(_reading, "_BLOCK", 64)
    lines = [f"líne {number}" * (number % 7) for number in range(100)]
    with write_packed(folder / "x.gz") as file:
        file.write(end.join(lines).encode(encoding))
    found = [
        (first + k, line)
        for first, part in read_lines(folder / "x.gz")
        for k, line in enumerate(part)
    ]
    assert found == list(enumerate(lines, start=1))


@contextlib.contextmanager
def write_packed(path):
    with open(path, "wb") as file, packed(path, file) as stream:
        yield stream


@pytest.mark.parametrize("ending", COMPRESS)
def test_what_grows_without_bound_is_refused(folder, monkeypatch, ending):
    monkeypatch.setattr(_reading, "MOST_BYTES", 2**22)
    monkeypatch.setattr(_reading, "MOST_TIMES", 100)
    path = folder / f"x{ending}"
    path.write_bytes(COMPRESS[ending](b" " * 2**25))
    with pytest.raises(ValueError, match="larger than 4 MB, more than 100 times"):
        read_bytes(path)
    path.write_bytes(COMPRESS[ending](b" " * 2**22))
    assert len(read_bytes(path)) == 2**22


def test_a_bomb_is_read_no_further_than_its_bound(folder, monkeypatch):
    monkeypatch.setattr(_reading, "MOST_BYTES", 2**21)
    taken = []

    class Endless:
        def read(self, size):
            taken.append(size)
            return b" " * size

    @contextlib.contextmanager
    def decompressed(name, ending):
        yield Endless()

    monkeypatch.setattr(_reading, "_decompressed", decompressed)
    (folder / "x.gz").write_bytes(b"")
    with pytest.raises(ValueError, match="larger than"):
        read_bytes("x.gz")
    assert sum(taken) <= 2**22


@pytest.mark.parametrize("ending", COMPRESS)
def test_broken_files_are_named(folder, ending):
    path = folder / f"x{ending}"
    whole = COMPRESS[ending](bytes(range(256)) * 50)
    for raw in (whole[: len(whole) // 2], b"id,x\n"):
        path.write_bytes(raw)
        with pytest.raises(ValueError, match="could not decompress it"):
            read_bytes(path)


def test_a_zip_file_of_several_files(folder):
    (folder / "x.zip").write_bytes(zipped(b"1", ["a.csv", "b.csv"]))
    with pytest.raises(ValueError, match="a single file in it, but it has 2"):
        read_bytes("x.zip")


@pytest.mark.parametrize("ending", COMPRESS)
def test_compressed_files_of_a_plain_name(folder, ending):
    (folder / "x.csv").write_bytes(COMPRESS[ending](b"id,x\n"))
    with pytest.raises(ValueError, match=f"it is a {ending}.* file by its first bytes"):
        read_bytes("x.csv")


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le-bom"]
)
def test_encodings_with_a_mark(encoding):
    if encoding == "utf-16-le-bom":
        raw = b"\xfe\xff" + "Größe,x".encode("utf-16-be")
    else:
        raw = "Größe,x".encode(encoding)
    assert decode(raw, "x") == "Größe,x"


def test_encodings_without_a_mark():
    raw = "a\nGröße".encode("latin-1")
    assert decode(raw, "x", otherwise="latin-1") == "a\nGröße"
    with pytest.raises(ValueError, match=r"x: expected UTF-8, but line 2 has .* 0xf6"):
        decode(raw, "x")
    with pytest.raises(ValueError, match="NUL characters; UTF-16 is read if"):
        decode("id,x".encode("utf-16-le"), "x")


# -- writing ---------------------------------------------------------------------------


def test_a_new_file_has_the_mode_of_the_user(folder):
    before = os.umask(0o027)
    try:
        write_whole("new", content(b"1"), force=False)
    finally:
        os.umask(before)
    assert (folder / "new").read_bytes() == b"1"
    assert stat.S_IMODE(os.stat("new").st_mode) == 0o640
    assert left(folder) == ["new"]


def test_a_replaced_file_keeps_its_mode(folder):
    (folder / "old").write_bytes(b"1")
    (folder / "old").chmod(0o604)
    write_whole("old", content(b"2"), force=True)
    assert (folder / "old").read_bytes() == b"2"
    assert stat.S_IMODE(os.stat("old").st_mode) == 0o604
    assert left(folder) == ["old"]


def test_links_are_followed(folder):
    (folder / "real").write_bytes(b"1")
    (folder / "link").symlink_to("real")
    (folder / "to_nothing").symlink_to("new")
    check_free("to_nothing", force=False)
    write_whole("to_nothing", content(b"3"), force=False)
    assert (folder / "new").read_bytes() == b"3"
    with pytest.raises(ValueError, match="link exists; name another"):
        check_free("link", force=False)
    write_whole("link", content(b"2"), force=True)
    assert (folder / "link").is_symlink()
    assert (folder / "real").read_bytes() == b"2"
    (folder / "far").symlink_to("no/where")
    with pytest.raises(ValueError, match=r"there is no folder .*no"):
        check_free("far", force=False)


def appear(file):
    """Write, while somebody else makes a file of that name."""
    file.write(b"mine")
    with open("there.txt", "xb") as other:
        other.write(b"precious")


@pytest.mark.parametrize("links", [True, False])
def test_what_appears_meanwhile_stays(folder, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(ValueError, match=r"there.txt exists; name another file"):
        write_whole("there.txt", appear, force=False)
    assert (folder / "there.txt").read_bytes() == b"precious"
    assert left(folder) == ["there.txt"]


def no_link(*args, **kwargs):
    raise OSError(errno.EPERM, "Operation not permitted")


@pytest.mark.parametrize("links", [True, False])
def test_what_was_made_is_kept_beside(folder, monkeypatch, links):
    if not links:
        monkeypatch.setattr(os, "link", no_link)
    with pytest.raises(ValueError, match=r"appeared meanwhile.*is in .*there-1\.txt"):
        write_whole("there.txt", appear, force=False, rescue=True)
    assert (folder / "there-1.txt").read_bytes() == b"mine"
    assert left(folder) == ["there-1.txt", "there.txt"]


def test_without_links_a_file_is_named_too(folder, monkeypatch):
    monkeypatch.setattr(os, "link", no_link)
    write_whole("new", content(b"1"), force=False)
    assert (folder / "new").read_bytes() == b"1"
    assert left(folder) == ["new"]


def test_a_lost_folder_costs_nothing_that_was_made(tmp_path, monkeypatch):
    here, elsewhere = tmp_path / "here", tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(elsewhere))
    with pytest.raises(OSError, match=r"No such file.*is in .*elsewhere.*-model") as e:
        write_whole(here / "model", content(b"1"), force=False, rescue=True)
    (kept,) = elsewhere.iterdir()
    assert kept.read_bytes() == b"1"
    assert str(kept) in str(e.value)


def test_a_full_disk_leaves_nothing(folder):
    def write(file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    (folder / "old").write_bytes(b"1")
    with pytest.raises(OSError, match="No space left on device: 'old'"):
        write_whole("old", write, force=True)
    assert (folder / "old").read_bytes() == b"1"
    assert left(folder) == ["old"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full")
def test_a_full_device_is_named(folder):
    with pytest.raises(OSError, match="No space left on device: '/dev/full'"):
        write_whole("/dev/full", content(b"1"), force=False)


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, MemoryError])
def test_an_interrupt_leaves_nothing(folder, error):
    def write(file):
        file.write(b"half")
        raise error

    with pytest.raises(error):
        write_whole("new", write, force=False, rescue=True)
    assert left(folder) == []


def test_the_name_of_the_file_in_the_making_can_t_be_guessed(folder):
    seen = set()

    def write(file):
        seen.update(left(folder))

    for _ in range(3):
        write_whole("x", write, force=True)
    assert len(seen - {"x"}) == 3
    assert all(name.startswith(".hmlc-") for name in seen - {"x"})


def test_long_names_are_no_longer_in_the_making(folder):
    write_whole("x" * 255, content(b"1"), force=False)
    assert left(folder) == ["x" * 255]


def test_written_is_on_the_disk(folder, monkeypatch):
    synced = []
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(os.fstat(number)))
    write_whole("x", content(b"12"), force=False)
    file, place = synced
    assert file.st_size == 2
    assert file.st_ino == os.stat("x").st_ino
    assert place.st_ino == os.stat(".").st_ino


# -- devices and streams ---------------------------------------------------------------


def test_devices_are_written_straight():
    assert is_device(os.devnull)
    check_free(os.devnull, force=False)
    write_whole(os.devnull, content(b"1"), force=False)
    assert is_device(os.devnull)


def test_pipes_are_written_straight(folder):
    os.mkfifo("pipe")
    check_free("pipe", force=False)
    reader = os.open("pipe", os.O_RDONLY | os.O_NONBLOCK)
    write_whole("pipe", lambda file: (file.write(b"abc"), file.seek(1)), force=False)
    assert os.read(reader, 10) == b"abc"
    os.close(reader)


def test_open_streams_are_written_where_they_are(folder):
    with open("out", "wb") as out:
        number = out.fileno()
        out.write(b"before ")
        out.flush()
        write_whole(f"/dev/fd/{number}", content(b"within "), force=False)
        out.write(b"after")
    assert (folder / "out").read_bytes() == b"before within after"
    assert is_stdout("/dev/stdout")
    assert is_stdout("/proc/self/fd/1")
    assert not is_stdout("/dev/stderr")
    assert not is_stdout("stdout")


# -- before the work -------------------------------------------------------------------


def test_nothing_stays_of_the_check(folder):
    (folder / "old").write_bytes(b"1")
    check_free("new", force=False)
    check_free("old", force=True)
    check_free_folder("a/b/c", ["x"], force=False)
    assert left(folder) == ["old"]


def test_files_in_a_folder_are_looked_for(folder):
    (folder / "out").mkdir()
    (folder / "out" / "b").write_bytes(b"1")
    check_free_folder("out", ["a"], force=False)
    check_free_folder("out", ["a", "b"], force=True)
    with pytest.raises(ValueError, match="out/b exists"):
        check_free_folder("out", ["a", "b"], force=False)
    with pytest.raises(ValueError, match="Can't make the folder out/b/c: out/b is a f"):
        check_free_folder("out/b/c", ["a"], force=False)


def test_where_nothing_can_be_written(folder, monkeypatch):
    def refuse(*args, **kwargs):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(ValueError, match=r"nothing can be written into .*Read-only"):
        check_free("new", force=False)
    with pytest.raises(ValueError, match=r"nothing can be written into .*Read-only"):
        check_free_folder("new", ["x"], force=False)


@root
def test_permissions(folder):
    (folder / "old").write_bytes(b"1")
    (folder / "old").chmod(0o444)
    with pytest.raises(ValueError, match="the file is write-protected"):
        check_free("old", force=True)
    (folder / "shut").mkdir(mode=0o555)
    with pytest.raises(ValueError, match=r"nothing can be written into .*shut"):
        check_free("shut/new", force=False)


def test_a_write_protected_file(folder, monkeypatch):
    (folder / "old").write_bytes(b"1")
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ValueError, match="Can't write old: the file is write-protect"):
        check_free("old", force=True)
