"""Print requirements of pyproject.toml: `checkers` for those of ruff and mypy, or the name of an extra."""

import re
import sys
import tomllib
from pathlib import Path

UNSEEN = {"coremltools", "keras", "onnx", "onnxruntime", "scikit-learn", "tensorflow", "tensorflow-cpu"}
"""The large ones, which have no types that mypy follows."""
CHECKERS = {"mypy", "ruff"}


def name(requirement: str) -> str:
    """The package's name, without versions and conditions."""
    return re.split(r"[^\w-]", requirement, maxsplit=1)[0]


project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
if sys.argv[1] == "checkers":
    found = [one for one in project["dependencies"] if name(one) not in UNSEEN]
    found += [one for one in extras["dev"] if name(one) in CHECKERS] + extras["s3"]  # which has types
else:
    found = extras[sys.argv[1]]
print(*found, sep="\n")
