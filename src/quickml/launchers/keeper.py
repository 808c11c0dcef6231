"""Keeps as many seats at a launcher as the queue needs."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from quickml.errors import StoreError
from quickml.jobs.hosts import Hosts, HostState
from quickml.jobs.ids import new_id
from quickml.jobs.job import Limits
from quickml.jobs.jobs import JobStore
from quickml.launchers.launcher import EndedSeat, Launcher, SeatKind
from quickml.launchers.needs import Needs, needs_of
from quickml.launchers.scaling import LaunchedSeat, Need, Scale, SeatState, change

log = logging.getLogger(__name__)

LOOK_S = 1.0
"""How often the queue and the hosts are looked at."""
LONGEST_PAUSE_S = 60.0
"""Longest pause before seats are started again, after those before have failed."""


@dataclass
class _Held:
    """What is remembered of a seat."""

    kind: SeatKind
    unused_since: float
    has_joined: bool = False
    is_drained: bool = False


class SeatKeeper:
    """Starts and ends seats. Call `step` again and again, from one thread."""

    def __init__(
        self,
        launcher: Launcher,
        hosts: Hosts,
        jobs: JobStore,
        *,
        kinds: Mapping[SeatKind, Scale],
        limits: Limits,
        short_s: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep seats at `launcher` for the queue of a database, whose workers keep `limits`.

        There are to be as many seats of each of the `kinds` as its scale allows. Express seats take jobs of
        an estimated duration of at most `short_s`.
        """
        self._launcher, self._hosts, self._jobs = launcher, hosts, jobs
        self._kinds, self._limits, self._short_s, self._clock = kinds, limits, short_s, clock
        self._held: dict[str, _Held] = {}
        self._failures, self._not_before = 0, float("-inf")
        self._trouble = ""

    def step(self) -> None:
        """Look once, and start or end seats.

        Raises:
            LauncherError: the launcher was never connected, and cannot be.
        """
        self._forget(self._launcher.tend())
        try:
            states = {state.host.id: state for state in self._hosts.states()}
            waiting = self._jobs.waiting(self._limits, short_s=self._short_s)
            needs = needs_of(waiting, states, self._held)
        except StoreError as error:
            self._log_trouble(str(error))
            return
        self._log_trouble("")
        for kind in self._kinds:
            self._change(kind, states, self._need(kind, needs, states))

    def drain(self) -> None:
        """Ask all seats to end in order. Those that are started meanwhile are not asked."""
        for host_id in self._launcher.seats():
            self._drain(host_id)

    def _need(self, kind: SeatKind, needs: Needs, states: Mapping[str, HostState]) -> Need:
        if kind.gpus:
            return needs.gpu
        return needs.of_express(self._room(states)) if kind.is_express else needs.plain

    def _room(self, states: Mapping[str, HostState]) -> int:
        """Seats for all jobs that run nothing, or can still be started."""
        most = sum(scale.most for kind, scale in self._kinds.items() if not (kind.gpus or kind.is_express))
        used = (
            self._state(held, states.get(host_id)) in (SeatState.BUSY, SeatState.LEAVING)
            for host_id, held in self._held.items()
            if not (held.kind.gpus or held.kind.is_express)
        )
        return max(0, most - sum(used))

    def _change(self, kind: SeatKind, states: Mapping[str, HostState], need: Need) -> None:
        now = self._clock()
        mine = [host_id for host_id in self._launcher.seats() if self._held[host_id].kind == kind]
        seats = [self._seat(host_id, states.get(host_id), now) for host_id in mine]
        todo = change(seats, self._kinds[kind], need)
        started = todo.start if self._launcher.is_connected and now >= self._not_before else 0
        for _ in range(started):
            host_id = new_id("host", datetime.now(UTC))
            self._held[host_id] = _Held(kind=kind, unused_since=now)
            self._launcher.start(host_id, kind)
        for host_id in todo.drain:
            self._drain(host_id)
        if started or todo.drain:
            log.info(
                "%d seats (%s), %d jobs could begin: %d started, %d ended",
                len(seats), kind.name, need.startable, started, len(todo.drain),
            )  # fmt: skip

    def _seat(self, host_id: str, state: HostState | None, now: float) -> LaunchedSeat:
        held = self._held[host_id]
        is_live = state is not None and state.gone_at is None
        if is_live and not held.has_joined:
            held.has_joined, held.unused_since, self._failures = True, now, 0
        if state is not None and state.runs:
            held.unused_since = now
        return LaunchedSeat(host_id=host_id, state=self._state(held, state), idle_s=now - held.unused_since)

    @staticmethod
    def _state(held: _Held, state: HostState | None) -> SeatState:
        if held.is_drained:
            return SeatState.LEAVING
        if state is None or state.gone_at is not None:
            return SeatState.LEAVING if held.has_joined else SeatState.STARTING
        return SeatState.BUSY if state.runs else SeatState.IDLE

    def _drain(self, host_id: str) -> None:
        self._held[host_id].is_drained = True
        self._launcher.drain(host_id)

    def _forget(self, ended: list[EndedSeat]) -> None:
        failed = []
        for seat in ended:
            held = self._held.pop(seat.host_id)
            if not held.is_drained:
                failed.append(seat)
        if not failed:
            return
        self._failures += 1  # once for all that died together, as with their machine
        pause_s = min(LONGEST_PAUSE_S, 2.0 ** (self._failures - 1))
        self._not_before = self._clock() + pause_s
        reasons = sorted({seat.trouble for seat in failed})
        log.warning("%d seats have ended: %s", len(failed), "; ".join(reasons[:3]))

    def _log_trouble(self, trouble: str) -> None:
        if trouble and trouble != self._trouble:
            log.error("no seats are started or ended: %s", trouble)
        elif self._trouble and not trouble:
            log.warning("the database can be used again")
        self._trouble = trouble
