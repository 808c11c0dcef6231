"""One attempt at a job, from its document to its stored files."""

from __future__ import annotations

import errno
import shutil
import sys
import tempfile
import threading
import traceback
from collections.abc import Callable, Generator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from quickml import events
from quickml.datasets.catalog import Catalog
from quickml.document import Plan, restore
from quickml.errors import FencedError, FilesAwayError, QuickMLError
from quickml.events import Status, meaning
from quickml.film.sink import FrameSink
from quickml.imports.catalog import stored
from quickml.imports.places import PictureFolders
from quickml.jobs.job import Attempt
from quickml.jobs.jobs import JobStore
from quickml.storage.artifacts.store import ArtifactStore
from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.worker import reasons
from quickml.worker.channel import Outcome
from quickml.worker.checkpoints import StoredCheckpoint
from quickml.worker.options import WorkerOptions
from quickml.worker.patience import Patience
from quickml.worker.reporter import Reporter
from quickml.worker.upload import upload

FINISHING = (Status.COMPILING, Status.VERIFYING)
"""An attempt that reaches one of these needs only seconds more, and is not given back then."""

CHECKPOINT = "checkpoint.npz"


class Work(Protocol):
    """The module `pipeline`, or its replacement in tests."""

    def run(
        self,
        plan: Plan,
        folder: Path | None = None,
        *,
        stop: Callable[[], bool],
        checkpoints: CheckpointPolicy | None,
        frames: FrameSink | None,
        catalog: Catalog,
    ) -> Generator[events.Event, None, Path]:
        """See `pipeline.run`."""

    def failure(self, error: QuickMLError) -> events.Failed:
        """See `pipeline.failure`."""

    def warm(self) -> None:
        """See `pipeline.warm`."""

    def use_gpu(self, memory_bytes: int) -> None:
        """See `training.device.use_gpu`."""


class AttemptRunner:
    """Runs one attempt. `stop` and `leave` may be called from another thread."""

    def __init__(
        self,
        attempt: Attempt,
        *,
        jobs: JobStore,
        artifacts: ArtifactStore,
        options: WorkerOptions,
        work: Work,
    ) -> None:
        self.attempt = attempt
        self._jobs, self._artifacts, self._options, self._work = jobs, artifacts, options, work
        self._folder = options.attempt_folder(attempt)
        path = self._folder / CHECKPOINT
        self._checkpoint = StoredCheckpoint(attempt, path, jobs=jobs, artifacts=artifacts)
        self._patience = Patience(options.patience_s)
        self._stop, self._leave = threading.Event(), threading.Event()
        self.reason = ""
        """Why the attempt was lost, for its owner."""
        self._quotes_data = True
        """Whether a message of an error may quote data of the owner, which is not for the server's log."""

    @property
    def waited_s(self) -> float:
        """How long the attempt has waited for storage that failed."""
        return self._patience.waited_s

    @property
    def waits_for(self) -> str:
        """The error of the storage that it waits for now; empty if it waits for none."""
        return self._patience.waits_for

    def stop(self) -> None:
        """Finish early, and keep what was learned; takes effect within a chunk of training steps."""
        self._stop.set()

    def leave(self) -> None:
        """Give the attempt back, with a checkpoint. One whose training is over is finished instead."""
        self._leave.set()

    def run(self) -> Outcome:
        """Run the attempt, and store how it ended unless it was lost."""
        try:
            return self._pursued()
        except FencedError:
            return "fenced"
        except Exception as error:
            self._log(error)
            self.reason = reasons.of_server(error)
            if isinstance(error, FilesAwayError):
                return "away"
            return "unfit" if reasons.is_of_this_machine(error) else "lost"

    def _pursued(self) -> Outcome:
        """Run the attempt, and store how it ended unless the server is to blame: raises then."""
        try:
            return self._pursue()
        except QuickMLError as error:
            if isinstance(error, FencedError) or reasons.is_fault_of_the_server(error):
                raise
            last, retry = self._work.failure(error), not isinstance(error, reasons.FINAL)
            self._fail(str(error), retry=retry, last=last)
            return "failed"
        except Exception as error:
            if reasons.is_fault_of_the_server(error):
                raise
            self._log(error)
            self._fail(
                f"unexpected {type(error).__name__}; the log of the server has the details", retry=True
            )
            return "broken"

    def _log(self, error: Exception) -> None:
        """Write a traceback into the worker's output, which is for the server's log."""
        if self._quotes_data and not reasons.is_fault_of_the_server(error):
            traceback.print_tb(error.__traceback__)
            sys.stderr.write(f"{type(error).__name__}: its message is left out, as it may quote own data\n")
        else:
            traceback.print_exception(error)
        sys.stderr.flush()

    def _fail(self, reason: str, *, retry: bool, last: events.Failed | None = None) -> None:
        folders = [self._options.scratch, self._options.imports or self._options.scratch]
        reason = reasons.without_paths(reason, *folders)
        if last is not None:
            last = last.model_copy(update={"message": reason})
        self._patience(lambda: self._jobs.fail(self.attempt, reason, retry=retry, last=last))

    def _pursue(self) -> Outcome:
        plan = _in_time(restore(self.attempt.plan, self.attempt.document), self.attempt.max_seconds)
        self._quotes_data = bool(plan.document.dataset.private)
        self._clear()
        self._patience(self._checkpoint.fetch)
        reporter = Reporter(
            self._jobs,
            self.attempt,
            progress_every_s=self._options.progress_every_s,
            patience_s=self._options.patience_s,
        )
        files = ExitStack()
        run = self._work.run(
            plan,
            self._folder / "result",
            stop=self._stop.is_set,
            checkpoints=CheckpointPolicy(
                path=self._folder / CHECKPOINT,
                every_s=self._options.checkpoint_every_s,
                label=self._checkpoint.label,
                before=lambda: _as_os_error(reporter.flush),
                after=lambda: _as_os_error(self._checkpoint.store),
            ),
            frames=reporter,
            catalog=self._catalog(files),
        )
        with files, reporter, closing(run):
            last = self._follow(run, reporter)
            if last is None:
                return "left"
            self._deliver(last, reporter)
        self._checkpoint.discard()
        return "completed"

    def _catalog(self, files: ExitStack) -> Catalog:
        """The datasets, with the files of the owner, which end with `files`."""

        def locate(sha256: str) -> Path:
            return self._patience(lambda: files.enter_context(self._artifacts.local_path(sha256)))

        root = self._options.imports or self._folder / "imports"
        return stored(locate, PictureFolders(root=root, owner=self.attempt.owner))

    def _deliver(self, last: events.Verified, reporter: Reporter) -> None:
        job_id, folder = self.attempt.job_id, self._folder / "result"

        def tell(error: Exception) -> None:
            message = f"{reasons.of_server(error)}; the files are ready, and wait to be delivered"
            reporter.tell(events.Warned(pointer="", message=message))

        files = self._patience(lambda: upload(folder, last.files, job_id, self._artifacts), at_wait=tell)
        self._patience(reporter.flush)
        self._patience(lambda: self._jobs.complete(self.attempt, files, last))

    def _clear(self) -> None:
        """Make the attempt's folder, without anything that an earlier attempt left."""
        shutil.rmtree(self._folder, ignore_errors=True)
        self._folder.mkdir(parents=True)
        temporary = self._folder / "temporary"
        temporary.mkdir()
        tempfile.tempdir = str(temporary)  # coremltools writes there; removed with the attempt

    def _follow(self, run: Generator[events.Event, None, Path], reporter: Reporter) -> events.Verified | None:
        """Store all events but the last; returns that one, or None if the attempt was left before."""
        is_finishing = False
        for event in run:
            if isinstance(event, events.Verified):
                return event.model_copy(update={"folder": ""})  # users need no path of this machine
            reporter.tell(event)
            status = meaning(event.type).status
            if status is not None:
                self._patience(reporter.flush)
                self._advance(status)
                is_finishing = status in FINISHING
            if self._leave.is_set() and not is_finishing:
                return None
        raise RuntimeError("the pipeline ended without having verified anything")

    def _advance(self, status: Status) -> None:
        self._patience(lambda: self._jobs.advance(self.attempt, status))


def _in_time(plan: Plan, max_seconds: float | None) -> Plan:
    """The plan with a training that ends after `max_seconds`, with what it learned by then."""
    training = plan.document.training
    limits = [limit for limit in (training.max_seconds, max_seconds) if limit is not None]
    if not limits or min(limits) == training.max_seconds:
        return plan
    training = training.model_copy(update={"max_seconds": min(limits)})
    return replace(plan, document=plan.document.model_copy(update={"training": training}))


def _as_os_error(write: Callable[[], None]) -> None:
    """A checkpoint that cannot be stored now is as one that cannot be written: the training goes on.

    Raises:
        OSError: instead of an error of the storage; its text is for the owner of the job.
    """
    try:
        write()
    except reasons.FAULTS as error:
        sys.stderr.write(f"no checkpoint: {error}\n")
        raise OSError(errno.EIO, reasons.of_server(error)) from error
