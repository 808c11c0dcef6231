"""Checkpoints: the state of a training in a file, so that another process can resume it.

The file is a NumPy `.npz` without pickle: a zip, whose checksums reveal damage. It contains the arrays of all
variables, the identity of the training, and the position as JSON. The state of random layers such as Dropout
is among the variables, because Keras stores each layer's seed in one. The order of the samples follows from
the document's seed and the epoch.
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
"""Lists of arrays: `model`, `optimizer`, `best` for the best weights so far, `film` for the film so far."""

SHARE = 20
"""Minimum ratio of training time to the time for writing checkpoints."""


@dataclass(frozen=True, kw_only=True)
class Position:
    """The part of a training's state that is not in variables."""

    epoch: int
    """The current epoch, from 1."""
    step: int
    """Completed steps of the current epoch."""
    sums: tuple[float, ...]
    """Sums of these steps, see `Objective.sums`."""
    epoch_s: float
    """Time spent on the current epoch, in seconds."""
    elapsed_s: float
    """Time spent on the training, in seconds."""
    history: tuple[Mapping[str, float], ...]
    patience: tuple[float, int]
    """State of early stopping: the best value, and the number of epochs since."""
    losses: tuple[int, Sequence[float], Sequence[float]]
    """Losses of steps that no event contains yet, see `StepLosses.state`."""


def identity(plan: Plan, precision: str) -> str:
    """Hash of everything that must be equal to resume: document, precision and library versions."""
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
    """The checkpoint file of a training. Each save replaces the previous one."""

    def __init__(self, policy: CheckpointPolicy, belongs_to: str) -> None:
        """Use the file of `policy` for the training with the identity `belongs_to`."""
        self._policy, self._path, self._pause_s = policy, policy.path, policy.every_s
        self._belongs_to, self._last = belongs_to, perf_counter()

    def is_due(self) -> bool:
        """Whether enough time has passed since the last save."""
        return perf_counter() - self._last >= self._pause_s

    def save(self, position: Position, state: State) -> None:
        """Replace the file atomically.

        Raises:
            OSError: the file cannot be written; the previous file is unchanged.
        """
        self._policy.before()
        began = perf_counter()
        leftover = self._path.with_name(f"{self._path.name}.partial")  # left by a killed process: overwritten
        try:
            with atomic.new_file(self._path, temporary=leftover) as stream:
                np.savez(stream, allow_pickle=False, **self._packed(position, state))
            self._policy.after()
        finally:
            self._last = perf_counter()
            self._pause_s = max(self._policy.every_s, SHARE * (self._last - began))

    def load(self) -> tuple[Position, State] | None:
        """Load the last save; None if there is none, or if it has another identity.

        Raises:
            CheckpointError: the file is damaged.
        """
        try:
            # Opened here because np.load does not close a file that it cannot read.
            with self._path.open("rb") as stream, np.load(stream, allow_pickle=False) as packed:
                if _text(packed["belongs_to"]) != self._belongs_to:
                    return None
                return _unpacked(packed)
        except FileNotFoundError:
            return None
        except Exception as error:  # zipfile raises many types for a damaged zip
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
    for name in ("sums", "history", "patience", "losses"):
        fields[name] = tuple(fields[name])
    counts = json.loads(_text(packed["counts"]))  # to notice arrays missing from a damaged zip
    state = {owner: [packed[f"{owner}/{at}"] for at in range(count)] for owner, count in counts.items()}
    return Position(**fields), state
