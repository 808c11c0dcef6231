"""What `own_pictures.py` measures, each in a process of its own: loading pictures, and training from a file.

    python loading.py quickml FOLDER EPOCHS CACHE   # decodes once, then reads parts as a training does
    python loading.py keras FOLDER EPOCHS           # Keras' folder utility, which decodes in every epoch
    python loading.py map|memory|fit FILE DOCUMENT  # trains on pixels in a .npy file

Prints a JSON object: seconds without imports.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
SIZE, BATCH = (96, 96), 32


def quickml(folder: str, epochs: str, cache: str) -> dict:
    from quickml.datasets import PicturesReference
    from quickml.pictures.cache import PictureCache
    from quickml.pictures.prepare import prepare
    from quickml.pictures.sources import opened
    from quickml.training.fit import shuffle
    from quickml.training.samples import samples_of

    began = time.perf_counter()
    reference = PicturesReference(file="pictures", size=SIZE, channels=3)
    with opened(Path(folder), "pictures") as source:
        data = prepare(source, reference, PictureCache(Path(cache)), lambda *_: None).data()
    decoded = time.perf_counter()
    for x, y in ((data.x_train, data.y_train), (data.x_test, data.y_test)):  # Keras is given all pictures
        samples = samples_of(x, y, BATCH)  # from 256 MB on, they are read again in every epoch
        orders = [shuffle(np.arange(len(y), dtype=np.int32), 0, epoch) for epoch in range(int(epochs))]
        for order, then in zip(orders, [*orders[1:], None], strict=True):
            done = 0
            while done * BATCH < len(y):
                done += samples.span(order, done, then).steps
        samples.close()
    return {
        "once_s": decoded - began,
        "epochs_s": time.perf_counter() - decoded,
        "pictures": len(data.y_train),
    }


def keras(folder: str, epochs: str) -> dict:
    import keras

    began = time.perf_counter()
    files = keras.utils.image_dataset_from_directory(
        folder, image_size=SIZE, crop_to_aspect_ratio=True, batch_size=BATCH, verbose=False
    )
    listed = time.perf_counter()
    for _ in range(int(epochs)):
        for _ in files:
            pass
    return {"once_s": listed - began, "epochs_s": time.perf_counter() - listed}


def train(how: str, file: str, document: str) -> dict:
    from quickml.datasets.data import Data
    from quickml.document import read
    from quickml.training import samples
    from quickml.training.stages import Stages

    plan = read(Path(document).read_bytes())
    x = np.load(file, mmap_mode="r" if how == "map" else None)
    y = (np.arange(len(x)) % 10).astype(np.int32)
    if how == "fit":
        return _fit(plan, x, y)
    samples.RESIDENT_BYTES = 0 if how == "map" else sys.maxsize
    stages = Stages(plan, Data(x_train=x, y_train=y, x_test=x[:64], y_test=y[:64]))
    events = [event for event in stages.fit(lambda: False) if event.type == "epoch"]
    return {"rate": len(stages.learn) / events[-1].seconds, "precision": stages.precision}


def _fit(plan, x, y) -> dict:
    """By hand: everything in memory, as float32; Keras' own layers and optimizer, and its defaults."""
    import keras

    from quickml.training.build import build
    from quickml.training.optimizer import make_optimizer

    training, times = plan.document.training, []
    model = build(plan, "float32")
    steps = -(-len(x) // training.batch_size) * training.epochs
    model.compile(make_optimizer(training, steps), "sparse_categorical_crossentropy", metrics=["accuracy"])

    ended = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: times.append(time.perf_counter()))
    pixels = x.astype(np.float32)
    model.fit(pixels, y, batch_size=training.batch_size, epochs=2, verbose=0, callbacks=[ended])
    return {"rate": len(x) / (times[1] - times[0]), "precision": "float32"}


def main() -> None:
    what, *given = sys.argv[1:]
    found = (
        {"quickml": quickml, "keras": keras}[what](*given)
        if what in ("quickml", "keras")
        else train(what, *given)
    )
    print(json.dumps(found))


if __name__ == "__main__":
    main()
