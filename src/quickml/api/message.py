"""What all messages share."""

from __future__ import annotations

from itertools import islice
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema, model_validator


class ApiMessage(BaseModel):
    """A JSON object. Unknown fields are ignored; a number that is not finite is null."""

    model_config = ConfigDict(
        frozen=True, ser_json_inf_nan="null", json_schema_serialization_defaults_required=True
    )


MAX_UNKNOWN = 10
"""Number of unknown fields that are reported."""


class ApiRequest(BaseModel):
    """A JSON object that a client sends. Unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @model_validator(mode="before")
    @classmethod
    def _few_unknown(cls, value: Any) -> Any:
        """Leave out all but the first unknown fields: each is an error of its own, and there may be many."""
        if not isinstance(value, dict):
            return value
        kept = islice((key for key in value if key not in cls.model_fields), MAX_UNKNOWN)
        wanted = {*cls.model_fields, *kept}
        return {key: item for key, item in value.items() if key in wanted}


Names = Annotated[list[str], Field(fail_fast=True)]
"""Only the first item that is not text is reported."""
Sha256 = Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
Size = Annotated[int, Field(ge=0)]
"""Bytes."""
JsonSchema = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "additionalProperties": True, "title": "JSON Schema, draft 2020-12"}),
]
