"""A model with random weights, as if it had been trained: for tests of everything that comes after."""

import numpy as np

from quickml.document import Plan, understand
from quickml.model import Probe, TrainedModel


def plan_of(*layers, dataset="iris", **others) -> Plan:
    return understand({"name": "test", "dataset": dataset, "model": {"layers": list(layers)}, **others})


def randomise(model, seed: int) -> None:
    """Weights of every kind, none of them a special value such as 0 or 1."""
    rng = np.random.default_rng(seed)
    for variable in model.weights:
        shape, fan = variable.shape, max(1, int(np.prod(variable.shape[:-1])))
        if not shape:
            continue
        if "variance" in variable.name:
            variable.assign(rng.uniform(0.5, 2.0, shape))
        elif "gamma" in variable.name:
            variable.assign(rng.uniform(0.5, 1.5, shape))
        else:
            variable.assign(rng.normal(0, 1.5 / np.sqrt(fan) if len(shape) > 1 else 0.3, shape))
    for layer in model.layers:  # keep the inputs of a Normalization in proportion
        if hasattr(layer, "finalize_state") and type(layer).__name__ == "Normalization":
            layer.finalize_state()


def raw_inputs(plan: Plan, count: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if plan.info.columns:
        return encoded_rows(plan, count, rng)
    if plan.info.is_image:
        return rng.integers(0, 256, (count, *plan.info.shape)).astype(np.uint8)
    if plan.info.kind == "tokens":
        return rng.integers(0, len(plan.info.vocabulary), (count, *plan.info.shape)).astype(np.int32)
    return rng.normal(1.0, 2.0, (count, *plan.info.shape)).astype(np.float32)


def encoded_rows(plan: Plan, count: int, rng: np.random.Generator) -> np.ndarray:
    """Numbers, and one place of each category, or none."""
    blocks = []
    for column in plan.info.columns:
        places = np.eye(column.width + 1)[rng.integers(0, column.width + 1, count)][:, : column.width]
        blocks.append(places if column.is_category else rng.normal(1.0, 2.0, (count, 1)))
    return np.concatenate(blocks, axis=1).astype(np.float32)


def untrained(plan: Plan, *, count: int = 256, seed: int = 0) -> TrainedModel:
    from quickml.training.build import build
    from quickml.training.evaluate import answer, columns
    from quickml.training.weights import weights

    model = build(plan, "float32")
    randomise(model, seed)
    inputs = raw_inputs(plan, count, seed)
    answers = columns(answer(model, inputs), is_binary=plan.is_binary)
    classification = bool(plan.info.labels)
    truth = answers.argmax(axis=1).astype(np.int32) if classification else answers[:, 0]
    return TrainedModel(
        plan=plan,
        weights=weights(model),
        history=({"epoch": 1, "loss": 1.0, "learning_rate": 0.1, "seconds": 0.1},),
        stopped=None,
        precision="float32",
        metrics={"loss": 1.0, "accuracy": 1.0}
        if classification
        else {"loss": 1.0, "mean_absolute_error": 1.0},
        predictions=answers,
        confusion=None,
        probe=Probe(inputs=inputs, expected=answers, truth=truth, held_out=count, columns=plan.info.columns),
        train_samples=count,
        validation_samples=0,
        seconds={},
    )
