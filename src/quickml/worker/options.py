"""What a worker is told when it starts: where things lie, and how often it does what."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from quickml.storage.addresses import Addresses


@dataclass(frozen=True, kw_only=True)
class WorkerOptions:
    """The same for every worker of a server."""

    addresses: Addresses
    scratch: Path
    """Attempts write here: `<job>/checkpoint.npz` and `<job>/result`."""
    checkpoint_every_s: float = 30.0
    progress_every_s: float = 0.2
    """Of the progress within an epoch, the latest is stored at most so often. All other events are."""

    def to_json(self) -> str:
        """For a command line."""
        return json.dumps(asdict(self), default=str)


def from_json(text: str) -> WorkerOptions:
    """Read what `to_json` wrote."""
    fields = json.loads(text)
    fields |= {"addresses": Addresses(**fields["addresses"]), "scratch": Path(fields["scratch"])}
    return WorkerOptions(**fields)
