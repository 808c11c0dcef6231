"""The use cases of models that are delivered: predictions and explanations."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quickml.document import restore
from quickml.jobs import lifecycle
from quickml.jobs.job import Artifact
from quickml.jobs.jobs import JobStore
from quickml.service.delivered import DeliveredFiles, chosen
from quickml.service.descriptions import Descriptions, FileDescription
from quickml.service.explanations import Explainer, Explanation, OcclusionOptions
from quickml.service.predictions import Delivery, Models, Prediction, PredictionOptions, Steps
from quickml.service.warming import Warmer
from quickml.storage.artifacts.store import ArtifactStore

KNOWN_S = 5.0
"""How long a job is not looked up again: a pencil asks 30 times a second, and this takes as long as a run."""
MAX_KNOWN = 256
"""Number of jobs that are remembered for this time."""


class Inference:
    """Runs the models of jobs that are ready. An owner sees only its own jobs. Thread-safe."""

    def __init__(self, jobs: JobStore, artifacts: ArtifactStore, scratch: Path) -> None:
        """Unpack packages in the folder `scratch`, which is emptied first."""
        self._jobs = jobs
        self._known: dict[str, tuple[float, Delivery]] = {}
        files = DeliveredFiles(artifacts, scratch)
        self._models = Models(files)
        self._descriptions = Descriptions(files)
        self._explainer = Explainer(self._models)
        self._warmer = Warmer(self._warm)

    def predict(
        self, job_id: str, owner: str, inputs: Sequence[Any], options: PredictionOptions
    ) -> Steps[tuple[Artifact, list[Prediction]]]:
        """What a delivered file answers, for each input; see `Models.predict`.

        Raises:
            JobNotFoundError: there is no such job.
            JobStateError: it is not ready.
            FilesDeletedError: its files are deleted.
            InputError: an input that does not fit, or no such file or layer.
        """
        return (yield from self._models.predict(self._delivery(job_id, owner), inputs, options))

    def explain(
        self, job_id: str, owner: str, value: Any, options: OcclusionOptions
    ) -> Steps[tuple[Artifact, Explanation]]:
        """How much each part of an input matters to the answer; see `Explainer.explain`.

        Raises:
            JobNotFoundError: there is no such job.
            JobStateError: it is not ready.
            FilesDeletedError: its files are deleted.
            InputError: an input or an option that does not fit, or no such file.
        """
        return (yield from self._explainer.explain(self._delivery(job_id, owner), value, options))

    def describe(self, job_id: str, owner: str, name: str | None) -> tuple[Artifact, FileDescription]:
        """What a delivered file says about itself; None is the one that the server prefers.

        Raises:
            JobNotFoundError: there is no such job.
            JobStateError: it is not ready.
            FilesDeletedError: its files are deleted.
            InputError: it has no such file.
            ArtifactError: the file is lost or damaged.
        """
        file = chosen(self._delivery(job_id, owner).artifacts, name)
        return file, self._descriptions.of(file)

    def look(self, job_id: str, owner: str) -> None:
        """Somebody looks at a job that is ready: its model is loaded soon, so that answers have no delay."""
        self._warmer.look(job_id, owner)

    def close(self) -> None:
        """Load no more models in advance."""
        self._warmer.close()

    def forget(self, job_id: str) -> None:
        """The job or its files are deleted: it answers no more."""
        self._known.pop(job_id, None)

    def _warm(self, job_id: str, owner: str) -> None:
        self._models.warm(self._delivery(job_id, owner))

    def _delivery(self, job_id: str, owner: str) -> Delivery:
        now = time.monotonic()
        looked_up, known = self._known.get(job_id, (-KNOWN_S, None))
        if known is not None and known.job.owner == owner and now - looked_up < KNOWN_S:
            return known
        job = self._jobs.job(job_id, owner)
        lifecycle.check_ready(job)
        lifecycle.check_files(job)
        is_same = known is not None and job.plan is not None and job.plan == known.job.plan
        plan = known.plan if known is not None and is_same else restore(job.plan, job.document)
        found = Delivery(job=job, artifacts=tuple(self._jobs.artifacts(job_id)), plan=plan)
        if len(self._known) >= MAX_KNOWN:
            self._known.clear()
        self._known[job_id] = now, found
        return found
