"""Pictures of users on a server: read once in the background, described, shown to their owner, and removed."""

import asyncio
import hashlib
import io
import json
import threading
import zipfile

import numpy as np
import pytest
from PIL import Image

from pictures import fruit, photo
from quickml.http import state
from quickml.imports.places import file_folder
from quickml.service import FileLimits, import_runs
from quickml.service.service import OPEN_OWNER
from served import is_problem, served
from waiting import until

LAYERS = [
    {"type": "Rescaling", "scale": 1 / 255},
    {"type": "Flatten"},
    {"type": "Dense", "units": 2, "activation": "softmax"},
]


def archive(contents):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as written:
        for name, content in contents.items():
            written.writestr(name, content)
    return buffer.getvalue()


FRUIT = archive(fruit())
SHA256 = hashlib.sha256(FRUIT).hexdigest()


def upload(server, content=FRUIT, name="fruit.zip", **headers):
    about = {"Upload-Complete": "?1", "Content-Disposition": f'inline; filename="{name}"', **headers}
    answer = server.client.post("/v1/files", content=content, headers=about)
    assert answer.status_code == 201, answer.text
    return answer.json()["sha256"]


def document(**dataset):
    return {
        "name": "fruit",
        "dataset": {"name": "pictures", "file": "fruit.zip", **dataset},
        "model": {"layers": LAYERS},
    }


def validated(server, **dataset):
    return server.post(document(**dataset), path="/v1/validate").json()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server"), workers=0) as one:
        one.folder = tmp_path_factory.getbasetemp()
        upload(one)
        yield one


def test_a_profile_tells_what_is_in_pictures(server):
    found = server.client.get(f"/v1/files/{SHA256}/profile").json()
    assert (found["kind"], found["file"], found["sha256"]) == ("pictures", "fruit.zip", SHA256)
    assert (found["pictures"], found["channels"], found["formats"]) == (12, 3, {"PNG": 12})
    assert found["classes"] == [{"label": "Apple", "pictures": 6}, {"label": "Kiwi", "pictures": 6}]
    assert found["sizes"] == [{"height": 20, "width": 24, "pictures": 12}]
    assert found["problems"] == []
    answer = server.post(found["document"], path="/v1/validate").json()
    assert answer["valid"], answer


def test_a_document_is_pinned_and_written_out(server):
    answer = validated(server)
    assert answer["valid"], answer
    dataset = answer["spec"]["dataset"]
    assert (dataset["sha256"], dataset["size"], dataset["labels"]) == (SHA256, [20, 24], ["Apple", "Kiwi"])
    assert server.post(document()).status_code == 202


def test_a_profile_takes_options_of_the_document_that_is_made(server):
    found = server.client.get(f"/v1/files/{SHA256}/profile?size=[8,12]&resize=fit").json()
    assert (found["document"]["dataset"]["size"], found["document"]["dataset"]["resize"]) == ([8, 12], "fit")
    for query in ("target=x", "file=x", "sha256=0", "size=3"):
        is_problem(server.client.get(f"/v1/files/{SHA256}/profile?{query}"), 422, "request")


def test_samples_of_a_class_are_shown_to_their_owner(server):
    page = server.client.get(f"/v1/files/{SHA256}/samples?label=Kiwi&limit=2").json()
    assert (page["kind"], page["labels"], page["targets"], page["values"]) == (
        "image",
        ["Apple", "Kiwi"],
        [1, 1],
        None,
    )
    ids = ",".join(map(str, page["ids"]))
    answer = server.client.get(f"/v1/files/{SHA256}/sheet.png?ids={ids}")
    sheet = np.array(Image.open(io.BytesIO(answer.content)))
    assert sheet.shape == (20, 48, 3)
    kiwis = [np.array(photo(100 + number)) for number in range(6)]
    assert any(np.array_equal(sheet[:, :24], kiwi) for kiwi in kiwis)
    again = server.client.get(
        f"/v1/files/{SHA256}/sheet.png?ids={ids}", headers={"If-None-Match": answer.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(
    "path", ["samples?size=[9,9]", "sheet.png?ids=0&size=[9,9]", "sheet.png?ids=0&label=Kiwi"]
)
def test_parameters_that_would_be_ignored_are_refused(server, path):
    problem = is_problem(server.client.get(f"/v1/files/{SHA256}/{path}"), 422, "request")["problems"][0]
    assert problem["pointer"] in ("?size", "?label")
    assert problem["expected"].startswith("one of the parameters ")


def test_what_an_owner_has_takes_no_more_than_the_quota_together(tmp_path):
    room = 2 * 12 * 20 * 24 * 3 + 4096  # while they are put in order, pixels are there twice
    archives = [archive(fruit(6, labels)) for labels in (("Apple", "Kiwi"), ("Plum", "Fig"))]
    limits = FileLimits(files_per_owner_bytes=max(room, sum(map(len, archives))))
    with served(tmp_path, workers=0, files=limits) as server:
        for number, content in enumerate(archives):
            sha256 = upload(server, content, f"{number}.zip")
            for size in ("[20,24]", "[24,20]", "[16,16]"):
                answer = server.client.get(f"/v1/files/{sha256}/profile?size={size}")
                assert answer.status_code == 200, answer.text
                taken = sum(path.stat().st_size for path in tmp_path.glob("imports/*/*/*/pixels.npy"))
                assert 0 < taken <= limits.files_per_owner_bytes


def test_samples_are_made_again_when_they_had_to_make_room(server):
    folder = file_folder(server.service.importer._folder, OPEN_OWNER, SHA256)
    assert server.client.get(f"/v1/files/{SHA256}/samples").status_code == 200
    for entry in folder.glob("*/pixels.npy"):
        entry.unlink()
    assert server.client.get(f"/v1/files/{SHA256}/samples").status_code == 200


def test_what_takes_long_is_not_waited_for(server, monkeypatch, tmp_path):
    over = threading.Event()
    monkeypatch.setattr(state, "IMPORT_WAIT_S", 0)
    monkeypatch.setattr(
        import_runs.ImportRun, "perform", lambda run, *_: over.wait(60) and run.end({"killed": True})
    )
    sha256 = upload(server, archive(fruit(7)), "more.zip")
    answer = server.client.get(f"/v1/files/{sha256}/profile")
    assert "more.zip" in is_problem(answer, 202, "file-importing")["detail"]
    assert answer.headers["retry-after"] == "1"
    found = validated(server, file="more.zip")
    assert (found["valid"], found["problems"][0]["code"]) == (False, "file-importing")
    assert is_problem(server.post(document(file="more.zip")), 409, "file-importing")
    monkeypatch.setattr(import_runs, "MOST_WAITING", 0)  # so it makes way at once, and is done later
    is_problem(server.client.get(f"/v1/files/{sha256}/profile?size=[9,9]"), 202, "file-importing")
    over.set()


def test_owners_who_wait_do_not_stop_all_others(server):
    turns, together = server.app.state.shared.imports, threading.Barrier(3)

    async def all_of_them():
        await asyncio.gather(*(turns.run(owner, together.wait, 60) for owner in ("ada", "ben", "cleo")))

    asyncio.run(all_of_them())


def test_what_is_wrong_is_told(server):
    damaged = {**fruit(), "Apple/x.txt.png": b"a text", "Kiwi/x.heic": b"\0\0\0\x18ftypheic"}
    sha256 = upload(server, archive(damaged), "damaged.zip")
    found = server.client.get(f"/v1/files/{sha256}/profile").json()
    assert found["document"] is None
    assert {problem["values"]["entry"] for problem in found["problems"]} == {"Apple/x.txt.png", "Kiwi/x.heic"}
    problem = validated(server, file="damaged.zip")["problems"][0]
    assert (problem["code"], problem["values"]["entry"]) == ("picture-file", "Apple/x.txt.png")
    answer = server.client.get(f"/v1/files/{sha256}/samples")
    assert "learned from" in is_problem(answer, 409, "dataset")["detail"]


def test_damaged_pictures_are_told_one_by_one_while_others_are_read(server):
    contents = {**fruit(40), **{f"Apple/a{number}.png": b"a text" for number in range(120)}}
    sha256 = upload(server, archive(contents), "many.zip")
    assert server.client.get(f"/v1/files/{sha256}/profile").json()["document"] is None
    page = server.client.get(f"/v1/files/{sha256}/events", headers={"Accept": "application/json"}).json()
    events = [one["event"] for one in page["events"]]
    entries = [one["problem"]["values"]["entry"] for one in events if one["type"] == "problem"]
    assert len(entries) == len(set(entries)) == 100
    kinds = [one["type"] for one in events]
    assert kinds.index("problem") < len(kinds) - 1 - kinds[::-1].index("progress")  # not only at the end
    assert kinds[-1] == "imported"
    assert str(server.folder) not in json.dumps(events)


def test_pictures_that_are_left_out_are_no_problems(server):
    sha256 = upload(server, archive({**fruit(), "Apple/x.png": b"a text"}), "skipped.zip")
    found = server.client.get(f"/v1/files/{sha256}/profile?damaged=skip").json()
    assert found["document"]["dataset"]["damaged"] == "skip"
    page = server.client.get(f"/v1/files/{sha256}/events", headers={"Accept": "application/json"}).json()
    assert {one["event"]["type"] for one in page["events"]} == {"progress", "imported"}


@pytest.mark.parametrize("contents", [{"../x.png": b""}, {"a/inner.zip": b""}, {"a.txt": b"x"}])
def test_hostile_archives_are_refused(server, contents):
    sha256 = upload(server, archive(contents), "hostile.zip")
    is_problem(server.client.get(f"/v1/files/{sha256}/profile"), 409, "dataset")


def test_an_archive_has_neither_rows_nor_a_partial_profile(server):
    is_problem(server.client.get(f"/v1/files/{SHA256}/rows"), 409, "dataset")
    begun = server.client.post("/v1/files", json={"name": "x.zip", "size_bytes": len(FRUIT)})
    address = begun.headers["location"]
    part = {"Upload-Offset": "0", "Upload-Complete": "?0", "Content-Type": "application/partial-upload"}
    assert server.client.patch(address, content=FRUIT[:1000], headers=part).status_code in (201, 204)
    assert server.client.get(f"{address}/profile").status_code == 204
    assert server.client.delete(address).status_code == 204


def test_others_see_nothing_and_share_nothing(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        ada, ben = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "ben"))
        upload(server, **ada)
        for path in ("profile", "samples", "sheet.png?ids=0"):
            assert server.client.get(f"/v1/files/{SHA256}/{path}", headers=ben).status_code == 404
        upload(server, **ben)
        for who in (ada, ben):
            assert server.client.get(f"/v1/files/{SHA256}/profile", headers=who).status_code == 200
        folders = [file_folder(tmp_path / "imports", owner, SHA256) for owner in ("ada", "ben")]
        assert all(list(folder.glob("*/pixels.npy")) for folder in folders)
        assert server.client.delete(f"/v1/files/{SHA256}", headers=ada).status_code == 204
        assert [folder.exists() for folder in folders] == [False, True]
        assert server.client.get(f"/v1/files/{SHA256}/profile", headers=ben).status_code == 200
        assert server.client.delete(f"/v1/files/{SHA256}", headers=ben).status_code == 204
        assert list((tmp_path / "imports").iterdir()) == []


def test_a_deletion_ends_an_import(tmp_path, monkeypatch):
    monkeypatch.setattr(state, "IMPORT_WAIT_S", 0)
    with served(tmp_path, workers=0) as server:
        sha256 = upload(server, archive(fruit(300)))
        is_problem(server.client.get(f"/v1/files/{sha256}/profile"), 202, "file-importing")
        run = server.service.importer._runs.newest(OPEN_OWNER, sha256)
        assert server.client.delete(f"/v1/files/{sha256}").status_code == 204
        assert run.is_done
        assert run.answer == {"cancelled": True}
        assert list(tmp_path.glob("imports/*")) == []
        assert server.client.get(f"/v1/files/{sha256}/profile").status_code == 404


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({"import_memory_bytes": 1 << 20}, "memory"),
        ({"import_pictures_timeout_s": 0.01}, "0.01 seconds"),
        ({"files_per_owner_bytes": len(FRUIT)}, "MiB when they are decoded"),
    ],
    ids=["memory", "time", "room"],
)
def test_reading_pictures_is_limited(tmp_path, limits, expected):
    with served(tmp_path, workers=0, files=FileLimits(**limits)) as server:
        upload(server)
        found = validated(server, size=[100, 100])["problems"][0]
        assert expected in f"{found['expected']} {found['found']}"


def test_a_full_disk_is_told_without_a_path(tmp_path):
    with served(tmp_path, workers=0) as server:
        upload(server)
        server.room.needed_bytes = 1 << 60
        detail = is_problem(server.client.get(f"/v1/files/{SHA256}/profile"), 507, "disk-full")["detail"]
        assert str(tmp_path) not in detail
        server.room.needed_bytes = 0
        assert server.client.get(f"/v1/files/{SHA256}/profile").status_code == 200


def test_what_killed_processes_and_lost_files_leave_is_removed(tmp_path):
    with served(tmp_path, workers=0) as server:
        upload(server)
        assert server.client.get(f"/v1/files/{SHA256}/profile").status_code == 200
    mine = file_folder(tmp_path / "imports", OPEN_OWNER, SHA256)
    temporary = tmp_path / "imports" / ".x.partial" / "unpacked"
    left = [mine / ".x.partial", file_folder(tmp_path / "imports", OPEN_OWNER, "0" * 64) / "x", temporary]
    for folder in left:
        folder.mkdir(parents=True)
    with served(tmp_path, workers=0) as server:
        until(lambda: not any(folder.exists() for folder in left), "the sweep")
        assert list(mine.glob("*/pixels.npy"))


def events_of(server, sha256, **headers):
    found = []
    with server.client.stream("GET", f"/v1/files/{sha256}/events", headers=headers) as answer:
        assert answer.status_code == 200
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name == "id":
                found.append([int(value)])
            elif name == "data":
                found[-1].append(json.loads(value))
    return found


def test_events_tell_how_far_an_import_is(server):
    sha256 = upload(server, archive(fruit(8)), "eight.zip")
    followed = events_of(server, sha256)
    assert [event["type"] for _, event in followed if event["type"] != "progress"] == ["imported"]
    assert followed[-2][1] == {"type": "progress", "what": "decoded", "done": 16, "total": 16}
    assert events_of(server, sha256)[-2:] == followed[-2:]  # again
    assert events_of(server, sha256, **{"Last-Event-ID": str(followed[-2][0])}) == followed[-1:]
    path = f"/v1/files/{sha256}/events"
    last = {"Last-Event-ID": str(followed[-1][0])}
    assert server.client.get(path, headers=last).status_code == 204
    page = server.client.get(path, headers={"Accept": "application/json"}).json()
    assert (page["is_finished"], page["last"]) == (True, followed[-1][0])
    assert page["events"][-1]["event"] == {"type": "imported"}


def test_events_tell_problems(server):
    sha256 = upload(server, archive({**fruit(9), "Kiwi/x.heic": b"\0\0\0\x18ftypheic"}), "nine.zip")
    problems = [event["problem"] for _, event in events_of(server, sha256) if event["type"] == "problem"]
    assert [problem["values"]["entry"] for problem in problems] == ["Kiwi/x.heic"]
    sha256 = upload(server, archive({"../x.png": b""}), "outside.zip")
    assert [event["type"] for _, event in events_of(server, sha256)] == ["problem", "imported"]


def test_others_follow_no_events(tmp_path):
    with served(tmp_path, workers=0, access="tokens") as server:
        ada, ben = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "ben"))
        upload(server, **ada)
        assert server.client.get(f"/v1/files/{SHA256}/events", headers=ben).status_code == 404
