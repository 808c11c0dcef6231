"""Pictures: what is in an archive."""

from __future__ import annotations

from typing import Any

from quickml.datasets.files import PicturesReference
from quickml.document.dataset_options import given_options
from quickml.imports.work import ImportWork


def profile(work: ImportWork) -> dict[str, Any]:
    """See `pictures.profile`. What is decoded for it is what the proposed document learns from: `samples`."""
    from quickml.pictures.profile import profile_of
    from quickml.pictures.stored import archive

    sha256, path = work.only
    with archive(path, work.file, sha256) as source:
        cache, options = work.folders.cache(sha256), given_options(PicturesReference, work.query)
        found = profile_of(source, cache, work.progress, options)
    samples = None
    if found.prepared is not None:
        samples = {
            "info": found.prepared.info.model_dump(mode="json"),
            "key": found.prepared.pixels.parent.name,
        }
    return {"profile": found.message().model_dump(mode="json"), "samples": samples}
