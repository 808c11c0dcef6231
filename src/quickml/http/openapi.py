"""The OpenAPI document: what FastAPI knows of the routes, completed with what it cannot know."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from quickml import errors, events
from quickml._version import __version__
from quickml.api import routes
from quickml.api.message import ApiMessage, ApiRequest
from quickml.api.problem import MEDIA_TYPE, ProblemDocument
from quickml.document.schema import field_texts, schema

DESCRIPTION = """A JSON document of a neural network in; a trained and verified Core ML model out.

Every error is a problem document (RFC 9457). A server that requires tokens accepts them as
`Authorization: Bearer ...` or, for links and event streams, as `?token=...`. The routes `/`, `/healthz` and
`/readyz` need no token, and neither does a signed link to a file."""
REFERENCE = "#/components/schemas/"
OPEN = (routes.INDEX, routes.HEALTH, routes.READINESS)
SIGNED = (routes.PARTS, routes.FILE.replace(":path", ""))
"""Routes that accept the signature of a link."""
PROBLEM = {
    "description": "A problem document",
    "content": {MEDIA_TYPE: {"schema": {"$ref": f"{REFERENCE}{ProblemDocument.__name__}"}}},
}
HTML = {"text/html": {"schema": {"type": "string"}}}
FILE = {"application/octet-stream": {"schema": {"type": "string", "format": "binary"}}}
SCHEMES = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "A token."},
    "token": {"type": "apiKey", "in": "query", "name": "token", "description": "A token."},
    "link": {"type": "apiKey", "in": "query", "name": "signature", "description": "A signed link."},
}
_SCULPTML = {
    "type": "object",
    "title": "SculptML document",
    "required": ["model"],
    "properties": {"model": {"type": "object"}, "dataset": {"type": "object"}},
}


def _body(body: dict[str, Any]) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": body}}}}


DOCUMENT = _body({"anyOf": [{"$ref": f"{REFERENCE}Document"}, _SCULPTML]})
"""`openapi_extra` of a route that takes a document."""


def request_body(model: type[BaseModel], *, or_bytes: bool = False) -> dict[str, Any]:
    """`openapi_extra` of a route that takes a message; it must be an `ApiRequest`.

    With `or_bytes`, the route also takes the bytes of one sample.
    """
    found = _body({"$ref": f"{REFERENCE}{model.__name__}"})
    if or_bytes:
        found["requestBody"]["content"] |= FILE
    return found


def install(app: FastAPI) -> None:
    """Have `app.openapi()` return this document, which is made once."""

    def made() -> dict[str, Any]:
        if app.openapi_schema is None:
            app.openapi_schema = document(app)
        return app.openapi_schema

    app.openapi = made  # type: ignore[method-assign]  # as FastAPI's documentation has it


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI document (3.1) of all routes."""
    found = get_openapi(title="QuickML", version=__version__, description=DESCRIPTION, routes=app.routes)
    schemas = found["components"]["schemas"]
    for name in ("HTTPValidationError", "ValidationError"):  # FastAPI's own errors, which are not sent
        schemas.pop(name, None)
    schemas |= _other_messages()
    _describe(schemas)
    schemas |= _document_schemas()
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


def _other_messages() -> dict[str, Any]:
    """Messages that FastAPI does not see: bodies that routes read themselves, and errors."""
    messages: list[tuple[type[BaseModel], JsonSchemaMode]] = [(ProblemDocument, "serialization")]
    messages += [(model, "validation") for model in ApiRequest.__subclasses__()]
    _, found = models_json_schema(messages, ref_template=f"{REFERENCE}{{model}}")
    return dict(found["$defs"])


def _describe(schemas: dict[str, Any]) -> None:
    """Add the text under each field; pydantic would parse the source for it at every import."""
    for message in _classes():
        properties = schemas.get(message.__name__, {}).get("properties", {})
        fields = getattr(message, "model_fields", {})
        for base in reversed(message.__mro__):
            texts = field_texts(base) if base.__module__.startswith("quickml.") else {}
            for name, text in texts.items():
                key = getattr(fields.get(name), "alias", None) or name
                if key in properties:
                    properties[key]["description"] = text


def _classes() -> Iterator[type]:
    yield from (
        value for module in (errors, events) for value in vars(module).values() if isinstance(value, type)
    )
    waiting: list[type] = [ApiMessage, ApiRequest]
    while waiting:
        message = waiting.pop()
        yield message
        waiting += message.__subclasses__()


def _document_schemas() -> dict[str, Any]:
    """The schema of the document as components; its parts get names that no message has."""
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
        return f"{REFERENCE}Document{value.removeprefix('#/$defs/')}"
    return value
