"""Warm worker processes on this machine: a host, be it that of `quickml serve` or of `quickml worker`.

Its process holds one thread for each of them and imports nothing heavy. When it dies, in whatever way, its
workers do too: see `worker.process`.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from quickml.errors import StoreError
from quickml.executors.claims import EXPRESS_S, Claims
from quickml.executors.executor import Worker
from quickml.executors.heartbeat import BEAT_S, Heartbeat, Wish
from quickml.executors.local.gpus import LIBRARIES_BYTES, NONE_VISIBLE, VISIBLE, GpuSeat
from quickml.executors.local.holder import Holder, boot_id
from quickml.executors.local.supervisor import WorkerLimits, WorkerSupervisor
from quickml.jobs.hosts import SERVER, Host, Hosts
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.jobs.seats import Seat
from quickml.worker.options import WorkerOptions


@dataclass(frozen=True, kw_only=True)
class Express:
    """Seats that take only short jobs, so that these do not wait behind long ones."""

    seats: int = 0
    most_s: float = EXPRESS_S
    """Longest estimated duration of a job."""


NO_EXPRESS = Express()


class LocalExecutor:
    """The `Executor` with processes."""

    def __init__(
        self,
        jobs: JobStore,
        hosts: Hosts,
        limits: WorkerLimits,
        *,
        workers: int,
        scratch: Path,
        kind: str = SERVER,
        express: Express = NO_EXPRESS,
        gpus: Sequence[GpuSeat] = (),
        beat_s: float = BEAT_S,
        trouble: Callable[[], str] = str,
        host_id: str | None = None,
    ) -> None:
        """Let `workers` processes take attempts, and write below the folder `scratch`.

        The last ones have the `gpus`, one each; the first ones are express seats. None is claimed while
        `trouble` names a problem of the storage. Without workers, this host only watches the others. Its id
        is a new one unless it is given, which was never used before then.
        """
        self._holder = Holder(scratch, host_id, boot="" if hosts.are_here else boot_id())
        self._gpus, self._most_s = tuple(gpus)[:workers], express.most_s
        self.host = _host(self._holder.id, kind, hosts, workers=workers, express=express, gpus=self._gpus)
        self._options = self._options_of(limits.options)
        limits = replace(limits, options=self._options)
        self._heartbeat = Heartbeat(
            hosts,
            self.host,
            attempts=self._attempts,
            heed=self._heed,
            offer=self._offer,
            beat_s=beat_s,
            dead=self._holder.dead,
            forget=self._holder.forget,
        )
        self._claims = Claims(
            jobs,
            lambda: self._heartbeat.host_id,
            limits.queue,
            may_claim=lambda: self._heartbeat.may_claim,
            trouble=trouble,
        )
        self._supervisors = [self._supervisor(number, limits, jobs) for number in range(workers)]

    def _supervisor(self, number: int, limits: WorkerLimits, jobs: JobStore) -> WorkerSupervisor:
        place = number - self.host.seats + len(self._gpus)
        gpu = self._gpus[place] if place >= 0 else None
        most_s = self._most_s if number < self.host.express_seats else None
        take = partial(self._claims.take, Seat(most_s=most_s, has_gpu=gpu is not None))
        return WorkerSupervisor(
            number, _limits_with(gpu, limits), jobs, take=take, ended=self._ended, rest=self._claims.rest
        )

    def _options_of(self, options: WorkerOptions) -> WorkerOptions:
        options = replace(options, scratch=self._holder.folder)
        return options if options.imports else replace(options, imports=self.imports)

    @property
    def imports(self) -> Path:
        """Where workers keep what they made of files of users, unless they were given another folder.

        It ends with this host.
        """
        return self._holder.folder / "imports"

    def start(self) -> None:
        """See `Executor`."""
        try:
            self._holder.open()
        except OSError as error:
            raise StoreError(
                f"{self._holder.folder}: the folder cannot be made ({error.strerror})"
            ) from error
        self._heartbeat.beat()  # first of all: what a dead host of this machine held is queued again
        self._heartbeat.start()
        for supervisor in self._supervisors:
            supervisor.start()

    def wake(self) -> None:
        """See `Executor`."""
        self._heartbeat.wake()
        self._offer()

    def _offer(self) -> None:
        self._claims.offer()
        for supervisor in self._supervisors:
            supervisor.wake()

    @property
    def misfit(self) -> str:
        """Why this host may take no attempts from the database; empty if it may."""
        return self._heartbeat.misfit

    def workers(self) -> list[Worker]:
        """See `Executor`."""
        return [supervisor.worker() for supervisor in self._supervisors]

    def close(self, grace_s: float) -> None:
        """See `Executor`."""
        for supervisor in self._supervisors:
            supervisor.close(grace_s)
        for supervisor in self._supervisors:
            if supervisor.is_alive():  # it may never have been started
                supervisor.join()
        self._heartbeat.close()
        if self._heartbeat.is_alive():
            self._heartbeat.join()
            self._heartbeat.leave()
        self._holder.close()

    def hurry(self) -> None:
        """Wait no longer for what `close` waits for. May be called again."""
        for supervisor in self._supervisors:
            supervisor.close(0.0)

    def _attempts(self) -> list[Attempt]:
        # Read once each: their threads set it to None meanwhile.
        return [attempt for supervisor in self._supervisors if (attempt := supervisor.attempt)]

    def _heed(self, attempt: Attempt, wish: Wish) -> None:
        for supervisor in self._supervisors:
            supervisor.heed(attempt, wish)

    def _ended(self, attempt: Attempt) -> None:
        shutil.rmtree(self._options.attempt_folder(attempt), ignore_errors=True)
        self.wake()  # its owner may have another job queued, which another worker could take


def _limits_with(gpu: GpuSeat | None, limits: WorkerLimits) -> WorkerLimits:
    if gpu is None:
        return replace(limits, environment={VISIBLE: NONE_VISIBLE})
    return replace(
        limits,
        environment={VISIBLE: gpu.uuid},
        options=replace(limits.options, gpu_memory_bytes=gpu.memory_bytes),
        memory_bytes=None if limits.memory_bytes is None else limits.memory_bytes + LIBRARIES_BYTES,
    )


def _host(
    host_id: str, kind: str, hosts: Hosts, *, workers: int, express: Express, gpus: Sequence[GpuSeat]
) -> Host:
    return Host(
        id=host_id,
        name=socket.gethostname(),
        kind=kind,
        seats=workers,
        express_seats=min(express.seats, max(0, workers - 1) if kind == SERVER else workers),
        gpus=len({gpu.uuid for gpu in gpus}),
        gpu_seats=len(gpus),
        lease_s=hosts.lease_s,
    )
