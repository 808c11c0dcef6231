"""Neural networks put together by hand from protobuf messages, for tests that know what the network computes."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np

from quickml.export.coreml.reading import proto
from quickml.export.runtime import Runtime

load = functools.partial(Runtime.load, engine="onnx")
"""On macOS too: what is tested is the translation, not Core ML."""
RNG = np.random.default_rng(11)
FLOAT32 = 65568
GRAYSCALE, RGB, BGR = 10, 20, 30


def normal(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape).astype(np.float32)


class Maker:
    """A neural network under construction; `kind` is a field of Model's `Type`."""

    def __init__(self, kind: str = "neuralNetwork", version: int = 1, *, exact: bool = False) -> None:
        self.model = proto.new_model()
        self.model.specificationVersion = version
        self.network = getattr(self.model, kind)
        self.network.arrayInputShapeMapping = int(exact)
        self.network.imageInputShapeMapping = int(exact)
        self.network.SetInParent()

    def array(self, name: str, *shape: int) -> Maker:
        feature = self.model.description.input.add(name=name)
        feature.type.multiArrayType.shape.extend(shape)
        feature.type.multiArrayType.dataType = FLOAT32
        return self

    def image(self, name: str, height: int, width: int, color: int) -> Maker:
        image = self.model.description.input.add(name=name).type.imageType
        image.height, image.width, image.colorSpace = height, width, color
        return self

    def output(self, name: str, *shape: int) -> Maker:
        feature = self.model.description.output.add(name=name)
        feature.type.multiArrayType.dataType = FLOAT32
        feature.type.multiArrayType.shape.extend(shape)
        return self

    def labels(self, probabilities: str, *labels: str | int) -> Maker:
        """Make a classifier of it, with `label` and `probabilities` for outputs."""
        description = self.model.description
        description.output.add(name=probabilities).type.dictionaryType.int64KeyType.SetInParent()
        description.output.add(name="label").type.int64Type.SetInParent()
        description.predictedFeatureName, description.predictedProbabilitiesName = "label", probabilities
        kind = "int64ClassLabels" if isinstance(labels[0], int) else "stringClassLabels"
        getattr(self.network, kind).vector.extend(labels)
        return self

    def layer(self, kind: str, inputs: str, outputs: str, **fields: Any) -> Any:
        layer = self.network.layers.add(name=outputs.split(maxsplit=1)[0])
        layer.input.extend(inputs.split())
        layer.output.extend(outputs.split())
        params = getattr(layer, kind)
        params.SetInParent()
        fill(params, fields)
        return params

    def save(self, folder: Path) -> Path:
        path = folder / "made.mlmodel"
        path.write_bytes(self.model.SerializeToString())
        return path

    def run(self, folder: Path, **inputs: np.ndarray) -> dict[str, np.ndarray]:
        return load(self.save(folder)).run(inputs)


def fill(message: Any, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        if isinstance(value, np.ndarray):
            getattr(message, name).floatValue.extend(value.reshape(-1).tolist())
        elif isinstance(value, dict):
            inner = getattr(message, name)
            inner.SetInParent()
            fill(inner, value)
        elif isinstance(value, list | tuple):
            getattr(message, name).extend(value)
        else:
            setattr(message, name, value)


def edges(message: Any, top: int, bottom: int, left: int, right: int) -> None:
    for start, end in ((top, bottom), (left, right)):
        message.borderAmounts.add(startEdgeSize=start, endEdgeSize=end)


def one(folder: Path, kind: str, shape: tuple[int, ...], x: np.ndarray, /, **fields: Any) -> np.ndarray:
    """One layer of a network with five axes, fed one array."""
    maker = Maker().array("x", *shape).output("y")
    maker.layer(kind, "x", "y", **fields)
    return maker.run(folder, x=x)["y"]


def exactly(folder: Path, kind: str, x: np.ndarray, **fields: Any) -> np.ndarray:
    """One layer of a network with exact shapes."""
    maker = Maker(version=4, exact=True).array("x", *x.shape).output("y")
    maker.layer(kind, "x", "y", **fields)
    return maker.run(folder, x=x)["y"]
