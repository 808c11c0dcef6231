"""Who may import whom: the table in docs/explanation/architecture.md. Arrows point down only."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "quickml"
FREE = {"_version"}

PAGE = (ROOT / "docs" / "explanation" / "architecture.md").read_text(encoding="utf-8")
ALLOWED = {
    name: set(re.findall(r"`([\w.]+)`", allowed))
    for name, allowed in re.findall(r"^\| `(\w+)` \| (.+?) \|$", PAGE, re.MULTILINE)
}
OWNERS = {
    "tensorflow": {"training"}, "keras": {"training"}, "coremltools": {"export"}, "onnx": {"export"},
    "onnxruntime": {"export"}, "sklearn": {"datasets"}, "pooch": {"datasets"}, "typer": {"cli"}, "rich": {"cli"},
    "jinja2": {"report"}, "httpx": {"client"}, "pydantic": {"api", "client", "document", "events", "http"}, "sqlalchemy": {"jobs", "storage"}, "alembic": {"storage"},
    "platformdirs": {"settings"}, "psutil": {"executors"},
    "fastapi": {"http"}, "starlette": {"http"}, "uvicorn": {"http"}, "httptools": {"http"},
    "prometheus_client": {"http"}, "segno": {"cli"},
    "torch": {"export"}, "coreai": {"export"}, "coreai_torch": {"export"},
}  # fmt: skip


def modules():
    return [path for path in SOURCE.rglob("*.py") if path != SOURCE / "__init__.py"]


def component(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "quickml":
                yield from (
                    f"quickml.{alias.name}" for alias in node.names if not alias.name.startswith("__")
                )
            else:
                yield node.module


def test_the_table_names_every_component():
    assert {component(path) for path in modules()} - FREE == set(ALLOWED)


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    mine = component(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "quickml" and rest:
            target = rest.split(".")[0]
            fits = (
                target == mine
                or target in FREE
                or target in ALLOWED[mine]
                or any(rest.startswith(allowed) for allowed in ALLOWED[mine] if "." in allowed)
            )
            assert fits, f"{mine} may not import {name}"
        elif top in OWNERS:
            assert mine in OWNERS[top], f"{mine} may not import {top}"


def test_there_is_no_cycle_between_components():
    order: list[str] = []
    while len(order) < len(ALLOWED):
        free = [
            name
            for name, below in ALLOWED.items()
            if name not in order and {entry.split(".")[0] for entry in below} <= set(order)
        ]
        assert free, f"a cycle among {set(ALLOWED) - set(order)}"
        order += free


def graph() -> dict[str, set[str]]:
    """Which file imports which, by their module names; a package's `__init__` counts when it is named."""
    names = {
        ".".join(("quickml", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in modules()
    }
    return {name: set(known(path, names)) - {name} for name, path in names.items()}


def known(path: Path, names):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name in names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                yield from [whole] if whole in names else [node.module] if node.module in names else []


def test_there_is_no_cycle_between_files():
    below = graph()
    while free := {name for name, imported in below.items() if not imported}:
        below = {name: imported - free for name, imported in below.items() if name not in free}
    assert not below, f"cycles among {sorted(below)}"
