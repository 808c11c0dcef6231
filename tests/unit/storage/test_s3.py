"""Files in a bucket of a real S3: what only this store does, and what it says when something is wrong."""

import io
import os
import threading
import time
from types import SimpleNamespace

import pytest

import s3_process
from closing_proxy import ClosingProxy
from job_examples import opened
from quickml.errors import (
    ArtifactDamagedError,
    ArtifactError,
    ArtifactNotFoundError,
    BusyUploadError,
    CopiesError,
    StoreError,
)
from quickml.files.digest import PART_BYTES, digest
from quickml.storage.addresses import Addresses, artifact_stores, partial_stores
from quickml.storage.artifacts.cache import PartCache
from quickml.storage.artifacts.checksums import check, check_parts
from quickml.storage.artifacts.s3 import S3ArtifactStore
from quickml.storage.bucket import CHUNK_BYTES, Bucket, Location

pytestmark = s3_process.needs_s3

LARGE = os.urandom(2 * PART_BYTES + 12_345)
ID = "upl_01KGA0M5R00000000000000001"


class Place:
    """A place in a bucket, and stores in it that have a database in common, each with copies of its own."""

    def __init__(self, folder):
        self.folder = folder
        self.address = s3_process.shared().new()
        self.database = opened(folder / "quickml.db")
        self.bucket = Bucket(Location.of(self.address))

    def store(self, name="cache", most_bytes=1 << 30, address=None, clock=None):
        bucket = Bucket(Location.of(address or self.address))
        return S3ArtifactStore(bucket, PartCache(self.folder / name, most_bytes), self.database, clock)

    def put(self, store, content=LARGE, name="model.mlmodel"):
        path = self.folder / name
        path.write_bytes(content)
        return store.put(path).sha256

    def keys(self):
        return sorted(self.bucket.sizes(""))

    def change(self, content):
        (key,) = self.keys()
        self.bucket.put(key, content)


@pytest.fixture
def place(tmp_path):
    return Place(tmp_path)


def read(store, sha256, *bounds):
    with store.open(sha256, *bounds) as stream:
        return stream.read()


def test_keys_are_made_of_checksums_and_no_two_puts_share_one(place):
    store = place.store()
    sha256 = place.put(store, name="../a name with 'quotes'".replace("/", "_"))
    assert place.put(store) == sha256
    keys = place.keys()
    assert len(set(keys)) == 2
    for key in keys:
        assert key.startswith(f"{sha256[:2]}/{sha256}/")
        assert set(key) <= set("0123456789abcdef/")


def test_a_file_that_was_put_twice_is_there_once_after_a_sweep(place):
    store = place.store()
    sha256 = place.put(store)
    assert place.put(store) == sha256
    assert store.sweep({sha256}, age_s=-1) == set()
    assert len(place.keys()) == 1
    assert read(store, sha256) == LARGE


def test_who_reads_goes_on_with_the_newer_object_when_the_older_one_is_swept(place):
    store = place.store()
    sha256 = place.put(store)
    with store.open(sha256) as stream:
        assert stream.read(10) == LARGE[:10]
        place.put(store)
        store.sweep({sha256}, age_s=-1)
        assert stream.read() == LARGE[10:]


def test_what_was_read_once_is_read_without_the_bucket(place):
    store = place.store()
    sha256 = place.put(store)
    assert read(store, sha256) == LARGE
    place.bucket.delete(place.keys())
    assert read(store, sha256) == LARGE
    with pytest.raises(ArtifactNotFoundError):
        place.store("elsewhere").open(sha256)


def test_only_the_parts_that_are_read_are_fetched(place):
    store = place.store()
    sha256 = place.put(store)
    assert read(store, sha256, PART_BYTES + 5, PART_BYTES + 10) == LARGE[PART_BYTES + 5 : PART_BYTES + 10]
    copies = [path for path in (place.folder / "cache").rglob("*") if path.is_file()]
    assert [path.name for path in copies] == ["1"]


def test_copies_make_room_for_others(place):
    store = place.store(most_bytes=3 * PART_BYTES)
    for _ in range(8):
        read(store, place.put(store, os.urandom(2 * PART_BYTES)))
    sizes = [path.stat().st_size for path in (place.folder / "cache").rglob("*") if path.is_file()]
    assert sum(sizes) <= 3 * PART_BYTES


def test_a_disk_without_room_for_copies_does_not_stop_readers(place, monkeypatch):
    store = place.store()
    sha256 = place.put(store)

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PartCache, "keep", full)
    assert read(store, sha256) == LARGE


@pytest.mark.parametrize(
    "change",
    [
        lambda content: content[:-1],
        lambda content: b"",
        lambda content: content[:-5] + bytes([content[-5] ^ 1]) + content[-4:],
    ],
    ids=["cut short", "empty", "a byte"],
)
def test_damage_in_the_bucket_is_found_while_reading(place, change):
    store = place.store()
    sha256 = place.put(store)
    place.change(change(LARGE))
    with pytest.raises(ArtifactDamagedError, match="expected the content that was stored"):
        read(store, sha256)
    with pytest.raises(ArtifactDamagedError):
        check_parts(store, sha256, 2 * PART_BYTES, len(LARGE))
    place.put(store)
    check(store, sha256)


def test_a_damaged_copy_does_not_condemn_a_sound_file(place):
    store = place.store()
    sha256 = place.put(store)
    read(store, sha256)
    (copy,) = (place.folder / "cache").rglob("1")
    copy.write_bytes(os.urandom(PART_BYTES))
    check(store, sha256)
    assert read(store, sha256) == LARGE


def test_a_local_path_outlives_the_copies_and_goes_with_its_block(place):
    store = place.store()
    sha256 = place.put(store)
    with store.local_path(sha256) as path:
        store.delete(sha256)
        assert path.read_bytes() == LARGE
    assert not path.exists()


def test_what_a_killed_process_had_lent_is_removed(place):
    store = place.store()
    left = place.folder / "cache" / "lent" / "0123456789abcdef"
    left.mkdir(parents=True)
    (left / "content").write_bytes(b"x")
    left.with_suffix(".lock").touch()
    with store.local_path(place.put(store)) as path:
        assert not left.exists()
        assert [folder for folder in path.parents[1].iterdir() if folder.is_dir()] == [path.parent]


def disk_of(place, monkeypatch, size_bytes):
    """Has the disk of the copies this size, as far as it is asked; the test's process fills nothing else."""

    def usage(_):
        used = sum(path.stat().st_size for path in (place.folder / "cache").rglob("*") if path.is_file())
        return SimpleNamespace(free=size_bytes - used)

    monkeypatch.setattr("quickml.storage.artifacts.cache.shutil.disk_usage", usage)


def test_copies_make_room_for_a_local_path(place, monkeypatch):
    store = place.store()
    others = [place.put(store, os.urandom(PART_BYTES)) for _ in range(4)]
    for sha256 in others:
        read(store, sha256)
    disk_of(place, monkeypatch, 4 * PART_BYTES)
    sha256 = place.put(store)
    with store.local_path(sha256) as path:
        assert path.read_bytes() == LARGE
        kept = (place.folder / "cache").glob("[0-9a-f][0-9a-f]/*/*")
        assert sum(one.stat().st_size for one in kept) <= 4 * PART_BYTES - len(LARGE)
    assert all(len(read(store, one)) == PART_BYTES for one in others)


def test_what_has_no_room_on_the_disk_is_not_even_fetched(place, monkeypatch):
    store = place.store()
    sha256 = place.put(store)
    disk_of(place, monkeypatch, 2 * PART_BYTES)
    monkeypatch.setattr(store._bucket, "get", lambda *_: 1 / 0)
    with pytest.raises(CopiesError, match="No space left on device"), store.local_path(sha256):
        pass
    assert [path for path in (place.folder / "cache").rglob("*") if path.is_file()] == []
    assert list((place.folder / "cache" / "lent").iterdir()) == []


def test_a_disk_that_refuses_in_the_middle_keeps_nothing_and_the_rest_is_not_fetched(place, monkeypatch):
    resource = pytest.importorskip("resource")
    store, get, fetched = place.store(), place.bucket.get, []
    content = os.urandom(24 * PART_BYTES)
    sha256 = place.put(store, content)
    monkeypatch.setattr(store._bucket, "get", lambda *given: [fetched.append(given), get(*given)][1])
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3 * PART_BYTES // 2, before[1]))
    try:
        with pytest.raises(CopiesError, match="File too large"), store.local_path(sha256):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(fetched) < 24
    assert list((place.folder / "cache" / "lent").iterdir()) == []
    with store.local_path(sha256) as path:
        assert path.read_bytes() == content


def test_a_sweep_forgets_copies_of_what_another_machine_has_deleted(place):
    here, there = place.store("here"), place.store("there")
    sha256 = place.put(here)
    read(there, sha256)
    here.delete(sha256)
    there.sweep(set())
    assert [path for path in (place.folder / "there").rglob("*") if path.is_file()] == []


def test_a_put_that_was_broken_off_is_swept(place, monkeypatch):
    store = place.store()
    monkeypatch.setattr(store._index, "complete", lambda _: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        place.put(store)
    monkeypatch.undo()
    assert len(place.keys()) == 1
    assert store.usage_bytes() == 0
    assert store.sweep(set(), age_s=-1) == set()
    assert len(place.keys()) == 1, "somebody may still be putting it"
    assert place.store(clock=lambda: time.time() + 90_000).sweep(set()) == set()
    assert place.keys() == []


def test_a_sweep_spares_what_is_still_on_its_way(place, monkeypatch):
    store, others = place.store(), place.store("others", clock=lambda: time.time() + 3 * 3600)
    put = store._bucket.put
    monkeypatch.setattr(
        store._bucket, "put", lambda *given, **named: [others.sweep(set()), put(*given, **named)]
    )
    assert read(store, place.put(store)) == LARGE


def test_a_put_whose_file_is_deleted_meanwhile_fails_and_leaves_nothing(place, monkeypatch):
    store, others = place.store(), place.store("others")
    sha256, put = digest(io.BytesIO(LARGE)).sha256, store._bucket.put
    monkeypatch.setattr(
        store._bucket, "put", lambda *given, **named: [put(*given, **named), others.delete(sha256)]
    )
    with pytest.raises(ArtifactError, match="was deleted while it was stored"):
        place.put(store)
    assert place.keys() == []


def test_an_error_of_who_uses_a_local_path_is_no_error_of_the_store(place):
    store = place.store()
    with pytest.raises(FileNotFoundError), store.local_path(place.put(store)):
        raise FileNotFoundError


def test_parts_that_a_killed_process_was_writing_are_removed(place):
    store, draft = place.store(), place.folder / "cache" / "drafts" / "0123456789abcdef"
    draft.parent.mkdir(parents=True)
    for age_s, is_left in ((0, True), (7200, False)):
        draft.write_bytes(b"x")
        os.utime(draft, (time.time() - age_s,) * 2)
        store.forget_copies()
        assert draft.exists() is is_left


def test_readers_of_one_part_fetch_it_once(place, monkeypatch):
    store = place.store()
    sha256 = place.put(store, LARGE[:PART_BYTES])
    calls, get = [], place.bucket.get

    def counted(*given):
        calls.append(given)
        return get(*given)

    monkeypatch.setattr(store._bucket, "get", counted)
    threads = [threading.Thread(target=read, args=(store, sha256)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(calls) == 1


def test_a_large_file_is_put_in_chunks(place):
    content = os.urandom(CHUNK_BYTES + PART_BYTES)
    store = place.store()
    sha256 = place.put(store, content)
    with store.local_path(sha256) as path:
        assert path.read_bytes() == content


# Links


def test_a_link_leads_to_the_bucket_under_the_name_of_the_file(place):
    from urllib.request import Request, urlopen

    store = place.store()
    sha256 = place.put(store, b"content")
    given = {"media_type": "application/octet-stream", "expires_s": 60}
    url = store.redirect_url(sha256, name="model.mlmodel", **given)
    with urlopen(Request(url, headers={"Range": "bytes=2-4"})) as answer:
        assert (answer.status, answer.read()) == (206, b"nte")
        assert answer.headers["Content-Disposition"] == 'attachment; filename="model.mlmodel"'
    assert store.redirect_url(sha256, name="other", **given) is None
    assert store.redirect_url(sha256, name="model.mlmodel", media_type="text/html", expires_s=60) is None


# What is wrong


def trouble(place, call=lambda store, place: place.put(store), **changes):
    """What a store says that has another address."""
    address = s3_process.shared().address(**{"bucket": "files", "prefix": "/trouble", **changes})
    with pytest.raises(ArtifactError) as caught:
        call(place.store(address=address), place)
    text = str(caught.value)
    assert "\n" not in text
    assert s3_process.SECRET not in text
    assert "wrong secret" not in text
    return text


def test_wrong_keys_are_told(place):
    server = s3_process.shared()
    for keys in (server.credentials("NOSUCHKEY"), server.credentials(secret="wrong secret")):
        assert "expected keys that give access, found others" in trouble(place, keys=keys)


def test_a_file_without_keys_is_told(place):
    keys = place.folder / "keys"
    assert f"{keys} cannot be read (No such file or directory)" in trouble(place, keys=keys)
    keys.write_text("[default]\nwrong secret\n")
    assert "expected [default] with aws_access_key_id" in trouble(place, keys=keys)


def test_a_wrong_clock_is_not_taken_for_wrong_keys(place):
    bucket = Bucket(Location.of(s3_process.shared().address("files")))
    told = bucket._told("status code: 403 <Error><Code>RequestTimeTooSkewed</Code></Error>")
    assert "the clock of this machine is wrong (RequestTimeTooSkewed)" in str(told)


def test_a_bucket_that_is_not_there_is_told(place):
    found = trouble(place, bucket="no-such-bucket")
    assert "s3://no-such-bucket/trouble at http://127.0.0.1" in found
    with pytest.raises(ArtifactError, match="expected a bucket, found none"):
        Bucket(Location.of(s3_process.shared().address("no-such-bucket"))).sizes("")


def test_a_server_that_is_away_is_told_and_found_again(place):
    sha256 = place.put(place.store())
    with ClosingProxy(s3_process.shared().ports["s3"]) as proxy:
        address = place.address.replace(s3_process.quote(s3_process.shared().endpoint, safe=""), proxy.url)
        store = place.store("through the proxy", address=address)
        proxy.close()
        for call in (lambda: place.put(store), lambda: store.open(sha256)):
            with pytest.raises(ArtifactError, match="the server cannot be reached"):
                call()
        assert store.stat(sha256).size_bytes == len(LARGE), "which the database knows"
        proxy.open()
        assert read(store, sha256) == LARGE


@pytest.mark.parametrize(
    "address",
    ["s3://", "s3://b", "s3://KEY:secret@bucket", "s3://bucket/../x", "s3://bucket?secret_access_key=secret", "s3://bucket?endpoint=ftp://x", "s3://bucket?path_style=secret#", "s3://bucket/a%20b"],
)  # fmt: skip
def test_a_wrong_address_is_refused_without_its_secrets(place, address):
    with pytest.raises(StoreError) as caught:
        artifact_stores.open(address, place.database)
    assert "secret@" not in str(caught.value)
    assert "=secret" not in str(caught.value)


def test_an_address_is_all_that_a_worker_needs(place):
    keys = s3_process.shared().keys
    endpoint = s3_process.quote(s3_process.shared().endpoint, safe="")
    addresses = Addresses(database="sqlite:///x", files="").with_files(
        f"s3://files/a/b?endpoint={endpoint}&region=eu-central-1",
        credentials_file=keys, cache=place.folder / "a cache & more", cache_bytes=1000,
    )  # fmt: skip
    location = Location.of(addresses.files)
    assert (location.bucket, location.prefix, location.credentials_file) == ("files", "a/b", keys)
    assert (location.cache, location.cache_bytes) == (place.folder / "a cache & more", 1000)
    assert s3_process.SECRET not in addresses.files
    store = artifact_stores.open(addresses.files, place.database)
    assert read(store, place.put(store)) == LARGE


# Unfinished uploads


def test_another_server_goes_on_with_an_upload(place):
    a, b = (partial_stores.open(place.address, place.folder / name) for name in "ab")
    a.create(ID)
    with a.writer(ID) as writer:
        writer.append(LARGE[:100])
        writer.sync()
    assert (a.size(ID), b.size(ID)) == (100, 100)
    with b.writer(ID) as writer:
        writer.append(LARGE[100:])
        writer.sync()
    with (place.folder / "a" / ID).open("ab") as file:
        file.write(b"not synced")
    a = partial_stores.open(place.address, place.folder / "a")  # it was killed, and starts again
    assert a.beginning(ID, 1000) == (LARGE[:1000], len(LARGE))
    with a.writer(ID) as writer:
        assert writer.size_bytes == len(LARGE)
    found = a.digest(ID)
    a.move(ID, found, place.store())
    assert read(place.store(), found.sha256) == LARGE
    assert (a.ids(), b.ids()) == (set(), {ID}), "the other server has a copy, which its sweep removes"
    b.remove(ID)
    assert b.ids() == set()
    assert not (place.folder / "b" / ID).exists()
    assert not any("upload" in key for key in place.bucket.sizes(""))


def test_of_two_servers_at_the_same_place_the_second_one_fails(place):
    a, b = (partial_stores.open(place.address, place.folder / name) for name in "ab")
    a.create(ID)
    with a.writer(ID) as late, b.writer(ID) as early:
        late.append(b"late")
        early.append(b"early bytes")
        early.sync()
        with pytest.raises(BusyUploadError):
            late.sync()
    with a.writer(ID) as writer:
        writer.append(b", and more")
        writer.sync()
    assert b.beginning(ID, 100) == (b"early bytes, and more", 21)


def test_large_appends_become_pieces_that_fit_into_memory(place):
    store = partial_stores.open(place.address, place.folder / "a")
    store.create(ID)
    content = os.urandom(CHUNK_BYTES + 5)
    with store.writer(ID) as writer:
        writer.append(content)
        writer.sync()
    assert sorted(place.bucket.sizes("uploads").values()) == [0, 5, CHUNK_BYTES]
    assert store.size(ID) == len(content)
    store.remove(ID)
    assert place.keys() == []
