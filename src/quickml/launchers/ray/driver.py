"""Ray's driver, in a process of its own: Ray ends it when the head of the cluster was away for a minute.

It reads from standard input what to do, and ends when that closes, and with it all seats. What happens is
written to the former standard output: Ray and its libraries print to the new one, which is standard error.
"""

from __future__ import annotations

import json
import os
import queue
import sys
import threading
import time
from typing import Any, TextIO

from quickml.launchers.launcher import SeatKind
from quickml.launchers.ray.messages import RayOptions, kind_of, line, options_of
from quickml.launchers.ray.seat import RaySeat

WAIT_S = 0.2
"""How often it is looked what to do."""
NAMESPACE = "quickml"


class RayDriver:
    """Holds the actors. Everything runs in one thread."""

    def __init__(self, ray: Any, options: RayOptions, told: TextIO) -> None:
        """Use the module `ray`, which is connected, and write to `told` what happens."""
        self._ray, self._options, self._told = ray, options, told
        self._actors: dict[str, Any] = {}
        self._placed: set[str] = set()
        self._results: dict[Any, tuple[str, str]] = {}
        """References to results of actors: the seat's id and the method."""

    def start(self, host_id: str, kind: SeatKind) -> None:
        """Ask Ray for an actor."""
        made = self._ray.remote(RaySeat).options(
            num_cpus=kind.cpus, num_gpus=kind.gpus, max_restarts=0, max_task_retries=0, max_concurrency=2
        )
        self._actors[host_id] = actor = made.remote(
            [*self._options.options, *kind.options, "--host-id", host_id]
        )
        self._results[actor.machine.remote()] = host_id, "machine"
        self._results[actor.hold.remote()] = host_id, "hold"

    def do(self, command: dict[str, Any]) -> None:
        """Do what the launcher says."""
        if command["do"] == "start":
            self.start(command["host_id"], kind_of(command["kind"]))
        else:
            self.drain(command["host_id"])

    def drain(self, host_id: str) -> None:
        """End a seat in order; at once if it has no machine."""
        actor = self._actors.get(host_id)
        if actor is not None and host_id in self._placed:
            actor.drain.remote()
        elif actor is not None:
            self._end(host_id, "")

    def look(self) -> None:
        """Wait a moment for results of actors, and tell of them."""
        if not self._results:
            time.sleep(WAIT_S)
            return
        ready, _ = self._ray.wait(list(self._results), num_returns=1, timeout=WAIT_S)
        for reference in ready:
            host_id, method = self._results.pop(reference)
            if host_id not in self._actors:
                continue
            try:
                result = self._ray.get(reference)
            except self._ray.exceptions.RayError as error:
                self._end(host_id, told_in_one_line(error))
                continue
            if method == "machine":
                self._placed.add(host_id)
            else:
                code, last = result
                self._end(host_id, f"the worker ended with exit code {code}: {last}" if code else last)

    def _end(self, host_id: str, trouble: str) -> None:
        self._ray.kill(self._actors.pop(host_id))
        self._placed.discard(host_id)
        self._results = {ref: one for ref, one in self._results.items() if one[0] != host_id}
        self._tell(ended=host_id, trouble=trouble)

    def _tell(self, **message: str) -> None:
        self._told.write(line(**message))
        self._told.flush()


def told_in_one_line(error: BaseException) -> str:
    """The message of an exception of Ray: several lines, of which the last of a traceback says what it is."""
    lines = [part.strip() for part in str(error).splitlines() if part.strip()]
    found = next((part for part in reversed(lines) if "Error: " in part), None)
    return (found or " ".join(lines) or type(error).__name__)[:300]


def _read(commands: queue.Queue[dict[str, Any]]) -> None:
    for text in sys.stdin:
        commands.put(json.loads(text))
    os._exit(0)  # the launcher has ended; the cluster notices, and ends the actors


def main() -> None:
    """Connect, and do what is said until standard input closes."""
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    options = options_of(sys.stdin.readline())
    commands: queue.Queue[dict[str, Any]] = queue.Queue()
    threading.Thread(target=_read, args=(commands,), daemon=True).start()
    try:
        import ray

        ray.init(address=options.address, namespace=NAMESPACE, log_to_driver=False, logging_level="error")
        driver = RayDriver(ray, options, told)
        told.write(line(connected=True))
        told.flush()
        while True:
            while not commands.empty():
                driver.do(commands.get())
            driver.look()
    except Exception as error:
        told.write(line(failed=told_in_one_line(error)))
        told.flush()
        os._exit(1)  # Ray's threads may wait for a cluster that is away


if __name__ == "__main__":
    main()
