"""Files in a bucket of S3, found by rows in the database and read through copies on this machine.

`s3://bucket/prefix?endpoint=...`, see `bucket.Location`. The object of a file is
`<prefix>/9f/9f86d081.../<random>`; see `index` for why.
"""

from __future__ import annotations

import io
import re
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

from quickml.errors import ArtifactDamagedError, ArtifactError, ArtifactNotFoundError, CopiesError
from quickml.files.digest import PART_BYTES, Digest, digest
from quickml.storage.addresses import artifact_stores
from quickml.storage.artifacts.cache import DEFAULT_BYTES, PartCache
from quickml.storage.artifacts.index import Entry, FileIndex
from quickml.storage.artifacts.store import (
    SWEEP_AGE_S,
    ArtifactReader,
    ArtifactStore,
    BytesReader,
    Stored,
    checked,
)
from quickml.storage.bucket import Bucket, Location
from quickml.storage.database.engine import Database

AT_ONCE = 4
"""Parts of one file that are fetched at the same time where all of it is needed."""
SHOWN = frozenset({"text/html", "application/json", "text/plain"})
"""Media types that a browser shows. They are never shown from the bucket, whose answers have no policy."""
DELETED_AT_ONCE = 500
_LOCKS = 64


@artifact_stores.opens("s3")
def opened(address: str, database: Database) -> ArtifactStore:
    """The store at `s3://bucket/prefix`."""
    location = Location.of(address)
    cache = location.cache or Path(tempfile.gettempdir()) / f"quickml-{location.bucket}"
    parts = PartCache(cache, location.cache_bytes or DEFAULT_BYTES)
    return S3ArtifactStore(Bucket(location), parts, database)


class S3ArtifactStore:
    """The `ArtifactStore` in a bucket."""

    def __init__(
        self, bucket: Bucket, cache: PartCache, database: Database, clock: Callable[[], float] | None = None
    ) -> None:
        """`clock` replaces that of the database, in tests."""
        now = None if clock is None else lambda: datetime.fromtimestamp(clock(), UTC)
        self._bucket, self._cache = bucket, cache
        self._now: Callable[[], datetime] = now or database.now
        self._index = FileIndex(database, now)
        self._fetching = [threading.Lock() for _ in range(_LOCKS)]

    def put(self, path: Path) -> Stored:
        """See `ArtifactStore`. The bucket compares a SHA-256 of what has arrived."""
        with _reading(path), path.open("rb") as source:
            checksums = digest(source)
        return self.put_known(path, checksums)

    def put_known(self, path: Path, checksums: Digest, *, saved_as: str = "") -> Stored:
        """Store a file whose checksums were just computed, to be saved under its name or another one."""
        saved_as = re.sub(r"[^\w.-]", "_", saved_as or path.name, flags=re.ASCII)
        key = self._index.begin(checksums, saved_as)
        with _reading(path):
            content = path.read_bytes() if checksums.size_bytes <= PART_BYTES else path
            self._bucket.put(key, content, saved_as=saved_as)
        try:
            stored_at = self._index.complete(key)
        except ArtifactError:
            self._bucket.delete([key])
            raise
        return Stored(sha256=checksums.sha256, size_bytes=checksums.size_bytes, stored_at=stored_at)

    def stat(self, sha256: str) -> Stored:
        """See `ArtifactStore`. The database knows."""
        return self._index.find(checked(sha256)).stored

    def checksums(self, sha256: str) -> Digest:
        """See `ArtifactStore`."""
        return self._index.checksums(self._index.find(checked(sha256)))

    def open(self, sha256: str, start: int = 0, stop: int | None = None) -> ArtifactReader:
        """See `ArtifactStore`. The first part is here when this returns."""
        entry = self._index.find(checked(sha256))
        parts = _Parts(entry, self._index.checksums(entry), self._part)
        size = entry.stored.size_bytes
        return PartReader(parts, min(start, size), size if stop is None else min(stop, size))

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        """See `ArtifactStore`. A file of its own, made of the parts."""
        entry = self._index.find(checked(sha256))
        parts = _Parts(entry, self._index.checksums(entry), self._part)
        with ExitStack() as stack:
            with self._translated():
                path = stack.enter_context(self._cache.lent(entry.stored.size_bytes))
                with self._cache.room(entry.stored.size_bytes):
                    parts.write(path)
                path.chmod(0o400)
            yield path

    def redirect_url(self, sha256: str, *, name: str, media_type: str, expires_s: int) -> str | None:
        """See `ArtifactStore`. Only for files that browsers save, under the name that they were put with."""
        entry = self._index.find(checked(sha256))
        if media_type.partition(";")[0].strip() in SHOWN or entry.saved_as != name:
            return None
        return self._bucket.link(entry.key, expires_s)

    def relative_path(self, sha256: str) -> None:
        """See `ArtifactStore`."""
        checked(sha256)

    def delete(self, sha256: str, *, is_needed: Callable[[], bool] = lambda: False) -> None:
        """See `ArtifactStore`. What is put after the keys were read has another one."""
        keys = self._index.keys(checked(sha256))
        if not is_needed():
            self._delete(keys)
            self.forget_copies(sha256)

    def forget_copies(self, sha256: str | None = None) -> None:
        """See `ArtifactStore`."""
        with self._translated():
            self._cache.remove_abandoned()
            self._cache.make_room()
            gone = self._index.lost(self._cache.files()) if sha256 is None else {checked(sha256)}
            for one in gone:
                self._cache.forget(one)

    def sweep(self, keep: set[str], *, age_s: float = SWEEP_AGE_S) -> set[str]:
        """See `ArtifactStore`."""
        keys, removed = self._index.superfluous(keep, self._now() - timedelta(seconds=age_s))
        self._delete(keys)
        self.forget_copies()
        return removed

    def usage_bytes(self) -> int:
        """See `ArtifactStore`."""
        return self._index.usage_bytes()

    def free_bytes(self) -> None:
        """See `ArtifactStore`."""
        return

    def _delete(self, keys: list[str]) -> None:
        """First the objects, then their rows."""
        for place in range(0, len(keys), DELETED_AT_ONCE):
            some = keys[place : place + DELETED_AT_ONCE]
            self._bucket.delete(some)
            self._index.remove(some)

    def _part(self, parts: _Parts, number: int, start: int) -> ArtifactReader:
        """Reads a part from `start` to its end. One thread fetches it, and the others wait."""
        sha256 = parts.entry.stored.sha256
        with self._translated():
            if reader := self._cache.reader(sha256, number, start):
                return reader
        with self._fetching[hash((sha256, number)) % _LOCKS]:
            with suppress(OSError):
                if reader := self._cache.reader(sha256, number, start):
                    return reader
            content = self._fetched(parts, number)
            with suppress(OSError):  # no room for a copy
                self._cache.keep(sha256, number, content)
                if reader := self._cache.reader(sha256, number, start):
                    return reader
        return BytesReader(content[start:])

    def _fetched(self, parts: _Parts, number: int) -> bytes:
        """A part from the bucket.

        Raises:
            ArtifactDamagedError: it is not what was stored.
        """
        stored = parts.entry.stored
        first = number * PART_BYTES
        last = min(first + PART_BYTES, stored.size_bytes)
        try:
            content = self._bucket.get(parts.entry.key, first, last)
        except FileNotFoundError:
            entry = self._index.find(stored.sha256)  # it may have been put again, and the older one removed
            if entry.key == parts.entry.key:
                raise ArtifactNotFoundError(stored.sha256) from None
            parts.entry = entry
            return self._fetched(parts, number)
        found = digest(io.BytesIO(content)).sha256
        if found != parts.checksums.parts[number]:
            raise ArtifactDamagedError(
                stored.sha256, found=f"{len(content)} bytes with sha256 {found} at {first}"
            )
        return content

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise CopiesError(f"the folder for copies of files failed ({error.strerror})") from error


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArtifactError(f"{path}: expected a file to store ({error.strerror})") from error


class _Parts:
    """The parts of a file that is read."""

    def __init__(
        self, entry: Entry, checksums: Digest, open_part: Callable[[_Parts, int, int], ArtifactReader]
    ) -> None:
        self.entry, self.checksums, self._open = entry, checksums, open_part

    @property
    def numbers(self) -> range:
        return range(len(self.checksums.parts))

    def open(self, number: int, start: int) -> ArtifactReader:
        """Reads a part from `start` to its end."""
        return self._open(self, number, start)

    def write(self, path: Path) -> None:
        """Write all of them to a file, some at a time; after an error, no more of them.

        Raises:
            OSError: the disk refuses.
        """
        writing = threading.Lock()
        with path.open("wb") as file, ThreadPoolExecutor(AT_ONCE, thread_name_prefix="parts") as pool:
            copies = [pool.submit(self._copy, number, file, writing) for number in self.numbers]
            try:
                for copy in copies:
                    copy.result()
            finally:
                pool.shutdown(cancel_futures=True)

    def _copy(self, number: int, file: io.BufferedWriter, writing: threading.Lock) -> None:
        with self.open(number, 0) as reader:
            content = reader.read()
        with writing:
            file.seek(number * PART_BYTES)
            file.write(content or b"")


class PartReader(ArtifactReader):
    """Reads part after part. Each is fetched when the one before it was read."""

    def __init__(self, parts: _Parts, start: int, stop: int) -> None:
        """Open the first part."""
        self._parts, self._position, self._stop = parts, start, stop
        self._number = -1
        self._part: ArtifactReader | None = None
        if start < stop:
            self._turn()

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """See `ArtifactReader`."""
        if (left := self._left) <= 0:
            return 0
        with memoryview(buffer) as view:
            count = self._turn().readinto(view[:left])
        return self._counted(count)

    def read_cached(self, size: int) -> memoryview | None:
        """See `ArtifactReader`."""
        if self._part is None or self._position // PART_BYTES != self._number or self._left <= 0:
            return None if self._left > 0 else memoryview(b"")
        found = self._part.read_cached(min(size, self._left))
        if found is not None:
            self._counted(len(found))
        return found

    def close(self) -> None:
        """Close the part that is open."""
        if self._part is not None:
            self._part.close()
        super().close()

    @property
    def _left(self) -> int:
        """Bytes to the end of the part, or of the range."""
        return min(self._stop - self._position, PART_BYTES - self._position % PART_BYTES)

    def _turn(self) -> ArtifactReader:
        """The part at the position."""
        number, start = divmod(self._position, PART_BYTES)
        if self._part is None or number != self._number:
            if self._part is not None:
                self._part.close()
            self._part, self._number = self._parts.open(number, start), number
        return self._part

    def _counted(self, count: int) -> int:
        if not count:
            raise ArtifactError("a copy of a stored file ends too early")
        self._position += count
        return count
