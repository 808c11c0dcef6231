"""A training with a checkpoint, and the digest of its weights and its film."""

import hashlib

from quickml.training.checkpoint_policy import CheckpointPolicy
from quickml.training.train import never, train
from small_training import make_plan, out, pictures

LAYERS = [
    {"type": "Conv2D", "filters": 8, "kernel_size": 3, "activation": "relu"},
    {"type": "BatchNormalization"},
    {"type": "Flatten"},
    {"type": "Dropout", "rate": 0.3},
    {"type": "Dense", "units": 16, "activation": "relu"},
    {"type": "Dropout", "rate": 0.5},
    out(10),
]
OPTIONS = {
    "epochs": 6,
    "batch_size": 4,
    "precision": "float32",
    "validation_fraction": 0.2,
    "optimizer": {"type": "Adam", "learning_rate": 0.01},
    "learning_rate_schedule": {"type": "CosineDecay"},
    "early_stopping": {"monitor": "val_loss", "patience": 3, "restore_best_weights": True},
}


def learn(folder, plan=None, data=None, *, every_s=0.0, stop=never, leave=None, kept=True):
    """Train with a checkpoint: the events, and what came out unless `leave` said to go at an event."""
    work = train(
        plan or make_plan("digits", LAYERS, **OPTIONS),
        data or pictures(),
        stop=stop,
        checkpoints=CheckpointPolicy(path=folder / "checkpoint.npz", every_s=every_s) if kept else None,
    )
    told = []
    while True:
        try:
            told.append(next(work))
        except StopIteration as end:
            trained, _ = end.value
            return told, trained
        if leave and leave(told[-1]):
            work.close()
            return told, None


def digest(trained):
    parts = [array.tobytes() for some in trained.weights.values() for array in some.values()]
    return hashlib.sha256(b"".join([*parts, trained.film])).hexdigest()
