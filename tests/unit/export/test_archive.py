"""Zipped packages: read byte by byte, by other readers, and made of the same tree in every way."""

import os
import shutil
import stat
import struct
import subprocess
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quickml.errors import CoreMLFileError
from quickml.export.coreml.archive import zipped

LOCAL, CENTRAL, END = struct.Struct("<4s5H3I2H"), struct.Struct("<4s6H3I5H2I"), struct.Struct("<4s4H2IH")
TREE = {
    "Manifest.json": b'{"a": 1}',
    "Data/com.apple.CoreML/model.mlmodel": b"\x08\x06" * 100,
    "Data/com.apple.CoreML/weights/weight.bin": bytes(range(256)) * 5000,
    "Data/empty.bin": b"",
}


def package(folder, tree, name="model.mlpackage"):
    root = folder / name
    root.mkdir(parents=True)
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def local_entries(content):
    """Every entry as its local header tells it, one after the other without a gap, up to the directory."""
    place = 0
    while content[place : place + 4] == b"PK\x03\x04":
        fields = LOCAL.unpack_from(content, place)
        _, _, flags, method, time, date, crc, packed, size, named, extra = fields
        assert (method, time, date, extra, packed) == (0, 0, (1 << 5) | 1, 0, size)
        assert flags & ~(1 << 11) == 0  # none but "the name is UTF-8"
        start = place + LOCAL.size + named
        name = content[place + LOCAL.size : start].decode()
        data = content[start : start + size]
        assert zlib.crc32(data) == crc
        yield name, place, data
        place = start + size


def central_entries(content):
    signature, _, _, here, count, length, start, comment = END.unpack_from(content, len(content) - END.size)
    assert (signature, here, comment) == (b"PK\x05\x06", count, 0)
    assert start + length == len(content) - END.size
    place = start
    for _ in range(count):
        fields = CENTRAL.unpack_from(content, place)
        assert fields[0] == b"PK\x01\x02"
        named, extra, comment = fields[10:13]
        assert (extra, comment) == (0, 0)
        name = content[place + CENTRAL.size : place + CENTRAL.size + named].decode()
        yield name, fields[-1], fields[1] >> 8, fields[-2]
        place += CENTRAL.size + named
    assert place == start + length


def test_the_headers_say_everything_and_nothing_else(tmp_path):
    content = zipped(package(tmp_path, TREE)).read_bytes()
    entries = list(local_entries(content))
    assert {name.removeprefix("model.mlpackage/"): data for name, _, data in entries if data} == {
        name: data for name, data in TREE.items() if data
    }
    listed = list(central_entries(content))
    assert [(name, place) for name, place, _ in entries] == [(name, place) for name, place, *_ in listed]
    assert {system for _, _, system, _ in listed} == {3}
    modes = {name.endswith("/"): attributes for name, *_, attributes in listed}
    assert stat.filemode(modes[False] >> 16) == "-rw-r--r--"
    assert stat.filemode(modes[True] >> 16) == "drwxr-xr-x"


def test_names_are_sorted_and_begin_with_the_folder(tmp_path):
    names = [name for name, *_ in local_entries(zipped(package(tmp_path, TREE)).read_bytes())]
    assert names == sorted(names)
    assert names[0] == "model.mlpackage/"
    assert all(name.startswith("model.mlpackage/") and "\\" not in name for name in names)


def tree_of(root):
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else None
        for path in root.rglob("*")
    }


@pytest.mark.skipif(shutil.which("unzip") is None, reason="there is no unzip here")
def test_unzip_gives_the_same_tree(tmp_path):
    root = package(tmp_path, TREE)
    (root / "nothing").mkdir()
    out = tmp_path / "out"
    subprocess.run(["unzip", "-q", str(zipped(root)), "-d", str(out)], check=True)
    assert tree_of(out / "model.mlpackage") == tree_of(root)


def test_python_gives_the_same_tree(tmp_path):
    root = package(tmp_path, TREE, "Grüße.aimodel")
    with zipfile.ZipFile(zipped(root)) as archive:
        assert archive.testzip() is None
        archive.extractall(tmp_path / "out")
    assert tree_of(tmp_path / "out" / "Grüße.aimodel") == tree_of(root)


names = st.text("abC. -_é", min_size=1, max_size=6).filter(lambda name: name.strip(". ") == name)
paths = st.lists(names, min_size=1, max_size=3).map("/".join)
trees = st.dictionaries(paths, st.binary(max_size=40), max_size=6).filter(
    lambda tree: not any(a != b and b.startswith(f"{a}/") for a in tree for b in tree)
)


@given(tree=trees, data=st.data())
@settings(max_examples=40, deadline=None)
def test_the_bytes_depend_on_names_and_contents_only(tree, data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("zips")
    first = zipped(package(folder / "one", tree)).read_bytes()
    mask = os.umask(data.draw(st.sampled_from([0o077, 0o000, 0o027])))
    try:
        other = package(folder / "two", dict(data.draw(st.permutations(list(tree.items())))))
        for path in other.rglob("*"):
            when = data.draw(st.integers(0, 2**31))
            os.utime(path, (when, when))
            path.chmod(data.draw(st.sampled_from([0o700, 0o755])))
        assert zipped(other).read_bytes() == first
    finally:
        os.umask(mask)
    found = {name: content for name, _, content in local_entries(first) if not name.endswith("/")}
    assert found == {f"model.mlpackage/{name}": content for name, content in tree.items()}


def test_another_content_gives_other_bytes(tmp_path):
    one = zipped(package(tmp_path / "one", TREE)).read_bytes()
    two = zipped(package(tmp_path / "two", {**TREE, "Data/empty.bin": b"\0"})).read_bytes()
    assert one != two


@pytest.mark.parametrize("kind", ["file", "folder", "dangling"])
def test_links_are_refused_and_nothing_is_left(kind, tmp_path):
    root = package(tmp_path, TREE)
    target = {"file": tmp_path / "secret", "folder": tmp_path, "dangling": tmp_path / "nowhere"}[kind]
    (tmp_path / "secret").write_text("secret")
    (root / "Data" / "link").symlink_to(target)
    with pytest.raises(CoreMLFileError, match="link is neither a file nor a folder"):
        zipped(root)
    assert {path.name for path in tmp_path.iterdir()} == {"model.mlpackage", "secret"}


def test_what_breaks_off_leaves_the_old_archive(tmp_path):
    root = package(tmp_path, TREE)
    before = zipped(root).read_bytes()
    (root / "Manifest.json").unlink()
    os.mkfifo(root / "Manifest.json")
    with pytest.raises(CoreMLFileError):
        zipped(root)
    assert (tmp_path / "model.mlpackage.zip").read_bytes() == before
    assert len(list(tmp_path.iterdir())) == 2


def test_a_file_is_no_package(tmp_path):
    (tmp_path / "model.mlmodel").write_bytes(b"x")
    with pytest.raises(CoreMLFileError, match=r"model\.mlmodel: expected a folder"):
        zipped(tmp_path / "model.mlmodel")


def test_the_archive_can_be_read_by_whoever_may_read_new_files(tmp_path):
    mask = os.umask(0o022)
    try:
        assert stat.S_IMODE(zipped(package(tmp_path, TREE)).stat().st_mode) == 0o644
    finally:
        os.umask(mask)
