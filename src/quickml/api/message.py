"""What all messages share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema


class ApiMessage(BaseModel):
    """A JSON object. Unknown fields are ignored; a number that is not finite is null."""

    model_config = ConfigDict(
        frozen=True, ser_json_inf_nan="null", json_schema_serialization_defaults_required=True
    )


class ApiRequest(BaseModel):
    """A JSON object that a client sends. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]
"""Bytes."""
JsonSchema = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": True, "title": "JSON Schema, draft 2020-12"}),
]
