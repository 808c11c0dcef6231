"""Signed links: what they open, for how long, and that nothing about them can be changed."""

import json
import re
import stat
from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy import update

from job_examples import artifact, finish
from quickml import composition
from quickml.errors import LinkError, StoreError
from quickml.jobs.job import MEMBER, VARIANT
from quickml.service.links import KEY_BYTES, Link, LinkSigner
from quickml.settings import Settings
from quickml.storage.database.tables import jobs
from served import JSON, is_problem, served

KEY = bytes(range(KEY_BYTES))
NOW = 1_800_000_000
MODEL, WEIGHTS = b"a model" * 1000, b"weights" * 1000
WEIGHTS_NAME = "model.mlpackage/Data/weights.bin"
VARIANT_NAME = "model.int8.mlmodel"


class Clock:
    def __init__(self):
        self.time = NOW

    def __call__(self):
        return self.time


# Signatures

texts = st.text(max_size=20)
links = st.builds(Link, job_id=texts, sha256=texts, name=texts, expires=st.integers(NOW + 1, 2**40))


def signer(key=KEY, clock=Clock()):  # noqa: B008  # it stands still
    return LinkSigner(key, clock=clock)


@given(links)
def test_a_link_is_good_as_it_was_signed(link):
    signature = signer().sign(link)
    assert re.fullmatch("[A-Za-z0-9_-]{43}", signature)
    signer().check(link, signature)


@given(links, links)
def test_no_other_link_has_its_signature(one, other):
    assume(one != other)
    with pytest.raises(LinkError, match="changed"):
        signer().check(other, signer().sign(one))


@given(links, st.data())
def test_no_field_can_be_changed(link, data):
    field = data.draw(st.sampled_from(["job_id", "sha256", "name", "expires"]))
    value = data.draw(st.integers(NOW + 1, 2**40) if field == "expires" else texts)
    changed = replace(link, **{field: value})
    assume(changed != link)
    with pytest.raises(LinkError, match="changed"):
        signer().check(changed, signer().sign(link))


@given(texts, texts, texts)
def test_what_ends_one_field_begins_no_other(first, second, third):
    """However a text is cut into fields, each cut has a signature of its own."""
    cuts = {
        (first + second, third, ""),
        (first, second + third, ""),
        (first, second, third),
        ("", first, second + third),
    }
    signatures = {signer().sign(Link(job_id=a, sha256=b, name=c, expires=NOW)) for a, b, c in cuts}
    assert len(signatures) == len(cuts)


@given(links, st.integers(0, 42), st.characters(codec="utf-8"))
def test_no_character_of_the_signature_can_be_changed(link, place, letter):
    """Not the last one either, of which base64 reads four bits alone."""
    signature = signer().sign(link)
    assume(signature[place] != letter)
    with pytest.raises(LinkError, match="changed"):
        signer().check(link, signature[:place] + letter + signature[place + 1 :])


@given(links, texts)
def test_any_text_is_no_signature(link, text):
    with pytest.raises(LinkError):
        signer().check(link, text)


@given(links, st.binary(min_size=KEY_BYTES, max_size=KEY_BYTES))
def test_another_key_signs_otherwise(link, key):
    assume(key != KEY)
    with pytest.raises(LinkError):
        signer(key).check(link, signer().sign(link))


def test_a_link_ends_on_time():
    clock = Clock()
    ours = signer(clock=clock)
    link = Link(job_id="j", sha256="s", name="n", expires=ours.expiry(60))
    assert link.expires_at == datetime.fromtimestamp(NOW + 60, UTC)
    signature = ours.sign(link)
    for seconds in (0, 59, 59.9):
        clock.time = NOW + seconds
        ours.check(link, signature)
    for seconds in (60, 61, 1e9):
        clock.time = NOW + seconds
        with pytest.raises(LinkError, match="expired at"):
            ours.check(link, signature)
        with pytest.raises(LinkError, match="changed"):
            ours.check(replace(link, expires=2**40), signature)


# The key


def test_the_key_stays_and_is_nobody_elses(tmp_path):
    link = Link(job_id="j", sha256="s", name="n", expires=2**40)
    settings = Settings.of(data=tmp_path)
    with composition.service(settings) as service:
        signature = service.links._signer.sign(link)
    (tmp_path / ".link.key.partial").write_bytes(b"of a server that was killed while it made one")
    with composition.service(settings) as service:
        service.links._signer.check(link, signature)
    key = tmp_path / "link.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(key.read_bytes()) == KEY_BYTES
    key.unlink()
    with composition.service(settings) as service, pytest.raises(LinkError):
        service.links._signer.check(link, signature)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert not (tmp_path / ".link.key.partial").exists()


def test_what_is_no_key_is_not_signed_with(tmp_path):
    (tmp_path / "link.key").write_bytes(b"")
    with (
        pytest.raises(StoreError, match=r"link\.key: expected a key of 32 bytes, found 0"),
        composition.service(Settings.of(data=tmp_path)),
    ):
        pass


def test_the_setting_caps_links(tmp_path):
    with composition.service(Settings.of(data=tmp_path, link_max_s=60.0)) as service:
        assert service.links.max_s == 60


# Over HTTP


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def shop(tmp_path, clock):
    """A server that asks for tokens, two owners' headers, and a ready job of the first."""
    ours = LinkSigner(KEY, max_s=7200, clock=clock)
    with served(tmp_path, workers=0, access="tokens", signer=ours) as server:
        ada, bob = ({"Authorization": f"Bearer {server.tokens.create(name)[1]}"} for name in ("ada", "bob"))
        yield server, ada, bob, ready(server, tmp_path, ada)


def ready(server, folder, headers):
    """A ready job with two files, a package and a variant."""
    job_id = server.post(headers=headers).json()["id"]
    contents = {
        "model.mlmodel": MODEL,
        "a report #1.html": b"<p>",
        "model.mlpackage.zip": b"zip",
        WEIGHTS_NAME: WEIGHTS,
        VARIANT_NAME: b"a variant",
    }
    kinds = {WEIGHTS_NAME: MEMBER, VARIANT_NAME: VARIANT}
    files = []
    for name, content in contents.items():
        (folder / "file").write_bytes(content)
        stored = server.artifacts.put(folder / "file")
        row = artifact(job_id, name, stored.sha256, stored.size_bytes)
        files.append(replace(row, kind=kinds.get(name, row.kind)))
    finish(server.store, server.store.claim(), *files)
    return job_id


def ask(server, job_id, headers, **body):
    return server.post(body, path=f"/v1/jobs/{job_id}/links", headers=headers)


@pytest.mark.parametrize("is_shown", [False, True])
def test_files_that_quote_own_data_have_links_only_if_asked_for(is_shown, tmp_path):
    with served(tmp_path, workers=0) as server:
        job_id = server.submit()
        plan = json.loads(server.store.job(job_id).plan)
        plan["info"]["shows_samples"] = is_shown
        with server.database.write() as connection:
            connection.execute(update(jobs).values(plan=json.dumps(plan)))
        files = [
            replace(artifact(job_id, f"{kind}.bin", "0" * 64, 1), kind=kind)
            for kind in ("mlmodel", "spec", "answers", "film")
        ]
        finish(server.store, server.store.claim(), *files)
        made = {one["name"] for one in ask(server, job_id, {}).json()["links"]}
        assert made == {"mlmodel.bin", "film.bin"} | ({"spec.bin", "answers.bin"} if is_shown else set())
        assert len(ask(server, job_id, {}, names=["spec.bin"]).json()["links"]) == 1


def link(shop, name="model.mlmodel", **body):
    server, ada, _, job_id = shop
    answer = ask(server, job_id, ada, names=[name], **body)
    assert answer.status_code == 200, answer.text
    (found,) = answer.json()["links"]
    return found


def changed(url, **fields):
    """The same link with other fields of its query; None leaves one out."""
    parts = urlsplit(url)
    query = {name: values[0] for name, values in parse_qs(parts.query).items()} | fields
    return parts._replace(query=urlencode({k: v for k, v in query.items() if v is not None})).geturl()


def test_links_say_what_they_lead_to(shop):
    server, ada, _, job_id = shop
    found = ask(server, job_id, ada).json()["links"]
    rows = server.client.get(f"/v1/jobs/{job_id}/artifacts", headers=ada).json()["artifacts"]
    rows = [row for row in rows if row["kind"] != VARIANT]
    assert [one["name"] for one in found] == ["model.mlmodel", "a report #1.html", "model.mlpackage.zip"]
    for one, row in zip(found, rows, strict=True):
        assert {
            key: one[key] for key in ("name", "size_bytes", "sha256", "media_type")
        }.items() <= row.items()
        assert one["url"].startswith(row["url"] + "?")
        assert datetime.fromisoformat(one["expires_at"]) == datetime.fromtimestamp(NOW + 3600, UTC)
        assert set(one) == {"name", "url", "expires_at", "size_bytes", "sha256", "media_type"}


@pytest.mark.parametrize("name", ["model.mlmodel", "a report #1.html", WEIGHTS_NAME])
def test_a_link_needs_no_token(shop, name):
    server, *_ = shop
    found = link(shop, name)
    got, head = server.client.get(found["url"]), server.client.head(found["url"])
    assert (got.status_code, head.status_code) == (200, 200), got.text
    assert len(got.content) == found["size_bytes"] == int(head.headers["content-length"])
    assert head.content == b""
    part = server.client.get(found["url"], headers={"Range": "bytes=1-2"})
    assert (part.status_code, part.content) == (206, got.content[1:3])


@pytest.mark.parametrize("name", ["model.mlmodel", WEIGHTS_NAME])
def test_a_link_opens_the_parts_of_its_file(shop, name):
    server, *_ = shop
    found = link(shop, name)
    parts = f"/v1/artifacts/{found['sha256']}?{urlsplit(found['url']).query}"
    answer = server.client.get(parts)
    assert (answer.status_code, answer.json()["size_bytes"]) == (200, found["size_bytes"]), answer.text
    is_problem(server.client.get(changed(parts, expires=str(NOW + 7000))), 403, "link")


def test_a_link_opens_nothing_else(shop):
    server, ada, _, job_id = shop
    one, other = link(shop), link(shop, WEIGHTS_NAME)
    query = urlsplit(one["url"]).query
    for path in (
        urlsplit(other["url"]).path,
        f"/v1/artifacts/{other['sha256']}",
        f"/v1/artifacts/{one['sha256']}/x",
    ):
        is_problem(server.client.get(f"{path}?{query}"), 403, "link")
    for path in (
        f"/v1/jobs/{job_id}",
        f"/v1/jobs/{job_id}/artifacts",
        f"/v1/jobs/{job_id}/events",
        "/v1/jobs",
        "/metrics",
    ):
        is_problem(server.client.get(f"{path}?{query}"), 401, "unauthorized")
    is_problem(
        server.client.post(f"/v1/jobs/{job_id}/links?{query}", content=b"{}", headers=JSON),
        401,
        "unauthorized",
    )
    is_problem(server.client.delete(f"/v1/jobs/{job_id}?{query}"), 401, "unauthorized")
    assert server.client.get(f"/v1/jobs/{job_id}", headers=ada).status_code == 200


@pytest.mark.parametrize(
    "fields",
    [
        {"signature": ""}, {"signature": "x"}, {"signature": "A" * 43}, {"signature": "é"}, {"signature": "\0"},
        {"expires": None}, {"expires": ""}, {"expires": str(NOW + 3601)}, {"expires": f"0{NOW + 3600}"},
        {"expires": f"+{NOW + 3600}"}, {"expires": f"{NOW + 3600} "}, {"expires": f"{NOW + 3600}.0"}, {"expires": "9" * 5000},
        {"expires": "".join(chr(0x660 + int(digit)) for digit in str(NOW + 3600))},
        {"job": None}, {"job": ""}, {"job": "job_" + "0" * 26}, {"job": "\0"},
    ],
    ids=repr,
)  # fmt: skip
def test_a_changed_link_is_refused_with_and_without_a_token(shop, fields):
    server, ada, *_ = shop
    url = changed(link(shop)["url"], **fields)
    for headers in ({}, ada):
        is_problem(server.client.get(url, headers=headers), 403, "link")
        assert server.client.head(url, headers=headers).status_code == 403


def test_the_signature_decides_where_there_is_a_token_too(shop):
    server, ada, bob, _ = shop
    url = link(shop)["url"]
    for headers in (bob, {"Authorization": "Bearer qml_wrong"}):
        assert server.client.get(url, headers=headers).content == MODEL
    assert server.client.get(changed(url, signature=None), headers=ada).content == MODEL
    is_problem(server.client.get(changed(url, signature=None), headers=bob), 404, "not-found")
    is_problem(server.client.get(changed(url, signature=None)), 401, "unauthorized")


def test_an_expired_link_is_refused(shop, clock):
    server, *_ = shop
    found = link(shop, expires_s=60)
    parts = f"/v1/artifacts/{found['sha256']}?{urlsplit(found['url']).query}"
    clock.time += 59
    assert server.client.get(found["url"]).status_code == server.client.get(parts).status_code == 200
    clock.time += 1
    for url in (found["url"], parts):
        assert "expired at" in is_problem(server.client.get(url), 403, "link")["detail"]
        assert server.client.get(changed(url, signature="A" * 43)).json()["detail"].endswith("changed")


def test_a_link_to_a_removed_job_leads_nowhere(shop, tmp_path):
    server, ada, _, job_id = shop
    found = link(shop)
    ready(server, tmp_path, ada)  # another job of hers has the same file
    assert server.client.delete(f"/v1/jobs/{job_id}", headers=ada).status_code == 204
    is_problem(server.client.get(found["url"]), 404, "not-found")
    parts = f"/v1/artifacts/{found['sha256']}?{urlsplit(found['url']).query}"
    is_problem(server.client.get(parts), 403, "link")


def test_strangers_do_not_learn_which_jobs_there_are(shop):
    server, _, _, job_id = shop
    found = link(shop)
    answers = set()
    for job in (job_id, "job_" + "0" * 26, "x"):
        for sha256 in (found["sha256"], "0" * 64):
            for end in ("", "/model.mlmodel"):
                query = urlencode({"job": job, "expires": NOW + 60, "signature": "A" * 43})
                answers.add(server.client.get(f"/v1/artifacts/{sha256}{end}?{query}").text)
    assert len(answers) == 1


def test_only_the_owner_makes_links(shop):
    server, _, bob, job_id = shop
    is_problem(ask(server, job_id, bob), 404, "not-found")
    is_problem(ask(server, job_id, {}), 401, "unauthorized")


def test_links_to_variants_are_made_on_request(shop):
    assert link(shop, VARIANT_NAME)["size_bytes"] == len(b"a variant")


def test_a_job_that_is_not_ready_has_no_links(shop):
    server, ada, *_ = shop
    job_id = server.post(headers=ada).json()["id"]
    is_problem(ask(server, job_id, ada), 409, "job-state")


def test_a_link_is_good_for_as_long_as_the_server_allows(shop):
    server, ada, _, job_id = shop
    assert link(shop, expires_s=7200)["expires_at"].startswith("2027-01-15T10:00:00")
    (problem,) = is_problem(ask(server, job_id, ada, expires_s=7201), 422, "request")["problems"]
    assert problem["pointer"] == "/expires_s"
    assert (problem["expected"], problem["found"]) == ("at most 7200 seconds on this server", "7201")


def test_names_that_the_job_has_not_are_told_each(shop):
    server, ada, _, job_id = shop
    answer = ask(server, job_id, ada, names=["x", "model.mlmodel", "../y"], expires_s=10**9)
    problems = is_problem(answer, 422, "request")["problems"]
    assert [one["pointer"] for one in problems] == ["/names/0", "/names/2", "/expires_s"]
    assert "model.mlmodel" in problems[0]["expected"]


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b'{"names": []}', b'{"names": "a"}', b'{"expires_s": 0}', b'{"expires_s": -5}', b'{"expires_s": "x"}', b'{"x": 1}',
     b'{"names": ["a"' + b', "a"' * 1000 + b"]}", b'{"expires_s": ' + b"9" * 4000 + b"}"],
    ids=lambda body: body[:20],
)  # fmt: skip
def test_bodies_that_ask_for_no_link(shop, body):
    server, ada, _, job_id = shop
    is_problem(server.post(body, path=f"/v1/jobs/{job_id}/links", headers=ada), 422, "request")


def test_the_default_is_never_more_than_the_server_allows(tmp_path, clock):
    with served(tmp_path, workers=0, signer=LinkSigner(KEY, max_s=60.5, clock=clock)) as server:
        job_id = ready(server, tmp_path, {})
        (found, *_) = ask(server, job_id, {}).json()["links"]
        assert datetime.fromisoformat(found["expires_at"]) == datetime.fromtimestamp(NOW + 60, UTC)
        assert server.client.get(found["url"]).content == MODEL


def test_the_log_has_no_signature(shop, caplog):
    server, *_ = shop
    url = link(shop)["url"]
    with caplog.at_level("DEBUG"):
        server.client.get(url)
        server.client.get(changed(url, signature="secret"))
    told = "".join(f"{vars(record)}" for record in caplog.records if record.name.startswith("quickml"))
    assert urlsplit(url).path in told
    assert "signature" not in told
    assert parse_qs(urlsplit(url).query)["signature"][0] not in told
