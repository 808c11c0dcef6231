import io

import numpy as np
import pytest

from quickml.film import Film, Part, Reel
from quickml.film.records import record

PARTS = [Part(name="probes", shape=(2, 3), kind="fixed"), Part(name="weights", shape=(3,), kind="float16")]


class Received:
    """A sink that keeps what it was given, as a server would."""

    def __init__(self):
        self.started = 0

    def start(self, head):
        self.head, self.bodies = head, {}
        self.started += 1

    def note(self, head):
        self.head = head

    def add(self, number, body):
        assert number > max(self.bodies, default=-1)
        self.bodies[number] = body

    def drop(self, numbers):
        for number in numbers:
            del self.bodies[number]

    def film(self):
        return Film.read(self.head + b"".join(record(*item) for item in self.bodies.items()))


def take(reel, number):
    values = np.random.default_rng(number).random(9, np.float32)
    reel.add(number, number / 10, {"probes": values[:6].reshape(2, 3), "weights": values[6:]})


def record_steps(reel, numbers, last=None):
    for number in numbers:
        if reel.wants_next():
            take(reel, number)
    if last is not None and reel.numbers[-1] != last:
        take(reel, last)


@pytest.mark.parametrize(
    ("opportunities", "spacing"), [(1, 1), (10, 1), (240, 1), (241, 2), (480, 2), (481, 4), (10_000, 64)]
)
def test_thinning(opportunities, spacing):
    sink = Received()
    reel = Reel({}, PARTS, sink)
    record_steps(reel, range(0, 5 * opportunities, 5), last=5 * opportunities - 5)
    steps = [*range(0, 5 * opportunities, 5 * spacing)]
    last = 5 * opportunities - 5
    expected = steps if steps[-1] == last else [*steps, last]
    if len(expected) > 240:
        del expected[-3]  # the last frame replaces one
    assert list(reel.numbers) == expected
    assert len(expected) <= 240
    film = Film.read(reel.to_bytes())
    assert [frame.number for frame in film.frames] == expected
    for ours, theirs in zip(film.frames, sink.film().frames, strict=True):
        assert (ours.number, ours.loss) == (theirs.number, theirs.loss)
        assert all(np.array_equal(ours.parts[name], theirs.parts[name]) for name in ours.parts)
        values = np.random.default_rng(ours.number).random(9, np.float32)
        assert np.abs(ours.parts["probes"].ravel() - values[:6]).max() <= 1.0001 / 63


@pytest.mark.parametrize("count", [1, 239, 240, 241, 300])
def test_the_last_step_and_the_restored_weights_are_kept(count):
    reel = Reel({}, PARTS)
    record_steps(reel, range(count), last=count - 1)
    take(reel, count)
    assert len(reel.numbers) <= 240
    assert reel.numbers[0] == 0
    assert reel.numbers[-2:] == (count - 1, count)


def test_facts_that_are_known_at_the_end_reach_the_file_and_the_sink():
    sink = Received()
    reel = Reel({"epochs": 2, "steps_per_epoch": 2}, PARTS, sink)
    record_steps(reel, range(5), last=5)
    assert Film.read(reel.to_bytes()).restored is None
    reel.note(restored=5)
    for film in (Film.read(reel.to_bytes()), sink.film()):
        assert film.restored == 5
        assert len(film.frames) == 6
        assert [film.epoch(frame.number) for frame in film.frames] == [0, 1, 1, 2, 2, 2]
    assert sink.started == 1  # readers of the sink never find a part of the film
    assert Film.read(Reel({}, PARTS).to_bytes()).epoch(3) is None


def test_only_frames_that_will_stay_are_wanted():
    reel = Reel({}, PARTS)
    record_steps(reel, range(241))
    assert [reel.wants_next() for _ in range(4)] == [False, True, False, True]


@pytest.mark.parametrize("killed_at", [0, 1, 100, 239, 240, 241, 479, 600])
def test_a_resumed_recording_gives_the_same_film(killed_at):
    undisturbed = Reel({"epochs": 3}, PARTS)
    record_steps(undisturbed, range(700), last=699)

    first, sink = Reel({"epochs": 3}, PARTS), Received()
    record_steps(first, range(killed_at))
    stored = io.BytesIO()
    np.savez(stored, **first.state())
    resumed = Reel({"epochs": 3}, PARTS, sink)
    stored.seek(0)
    resumed.restore(np.load(stored, allow_pickle=False))
    assert sink.started == 2
    assert tuple(sink.bodies) == resumed.numbers == first.numbers
    record_steps(resumed, range(killed_at, 700), last=699)
    assert resumed.to_bytes() == undisturbed.to_bytes()
    assert [frame.number for frame in sink.film().frames] == list(undisturbed.numbers)


def test_another_state_is_refused():
    reel = Reel({"epochs": 3}, PARTS)
    record_steps(reel, range(5))
    state = reel.state()
    for wrong in (
        {},
        state | {"film": state["film"][:-1]},
        state | {"due": state["due"][:-1]},
        state | {"counts": state["counts"][:1]},
        Reel({"epochs": 4}, PARTS).state(),
    ):
        fresh = Reel({"epochs": 3}, PARTS)
        with pytest.raises(ValueError, match="state of a film: expected"):
            fresh.restore(wrong)
        assert fresh.numbers == ()
