"""Members of ZIP archives: bombs, encrypted ones, and what is none."""

from zipfile import ZIP_BZIP2, ZIP_DEFLATED, ZIP_LZMA, ZipFile

import pytest
from layerlaw.measure.files import FileError, read_members


def archive(path, compression=ZIP_DEFLATED, **members):
    with ZipFile(path, "w", compression) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return bytearray(path.read_bytes())


def refusal(path, names=("a", "b"), limit=1.0):
    with pytest.raises(FileError) as error:
        read_members(path, names, limit)
    message = str(error.value)
    assert message.startswith(str(path))
    assert len(message) <= 300
    assert message.isprintable()
    return message


@pytest.mark.parametrize("compression", [ZIP_DEFLATED, ZIP_BZIP2, ZIP_LZMA])
def test_members_are_read_in_the_order_of_their_names(tmp_path, compression):
    archive(tmp_path / "x.zip", compression, b="2", a="1", c="3")
    assert read_members(tmp_path / "x.zip", ("a", "b"), 1) == [b"1", b"2"]


def test_a_member_that_unpacks_to_more_than_the_limit(tmp_path):
    path = tmp_path / "x.zip"
    content = archive(path, a=bytes(3 * 2**20), b="")
    assert "unpacked it has 3 MiB, the limit is 1 MiB" in refusal(path)
    assert len(read_members(path, ("a",), 4)[0]) == 3 * 2**20
    at = content.find(b"PK\x01\x02") + 24
    content[at : at + 4] = (9).to_bytes(4, "little")  # it says that it unpacks to 9 bytes
    path.write_bytes(content)
    assert "cannot be unpacked" in refusal(path)


def test_an_encrypted_member(tmp_path):
    content = archive(tmp_path / "x.zip", a="1", b="2")
    for mark, offset in ((b"PK\x01\x02", 8), (b"PK\x03\x04", 6)):
        content[content.find(mark) + offset] |= 1
    (tmp_path / "x.zip").write_bytes(content)
    assert "encrypted" in refusal(tmp_path / "x.zip")


@pytest.mark.parametrize("kind", [1, 12, 14, 93, 99])
def test_another_compression(tmp_path, kind):
    content = archive(tmp_path / "x.zip", a="1" * 99, b="2")
    for mark, offset in ((b"PK\x01\x02", 10), (b"PK\x03\x04", 8)):
        content[content.find(mark) + offset] = kind
    (tmp_path / "x.zip").write_bytes(content)
    assert "cannot be unpacked" in refusal(tmp_path / "x.zip")


def test_what_is_no_archive_or_lacks_a_member(tmp_path):
    archive(tmp_path / "x.zip", a="1")
    assert "no item named 'b'" in refusal(tmp_path / "x.zip")
    for content in (b"", b"PK", b"PK\x05\x06" + bytes(18), bytes(5_000)):
        (tmp_path / "y.zip").write_bytes(content)
        assert refusal(tmp_path / "y.zip")
    (tmp_path / "folder.zip").mkdir()
    assert "it is a folder" in refusal(tmp_path / "folder.zip")
