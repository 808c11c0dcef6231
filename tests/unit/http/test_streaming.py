"""How a file is sent: no faster than it is taken, and to nobody who has gone."""

import asyncio
import contextlib

import pytest

from quickml.errors import ArtifactNotFoundError
from quickml.http.files import streaming
from quickml.http.files.quotas import MAX_CHUNK_BYTES, Downloads
from quickml.http.files.ranges import ByteRange
from quickml.http.files.response import disposition
from quickml.http.files.streaming import FileResponse
from quickml.storage.artifacts.composed import ComposedReader, FilePiece, between
from quickml.storage.artifacts.file_reader import FileReader

CONTENT = bytes(range(256)) * 8192
HOUR_S = 3600


class Client:
    """Takes so many messages at once, and the others when it is told to."""

    def __init__(self, takes=10**9):
        self.room = asyncio.Semaphore(takes)
        self.gone = asyncio.Event()
        self.sent = []
        self.offered = 0
        """Messages that it was to take, whether it has or not."""

    async def send(self, message):
        """As uvicorn's: a client that has gone takes everything."""
        self.offered += 1
        waits = [asyncio.create_task(self.room.acquire()), asyncio.create_task(self.gone.wait())]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for one in waits:
            one.cancel()
        self.sent.append(message)

    async def receive(self):
        await self.gone.wait()
        return {"type": "http.disconnect"}

    @property
    def body(self):
        return b"".join(bytes(message.get("body", b"")) for message in self.sent)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "file").write_bytes(CONTENT)
    return tmp_path / "file"


@pytest.fixture
def opened(monkeypatch):
    """All readers that were opened."""
    found = []
    monkeypatch.setattr(FileReader, "__init__", recorded(found, FileReader.__init__))
    return found


def recorded(found, original):
    def init(self, *arguments):
        original(self, *arguments)
        found.append(self)

    return init


MADE = (FilePiece("0" * 64, 0, 1000), CONTENT[1000:1100], FilePiece("0" * 64, 1100, len(CONTENT)))
"""The same content, put together."""


def body(path, *pieces, downloads=None, is_made=False):
    pieces = pieces or (ByteRange(0, len(CONTENT)),)
    downloads = downloads or Downloads()

    def open_range(start, stop):
        if is_made:
            return ComposedReader(
                lambda _, *places: FileReader(path, *places), tuple(between(MADE, start, stop))
            )
        try:
            return FileReader(path, start, stop)
        except FileNotFoundError:
            raise ArtifactNotFoundError(path.name) from None

    return FileResponse(open_range, pieces, status=200, headers={}, downloads=downloads, owner="ada")


async def answer(one, client):
    await one({"type": "http"}, client.receive, client.send)


async def settled():
    """Until nothing happens any more."""
    for _ in range(200):
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("is_cached", [True, False])
def test_pieces_come_in_their_order(path, opened, monkeypatch, is_cached):
    if not is_cached:
        monkeypatch.setattr(FileReader, "read_cached", lambda *_: None)

    async def run():
        client = Client()
        await answer(body(path, b"<", ByteRange(5, 900_000), b"|", ByteRange(0, 1), b">"), client)
        return client

    client = asyncio.run(run())
    assert client.body == b"<" + CONTENT[5:900_000] + b"|" + CONTENT[:1] + b">"
    assert [message["more_body"] for message in client.sent[1:]].index(False) == len(client.sent) - 2
    assert [reader.closed for reader in opened] == [True, True], "one for each range"


@pytest.mark.parametrize("is_made", [False, True])
def test_nothing_is_read_before_the_last_was_taken(path, opened, monkeypatch, is_made):
    read, original = [], streaming._read

    async def counted(reader, size):
        read.append(size)
        return await original(reader, size)

    monkeypatch.setattr(streaming, "_read", counted)

    async def run():
        client = Client(takes=2)  # the headers, and one piece
        task = asyncio.create_task(answer(body(path, is_made=is_made), client))
        await settled()
        assert read == [MAX_CHUNK_BYTES]
        client.room.release()
        client.room.release()
        await settled()
        assert read == [MAX_CHUNK_BYTES] * 2
        client.gone.set()
        await task

    asyncio.run(run())


@pytest.mark.parametrize("is_made", [False, True])
def test_a_client_that_leaves_lets_go_of_the_file(path, opened, is_made):
    downloads = Downloads()

    async def run():
        client = Client(takes=2)
        task = asyncio.create_task(answer(body(path, downloads=downloads, is_made=is_made), client))
        await settled()
        assert (downloads.count, opened[0].closed) == (1, False)
        client.gone.set()
        async with asyncio.timeout(60):
            await task

    asyncio.run(run())
    assert (downloads.count, opened[0].closed) == (0, True)


def test_a_client_that_leaves_while_its_turn_is_waited_for_lets_go_too(path, opened):
    downloads = Downloads(max_rate_bytes=1)

    async def run():
        client = Client()
        task = asyncio.create_task(answer(body(path, downloads=downloads), client))
        await settled()
        client.gone.set()
        async with asyncio.timeout(60):  # its next turn comes after an hour
            await task

    asyncio.run(run())
    assert (downloads.count, opened[0].closed) == (0, True)


def left_by(path, downloads, client, *, after):
    """A client that asks for the file, and leaves after it was offered so many messages."""

    async def run():
        task = asyncio.create_task(answer(body(path, downloads=downloads), client))
        async with asyncio.timeout(60):
            while client.offered < after:
                await asyncio.sleep(0.001)
        await settled()
        client.gone.set()
        async with asyncio.timeout(60):
            await task

    asyncio.run(run())


def test_who_leaves_before_its_turn_gives_it_back(path):
    downloads = Downloads(max_rate_bytes=100_000, clock=lambda: 0.0)
    with downloads.opened("ada") as first:
        first.reserve(100_000 * HOUR_S)  # nobody's turn comes while this test runs
        first.count(100_000 * HOUR_S)
    for _ in range(5):
        left_by(path, downloads, Client(), after=1)  # the headers
    with downloads.opened("ada") as honest:
        assert honest.reserve(1) == pytest.approx(HOUR_S, abs=0.001)


def test_who_leaves_in_its_turn_has_had_it(path):
    downloads = Downloads(max_rate_bytes=100_000, clock=lambda: 0.0)
    for _ in range(3):
        left_by(path, downloads, Client(takes=1), after=2)  # the headers, and what it does not take
    with downloads.opened("ada") as honest:
        assert honest.reserve(1) > 0


def test_an_answer_that_is_ended_lets_go_too(path, opened):
    async def run():
        task = asyncio.create_task(answer(body(path), Client(takes=2)))
        await settled()
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task

    asyncio.run(run())
    assert opened[0].closed


def test_a_file_that_became_shorter_is_not_passed_off_as_whole(path, opened, caplog):
    async def run():
        client = Client()
        await answer(body(path, ByteRange(0, len(CONTENT) + 1)), client)
        return client

    client = asyncio.run(run())
    assert client.body == CONTENT
    assert client.sent[-1]["more_body"], "uvicorn closes the connection then"
    assert "expected" in caplog.text


def test_a_file_that_was_removed_is_not_found(path):
    path.unlink()
    with pytest.raises(ArtifactNotFoundError):
        asyncio.run(answer(body(path), Client()))


def test_others_go_on_while_a_client_takes_everything_at_once(path):
    """`send` comes back without a pause where the system has room."""

    async def run():
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        async def send(_):
            pass

        client, task = Client(), asyncio.create_task(other())
        await body(path)({"type": "http"}, client.receive, send)
        task.cancel()
        return turns

    assert asyncio.run(run()) >= len(CONTENT) // MAX_CHUNK_BYTES


# Names


@pytest.mark.parametrize(
    ("name", "plain", "encoded"),
    [
        ("model.mlmodel", "model.mlmodel", "model.mlmodel"),
        ("model.mlpackage/Data/weight.bin", "weight.bin", "weight.bin"),
        ("Blüte 5.bin", "Bl_te 5.bin", "Bl%C3%BCte%205.bin"),
        ("\N{CHERRY BLOSSOM}", "_", "%F0%9F%8C%B8"),
        ('a"b\\c\r\nX: y', "a_b_c__X_ y", "a_b_c__X_%20y"),
        ("100%41", "100_41", "100%2541"),
        ("../..", "_", "_"),
        (".profile", "_profile", "_profile"),
        ("a/", "_", "_"),
        ("gpj\u202e.exe", "gpj_.exe", "gpj_.exe"),
        ("\u200ea\u2066b\u2069\u061c", "_a_b__", "_a_b__"),
        ("model. .", "model_", "model_"),
        ("a.b \n", "a.b _", "a.b%20_"),
    ],
)
def test_names_are_safe_in_both_forms(name, plain, encoded):
    found = disposition(name, "application/octet-stream")
    assert found == f"attachment; filename=\"{plain}\"; filename*=UTF-8''{encoded}"
    assert disposition(name, "text/html; charset=utf-8").startswith("inline; ")
