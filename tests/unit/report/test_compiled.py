"""Compiled templates, kept between processes."""

import sys

import pytest
from jinja2 import DictLoader, Environment

from quickml.report import compiled
from quickml.report.compiled import CompiledTemplates


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(compiled, "__file__", str(tmp_path / "compiled.py"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    monkeypatch.setattr(sys, "pycache_prefix", None)
    (tmp_path / "__pycache__").mkdir()
    return tmp_path / "__pycache__"


def rendered(text="{% if 1 %}\n{{ x }}\n{% endif %}", **options):
    cache = CompiledTemplates(options)
    return (
        Environment(loader=DictLoader({"a": text}), bytecode_cache=cache, autoescape=True, **options)
        .get_template("a")
        .render(x="<")
    )


def test_a_template_is_compiled_once(folder, monkeypatch):
    first = rendered()
    (kept,) = folder.iterdir()
    monkeypatch.setattr(Environment, "_generate", None)  # compiles
    assert rendered() == first == "\n&lt;\n"
    assert [*folder.iterdir()] == [kept]


def test_another_text_and_other_options_are_other_code(folder):
    assert rendered() == "\n&lt;\n"
    assert rendered(trim_blocks=True) == "&lt;\n"
    assert rendered(text="{{ x }}!") == "&lt;!"
    assert len([*folder.iterdir()]) == 2


@pytest.mark.parametrize("content", [b"", b"nonsense", None])
def test_a_damaged_file_is_made_again(folder, content):
    rendered()
    (kept,) = folder.iterdir()
    whole = kept.read_bytes()
    kept.write_bytes(whole[:-20] if content is None else content)
    assert rendered() == "\n&lt;\n"
    assert kept.read_bytes() == whole


def test_nothing_is_kept_where_nothing_may_be_written(folder, monkeypatch):
    folder.rmdir()
    assert rendered() == "\n&lt;\n"
    folder.mkdir()
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    assert rendered() == "\n&lt;\n"
    assert not [*folder.iterdir()]


def test_files_are_where_python_keeps_its_own(folder, monkeypatch, tmp_path):
    """With PYTHONPYCACHEPREFIX, in another folder; and those of another version are not taken."""
    monkeypatch.setattr(sys, "pycache_prefix", str(tmp_path / "elsewhere"))
    place = tmp_path / "elsewhere" / str(tmp_path).lstrip("/")
    place.mkdir(parents=True)
    rendered()
    assert [*folder.iterdir()] == []
    assert len([*place.iterdir()]) == 1
    monkeypatch.setattr(compiled, "__version__", "0.0.0")
    rendered()
    assert len([*place.iterdir()]) == 2
