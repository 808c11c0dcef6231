"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path, Query

JobId = Annotated[str, Path(description="ID of the job.")]
FileQuery = Annotated[
    str | None, Query(max_length=255, description="Name of the Core ML file or variant, as in the manifest.")
]
Sha256Path = Annotated[str, Path(description="SHA-256 of the file, in hexadecimal.")]
Limit = Annotated[int, Query(ge=1, le=200, description="Page size.")]
Cursor = Annotated[str | None, Query(description="Where the page starts: `next` of the previous page.")]
