"""`quickml worker`."""

from __future__ import annotations

from collections.abc import Iterator

from quickml import composition, logs
from quickml.cli.display.output import say
from quickml.cli.endings import counted_endings
from quickml.service import Host
from quickml.settings import Settings


def work(settings: Settings) -> None:
    """Run jobs of a database until a signal ends the process; a second one ends it at once.

    Raises:
        StoreError: the database or the files cannot be used, or this release does not fit them.
    """
    logs.configure(style=settings.server.log_format, level=settings.server.log_level)
    asked = counted_endings()
    with composition.worker(settings) as worker:
        say(*_greeting(settings, worker.host))
        worker.run(asked)


def _greeting(settings: Settings, host: Host) -> Iterator[str]:
    yield f"QuickML worker   {host.name}"
    yield f"database         {settings.storage.database or settings.storage.data.absolute()}"
    yield f"files            {settings.storage.files_place}"
    express = f", {host.express_seats} of them for short jobs" if host.express_seats else ""
    gpu = f", {host.gpu_seats} of them with a GPU ({host.gpus} in all)" if host.gpus else ""
    yield f"seats            {host.seats}{express}{gpu}"
