"""The layers: one class each, with Keras' names and defaults.

A class infers its output shape and counts its parameters. Its fields, without those of `Layer`, are the
arguments of the Keras layer of the same name. To add a layer, write its class in a module of this folder and
its emitter in `export/coreml/emit/`; both are discovered automatically.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import TYPE_CHECKING, Annotated, Union

from quickml.document.layers.layer import Layer
from quickml.fields import ByType


def _defined_in(module: ModuleType) -> list[type[Layer]]:
    """The classes of a module that have a `type` of their own, in its order."""
    classes = [value for value in vars(module).values() if isinstance(value, type)]
    layers = [cls for cls in classes if issubclass(cls, Layer) and cls.__module__ == module.__name__]
    return [cls for cls in layers if cls.model_fields["type"].default == cls.__name__]


_modules = [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]

LAYERS: dict[str, type[Layer]] = {cls.__name__: cls for module in _modules for cls in _defined_in(module)}
"""Every layer class by its type."""

if TYPE_CHECKING:
    AnyLayer = Layer
else:
    AnyLayer = Annotated[Union[tuple(LAYERS.values())], ByType()]  # noqa: UP007

__all__ = ["LAYERS", "AnyLayer", "Layer"]
