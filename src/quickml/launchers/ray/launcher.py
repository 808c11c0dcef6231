"""The `Launcher` with a Ray cluster. Ray itself is in a child process, the driver."""

from __future__ import annotations

import importlib.util
import json
import logging
import os
import queue
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from quickml.errors import LauncherError
from quickml.launchers.launcher import EndedSeat, SeatKind
from quickml.launchers.ray.messages import RayOptions, line, options_line

log = logging.getLogger(__name__)

AUTO = "auto"
LONGEST_PAUSE_S = 30.0
"""Between attempts to connect again."""
CONNECT_S = 45.0
"""Time for Ray to connect; it waits 30 s for some answers."""
FIRST_TRIES = 3
"""Attempts to connect for the first time: on a busy machine, Ray's server for clients may fail to start."""
REACH_S = 5.0
"""Time for a connection to the cluster, before Ray tries."""
MODE, TOKEN, TOKEN_PATH = "RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"  # names, no secrets


class RayLauncher:
    """Holds seats on a Ray cluster as long as its driver lives. Call it from one thread."""

    def __init__(self, options: RayOptions, clock: Callable[[], float] = time.monotonic) -> None:
        """Connect at the first `tend`.

        Raises:
            LauncherError: Ray is not installed here, the address is none, or there is no token.
        """
        _check(options.address, os.environ)
        self._options, self._clock = options, clock
        self._seats: set[str] = set()
        self._process: subprocess.Popen[str] | None = None
        self._messages: queue.Queue[dict[str, Any]] = queue.Queue()
        self._is_connected, self._was_ever_connected, self._failures = False, False, 0
        self._pause_s, self._retry_at = 1.0, float("-inf")

    @property
    def is_connected(self) -> bool:
        """See `Launcher`."""
        return self._is_connected

    def seats(self) -> Collection[str]:
        """See `Launcher`."""
        return sorted(self._seats)

    def tend(self) -> list[EndedSeat]:
        """See `Launcher`."""
        if self._process is None:
            if self._clock() >= self._retry_at:
                self._connect()
            return []
        ended: list[EndedSeat] = []
        if not self._is_connected and self._clock() > self._retry_at + CONNECT_S:
            self._messages.put({"failed": f"Ray has not connected within {CONNECT_S:.0f} s"})
        while self._process is not None and not self._messages.empty():
            ended += self._heed(self._messages.get())
        return ended

    def _connect(self) -> None:
        if trouble := _unreachable(self._options.address):
            self._failed(trouble, is_sure=True)
            return
        self._retry_at = self._clock()
        self._process = process = subprocess.Popen(
            [sys.executable, "-m", "quickml.launchers.ray.driver"],
            env={MODE: "token", "RAY_USAGE_STATS_ENABLED": "0", **os.environ},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            start_new_session=True,  # Ctrl-C is for the launcher
        )
        self._messages = queue.Queue()
        self._say(options_line(self._options))
        for read in (_read, _read_log):
            threading.Thread(target=read, args=(process, self._messages), daemon=True).start()

    def _heed(self, message: dict[str, Any]) -> list[EndedSeat]:
        if "connected" in message:
            log.info("connected with the Ray cluster at %s", self._options.address)
            self._is_connected = self._was_ever_connected = True
            self._pause_s = 1.0
        elif "ended" in message:
            if message["ended"] not in self._seats:
                return []
            self._seats.discard(message["ended"])
            return [EndedSeat(host_id=message["ended"], trouble=message["trouble"])]
        else:
            return self._lost(message["failed"])
        return []

    def _lost(self, trouble: str) -> list[EndedSeat]:
        self._end_driver()
        ended = [EndedSeat(host_id=host_id, trouble=f"Ray: {trouble}") for host_id in self.seats()]
        self._seats.clear()
        self._failed(trouble)
        return ended

    def _failed(self, trouble: str, *, is_sure: bool = False) -> None:
        where = f"Ray cluster at {self._options.address}"
        self._failures += 1
        if not self._was_ever_connected and (is_sure or self._failures == FIRST_TRIES):
            raise LauncherError(f"{where}: expected a cluster, found none that can be used: {trouble}")
        log.error("%s: %s; tried again in %.0f s", where, trouble, self._pause_s)
        self._retry_at = self._clock() + self._pause_s
        self._pause_s = min(LONGEST_PAUSE_S, 2 * self._pause_s)

    def start(self, host_id: str, kind: SeatKind) -> None:
        """See `Launcher`."""
        self._seats.add(host_id)
        self._say(line(do="start", host_id=host_id, kind=asdict(kind)))

    def drain(self, host_id: str) -> None:
        """See `Launcher`."""
        self._say(line(do="drain", host_id=host_id))

    def close(self) -> None:
        """See `Launcher`."""
        self._end_driver()
        self._seats.clear()

    def _say(self, text: str) -> None:
        if self._process is None or self._process.stdin is None:
            return
        with suppress(OSError):  # it has ended, which its output says, too
            self._process.stdin.write(text)
            self._process.stdin.flush()

    def _end_driver(self) -> None:
        process, self._process, self._is_connected = self._process, None, False
        if process is not None:
            process.kill()
            process.wait()
            if process.stdin is not None:
                with suppress(OSError):
                    process.stdin.close()


def _read(process: subprocess.Popen[str], messages: queue.Queue[dict[str, Any]]) -> None:
    assert process.stdout is not None
    trouble = ""
    with process.stdout as told:
        for text in told:
            message = json.loads(text)
            trouble = message.get("failed", "")
            if not trouble:
                messages.put(message)
    code = process.wait()
    messages.put({"failed": trouble or f"its driver was ended with exit code {code}"})


def _read_log(process: subprocess.Popen[str], messages: queue.Queue[dict[str, Any]]) -> None:
    """Ray keeps repeating what it cannot do, before it ends the process."""
    assert process.stderr is not None
    with process.stderr as lines:
        for text in lines:
            log.debug("Ray: %s", text.rstrip())
            if "InvalidAuthToken" in text:
                where = f"{TOKEN}, {TOKEN_PATH} or ~/.ray/auth_token"
                messages.put({"failed": f"it refuses the token of {where}"})


def _check(address: str, environment: Mapping[str, str]) -> None:
    if importlib.util.find_spec("ray") is None:
        raise LauncherError("expected Ray, found none; run: pip install 'quickml-coreml[ray]'")
    if address != AUTO and _host_and_port(address) is None:
        raise LauncherError(f"--address: expected auto, HOST:PORT or ray://HOST:PORT, found {address[:80]!r}")
    if environment.get(MODE, "token") != "token" or environment.get(TOKEN):
        return
    path = Path(environment.get(TOKEN_PATH) or "~/.ray/auth_token").expanduser()
    if not path.is_file():
        hint = f"set {TOKEN_PATH} to the file that the nodes of the cluster have, or {TOKEN}"
        raise LauncherError(f"{path}: expected the token of the Ray cluster, found no file; {hint}")


def _host_and_port(address: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(address if "://" in address else f"//{address}")
        fits = parts.scheme in ("", "ray") and not (parts.path or parts.query or parts.username)
        return (parts.hostname, parts.port) if fits and parts.hostname and parts.port else None
    except ValueError:
        return None


def _unreachable(address: str) -> str:
    """Why nothing listens at an address; empty if something does. Ray itself would keep trying."""
    if (place := _host_and_port(address)) is not None:
        try:
            socket.create_connection(place, REACH_S).close()
        except OSError as error:
            return f"nothing answers there ({error.strerror or error})"
    return ""
