"""Whether the extra is installed."""

from __future__ import annotations

from importlib.util import find_spec

from quickml.errors import TableError

INSTALL = 'install the extra: pip install "quickml-coreml[arrow]"'


def is_installed() -> bool:
    """Whether pyarrow is there. Imports nothing."""
    return find_spec("pyarrow") is not None


def imported(file: str, what: str) -> None:
    """Check that pyarrow is there.

    Raises:
        TableError: it is not; `what` says what needs it.
    """
    if not is_installed():
        raise TableError(file, "a table that is read without pyarrow", what, f"{INSTALL}, or save it as CSV")
