"""What a command loads before it works, and how its process ends."""

import json
import os
import subprocess
import sys

import pytest

import outside_dataset
from commands import QUICKML, quickml
from served import ROOT

HEAVY = {
    *("typer", "rich", "numpy", "PIL", "jinja2", "fastapi", "sqlalchemy", "httpx", "uvicorn", "psutil"),
    *("tensorflow", "keras", "coremltools", "onnx", "onnxruntime", "sklearn", "scipy", "sympy"),
    *("asyncio", "ssl", "http", "concurrent", "multiprocessing", "email.message", "importlib.metadata._meta"),
}


def python(code, *arguments, **options):
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, **options)


BEGUN = """
import atexit, sys, threading
import quickml.cli
run = quickml.cli._run
def begun(arguments):
    {}
    run(arguments)
quickml.cli._run = begun
quickml.cli.main()
"""
"""A command that begins with something of its own."""


def test_validating_loads_what_a_check_needs():
    tell = f"atexit.register(lambda: print(sorted({HEAVY!r} & set(sys.modules)), len(sys.modules), file=sys.stderr))"
    done = python(BEGUN.format(tell), "validate", "mnist_cnn.json")
    assert done.returncode == 0
    loaded, number = done.stderr.rsplit(maxsplit=1)
    assert loaded == "[]"
    assert int(number) < 330


@pytest.mark.parametrize(
    "arguments",
    [
        ["mnist_cnn.json"],
        ["mnist_cnn.json", "iris_spec.json"],
        ["--json", "mnist_cnn.json"],
        ["mnist_cnn.json", "--json", "iris_spec.json"],
        ["missing.json"],
        ["main.py"],
        ["iris_spec.json", "main.py"],
        [str(ROOT)],
    ],
    ids=" ".join,
)
def test_the_short_way_says_what_the_long_one_says(arguments, monkeypatch):
    short = quickml("validate", *arguments, cwd=ROOT)
    monkeypatch.setattr("quickml.cli.command_line.is_plain_validate", lambda _: False)
    assert quickml("validate", *arguments, cwd=ROOT) == short


@pytest.mark.parametrize(
    "arguments", [[], ["--help"], ["-"], [""], ["--fix", "a.json"], ["--unknown", "a.json"], ["--", "a.json"]]
)
def test_whatever_has_to_be_parsed_takes_the_long_way(arguments):
    from quickml.cli.plain_validate import is_plain_validate

    assert not is_plain_validate(["validate", *arguments])
    assert not is_plain_validate([*arguments, "validate"])


def test_the_metadata_of_packages_is_there_when_it_is_used():
    code = (
        "import sys\n"
        "from quickml.cli.plain_validate import plain_validate\n"
        "try: plain_validate(['validate', 'iris_spec.json'])\n"
        "except SystemExit: pass\n"
        "held = sys.modules['importlib.metadata']\n"
        "points = held.entry_points(group='console_scripts')\n"
        "assert not hasattr(held, 'nonsense')\n"
        "from importlib.metadata import version\n"
        "import importlib.metadata\n"
        "print(version('pydantic') == importlib.metadata.version('pydantic') == held.version('pydantic'), points == importlib.metadata.entry_points(group='console_scripts'))\n"
    )
    assert python(code).stdout.endswith("True True\n")


TO_END = """
    global last
    atexit.register(lambda: print('called'))
    threading.Thread(target=lambda: (threading.main_thread().join(), print('waited'))).start()
    class Last:
        def __del__(self): print('taken apart')
    last = Last()
"""


def test_a_process_ends_with_all_that_it_has_begun():
    """Functions of `atexit` are called, threads waited for, and text written, but Python is not taken apart."""
    done = python(BEGUN.format(TO_END), "validate", "iris_spec.json")
    assert done.stdout.splitlines()[-2:] == ["waited", "called"]
    assert done.returncode == 0


def test_functions_of_others_are_called_too():
    """Those that were registered before, as by a tool that measures what is covered by tests."""
    before = "import atexit\natexit.register(lambda: print('before'))\n"
    done = python(before + BEGUN.format(TO_END), "validate", "iris_spec.json")
    assert done.stdout.splitlines()[-4:] == ["waited", "called", "before", "taken apart"]


def test_a_package_that_adds_a_dataset_loses_nothing(tmp_path):
    site = outside_dataset.installed(tmp_path / "site")
    with (site / "my_package" / "shapes.py").open("a") as code:
        code.write(f"\nLOG = open({str(tmp_path / 'log')!r}, 'w')\nLOG.write('loaded')\n")  # is never closed
    document = tmp_path / "shapes.json"
    document.write_text(json.dumps(outside_dataset.DOCUMENT))
    command = [*QUICKML, "validate", document]
    subprocess.run(command, check=True, env={**os.environ, "PYTHONPATH": str(site)}, capture_output=True)
    assert (tmp_path / "log").read_text() == "loaded"


@pytest.mark.parametrize(
    ("arguments", "code"), [(["validate", "main.py"], 2), (["--version"], 0), (["--no"], 2)]
)
def test_exit_codes_are_kept(arguments, code):
    done = subprocess.run([*QUICKML, *arguments], cwd=ROOT, capture_output=True, check=False)
    assert done.returncode == code


@pytest.mark.parametrize(("then", "code"), [("sys.exit(5)", 5), ("raise ValueError", 1), ("print('on')", 0)])
@pytest.mark.parametrize("call", ["main()", "(lambda: main())()"])
def test_a_program_that_goes_on_ends_as_it_says(call, then, code):
    program = f"import sys\nfrom quickml.cli import main\ntry: {call}\nexcept SystemExit: pass\n{then}"
    assert python(program, "validate", "main.py").returncode == code


def test_an_unforeseen_error_ends_as_ever():
    code = (
        "import sys, quickml.cli.command_line as command_line\n"
        "from quickml.cli import main\n"
        "command_line.is_plain_validate = lambda _: 1 / 0\n"
        "main()"
    )
    done = python(code)
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr


def test_output_that_nobody_reads_is_an_error():
    command = f"{sys.executable} -c 'from quickml.cli import main; main()' validate iris_spec.json | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stdout in ("1\n", "0\n")  # whether `true` has ended before
    assert done.stderr == ""


@pytest.mark.parametrize("arguments", [["missing.json"], ["main.py"], ["--no"], ["--help"], []], ids=" ".join)
def test_a_run_that_ends_while_the_library_is_loaded_says_what_it_has_to(arguments):
    done = subprocess.run(
        [*QUICKML, "run", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert vars(quickml("run", *arguments, cwd=ROOT)) == {
        "returncode": done.returncode,
        "stdout": done.stdout,
        "stderr": done.stderr,
    }


def test_a_bug_while_the_library_is_loaded_is_seen():
    bug = "sys.argv[1:] = ['run', 'iris_spec.json']; import quickml.cli.command_line as m; m.run_command_line = lambda _: 1 / 0"
    done = python(BEGUN.format(bug))
    assert done.returncode == 1
    assert done.stderr.count("ZeroDivisionError") == 1


def test_a_file_that_a_run_cannot_read_costs_no_wait_for_the_library():
    code = "import sys; sys.argv[1:] = ['run', 'missing.json']; from quickml.training import preload\n"
    code += "preload._open = lambda _: __import__('threading').Event().wait()\nfrom quickml.cli import main; main()"
    assert python(code).returncode == 2
