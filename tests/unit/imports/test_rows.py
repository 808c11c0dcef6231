"""Rows of tables as texts: of a damaged one, those before the damage."""

import pytest

from quickml.errors import TableError
from quickml.imports import tables
from quickml.imports.places import PictureFolders
from quickml.imports.tables import rows
from quickml.imports.work import ImportWork


def found(tmp_path, content, **asked):
    path = tmp_path / "stored"
    path.write_bytes(content)
    folders = PictureFolders(root=tmp_path, owner="ada")
    asked = {"file": "a.csv", "offset": 0, "limit": 5, **asked}
    return rows(ImportWork(asked=asked, paths={"ab": path}, folders=folders, progress=lambda *_: None))


def test_rows_before_the_damage_are_shown(tmp_path):
    shown = found(tmp_path, b"a,b,c\n1,2,x\n3,4,y\n5,6\n7,8,z\n", limit=1, offset=1)
    assert shown == {
        "names": ["a", "b", "c"],
        "offset": 1,
        "rows": [["3", "4", "y"]],
        "lines": [3],
        "is_last": False,
    }


@pytest.mark.parametrize("content", [b"", b"%PDF-1.7\n\0", b"a,b\n1\n2,3\n", b"a,a\n1,2\n3,4\n"])
def test_without_a_row_before_it_the_fault_is_told(tmp_path, content):
    with pytest.raises(TableError, match=r"a\.csv"):
        found(tmp_path, content)


def test_after_the_rows_before_the_damage_the_fault_is_told(tmp_path):
    with pytest.raises(TableError, match="line 4"):
        found(tmp_path, b"a,b,c\n1,2,x\n3,4,y\n5,6\n7,8,z\n", offset=2)


def test_a_page_of_long_rows_ends_early(tmp_path, monkeypatch):
    monkeypatch.setattr(tables, "MOST_CHARACTERS", 30)
    content = b"a,b\n" + b"0123456789,x\n" * 5
    first, last = found(tmp_path, content), found(tmp_path, content, offset=4)
    assert (len(first["rows"]), first["lines"], first["is_last"]) == (2, [2, 3], False)
    assert (len(last["rows"]), last["is_last"]) == (1, True)
    monkeypatch.setattr(tables, "MOST_CHARACTERS", 12)
    assert [len(found(tmp_path, content, offset=offset)["rows"]) for offset in range(5)] == [1] * 5
    monkeypatch.setattr(tables, "MOST_CHARACTERS", 10)
    with pytest.raises(TableError, match="line 2: expected at most 10 characters in a row"):
        found(tmp_path, content)
