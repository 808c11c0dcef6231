"""Small films, as a training records them."""

import numpy as np

from quickml.film import Part, Reel
from quickml.jobs.frames import HEAD, UNCHANGED, FilmChange
from quickml.jobs.job import Artifact

HEADER = {"task": "classification", "labels": ["a", "b"], "epochs": 3, "steps_per_epoch": 100}
PARTS = (
    Part(name="probes", shape=(32, 2), kind="fixed"),
    Part(name="weights/w", shape=(40,), kind="float16"),
)


class Changes:
    """A sink that collects what it is told as one change."""

    def __init__(self):
        self.made = UNCHANGED

    def start(self, head):
        self.made = self.made.then(FilmChange(head=head))

    def note(self, head):
        self.made = self.made.then(FilmChange(added={HEAD: head}))

    def add(self, number, body):
        self.made = self.made.then(FilmChange(added={number: body}))

    def drop(self, numbers):
        self.made = self.made.then(FilmChange(dropped=frozenset(numbers)))

    def taken(self):
        made, self.made = self.made, UNCHANGED
        return made


def reel(sink=None):
    return Reel(HEADER, PARTS, sink)


def record(reel, numbers):
    """Add the frames that the reel wants. What is in a frame depends on its number only."""
    for number in numbers:
        if reel.wants_next():
            random = np.random.default_rng(number)
            arrays = {part.name: random.random(part.shape, np.float32) for part in PARTS}
            reel.add(number, number / 1000, arrays)


def film_artifact(job_id, store, path):
    """The artifact of a film at this path, which is stored."""
    stored = store.put(path)
    return Artifact(
        job_id=job_id, name="film.bin", kind="film", size_bytes=stored.size_bytes, sha256=stored.sha256,
        media_type="application/octet-stream",
    )  # fmt: skip


def same(frame, other):
    """Whether two frames have the same number, loss and arrays."""
    return (frame.number, frame.loss) == (other.number, other.loss) and all(
        np.array_equal(frame.parts[name], other.parts[name]) for name in (*frame.parts, *other.parts)
    )
