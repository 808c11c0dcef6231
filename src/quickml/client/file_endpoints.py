"""Calls about files of users: what is sent, and how the answer is read."""

from __future__ import annotations

import json

from quickml.api import routes
from quickml.api.files import (
    BegunUpload,
    ImportPage,
    UploadList,
    UserFileDetails,
    UserFileMessage,
    UserFilePage,
)
from quickml.api.profiles import TableProfile, TableRows
from quickml.api.routes import address
from quickml.client.request import JSON, Call

PARTIAL = "application/partial-upload"


def begin(name: str, size_bytes: int, sha256: str) -> Call[BegunUpload]:
    """Begin or continue an upload; the file itself if the server has it."""
    content = json.dumps({"name": name, "size_bytes": size_bytes, "sha256": sha256}).encode()
    headers = {**JSON, "Content-Type": "application/json"}
    read = BegunUpload.model_validate_json
    return Call(method="POST", path=routes.USER_FILES, read=read, content=content, headers=headers)


def append(upload_id: str, offset: int, count: int, *, is_last: bool) -> Call[None]:
    """Append bytes to an upload; the last ones complete it.

    The path is made here and not taken from an answer, which could lead to another host.
    """
    headers = {
        **JSON,
        "Content-Type": PARTIAL,
        "Content-Length": str(count),
        "Upload-Offset": str(offset),
        "Upload-Complete": f"?{int(is_last)}",
    }
    path = address(routes.UPLOAD, upload_id=upload_id)
    return Call(method="PATCH", path=path, read=lambda _: None, headers=headers)


def file_of(content: bytes) -> UserFileMessage:
    """The file in the answer to the request that completes an upload. Raises ServiceError."""
    call = Call(method="PATCH", path=routes.UPLOADS, read=UserFileMessage.model_validate_json)
    return call.result(content)


def files(limit: int, cursor: str | None) -> Call[UserFilePage]:
    """A page of files, newest first."""
    query: dict[str, str | int | list[str]] = {"limit": limit}
    if cursor is not None:
        query["cursor"] = cursor
    read = UserFilePage.model_validate_json
    return Call(method="GET", path=routes.USER_FILES, read=read, query=query)


def named(name: str) -> Call[UserFilePage]:
    """The newest file of a name, if there is one."""
    read = UserFilePage.model_validate_json
    return Call(method="GET", path=routes.USER_FILES, read=read, query={"name": name})


def file(sha256: str) -> Call[UserFileDetails]:
    """One file."""
    read = UserFileDetails.model_validate_json
    return Call(method="GET", path=address(routes.USER_FILE, sha256=sha256), read=read)


def profile(sha256: str, target: str | None) -> Call[TableProfile]:
    """What is in a table."""
    query: dict[str, str | int | list[str]] = {} if target is None else {"target": target}
    path = address(routes.USER_FILE_PROFILE, sha256=sha256)
    return Call(method="GET", path=path, read=TableProfile.model_validate_json, query=query)


def rows(sha256: str, offset: int, limit: int) -> Call[TableRows]:
    """Rows of a table."""
    path = address(routes.USER_FILE_ROWS, sha256=sha256)
    query: dict[str, str | int | list[str]] = {"offset": offset, "limit": limit}
    return Call(method="GET", path=path, read=TableRows.model_validate_json, query=query)


def import_events(sha256: str, after: int) -> Call[ImportPage]:
    """What the server has found so far while it reads a file."""
    path = address(routes.USER_FILE_EVENTS, sha256=sha256)
    return Call(method="GET", path=path, read=ImportPage.model_validate_json, query={"after": after})


def delete(sha256: str) -> Call[None]:
    """Delete a file."""
    return Call(method="DELETE", path=address(routes.USER_FILE, sha256=sha256), read=lambda _: None)


def uploads() -> Call[UploadList]:
    """Unfinished uploads."""
    return Call(method="GET", path=routes.UPLOADS, read=UploadList.model_validate_json)


def cancel(upload_id: str) -> Call[None]:
    """Cancel an upload."""
    return Call(method="DELETE", path=address(routes.UPLOAD, upload_id=upload_id), read=lambda _: None)
