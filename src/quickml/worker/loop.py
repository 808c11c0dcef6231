"""The main loop of a worker: warm up, then run one attempt after the other, and listen to the supervisor."""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable
from queue import SimpleQueue
from typing import Never

from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.storage.artifacts.store import ArtifactStore
from quickml.storage.backends import Backends
from quickml.worker.attempt import AttemptRunner, Work
from quickml.worker.channel import Channel, Message
from quickml.worker.options import WorkerOptions

ALIVE_EVERY_S = 1.0
NO_WAIT: Message = {"waited_s": 0.0, "waits_for": ""}


class Loop:
    """Works in the thread that calls `serve`; listening and heartbeats have their own threads."""

    def __init__(
        self, channel: Channel, options: WorkerOptions, *, work: Work, at_end: Callable[[], None]
    ) -> None:
        """Take attempts from `channel`; when it ends, call `at_end`, which should end the process."""
        self._channel, self._options, self._work, self._at_end = channel, options, work, at_end
        self._given: SimpleQueue[AttemptRunner] = SimpleQueue()
        self._runner: AttemptRunner | None = None
        self._jobs: JobStore
        self._artifacts: ArtifactStore

    def serve(self) -> Never:
        """Work until the supervisor ends.

        Raises:
            StoreError: the database cannot be used.
            TrainingError: TensorFlow cannot use the GPU of the seat.
        """
        for work in (self._listen, self._beat):
            threading.Thread(target=work, name=work.__name__.strip("_"), daemon=True).start()
        backends = Backends.open(self._options.addresses)
        self._jobs, self._artifacts = JobStore(backends.database), backends.artifacts
        self._work.warm()
        if self._options.gpu_memory_bytes is not None:
            self._work.use_gpu(self._options.gpu_memory_bytes)
        self._channel.send("ready")
        while True:
            runner = self._given.get()
            outcome = runner.run()
            self._runner = None
            self._channel.send("done", outcome=outcome, reason=runner.reason)

    def _listen(self) -> None:
        try:
            while True:
                for message in self._channel.receive():
                    self._heed(message)
        except EOFError:
            pass
        except Exception:  # a worker that does not listen must not look alive
            traceback.print_exc()
            sys.stderr.flush()
        self._at_end()

    def _heed(self, message: Message) -> None:
        runner, kind = self._runner, message.pop("type")
        if kind == "attempt":
            self._runner = AttemptRunner(
                Attempt(**message),
                jobs=self._jobs,
                artifacts=self._artifacts,
                options=self._options,
                work=self._work,
            )
            self._given.put(self._runner)
        elif runner is None or runner.attempt.job_id != message["job_id"]:
            return  # it was over before this arrived
        elif kind == "stop":
            runner.stop()
        elif kind == "leave":
            runner.leave()

    def _beat(self) -> None:
        """Send a heartbeat every second."""
        pause = threading.Event()
        try:
            while not pause.wait(ALIVE_EVERY_S):
                runner = self._runner
                waited = {"waited_s": runner.waited_s, "waits_for": runner.waits_for} if runner else NO_WAIT
                self._channel.send("alive", **waited)
        except OSError:
            return  # `_listen` notices it as well
