"""Packages as files of their own: what is stored, how it is told, and what is refused."""

import hashlib
import os
import shutil
import zipfile
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import unquote

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from job_examples import artifact, finish
from quickml.errors import ArtifactNotFoundError, CoreMLFileError
from quickml.events import FileRow
from quickml.export.coreml.archive import zipped
from quickml.service.contents import ArtifactContents
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.worker.composing import MOST_FILES
from quickml.worker.upload import upload
from result_rows import rows
from served import served

TREE = {
    "Manifest.json": b'{"a": 1}',
    "Data/com.apple.CoreML/model.mlmodel": b"\x08\x06" * 100,
    "Data/com.apple.CoreML/weights/weight.bin": bytes(range(256)) * 50,
    "Data/empty.bin": b"",
}


def package(folder, tree=TREE, name="model.mlpackage"):
    root = folder / name
    for path, content in tree.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root


def content(store, row):
    with store.open(row.sha256) as stream:
        return stream.read()


@pytest.fixture
def result(tmp_path):
    folder = tmp_path / "result"
    folder.mkdir()
    return folder


def delivered(folder):
    store = FilesystemArtifactStore(folder.parent / "artifacts")
    return store, upload(folder, rows(folder), "job", store)


def test_every_file_of_a_package_is_stored_under_its_path(result):
    zipped(package(result))
    (result / "report.json").write_bytes(b"{}")
    store, found = delivered(result)
    assert [row.name for row in found] == [
        "model.mlpackage.zip",
        "report.json",
        "model.mlpackage/Data/com.apple.CoreML/model.mlmodel",
        "model.mlpackage/Data/com.apple.CoreML/weights/weight.bin",
        "model.mlpackage/Data/empty.bin",
        "model.mlpackage/Manifest.json",
    ]
    for row in found[2:]:
        assert row.kind == "member"
        assert content(store, row) == TREE[row.name.removeprefix("model.mlpackage/")]
        assert row.media_type == (
            "application/json" if row.name.endswith(".json") else "application/octet-stream"
        )


def test_variants_are_stored_under_their_own_names(result):
    (result / "model.mlmodel").write_bytes(b"model")
    variants = result / "variants"
    (variants / "model.int8.mlmodel").parent.mkdir()
    (variants / "model.int8.mlmodel").write_bytes(b"int8")
    zipped(package(variants, {"Manifest.json": b"{}"}, "model.float32.mlpackage"))
    _, found = delivered(result)
    assert [(row.name, row.kind, row.media_type) for row in found] == [
        ("model.mlmodel", "mlmodel", "application/octet-stream"),
        ("model.float32.mlpackage.zip", "variant", "application/zip"),
        ("model.int8.mlmodel", "variant", "application/octet-stream"),
        ("model.float32.mlpackage/Manifest.json", "member", "application/json"),
    ]


def test_a_zip_is_not_stored_but_put_together(result):
    path = zipped(package(result))
    package(result, {"main.mlmodel": b"x", "metadata.json": b"{}"}, "model.aimodel")
    store, found = delivered(result)
    zips = [row for row in found if row.name.endswith(".zip")]
    assert {row.name: row.kind for row in zips} == {
        "model.mlpackage.zip": "mlpackage", "model.aimodel.zip": "aimodel",
    }  # fmt: skip
    inside = {row.name: content(store, row) for row in found if row.kind == "member"}
    packed = {}
    for row in zips:
        with pytest.raises(ArtifactNotFoundError):
            store.stat(row.sha256)
        with ArtifactContents(store).open(row) as stream:
            whole = stream.read()
        assert hashlib.sha256(whole).hexdigest() == row.sha256
        assert len(whole) == row.size_bytes
        with zipfile.ZipFile(BytesIO(whole)) as archive:
            packed |= {name: archive.read(name) for name in archive.namelist() if not name.endswith("/")}
    assert packed == inside
    assert whole_of(store, zips, "model.mlpackage.zip") == path.read_bytes()


def whole_of(store, rows, name):
    (row,) = [row for row in rows if row.name == name]
    with ArtifactContents(store).open(row) as stream:
        return stream.read()


def test_a_zip_without_a_package_is_stored(result):
    zipped(package(result)).rename(result / "other.zip")
    shutil.rmtree(result / "model.mlpackage")
    store = FilesystemArtifactStore(result.parent / "artifacts")
    row = FileRow(
        name="other.zip", kind="other", media_type="application/zip", size_bytes=0, sha256="",
    )  # fmt: skip
    (found,) = upload(result, (row,), "job", store)
    assert found.composition is None
    assert content(store, found) == (result / "other.zip").read_bytes()


def test_a_zip_that_is_not_its_package_is_stored(result):
    """Of another format, perhaps: whatever a zip is, it comes as it was made."""
    folder = package(result)
    path = zipped(folder)
    for change in (
        lambda: (folder / "Manifest.json").write_bytes(b'{"a": 2}'),
        (folder / "Manifest.json").unlink,
        lambda: path.write_bytes(b"no zip"),
    ):
        change()
        store, found = delivered(result)
        (row,) = [row for row in found if row.name.endswith(".zip")]
        assert row.composition is None
        assert content(store, row) == path.read_bytes()


@pytest.mark.parametrize("tree", [{}, {f"{number}": b"x" for number in range(MOST_FILES + 1)}])
def test_a_package_of_nothing_or_of_very_many_files_has_a_stored_zip(result, tree):
    folder = result / "model.mlpackage"
    folder.mkdir()
    path = zipped(package(result, tree))
    store, found = delivered(result)
    (row,) = [row for row in found if row.name.endswith(".zip")]
    assert row.composition is None
    assert content(store, row) == path.read_bytes()


@pytest.mark.parametrize("target", ["/etc/passwd", "../../secret", "Manifest.json", "nowhere", "."])
@pytest.mark.parametrize("with_zip", [True, False])
def test_a_link_in_a_package_is_not_followed(result, target, with_zip):
    (result.parent / "secret").write_text("nobody's business")
    folder = package(result)
    if with_zip:
        zipped(folder)
    (folder / "Data" / "link").symlink_to(target)
    with pytest.raises(CoreMLFileError, match="a link"):
        delivered(result)


def test_a_package_that_is_a_link_is_not_followed(result):
    elsewhere = package(result.parent)
    zipped(elsewhere).rename(result / "model.mlpackage.zip")
    (result / "model.mlpackage").symlink_to(elsewhere)
    with pytest.raises(CoreMLFileError, match="a link"):
        delivered(result)


@pytest.mark.parametrize("name", ["a\\b", "a\nb", "C:x", 'a"b', "a\x7fb", "a\u202eb", os.fsdecode(b"a\xffb")])
def test_names_that_are_none_everywhere_are_refused(result, name):
    zipped(package(result))
    (result / "model.mlpackage" / name).write_bytes(b"x")
    with pytest.raises(CoreMLFileError, match=r"model\.mlpackage: expected plain names"):
        delivered(result)


names = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=8)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as server:
        yield server


@settings(max_examples=50, deadline=None)
@given(name=names)
@example("%41")
@example("a#b")
@example("a b;c,é.bin")
def test_a_name_goes_to_the_client_and_back(server, name):
    assume(name not in {".", ".."})
    with TemporaryDirectory() as folder:
        zipped(package(Path(folder), {name: b"here"}))
        job_id = server.submit()
        attempt = server.store.claim()
        try:
            files = upload(Path(folder), rows(Path(folder)), job_id, server.artifacts)
        except CoreMLFileError:
            return
    finish(server.store, attempt, *files)
    (row,) = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
    (file,) = row["package"]["files"]
    assert file["path"] == name
    assert file["url"].isascii()
    assert unquote(file["url"]).endswith(f"/model.mlpackage/{name}")
    if "%" not in name:  # the test client decodes it twice
        answer = server.client.get(file["url"])
        assert (answer.status_code, answer.content) == (200, b"here")


def test_the_manifest_has_a_package_with_its_files(result, tmp_path):
    zipped(package(result))
    (result / "report.json").write_bytes(b"{}")
    with served(tmp_path / "server", workers=0) as server:
        job_id = server.submit()
        finish(server.store, server.store.claim(), *upload(result, rows(result), job_id, server.artifacts))
        listed = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
        assert listed == server.client.get(f"/v1/jobs/{job_id}").json()["artifacts"]
        packed, report = listed
        assert (packed["name"], report["name"], report["package"]) == (
            "model.mlpackage.zip",
            "report.json",
            None,
        )
        package_row = packed["package"]
        assert package_row["name"] == "model.mlpackage"
        assert package_row["size_bytes"] == sum(map(len, TREE.values()))
        assert {file["path"] for file in package_row["files"]} == set(TREE)
        for file in package_row["files"]:
            sha256 = hashlib.sha256(TREE[file["path"]]).hexdigest()
            assert (file["sha256"], file["size_bytes"]) == (sha256, len(TREE[file["path"]]))
            assert file["url"] == f"/v1/artifacts/{sha256}/model.mlpackage/{file['path']}"
            answer = server.client.get(file["url"])
            assert (answer.status_code, answer.content) == (200, TREE[file["path"]])
            name = file["path"].rpartition("/")[2]
            assert name in answer.headers["content-disposition"]
            assert "/" not in answer.headers["content-disposition"].replace("UTF-8''", "")


def test_a_zip_of_earlier_days_has_no_files_beside_it(tmp_path):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit()
        finish(server.store, server.store.claim(), artifact(job_id, "model.mlpackage.zip"))
        (row,) = server.client.get(f"/v1/jobs/{job_id}/artifacts").json()["artifacts"]
        assert row["package"] is None


def test_removing_a_job_lets_go_of_its_packages_files(result, tmp_path):
    zipped(package(result))
    with served(tmp_path / "server", workers=0) as server:
        job_id = server.submit()
        files = upload(result, rows(result), job_id, server.artifacts)
        finish(server.store, server.store.claim(), *files)
        stored = {row.sha256 for row in files if row.composition is None}
        assert server.store.referenced() == stored
        assert server.store.file_bytes() == sum(map(len, TREE.values()))
        assert server.artifacts.sweep(server.store.referenced(), age_s=-1) == set()
        server.client.delete(f"/v1/jobs/{job_id}")
        assert server.artifacts.sweep(server.store.referenced(), age_s=-1) == stored
