"""What the documentation says is true: generated pages, documents, outputs, links, dependencies."""

import contextlib
import json
import re
import sys
import tomllib
from pathlib import Path
from unittest import mock

import pytest

from commands import quickml
from quickml.api.validation import ValidationMessage
from quickml.cli.commands.validate import validate_specs
from quickml.document import read, understand
from quickml.errors import DocumentError
from served import served

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
sys.path.insert(0, str(DOCS))

from generate import REFERENCE, pages  # noqa: E402

WRITTEN = {"answers.md"}
"""Pages of the reference that are not generated."""
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
JSON = re.compile(r"(<!-- wrong -->\n)?^```json\n(.*?)^```\n", re.MULTILINE | re.DOTALL)
WRONG = re.compile(r"<!-- wrong -->\n```json\n(.*?)```\n+```text\n(.*?)```", re.DOTALL)
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")


def named(path):
    return str(path.relative_to(ROOT))


@pytest.fixture(scope="module")
def generated():
    """Not while tests are collected, which every process of `pytest -n` does: it takes seconds."""
    return pages()


@pytest.mark.parametrize("name", sorted({path.name for path in REFERENCE.iterdir()} - WRITTEN))
def test_the_reference_is_what_the_code_says(name, generated):
    assert (REFERENCE / name).read_text(encoding="utf-8") == generated[name], "run python docs/generate.py"


def test_the_reference_has_nothing_else(generated):
    assert {path.name for path in REFERENCE.iterdir()} == set(generated) | WRITTEN


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_documents_are_understood(page):
    for wrong, text in JSON.findall(page.read_text(encoding="utf-8")):
        if not wrong and "model" in (document := json.loads(text)):
            understand(document)


def test_problems_are_told_as_printed():
    examples = WRONG.findall((DOCS / "how-to" / "write-a-document.md").read_text(encoding="utf-8"))
    assert examples
    for document, printed in examples:
        with pytest.raises(DocumentError) as caught:
            read(document)
        assert str(caught.value) == printed.strip()


def test_the_warning_is_told_as_printed():
    text = (DOCS / "how-to" / "write-a-document.md").read_text(encoding="utf-8")
    (old,) = [json.loads(found) for _, found in JSON.findall(text) if "num_layers" in found]
    (printed,) = re.findall(r"the warning is `(.+?)`", text)
    assert [str(notice) for notice in understand(old).notices] == [printed]


def test_validate_prints_what_is_printed(capsys):
    blocks = [
        block for page in PAGES for block in CONSOLE.findall(page.read_text(encoding="utf-8"))
        if "quickml validate" in block.splitlines()[0] and "--fix" not in block.splitlines()[0]
    ]  # fmt: skip
    assert blocks
    for block in blocks:
        command, _, printed = block.partition("\n")
        validate_specs([ROOT / command.split()[-1]], as_json=False)
        assert capsys.readouterr().out == printed


def test_fixes_are_told_as_printed(tmp_path):
    page = (DOCS / "how-to" / "write-a-document.md").read_text(encoding="utf-8")
    (block,) = [block for block in CONSOLE.findall(page) if "--fix" in block]
    (tmp_path / "wrong.json").write_text(WRONG.findall(page)[-1][0], encoding="utf-8")
    done = quickml(*block.splitlines()[0].split()[2:], cwd=tmp_path)
    assert done.stdout.startswith(block.partition("\n")[2])


def test_problems_can_be_fixed_by_a_program_as_printed(tmp_path):
    page = (DOCS / "how-to" / "write-a-document.md").read_text(encoding="utf-8")
    (program,) = re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)

    class Here(contextlib.nullcontext):
        def validate(self, document):
            return ValidationMessage.model_validate(server.post(document, path="/v1/validate").json())

    Here.__enter__ = lambda self: self
    with served(tmp_path) as server, mock.patch("quickml.Client", Here, create=True):
        exec(program, names := {})
    assert names["answer"].valid


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_links_lead_somewhere(page):
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if link.startswith(("https://", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), f"{link} leads nowhere"
        assert target.resolve().is_relative_to(ROOT), f"{link} leaves the repository"
        if anchor:
            assert anchor in anchors(target), f"{link}: no such heading"


def anchors(page):
    """The names that GitHub gives to headings."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_is_in_the_index():
    index = DOCS / "README.md"
    linked = {(DOCS / link).resolve() for link in LINK.findall(index.read_text(encoding="utf-8"))}
    assert {path for path in DOCS.rglob("*.md") if path != index} <= linked


def test_the_layout_names_every_component_and_nothing_else():
    text = (DOCS / "explanation" / "architecture.md").read_text(encoding="utf-8")
    tree = text.split("src/quickml/\n")[1].split("\nexamples/")[0]
    listed = set(re.findall(r"^  (\w+(?:\.py|/))", tree, re.MULTILINE))
    source = ROOT / "src" / "quickml"
    found = {f"{path.name}/" if path.is_dir() else path.name for path in source.iterdir()}
    assert listed == {name for name in found if not name.startswith("_")} - {"py.typed"}


# Dependencies


def normal(name):
    return re.sub(r"[-_.]+", "-", name).lower()


def dependencies():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [
        *project["dependencies"],
        *(d for group in project["optional-dependencies"].values() for d in group),
    ]
    return sorted({normal(re.match(r"[\w.-]+", requirement)[0]) for requirement in wanted})


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return [line for line in lines if line.strip() and not line.startswith("#")]


@pytest.mark.parametrize("name", dependencies())
def test_a_dependency_is_explained_and_pinned(name):
    text = (DOCS / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w.-]+)` \|", text, re.MULTILINE)
    assert rows.count(name) == 1
    assert name in {normal(pin.partition("==")[0]) for pin in pins()}


def test_no_row_outlives_its_dependency():
    text = (DOCS / "explanation" / "dependencies.md").read_text(encoding="utf-8")
    assert set(re.findall(r"^\| `([\w.-]+)` \|", text, re.MULTILINE)) == set(dependencies())


def test_constraints_are_pins_and_nothing_else():
    assert [pin for pin in pins() if not re.fullmatch(r"[\w.-]+==[\w.!+]+", pin)] == []
    assert "://" not in (ROOT / "constraints.txt").read_text()


# The distribution

TEXTS = [
    path for folder in ("src", "docs", "deploy", "examples", "benchmarks", ".ci", "tests") for path in sorted((ROOT / folder).rglob("*"))
    if path.is_file() and "__pycache__" not in path.parts and path.suffix not in {".gz", ".png", ".npz"}
]  # fmt: skip
INSTALL = re.compile(r"pip install\b([^`\n]*)")


def installed(arguments):
    """The packages that `pip install` would look up on PyPI."""
    words = [word.strip("'\"()") for word in re.split(r"\s+|&&", arguments)]
    return [word for word in words if re.match(r"quickml", word)]


def test_the_distribution_is_named_as_nobody_elses():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["name"] == "quickml-coreml"
    assert project["scripts"] == {"quickml": "quickml.cli:main"}


def test_no_text_installs_somebody_elses_package():
    """PyPI has another project named `quickml`; without an index, an extra of it is asked for as `quickml[...]`."""
    found = []
    for path in [*PAGES, *TEXTS, ROOT / "constraints.txt", ROOT / "pyproject.toml"]:
        text = path.read_text(encoding="utf-8", errors="replace")
        for command in INSTALL.findall(text):
            found += [
                (named(path), word) for word in installed(command) if not word.startswith("quickml-coreml")
            ]
        if path != Path(__file__):
            found += [(named(path), extra) for extra in re.findall(r"\bquickml\[\w+\]", text)]
    assert found == []
