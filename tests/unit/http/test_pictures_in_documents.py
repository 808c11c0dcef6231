"""A document that names pictures: a server opens no path, and says how to send it the pictures."""

import os

import pytest

from pictures import fruit, written
from quickml.pictures import LocalPictures, prepare
from served import served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/validate"])
def test_pictures_are_refused_and_no_folder_is_read(path, server, tmp_path, monkeypatch):
    folder = written(tmp_path / "fruit", fruit())
    monkeypatch.chdir(tmp_path)

    def never(*_, **__):
        raise AssertionError("read")

    monkeypatch.setattr(LocalPictures, "describe", never)
    monkeypatch.setattr(prepare, "prepare", never)
    monkeypatch.setattr(os, "walk", never)
    layers = [{"type": "Flatten"}, {"type": "Dense", "units": 2, "activation": "softmax"}]
    for named in ("fruit", str(folder)):
        document = {"name": "x", "dataset": {"name": "pictures", "file": named}, "model": {"layers": layers}}
        answer = server.client.post(path, json=document)
        (problem,) = answer.json().get("problems") or answer.json()["errors"]
        assert (problem["pointer"], problem["code"]) == ("/dataset/file", "files-not-taken")
        assert "`quickml upload`" in problem["hint"]
