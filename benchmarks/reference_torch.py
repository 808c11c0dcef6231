"""The MNIST network as an expert would train it by hand in PyTorch: bfloat16, NHWC, all data in memory.

Usage: python reference_torch.py MNIST_DIR EPOCHS

Same network, data, batch size and optimizer as `reference.py`; training and test accuracy only, no file.
Prints one JSON line. Needs torch and NumPy; MNIST_DIR holds the four IDX .gz files.
"""

import gzip
import json
import sys
import time
from pathlib import Path

import numpy as np
import torch
from torch import nn

BATCH = 128


def idx(path: Path, header: int) -> np.ndarray:
    with gzip.open(path) as stream:
        return np.frombuffer(stream.read(), np.uint8)[header:]


def mnist(folder: Path, name: str) -> tuple[torch.Tensor, torch.Tensor]:
    images = idx(folder / f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 1, 28, 28).astype("float32") / 255
    labels = idx(folder / f"{name}-labels-idx1-ubyte.gz", 8).astype("int64")
    return torch.from_numpy(images).contiguous(memory_format=torch.channels_last), torch.from_numpy(labels)


def main() -> None:
    folder, epochs = Path(sys.argv[1]), int(sys.argv[2])
    torch.manual_seed(0)
    (x, y), (x_test, y_test) = mnist(folder, "train"), mnist(folder, "t10k")
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(),
        nn.Conv2d(32, 64, 3), nn.ReLU(),
        nn.MaxPool2d(2), nn.Dropout(0.25), nn.Flatten(),
        nn.Linear(64 * 12 * 12, 128), nn.ReLU(), nn.Dropout(0.5), nn.Linear(128, 10),
    ).to(memory_format=torch.channels_last)  # fmt: skip
    optimizer = torch.optim.Adadelta(model.parameters(), lr=1.0, rho=0.95, eps=1e-7)
    loss = nn.CrossEntropyLoss()
    began = time.perf_counter()
    for _ in range(epochs):
        for chosen in torch.randperm(len(x)).split(BATCH):
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16):
                answers = model(x[chosen])
            loss(answers.float(), y[chosen]).backward()
            optimizer.step()
    seconds = time.perf_counter() - began
    model.eval()
    with torch.inference_mode():
        right = sum(
            int((model(images).argmax(1) == labels).sum())
            for images, labels in zip(x_test.split(1000), y_test.split(1000), strict=True)
        )
    print(json.dumps({"train_s": round(seconds, 2), "test_accuracy": right / len(y_test)}))


main()
