"""How many machines a class, a school or an app needs: a simulation made of measured figures.

    python benchmarks/capacity.py --students 30 300 3000 10000 --minutes 10

Each student submits one of the examples at any time in these minutes. It searches for the fewest machines
with which 95 of 100 jobs begin within `--wait` seconds, and prints what those ask of the rest.
It measures nothing: change the figures below when `benchmarks/machines.py` says otherwise on your machines.
"""

from __future__ import annotations

import argparse
import heapq
import math
import random
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from quickml.document import read
from quickml.estimate.estimate import estimate
from quickml.settings import Settings

EXAMPLES = Path(__file__).parents[1] / "examples"
MIX = {
    "iris": (6, 224_000),
    "mnist_cnn": (2, 650_000),
    "spirals": (1, 1_072_000),
    "mnist_resnet": (1, 1_470_000),
}
"""Which examples, how many of ten students submit them, and bytes that such a job stores, with the film.

Their seconds are those of `quickml validate`; the bytes are those of the folder of `quickml run`,
less what a server puts together: the zip, and weights that two files share."""
ONE_CORE = 2.0
"""The estimate is of two cores, a seat has one: an upper bound, as small networks hardly use the second."""
APPEND_MS, JOB_MS = 0.35, 30.0
"""CPU of PostgreSQL: of an append, and of all calls of a job with 25 of them. The bounds of `machines.py`."""
JOB_APPENDS = 25
SUBMIT_MS, DELIVERY_MS = 7.0, 0.07
"""CPU of a server: of a POST, and of an event sent to one client. The bounds of `machines.py`."""
PERCENTILE = 0.95
MOST_SEATS = 1 << 14


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A document that students submit."""

    name: str
    weight: int
    seconds: float
    """On a seat."""
    file_bytes: int = 0


@dataclass(frozen=True, kw_only=True)
class Seats:
    """`express` of all seats take jobs only that are estimated to be short."""

    all: int
    express: int = 0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What happened to the jobs of a simulation."""

    short_waits: Sequence[float]
    long_waits: Sequence[float]
    """Seconds in the queue, sorted."""
    longest_queue: int
    most_running: int
    end_s: float
    file_bytes: int

    @property
    def wait_s(self) -> float:
        """That 95 of 100 jobs do not exceed."""
        return percentile(sorted([*self.short_waits, *self.long_waits]), PERCENTILE)


def kinds(mix: dict[str, tuple[int, int]]) -> list[Kind]:
    """The examples with the seconds and bytes that are estimated for them."""
    found = []
    for name, (weight, size) in mix.items():
        told = estimate(read((EXAMPLES / f"{name}.json").read_text(encoding="utf-8")))
        found.append(Kind(name=name, weight=weight, seconds=told.seconds.total * ONE_CORE, file_bytes=size))
    return found


def simulate(students: int, minutes: float, seats: Seats, what: Sequence[Kind], seed: int = 0) -> Outcome:
    """Jobs arrive, wait in that order, which is that of turns if each owner has one, and run."""
    chance, express_s = random.Random(seed), Settings.of(data=Path()).workers.express_s
    chosen = chance.choices(what, [kind.weight for kind in what], k=students)
    arrivals = sorted(chance.uniform(0, minutes * 60) for _ in range(students))
    free = {True: seats.express, False: seats.all - seats.express}
    queues: dict[bool, deque[tuple[float, Kind]]] = {True: deque(), False: deque()}
    waits: dict[bool, list[float]] = {True: [], False: []}
    ends: list[tuple[float, bool]] = []
    longest = most = 0
    now = 0.0

    def begin(is_short: bool, seat: bool) -> None:
        arrived, kind = queues[is_short].popleft()
        waits[is_short].append(now - arrived)
        free[seat] -= 1
        heapq.heappush(ends, (now + kind.seconds, seat))

    def fill() -> None:
        while free[True] and queues[True]:
            begin(True, seat=True)
        while free[False] and (queues[True] or queues[False]):
            begin(min((q[0][0], short) for short, q in queues.items() if q)[1], seat=False)

    coming = deque(zip(arrivals, chosen, strict=True))
    while coming or ends:
        if coming and (not ends or coming[0][0] <= ends[0][0]):
            now, kind = coming.popleft()
            queues[kind.seconds <= express_s].append((now, kind))
        else:
            now, seat = heapq.heappop(ends)
            free[seat] += 1
        fill()
        longest = max(longest, sum(map(len, queues.values())))
        most = max(most, len(ends))
    return Outcome(
        short_waits=sorted(waits[True]), long_waits=sorted(waits[False]), longest_queue=longest,
        most_running=most, end_s=now, file_bytes=sum(kind.file_bytes for kind in chosen),
    )  # fmt: skip


def rate_per_s() -> float:
    """Appends of a running job: at most, a job whose epochs are quick."""
    return Settings.of(data=Path()).workers.event_rate_per_s


def fewest(
    students: int, minutes: float, wait_s: float, step: int, express: float, what: Sequence[Kind]
) -> Seats:
    """The least number of seats, a multiple of `step`, with which 95 of 100 jobs begin in time."""

    def of(machines: int) -> Seats:
        return Seats(all=machines * step, express=int(machines * step * express))

    low, high = 0, 1
    while simulate(students, minutes, of(high), what).wait_s > wait_s:
        low, high = high, high * 2
        if high * step > MOST_SEATS:
            raise SystemExit(f"error: more than {MOST_SEATS} seats")
    while high - low > 1:
        middle = (low + high) // 2
        if simulate(students, minutes, of(middle), what).wait_s > wait_s:
            low = middle
        else:
            high = middle
    return of(high)


def percentile(values: Sequence[float], share: float) -> float:
    """Of sorted values; 0 of none."""
    return values[min(len(values) - 1, math.ceil(share * len(values)) - 1)] if values else 0.0


def row(students: int, minutes: float, seats: Seats, per_machine: int, found: Outcome, price: float) -> str:
    """One line of the table."""
    machines = seats.all // per_machine
    hours = machines * found.end_s / 3600
    settings = Settings.of(data=Path())
    appends_per_s = found.most_running * rate_per_s()
    cores = (
        appends_per_s * APPEND_MS / 1000
        + students / (minutes * 60) * (JOB_MS - JOB_APPENDS * APPEND_MS) / 1000
    )
    streams = found.most_running + found.longest_queue
    server_ms = appends_per_s * DELIVERY_MS + students / (minutes * 60) * SUBMIT_MS
    servers = max(1 if per_machine >= seats.all else 2, math.ceil(streams / settings.server.watchers))
    over = found.longest_queue > (settings.limits.queue_length or math.inf)
    return (
        f"{students:8} {machines:9} {seats.all:6} {seats.express:8} {servers:8}"
        f" {percentile(found.short_waits, 0.5):7.0f} {percentile(found.short_waits, PERCENTILE):7.0f}"
        f" {percentile(found.long_waits, PERCENTILE):7.0f} {found.longest_queue:6}{'!' if over else ' '}"
        f" {appends_per_s:9.0f} {cores:6.2f} {server_ms / 1000:6.2f} {found.file_bytes / 1e9:6.1f}"
        f" {hours:6.1f}" + (f" {hours * price:8.2f}" if price else "")
    )


HEAD = (
    f"{'':8} {'':9} {'':6} {'':8} {'':8} {'wait, s':>7} {'':7} {'':7} {'':7} {'':9} {'cores of':>13}\n"
    f"{'students':>8} {'machines':>9} {'seats':>6} {'express':>8} {'servers':>8} {'short':>7} {'p95':>7}"
    f" {'long':>7} {'queue':>7} {'appends/s':>9} {'db':>6} {'http':>6} {'GB':>6} {'hours':>6}"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--students", type=int, nargs="+", default=[30, 300, 3000, 10000])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--wait", type=float, default=30, help="seconds within which 95 of 100 jobs begin")
    parser.add_argument("--seats", type=int, default=4, help="of a machine")
    parser.add_argument("--express", type=float, default=0.0, help="share of the seats for short jobs")
    parser.add_argument("--price", type=float, default=0.0, help="of a machine with workers for an hour")
    options = parser.parse_args()
    what = kinds(MIX)
    print(
        *(f"{kind.weight} of 10 submit {kind.name}: {kind.seconds:.0f} s on a seat" for kind in what),
        sep="\n",
    )
    print(HEAD + (f" {'price':>8}" if options.price else ""))
    for students in options.students:
        seats = fewest(students, options.minutes, options.wait, options.seats, options.express, what)
        found = simulate(students, options.minutes, seats, what)
        print(row(students, options.minutes, seats, options.seats, found, options.price), flush=True)


if __name__ == "__main__":
    main()
