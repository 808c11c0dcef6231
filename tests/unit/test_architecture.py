"""Who may import whom: the table in docs/explanation/architecture.md. Sizes of modules and functions, unique names."""

import ast
import re
from collections import defaultdict
from functools import cache
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
    "jinja2": {"report"}, "httpx": {"client"}, "pydantic": {"api", "client", "datasets", "document", "events", "fields", "http"}, "sqlalchemy": {"jobs", "storage", "uploads"}, "alembic": {"storage"}, "psycopg": {"storage"}, "obstore": {"storage"},
    "filelock": {"files"}, "platformdirs": {"settings"}, "psutil": {"executors"},
    "fastapi": {"http"}, "starlette": {"http"}, "uvicorn": {"http"}, "httptools": {"http"},
    "prometheus_client": {"http"}, "segno": {"cli"}, "pyarrow": {"tables"}, "python_calamine": {"tables"},
    "torch": {"export"}, "coreai": {"export"}, "coreai_torch": {"export"},
    "ray": {"launchers"},
}  # fmt: skip


HEAVY = {
    "tensorflow",
    "keras",
    "coremltools",
    "onnx",
    "onnxruntime",
    "sklearn",
    "torch",
    "coreai",
    "coreai_torch",
    "pyarrow",
    "ray",
}
"""Libraries that take a second or more to import."""

LONGEST_MODULE, LONGEST_FUNCTION = 400, 40


def modules():
    return [path for path in sorted(SOURCE.rglob("*.py")) if path != SOURCE / "__init__.py"]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def component(path: Path) -> str:
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path):
    for node in ast.walk(tree(path)):
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
    for node in ast.walk(tree(path)):
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


def is_for_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)


def at_import(node: ast.AST):
    """The import statements that run when a module is imported, so not those in functions."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child
        elif not isinstance(
            child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
        ) and not is_for_type_checking(child):
            yield from at_import(child)


def loaded(path: Path, names: dict[str, Path]):
    """What the import of a module imports: our modules with their packages, and the libraries' top names."""
    for node in at_import(tree(path)):
        if isinstance(node, ast.Import):
            found = [alias.name for alias in node.names]
        else:
            found = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        for name in found:
            parts = name.split(".")
            if parts[0] == "quickml":
                yield from (
                    module for end in range(2, len(parts) + 1) if (module := ".".join(parts[:end])) in names
                )
            else:
                yield parts[0]


def test_a_heavy_library_is_loaded_by_its_owner_alone():
    """Importing a module never loads another component's heavy library, however indirectly."""
    names = {
        ".".join(("quickml", *path.relative_to(SOURCE).with_suffix("").parts)).removesuffix(".__init__"): path
        for path in modules()
    }
    direct = {name: set(loaded(path, names)) for name, path in names.items()}
    wrong = []
    for name, path in names.items():
        reached, waiting = set(), [name]
        while waiting:
            for target in direct[waiting.pop()] - reached:
                reached.add(target)
                waiting += [target] if target in direct else []
        wrong += [
            f"{name} loads {heavy}"
            for heavy in sorted(reached & HEAVY)
            if component(path) not in OWNERS[heavy]
        ]
    assert wrong == []


def definitions(path: Path, *kinds: type[ast.AST]):
    return [node for node in ast.walk(tree(path)) if isinstance(node, kinds)]


def lines_of(function) -> int:
    """Of a function with its decorators, without its docstring."""
    first = min([function.lineno, *(decorator.lineno for decorator in function.decorator_list)])
    text = function.body[0] if ast.get_docstring(function, clean=False) is not None else None
    return function.end_lineno - first + 1 - (text.end_lineno - text.lineno + 1 if text else 0)


def test_modules_are_short():
    long = {relative(path) for path in modules() if len(path.read_text().splitlines()) > LONGEST_MODULE}
    assert long == set()


def test_functions_are_short():
    long = {
        f"{relative(path)} {function.name}"
        for path in modules()
        for function in definitions(path, ast.FunctionDef, ast.AsyncFunctionDef)
        if lines_of(function) > LONGEST_FUNCTION
    }
    assert long == set()


def test_a_class_name_exists_once():
    places = defaultdict(list)
    for path in modules():
        for found in definitions(path, ast.ClassDef):
            places[found.name].append(relative(path))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}
