"""The options of a worker process: addresses and intervals."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from quickml.jobs.job import Attempt
from quickml.storage.addresses import Addresses


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """The same for all workers of an executor, but for what they have of a GPU."""

    addresses: Addresses
    scratch: Path
    """A folder on this machine in which each attempt has its own, see `attempt_folder`."""
    imports: Path | None = None
    """A folder on this machine for what is made of files of users, and kept for the next attempt; without
    one, it is made for each attempt."""
    checkpoint_every_s: float = 30.0
    progress_every_s: float = 0.2
    """Least time between two stored events of progress within an epoch. All other events are stored."""
    patience_s: float = 300.0
    """How long an attempt waits for a database or an artifact store that fails, before it is lost."""
    gpu_memory_bytes: int | None = None
    """Memory of its GPU that the process takes; None without a GPU."""

    def attempt_folder(self, attempt: Attempt) -> Path:
        """The folder of an attempt, with `checkpoint.npz` and `result`.

        No two attempts share one: the next may begin before the last one's is removed.
        """
        return self.scratch / f"{attempt.job_id}-{attempt.number}"

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self), default=str)


def from_json(text: str) -> WorkerOptions:
    """Read what `to_json` wrote."""
    fields = json.loads(text)
    fields |= {"addresses": Addresses(**fields["addresses"]), "scratch": Path(fields["scratch"])}
    if fields["imports"] is not None:
        fields["imports"] = Path(fields["imports"])
    return WorkerOptions(**fields)
