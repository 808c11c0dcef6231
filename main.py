"""`python main.py SPEC.json`: the same as `quickml run SPEC.json`, straight from a checkout."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from quickml.cli import main

if __name__ == "__main__":
    sys.argv.insert(1, "run")
    main()
