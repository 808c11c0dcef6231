"""Weights that two files have are stored once: a package's are put together of those of the `.mlmodel` file."""

import random
import struct
from dataclasses import replace

import pytest

from quickml.errors import ArtifactDamagedError
from quickml.export.coreml.archive import zipped
from quickml.jobs.job import VARIANT
from quickml.service.contents import ArtifactContents
from quickml.storage.artifacts.composed import Composition
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.worker.composing import MOST_BYTES
from quickml.worker.upload import upload
from result_rows import rows
from stored_files import change_stored_file, flip_bit

DRAWN = random.Random(7)
BLOBS = tuple(DRAWN.randbytes(size) for size in (1200, 40, 90_000, 512, 250_001, 16))
WEIGHTS = "Data/com.apple.CoreML/weights/weight.bin"


def blob_file(blobs):
    """As MIL stores weights; see `export.coreml.reading.blobs`."""
    content = struct.pack("<II56x", len(blobs), 2)
    for blob in blobs:
        content += struct.pack("<IIQQ40x", 0xDEADBEEF, 2, len(blob), len(content) + 64) + blob
        content += bytes(-len(content) % 64)
    return content


def model(blobs):
    """Something that has the same blobs, with something between them."""
    return b"".join(b"layer %03d " % len(blob) + blob for blob in blobs) + b"end"


def written(folder, weights, other, name="model"):
    files = {WEIGHTS: weights, "Manifest.json": b"{}"}
    for path, content in files.items():
        (folder / f"{name}.mlpackage" / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.mlpackage" / path).write_bytes(content)
    (folder / f"{name}.mlmodel").write_bytes(other)
    return zipped(folder / f"{name}.mlpackage").read_bytes()


def delivered(folder, tmp_path):
    store = FilesystemArtifactStore(tmp_path / "store")
    return store, {file.name: file for file in upload(folder, rows(folder), "job", store)}


def read(store, file):
    with ArtifactContents(store).open(file) as reader:
        return reader.read()


def test_weights_are_stored_once(tmp_path):
    archive = written(tmp_path / "result", blob_file(BLOBS), model(BLOBS))
    store, files = delivered(tmp_path / "result", tmp_path)
    weights, packed = files[f"model.mlpackage/{WEIGHTS}"], files["model.mlpackage.zip"]
    for file in (weights, packed):
        made = Composition.from_json(file.composition)
        assert files["model.mlmodel"].sha256 in made.sources
        assert len(file.composition) < 4000
        ArtifactContents(store).stat(file)
    assert store.usage_bytes() == len(model(BLOBS)) + len(b"{}")
    assert read(store, weights) == blob_file(BLOBS)
    assert read(store, packed) == archive
    for place in range(0, len(archive), 7919):
        with ArtifactContents(store).open(packed, place, place + 100) as reader:
            assert reader.read() == archive[place : place + 100]


def test_those_of_a_variant_are_looked_for_in_the_same_variant(tmp_path):
    folder = tmp_path / "result"
    written(folder, blob_file(BLOBS[:1] * 90), b"another model")
    written(folder / "variants", blob_file(BLOBS), model(BLOBS), "model.float32")
    store, files = delivered(folder, tmp_path)
    shared = {name for name, file in files.items() if file.composition and not name.endswith(".zip")}
    assert shared == {f"model.float32.mlpackage/{WEIGHTS}"}
    assert files["model.float32.mlmodel"].kind == VARIANT
    assert all(len(read(store, file)) == file.size_bytes for file in files.values())


@pytest.mark.parametrize(
    ("weights", "other"),
    [
        (blob_file(BLOBS), model(BLOBS[:2])),
        (blob_file(BLOBS), model([*BLOBS[:4], BLOBS[4][:5000] + bytes(245_001)])),
        (blob_file([DRAWN.randbytes(MOST_BYTES + 1), BLOBS[4]]), model(BLOBS)),
        (blob_file(BLOBS[:2]), model(BLOBS)),
        (b"something else" * 10_000, model(BLOBS)),
        (blob_file(BLOBS)[:200_000], model(BLOBS)),
        (blob_file(BLOBS), b""),
        (b"", model(BLOBS)),
    ],
    ids=["fewer", "only begins so", "much else", "small", "no weights", "cut off", "no model", "empty"],
)
def test_other_weights_are_stored(tmp_path, weights, other):
    archive = written(tmp_path / "result", weights, other)
    store, files = delivered(tmp_path / "result", tmp_path)
    file = files[f"model.mlpackage/{WEIGHTS}"]
    assert file.composition is None
    assert read(store, file) == weights
    assert read(store, files["model.mlpackage.zip"]) == archive


def test_repeated_and_reordered_blobs_are_found_or_stored(tmp_path):
    """Whatever is found, what comes is what was stored."""
    for number, blobs in enumerate(([BLOBS[2]] * 3, BLOBS[::-1], [bytes(5000)] * 20)):
        archive = written(tmp_path / f"{number}", blob_file(blobs), model(BLOBS))
        store, files = delivered(tmp_path / f"{number}", tmp_path)
        assert read(store, files[f"model.mlpackage/{WEIGHTS}"]) == blob_file(blobs)
        assert read(store, files["model.mlpackage.zip"]) == archive


def test_weights_that_are_zero_in_most_places_are_searched_in_a_moment(tmp_path):
    """At every place, all but the last byte of what is searched is the same."""
    blob = bytes(4095) + b"x" + DRAWN.randbytes(100_000)
    written(tmp_path / "result", blob_file([blob]), bytes(16 << 20))
    _, files = delivered(tmp_path / "result", tmp_path)
    assert files[f"model.mlpackage/{WEIGHTS}"].composition is None


def test_a_file_is_checked_as_it_is_put_together(tmp_path):
    """What lies between the pieces is not in the store, and can be damaged as well."""
    written(tmp_path / "result", blob_file(BLOBS), model(BLOBS))
    store, files = delivered(tmp_path / "result", tmp_path)
    packed = files["model.mlpackage.zip"]
    ArtifactContents(store).check(packed)
    made = Composition.from_json(packed.composition)
    place = next(place for place, piece in enumerate(made.pieces) if isinstance(piece, bytes))
    pieces = list(made.pieces)
    pieces[place] = bytes([pieces[place][0] ^ 1]) + pieces[place][1:]
    other = replace(packed, composition=replace(made, pieces=tuple(pieces)).to_json())
    with pytest.raises(ArtifactDamagedError, match=packed.sha256):
        ArtifactContents(store).check(other)


def test_a_part_of_which_there_are_many_pieces_is_checked_once(tmp_path, monkeypatch):
    blobs = [DRAWN.randbytes(600) for _ in range(200)]
    written(tmp_path / "result", blob_file(blobs), model(blobs))
    store, files = delivered(tmp_path / "result", tmp_path)
    packed, checked = files["model.mlpackage.zip"], []
    monkeypatch.setattr("quickml.service.contents.check_parts", lambda _, *given: checked.append(given))
    ArtifactContents(store).check_parts(packed, 0, packed.size_bytes)
    assert sorted(checked) == sorted(
        (sha256, 0, store.stat(sha256).size_bytes)
        for sha256 in Composition.from_json(packed.composition).sources
    )


@pytest.mark.parametrize("damage", ["cut off", "changed"])
def test_the_piece_that_is_damaged_is_named(tmp_path, damage):
    written(tmp_path / "result", blob_file(BLOBS), model(BLOBS))
    store, files = delivered(tmp_path / "result", tmp_path)
    source = files["model.mlmodel"].sha256
    change_stored_file(
        store, source, lambda content: content[:100_000] if damage == "cut off" else flip_bit(content)
    )
    with pytest.raises(ArtifactDamagedError, match=source):
        ArtifactContents(store).check(files["model.mlpackage.zip"])
