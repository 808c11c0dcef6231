"""Files and uploads as messages of the API."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from quickml.api import routes
from quickml.api.files import UploadMessage, UserFileDetails, UserFileMessage
from quickml.service import FileLimits, UploadState, UserFile


def file_message(file: UserFile) -> UserFileMessage:
    """A file."""
    return UserFileMessage.model_validate(_fields(file))


def file_details(file: UserFile, jobs: Sequence[str]) -> UserFileDetails:
    """A file and the jobs that use it."""
    return UserFileDetails.model_validate({**_fields(file), "jobs": tuple(jobs)})


def _fields(file: UserFile) -> dict[str, object]:
    own = {name: value for name, value in vars(file).items() if name != "owner"}
    return {**own, "name": file.name, "url": routes.address(routes.USER_FILE, sha256=file.sha256)}


def upload_message(state: UploadState, limits: FileLimits) -> UploadMessage:
    """An upload."""
    upload = state.upload
    return UploadMessage(
        id=upload.id,
        name=upload.name,
        size_bytes=upload.size_bytes,
        sha256=upload.sha256,
        offset=state.offset,
        created_at=upload.created_at,
        expires_at=upload.created_at + timedelta(seconds=limits.keep_uploads_s),
        url=routes.address(routes.UPLOAD, upload_id=upload.id),
    )
