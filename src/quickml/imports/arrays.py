"""Arrays: what is in a file of them."""

from __future__ import annotations

from typing import Any

from quickml.datasets.files import ArraysReference
from quickml.document.dataset_options import given_options
from quickml.imports.work import ImportWork


def profile(work: ImportWork) -> dict[str, Any]:
    """See `arrays.profile`."""
    from quickml.arrays.profile import profile

    options = given_options(ArraysReference, work.query, {"kind"})
    return {"profile": profile(work.only[1], work.file, options.get("kind")).model_dump(mode="json")}
