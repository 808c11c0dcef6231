"""Who may import whom. The table is the one in docs/explanation/architecture.md; arrows point down only."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "quickml"
FREE = {"quickml"}  # `from quickml import __version__`

ALLOWED = {
    "errors": set(),
    "events": set(),
    "syncing": set(),
    "spec": {"errors"},
    "datasets": {"errors", "spec"},
    "training": {"errors", "events", "spec", "datasets"},
    "coreml": {"errors", "events", "spec", "datasets", "training.trained", "training.on_torch"},
    "report": {"errors", "events", "spec", "datasets", "training.trained"},
    "results": {"errors", "events", "syncing"},
    "pipeline": {"errors", "events", "spec", "datasets", "training", "coreml", "report", "results"},
    "settings": {"errors"},
    "jobs": {"errors", "events"},
    "artifacts": {"errors"},
    "worker": {
        "errors",
        "events",
        "spec",
        "training.keeping",
        "coreml.archive",
        "pipeline",
        "jobs",
        "artifacts",
    },
    "executors": {"errors", "events", "jobs", "worker.channel"},
    "client": {"errors", "events", "settings", "syncing"},
    "logs": set(),
    "service": {
        "errors",
        "spec",
        "datasets",
        "coreml.pictures",
        "coreml.runtime",
        "jobs",
        "artifacts",
        "executors",
    },
    "bootstrap": {"errors", "settings", "jobs", "artifacts", "executors", "worker.options", "service"},
    "http": {"errors", "events", "spec", "settings", "service"},
    "cli": {
        "client",
        "errors",
        "events",
        "spec",
        "results",
        "coreml",
        "pipeline",
        "settings",
        "logs",
        "service",
        "bootstrap",
        "http",
    },
}
OWNERS = {
    "tensorflow": {"training"}, "keras": {"training"}, "coremltools": {"coreml"}, "onnx": {"coreml"},
    "onnxruntime": {"coreml"}, "sklearn": {"datasets"}, "pooch": {"datasets"}, "typer": {"cli"}, "rich": {"cli"},
    "jinja2": {"report"}, "httpx": {"client"}, "pydantic": {"client", "spec", "events", "http"}, "sqlalchemy": {"jobs"}, "alembic": {"jobs"},
    "platformdirs": {"settings"}, "psutil": {"executors"},
    "fastapi": {"http"}, "starlette": {"http"}, "uvicorn": {"http"}, "httptools": {"http"},
    "prometheus_client": {"http"}, "segno": {"cli"},
    "torch": {"coreml"}, "coreai": {"coreml"}, "coreai_torch": {"coreml"},
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
    assert {component(path) for path in modules()} == set(ALLOWED)


def test_the_table_is_the_one_in_the_documentation():
    text = (ROOT / "docs" / "explanation" / "architecture.md").read_text()
    rows = dict(re.findall(r"^\| `(\w+)` \| (.+?) \|$", text, re.MULTILINE))
    written = {name: set(re.findall(r"`([\w.]+)`", allowed)) for name, allowed in rows.items()}
    assert written == ALLOWED


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(SOURCE)))
def test_imports_point_down(path):
    mine = component(path)
    for name in imports(path):
        top, _, rest = name.partition(".")
        if top == "quickml" and rest:
            target = rest.split(".")[0]
            fits = (
                target == mine
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
