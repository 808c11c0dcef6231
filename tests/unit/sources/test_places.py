"""Folders and archives of files, whatever is in them."""

from __future__ import annotations

import zipfile

import pytest

from quickml.errors import ArraysError, RecordingsError
from quickml.sources.formats import is_archive, is_workbook
from quickml.sources.places import ArchiveSource, FolderSource, is_passed


def test_a_folder_and_its_archive_have_the_same_names(tmp_path):
    folder = tmp_path / "motion"
    with zipfile.ZipFile(tmp_path / "motion.zip", "w") as archive:
        for name in ("walk/1.csv", "walk/.hidden", "__MACOSX/walk/1.csv", "run/Thumbs.db", "run/2.csv"):
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_text(name)
            archive.writestr(name, name)
    one = FolderSource(folder, "motion", RecordingsError)
    other = ArchiveSource(tmp_path / "motion.zip", "motion.zip", RecordingsError, holds="recordings")
    assert one.names == other.names == ["run/2.csv", "walk/1.csv"]
    assert [one.read(name) for name in one.names] == [other.read(name) for name in other.names]
    other.close()


def test_errors_are_of_the_kind_of_the_data(tmp_path):
    (tmp_path / "damaged.zip").write_bytes(b"PK\3\4")
    with pytest.raises(ArraysError, match=r"damaged\.zip: expected a zip file"):
        ArchiveSource(tmp_path / "damaged.zip", "damaged.zip", ArraysError, holds="arrays")
    with pytest.raises(RecordingsError, match=r"none: expected a folder to read"):
        FolderSource(tmp_path / "none", "none", RecordingsError)


def test_an_archive_among_recordings_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "motion.zip", "w") as archive:
        archive.writestr("walk/more.zip", b"")
    with pytest.raises(RecordingsError, match="expected recordings, found an archive in the archive"):
        ArchiveSource(tmp_path / "motion.zip", "motion.zip", RecordingsError, holds="recordings")


def test_what_a_file_is_follows_from_its_beginning():
    workbook = b"PK\3\4" + bytes(26) + b"[Content_Types].xml"
    assert is_archive(workbook)
    assert is_workbook(workbook)
    assert is_archive(b"PK\5\6")
    assert not is_workbook(b"PK\3\4" + bytes(26) + b"walk/1.csv")
    assert not is_archive(b"t,x\n")
    assert is_passed("walk/.DS_Store")
    assert not is_passed("walk/1.csv")
