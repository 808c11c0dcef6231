"""The studio over HTTP: who gets the page, in which coding, with which headers; and what hostile requests get."""

import gzip
import hashlib
import json
import logging

import pytest

from quickml.api import routes
from quickml.http.studio.built import FOLDER, PAGE, built
from quickml.http.studio.pages import POLICY, Studio
from served import is_problem, served

HTML = b"<!doctype html><title>QuickML</title>" + b"<!-- -->" * 50
SCRIPT = b"console.log('" + b"0123456789" * 20_000 + b"')"  # more than one piece
BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """As a build leaves it; the `.br` files are no Brotli, so that they are told apart."""
    folder = tmp_path_factory.mktemp("built")
    for name, content in {
        PAGE: HTML,
        "assets/app-1a2b3c4d.js": SCRIPT,
        "assets/icon-00.svg": b"<svg/>",
    }.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        path.with_name(path.name + ".gz").write_bytes(gzip.compress(content, mtime=0))
        path.with_name(path.name + ".br").write_bytes(b"br:" + content)
    (folder / "assets" / "plain-00.css").write_bytes(b"body{}")
    (folder / "licenses.md").write_bytes(b"MIT")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory, folder):
    with served(tmp_path_factory.mktemp("server"), workers=0, studio=Studio(built(folder))) as server:
        yield server


def ask(server, path="/", method="GET", **headers):
    given = {
        "accept-encoding": "identity",
        **{name.replace("_", "-"): value for name, value in headers.items()},
    }
    return server.client.request(method, path, headers=given)


# Who gets the page


@pytest.mark.parametrize("accept", [
    BROWSER, "text/html", "TEXT/HTML", "text/*", "text/html;level=1", "text/html;q=0.5, application/json;q=0.4",
    "text/html;q=0.001", "application/json;q=0, */*", "text/html, */*;q=0.9", " text/html ,,", "*/*;q=0.1, text/html;q=0.2",
])  # fmt: skip
def test_whoever_prefers_html_gets_the_page(server, accept):
    answer = ask(server, accept=accept)
    assert answer.content == HTML
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


@pytest.mark.parametrize("accept", [
    "*/*", "application/json", "application/json, text/plain, */*", "application/*", "", ",", "image/png", "text/plain",
    "text/html;q=0", "text/html;q=0.2, application/json", "text/html;q=0.5, application/json;q=0.5", "text/html, application/json",
    "text/html;q=2", "text/html;q=-1", "text/html;q=nan", "text/html;q=1e-3", "text/html;q=0.0001", "text/html;q=", "text / html",
    "text/htm", "text/html-sandboxed", ";q=1", "q=1", "text/html;q=0;q=1", "*/*;q=1, text/html;q=0", "\\",
])  # fmt: skip
def test_all_others_get_the_index(server, accept):
    answer = ask(server, accept=accept)
    assert answer.json()["name"] == "QuickML"
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "Accept, Authorization"
    assert answer.headers["cache-control"] == "no-store"


def test_several_headers_count_as_one(server):
    both = [("accept", "application/json;q=0.5"), ("accept", "text/html")]
    assert server.client.get("/", headers=both).content == HTML


def test_a_long_list_is_read_quickly(server):
    assert ask(server, accept=",".join(["a/b;q=0.1"] * 6000)).json()["name"] == "QuickML"


def test_the_page_has_the_strict_policy_and_is_asked_for_anew(server):
    headers = ask(server, accept=BROWSER).headers
    assert {name: headers[name] for name in (
        "content-security-policy", "cross-origin-opener-policy", "cross-origin-resource-policy", "x-content-type-options",
        "x-frame-options", "referrer-policy", "permissions-policy", "cache-control", "vary",
    )} == {
        "content-security-policy": POLICY, "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin", "x-content-type-options": "nosniff", "x-frame-options": "DENY",
        "referrer-policy": "no-referrer", "permissions-policy": "camera=(self), microphone=(), geolocation=()",
        "cache-control": "no-cache", "vary": "Accept, Accept-Encoding",
    }  # fmt: skip
    assert len(headers.get_list("x-content-type-options")) == 1
    assert "unsafe" not in POLICY
    assert "access-control-allow-origin" not in headers


# Files of the page


def test_a_file_is_immutable_and_of_its_type(server):
    answer = ask(server, "/assets/app-1a2b3c4d.js")
    assert answer.content == SCRIPT
    assert answer.headers["content-length"] == str(len(SCRIPT))
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["vary"] == "Accept-Encoding"
    assert answer.headers["content-security-policy"] == POLICY
    assert ask(server, "/assets/icon-00.svg").headers["content-type"] == "image/svg+xml"


@pytest.mark.parametrize(("accepted", "coding"), [
    ("br", "br"), ("gzip", "gzip"), ("gzip, deflate, br, zstd", "br"), ("BR", "br"), ("br;q=0.5, gzip", "gzip"),
    ("*", "br"), ("*;q=0, gzip", "gzip"), ("br;q=0, *", "gzip"), ("gzip;q=0", None), ("br;q=0, gzip;q=0", None),
    ("identity", None), ("", None), ("zstd", None), ("gzip;q=0.5, identity", None), ("gzip, identity;q=0.5", "gzip"),
    ("identity;q=0", None), ("gzip;q=nonsense", None), ("br;q=1.000", "br"),
])  # fmt: skip
@pytest.mark.parametrize("path", ["/", "/assets/app-1a2b3c4d.js"])
def test_the_coding_is_the_best_that_both_have(server, accepted, coding, path):
    with server.client.stream(
        "GET", path, headers={"accept": BROWSER, "accept-encoding": accepted}
    ) as answer:
        body = b"".join(answer.iter_raw())
        assert answer.headers.get("content-encoding") == coding
        assert "Accept-Encoding" in answer.headers["vary"]
    plain = HTML if path == "/" else SCRIPT
    assert body == {"br": b"br:" + plain, "gzip": gzip.compress(plain, mtime=0), None: plain}[coding]


def test_a_file_without_compressed_ones_is_sent_as_it_is(server):
    answer = ask(server, "/assets/plain-00.css", accept_encoding="br, gzip")
    assert answer.content == b"body{}"
    assert "content-encoding" not in answer.headers


def test_each_coding_has_its_own_tag(server):
    paths = ("/", "/assets/app-1a2b3c4d.js")
    tags = {
        ask(server, path, accept=BROWSER, accept_encoding=coding).headers["etag"]
        for path in paths for coding in ("identity", "gzip", "br")
    }  # fmt: skip
    assert len(tags) == 6
    assert f'"{hashlib.sha256(HTML).hexdigest()[:32]}"' in tags


@pytest.mark.parametrize("path", ["/", "/assets/app-1a2b3c4d.js"])
def test_what_a_browser_has_is_not_sent_again(server, path):
    first = ask(server, path, accept=BROWSER, accept_encoding="gzip")
    tag = first.headers["etag"]
    for condition in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = ask(server, path, accept=BROWSER, accept_encoding="gzip", if_none_match=condition)
        assert (again.status_code, again.content) == (304, b"")
        for name in ("etag", "vary", "cache-control", "content-security-policy"):
            assert again.headers[name] == first.headers[name]
    other = ask(server, path, accept=BROWSER, accept_encoding="br", if_none_match=tag)
    assert other.status_code == 200, "the tag is that of another coding"
    is_problem(ask(server, path, accept=BROWSER, if_match='"other"'), 412, "precondition-failed")


@pytest.mark.parametrize("path", ["/", "/assets/app-1a2b3c4d.js"])
@pytest.mark.parametrize("accept", [BROWSER, "*/*"])
def test_head_is_get_without_the_body(server, path, accept):
    get, head = (ask(server, path, method, accept=accept) for method in ("GET", "HEAD"))
    assert (head.status_code, head.content) == (200, b"")
    assert {**head.headers} == {**get.headers}


@pytest.mark.parametrize(
    "condition", ["bytes=0-9", "bytes=-5", "bytes=999999999-", "bytes=a-b", "bytes=0-1,3-4", "pages=1"]
)
def test_ranges_are_not_offered(server, condition):
    answer = ask(server, "/assets/app-1a2b3c4d.js", range=condition)
    assert (answer.status_code, answer.content) == (200, SCRIPT)
    assert "accept-ranges" not in answer.headers


# What does not exist, and what is not allowed


@pytest.mark.parametrize("path", [
    "/assets/none.js", "/assets/", "/assets", "/assets/index.html", "/assets/app-1a2b3c4d.js.gz", "/assets/app-1a2b3c4d.js/",
    "/assets//app-1a2b3c4d.js", "/assets/../index.html", "/assets/%2e%2e/index.html", "/assets/..%2findex.html",
    "/assets/%2e%2e%2f%2e%2e%2fbuilt.py", "/assets/..%5cindex.html", "/assets/%00", "/assets/app-1a2b3c4d.js%00",
    "/assets/%252e%252e/index.html", "/assets/assets/app-1a2b3c4d.js", "/assets//etc/passwd", "/assets/%2fetc%2fpasswd",
    "/index.html", "/built/index.html", "/licenses.md", "/favicon.ico", "/assets/" + "a" * 5000, "/assets/%ff%fe",
])  # fmt: skip
@pytest.mark.parametrize("accept", [BROWSER, "*/*"])
def test_other_names_are_problems(server, path, accept):
    is_problem(ask(server, path, accept=accept), 404, "not-found")


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "TRACE", "BREW"])
@pytest.mark.parametrize("path", ["/", "/assets/app-1a2b3c4d.js"])
def test_only_get_and_head_are_allowed(server, method, path):
    answer = ask(server, path, method, accept=BROWSER)
    is_problem(answer, 405, "method-not-allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "HEAD"}


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "", "127.0.0.1"])
def test_the_page_is_no_secret_and_the_owner_is_told_to_no_other_host(server, host):
    assert ask(server, accept=BROWSER, host=host).content == HTML
    index = ask(server, accept="*/*", host=host).json()
    assert index["owner"] == ("anyone" if host in ("127.0.0.1", "localhost:1") else None)


def test_routes_of_the_api_do_not_change_for_browsers(server):
    for path in (routes.JOBS, routes.HEALTH, routes.LAYERS, "/v1/nothing"):
        assert "json" in ask(server, path, accept=BROWSER).headers["content-type"]


# Who the caller is


def test_the_index_says_whose_jobs_the_caller_has(tmp_path, folder):
    with served(tmp_path, workers=0, access="tokens", studio=Studio(built(folder))) as server:
        token, secret = server.tokens.create("ada")
        for headers, owner in [
            ({}, None),
            ({"authorization": "Bearer wrong"}, None),
            ({"authorization": f"Bearer {secret}"}, "ada"),
        ]:
            index = ask(server, **headers).json()
            assert (index["tokens_required"], index["owner"]) == (True, owner)
        server.tokens.revoke(token.id)
        assert ask(server, authorization=f"Bearer {secret}").json()["owner"] is None
        assert ask(server, accept=BROWSER).content == HTML
        assert ask(server, "/assets/app-1a2b3c4d.js").content == SCRIPT


def test_the_index_of_an_open_server(server):
    index = ask(server).json()
    assert (index["tokens_required"], index["owner"]) == (False, "anyone")


# Broken packages


def test_without_a_page_everybody_gets_the_index_and_the_log_says_why(tmp_path, caplog):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "absent", tmp_path / "empty"):
        with caplog.at_level(logging.WARNING):
            files = built(folder)
        assert files == {}
        assert (
            caplog.records.pop().message
            == f"studio: expected {PAGE} in {folder}, found none; the server has no page"
        )
    with served(tmp_path, workers=0, studio=Studio(files)) as server:
        assert ask(server, accept=BROWSER).json()["name"] == "QuickML"
        is_problem(ask(server, "/assets/app-1a2b3c4d.js"), 404, "not-found")


def test_a_folder_that_cannot_be_read_is_no_page(tmp_path, monkeypatch, caplog):
    (tmp_path / PAGE).write_bytes(HTML)
    monkeypatch.setattr(
        "pathlib.Path.read_bytes", lambda _: (_ for _ in ()).throw(PermissionError(13, "Permission denied"))
    )
    assert built(tmp_path) == {}
    assert "cannot be read (Permission denied)" in caplog.records[-1].message


# Answers that do not change


@pytest.mark.parametrize("path", [routes.LAYERS, routes.SCHEMA, routes.EXAMPLES])
def test_lists_that_do_not_change_are_compressed_and_kept_by_browsers(server, path):
    plain, packed = ask(server, path), ask(server, path, accept_encoding="gzip")
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    assert json.loads(packed.content) == plain.json()
    again = ask(server, path, accept_encoding="gzip", if_none_match=packed.headers["etag"])
    assert (again.status_code, again.headers["cache-control"]) == (304, "private, no-cache")


def test_examples_are_valid_documents_that_begin_with_the_smallest(server):
    found = ask(server, routes.EXAMPLES).json()["examples"]
    assert len(found) >= 8
    assert {
        "spirals",
        "iris",
        "mnist_cnn",
        "mnist_resnet",
        "waves_lstm",
        "moons",
        "diabetes",
        "fashion_cnn",
    } <= {one["name"] for one in found}
    for one in found:
        answer = server.client.post(
            "/v1/validate", content=one["text"], headers={"content-type": "application/json"}
        ).json()
        assert (answer["valid"], answer["warnings"]) == (True, []), one["name"]
        assert answer["spec"]["dataset"]["name"] == one["dataset"]
        assert one["text"].count("\n") > 10
        assert one["title"]
        assert one["help"].endswith(".")


def test_every_layer_is_in_a_group(server):
    groups = {one["type"]: one["group"] for one in ask(server, routes.LAYERS).json()["layers"]}
    assert {groups[name] for name in ("Dense", "Conv1D", "GlobalMaxPooling1D", "GRU", "MultiHeadAttention")} == {
        "core", "convolution", "pooling", "recurrent", "attention",
    }  # fmt: skip
    assert groups["BatchNormalization"] == "normalization"
    assert groups["Minimum"] == "merging"


def test_a_dataset_says_whether_it_is_on_the_server(server, monkeypatch, tmp_path):
    from quickml.datasets.builtin import images

    found = {one["name"]: one for one in ask(server, routes.DATASETS).json()["datasets"]}
    assert all(one["is_local"] for name, one in found.items() if name != "fashion_mnist")
    assert (found["brackets"]["kind"], found["brackets"]["vocabulary"][1:]) == ("tokens", ["(", ")"])
    assert (found["waves"]["kind"], found["mnist_rows"]["kind"], found["iris"]["kind"]) == (
        "sequence",
        "image",
        "features",
    )
    monkeypatch.setattr(images, "DEBIAN", tmp_path / "absent")
    monkeypatch.setattr(images.FashionMnist, "is_local", lambda _: False)
    found = {one["name"]: one for one in ask(server, routes.DATASETS).json()["datasets"]}
    assert not found["fashion_mnist"]["is_local"]


# The built files of this checkout


@pytest.mark.skipif(not (FOLDER / PAGE).exists(), reason="the page is not built")
def test_the_built_page_loads_only_what_is_there_and_has_no_script_of_its_own():
    import re

    files = built()
    html = files[PAGE].codings["identity"].body.decode()
    loaded = re.findall(r'(?:src|href)="([^"]+)"', html)
    assert loaded
    assert all(place.startswith("./") and place[2:] in files for place in loaded)
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\bon\w+=", html)
    assert all(
        {"br", "gzip"} <= set(file.codings)
        for name, file in files.items()
        if name.startswith("assets/") and len(file.codings["identity"].body) > 4000
    )
