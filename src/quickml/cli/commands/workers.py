"""`quickml workers`: the hosts of a database, and what each of them runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from quickml import composition
from quickml.cli.display.formatting import counted
from quickml.cli.display.output import note, say, say_json
from quickml.settings import Settings


def list_hosts(settings: Settings, *, as_json: bool) -> None:
    """Print all hosts that live, those that have been gone for less than a day, and what they run."""
    hosts, queue = composition.hosts(settings)
    found, waiting = hosts.states(), queue.waiting()
    if as_json:
        for state in found:
            say_json(_row(state))
        return
    if not found:
        note(f"no hosts in {settings.storage.place}")
    for state in found:
        say(*_lines(state))
    if waiting.count:
        note(f"{waiting.count} queued, the first for {waiting.longest_s:.0f} s")
    if waiting.gpu_seats and not any(state.host.gpus for state in found if not state.gone_at):
        note("jobs wait for a GPU, which no host has")


def say_wanted(settings: Settings, *, as_json: bool) -> None:
    """Print the number of seats that unfinished jobs without a GPU could use: `quickml_seats_wanted`.

    As JSON, also `quickml_gpu_seats_wanted`.
    """
    _, queue = composition.hosts(settings)
    waiting = queue.waiting(composition.queue_limits(settings))
    if as_json:
        say_json({"seats": waiting.seats, "gpu_seats": waiting.gpu_seats})
    else:
        say(str(waiting.seats))


def _lines(state: Any) -> list[str]:
    host = state.host
    if state.gone_at:
        return [f"{host.name:24}  {host.kind:6}  gone since {_time(state.gone_at)}  {host.id}"]
    express = f", {host.express_seats} for short jobs" if host.express_seats else ""
    gpu = f", {host.gpu_seats} on {counted(host.gpus, 'GPU')}" if host.gpus else ""
    busy = f"{len(state.runs)} of {host.seats} busy{express}{gpu}"
    lines = [f"{host.name:24}  {host.kind:6}  {busy}  since {_time(state.joined_at)}  {host.id}"]
    lines += [
        f"  {run.job_id}  {run.status.value:10} {run.progress:4.0%}  since {_time(run.begun_at)}"
        f"  {run.owner}  {run.name}"
        for run in state.runs
    ]
    return lines


def _time(time: datetime | None) -> str:
    return time.isoformat(timespec="seconds") if time else "?"


def _row(state: Any) -> dict[str, Any]:
    times = {name: getattr(state, name) for name in ("joined_at", "seen_at", "gone_at")}
    runs = [
        {
            "job_id": run.job_id,
            "name": run.name,
            "owner": run.owner,
            "status": run.status.value,
            "progress": run.progress,
            "begun_at": _time(run.begun_at),
        }
        for run in state.runs
    ]
    shown = {name: time and _time(time) for name, time in times.items()}
    return {**vars(state.host), **shown, "free": state.free, "runs": runs}
