"""Make the network of a SculptML document fit its dataset."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from quickml.datasets.info import DatasetInfo
from quickml.document.layers import LAYERS
from quickml.document.layers.layer import ShapeError
from quickml.document.sculptml.layers import Converted
from quickml.document.sculptml.notes import Notes
from quickml.fields import Shape


def repaired(
    layers: Sequence[Converted], dim: Sequence[int], base: str, info: DatasetInfo, notes: Notes
) -> list[Converted]:
    """The layers with changed and added ones, so that input and output fit the dataset.

    Args:
        layers: the layers of the document; at least one.
        dim: the sizes of its `input_layer`.
        base: pointer to the object that contains the layers.
        info: describes the dataset.
        notes: the notes.
    """
    return _Repair(base, info, notes).run(layers, dim)


class _Repair:
    def __init__(self, base: str, info: DatasetInfo, notes: Notes) -> None:
        self.base = base
        self.info = info
        self.notice = notes.notice

    def run(self, layers: Sequence[Converted], dim: Sequence[int]) -> list[Converted]:
        shape: Shape | None = self.info.shape
        result: list[Converted] = []
        if first := self._entrance(dim):
            result.append(Converted(layer=first, pointer=f"{self.base}/input_layer/dim"))
            shape = _after(first, shape)
        for index, original in enumerate(layers):
            item = self._reshaped(original, shape)
            layer, pointer = item.layer, item.pointer
            if layer["type"] == "Dense" and shape is not None and len(shape) > 1:
                self.notice(pointer, "a Flatten is inserted before it: Dense takes a flat input")
                result.append(Converted(layer={"type": "Flatten"}, pointer=pointer))
                shape = (math.prod(shape),)
            activation = layer.pop("activation", None) if layer["type"] not in ("Dense", "Conv2D") else None
            if activation and (index < len(layers) - 1 or activation != "softmax"):
                self.notice(f"{pointer}/activation", f"ignored: {layer['type']} has no activation")
            result.append(item)
            shape = _after(layer, shape)
        return self._exit(result, shape)

    def _entrance(self, dim: Sequence[int]) -> dict[str, Any] | None:
        """A Reshape, if the document's input has the same size as the dataset's, but another shape."""
        shape, pointer = self.info.shape, f"{self.base}/input_layer/dim"
        if not dim or tuple(dim) == shape or (len(shape) == 3 and tuple(dim) == shape[:2]):
            return None
        if tuple(dim[1:]) == shape:
            self.notice(pointer, f"ignored: {dim[0]}, the number of samples")
            return None
        if math.prod(dim) == math.prod(shape):
            return {"type": "Reshape", "target_shape": list(dim)}
        self.notice(pointer, f"ignored: the inputs of the dataset have the shape {shape}")
        return None

    def _reshaped(self, item: Converted, shape: Shape | None) -> Converted:
        """A Reshape instead of a `FlattenLyr` with a `dim`, if its input has the size of the `dim`."""
        if len(item.dim) < 2 or shape is None:
            return item
        if math.prod(item.dim) != math.prod(shape):
            self.notice(f"{item.pointer}/dim", f"ignored: its input has the shape {shape}")
            return item
        self.notice(item.pointer, f"a FlattenLyr with a dim is converted to a Reshape to {list(item.dim)}")
        return replace(item, layer={**item.layer, "type": "Reshape", "target_shape": list(item.dim)})

    def _exit(self, layers: list[Converted], shape: Shape | None) -> list[Converted]:
        last, pointer = layers[-1].layer, layers[-1].pointer
        outputs = self.info.outputs
        final = "softmax" if self.info.labels else "linear"
        if shape == (1,) and outputs == 2 and last.get("activation") == "sigmoid":
            return layers
        if last["type"] == "Dense" and last.get("units") == 1 and outputs > 1:
            self.notice(f"{pointer}/units", f"changed to {outputs}, the number of outputs")
            last["units"], shape = outputs, (outputs,)
        if last["type"] == "Dense" and shape == (outputs,):
            if last.get("activation", "linear") != final:
                self.notice(
                    f"{pointer}/activation", f"changed to {final}: it is the last layer of a {self.info.task}"
                )
                last["activation"] = final
            return layers
        learns = any(item.layer["type"] in ("Dense", "Conv2D") for item in layers)
        if shape == (outputs,) and final == "softmax" and learns:
            return [*layers, Converted(layer={"type": "Softmax"}, pointer=pointer)]
        if last.get("activation") == "softmax":
            last["activation"] = "relu"
        self.notice(
            pointer, f"a Dense with {outputs} units and {final} is added after it, one unit per output"
        )
        flat: list[dict[str, Any]] = [{"type": "Flatten"}] if shape is not None and len(shape) > 1 else []
        added = [*flat, {"type": "Dense", "units": outputs, "activation": final}]
        return [*layers, *(Converted(layer=layer, pointer=pointer) for layer in added)]


def _after(layer: dict[str, Any], shape: Shape | None) -> Shape | None:
    """The output shape of a layer; None if its values are invalid."""
    if shape is None:
        return None
    try:
        return LAYERS[layer["type"]].model_validate(layer).output_shape(shape)
    except (ShapeError, ValueError):
        return None
