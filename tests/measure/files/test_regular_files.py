"""Files that are read: regular ones, up to a limit, unpacked where they are compressed."""

import bz2
import gzip
import lzma
import os
import socket

import pytest
from layerlaw.measure.files import FileError, read_bytes, read_text

PACK = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def refusal(path, **options):
    with pytest.raises(FileError) as error:
        read_text(path, **options)
    message = str(error.value)
    assert len(message) <= 300
    assert message.isprintable()
    return message


@pytest.mark.parametrize("compression", PACK)
def test_a_compressed_file_is_read_as_what_it_holds(tmp_path, compression):
    path = tmp_path / "packed"
    path.write_bytes(PACK[compression](b"n,seconds\n") + PACK[compression](b"1,2\n"))
    assert read_text(path) == b"n,seconds\n1,2\n"


@pytest.mark.parametrize("compression", PACK)
def test_what_unpacks_to_more_than_the_limit_is_refused_before_it_is_unpacked(
    tmp_path, compression
):
    path = tmp_path / "bomb"
    path.write_bytes(PACK[compression](bytes(3 * 2**20)))
    assert "unpacked it is larger than the limit of 2 MiB (--file-limit" in refusal(path, limit=2)
    assert len(read_text(path, limit=3)) == 3 * 2**20


@pytest.mark.parametrize("compression", PACK)
def test_a_compressed_file_that_is_damaged_or_cut_off(tmp_path, compression):
    whole = PACK[compression](os.urandom(9_000))
    path = tmp_path / "damaged"
    for content in (whole[:-20], whole[:4_000] + b"garbage" + whole[4_007:]):
        path.write_bytes(content)
        assert f"cannot be unpacked by {compression}: " in refusal(path)


def test_marks_of_byte_order(tmp_path):
    path = tmp_path / "text"
    for written in (b"\xef\xbb\xbfn", "n".encode("utf-16"), b"n"):
        path.write_bytes(written)
        assert read_text(path) == b"n"
    path.write_bytes(b"\xff\xfe\x00")
    assert "neither UTF-8 nor UTF-16" in refusal(path)


def test_what_is_no_regular_file(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "device").symlink_to("/dev/zero")
    assert "it is a pipe" in refusal(tmp_path / "pipe")
    assert "it is a folder" in refusal(tmp_path / "folder")
    assert "it is a device" in refusal(tmp_path / "device")
    assert "cannot be read: Too many levels of symbolic links" in refusal(tmp_path / "loop")
    assert "there is no such file" in refusal(tmp_path / "missing")
    assert "cannot be read: File name too long" in refusal(tmp_path / ("x" * 5_000))
    assert "embedded null byte" in refusal(tmp_path / "a\0b")


def test_a_socket(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a socket's name may not be long
    with socket.socket(socket.AF_UNIX) as made:
        made.bind("socket")
        assert "cannot be read: No such device or address" in refusal(tmp_path / "socket")


def test_a_file_without_an_end(tmp_path):
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.truncate(200 * 2**30)
    assert "it has 2.048e+05 MiB, the limit is 64 MiB" in refusal(path)
    with pytest.raises(FileError, match="larger than the limit"):
        read_bytes("/proc/self/maps", limit=0)  # it says that its size is 0
