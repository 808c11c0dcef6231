"""The JSON Schema of the document, with docstrings as descriptions.

pydantic could collect the texts under the fields itself (`use_attribute_docstrings`), but does so by
parsing the source at every import, which would cost `quickml validate` a third of its time.
"""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterable
from typing import Any

from pydantic import create_model

from quickml.datasets import registry
from quickml.datasets.dataset import Reference
from quickml.document.dataset import any_of
from quickml.document.document import Document
from quickml.document.formats import names
from quickml.fields import DocumentModel


def schema(datasets: Iterable[type[Reference]] | None = None) -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of a document.

    Args:
        datasets: those that a document may name; all that are built in, registered or installed, if left out.
    """
    kinds = tuple(registry.references() if datasets is None else datasets)
    whole = create_model(
        "Document", __base__=Document, __doc__=Document.__doc__, dataset=(any_of(kinds), ...)
    )
    result = whole.model_json_schema()
    _describe(result, Document)
    for part in _all_parts(DocumentModel):
        _describe(result["$defs"].get(part.__name__, {}), part)
    _require_types(result["$defs"])
    result["$defs"]["Export"]["properties"]["formats"]["items"] = {"enum": names(), "type": "string"}
    result["properties"]["$schema"] = {
        "type": "string",
        "description": "Address of the JSON Schema of documents, for editors; not used otherwise.",
    }
    result["title"] = "QuickML document"
    return result


def _require_types(definitions: dict[str, Any]) -> None:
    """The key that selects the class has a default in the code, but is required in a document."""
    for entry in definitions.values():
        properties = entry.get("properties", {})
        tags = [name for name in ("type", "name") if "const" in properties.get(name, {})]
        entry["required"] = sorted({*entry.get("required", []), *tags})
        if not entry["required"]:
            del entry["required"]


def _all_parts(root: type[DocumentModel]) -> list[type[DocumentModel]]:
    return [part for child in root.__subclasses__() for part in (child, *_all_parts(child))]


def _describe(entry: dict[str, Any], part: type[DocumentModel]) -> None:
    for base in reversed(part.__mro__):
        if isinstance(base, type) and issubclass(base, DocumentModel):
            for name, text in field_texts(base).items():
                if name in entry.get("properties", {}):
                    entry["properties"][name]["description"] = text


def field_texts(part: type[DocumentModel]) -> dict[str, str]:
    """The string under each field of a class, on one line; none for a class without source text."""
    try:
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(part))).body
    except (OSError, TypeError):
        return {}
    assert isinstance(tree, ast.ClassDef)
    texts = {}
    for statement, below in zip(tree.body, tree.body[1:], strict=False):
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            match below:
                case ast.Expr(value=ast.Constant(value=str(text))):
                    texts[statement.target.id] = " ".join(text.split())
    return texts
