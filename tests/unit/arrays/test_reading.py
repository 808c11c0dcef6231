"""Files of arrays from strangers: what is not harmless is refused, and nothing is ever unpickled."""

import gzip
import os
import pickle
import random
import struct
import tracemalloc
import zipfile
import zlib

import numpy as np
import pytest

import rounds
from array_files import drawn, idx, mnist, npy, npz, prepared
from pictures import written, zipped
from quickml.arrays import LocalArrays
from quickml.arrays.sources import are_arrays, opened
from quickml.datasets import ArraysReference
from quickml.errors import ArraysError, DocumentError

IMAGES, LABELS = drawn()


def read(path):
    with opened(path, path.name) as source:
        return {name: array.read() for name, array in source.arrays.items()}


TYPES = [
    "bool",
    "uint8",
    "int8",
    "uint16",
    "int64",
    "float16",
    "float32",
    "float64",
    ">f4",
    ">i8",
    "U3",
    "S3",
    ">U3",
]


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("kind", TYPES)
def test_arrays_are_read_as_numpy_reads_them(kind, method, tmp_path):
    array = np.arange(24).reshape(2, 3, 4).astype(kind)
    for one in (array, np.asfortranarray(array)):
        found = read(npz(tmp_path / "a.npz", method, x=one))["x"]
        assert found.dtype == one.dtype
        np.testing.assert_array_equal(found, one)


def test_what_numpy_saves_is_read(tmp_path):
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", x=IMAGES, y=LABELS)
        np.testing.assert_array_equal(read(tmp_path / "a.npz")["x"], IMAGES)


def test_stored_arrays_are_mapped_and_compressed_ones_are_not(tmp_path):
    assert isinstance(read(npz(tmp_path / "a.npz", x=IMAGES))["x"], np.memmap)
    assert not isinstance(read(npz(tmp_path / "a.npz", zipfile.ZIP_DEFLATED, x=IMAGES))["x"], np.memmap)


def test_mapped_arrays_reach_the_training_unless_they_have_to_be_divided(tmp_path):
    data = prepared(
        npz(tmp_path / "a.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES, y_test=LABELS)
    ).data()
    assert isinstance(data.x_train, np.memmap)
    assert data.x_train.shape == (24, 8, 8, 1)


class Evil:
    def __reduce__(self):
        return os.system, ("touch evil",)


def test_objects_are_never_unpickled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    head = npy(descr="|O", shape=(24,), data=pickle.dumps([Evil()] * 24))
    with pytest.raises(ArraysError, match="x: expected numbers or texts, found Python objects"):
        prepared(npz(tmp_path / "a.npz", x=head, y=LABELS))
    assert not (tmp_path / "evil").exists()


def test_an_array_of_objects_beside_the_others_is_left_out(tmp_path):
    head = npy(descr="|O", shape=(), data=pickle.dumps(Evil()))
    found = prepared(npz(tmp_path / "a.npz", x=IMAGES, y=LABELS, about=head))
    assert "arrays that are left out: 'about'" in [notice.message for notice in found.notices]


def damaged_head(text):
    return npy(head=text)


REFUSED = {
    "no array": (b"hello, this is no array", "expected an array that NumPy has saved, found something else"),
    "empty": (b"", "found something else"),
    "records": (npy(descr=[("a", "<f4")], shape=(24,), data=b"\0" * 96), "records of several fields"),
    "complex": (npy(descr="<c8", shape=(24,), data=b"\0" * 192), "complex numbers"),
    "dates": (npy(descr="<M8[ns]", shape=(24,), data=b"\0" * 192), "dates"),
    "long doubles": (npy(descr="<f16", shape=(24,), data=b"\0" * 384), "more than 64 bits"),
    "fewer bytes": (npy(descr="|u1", shape=(24, 8, 8), data=b"\0" * 100), "expected 1,536 bytes of values"),
    "more bytes": (npy(descr="|u1", shape=(24, 8), data=b"\0" * 999), "found 999"),
    "a huge shape": (npy(descr="|u1", shape=(2**40, 2**20), data=b"\0"), "bytes of values, as its head says"),
    "a shape that overflows": (npy(descr="<f8", shape=(2**62, 4), data=b""), "damaged head"),
    "a negative shape": (npy(descr="|u1", shape=(-1, 8), data=b""), "damaged head"),
    "a shape of booleans": (npy(descr="|u1", shape=(True, 8), data=b"\0" * 8), "damaged head"),
    "many axes": (npy(descr="|u1", shape=(1,) * 40, data=b"\0"), "damaged head"),
    "empty array": (npy(np.zeros((0, 8, 8), np.uint8)), "an empty array, (0, 8, 8)"),
    "a number": (npy(np.float32(3)), "samples along the first axis"),
    "code": (damaged_head("__import__('os').system('touch evil')"), "damaged head"),
    "a deep head": (damaged_head("[" * 20_000), "damaged head"),
    "no head": (damaged_head("{}"), "damaged head"),
    "a list": (damaged_head("[1, 2]"), "damaged head"),
    "a long head": (b"\x93NUMPY\x02\x00\xff\xff\xff\x7f" + b" " * 100, "damaged head"),
    "another version": (b"\x93NUMPY\x09\x00" + b"\0" * 100, "damaged head"),
}  # fmt: skip


@pytest.mark.parametrize(("content", "message"), REFUSED.values(), ids=REFUSED)
def test_what_is_no_array_is_refused_by_name(content, message, tmp_path):
    with pytest.raises(ArraysError) as caught:
        prepared(npz(tmp_path / "a.npz", x=content, y=LABELS))
    assert str(caught.value).startswith("a.npz: x: ")
    assert message in str(caught.value)


def test_letters_that_are_none_are_refused(tmp_path):
    texts = npy(descr="<U1", shape=(24,), data=struct.pack("<I", 0x7FFFFFFF) * 24)
    with pytest.raises(ArraysError, match="numbers that are no letters"):
        prepared(npz(tmp_path / "a.npz", x=IMAGES, y=texts))


def test_a_gigabyte_of_zeros_is_refused_without_memory(tmp_path):
    path = tmp_path / "bomb.npz"
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
    with archive, archive.open("x.npy", "w", force_zip64=True) as entry:
        entry.write(npy(descr="|u1", shape=(1 << 14, 1 << 16)))
        for _ in range(1 << 6):
            entry.write(bytes(1 << 24))
    tracemalloc.start()
    try:
        with pytest.raises(ArraysError, match="at most 200 bytes from each byte of the archive"):
            prepared(path)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def lying(content, size):
    """An archive with one deflated array whose directory gives another size."""
    raw, name = zlib.compress(content)[2:-4], b"x.npy"
    numbers = (zlib.crc32(content), len(raw), size)
    local = b"PK\3\4" + struct.pack("<5H3L2H", 20, 0, 8, 0, 0, *numbers, len(name), 0) + name + raw
    entry = (
        b"PK\1\2" + struct.pack("<6H3L5H2L", 20, 20, 0, 8, 0, 0, *numbers, len(name), 0, 0, 0, 0, 0, 0) + name
    )
    return local + entry + b"PK\5\6" + struct.pack("<4H2LH", 0, 0, 1, 1, len(entry), len(local), 0)


@pytest.mark.parametrize(("more", "message"), [(-100, "another number"), (100, "another number")])
def test_a_size_that_lies_is_refused(more, message, tmp_path):
    size = 24 * 64 + more
    content = npy(descr="|u1", shape=(size,), data=bytes(24 * 64))
    (tmp_path / "a.npz").write_bytes(lying(content, len(content) + more))
    with pytest.raises(ArraysError, match=message):
        read(tmp_path / "a.npz")


def test_entries_that_overlap_and_passwords_are_refused_as_in_archives_of_pictures(tmp_path):
    content = bytearray(npz(tmp_path / "a.npz", x=IMAGES, y=LABELS).read_bytes())
    second = content.rindex(b"PK\1\2")
    content[second + 42 : second + 46] = struct.pack("<L", 10)
    (tmp_path / "a.npz").write_bytes(content)
    with pytest.raises(ArraysError, match="overlaps"):
        read(tmp_path / "a.npz")


def test_zip64_is_read(tmp_path):
    archive = zipfile.ZipFile(tmp_path / "a.npz", "w")
    with archive, archive.open("x.npy", "w", force_zip64=True) as entry:
        entry.write(npy(IMAGES))
    np.testing.assert_array_equal(read(tmp_path / "a.npz")["x"], IMAGES)


def test_an_archive_in_the_archive_is_passed_over(tmp_path):
    inner = npz(tmp_path / "inner.npz", x=IMAGES).read_bytes()
    zipped(tmp_path / "a.npz", {"inner.npz": inner, "x.npy": npy(IMAGES)})
    assert set(read(tmp_path / "a.npz")) == {"x"}
    zipped(tmp_path / "b.npz", {"inner.npz": inner})
    with pytest.raises(ArraysError, match="expected arrays that NumPy has saved, found none"):
        read(tmp_path / "b.npz")


def test_a_damaged_stored_array_is_refused(tmp_path):
    path = npz(tmp_path / "a.npz", x=IMAGES)
    content = bytearray(path.read_bytes())
    content[1000] ^= 1
    path.write_bytes(content)
    with pytest.raises(ArraysError, match="checksum"):
        read(path)


@pytest.mark.parametrize("gz", [False, True])
@pytest.mark.parametrize("form", ["folder", "zip", "pair"])
def test_idx_files_are_read_in_each_form(form, gz, tmp_path):
    contents = mnist(gz)
    path = written(tmp_path / "digits", contents)
    if form == "zip":
        path = zipped(tmp_path / "digits.zip", contents)
    if form == "pair":
        path = path / next(name for name in contents if name.startswith("train-images"))
    assert are_arrays(path)
    found = prepared(path)
    assert found.info.sizes == ((24, 8) if form != "pair" else (19, 5))
    assert found.info.shape == (8, 8, 1)
    assert found.reference.targets_file == (
        path.name.replace("images-idx3", "labels-idx1") if form == "pair" else None
    )
    again = prepared(path, **{key: value for key, value in found.reference if key not in ("name", "file")})
    assert again.notices == ()
    np.testing.assert_array_equal(again.data().x_train, found.data().x_train)


@pytest.mark.parametrize("kind", ["u1", "i1", "i2", "i4", "f4", "f8"])
def test_each_type_of_idx_is_read(kind, tmp_path):
    array = np.arange(24).reshape(6, 4).astype(kind)
    (tmp_path / "a-images.idx").write_bytes(idx(array))
    (tmp_path / "a-labels.idx").write_bytes(idx(np.arange(6).astype("u1")))
    np.testing.assert_array_equal(read(tmp_path / "a-images.idx")["x"], array)


IDX = {
    "another file": (b"hello", "expected an IDX file"),
    "empty": (b"", "found nothing"),
    "an unknown type": (b"\0\0\7\1\0\0\0\1a", "expected an IDX file"),
    "too short": (idx(IMAGES)[:-1], "bytes of values, as its head says"),
    "too long": (idx(IMAGES) + b"a", "bytes of values, as its head says"),
    "too short a head": (b"\0\0\x08\3\0\0\0\1", "ends early"),
    "a damaged gzip": (b"\x1f\x8b" + b"\1" * 50, "damaged"),
    "a cut gzip": (gzip.compress(idx(IMAGES))[:-20], "ends early"),
    "more behind a gzip": (gzip.compress(idx(IMAGES)) + b"more", "more behind its end"),
    "a gzip that is too short": (gzip.compress(idx(IMAGES)[:-9]), "bytes of values, as its head says"),
    "a gzip that is too long": (gzip.compress(idx(IMAGES) + b"aa"), "bytes of values, as its head says"),
    "a gzip of nothing": (gzip.compress(b""), "found nothing"),
    "a gzip that claims terabytes": (
        gzip.compress(b"\0\0\x08\3" + b"\xff\0\0\0" * 3 + bytes(99)),
        "too small",
    ),
}


@pytest.mark.parametrize(("content", "message"), IDX.values(), ids=IDX)
def test_what_is_no_idx_file_is_refused(content, message, tmp_path):
    (tmp_path / "a-images.idx").write_bytes(content)
    (tmp_path / "a-labels.idx").write_bytes(idx(LABELS.astype("u1")))
    with pytest.raises(ArraysError, match=message):
        read(tmp_path / "a-images.idx")


def test_a_gzip_of_zeros_is_not_unpacked_further_than_its_head_says(tmp_path):
    (tmp_path / "a-images.idx").write_bytes(gzip.compress(idx(IMAGES) + bytes(1 << 26)))
    (tmp_path / "a-labels.idx").write_bytes(idx(LABELS.astype("u1")))
    tracemalloc.start()
    try:
        with pytest.raises(ArraysError, match="found more"):
            read(tmp_path / "a-images.idx")
        assert tracemalloc.get_traced_memory()[1] < 16 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.npy", npy(IMAGES), r"found one array; save inputs and targets by np\.savez"),
        ("a-images.idx", idx(IMAGES), "expected a file with the labels of an IDX file, found none"),
        ("a.idx", idx(IMAGES), '"targets_file"'),
    ],
)
def test_one_array_says_what_is_missing(name, content, message, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ArraysError, match=message):
        read(tmp_path / name)


def test_files_that_are_not_there_are_told(tmp_path):
    with pytest.raises(ArraysError, match="found nothing of this name"):
        read(tmp_path / "a.npz")
    (tmp_path / "a.idx").write_bytes(idx(IMAGES))
    with pytest.raises(ArraysError, match="expected a file to read, found no such file"):
        prepared(tmp_path / "a.idx", targets_file="b.idx")


@pytest.mark.parametrize("number", range(rounds.choose(few=150, full=5000)))
def test_damaged_files_are_read_or_refused(number, tmp_path):
    dice = random.Random(rounds.seed + number)
    if dice.random() < 0.7:
        method = dice.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
        path = npz(tmp_path / "a.npz", method, x=IMAGES[:4], y=np.array(["a", "b", "a", "b"]))
    else:
        contents = mnist(gz=dice.random() < 0.5)
        written(tmp_path, contents)
        path = tmp_path / next(iter(contents))
    content = bytearray(path.read_bytes())
    for _ in range(dice.randint(1, 4)):
        where = dice.choice([len(content), min(len(content), 200)])
        content[dice.randrange(where)] = dice.choice([0, 255, dice.randrange(256)])
    if dice.random() < 0.2:
        del content[dice.randrange(len(content)) :]
    path.write_bytes(content)
    try:
        prepared(path, kind="image")
    except (ArraysError, DocumentError) as error:
        assert "\n" not in str(error) or isinstance(error, DocumentError)


def test_labels_that_are_missing_are_named_and_not_the_images(tmp_path):
    (tmp_path / "a-images-idx3-ubyte").write_bytes(idx(IMAGES))
    reference = ArraysReference(file="a-images-idx3-ubyte", targets_file="none.idx")
    with pytest.raises(DocumentError) as caught:
        LocalArrays(tmp_path).describe(reference)
    assert str(caught.value.problems[0]).startswith(
        "/dataset/targets_file: expected a file to read, found no such"
    )
    assert "(none.idx)" in str(caught.value.problems[0])


def test_one_array_is_no_table(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    assert are_arrays(tmp_path / "x.npy")
    with pytest.raises(ArraysError, match=r"found one array; save inputs and targets by np\.savez"):
        read(tmp_path / "x.npy")
