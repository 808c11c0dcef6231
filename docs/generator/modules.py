"""The list of modules, with the first paragraph of each docstring."""

import ast
from pathlib import Path

from generator import NOTE

SOURCE = Path(__file__).parents[2] / "src" / "quickml"


def page() -> str:
    """docs/reference/modules.md."""
    head = ["# Modules", NOTE, "Every module of `src/quickml`, with the first paragraph of its docstring."]
    return "\n\n".join([*head, *map(_section, _folders())]) + "\n"


def _folders() -> list[Path]:
    return sorted({path.parent for path in SOURCE.rglob("__init__.py")})


def _section(folder: Path) -> str:
    name = folder.relative_to(SOURCE.parent).as_posix()
    rows = [
        f"| `{path.name}` | {_summary(path)} |"
        for path in sorted(folder.glob("*.py"))
        if path.name != "__init__.py"
    ]
    table = ["", "| module | content |", "| --- | --- |", *rows] if rows else []
    return "\n".join([f"## `{name}/`", "", _summary(folder / "__init__.py"), *table])


def _summary(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return " ".join(docstring.split("\n\n")[0].split()).replace("|", "\\|")
