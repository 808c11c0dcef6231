"""The package of a real run, stored file by file: the same as its zip, and a model when it is put together."""

import zipfile
from io import BytesIO

import numpy as np
import pytest

from quickml import pipeline
from quickml.document import understand
from quickml.export.runtime import Runtime
from quickml.service.contents import ArtifactContents
from quickml.storage.artifacts.composed import Composition
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.worker.upload import upload
from served import IRIS

FLOWERS = np.array([[5.1, 3.5, 1.4, 0.2], [6.7, 3.0, 5.2, 2.3]], np.float32)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory):
    """The result folder, the store and its rows."""
    folder = tmp_path_factory.mktemp("run") / "result"
    layers = [{"type": "Dense", "units": 192}, {"type": "Dense", "units": 128}, *IRIS["model"]["layers"]]
    document = {
        **IRIS, "model": {"layers": layers}, "training": {"epochs": 2},
        "export": {"formats": ["mlmodel", "mlpackage"]},
    }  # fmt: skip
    *_, last = pipeline.run(understand(document), folder)
    store = FilesystemArtifactStore(tmp_path_factory.mktemp("artifacts"))
    return folder, store, upload(folder, last.files, "job", store)


def read(store, row):
    with ArtifactContents(store).open(row) as stream:
        return stream.read()


def test_weights_are_stored_once(delivered):
    _, store, rows = delivered
    files = {row.name: row for row in rows}
    weights = files["model.mlpackage/Data/com.apple.CoreML/weights/weight.bin"]
    assert files["model.mlmodel"].sha256 in Composition.from_json(weights.composition).sources
    stored = sum(row.size_bytes for row in rows if row.composition is None)
    assert store.usage_bytes() == stored < sum(row.size_bytes for row in rows) - 2 * weights.size_bytes


def test_the_members_are_the_package_and_the_zip(delivered):
    folder, store, rows = delivered
    members = {row.name: read(store, row) for row in rows if row.kind == "member"}
    assert "model.mlpackage/Data/com.apple.CoreML/weights/weight.bin" in members
    on_disk = {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in (folder / "model.mlpackage").rglob("*")
        if path.is_file()
    }
    assert members == on_disk
    (packed,) = [row for row in rows if row.kind == "mlpackage"]
    content = read(store, packed)
    assert content == (folder / "model.mlpackage.zip").read_bytes()
    with zipfile.ZipFile(BytesIO(content)) as archive:
        files = [name for name in archive.namelist() if not name.endswith("/")]
        assert {name: archive.read(name) for name in files} == members


def test_the_members_put_together_are_the_model(delivered, tmp_path):
    folder, store, rows = delivered
    for row in rows:
        if row.kind == "member":
            place = tmp_path / row.name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(read(store, row))
    paths = (folder / "model.mlpackage", tmp_path / "model.mlpackage")
    ours, theirs = (Runtime.load(path, engine="onnx") for path in paths)
    (taken,) = ours.inputs
    for flower in FLOWERS:
        expected, found = (runtime.run({taken.name: flower}) for runtime in (ours, theirs))
        assert {name: array.tolist() for name, array in found.items()} == {
            name: array.tolist() for name, array in expected.items()
        }
