"""Where files lie in archives, compared with what Python's `zipfile` reads."""

import zipfile
from zipfile import ZipFile, ZipInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.files.stored_zip import files_in

GIB = 1 << 30


def made(path, entries, **options):
    with ZipFile(path, "w", **options) as archive:
        for name, content in entries:
            archive.writestr(ZipInfo(name), content)
    return path


names = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=12)


@given(entries=st.lists(st.tuples(names, st.binary(max_size=50)), max_size=8, unique_by=lambda one: one[0]))
@settings(max_examples=200, deadline=None)
def test_files_lie_where_they_are_said_to_lie(entries, tmp_path_factory):
    path = made(tmp_path_factory.mktemp("zip") / "x.zip", [("a/", b""), *entries])
    content = path.read_bytes()
    with ZipFile(path) as archive:
        expected = [(info.filename, archive.read(info)) for info in archive.infolist() if not info.is_dir()]
    found = files_in(path)
    assert [(one.name, content[one.start : one.start + one.size_bytes]) for one in found] == expected


def test_the_order_is_that_of_the_bytes(tmp_path):
    path = made(tmp_path / "x.zip", [("b", b"1"), ("a", b"2"), ("c", b"3")])
    with ZipFile(path, "a") as archive:
        archive.filelist.reverse()
        archive.comment = b"the directory is written again"
    assert [one.name for one in files_in(path)] == ["b", "a", "c"]


def test_more_files_than_the_basic_format_allows(tmp_path):
    path = made(tmp_path / "x.zip", ((f"{number:05}", b"") for number in range(65_537)))
    found = files_in(path)
    assert len(found) == 65_537
    assert found[-1].start == found[-1].size_bytes + 65_537 * 35


def test_files_larger_than_the_basic_format_allows(tmp_path):
    """Sparse: what lies in the files is never written."""
    path = tmp_path / "x.zip"
    with ZipFile(path, "w") as archive:
        for name, size in (("a", 5 * GIB), ("b", 3), ("c", 2 * GIB)):
            info = ZipInfo(name)
            info.header_offset = archive.fp.tell()
            info.file_size = info.compress_size = size
            info.CRC = 0
            archive.fp.write(info.FileHeader())
            archive.fp.seek(size, 1)
            archive.filelist.append(info)
        archive.start_dir = archive.fp.tell()
    found = {one.name: one for one in files_in(path)}
    assert {name: one.size_bytes for name, one in found.items()} == {"a": 5 * GIB, "b": 3, "c": 2 * GIB}
    assert found["a"].start == 30 + 1 + 20, "sizes of 64 bits take 20 bytes"
    assert found["b"].start == found["a"].start + 5 * GIB + 31
    assert found["c"].start == found["b"].start + 3 + 51


def test_what_is_compressed_or_no_archive_is_refused(tmp_path):
    path = tmp_path / "x.zip"
    with ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a", b"a" * 100)
    with pytest.raises(zipfile.BadZipFile, match="a: expected a stored file"):
        files_in(path)
    path.write_bytes(b"something else")
    with pytest.raises(zipfile.BadZipFile):
        files_in(path)
