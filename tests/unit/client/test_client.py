"""The client: streams cut anywhere, servers that break off, refuse, lie, and come back."""

import gzip
import itertools
import json
import shutil
import ssl
import subprocess
import sys
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clients import Waiting, both, problem
from quickml import Client, events
from quickml.answers.write import to_bytes
from quickml.client import flow
from quickml.client.event_stream import MAX_EVENT_BYTES, EventSubscription, SseParser
from quickml.client.flow import Emit, Receive, ResponseHead, Send, Sleep
from quickml.client.problems import refusal
from quickml.client.retry import LONGEST_S, Backoff, Contact
from quickml.errors import (
    AnswersError,
    DocumentError,
    InputError,
    ServiceError,
    SettingsError,
    UnreachableError,
)
from quickml.settings.remote import remote
from scripted_server import ScriptedServer, answer, event_stream, scripted

JOB = {
    "id": "job_1", "name": "iris", "status": "queued", "progress": 0.0, "epoch": 0, "epochs": 3,
    "metrics": {"loss": None}, "stop_requested": False, "stopped_early": False, "attempt": 0, "error": None,
    "last_event": 0, "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
    "started_at": None, "finished_at": None, "links": {"self": "/v1/jobs/job_1"}, "of a newer server": 1,
    "document": {}, "artifacts": [], "ahead": 0, "lacks": "worker",
}  # fmt: skip


@pytest.fixture(autouse=True)
def nobody_waits(monkeypatch):
    monkeypatch.setattr(Backoff, "first_s", 0.0005)


def job_answer(status=200, **changes):
    return answer(status, json.dumps(JOB | changes).encode())


# Streams of bytes

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)
MESSAGE = st.tuples(
    st.none() | TEXT,
    st.none() | TEXT,
    st.lists(TEXT, min_size=1, max_size=3),
    st.sampled_from(["\n", "\r", "\r\n"]),
)  # id, event, lines of data, how lines end


def pieces(content, cuts):
    places = sorted({cut % (len(content) + 1) for cut in cuts} | {0, len(content)})
    return [content[a:b] for a, b in itertools.pairwise(places)]


def written(messages):
    """The stream of messages, and what should be read from it."""
    text, expected, last_id = "\ufeff: a comment\n\n", [], ""
    for id_, event, data, end in messages:
        lines = [] if id_ is None else [f"id: {id_}"]
        lines += [] if event is None else [f"event: {event}"]
        lines += [f"data: {line}" for line in data]
        text += "".join(line + end for line in [*lines, ""])
        last_id = last_id if id_ is None else id_
        expected.append((last_id, event or "message", "\n".join(data)))
    return text.encode(), expected


@given(st.lists(MESSAGE, max_size=6), st.lists(st.integers(0, 10_000), max_size=40))
@settings(max_examples=300)
def test_a_stream_reads_the_same_wherever_it_is_cut(messages, cuts):
    content, expected = written(messages)
    parser = SseParser()
    read = [message for piece in pieces(content, cuts) for message in parser.feed(piece)]
    assert [(message.id, message.event, message.data) for message in read] == expected


@given(st.lists(MESSAGE, min_size=1, max_size=4))
def test_a_stream_reads_the_same_byte_by_byte(messages):
    content, expected = written(messages)
    parser = SseParser()
    read = [message for byte in content for message in parser.feed(bytes([byte]))]
    assert [(message.id, message.event, message.data) for message in read] == expected


@given(st.binary(max_size=300), st.lists(st.integers(0, 300), max_size=20))
def test_any_bytes_read_the_same_wherever_they_are_cut(content, cuts):
    whole, cut = SseParser(), SseParser()
    assert [m for piece in pieces(content, cuts) for m in cut.feed(piece)] == whole.feed(content)


def test_what_the_end_cuts_off_is_no_message():
    parser = SseParser()
    assert [message.data for message in parser.feed(b"data: a\n\ndata: b\n")] == ["a"]


def test_fields_as_the_standard_has_them():
    parser = SseParser()
    content = b"id: 1\ndata:a\nid: 2\0\ndata\ndata:  b\nunknown: x\nretry: 250\nretry: -1\n\nid\ndata: c\n\n"
    assert [(message.id, message.data) for message in parser.feed(content)] == [("1", "a\n\n b"), ("", "c")]
    assert parser.retry_s == 0.25


def test_a_message_without_an_end_is_not_waited_for():
    parser = SseParser()
    with pytest.raises(ServiceError, match="found more"):
        for _ in range(MAX_EVENT_BYTES // 65536 + 1):
            parser.feed(b"data: " + b"x" * 65536)


# When to try again


def spent(patience, error, *, most=1000):
    """Pauses until patience is at its end, on a clock that only they move."""
    pauses = []
    with pytest.raises(type(error)):
        while len(pauses) < most:
            pauses.append(patience.pause_s(error))
            patience.now_s += pauses[-1]
    return pauses


def patient(limit_s, draw):
    patience = Backoff(limit_s, clock=lambda: patience.now_s, draw=lambda: draw)
    patience.now_s = 100.0
    return patience


LOST = UnreachableError("gone", was_sent=True)


@given(st.floats(0, 1), st.floats(0, 300))
def test_pauses_grow_and_end(draw, limit_s):
    pauses = spent(patient(limit_s, draw), LOST)
    assert pauses == sorted(pauses)
    assert sum(pauses) <= limit_s < sum(pauses) + LONGEST_S
    assert all(0 < pause <= LONGEST_S for pause in pauses)


def test_hours_of_failures_are_waited_out():
    patience = patient(float("inf"), 1.0)
    assert {patience.pause_s(LOST) for _ in range(2000)} >= {LONGEST_S}


def test_what_goes_well_renews_patience():
    patience = patient(10.0, 1.0)
    first = patience.pause_s(LOST)
    patience.now_s += 9.0
    patience.renew()
    assert patience.pause_s(LOST) == first
    patience.now_s += 9.0
    assert patience.pause_s(LOST) > first / 2


def test_two_who_lost_a_server_together_come_back_apart():
    assert spent(patient(5.0, 0.0), LOST) != spent(patient(5.0, 1.0), LOST)


def test_never_before_the_server_said():
    busy = ServiceError("busy", status=503, retry_after_s=7.0)
    assert 7.0 < patient(60.0, 0.0).pause_s(busy) < 8.0
    with pytest.raises(ServiceError):
        patient(6.0, 0.0).pause_s(busy)


@pytest.mark.parametrize("status", [400, 401, 404, 409, 422, 429, 500, None])
def test_what_stays_refused_is_not_asked_again(status):
    with pytest.raises(ServiceError):
        patient(60.0, 0.0).pause_s(ServiceError("no", status=status))


# Refusals


def test_a_wrong_document_comes_with_all_its_problems():
    rows = [
        {"pointer": "/name", "expected": "a text", "found": "1"},
        {"pointer": "/x", "expected": "y", "found": "z"},
    ]
    body = json.dumps({"type": "urn:quickml:problem:document", "problems": rows}).encode()
    error = refusal(422, {}, body)
    assert isinstance(error, DocumentError)
    assert [problem.pointer for problem in error.problems] == ["/name", "/x"]
    assert not error.more
    longer = json.dumps({"type": "urn:quickml:problem:document", "problems": rows, "more": True}).encode()
    assert refusal(422, {}, longer).more


@pytest.mark.parametrize("fix", [None, "no", [1], {"op": "add"}])
def test_a_fix_that_is_none_is_left_out(fix):
    problem = {"pointer": "/a", "expected": "b", "found": "c", "code": "d", "values": [1], "fix": fix}
    body = json.dumps({"type": "urn:quickml:problem:document", "problems": [problem]}).encode()
    (found,) = refusal(422, {}, body).problems
    assert (found.code, found.values, found.fix) == ("d", {}, None)


def test_an_input_that_does_not_fit():
    body = b'{"type": "urn:quickml:problem:input", "detail": "expected 4 numbers"}'
    error = refusal(422, {}, body)
    assert (type(error), str(error)) == (InputError, "expected 4 numbers")


def test_other_problems_carry_what_they_are():
    error = refusal(
        429, {"retry-after": "10"}, b'{"type": "urn:quickml:problem:queue-full", "detail": "full"}'
    )
    assert (error.status, error.kind, error.retry_after_s, str(error)) == (429, "queue-full", 10.0, "full")


def test_a_date_to_come_back_at():
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    assert 80 < refusal(503, {"retry-after": then}, b"").retry_after_s <= 90
    assert refusal(503, {"retry-after": "soon"}, b"").retry_after_s is None


def test_a_date_is_that_of_the_server(monkeypatch):
    headers = {"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}
    assert refusal(503, headers, b"").retry_after_s == 30.0


@pytest.mark.parametrize("year", ["0001", "9999", "10000", "99999999999", "-1"])
@pytest.mark.parametrize("zone", ["GMT", "-0000", "+2359", "+99999999999999999999", ""])
def test_any_date_is_one_or_none(year, zone):
    headers = dict.fromkeys(("retry-after", "date"), f"Mon, 01 Jan {year} 00:00:00 {zone}")
    assert refusal(503, headers, b"").retry_after_s in (None, 0.0)


def test_a_missing_token_says_where_it_is_given():
    assert "QUICKML_TOKEN" in str(refusal(401, {}, b'{"detail": "expected a token"}'))


@given(st.integers(300, 599), st.binary(max_size=60) | st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["type", "detail", "title", "problems"]), inner),
).map(lambda value: json.dumps(value).encode()))  # fmt: skip
def test_any_refusal_is_an_error_of_ours(status, content):
    error = refusal(status, {"retry-after": "x"}, content)
    assert isinstance(error, ServiceError | DocumentError | InputError)
    assert str(error)


# Where the server is


def test_the_argument_wins_over_the_environment():
    environment = {"QUICKML_SERVER": "http://a:1", "QUICKML_TOKEN": "t"}
    assert vars(remote(environment=environment)) == {"server": "http://a:1", "token": "t"}
    assert vars(remote("https://b/", "u", environment)) == {"server": "https://b", "token": "u"}
    assert remote(environment={}).server == "http://127.0.0.1:8000"


@pytest.mark.parametrize(
    "link", ["http://192.168.1.7:8000/#token=qml_x-y", "http://192.168.1.7:8000/?token=qml_x-y"]
)
def test_the_printed_link_is_an_address(link):
    found = remote(link, environment={"QUICKML_TOKEN": "other"})
    assert vars(found) == {"server": "http://192.168.1.7:8000", "token": "qml_x-y"}
    assert "qml" not in repr(found)


@pytest.mark.parametrize(
    "address",
    ["localhost:8000", "ftp://a", "http://", "http://[::1", "http://a:b", "http://a:99999", "http://a\nb", "//a", "http://u:p@a"],
)  # fmt: skip
def test_what_is_no_address(address):
    with pytest.raises(SettingsError):
        Client(address)


@pytest.mark.parametrize("token", ["a b", "a\nb", "\N{SNOWMAN}"])
def test_what_is_no_token(token):
    with pytest.raises(SettingsError):
        Client("http://a", token=token)


@given(st.text(max_size=30))
def test_any_address_is_one_or_refused(text):
    with suppress(SettingsError):
        Client("http://" + text).close()


def test_importing_quickml_loads_no_client():
    code = "import sys, quickml; assert not {'httpx', 'pydantic'} & set(sys.modules); quickml.Client; assert 'httpx' in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# Calls


@both
def test_a_job_is_read_and_what_is_newer_left_out(way):
    with scripted(lambda _: job_answer()) as server:
        job = way.call(server.url, "job", "job_1", token="secret")
    assert (job.id, job.status, job.is_finished) == ("job_1", "queued", False)
    assert job.created_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert job.metrics["loss"] != job.metrics["loss"], "null is no number"
    assert server.requests[0].headers["authorization"] == "Bearer secret"


@both
@pytest.mark.parametrize("status", [500, 503, 404])
def test_a_refusal_without_an_end_is_not_read_to_it(way, status):
    body = b"x" * ((1 << 20) + 1)
    with (
        scripted(lambda _: answer(status, body, length=False)) as server,
        pytest.raises(
            ServiceError, match="expected a response of at most 1,048,576 bytes, found more"
        ) as caught,
    ):
        way.call(server.url, "job", "job_1")
    assert caught.value.status == status


@both
def test_nor_is_an_answer(way, monkeypatch):
    monkeypatch.setattr(flow, "MAX_BODY_BYTES", 1000)
    rows = {"layers": [{"a": "b" * 1000}]}
    with (
        scripted(lambda _: answer(body=json.dumps(rows).encode())) as server,
        pytest.raises(
            ServiceError, match="GET /v1/layers: expected a response of at most 1,000 bytes, found more"
        ),
    ):
        way.call(server.url, "layers")


@both
def test_an_answer_that_is_packed_is_not_unpacked(way):
    """A few bytes may become millions."""
    body = gzip.compress(gzip.compress(json.dumps(JOB).encode()))
    with scripted(lambda _: answer(body=body, Content_Encoding="gzip, gzip")) as server:
        with pytest.raises(ServiceError, match="expected another answer"):
            way.call(server.url, "job", "job_1")
        assert server.requests[0].headers["accept-encoding"] == "identity"


@both
@pytest.mark.parametrize("changes", [{"sha256": "A" * 64}, {"sha256": "a" * 63}, {"sha256": "\u00e9" * 64}, {"size_bytes": -1}], ids=ascii)  # fmt: skip
@pytest.mark.parametrize("where", ["file", "package"])
def test_what_can_be_no_file_is_not_taken(way, changes, where):
    file = {"name": "a", "kind": "x", "size_bytes": 1, "sha256": "a" * 64, "media_type": "x"}
    inner = {"path": "a", "size_bytes": 1, "sha256": "a" * 64} | (changes if where == "package" else {})
    file |= {"package": {"name": "p", "size_bytes": 1, "files": [inner]}}
    file |= changes if where == "file" else {}
    body = json.dumps({"artifacts": [file]}).encode()
    with (
        scripted(lambda _: answer(body=body)) as server,
        pytest.raises(ServiceError, match=next(iter(changes))),
    ):
        way.call(server.url, "artifacts", "job_1")


@pytest.mark.skipif(shutil.which("openssl") is None, reason="nothing to make a certificate with")
@both
def test_a_certificate_of_ones_own(way, tmp_path, monkeypatch):
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    command = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=quickml"
    command += f" -addext subjectAltName=IP:127.0.0.1 -keyout {key} -out {certificate}"
    subprocess.run(command.split(), check=True, capture_output=True)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, key)
    with scripted(lambda _: job_answer(), tls=tls) as server:
        with pytest.raises(UnreachableError, match=r"(?i)certificate"):
            way.call(server.url, "job", "job_1")
        assert server.requests == []
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        assert way.call(server.url, "job", "job_1").id == "job_1"


@both
def test_a_repeated_submit_names_the_same_job(way):
    answers = iter(
        [job_answer(status=202), None, answer(502), problem(503, "storage", Retry_After=0), job_answer(202)]
    )
    with scripted(lambda _: next(answers)) as server, Client(server.url) as first:
        first.submit({"name": "a"})  # so that the server is known to be there
        if way is Waiting:
            job = first.submit({"name": "b"})
            keys = [request.headers["idempotency-key"] for request in server.requests]
            assert job.id == "job_1"
            assert len(set(keys)) == 2
            assert keys[1:] == [keys[1]] * 4
            assert json.loads(server.requests[-1].body) == {"name": "b"}
            return
    answers = iter([answer(502), None, job_answer(202)])
    with scripted(lambda _: next(answers)) as server:
        assert way.call(server.url, "submit", b'{"name": "b"}').id == "job_1"
        assert len({request.headers["idempotency-key"] for request in server.requests}) == 1
        assert len(server.requests) == 3


@both
def test_a_server_that_never_was_there_is_not_waited_for(way):
    with scripted(lambda _: None) as server:
        with pytest.raises(UnreachableError) as caught:
            way.call(server.url, "job", "job_1", patience_s=0.2)
        assert caught.value.was_sent
        assert len(server.requests) == 1
    with pytest.raises(UnreachableError) as caught:
        way.call(server.url, "job", "job_1", patience_s=0.2)
    assert not caught.value.was_sent


@both
def test_patience_ends(way):
    with scripted(lambda _: answer(503)) as server:
        with pytest.raises(ServiceError) as caught:
            way.call(server.url, "job", "job_1", patience_s=0.05)
        assert caught.value.status == 503
        assert len(server.requests) > 1


@both
def test_a_refusal_is_asked_once(way):
    with scripted(
        lambda _: problem(422, "document", [{"pointer": "/a", "expected": "b", "found": "c"}])
    ) as server:
        with pytest.raises(DocumentError) as caught:
            way.call(server.url, "submit", {})
        assert caught.value.problems[0].pointer == "/a"
        assert len(server.requests) == 1


def test_a_removal_whose_answer_was_lost_went_well():
    answers = iter([job_answer(), None, problem(404, "not-found")])
    with scripted(lambda _: next(answers)) as server, Client(server.url) as client:
        client.job("job_1")
        client.delete("job_1")
        assert [request.method for request in server.requests] == ["GET", "DELETE", "DELETE"]


def test_a_removal_of_nothing_is_refused():
    with (
        scripted(lambda _: problem(404, "not-found")) as server,
        pytest.raises(ServiceError, match="not-found"),
    ):
        Waiting.call(server.url, "delete", "job_1")


@both
@pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b'{"id": 1}', b"\xff"])
def test_what_is_no_answer_is_told(way, body):
    with scripted(lambda _: answer(body=body)) as server, pytest.raises(ServiceError, match="QuickML server"):
        way.call(server.url, "job", "job_1")


@both
def test_fields_of_a_newer_server_beside_a_list_are_ignored(way):
    body = b'{"next": null, "datasets": [{"name": "iris", "new": {}}], "total": 1}'
    with scripted(lambda _: answer(body=body)) as server:
        assert way.call(server.url, "datasets") == [{"name": "iris", "new": {}}]


@both
@pytest.mark.parametrize("body", [b"{}", b'{"datasets": {}}', b'{"datasets": [1]}', b"[]"])
def test_what_is_no_list_is_told(way, body):
    with scripted(lambda _: answer(body=body)) as server, pytest.raises(ServiceError, match="QuickML server"):
        way.call(server.url, "datasets")


@both
def test_jobs_come_in_pages(way):
    def page(request):
        if "cursor" in request.path:
            return answer(body=json.dumps({"jobs": [JOB | {"id": "job_0"}], "next": None}).encode())
        return answer(body=json.dumps({"jobs": [JOB | {"id": "job_2"}, JOB], "next": "job_1"}).encode())

    with scripted(page) as server:
        found = way.listed(server.url, "jobs", "queued", "failed")
    assert [job.id for job in found] == ["job_2", "job_1", "job_0"]
    assert server.requests[0].path == "/v1/jobs?limit=50&status=queued&status=failed"
    assert server.requests[1].path.endswith("&cursor=job_1")


def test_names_from_outside_stay_in_their_place():
    with scripted(lambda _: problem(404, "not-found")) as server:
        for name in ("../../admin", "a/b?c#d", "a b", "\udcff"):
            with pytest.raises(ServiceError):
                Waiting.call(server.url, "job", name)
        for name in ("", ".", ".."):
            with pytest.raises(InputError):
                Waiting.call(server.url, "delete", name)
    assert [request.path for request in server.requests] == [
        "/v1/jobs/..%2F..%2Fadmin", "/v1/jobs/a%2Fb%3Fc%23d", "/v1/jobs/a%20b", "/v1/jobs/%3F",
    ]  # fmt: skip


@pytest.mark.parametrize("key", ["", "a b", "\N{SNOWMAN}", "a\r\nX: y", "a" * 256])
def test_a_key_that_cannot_be_sent(key):
    with Client("http://127.0.0.1:1") as client, pytest.raises(InputError, match="idempotency_key"):
        client.submit({}, idempotency_key=key)


def test_pictures_and_arrays_as_inputs():
    import numpy as np

    given = answer(
        body=b'{"predictions": [{"label": "7", "values": [1.0], "activations": {}, "probabilities": {"7": null}}]}'
    )
    with scripted(lambda _: given) as server:
        (found,) = Waiting.call(server.url, "predictions", "job_1", [b"\x89PNG", np.zeros(2), [1, 2]])
    assert found.label == "7"
    assert json.loads(server.requests[0].body) == {
        "inputs": ["iVBORw==", [0.0, 0.0], [1, 2]],
        "activations": False,
    }


# Events over connections that break


def story(length):
    """Events of a job, the last one its end."""
    told = [events.Warned(pointer="", message=f"number {number} \N{SNOWMAN}") for number in range(1, length)]
    return [*told, events.Cancelled()]


def sent(told, after, overlap=0):
    """Their stream, from a few earlier than `after`."""
    first = max(0, after - overlap)
    lines = [f"id: {n}\ndata: {event.to_json()}\n\n" for n, event in enumerate(told[first:], first + 1)]
    return ("retry: 1\n\n" + "".join(lines)).encode()


class Unsteady:
    """A script that sends events as far as it gets, in each of several ways to fail."""

    def __init__(self, told, plan):
        self._told, self._plan = told, iter(plan)

    def __call__(self, request):
        after = int(request.headers.get("last-event-id", 0))
        if after >= len(self._told):
            return answer(204)
        kind, number = next(self._plan, ("whole", 0))
        stream = sent(self._told, after, overlap=number % 3)
        match kind:
            case "whole":
                return event_stream(stream)
            case "cut":
                return event_stream(stream[: number % (len(stream) + 1)])
            case "reset":
                return None
            case "busy":
                return problem(503, "crowded", Retry_After=0)
            case "gap":
                gap = sent(self._told, min(after + 1, len(self._told)))
                return event_stream(gap)
        return answer(502, b"<html>bad gateway", kind="text/html")


STEP = st.tuples(st.sampled_from(["cut", "cut", "reset", "busy", "proxy", "gap"]), st.integers(0, 2000))


@both
@given(length=st.integers(1, 12), plan=st.lists(STEP, max_size=8), after=st.integers(0, 12))
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_no_event_twice_and_none_missed(way, length, plan, after):
    told = story(length)
    with scripted(Unsteady(told, [("cut", 0), *plan])) as server:
        assert way.listed(server.url, "events", "job_1", after) == told[after:]


@both
def test_what_only_a_newer_server_tells_is_passed_over(way):
    told = story(3)
    newer = sent(told, 0).replace(b'"type":"warning"', b'"type":"mood"', 1)
    with scripted(lambda _: event_stream(newer)) as server:
        assert way.listed(server.url, "events", "job_1") == told[1:]


@both
def test_it_comes_back_with_the_last_it_has_seen(way):
    told = story(5)
    stream = sent(told, 0)
    third = stream.index(b"id: 4")
    answers = iter([event_stream(stream[: third + 9]), event_stream(sent(told, 3))])
    with scripted(lambda _: next(answers)) as server:
        assert way.listed(server.url, "events", "job_1") == told
    assert [request.headers.get("last-event-id") for request in server.requests] == [None, "3"]


def test_it_survives_a_server_that_is_away_for_a_while(monkeypatch):
    told, servers, pauses = story(6), [], []

    def pause(seconds):
        pauses.append(seconds)
        if len(pauses) == 3:  # it was refused twice in the meantime
            servers.append(ScriptedServer(Unsteady(told, []), first.port).start())

    began = sent(told, 0)[:300]
    first = ScriptedServer(lambda _: event_stream(began)).start()
    with Client(first.url) as client, closing(client.events("job_1")) as stream:
        seen = [next(stream)]
        first.close()
        monkeypatch.setattr("time.sleep", pause)
        seen += list(stream)
    servers[0].close()
    assert seen == told
    assert len(pauses) == 3
    assert servers[0].requests[0].headers["last-event-id"] == str(began.count(b"\n\n") - 1)  # but for `retry`


@both
def test_events_of_a_job_that_is_not_there(way):
    with scripted(lambda _: problem(404, "not-found")) as server:
        with pytest.raises(ServiceError) as caught:
            way.listed(server.url, "events", "job_9")
        assert (caught.value.status, len(server.requests)) == (404, 1)


@both
@pytest.mark.parametrize(
    "stream", [b"data: {}\n\n", b"id: x\ndata: {}\n\n", b'id: 1\ndata: {"type": "started"}\n\n'], ids=["no id", "no number", "half"]
)  # fmt: skip
def test_what_is_no_event_is_told(way, stream):
    with scripted(lambda _: event_stream(stream)) as server, pytest.raises(ServiceError, match="job_1"):
        way.listed(server.url, "events", "job_1")


@both
def test_a_stream_that_never_gets_anywhere_is_given_up(way):
    with scripted(lambda _: event_stream(b"retry: 1\n\n")) as server:
        with pytest.raises(UnreachableError, match="ended before the job"):
            way.listed(server.url, "events", "job_1", patience_s=0.1)
        assert len(server.requests) > 1


OPEN = ResponseHead(status=200, headers={"content-type": "text/event-stream"})


class Clock:
    def __init__(self):
        self.now_s = 0.0

    def __call__(self):
        return self.now_s


def followed(patience_s, monkeypatch):
    """A stream of events that a test drives by hand, its clock, and the flow's first step."""
    clock = Clock()
    monkeypatch.setattr("quickml.client.event_stream.monotonic", clock)
    contact = Contact(patience_s)
    contact.has_answered = True
    stream = EventSubscription("job_1", 0, contact)
    stream._retry.backoff = Backoff(patience_s, clock=clock)
    run = stream.run()
    return clock, run, next(run)


def test_hours_of_silence_are_not_counted(monkeypatch):
    """A job waits in the queue; its stream lasts, is lost, is there again."""
    clock, run, step = followed(10.0, monkeypatch)
    for _ in range(50):
        assert isinstance(step, Send)
        assert isinstance(run.send(OPEN), Receive)
        clock.now_s += 3600.0
        assert isinstance(run.send(b":\n\n"), Receive)
        step = run.send(b"")
        assert isinstance(step, Sleep)
        assert step.pause_s < 1.0
        step = run.send(None)


def test_events_renew_patience(monkeypatch):
    """Far more losses than it would bear without an event between them."""
    told, seen = story(60), []
    clock, run, step = followed(10.0, monkeypatch)
    with pytest.raises(StopIteration):
        for number in range(60):
            assert isinstance(step, Send)
            assert isinstance(run.send(OPEN), Receive)
            step = run.send(f"id: {number + 1}\ndata: {told[number].to_json()}\n\n".encode())
            assert isinstance(step, Emit)
            seen.append(step.item)
            assert isinstance(run.send(None), Receive)
            clock.now_s += 4.9  # less than `STEADY_S`: the event alone renews it
            pause = run.send(b"")
            assert isinstance(pause, Sleep)
            clock.now_s += 5.0 + pause.pause_s
            step = run.send(None)
    assert seen == told


def test_hours_without_a_connection_are(monkeypatch):
    """Each try takes long to fail, which is no stream that lasted long."""
    clock, run, step = followed(100.0, monkeypatch)
    with pytest.raises(UnreachableError):
        for _ in range(50):
            assert isinstance(step, Send)
            clock.now_s += 30.0
            assert isinstance(run.throw(LOST), Sleep)
            step = run.send(None)
    assert 100 < clock.now_s < 200


def test_a_reader_may_leave_early():
    with scripted(lambda _: event_stream(sent(story(4), 0))) as server, Client(server.url) as client:
        with closing(client.events("job_1")) as told:
            assert next(told).type == "warning"
        assert [event.type for event in client.events("job_1", after=2)] == ["warning", "cancelled"]


# All changes


def change(position, **fields):
    body = {"position": position, "job_id": "job_1", **fields}
    return f"id: {position}\ndata: {json.dumps(body)}\n\n".encode()


@both
def test_changes_go_on_where_the_connection_broke(way):
    """Positions may be left out; what only a newer server knows is passed over."""
    submitted = change(4, change="submitted", time="2026-01-31T12:00:00+00:00")
    started = events.Started(name="iris", dataset="iris", epochs=3, seed=0)
    event = change(6, change="event", id=1, event=json.loads(started.to_json()))
    unknown = change(7, change="event", id=2, event={"type": "sung"}) + change(8, change="renamed")
    streams = [submitted, b"retry: 1\n\n" + submitted + event, unknown + change(9, change="deleted")]
    seen = []

    def script(request):
        seen.append(request.headers.get("last-event-id"))
        if "json" in request.headers["accept"]:
            return answer(body=b'{"changes": [], "position": 3}')
        return event_stream(streams.pop(0))

    with scripted(script) as server:
        assert way.call(server.url, "position") == 3
        found = way.first(server.url, 3, "changes")
    assert [(one.position, one.change) for one in found] == [(4, "submitted"), (6, "event"), (9, "deleted")]
    assert found[1].event == started
    assert seen == [None, None, "3", "4", "6"]


@both
def test_answers_are_read_and_damaged_ones_are_an_error(way):
    found = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]], np.float32)
    body = to_bytes(np.array([0, 1, 1]), found, ("a", "b"))
    with scripted(lambda _: answer(body=body)) as server:
        assert way.call(server.url, "answers", "job_1").confusion().tolist() == [[1, 0], [1, 1]]
        assert server.requests[0].path == "/v1/jobs/job_1/answers"
    with scripted(lambda _: answer(body=body[:-9])) as server, pytest.raises(AnswersError, match="of arrays"):
        way.call(server.url, "answers", "job_1")


@both
@pytest.mark.parametrize("call", [("changes", -1), ("events", "job_1", -1)], ids=str)
def test_positions_below_zero_are_refused(way, call):
    with pytest.raises(InputError, match="after: expected a number of at least 0, found -1"):
        way.first("http://127.0.0.1:1", 1, *call)


@pytest.mark.parametrize("name", ["ids", "split", "label"])
def test_an_option_of_a_dataset_is_no_parameter_of_the_request(name):
    with Client("http://127.0.0.1:1") as client:
        with pytest.raises(InputError, match=f"options of the dataset, found '{name}'"):
            client.samples("iris", options={name: 1})
        with pytest.raises(InputError, match=f"options of the dataset, found '{name}'"):
            client.sheet("digits", [0], options={name: 1})
