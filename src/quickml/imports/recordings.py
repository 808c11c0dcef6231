"""Recordings: what is in a file or an archive of them."""

from __future__ import annotations

from typing import Any

from quickml.datasets.files import RecordingsReference
from quickml.document.dataset_options import given_options
from quickml.imports.work import ImportWork


def profile(work: ImportWork) -> dict[str, Any]:
    """See `recordings.profile`."""
    from quickml.recordings.profile import profile

    options = given_options(RecordingsReference, work.query)
    target = options.pop("target", None)
    return {"profile": profile(work.only[1], work.file, target, options).model_dump(mode="json")}
