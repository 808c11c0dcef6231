"""A file on its way: it takes its name when all of it is here, on disk, and has the right sha256."""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Generator, Mapping
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

from quickml.client import endpoints
from quickml.client.download.names import check_plain
from quickml.client.download.partial import PIECE_BYTES, Content, Part, disk, taken
from quickml.client.download.progress import Doing, OnProgress, Progress, untold
from quickml.client.download.range_answer import NOT_FOUND, NOT_SATISFIABLE, PARTIAL, WHOLE, misfit
from quickml.client.download.repair import Repair
from quickml.client.endpoints import Call
from quickml.client.records import Artifact
from quickml.client.retry import Answer, Attempts, Contact
from quickml.errors import ResultError, ServiceError, UnreachableError
from quickml.files.lock import Lock

MARGIN_BYTES = 4 << 20
"""What a download leaves free on a disk."""
POLL_S = 0.1
"""How often to look whether somebody else who fetches the same file is done."""
MISFITS = 2
"""So many answers of another kind one after the other may have been damaged, or be of somebody on the way."""


class Landing(Attempts):
    """A context in which one file is fetched. What has come stays behind as a `Part`, to be gone on with.

    A caller does in turn what is due: `work` until there is none, then the request of `call`, whose answer is
    handed over with `accept`, `write` and `finish`. Nothing here waits, or knows the network.
    """

    def __init__(self, content: Content, place: Path, contact: Contact, told: OnProgress = untold) -> None:
        super().__init__(contact)
        self.path = place
        self.is_open = False
        self._content, self._told = content, told
        self._part = Part(place, content)
        self._lock = Lock(place.with_name(f".{place.name}.lock"))
        self._steps: Generator[float, None, None] = self._begin()
        self._repair: Repair | None = None
        self._hash = hashlib.sha256()
        self._has_started_over = self._has_begun_anew = False
        self._misfits = 0
        self._doing: Doing = "checking"
        self._checked_bytes = self._fetched_bytes = self._most_bytes = 0

    def __enter__(self) -> Self:
        with disk(self.path):
            self.path.parent.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._part.close()
        finally:
            self._lock.release()

    # What needs no network

    def work(self) -> float | None:
        """Do the next piece of what needs no network: some milliseconds, and more where a disk is waited for.

        Returns how many seconds to wait before the next piece; None when a request is due, or it is over.

        Raises:
            ResultError: the disk refuses or is full, or another file has the name.
            ServiceError: what came is not what was announced, and cannot be had.
        """
        return next(self._steps, None)

    def _begin(self) -> Generator[float, None, None]:
        with disk(self.path):
            while not self._lock.take():
                self._doing = "waiting"
                yield POLL_S
        self._doing = "checking"
        if (yield from is_there(self.path, self._content)):
            self._part.discard()
            self._checked_bytes, self.is_over = self._content.size_bytes, True
            return
        self._part.open()
        if self._is_whole:
            yield from self._check()
            return
        check_room(self.path, self._content.size_bytes - self._part.size_bytes)
        yield from self._read()
        self._doing, self._most_bytes = "fetching", self._part.size_bytes

    def _read(self) -> Generator[float, None, None]:
        self._hash, self._checked_bytes = hashlib.sha256(), 0
        for piece in self._part.pieces():
            self._hash.update(piece)
            self._checked_bytes += len(piece)
            yield 0.0

    def _check(self, *, is_read: bool = False) -> Generator[float, None, None]:
        """All bytes are here: publish them, or find out what is wrong. `is_read`: they are hashed already."""
        if not is_read:
            self._doing = "checking"
            yield from self._read()
        if self._hash.hexdigest() == self._content.sha256:
            self._part.publish()
            self._checked_bytes, self.is_over = self._content.size_bytes, True
        elif self._repair is None:
            self._doing, self._repair = "repairing", Repair(self._content, self._part)
        else:
            raise self._hopeless()

    def _compare(self, repair: Repair) -> Generator[float, None, None]:
        yield from repair.compare()
        if repair.is_done:  # each part is what it should be, and the whole is not
            raise self._hopeless()

    def _keep(self) -> Generator[float, None, None]:
        self._part.keep()
        yield 0.0

    # What does

    def call(self) -> Call[None]:
        """The request for what is missing."""
        asks_whole = self._misfits == MISFITS
        if self._repair is not None and not asks_whole:
            return self._repair.call()
        first, etag = 0 if asks_whole else self._part.size_bytes, self._part.etag
        return endpoints.file(self._content.sha256, self._content.name, first=first, etag=etag)

    def accept(self, status: int, headers: Mapping[str, str]) -> bool:
        """Whether this answer is to be handed over piece by piece; otherwise to `refuse`, once it is whole.

        `is_open` says whether more of it is worth reading.

        Raises:
            ServiceError: it holds other bytes than were asked for, again and again.
        """
        self._contact.has_answered = True
        asks_list = self._repair is not None and not self._repair.has_list
        if status not in (WHOLE, PARTIAL) or (asks_list and status != WHOLE):
            return False
        wrong = None if asks_list else misfit(status, headers, self._span, self._content.size_bytes)
        self.is_open = wrong is None
        if wrong is not None:
            self._take_misfit(*wrong)
            return True
        self._misfits = 0
        if status == WHOLE and not asks_list:
            self._begin_anew(headers)
        return True

    @property
    def _span(self) -> tuple[int, int]:
        """The first and the last byte that are wanted next."""
        return self._repair.span if self._repair else (self._part.size_bytes, self._content.size_bytes - 1)

    def _take_misfit(self, expected: str, found: str) -> None:
        """Ask once more, then for the whole file. Nothing is thrown away until an answer fits."""
        self._misfits += 1
        if self._misfits > MISFITS:
            raise self._misfit(expected, found)
        self._break(expected, found)

    def _begin_anew(self, headers: Mapping[str, str]) -> None:
        """The answer is the file from its beginning, whatever of it was asked for."""
        if self._repair is not None:
            self._count_start(self._misfit("the part that was asked for", "the whole file"))
        if self._most_bytes and not self._has_begun_anew:  # again and again would be moving in circles
            self._has_begun_anew, self._most_bytes = True, 0
        self._reset()
        self._part.name(headers.get("etag"))

    def write(self, content: bytes) -> None:
        """Take the next bytes; of a file no more than are missing, as the sha256 decides.

        Raises:
            ResultError: the disk refuses, or is full.
        """
        self._fetched_bytes += len(content)
        if self._repair is not None:
            self.is_open = self._repair.write(content)
        else:
            self._append(content[: self._content.size_bytes - self._part.size_bytes])
        self.tell()

    def _append(self, content: bytes) -> None:
        self._part.write(content)
        self._hash.update(content)
        self.is_open = not self._is_whole
        if self._part.size_bytes > self._most_bytes:
            self._most_bytes = self._part.size_bytes
            self._patience.renew()

    def finish(self) -> None:
        """The answer is at its end.

        Raises:
            ServiceError: a part of it was damaged too often.
        """
        if self._misfits:  # nothing of it was taken
            return
        if self._repair is not None:
            self._finish_repair(self._repair)
        elif self._is_whole:
            self._steps = self._check(is_read=True)
        else:  # a proxy may end an answer early, and well
            self._break(f"{self._content.size_bytes:,} bytes", f"{self._part.size_bytes:,}")
        self.is_open = False

    def _finish_repair(self, repair: Repair) -> None:
        if not repair.has_list:
            self._take_list(repair)
        elif repair.take_part():
            self._patience.renew()
            if repair.is_done:
                self._steps = self._check()
        else:
            self._break("a part of the file", "a damaged one")

    def _take_list(self, repair: Repair) -> None:
        try:
            is_list = repair.take_list()
        except ServiceError:
            self._start_over(self._damage())
            return
        if is_list:
            self._patience.renew()  # the comparing takes its time
            self._steps = self._compare(repair)
        else:
            self._break("a list of its parts", "something else")

    def lose(self, error: UnreachableError) -> None:
        """See `Attempts`. Where all bytes are here, nothing is lost."""
        self.is_open = False
        if self._repair is None and self._is_whole:
            self._steps = self._check(is_read=True)
            return
        if self._repair is None and self._part.size_bytes:
            self._steps = self._keep()
        super().lose(error)

    def refuse(self, answer: Answer) -> None:
        """See `Attempts`."""
        asks_list = self._repair is not None and not self._repair.has_list
        asks_range = self._part.size_bytes > 0 and not asks_list
        if asks_list and answer.status == NOT_FOUND:  # an older server
            self._start_over(self._damage())
        elif asks_range and answer.status == NOT_SATISFIABLE:
            self._start_over(self._misfit("the range that is missing", "that there is none"))
        else:
            super().refuse(answer)

    # Starting over

    def _start_over(self, error: ServiceError) -> None:
        """From nothing, once."""
        self._count_start(error)
        self._reset()
        self._most_bytes = 0
        super().lose(UnreachableError(str(error), was_sent=True))

    def _count_start(self, error: ServiceError) -> None:
        if self._has_started_over:
            self._part.discard()
            raise error
        self._has_started_over = True

    def _reset(self) -> None:
        self._part.restart()
        self._repair, self._hash, self._doing = None, hashlib.sha256(), "fetching"

    def _hopeless(self) -> ServiceError:
        self._part.discard()
        return self._damage()

    def _damage(self) -> ServiceError:
        return self._misfit(f"sha256 {self._content.sha256}", self._hash.hexdigest())

    def _break(self, expected: str, found: str) -> None:
        self.lose(UnreachableError(str(self._misfit(expected, found)), was_sent=True))

    def _misfit(self, expected: str, found: str) -> ServiceError:
        return ServiceError(f"{self._content.name}: expected {expected}, found {found}")

    @property
    def _is_whole(self) -> bool:
        return self._part.size_bytes == self._content.size_bytes

    # What is told

    def tell(self) -> None:
        """Tell how far it is."""
        match self._doing:
            case "checking" | "waiting":
                done_bytes = self._checked_bytes
            case "fetching":
                done_bytes = self._part.size_bytes
            case "repairing":
                missing_bytes = self._repair.missing_bytes if self._repair else 0
                done_bytes = self._part.size_bytes - missing_bytes
        self._told(
            Progress(
                name=self._content.name, size_bytes=self._content.size_bytes, done_bytes=done_bytes,
                fetched_bytes=self._fetched_bytes, doing=self._doing,
            )
        )  # fmt: skip


def content_of(artifact: Artifact) -> Content:
    """What an artifact is to hold.

    Raises:
        ServiceError: the server names it in a way that is no plain file name.
    """
    check_plain(artifact.name)
    return Content(name=artifact.name, sha256=artifact.sha256, size_bytes=artifact.size_bytes)


def is_there(place: Path, content: Content) -> Generator[float, None, bool]:
    """Whether the very file is there already; stops after each piece of reading, for 0 seconds.

    Raises:
        ResultError: another one is; it is not written over.
    """
    with disk(place):
        if not os.path.lexists(place):
            return False
        if not place.is_file() or place.stat().st_size != content.size_bytes:
            raise taken(place)
        with place.open("rb") as stream:
            digest = yield from _digest(stream)
    if digest != content.sha256:
        raise taken(place)
    return True


def _digest(stream: BinaryIO) -> Generator[float, None, str]:
    found = hashlib.sha256()
    while piece := stream.read(PIECE_BYTES):
        found.update(piece)
        yield 0.0
    return found.hexdigest()


def check_room(place: Path, missing_bytes: int) -> None:
    """Whether the disk can take what is missing.

    Raises:
        ResultError: it cannot.
    """
    if missing_bytes <= 0:
        return
    with disk(place):
        free_bytes = shutil.disk_usage(place.parent).free
    needed_bytes = missing_bytes + MARGIN_BYTES
    if free_bytes < needed_bytes:
        raise ResultError(f"{place}: expected {needed_bytes:,} free bytes on the disk, found {free_bytes:,}")
