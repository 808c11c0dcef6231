"""What to deliver: formats, weights, and what the file says about itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AliasChoices, Field

from quickml.spec.part import Part

Format = Literal["mlmodel", "mlpackage"]
Weights = Literal["float32", "float16"]

FIRST_IOS: dict[Format, int] = {"mlmodel": 13, "mlpackage": 15}
"""The first iOS that reads what we write in a format."""


class Export(Part):
    """The files that the run leaves."""

    formats: Annotated[tuple[Format, ...], Field(min_length=1)] = ("mlmodel", "mlpackage")
    """`mlmodel` is a neural network for iOS 13 and later, `mlpackage` an ML program for iOS 15 and later."""
    weights: Annotated[Weights, Field(validation_alias=AliasChoices("weights", "precision"))] = "float32"
    """float16 halves the file; `precision` is another name for it."""
    minimum_ios: Literal[13, 14, 15, 16, 17, 18, 26] | None = None
    """The oldest iOS the files must run on; the first that reads each format where left out."""
    author: Annotated[str, Field(max_length=200)] = ""
    license: Annotated[str, Field(max_length=200)] = ""
    description: Annotated[str, Field(max_length=2000)] = ""
