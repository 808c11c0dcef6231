"""Rows of tables as texts: of a damaged one, those before the damage."""

import pytest

from quickml.errors import TableError
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
