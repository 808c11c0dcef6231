"""`quickml worker`."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from types import FrameType

from quickml import composition, logs
from quickml.cli.display.output import say
from quickml.service import Host
from quickml.settings import Settings

_ENDINGS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name))


def work(settings: Settings) -> None:
    """Run jobs of a database until a signal ends the process; a second one ends it at once.

    Raises:
        StoreError: the database or the files cannot be used, or this release does not fit them.
    """
    logs.configure(style=settings.server.log_format, level=settings.server.log_level)
    asked = _signals()
    with composition.worker(settings) as worker:
        say(*_greeting(settings, worker.host))
        worker.run(asked)


def _signals() -> Callable[[], int]:
    """How many signals have asked this process to end."""
    count = 0

    def handle(_number: int, _frame: FrameType | None) -> None:
        nonlocal count
        count += 1

    for number in _ENDINGS:
        if signal.getsignal(number) is not signal.SIG_IGN:  # as by `nohup`
            signal.signal(number, handle)
    return lambda: count


def _greeting(settings: Settings, host: Host) -> Iterator[str]:
    yield f"QuickML worker   {host.name}"
    yield f"database         {settings.storage.database or settings.storage.data.absolute()}"
    yield f"files            {settings.storage.files_place}"
    express = f", {host.express_seats} of them for short jobs" if host.express_seats else ""
    yield f"seats            {host.seats}{express}"
