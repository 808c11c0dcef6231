"""Formats of other packages: where they are loaded, and what they may be called."""

import sys
from importlib.metadata import EntryPoint

import pytest

from quickml.document import Plan, formats, understand
from quickml.errors import CompileError, DocumentError
from quickml.export.formats.format import asked
from quickml.export.formats.mlmodel import MLModel

DOCUMENT = {
    "name": "test",
    "dataset": "iris",
    "model": {"layers": [{"type": "Dense", "units": 3, "activation": "softmax"}]},
    "export": {"formats": ["outside", "mlmodel"]},
}
CODE = """
from quickml.export.formats.format import Format, registered


@registered
class Outside(Format):
    kind = "{kind}"
    file_name = "model.outside"

    def write(self, run):
        yield from ()
        return run.folder / self.file_name

    def verify(self, path, run):
        return None
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Install a package that announces the format `outside`, whose class has another or the same kind."""

    def installed(kind="outside", code=CODE):
        (tmp_path / "outside_format.py").write_text(code.replace("{kind}", kind))
        entry = EntryPoint("outside", "outside_format:Outside", formats.GROUP)
        monkeypatch.setattr(formats, "installed", lambda _: {"outside": entry})

    known = formats.known()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(formats, "FORMATS", known)
    yield installed
    sys.modules.pop("outside_format", None)


def forget():
    """As in another process: nothing has loaded the package."""
    del formats.FORMATS["outside"], sys.modules["outside_format"]


def test_a_process_that_has_only_the_stored_plan_loads_the_package(install):
    install()
    stored = understand(DOCUMENT).to_json()
    forget()
    plan = Plan.from_json(stored)
    assert [one.kind for one in asked(plan.document.export)][:2] == ["outside", "mlmodel"]


def test_a_stored_plan_whose_format_is_not_installed_any_more(install, monkeypatch):
    install()
    plan = understand(DOCUMENT)
    forget()
    monkeypatch.setattr(formats, "installed", lambda _: {})
    with pytest.raises(CompileError, match="outside: expected an installed format, found none"):
        list(asked(plan.document.export))


def test_it_cannot_take_the_name_of_another_format(install):
    install(kind="mlmodel")
    with pytest.raises(DocumentError, match=r"/export/formats/0: .* expected a unique kind, found 'mlmodel'"):
        understand(DOCUMENT)
    assert isinstance(formats.known()["mlmodel"], MLModel)


def test_it_must_have_the_name_that_its_package_announces(install):
    install(kind="inside")
    with pytest.raises(DocumentError, match=r"/export/formats/0: .* expected it to register .*'outside'"):
        understand(DOCUMENT)


def test_a_package_that_cannot_be_loaded_is_a_problem_of_the_document(install):
    install(code="raise ImportError('no library')")
    with pytest.raises(DocumentError, match=r"/export/formats/0: .*no library"):
        understand(DOCUMENT)
