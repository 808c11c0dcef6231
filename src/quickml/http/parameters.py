"""Parameters that several routes share."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path

JobId = Annotated[str, Path(description="ID of the job.")]
Sha256Path = Annotated[str, Path(description="SHA-256 of the file, in hexadecimal.")]
