"""docs/how-to/add-a-layer.md, done: its two files make a layer that trains and exports."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
PAGE = ROOT / "docs" / "how-to" / "add-a-layer.md"
SCRIPT = """
from pathlib import Path
import quickml
from emitted import FORMATS, assert_computes_what_keras_computes
from quickml.document import Plan, understand
from quickml.document.layers import LAYERS
from quickml.document.schema import schema

assert Path(quickml.__file__).is_relative_to(Path.cwd())
layer = LAYERS["UnitNormalization"]
for file in FORMATS:
    for shape, arguments in ([*layer.example], [(5, 4, 3), {"axis": 1}]):
        assert_computes_what_keras_computes(layer.__name__, shape, arguments, file, Path.cwd())
plan = understand({"name": "t", "dataset": "iris", "model": {"layers": [
    {"type": "UnitNormalization"}, {"type": "Dense", "units": 3, "activation": "softmax"}]}})
assert Plan.from_json(plan.to_json()) == plan
assert "step of a sequence" in schema()["$defs"]["UnitNormalization"]["properties"]["axis"]["description"]
"""


def test_two_files_make_a_layer(tmp_path):
    package = tmp_path / "quickml"
    shutil.copytree(ROOT / "src" / "quickml", package, ignore=shutil.ignore_patterns("__pycache__", "*.gz"))
    layer, emitter = re.findall(
        r"^```python\n(.*?)^```\n", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
    )
    (package / "document" / "layers" / "unit.py").write_text(layer)
    (package / "export" / "coreml" / "emit" / "unit.py").write_text(emitter)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(tmp_path), str(ROOT / "tests" / "support")]),
    }
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        check=False,
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr[-4000:]
