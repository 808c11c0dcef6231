"""Folders and lists of pictures are packed to be sent: only pictures, and always the same bytes."""

import hashlib
import os
import zipfile

import pytest

from pictures import fruit, photo, prepared, saved, written, zipped
from quickml.errors import InputError, PicturesError
from quickml.pictures.catalog import silent
from quickml.pictures.packing import packed
from quickml.pictures.stored import archive

LIST = "path,target\n" + "".join(f"{name},{name.split('/')[0]}\n" for name in fruit())


def pack(path, pin=None):
    with packed(path, path.name, pin, silent) as found:
        content = found.read_bytes()
        with zipfile.ZipFile(found) as opened:
            return content, opened.namelist()


def test_only_pictures_are_packed_and_always_the_same_bytes(tmp_path):
    contents = {**fruit(), "notes.txt": b"secret", ".hidden/x.png": saved(photo()), "Apple/.DS_Store": b"x"}
    content, names = pack(written(tmp_path / "fruit", contents))
    assert names == sorted(fruit())
    for path in (tmp_path / "fruit").rglob("*"):
        os.utime(path, (1, 1))
    assert pack(written(tmp_path / "other", dict(reversed(fruit().items()))))[0] == content


def test_an_archive_gives_the_pixels_of_its_folder(tmp_path):
    folder = written(tmp_path / "fruit", fruit())
    first = prepared(folder, tmp_path / "cache")
    with packed(folder, "fruit", first.reference.sha256, silent) as found:
        (tmp_path / "fruit.zip").write_bytes(found.read_bytes())
    second = prepared(tmp_path / "fruit.zip", tmp_path / "cache")
    assert first.pixels.read_bytes() == second.pixels.read_bytes()
    assert first.labels == second.labels
    with pytest.raises(InputError, match="the pictures are others than the document was written for"):
        pack(folder, "0" * 64)


def test_a_list_is_packed_with_its_pictures(tmp_path):
    folder = written(
        tmp_path / "fruit", {**fruit(), "list.csv": LIST.encode(), "Kiwi/unlisted.png": saved(photo(7))}
    )
    content, names = pack(folder / "list.csv")
    assert names == ["pictures.csv", *sorted(fruit())]
    path = tmp_path / "list.zip"
    path.write_bytes(content)
    with archive(path, "list.zip", hashlib.sha256(content).hexdigest()) as source:
        assert source.labels["Kiwi/1.png"] == "Kiwi"
    assert prepared(path, tmp_path / "cache").info.sizes == (9, 3)


def test_what_cannot_be_learned_from_is_not_packed(tmp_path):
    with pytest.raises(PicturesError, match="a folder for each class"):
        pack(written(tmp_path / "flat", {"1.png": saved(photo()), "2.png": saved(photo(1))}))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("path,target\n../x.png,a\n", "the path of a picture below the folder of this file"),
        ("path,target\nKiwi/99.png,a\n", "no file there"),
    ],
)
def test_a_wrong_list_in_an_archive_is_refused(tmp_path, text, expected):
    path = zipped(tmp_path / "x.zip", {**fruit(), "labels.csv": text.encode()})
    with pytest.raises(PicturesError, match=expected) as caught, archive(path, "x.zip", "0" * 64):
        pass
    assert "x.zip: labels.csv" in str(caught.value)


def test_other_tables_in_an_archive_are_passed_over(tmp_path):
    path = zipped(tmp_path / "x.zip", {**fruit(), "prices.csv": b"a,b\n1,2\n"})
    assert prepared(path, tmp_path / "cache").info.labels == ("Apple", "Kiwi")
