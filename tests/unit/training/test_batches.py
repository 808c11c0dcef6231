"""The losses of single steps, whatever the chunks they come in."""

import random

import pytest

from quickml.training.batches import MOST_PER_EVENT, MOST_VALUES, StepLosses


def taken(planned, losses, samples, cuts, *, resumed=False):
    """All events of a training whose chunks end at `cuts`."""
    collected, events = StepLosses(planned), []
    for start, end in zip([0, *cuts], [*cuts, len(losses)], strict=True):
        collected.add(losses[start:end], samples[start:end])
        events += collected.take(least=MOST_PER_EVENT)
        if resumed:
            state, collected = collected.state, StepLosses(planned)
            collected.state = (state[0], list(state[1]), list(state[2]))  # as JSON returns it
    collected.finish()
    return [*events, *collected.take()]


@pytest.mark.parametrize(
    ("steps", "every"), [(1, 1), (65, 1), (MOST_VALUES, 1), (MOST_VALUES + 1, 2), (30_001, 4)]
)
def test_values_are_means_that_no_chunk_changes(steps, every):
    chance = random.Random(steps)
    samples = [chance.choice([16, 3]) for _ in range(steps)]
    losses = [chance.uniform(0, 2) * size for size in samples]
    whole = taken(steps, losses, samples, [])
    cuts = sorted(chance.sample(range(steps), min(steps, 20)))
    assert values(taken(steps, losses, samples, cuts)) == values(whole)
    assert values(taken(steps, losses, samples, cuts, resumed=True)) == values(whole)
    assert whole[0].first == 1
    assert {event.every for event in whole} == {every}
    assert all(1 <= len(event.losses) <= MOST_PER_EVENT for event in whole)
    found = [loss for event in whole for loss in event.losses]
    assert len(found) == -(-steps // every) <= MOST_VALUES
    for at, loss in enumerate(found):
        piece = slice(at * every, (at + 1) * every)
        assert loss == pytest.approx(sum(losses[piece]) / sum(samples[piece]), rel=1e-3)


def values(events):
    return [
        (event.first + at * event.every, loss) for event in events for at, loss in enumerate(event.losses)
    ]


def test_losses_are_rounded_to_four_digits():
    (event,) = taken(3, [1.23456789, 1234567.0, float("nan")], [1, 1, 1], [])
    assert event.losses[:2] == (1.235, 1235000.0)
    assert '"losses":[1.235,1235000.0,null]' in event.to_json()
