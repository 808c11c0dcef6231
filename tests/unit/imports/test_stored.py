"""A server opens what its store has, and never the path that a document names."""

import hashlib

import pytest

from quickml.datasets import TableReference
from quickml.errors import DatasetError
from quickml.imports.catalog import stored
from quickml.imports.places import PictureFolders

TABLE = b"a,b\n" + b"".join(b"%d,%d\n" % (n, n * n) for n in range(20))
TEST = TABLE + b"20,400\n"
SHA256, TEST_SHA256 = (hashlib.sha256(content).hexdigest() for content in (TABLE, TEST))


@pytest.fixture
def files(tmp_path, monkeypatch):
    (tmp_path / SHA256).write_bytes(TABLE)
    (tmp_path / TEST_SHA256).write_bytes(TEST)
    (tmp_path / "t.csv").write_bytes(b"a,b\nsecret,1\n")
    monkeypatch.chdir(tmp_path)
    return stored(lambda sha256: tmp_path / sha256, PictureFolders(root=tmp_path, owner="ada"))


@pytest.mark.parametrize("file", ["t.csv", "nothing.csv", "../../etc/passwd", "/etc/passwd", "a\0b"])
def test_the_name_opens_nothing(files, file):
    reference = TableReference(
        name="table", file=file, target="b", task="regression", columns={"a": "number"}, sha256=SHA256
    )
    assert files.describe(reference).info.columns[0].name == "a"
    tested = TableReference(**{**reference.__dict__, "test_file": file, "test_sha256": TEST_SHA256})
    assert files.describe(tested).reference.test_sha256 == TEST_SHA256


@pytest.mark.parametrize("pins", [{}, {"sha256": SHA256, "test_file": "t.csv"}])
def test_without_a_digest_nothing_is_opened(files, pins):
    reference = TableReference(
        name="table", file="t.csv", target="b", task="regression", columns={"a": "number"}, **pins
    )
    with pytest.raises(DatasetError, match="expected a file with its sha256"):
        files.describe(reference)
