"""Documents of trainings that several tests watch."""

LONG = {
    "name": "long",
    "dataset": {"name": "circles", "num_samples": 20_000},
    "model": {"layers": [{"type": "Dense", "units": 2, "activation": "softmax"}]},
    "training": {"epochs": 10_000},
}
"""Ends only when it is stopped or cancelled."""
DIGITS = {
    "name": "digits",
    "dataset": "digits",
    "model": {
        "layers": [
            {"type": "Conv2D", "filters": 8, "kernel_size": 3, "activation": "relu"},
            {"type": "Flatten"},
            {"type": "Dropout", "rate": 0.3},
            {"type": "Dense", "units": 10, "activation": "softmax"},
        ]
    },
    "training": {"batch_size": 8, "precision": "float32"},
}
"""Has everything that must be resumed for the same weights: shuffling, dropout and an optimizer."""
