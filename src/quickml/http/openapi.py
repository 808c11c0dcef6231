"""The OpenAPI document: what FastAPI reads off the routes, with what it cannot know put in."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from quickml._version import __version__
from quickml.api import messages
from quickml.document.schema import field_texts, schema
from quickml.http.problems import MEDIA_TYPE

DESCRIPTION = """A JSON document of a neural network in; a trained and verified Core ML model out.

Every error is a problem document (RFC 9457). Where the server asks for tokens, every route but `/`,
`/healthz` and `/readyz` takes one, as `Authorization: Bearer ...`, or as
`?token=...` for links and event streams. A signed link to a file needs none."""
OPEN = ("/", "/healthz", "/readyz")
SIGNED = ("/v1/artifacts/{sha256}/{filename}", "/v1/artifacts/{sha256}")
"""What the bearer of a signed link may fetch."""
PROBLEM = {
    "description": "A problem document",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemDocument"}}},
}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer"},
    "token": {"type": "apiKey", "in": "query", "name": "token"},
    "link": {"type": "apiKey", "in": "query", "name": "signature"},
}
_SCULPTML = {
    "type": "object",
    "title": "SculptML document",
    "required": ["model"],
    "properties": {"model": {"type": "object"}, "dataset": {"type": "object"}},
}


def request_body(model: type[BaseModel]) -> dict[str, Any]:
    """Of a route that reads its JSON itself; for `openapi_extra`."""
    return {
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": model.model_json_schema()}},
        }
    }


def install(app: FastAPI) -> None:
    """Have `app.openapi()` give this document; it is made when it is first asked for."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]  # FastAPI's own way to do this


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document (3.1) of all routes."""
    found = get_openapi(
        title="QuickML", version=__version__, description=DESCRIPTION, routes=app.routes, summary=None
    )
    schemas = found.setdefault("components", {}).setdefault("schemas", {})
    _describe(schemas)
    for name in ("HTTPValidationError", "ValidationError"):  # ours are problem documents
        schemas.pop(name, None)
    schemas.update(_problem_schemas())
    schemas.update(_document_schemas())
    found["components"]["securitySchemes"] = SCHEMES
    for path, operations in found["paths"].items():
        for operation in operations.values():
            _complete(operation, path)
    return found


def _complete(operation: dict[str, Any], path: str) -> None:
    operation["responses"].pop("422", None)
    operation["responses"]["default"] = PROBLEM
    if path not in OPEN:
        ways = ("bearer", "token", "link") if path in SIGNED else ("bearer", "token")
        operation["security"] = [{}, *({way: []} for way in ways)]
    content = operation.get("requestBody", {}).get("content", {})
    if content.get("application/json") == {"schema": {}}:
        either = [{"$ref": "#/components/schemas/Document"}, _SCULPTML]
        content["application/json"] = {"schema": {"anyOf": either}}


def _describe(schemas: dict[str, Any]) -> None:
    """Put the texts under the fields of the messages in."""
    for message in vars(messages).values():
        if isinstance(message, type) and issubclass(message, messages.Message):
            properties = schemas.get(message.__name__, {}).get("properties", {})
            texts = field_texts(message)  # type: ignore[arg-type]  # it reads any class
            for name, text in texts.items():
                properties.get(name, {})["description"] = text


def _problem_schemas() -> dict[str, Any]:
    made = messages.ProblemDocument.model_json_schema(ref_template="#/components/schemas/{model}")
    return {**made.pop("$defs"), "ProblemDocument": made}


def _document_schemas() -> dict[str, Any]:
    """The document's schema as components; its parts under names that no message has."""
    parts = schema()
    definitions = parts.pop("$defs")
    named = {"Document": parts, **{f"Document{name}": part for name, part in definitions.items()}}
    made: dict[str, Any] = _moved(named)
    return made


def _moved(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _moved(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_moved(item) for item in value]
    if isinstance(value, str) and value.startswith("#/$defs/"):
        return f"#/components/schemas/Document{value.removeprefix('#/$defs/')}"
    return value
