"""Files put together of pieces: every range is that of the whole, from a folder and from a bucket of a real S3."""

import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import s3_process
from job_examples import opened
from quickml.errors import ArtifactError, ArtifactNotFoundError
from quickml.files.digest import PART_BYTES
from quickml.storage.artifacts.cache import PartCache
from quickml.storage.artifacts.composed import (
    SKIPPED_BYTES,
    ComposedReader,
    Composition,
    FilePiece,
    between,
    length,
)
from quickml.storage.artifacts.filesystem import FilesystemArtifactStore
from quickml.storage.artifacts.s3 import S3ArtifactStore
from quickml.storage.artifacts.store import BytesReader
from quickml.storage.bucket import Bucket, Location

LARGE = os.urandom(2 * PART_BYTES + 12_345)
SMALL = b"small"


@pytest.fixture(params=["folder", pytest.param("s3", marks=s3_process.needs_s3)])
def store(request, tmp_path):
    if request.param == "folder":
        return FilesystemArtifactStore(tmp_path / "store")
    bucket = Bucket(Location.of(s3_process.shared().new()))
    return S3ArtifactStore(bucket, PartCache(tmp_path / "cache"), opened(tmp_path / "quickml.db"))


def put(store, path, content):
    path.write_bytes(content)
    return store.put(path).sha256


def read(open_piece, pieces):
    with ComposedReader(open_piece, tuple(pieces)) as reader:
        return reader.read()


def test_ranges_of_a_store(store, tmp_path):
    large, small = put(store, tmp_path / "large", LARGE), put(store, tmp_path / "small", SMALL)
    pieces = (
        b"head", FilePiece(large, 5, len(LARGE) - 5), b"", b"between", FilePiece(small, 0, 0),
        FilePiece(small, 0, len(SMALL)), FilePiece(large, PART_BYTES, PART_BYTES + 1), b"end",
    )  # fmt: skip
    whole = b"head" + LARGE[5:-5] + b"between" + SMALL + LARGE[PART_BYTES : PART_BYTES + 1] + b"end"
    assert sum(map(length, pieces)) == len(whole)
    assert read(store.open, pieces) == whole
    borders = [0, 1, 4, 5, PART_BYTES, 2 * PART_BYTES, len(whole) - 20, len(whole) - 1, len(whole)]
    for start in borders:
        for stop in borders:
            assert read(store.open, between(pieces, start, stop)) == whole[start:stop]


def test_what_is_lost_is_told_when_it_is_opened(store, tmp_path):
    small = put(store, tmp_path / "small", SMALL)
    pieces = (FilePiece(small, 0, 5), FilePiece("0" * 64, 0, 5))
    with ComposedReader(store.open, pieces) as reader, pytest.raises(ArtifactNotFoundError, match="0000"):
        reader.readall()
    with pytest.raises(ArtifactNotFoundError):
        ComposedReader(store.open, pieces[1:])


def test_a_file_that_is_too_short_is_told(tmp_path):
    store = FilesystemArtifactStore(tmp_path / "store")
    small = put(store, tmp_path / "small", SMALL)
    with ComposedReader(store.open, (FilePiece(small, 3, 9),)) as reader:
        assert reader.read(2) == b"ll"
        with pytest.raises(ArtifactError, match="expected 4 more bytes, found none"):
            reader.read(1)


def test_a_piece_is_opened_when_it_is_its_turn_and_closed_after_it(tmp_path):
    store, readers = FilesystemArtifactStore(tmp_path / "store"), []
    small = put(store, tmp_path / "small", SMALL)

    def open_piece(*piece):
        readers.append(store.open(*piece))
        return readers[-1]

    with ComposedReader(open_piece, (b"a", *[FilePiece(small, 0, 5)] * 3)) as reader:
        assert readers == []
        assert reader.read(3) == b"asm"
        assert len(readers) == 1
        assert reader.read(6) == b"allsma"
        assert [one.closed for one in readers] == [True, False]
    assert all(one.closed for one in readers)
    assert len(readers) == 2


def test_from_memory_comes_only_what_is_there_without_waiting(tmp_path):
    store = FilesystemArtifactStore(tmp_path / "store")
    small = put(store, tmp_path / "small", SMALL)
    with ComposedReader(store.open, (b"head", FilePiece(small, 0, 5))) as reader:
        assert bytes(reader.read_cached(3)) == b"hea"
        assert reader.read_cached(2) is None
        assert reader.read(2) == b"ds"
        assert reader.read_cached(4) in (None, b"mall")


def test_what_is_sent_from_a_file_is_within_one_piece(tmp_path):
    store = FilesystemArtifactStore(tmp_path / "store")
    small = put(store, tmp_path / "small", SMALL)
    with ComposedReader(store.open, (b"head", FilePiece(small, 1, 5), FilePiece(small, 0, 2))) as reader:
        assert reader.cached_part(1) is None, "it is in no file"
        assert reader.read(5) == b"headm"
        assert reader.cached_part(4) is None
        part = reader.cached_part(2)
        assert part is None or (part.offset, len(part)) == (2, 2)
        assert reader.read(5) == (b"allsm"[:5] if part is None else b"lsm")


pieces = st.lists(
    st.one_of(st.binary(max_size=9), st.builds(lambda at, size: (at, at + size), *[st.integers(0, 20)] * 2)),
    max_size=8,
)


@given(pieces=pieces, start=st.integers(0, 100), stop=st.integers(0, 100), size=st.integers(1, 50))
@settings(max_examples=300, deadline=None)
def test_every_range_is_that_of_the_whole(pieces, start, stop, size):
    content = bytes(range(40))
    made = tuple(one if isinstance(one, bytes) else FilePiece("ab" * 32, *one) for one in pieces)
    whole = b"".join(one if isinstance(one, bytes) else content[slice(*one)] for one in pieces)
    asked = tuple(between(made, start, stop))
    assert sum(map(length, asked)) == len(whole[start:stop])
    with ComposedReader(lambda _, start, stop: BytesReader(content[start:stop]), asked) as reader:
        found = b""
        while chunk := reader.read(size):
            assert len(chunk) == min(size, len(whole[start:stop]) - len(found)), "a short read"
            found += chunk
    assert found == whole[start:stop]


@given(pieces=pieces, parts=st.lists(st.binary(min_size=32, max_size=32).map(bytes.hex), max_size=3))
def test_what_it_is_made_of_is_kept_as_text(pieces, parts):
    made = Composition(
        pieces=tuple(
            one if isinstance(one, bytes) else FilePiece(f"{one[0] % 3:064x}", *one) for one in pieces
        ),
        parts=tuple(parts),
    )
    assert Composition.from_json(made.to_json()) == made
    assert made.size_bytes == sum(map(length, made.pieces))
    assert set(made.sources) == {one.sha256 for one in made.pieces if not isinstance(one, bytes)}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"files":["../x"],"pieces":[],"parts":""}',
        '{"files":[],"pieces":[[0,0,1]],"parts":""}',
    ],
)
def test_a_text_of_something_else_is_refused(text):
    with pytest.raises(ArtifactError, match="put together"):
        Composition.from_json(text)


def test_bytes_are_read_as_a_file():
    with io.BufferedReader(BytesReader(b"abcdef"), 2) as reader:
        assert [reader.read(4), reader.read(4), reader.read(4)] == [b"abcd", b"ef", b""]


def test_pieces_that_follow_each_other_closely_are_read_from_one_reader(tmp_path):
    store, readers = FilesystemArtifactStore(tmp_path / "store"), []
    large = put(store, tmp_path / "large", LARGE)

    def open_piece(*piece):
        readers.append((piece, store.open(*piece)))
        return readers[-1][1]

    places = [(0, 10), (10, 500), (600, 700), (65_000, 70_000), (70_000 + SKIPPED_BYTES + 1, 200_000), (0, 5)]
    pieces = [one for start, stop in places for one in (b"between", FilePiece(large, start, stop))]
    expected = b"".join(b"between" + LARGE[start:stop] for start, stop in places)
    for size in (7, 4096, 10**6):
        readers.clear()
        with ComposedReader(open_piece, pieces) as reader:
            found = b""
            while chunk := reader.read_cached(size) or reader.read(size):
                found += chunk
        assert found == expected
        assert [piece[1:] for piece, _ in readers] == [
            (0, 70_000),
            (70_000 + SKIPPED_BYTES + 1, 200_000),
            (0, 5),
        ]
        assert all(one.closed for _, one in readers)
