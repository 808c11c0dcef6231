"""Archives from strangers: what is not harmless is refused with the name of the entry, and nothing is unpacked."""

import stat
import struct
import tracemalloc
import zipfile
import zlib

import pytest

from pictures import fruit, prepared, zipped
from quickml.errors import PicturesError
from quickml.sources import archive
from quickml.sources.archive import ZipArchive

LOCAL, CENTRAL, END = b"PK\3\4", b"PK\1\2", b"PK\5\6"


def read(path, most=1 << 30):
    """The contents of all files."""
    found = ZipArchive(path, path.name)
    try:
        return {name: found.read(name, most) for name in sorted(found.entries)}
    finally:
        found.close()


def packed(*entries, comment=b"", start=0):
    """An archive of entries (name, fields that differ from those of a sound one)."""
    body, directory = b"", b""
    for name, fields in entries:
        raw = name if isinstance(name, bytes) else name.encode()
        content = fields.get("content", b"hello")
        data = fields.get("data", content)
        values = {
            "made": 3 << 8 | 20, "flags": 1 << 11, "method": 0, "crc": zlib.crc32(content), "packed": len(data),
            "size": len(content), "mode": 0, "offset": len(body) + start, "extra": b"", "local": raw, **fields,
        }  # fmt: skip
        if "offset" not in fields:
            head = (20, values["flags"], values["method"], 0, 0, values["crc"], len(data), len(content))
            body += LOCAL + struct.pack("<5H3L2H", *head, len(values["local"]), 0) + values["local"] + data
        numbers = (values["made"], 20, values["flags"], values["method"], 0, 0, values["crc"])
        lengths = (values["packed"], values["size"], len(raw), len(values["extra"]), 0, 0, 0)
        last = (values["mode"] << 16, values["offset"])
        directory += CENTRAL + struct.pack("<6H3L5H2L", *numbers, *lengths, *last) + raw + values["extra"]
    count = len(entries)
    end = struct.pack("<4H2LH", 0, 0, count, count, len(directory), len(body) + start, len(comment))
    return body + directory + END + end + comment


SECOND = ("b.png", {})
REFUSED = {
    "upwards": ((("../x.png", {}),), "../x.png: expected a path within the archive"),
    "upwards in the middle": ((("a/../../x.png", {}),), "a/../../x.png: expected a path within the archive"),
    "backslashes": ((("..\\x.png", {}),), "../x.png: expected a path within the archive"),
    "absolute": ((("/etc/x.png", {}),), "/etc/x.png: expected a path within the archive, found an absolute path"),
    "drive": ((("C:/x.png", {}),), "C:/x.png: expected a path within the archive, found an absolute path"),
    "network": ((("\\\\host\\x.png", {}),), "//host/x.png: expected a path within the archive"),
    "no name": (((b"", {}),), "expected a path within the archive"),
    "zero in the name": ((("a\0.png", {}),), "expected a path within the archive"),
    "link": ((("a.png", {"mode": stat.S_IFLNK | 0o777}),), "a.png: expected files and folders, found a link"),
    "device": ((("a.png", {"mode": stat.S_IFCHR}),), "a.png: expected files and folders, found a special file"),
    "encrypted": ((("a.png", {"flags": 1}),), "a.png: expected a file without a password, found an encrypted one"),
    "method": ((("a.png", {"method": 99}),), "a.png: expected stored or deflated files, found the compression method 99"),
    "nested": ((("more.zip", {}),), "more.zip: expected pictures, found an archive in the archive; unpack it"),
    "nested tar": ((("more.tar.gz", {}),), "more.tar.gz: expected pictures, found an archive in the archive"),
    "twice": ((("a.png", {}), ("a.png", {})), "a.png: expected a name once, found an entry of the same name before"),
    "file and folder": ((("a", {}), ("a/b.png", {})), "a/b.png: expected a file or a folder of a name, found both"),
    "same place": ((("a.png", {}), ("b.png", {"offset": 0})), "expected entries one after the other, found one that overlaps"),
    "overlapping": ((("a.png", {"packed": 30}), SECOND), "a.png: expected entries one after the other, found one that overlaps"),
    "into the directory": ((("a.png", {"packed": 500}),), "a.png: expected entries one after the other"),
    "no entry there": ((("b.png", {"content": b"h" * 200, "packed": 5}), ("a.png", {"offset": 100})), "the entry where the archive's directory says"),
    "another name": ((("a.png", {"local": b"b.png"}),), "a.png: expected the name that the archive's directory has"),
    "longer than said": ((("a.png", {"size": 3}),), "a.png: expected 3 bytes, as the archive's directory says"),
    "shorter than said": ((("a.png", {"size": 30}),), "a.png: expected 30 bytes, as the archive's directory says"),
    "checksum": ((("a.png", {"crc": 1}),), "a.png: expected an intact file, found one whose checksum is another"),
    "not deflated": ((("a.png", {"method": 8}),), "a.png: expected an intact file, found damaged data"),
    "zip64 without sizes": ((("a.png", {"size": 0xFFFFFFFF}),), "a.png: expected an intact directory"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_harmless_is_refused_with_the_name_of_the_entry(name, tmp_path):
    entries, message = REFUSED[name]
    path = tmp_path / "x.zip"
    path.write_bytes(packed(*entries))
    with pytest.raises(PicturesError) as caught:
        read(path)
    assert message in str(caught.value)
    assert str(caught.value).startswith("x.zip: ")


def test_a_sound_archive_is_read(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(packed(("a.png", {}), ("c/", {"content": b""}), SECOND, comment=b"PK, a comment"))
    assert read(path) == {"a.png": b"hello", "b.png": b"hello"}


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_archives_of_python_are_read(method, tmp_path):
    contents = {"Äpfel/1.png": b"x" * 5000, "Kiwi/2.png": bytes(range(256)), "empty.png": b""}
    assert read(zipped(tmp_path / "x.zip", contents, method)) == contents


def test_zip64_is_read(tmp_path):
    with (
        zipfile.ZipFile(tmp_path / "x.zip", "w") as file,
        file.open("a.png", "w", force_zip64=True) as stream,
    ):
        stream.write(b"hello")
    assert read(tmp_path / "x.zip") == {"a.png": b"hello"}
    wide = struct.pack("<2H3Q", 1, 24, 5, 5, 0)
    entry = ("a.png", {"extra": wide, "size": 0xFFFFFFFF, "packed": 0xFFFFFFFF, "offset": 0xFFFFFFFF})
    body = packed(SECOND)[: 30 + 5 + 5].replace(b"b.png", b"a.png")
    directory = packed(entry)[:-22]
    at = len(body) + len(directory)
    end64 = b"PK\6\6" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, 1, 1, len(directory), len(body))
    locator = b"PK\6\7" + struct.pack("<LQL", 0, at, 1)
    end = END + struct.pack("<4H2LH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    (tmp_path / "y.zip").write_bytes(body + directory + end64 + locator + end)
    assert read(tmp_path / "y.zip") == {"a.png": b"hello"}


def test_66000_entries_need_zip64_and_are_read(tmp_path):
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as file:
        for number in range(66_000):
            file.writestr(zipfile.ZipInfo(f"{number}.png"), b"")
    found = ZipArchive(path, "x.zip")
    assert len(found.entries) == 66_000
    found.close()


LYING_ENDS = {
    "too many": (250_001, 0, "expected at most 250,000 entries, found 250,001"),
    "more than there are": (3, 0, "expected 3 entries, as its end says, found another number"),
    "fewer than there are": (1, 0, "expected 1 entries, as its end says, found another number"),
}


@pytest.mark.parametrize("name", LYING_ENDS)
def test_a_lying_end_is_refused(name, tmp_path):
    count, _, message = LYING_ENDS[name]
    whole = packed(("a.png", {}), SECOND)
    if count > 0xFFFF:
        at = len(whole) - 22
        length, start = struct.unpack("<2L", whole[at + 12 : at + 20])
        end64 = b"PK\6\6" + struct.pack("<Q2H2L4Q", 44, 45, 45, 0, 0, count, count, length, start)
        whole = whole[:at] + end64 + b"PK\6\7" + struct.pack("<LQL", 0, at, 1) + whole[at:]
    else:
        whole = whole[:-14] + struct.pack("<2H", count, count) + whole[-10:]
    (tmp_path / "x.zip").write_bytes(whole)
    with pytest.raises(PicturesError, match=message):
        read(tmp_path / "x.zip")


def test_a_directory_somewhere_else_is_refused(tmp_path):
    whole = packed(("a.png", {}))
    for wrong in (
        b"MZ stub" + whole,
        whole[:-6] + struct.pack("<L", 0) + whole[-2:],
        whole[:40] + whole[41:],
    ):
        (tmp_path / "x.zip").write_bytes(wrong)
        with pytest.raises(PicturesError, match="whose directory is not where its end says"):
            read(tmp_path / "x.zip")


@pytest.mark.parametrize("content", [b"", b"PK", b"no archive", END, b"PK\5\6" + b"\xff" * 18, b"Rar!" * 9])
def test_other_files_are_refused(content, tmp_path):
    (tmp_path / "x.zip").write_bytes(content)
    with pytest.raises(PicturesError, match=r"x\.zip: expected a zip file"):
        read(tmp_path / "x.zip")


def deflated(mebibytes):
    """Zeros, deflated: after a full flush, each mebibyte looks the same."""
    packer, piece = zlib.compressobj(9, zlib.DEFLATED, -15), bytes(1 << 20)
    packer.compress(piece), packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(piece) + packer.flush(zlib.Z_FULL_FLUSH)
    return again * mebibytes + packer.flush()


def test_a_gibibyte_of_zeros_is_refused_by_its_ratio(tmp_path):
    path = tmp_path / "x.zip"
    path.write_bytes(packed(("zeros.png", {"method": 8, "data": deflated(1024), "size": 1 << 30})))
    assert path.stat().st_size < 2 << 20
    with pytest.raises(PicturesError, match=r"zeros\.png: expected at most 200 bytes from each byte"):
        ZipArchive(path, "x.zip")


def test_zeros_with_a_lying_size_take_no_memory(tmp_path):
    data = deflated(256)
    path = tmp_path / "x.zip"
    path.write_bytes(packed(("a.png", {"method": 8, "data": data, "size": 1 << 20})))
    tracemalloc.start()
    with pytest.raises(
        PicturesError, match=r"a\.png: expected 1,048,576 bytes, as the archive's directory says"
    ):
        read(path)
    assert tracemalloc.get_traced_memory()[1] < 8 << 20
    tracemalloc.stop()


def test_too_much_in_all_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MAX_UNPACKED_BYTES", 9)
    (tmp_path / "x.zip").write_bytes(packed(("a.png", {}), SECOND))
    with pytest.raises(PicturesError, match=r"b\.png: expected at most 0 GiB in all, found more"):
        read(tmp_path / "x.zip")


def test_a_large_file_is_refused_before_it_is_unpacked(tmp_path):
    (tmp_path / "x.zip").write_bytes(packed(("a.png", {"content": bytes(3 << 20)})))
    with pytest.raises(PicturesError, match=r"a\.png: expected at most 2 MiB, found 3 MiB"):
        read(tmp_path / "x.zip", 2 << 20)


def test_whatever_is_damaged_is_one_sentence(tmp_path):
    """Every byte of the directory and the local headers, changed in turn."""
    whole = packed(("Apple/a.png", {"method": 8, "data": zlib.compress(b"hello")[2:-4]}), SECOND)
    path = tmp_path / "x.zip"
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            assert set(read(path).values()) <= {b"hello"}
        except PicturesError as error:
            assert "\n" not in str(error)


def test_what_systems_add_is_passed_over_and_folders_around_are_left_out(tmp_path):
    contents = {f"holiday/fruit/{name}": content for name, content in fruit().items()}
    junk = {
        "__MACOSX/holiday/fruit/Apple/._0.png": b"junk", "holiday/.DS_Store": b"junk", "holiday/fruit/Apple/._1.png": b"junk",
        "holiday/fruit/Kiwi/Thumbs.db": b"junk", "holiday/fruit/desktop.ini": b"junk",
    }  # fmt: skip
    found = prepared(zipped(tmp_path / "fruit.zip", {**contents, **junk}), tmp_path / "cache")
    assert (found.info.labels, sum(found.info.sizes)) == (("Apple", "Kiwi"), 12)
    assert not any("passed over" in notice.message for notice in found.notices)


def test_nothing_is_written_beside_the_archive(tmp_path):
    (tmp_path / "in").mkdir()
    prepared(zipped(tmp_path / "in" / "fruit.zip", fruit()), tmp_path / "cache")
    assert [path.name for path in (tmp_path / "in").iterdir()] == ["fruit.zip"]
    names = {path.name for path in (tmp_path / "cache").rglob("*") if path.is_file()}
    assert {"pixels.npy", "about.json"} <= names
    assert not any(name.endswith(".png") for name in names)


def test_an_archive_without_entries_has_none(tmp_path):
    path = tmp_path / "empty.zip"
    path.write_bytes(packed())
    assert read(path) == {}
