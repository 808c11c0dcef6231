"""A document that names a file: a server opens no path, and says what to do."""

import builtins
import io
import os

import pytest

from csv_files import NUMBERS
from served import served

END = {"type": "Dense", "units": 2, "activation": "softmax"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/validate"])
def test_a_table_is_refused_and_no_file_is_opened(path, server, tmp_path, monkeypatch):
    file = tmp_path / "mine.csv"
    file.write_text(NUMBERS)
    monkeypatch.chdir(tmp_path)
    touched = []

    def watching(real):
        def call(name, *args, **options):
            if "mine.csv" in str(name):
                touched.append(name)
            return real(name, *args, **options)

        return call

    for module, name in ((builtins, "open"), (io, "open"), (os, "stat"), (os, "open")):
        monkeypatch.setattr(module, name, watching(getattr(module, name)))
    for named in ("mine.csv", str(file)):
        dataset = {"name": "table", "file": named, "target": "label"}
        document = {"name": "mine", "dataset": dataset, "model": {"layers": [END]}}
        answer = server.client.post(path, json=document)
        (problem,) = answer.json().get("problems") or answer.json()["errors"]
        assert (problem["pointer"], problem["code"]) == ("/dataset/file", "files-not-taken")
        assert problem["hint"] == "upload it with `quickml upload`; `quickml submit` does so by itself"
    assert touched == []


def test_tables_are_not_listed_but_in_the_schema(server):
    names = [dataset["name"] for dataset in server.client.get("/v1/datasets").json()["datasets"]]
    assert "table" not in names
    assert "TableReference" in server.client.get("/v1/schema").json()["$defs"]
    for path in ("/v1/datasets/table", "/v1/datasets/table/samples?split=test"):
        answer = server.client.get(path)
        assert (answer.status_code, "found files of users" in answer.json()["detail"]) == (404, True)
