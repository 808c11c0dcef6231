"""The use cases of models that are delivered: predictions and explanations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from quickml.errors import JobStateError
from quickml.events import Status
from quickml.jobs.job import Artifact, Job
from quickml.jobs.jobs import JobStore
from quickml.service.explanations import Explainer, Explanation, OcclusionOptions
from quickml.service.predictions import Models, Prediction, PredictionOptions, Steps
from quickml.service.warming import Warmer
from quickml.storage.artifacts.store import ArtifactStore


class Inference:
    """Runs the models of jobs that are ready. An owner sees only its own jobs. Thread-safe."""

    def __init__(self, jobs: JobStore, artifacts: ArtifactStore, scratch: Path) -> None:
        """Unpack packages in the folder `scratch`, which is emptied first."""
        self._jobs = jobs
        self._models = Models(artifacts, scratch)
        self._explainer = Explainer(self._models)
        self._warmer = Warmer(self._warm)

    def predict(
        self, job_id: str, owner: str, inputs: Sequence[Any], options: PredictionOptions
    ) -> Steps[tuple[Artifact, list[Prediction]]]:
        """What a delivered file answers, for each input; see `Models.predict`.

        Raises:
            JobNotFoundError: there is no such job.
            JobStateError: it is not ready.
            InputError: an input that does not fit, or no such file or layer.
        """
        job = self._ready(job_id, owner)
        return (yield from self._models.predict(job, self._jobs.artifacts(job_id), inputs, options))

    def explain(
        self, job_id: str, owner: str, value: Any, options: OcclusionOptions
    ) -> Steps[tuple[Artifact, Explanation]]:
        """How much each part of an input matters to the answer; see `Explainer.explain`.

        Raises:
            JobNotFoundError: there is no such job.
            JobStateError: it is not ready.
            InputError: an input or an option that does not fit, or no such file.
        """
        job = self._ready(job_id, owner)
        return (yield from self._explainer.explain(job, self._jobs.artifacts(job_id), value, options))

    def look(self, job_id: str, owner: str) -> None:
        """Somebody looks at a job that is ready: its model is loaded soon, so that answers have no delay."""
        self._warmer.look(job_id, owner)

    def close(self) -> None:
        """Load no more models in advance."""
        self._warmer.close()

    def _warm(self, job_id: str, owner: str) -> None:
        self._models.warm(self._ready(job_id, owner), self._jobs.artifacts(job_id))

    def _ready(self, job_id: str, owner: str) -> Job:
        job = self._jobs.job(job_id, owner)
        if job.status is not Status.READY:
            raise JobStateError(job_id=job.id, status=job.status, expected="ready")
        return job
