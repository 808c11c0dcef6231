"""Uploads as the IETF's draft and tus have them: offsets, lengths, digests, limits, and whose they are."""

import base64
import hashlib
import json
import re

import pytest
from starlette.datastructures import Headers

from quickml.http.uploads import fields
from quickml.service import FileLimits
from served import JSON, is_problem, served

PARTIAL, OFFSET = "application/partial-upload", "application/offset+octet-stream"
TUS = {"Tus-Resumable": "1.0.0"}
REGISTERED = "https://iana.org/assignments/http-problem-types#"
DATA = bytes(range(256)) * 40
SHA256 = hashlib.sha256(DATA).hexdigest()


@pytest.fixture
def server(tmp_path):
    with served(
        tmp_path, workers=0, files=FileLimits(max_file_bytes=100_000, files_per_owner_bytes=150_000)
    ) as one:
        yield one


def begin(server, data=DATA, name="a.bin", sha256=True, **options):
    about = {"name": name, "size_bytes": len(data)}
    if sha256:
        about["sha256"] = hashlib.sha256(data).hexdigest()
    return server.client.post("/v1/files", json=about, **options)


def append(server, address, data, offset, *, last=True, **headers):
    fields_ = {
        "Content-Type": PARTIAL,
        "Upload-Offset": str(offset),
        "Upload-Complete": f"?{int(last)}",
        **headers,
    }
    return server.client.patch(address, content=data, headers=fields_)


def upload(server, data=DATA, name="a.bin", **options):
    """A whole upload; returns the file."""
    begun = begin(server, data, name, **options)
    assert begun.status_code == 201, begun.text
    answer = server.client.patch(
        begun.headers["location"],
        content=data,
        headers={
            "Content-Type": PARTIAL,
            "Upload-Offset": "0",
            "Upload-Complete": "?1",
            **options.get("headers", {}),
        },
    )
    assert answer.status_code == 201, answer.text
    return answer.json()


def offset(server, address, **headers):
    answer = server.client.head(address, headers=headers)
    assert (answer.status_code, answer.headers["cache-control"]) == (204, "no-store")
    return int(answer.headers["upload-offset"])


# The draft


def test_a_file_arrives_in_parts(server):
    begun = begin(server)
    assert (begun.status_code, begun.headers["upload-offset"], begun.headers["upload-complete"]) == (
        201,
        "0",
        "?0",
    )
    assert re.fullmatch(r"max-size=100000, max-age=\d+", begun.headers["upload-limit"])
    address = begun.headers["location"]
    assert begun.json()["upload"]["url"] == address
    first = append(server, address, DATA[:1000], 0, last=False)
    assert (first.status_code, first.headers["upload-complete"], first.headers["upload-offset"]) == (
        204,
        "?0",
        "1000",
    )
    asked = server.client.head(address)
    assert (asked.headers["upload-offset"], asked.headers["upload-length"]) == ("1000", str(len(DATA)))
    last = append(server, address, DATA[1000:], 1000)
    assert (last.status_code, last.headers["upload-complete"]) == (201, "?1")
    assert last.headers["location"] == last.headers["content-location"] == f"/v1/files/{SHA256}"
    assert last.json()["sha256"] == SHA256
    assert server.artifacts.open(SHA256).read(1 << 20) == DATA
    assert server.partials.ids() == set()


def test_who_lost_the_last_response_finds_the_file_by_asking_for_the_offset(server):
    address = begin(server).headers["location"]
    append(server, address, DATA, 0)
    asked = server.client.head(address)
    assert (asked.headers["upload-complete"], asked.headers["upload-offset"]) == ("?1", str(len(DATA)))
    assert asked.headers["content-location"] == f"/v1/files/{SHA256}"
    assert asked.headers["repr-digest"] == f"sha-256=:{base64.b64encode(bytes.fromhex(SHA256)).decode()}:"
    again = append(server, address, b"", len(DATA))
    assert again.status_code == 400
    assert again.json()["type"] == f"{REGISTERED}completed-upload"


def test_all_may_have_arrived_before_it_is_said_to_be_complete(server):
    address = begin(server).headers["location"]
    assert append(server, address, DATA, 0, last=False).status_code == 204
    assert offset(server, address) == len(DATA)
    assert append(server, address, b"", len(DATA)).json()["sha256"] == SHA256


@pytest.mark.parametrize("wrong", [999, 1001, 0, 10**14])
def test_another_offset_is_refused_with_the_right_one(server, wrong):
    address = begin(server).headers["location"]
    append(server, address, DATA[:1000], 0, last=False)
    answer = append(server, address, b"x", wrong, last=False)
    assert (answer.status_code, answer.headers["upload-offset"]) == (409, "1000")
    body = answer.json()
    assert body["type"] == f"{REGISTERED}mismatching-upload-offset"
    assert (body["expected-offset"], body["provided-offset"]) == (1000, wrong)
    assert offset(server, address) == 1000


@pytest.mark.parametrize(
    ("header", "value"),
    [("Upload-Offset", ""), ("Upload-Offset", "-1"), ("Upload-Offset", "1e3"), ("Upload-Offset", '"1"'),
     ("Upload-Offset", "9" * 16), ("Upload-Complete", ""), ("Upload-Complete", "1"), ("Upload-Complete", "true")],
)  # fmt: skip
def test_a_header_that_cannot_be_read_counts_as_absent(server, header, value):
    address = begin(server).headers["location"]
    answer = append(server, address, b"x", 0, **{header: value})
    assert header in is_problem(answer, 400, "bad-request")["detail"]
    assert offset(server, address) == 0


def test_appended_bytes_need_their_media_type(server):
    address = begin(server).headers["location"]
    is_problem(
        append(server, address, b"x", 0, **{"Content-Type": "text/plain"}), 415, "unsupported-media-type"
    )
    old = {"Content-Type": "text/plain", "Upload-Draft-Interop-Version": "5"}  # had no media type yet
    assert append(server, address, b"x", 0, last=False, **old).status_code == 204


def test_ios_17_speaks_an_older_draft(server):
    headers = {"Upload-Incomplete": "?1", "Upload-Draft-Interop-Version": "3", "Content-Type": "image/png"}
    begun = server.client.post("/v1/files", content=DATA[:500], headers=headers)
    assert (begun.status_code, begun.headers["upload-incomplete"]) == (201, "?1")
    rest = {"Upload-Offset": "500", "Upload-Incomplete": "?0", "Upload-Draft-Interop-Version": "3"}
    done = server.client.patch(begun.headers["location"], content=DATA[500:], headers=rest)
    assert (done.status_code, done.json()["sha256"]) == (201, SHA256)


def test_an_upload_may_be_created_with_all_of_its_bytes(server):
    headers = {
        "Upload-Complete": "?1", "Content-Type": "text/csv",
        "Content-Disposition": "inline; filename=\"x.csv\"; filename*=UTF-8''Stra%C3%9Fe.csv",
        "Repr-Digest": f"sha-256=:{base64.b64encode(bytes.fromhex(SHA256)).decode()}:",
    }  # fmt: skip
    answer = server.client.post("/v1/files", content=DATA, headers=headers)
    assert (answer.status_code, answer.headers["upload-complete"]) == (201, "?1")
    assert (answer.json()["name"], answer.json()["sha256"]) == ("Straße.csv", SHA256)


def test_an_upload_may_be_created_with_its_first_bytes_and_no_length(server):
    begun = server.client.post("/v1/files", content=DATA[:10], headers={"Upload-Complete": "?0"})
    assert (begun.status_code, begun.headers["upload-offset"]) == (201, "10")
    address = begun.headers["location"]
    assert "upload-length" not in server.client.head(address).headers
    rest = iter([DATA[10:5000], DATA[5000:]])  # chunked: the length is not announced either
    assert append(server, address, rest, 10).json()["sha256"] == SHA256


def test_an_empty_file_is_a_file(server):
    nothing = hashlib.sha256(b"").hexdigest()
    assert begin(server, b"").json()["file"]["sha256"] == nothing
    answer = server.client.post("/v1/files", headers={"Upload-Complete": "?1", "Content-Length": "0"})
    assert answer.json()["sha256"] == nothing
    tus = server.client.post("/v1/files", headers={**TUS, "Upload-Length": "0"})
    assert (tus.status_code, tus.headers["content-location"]) == (201, f"/v1/files/{nothing}")


def test_a_length_is_said_once(server):
    address = begin(server).headers["location"]
    answer = append(server, address, DATA[:5], 0)  # the last bytes, but more were announced
    assert (answer.status_code, answer.json()["type"]) == (400, f"{REGISTERED}inconsistent-upload-length")
    answer = append(server, address, b"x", 0, last=False, **{"Upload-Length": "17"})
    assert answer.status_code == 400
    headers = {"Upload-Complete": "?1", "Upload-Length": "17"}
    assert server.client.post("/v1/files", content=b"abc", headers=headers).status_code == 400
    assert offset(server, address) == 0


def test_more_bytes_than_announced_end_the_upload(server):
    address = begin(server).headers["location"]
    too_long = append(server, address, DATA + b"x", 0, last=False)  # said before it is sent: nothing is lost
    assert (too_long.status_code, offset(server, address)) == (400, 0)
    unsaid = append(server, address, iter([DATA, b"x"]), 0, last=False)
    assert (unsaid.status_code, unsaid.json()["type"]) == (400, f"{REGISTERED}inconsistent-upload-length")
    assert server.client.head(address).status_code == 404
    assert server.partials.ids() == set()


def test_a_wrong_digest_is_refused_and_the_upload_removed(server):
    about = {"name": "a", "size_bytes": len(DATA), "sha256": "0" * 64}
    address = server.client.post("/v1/files", json=about).headers["location"]
    answer = append(server, address, DATA, 0)
    assert SHA256 in is_problem(answer, 422, "digest")["detail"]
    assert answer.headers["upload-complete"] == "?1"  # nothing to resume
    assert server.client.head(address).status_code == 404
    assert server.client.get(f"/v1/files/{SHA256}").status_code == 404
    assert (server.partials.ids(), server.artifacts.usage_bytes()) == (set(), 0)


def test_an_upload_can_be_cancelled(server):
    address = begin(server).headers["location"]
    append(server, address, DATA[:100], 0, last=False)
    assert server.client.delete(address).status_code == 204
    for method in ("head", "delete"):
        assert server.client.request(method, address).status_code == 404
    assert append(server, address, DATA[100:], 100).status_code == 404
    assert (server.partials.ids(), server.client.get("/v1/uploads").json()) == (set(), {"uploads": []})


# tus


def test_tus_creates_appends_and_ends_with_its_length(server):
    note = f"filename {base64.b64encode('Übung.csv'.encode()).decode()},is_confidential"
    headers = {**TUS, "Upload-Length": str(len(DATA)), "Upload-Metadata": note}
    created = server.client.post("/v1/files", headers=headers)
    assert (created.status_code, created.headers["tus-resumable"]) == (201, "1.0.0")
    assert created.headers["upload-expires"].endswith("GMT")
    address = created.headers["location"]
    sent = {**TUS, "Content-Type": OFFSET, "Upload-Offset": "0"}
    part = server.client.patch(address, content=DATA[:77], headers=sent)
    assert (part.status_code, part.headers["upload-offset"], part.headers["tus-resumable"]) == (
        204,
        "77",
        "1.0.0",
    )
    asked = server.client.head(address, headers=TUS)
    assert (asked.headers["upload-offset"], asked.headers["upload-metadata"]) == ("77", note)
    done = server.client.patch(address, content=DATA[77:], headers={**sent, "Upload-Offset": "77"})
    assert (done.status_code, done.headers["upload-offset"]) == (204, str(len(DATA)))
    assert done.headers["content-location"] == f"/v1/files/{SHA256}"
    assert server.client.get(f"/v1/files/{SHA256}").json()["name"] == "Übung.csv"


def test_tus_may_create_with_bytes_and_without_a_length(server):
    headers = {**TUS, "Upload-Defer-Length": "1", "Content-Type": OFFSET}
    created = server.client.post("/v1/files", content=DATA[:9], headers=headers)
    assert (created.status_code, created.headers["upload-offset"]) == (201, "9")
    assert created.headers["upload-defer-length"] == "1"
    rest = {**TUS, "Content-Type": OFFSET, "Upload-Offset": "9", "Upload-Length": str(len(DATA))}
    done = server.client.patch(created.headers["location"], content=DATA[9:], headers=rest)
    assert done.headers["content-location"] == f"/v1/files/{SHA256}"


def test_tus_removes_an_upload(server):
    address = server.client.post("/v1/files", headers={**TUS, "Upload-Length": "9"}).headers["location"]
    assert server.client.delete(address, headers=TUS).status_code == 204
    gone = server.client.head(address, headers=TUS)
    assert (gone.status_code, gone.headers["tus-resumable"]) == (404, "1.0.0")


def test_tus_is_told_what_is_wrong(server):
    created = server.client.post("/v1/files", headers={**TUS, "Upload-Length": "9"})
    address = created.headers["location"]
    for headers, status in (
        ({"Content-Type": OFFSET, "Upload-Offset": "1"}, 409),
        ({"Content-Type": OFFSET}, 400),
        ({"Content-Type": PARTIAL, "Upload-Offset": "0"}, 415),
    ):
        answer = server.client.patch(address, content=b"x", headers={**TUS, **headers})
        assert (answer.status_code, answer.headers["tus-resumable"]) == (status, "1.0.0")
    other = server.client.head(address, headers={"Tus-Resumable": "0.2.2"})
    assert (other.status_code, other.headers["tus-version"]) == (412, "1.0.0")
    assert server.client.post("/v1/files", headers=TUS).status_code == 400
    assert server.client.post("/v1/files", headers={**TUS, "Upload-Length": "100001"}).status_code == 413


def test_a_client_that_can_only_post_says_what_it_means(server):
    address = server.client.post("/v1/files", headers={**TUS, "Upload-Length": "3"}).headers["location"]
    sent = {**TUS, "Content-Type": OFFSET, "Upload-Offset": "0", "X-HTTP-Method-Override": "PATCH"}
    done = server.client.post(address, content=b"abc", headers=sent)
    assert (done.status_code, done.headers["upload-offset"]) == (204, "3")
    is_problem(server.client.post(address), 405, "method-not-allowed")


@pytest.mark.parametrize("path", ["/v1/files", "/v1/uploads/upl_0"])
def test_options_tell_what_is_offered_without_a_token(tmp_path, path):
    with served(tmp_path, workers=0, access="tokens") as server:
        offered = server.client.options(path)
        assert offered.status_code == 204
        assert PARTIAL in offered.headers["accept-patch"]
        assert {"creation", "termination"} <= set(offered.headers["tus-extension"].split(","))
        assert offered.headers["tus-version"] == "1.0.0"
        assert "max-size=" in offered.headers["upload-limit"]


# Files


def test_a_known_digest_sends_nothing_and_gives_the_file_another_name(server):
    upload(server, name="first.bin")
    again = begin(server, name="second.bin")
    assert (again.status_code, again.json()["upload"]) == (200, None)
    assert again.json()["file"]["names"] == ["second.bin", "first.bin"]
    wrong = server.client.post("/v1/files", json={"name": "a", "size_bytes": 1, "sha256": SHA256})
    assert wrong.status_code == 400


def test_the_newest_file_of_a_name_is_found(server):
    upload(server, b"one", "data.csv")
    second = upload(server, b"two", "data.csv")
    assert [file["sha256"] for file in server.client.get("/v1/files?name=data.csv").json()["files"]] == [
        second["sha256"]
    ]
    begin(server, b"one", "data.csv")
    (newest,) = server.client.get("/v1/files?name=data.csv").json()["files"]
    assert newest["sha256"] == hashlib.sha256(b"one").hexdigest()
    assert server.client.get("/v1/files?name=other.csv").json()["files"] == []


def test_files_are_listed_in_pages(server):
    sent = [upload(server, b"%d" % number, f"{number}.txt")["sha256"] for number in range(7)]
    found, cursor = [], None
    while True:
        page = server.client.get(
            "/v1/files", params={"limit": 3, **({"cursor": cursor} if cursor else {})}
        ).json()
        found += [file["sha256"] for file in page["files"]]
        if (cursor := page["next"]) is None:
            break
    assert found == sent[::-1]
    is_problem(server.client.get("/v1/files?cursor=x"), 422, "request")


def test_the_same_file_continues_its_open_upload(server):
    address = begin(server).headers["location"]
    append(server, address, DATA[:300], 0, last=False)
    again = begin(server)
    assert (again.headers["location"], again.headers["upload-offset"]) == (address, "300")
    assert again.json()["upload"]["offset"] == 300
    assert begin(server, name="other.bin").headers["location"] != address
    (other, listed) = server.client.get("/v1/uploads").json()["uploads"]
    assert (listed["url"], listed["offset"], other["offset"]) == (address, 300, 0)


def test_deleting_removes_the_file_its_content_and_its_uploads(server):
    upload(server)
    other = begin(server, DATA, "again", sha256=False).headers["location"]
    assert server.client.delete(f"/v1/files/{SHA256}").status_code == 204
    assert server.client.get(f"/v1/files/{SHA256}").status_code == 404
    assert server.client.delete(f"/v1/files/{SHA256}").status_code == 404
    assert server.artifacts.usage_bytes() == 0
    assert offset(server, other) == 0  # nobody knows that it is the same
    assert begin(server).status_code == 201


@pytest.mark.parametrize("name", ["", " ", "a\nb", "a\x00", "x" * 256, "\ud800"])
def test_a_name_that_cannot_be_shown_is_refused(server, name):
    body = json.dumps({"name": name, "size_bytes": 1}).encode()
    is_problem(server.client.post("/v1/files", content=body, headers=JSON), 422, "request")


@pytest.mark.parametrize(
    "name", ["../x", "/etc/passwd", "C:\\x", "a/b.csv", "日本.csv", "<b>.csv", ".hidden"]
)
def test_a_name_is_never_a_path(server, name, tmp_path):
    uploaded = upload(server, b"first", "first.csv")
    assert upload(server, name.encode(), name)["name"] == name
    found = {path.name for path in tmp_path.rglob("*")}
    assert not any("passwd" in path or "hidden" in path for path in found)
    assert uploaded["sha256"] in found


def test_bytes_alone_are_refused_with_what_to_send(server):
    answer = server.client.post("/v1/files", content=DATA, headers={"Content-Type": "text/csv"})
    assert "Upload-Complete" in is_problem(answer, 415, "unsupported-media-type")["detail"]


# Limits


def test_a_file_that_is_too_large_is_refused_before_it_is_sent(server):
    answer = begin(server, b"x" * 100_001)
    is_problem(answer, 413, "file-too-large")
    assert answer.headers["upload-limit"] == "max-size=100000"
    assert begin(server, b"x" * 100_000).status_code == 201


def test_open_uploads_count_against_the_quota(server):
    begin(server, b"x" * 100_000)
    answer = begin(server, b"y" * 50_001)
    assert "150,000" in is_problem(answer, 413, "quota")["detail"]
    assert answer.headers["upload-limit"] == "max-size=50000"
    assert begin(server, b"y" * 50_000).status_code == 201


def test_a_quota_that_is_hit_in_the_middle_keeps_what_had_room(server):
    upload(server, b"x" * 90_000)
    begun = server.client.post("/v1/files", content=b"", headers={"Upload-Complete": "?0"})
    address = begun.headers["location"]
    answer = append(server, address, iter([b"y" * 50_000]), 0, last=False)
    assert answer.status_code == 204
    answer = append(server, address, iter([b"z" * 50_000]), 50_000, last=False)
    is_problem(answer, 413, "quota")
    assert offset(server, address) == 50_000
    assert server.client.delete(f"/v1/files/{hashlib.sha256(b'x' * 90_000).hexdigest()}").status_code == 204
    assert append(server, address, b"z" * 50_000, 50_000).status_code == 201  # now there is room


def test_an_upload_without_a_length_ends_at_the_limit(server):
    address = server.client.post("/v1/files", headers={"Upload-Complete": "?0"}).headers["location"]
    answer = append(server, address, iter([b"x" * 60_000, b"x" * 60_000]), 0)
    is_problem(answer, 413, "file-too-large")


def test_uploads_are_few(server):
    addresses = [begin(server, b"%d" % number).headers["location"] for number in range(4)]
    answer = begin(server, b"another")
    assert "GET /v1/uploads" in is_problem(answer, 429, "uploads")["detail"]
    server.client.delete(addresses[0])
    assert begin(server, b"another").status_code == 201


def test_a_disk_without_room_takes_no_upload(tmp_path):
    with served(tmp_path, workers=0) as server:
        server.room.needed_bytes = 1 << 60
        is_problem(begin(server), 507, "disk-full")
        assert server.client.get("/v1/uploads").json() == {"uploads": []}


# Owners


@pytest.fixture
def owners(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        tokens = {name: server.tokens.create(name)[1] for name in ("ada", "ben")}
        yield server, {name: {"Authorization": f"Bearer {secret}"} for name, secret in tokens.items()}


def test_others_see_neither_files_nor_uploads(owners):
    server, auth = owners
    file = upload(server, headers=auth["ada"])
    address = begin(server, b"open", headers=auth["ada"]).headers["location"]
    ben = auth["ben"]
    for method, path in (
        ("get", f"/v1/files/{file['sha256']}"), ("delete", f"/v1/files/{file['sha256']}"),
        ("head", address), ("delete", address),
    ):  # fmt: skip
        assert server.client.request(method, path, headers=ben).status_code == 404, (method, path)
    assert append(server, address, b"open", 0, **ben).status_code == 404
    assert append(server, "/v1/uploads/upl_0", b"open", 0, **ben).status_code == 404
    assert server.client.get("/v1/files", headers=ben).json()["files"] == []
    assert server.client.get("/v1/uploads", headers=ben).json()["uploads"] == []
    assert server.client.get("/v1/files").status_code == 401
    assert append(server, address, b"open", 0).status_code == 401


def test_a_digest_that_another_owner_has_is_sent_all_the_same(owners):
    server, auth = owners
    upload(server, headers=auth["ada"])
    known, unknown = (
        begin(server, DATA, headers=auth["ben"]), begin(server, DATA[::-1], headers=auth["ben"])
    )  # fmt: skip
    assert known.status_code == unknown.status_code == 201
    assert known.headers.keys() == unknown.headers.keys()
    assert known.json()["upload"].keys() == unknown.json()["upload"].keys()
    assert offset(server, known.headers["location"], **auth["ben"]) == 0


def test_a_content_of_two_owners_stays_until_both_have_deleted_it(owners):
    server, auth = owners
    for name in auth:
        upload(server, headers=auth[name])
    assert server.artifacts.usage_bytes() == len(DATA)
    assert server.client.delete(f"/v1/files/{SHA256}", headers=auth["ada"]).status_code == 204
    assert server.client.get(f"/v1/files/{SHA256}", headers=auth["ben"]).status_code == 200
    assert server.artifacts.usage_bytes() == len(DATA)
    assert server.client.delete(f"/v1/files/{SHA256}", headers=auth["ben"]).status_code == 204
    assert server.artifacts.usage_bytes() == 0


def test_logs_and_metrics_name_no_files(server, caplog):
    caplog.set_level("DEBUG")
    upload(server, b"content", "Geheim-XYZZY.csv")
    begin(server, b"other", "Geheim-XYZZY-2.csv")
    metrics = server.client.get("/metrics").text
    server.client.delete(f"/v1/files/{hashlib.sha256(b'content').hexdigest()}")
    told = caplog.text + metrics
    assert "XYZZY" not in told
    assert "quickml_uploads 1.0" in metrics
    assert "quickml_user_files 1.0" in metrics
    assert "quickml_user_file_bytes 7.0" in metrics
    assert "quickml_uploaded_bytes_total 7.0" in metrics


# Header fields


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("5", 5),
        ("5;a=1", 5),
        ("05", 5),
        ("", None),
        ("5.0", None),
        ("-5", None),
        ("5, 6", None),
        ("\u0665", None),
    ],
)
def test_an_integer_is_read_as_the_standard_has_it(value, found):
    assert (
        fields.integer(Headers({"Upload-Offset": value.encode().decode("latin-1")}), "upload-offset") == found
    )


def test_a_header_that_occurs_twice_counts_as_absent():
    twice = Headers(raw=[(b"upload-offset", b"1"), (b"upload-offset", b"1")])
    assert fields.integer(twice, "upload-offset") is None


@pytest.mark.parametrize(
    ("value", "found"),
    [('inline; filename="a.csv"', "a.csv"), ("inline; filename=../../etc/passwd", "passwd"), ("inline", None),
     ("attachment; filename*=UTF-8''%e2%82%ac.csv", "€.csv"), ('inline; filename="C:\\\\x\\\\y.csv"', "y.csv")],
)  # fmt: skip
def test_a_name_comes_without_folders(value, found):
    assert fields.file_name(Headers({"Content-Disposition": value})) == found


@pytest.mark.parametrize("value", ["", "sha-256=abc", "sha-256=:!!!:", "md5=:AAAA:", "sha-256=:AAAA:"])
def test_a_digest_that_is_none_is_ignored(value):
    assert fields.sha256_in(Headers({"Repr-Digest": value})) is None


def test_damaged_metadata_is_left_out():
    assert fields.metadata("filename !!!,a YQ==, b,c w6Q=") == {"a": "a", "b": "", "c": "ä"}
