"""What the queue needs of each kind of seats."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from quickml.jobs.hosts import HostState
from quickml.jobs.job import GPU, Waiting
from quickml.launchers.scaling import Need


@dataclass(frozen=True, kw_only=True)
class Needs:
    """What the queue needs."""

    plain: Need
    """Of seats for jobs that any seat takes."""
    gpu: Need
    """Of seats for jobs that need a GPU."""
    short: int = 0
    """How many of the jobs that could begin on any seat are short."""
    express: int = 0
    """Free seats elsewhere that take only short jobs."""

    def of_express(self, room: int) -> Need:
        """Of seats for short jobs alone.

        They are for those short jobs that find no other seat when the long ones have taken theirs; `room` is
        the number of seats for all jobs that run nothing, or can still be started.
        """
        left = max(0, room + self.plain.free_elsewhere - (self.plain.startable - self.short))
        return Need(startable=self.short, free_elsewhere=left + self.express)


def needs_of(waiting: Waiting, states: Mapping[str, HostState], held: Collection[str]) -> Needs:
    """What the queue needs besides the seats `held`, while hosts are in these states, by their ids.

    Free seats with a GPU that no job needs take the others. Express seats are kept free for short jobs.
    """
    runs = [run for state in states.values() for run in state.runs]
    on_gpu = sum(run.needs == GPU for run in runs)
    for_gpus = max(0, waiting.gpu_seats - on_gpu)
    others = [state for host_id, state in states.items() if host_id not in held]
    elsewhere = sum(state.free_gpu_seats for state in others)
    spare = max(0, sum(state.free_gpu_seats for state in states.values()) - for_gpus)
    plain = sum(max(0, state.free - state.free_gpu_seats - state.host.express_seats) for state in others)
    express = sum(min(state.free, state.host.express_seats) for state in others)
    return Needs(
        plain=Need(startable=max(0, waiting.seats - (len(runs) - on_gpu)), free_elsewhere=plain + spare),
        gpu=Need(startable=for_gpus, free_elsewhere=elsewhere),
        short=waiting.short,
        express=express,
    )
