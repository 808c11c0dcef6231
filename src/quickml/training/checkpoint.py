"""A training on disk, so that it can go on after its process died.

One file: NumPy's `.npz` (a zip, whose checksums tell a damaged file from a sound one), without pickle. In it
are the arrays of the variables and, as bytes, what the file belongs to and the position as JSON.
The random numbers of Dropout and its like are among the variables: Keras keeps each layer's seed as one. The
order of samples follows from the document's seed and the epoch.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from time import perf_counter
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quickml._version import __version__
from quickml.document import Plan
from quickml.errors import CheckpointError
from quickml.files import atomic
from quickml.training.backend import keras, tf
from quickml.training.checkpoint_policy import CheckpointPolicy

State = Mapping[str, Sequence[NDArray[np.generic]]]
"""Arrays in order, by what they belong to: `model`, `optimizer`, `best`."""

SHARE = 20
"""What takes long to write is written seldom: one second of writing in so many of training."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """How far a training is; what is not in variables."""

    epoch: int
    """Under way, from 1."""
    step: int
    """Steps done in it."""
    sums: tuple[float, ...]
    """Of these steps, as `Objective.sums` has them."""
    epoch_s: float
    """Seconds spent on the epoch so far."""
    elapsed_s: float
    """Seconds spent on the training so far."""
    history: tuple[Mapping[str, float], ...]
    patience: tuple[float, int]
    """Of early stopping: the best value, and the epochs since."""


def identity(plan: Plan, precision: str) -> str:
    """What a checkpoint belongs to, as a hash: a document, and the code that would go on with it."""
    parts = {
        "document": plan.document.model_dump(mode="json"),
        "precision": precision,
        "quickml": __version__,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "numpy": np.__version__,
    }
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


class Checkpoint:
    """The one file that a training is kept in; each new state takes the place of the last."""

    def __init__(self, policy: CheckpointPolicy, belongs_to: str) -> None:
        """Keep there a training of which `identity` says what it is."""
        self._policy, self._path, self._pause_s = policy, policy.path, policy.every_s
        self._belongs_to, self._last = belongs_to, perf_counter()

    def is_due(self) -> bool:
        """Whether it is time for another one."""
        return perf_counter() - self._last >= self._pause_s

    def save(self, position: Position, state: State) -> None:
        """Put both on disk, whole or not at all.

        Raises:
            OSError: the disk refuses; what was there before is there still.
        """
        self._policy.before()
        began = perf_counter()
        leftover = self._path.with_name(f"{self._path.name}.partial")  # of a killed process: overwritten
        try:
            with atomic.new_file(self._path, temporary=leftover) as stream:
                np.savez(stream, allow_pickle=False, **self._packed(position, state))
            self._policy.after()
        finally:
            self._last = perf_counter()
            self._pause_s = max(self._policy.every_s, SHARE * (self._last - began))

    def load(self) -> tuple[Position, State] | None:
        """What was saved last; None where there is nothing, or what belongs to another document or version.

        Raises:
            CheckpointError: the file is damaged.
        """
        try:
            # numpy does not close a file of its own that it cannot read
            with self._path.open("rb") as stream, np.load(stream, allow_pickle=False) as packed:
                if _text(packed["belongs_to"]) != self._belongs_to:
                    return None
                return _unpacked(packed)
        except FileNotFoundError:
            return None
        except Exception as error:  # a damaged zip makes zipfile raise whatever there is
            raise CheckpointError(f"the checkpoint is damaged ({error})") from error

    def _packed(self, position: Position, state: State) -> dict[str, Any]:
        arrays = {f"{owner}/{at}": array for owner, some in state.items() for at, array in enumerate(some)}
        counts = {owner: len(some) for owner, some in state.items()}
        texts = {
            "belongs_to": self._belongs_to,
            "label": self._policy.label,
            "position": json.dumps(asdict(position)),
            "counts": json.dumps(counts),
        }
        return arrays | {name: np.frombuffer(text.encode(), np.uint8) for name, text in texts.items()}


def _text(array: NDArray[np.uint8]) -> str:
    return array.tobytes().decode()


def _unpacked(packed: Any) -> tuple[Position, State]:
    fields = json.loads(_text(packed["position"]))
    for name in ("sums", "history", "patience"):
        fields[name] = tuple(fields[name])
    counts = json.loads(_text(packed["counts"]))  # a name damaged in the zip must not just be missing
    state = {owner: [packed[f"{owner}/{at}"] for at in range(count)] for owner, count in counts.items()}
    return Position(**fields), state
