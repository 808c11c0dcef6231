"""The life of a worker: warm up, then one attempt after the other, always with an ear to the supervisor."""

from __future__ import annotations

import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Never

from quickml.jobs.job import Attempt
from quickml.jobs.jobs import SqlJobStore
from quickml.jobs.store import JobStore
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.backends import Backends
from quickml.worker.attempt import AttemptRunner, Work
from quickml.worker.channel import Channel, Message
from quickml.worker.options import WorkerOptions

ALIVE_EVERY_S = 1.0


class Loop:
    """Works in the thread that calls `serve`; listening and giving signs of life have their own threads."""

    def __init__(
        self, channel: Channel, options: WorkerOptions, *, work: Work, at_end: Callable[[], None]
    ) -> None:
        """Take attempts from `channel`; when it ends, call `at_end`, which should end the process."""
        self._channel, self._options, self._work, self._at_end = channel, options, work, at_end
        self._given: SimpleQueue[AttemptRunner] = SimpleQueue()
        self._trial: AttemptRunner | None = None
        self._jobs: JobStore
        self._artifacts: ArtifactStore

    def serve(self) -> Never:
        """Work until the supervisor goes.

        Raises:
            StoreError: the database cannot be used.
        """
        for work in (self._listen, self._beat):
            threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True).start()
        backends = Backends.open(self._options.addresses)
        self._jobs, self._artifacts = SqlJobStore(backends.database), backends.artifacts
        self._work.warm()
        self._channel.send("ready")
        while True:
            trial = self._given.get()
            outcome = trial.run()
            self._trial = None
            self._channel.send("done", outcome=outcome)

    def _listen(self) -> None:
        try:
            while True:
                for message in self._channel.receive():
                    self._heed(message)
        except EOFError:
            self._at_end()

    def _heed(self, message: Message) -> None:
        trial, kind = self._trial, message.pop("type")
        if kind == "attempt":
            self._trial = AttemptRunner(
                Attempt(**message),
                jobs=self._jobs,
                artifacts=self._artifacts,
                options=self._options,
                work=self._work,
            )
            self._given.put(self._trial)
        elif trial is None or trial.attempt.job_id != message["job_id"]:
            return  # it was over before this arrived
        elif kind == "stop":
            trial.stop()
        elif kind == "leave":
            trial.leave()

    def _beat(self) -> None:
        """Say every second that this process is alive."""
        pause = threading.Event()
        try:
            while not pause.wait(ALIVE_EVERY_S):
                self._channel.send("alive")
        except OSError:
            return  # `_listen` hears of it too
