"""`quickml validate FILE...` without what takes longer to import than a document takes to check.

That is Typer, and `importlib.metadata`, which pydantic imports for plugins; there are none.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Any

_METADATA = "importlib.metadata"


def is_plain_validate(given: Sequence[str]) -> bool:
    """Whether a command line is `validate` with files, and nothing that has to be parsed but `--json`."""
    command, *others = given or [""]
    files = [one for one in others if one != "--json"]
    return command == "validate" and bool(files) and not any(not one or one[0] == "-" for one in files)


def plain_validate(given: Sequence[str]) -> None:
    """Run such a command line; exits as the command does."""
    sys.modules.setdefault(_METADATA, _LaterMetadata(_METADATA))
    from quickml.cli.commands.validate import validate_specs

    validate_specs([Path(one) for one in given[1:] if one != "--json"], as_json="--json" in given)
    sys.exit(0)


class _LaterMetadata(ModuleType):
    """Stands for the module until it is used. pydantic imports a function of it, and does not call it."""

    def entry_points(self, **selected: Any) -> Any:
        """Those of all installed packages, as the module finds them."""
        return self.__getattr__("entry_points")(**selected)

    def __getattr__(self, name: str) -> Any:
        if name == "__path__":  # asked for by the import of a function
            raise AttributeError(name)
        if sys.modules.get(_METADATA) is self:
            del sys.modules[_METADATA]
        return getattr(importlib.import_module(_METADATA), name)
