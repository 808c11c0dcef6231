"""`quickml cluster`."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

from quickml import composition, logs
from quickml.cli.display.output import say
from quickml.cli.endings import counted_endings
from quickml.errors import LauncherError
from quickml.launchers.keeper import LOOK_S, SeatKeeper
from quickml.launchers.launcher import Launcher, SeatKind
from quickml.launchers.ray.launcher import RayLauncher
from quickml.launchers.ray.messages import RayOptions
from quickml.launchers.scaling import Scale
from quickml.settings import Settings, WorkerSettings, flags

log = logging.getLogger(__name__)

SLACK_S = 10.0
"""For Ray to notice that a seat has ended."""


@dataclass(frozen=True, kw_only=True)
class ClusterAsked:
    """Options that are of this command alone."""

    address: str
    least: int
    most: int
    least_gpu: int
    most_gpu: int
    cpus: float
    idle_s: float


def keep_seats(settings: Settings, asked: ClusterAsked, *, options: Collection[str]) -> None:
    """Keep seats until a signal ends the process, and end them; at once at a second signal.

    `options` are the settings that are passed on to the workers.

    Raises:
        LauncherError: the cluster cannot be used, or the workers could not share the database.
        StoreError: the database cannot be used, or this release does not fit it.
    """
    if settings.storage.database is None:
        raise LauncherError(
            "expected a database that other machines reach, --database postgresql://..., found none"
        )
    logs.configure(style=settings.server.log_format, level=settings.server.log_level)
    launcher = RayLauncher(_ray_options(settings, asked, options))
    ended = counted_endings()
    try:
        with composition.keeper(settings, launcher, seat_kinds(asked, settings.workers)) as keeper:
            say(f"QuickML cluster  {asked.address}", f"database         {settings.storage.database}")
            while not ended():
                keeper.step()
                time.sleep(LOOK_S)
            _drain(keeper, launcher, ended, settings.workers.grace_s + SLACK_S)
    finally:
        launcher.close()


def _ray_options(settings: Settings, asked: ClusterAsked, options: Collection[str]) -> RayOptions:
    names = [name for name in options if name != "express_workers"]  # of which each kind has its own
    return RayOptions(address=asked.address, options=("--seats", "1", *flags(settings, names)))


def seat_kinds(asked: ClusterAsked, workers: WorkerSettings) -> dict[SeatKind, Scale]:
    """The kinds of seats, and how many there may be of each.

    Ray shows an actor the GPU that it shares with others, and knows four digits of its part.
    """
    threads = ("--worker-threads", str(max(1, int(asked.cpus))))
    plain, short = ("--express-workers", "0"), ("--express-workers", "1")
    express = min(asked.most, workers.express_workers)
    kind = SeatKind(cpus=asked.cpus, options=(*threads, *plain, "--gpus", "0"))
    kinds = {kind: _scale(asked, asked.least, asked.most - express)}
    if express:
        kind = SeatKind(
            name="express", cpus=asked.cpus, is_express=True, options=(*threads, *short, "--gpus", "0")
        )
        kinds[kind] = _scale(asked, 0, express)
    if asked.most_gpu:
        part = math.floor(10_000 / workers.seats_per_gpu) / 10_000
        kind = SeatKind(name="gpu", cpus=asked.cpus, gpus=part, options=(*threads, *plain, "--gpus", "1"))
        kinds[kind] = _scale(asked, asked.least_gpu, asked.most_gpu)
    return kinds


def _scale(asked: ClusterAsked, least: int, most: int) -> Scale:
    return Scale(least=min(least, most), most=most, idle_s=asked.idle_s)


def _drain(keeper: SeatKeeper, launcher: Launcher, ended: Callable[[], int], longest_s: float) -> None:
    keeper.drain()
    until = time.monotonic() + longest_s
    while launcher.seats() and launcher.is_connected and ended() < 2 and time.monotonic() < until:
        launcher.tend()
        time.sleep(LOOK_S / 5)
    if left := len(launcher.seats()):
        log.warning("%d seats are ended at once", left)
