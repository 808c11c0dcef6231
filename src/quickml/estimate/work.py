"""The work of a training: the counts on which its duration depends."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from quickml.document.plan import Plan


@dataclass(frozen=True, kw_only=True)
class TrainingWork:
    """Counts of one training. Those of a sample are of the forward pass."""

    layers: int
    turns: int
    """Steps of recurrent layers, which cannot run at the same time; of all layers together."""
    multiply_adds: int
    """Multiplications with additions for one sample."""
    values: int
    """Numbers that training keeps for one sample."""
    parameters: int
    """Numbers that training changes."""
    batch_size: int
    epochs: int
    train_samples: int
    validation_samples: int
    test_samples: int
    files: int
    """Number of files that are written and verified, or tried: with `"weights": "auto"`, all forms."""

    @classmethod
    def of(cls, plan: Plan) -> Self:
        """The work of the whole training of a plan."""
        nodes, training, export = plan.graph.nodes, plan.document.training, plan.document.export
        train, test = plan.info.sizes
        checked = plan.info.validation or round(train * training.validation_fraction)
        return cls(
            layers=len(nodes),
            turns=sum(node.layer.steps_in_turn(*node.input_shapes) for node in nodes),
            multiply_adds=sum(node.layer.multiply_adds(*node.input_shapes) for node in nodes),
            values=sum(node.activations for node in nodes),
            parameters=plan.graph.parameters.trainable,
            batch_size=training.batch_size,
            epochs=training.epochs,
            train_samples=train - checked,
            validation_samples=checked,
            test_samples=test,
            files=len(export.formats) * (7 if export.weights == "auto" else 1),
        )

    @property
    def steps(self) -> int:
        """Training steps of all epochs."""
        return -(-self.train_samples // self.batch_size) * self.epochs

    def to_json(self) -> dict[str, int]:
        """As a report has it."""
        return asdict(self)

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self | None:
        """What `to_json` returned; None for anything else, such as the work of another version."""
        names = cls.__dataclass_fields__
        if set(stored) != set(names) or not all(type(stored[name]) is int for name in names):
            return None
        found = cls(**stored)
        return found if min(stored.values()) >= 0 and found.batch_size and found.epochs else None
