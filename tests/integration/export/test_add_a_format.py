"""A format from outside the package: the class of docs/how-to/add-a-format.md, as it stands there."""

import importlib
import json
import re
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from quickml import pipeline
from quickml.document import formats, understand
from quickml.document.schema import schema
from quickml.errors import CompileError, DocumentError, VerificationError
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.worker.upload import upload

PAGE = (Path(__file__).parents[3] / "docs" / "how-to" / "add-a-format.md").read_text(encoding="utf-8")
(SOURCE,) = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
DOCUMENT = {
    "name": "iris",
    "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    "training": {"epochs": 5},
    "export": json.loads(re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)[0]),
}


@pytest.fixture
def module(tmp_path, monkeypatch):
    """The module as a file of another package, not imported yet."""
    (tmp_path / "weights_json.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    yield "weights_json"
    sys.modules.pop("weights_json", None)
    formats.FORMATS.pop("weights-json", None)


@pytest.fixture
def registered(module):
    return importlib.import_module(module).WeightsJson


def test_a_document_may_not_name_it_before():
    with pytest.raises(DocumentError, match=r"/export/formats/1: expected 'mlmodel', .* or 'onnx', found"):
        understand(DOCUMENT)


def test_it_is_written_verified_reported_and_stored(registered, tmp_path):
    folder = tmp_path / "result"
    *_, last = pipeline.run(understand(DOCUMENT), folder)
    weights = json.loads((folder / "model.weights.json").read_text())
    assert {"kernel", "bias"} <= set(weights["dense"])
    report = json.loads((folder / "report.json").read_text())
    (row,) = [row for row in report["files"] if row["name"] == registered.file_name]
    assert (row["kind"], row["media_type"]) == ("weights-json", "application/json")
    (parity,) = [one for one in last.parity if one.file == registered.file_name]
    assert parity.largest_difference < 1e-5
    stored = upload(folder, last.files, "job_1", FilesystemArtifactStore(tmp_path / "store"))
    (artifact,) = [one for one in stored if one.kind == "weights-json"]
    assert (artifact.name, artifact.media_type) == ("model.weights.json", "application/json")
    assert artifact.sha256 == row["sha256"]


def test_its_check_is_asked(registered):
    wrong = {**DOCUMENT, "export": {"formats": [registered.kind], "weights": "int8"}}
    with pytest.raises(DocumentError, match=r"/export/weights: weights-json expects float32, found int8"):
        understand(wrong)


def test_a_file_that_differs_fails_the_run(registered, tmp_path, monkeypatch):
    write = registered.write

    def damaged(self, run):
        path = yield from write(self, run)
        path.write_text(path.read_text().replace("-", ""))
        return path

    monkeypatch.setattr(registered, "write", damaged)
    with pytest.raises(VerificationError, match=r"model\.weights\.json"):
        list(pipeline.run(understand(DOCUMENT), tmp_path / "result"))
    assert not (tmp_path / "result").exists()


def test_what_is_missing_fails_before_training(registered, tmp_path, monkeypatch):
    monkeypatch.setattr(registered, "missing", lambda _: "weights-json needs a licence")
    told = []
    with pytest.raises(CompileError, match="needs a licence"):
        told.extend(pipeline.run(understand(DOCUMENT), tmp_path / "result"))
    assert [event.type for event in told] == ["started"]


def test_the_schema_has_it(registered):
    assert registered.kind in schema()["$defs"]["Export"]["properties"]["formats"]["items"]["enum"]


def test_an_installed_package_is_loaded_when_a_document_names_it(module, monkeypatch):
    entry = EntryPoint("weights-json", f"{module}:WeightsJson", formats.GROUP)
    monkeypatch.setattr(formats, "installed", lambda _: {"weights-json": entry})
    assert "weights-json" not in formats.known()
    assert understand(DOCUMENT).document.export.formats == ("mlmodel", "weights-json")


def test_an_installed_package_that_is_broken(monkeypatch):
    entry = EntryPoint("weights-json", "no_such_module:Thing", formats.GROUP)
    monkeypatch.setattr(formats, "installed", lambda _: {"weights-json": entry})
    with pytest.raises(DocumentError, match=r"/export/formats/1: .*no_such_module"):
        understand(DOCUMENT)
