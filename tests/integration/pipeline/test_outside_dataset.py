"""A dataset of another package trains and its files are verified, in this process."""

import json
import sys

import pytest

from outside_dataset import DOCUMENT, installed
from quickml import pipeline, plugins
from quickml.datasets import registry
from quickml.document import understand


@pytest.fixture
def outside(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(installed(tmp_path / "site"))
    monkeypatch.setattr(registry, "_classes", dict(registry._classes))
    plugins.installed.cache_clear()
    yield
    plugins.installed.cache_clear()
    for name in [name for name in sys.modules if name.split(".")[0] == "my_package"]:
        del sys.modules[name]


def test_it_trains_and_its_files_are_verified(outside, tmp_path):
    told = {event.type: event for event in pipeline.run(understand(DOCUMENT), tmp_path / "result")}
    assert told["started"].dataset == "shapes"
    assert all(parity.largest_difference < 1e-4 for parity in told["verified"].parity)
    report = json.loads((tmp_path / "result" / "report.json").read_text())
    assert report["dataset"]["labels"] == ["circle", "square"]
    assert report["dataset"]["source"] == "Drawn by our team; CC0"
