"""Files of jobs, their checksums, and signed links to them."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from quickml.api.message import ApiMessage, ApiRequest, Names, Sha256, Size


class AnsweringFile(ApiMessage):
    """The file that has answered a prediction or an explanation."""

    name: str
    """File name, as in the manifest."""
    size_bytes: Size
    """Size of the file."""
    sha256: Sha256
    """SHA-256 of the file."""


class MemberMessage(ApiMessage):
    """A file in a package."""

    path: str
    """Path in the package, with `/` between folders."""
    size_bytes: Size
    """Size of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    url: str = ""
    """Path of the file on the server."""


class PackageMessage(ApiMessage):
    """A package, which is a folder: the files that its zip contains."""

    name: str
    """Name of the folder, such as `model.mlpackage`."""
    size_bytes: Size
    """Total size of the files."""
    files: tuple[MemberMessage, ...]
    """Files in the package."""


class ArtifactMessage(ApiMessage):
    """A file of a job."""

    name: str
    """File name."""
    kind: str
    """Kind of file: `mlmodel`, `mlpackage`, `onnx`, `report`, `keras`, `spec`, `answers` and so on.

    A `variant` is a Core ML file with other weights than the delivered one, such as `model.int8.mlmodel`.
    """
    size_bytes: Size
    """Size of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    media_type: str
    """Media type of the file."""
    url: str = ""
    """Path of the file on the server."""
    package: PackageMessage | None = None
    """For the zip of a package: its files, each of which can be downloaded by itself."""


class Manifest(ApiMessage):
    """The files of a job; empty until the job is ready."""

    artifacts: tuple[ArtifactMessage, ...]
    """Files, those in packages excepted."""


class PartsMessage(ApiMessage):
    """Checksums of the parts of a file. A client with a damaged copy downloads the wrong parts only."""

    sha256: Sha256
    """SHA-256 of the whole file."""
    size_bytes: Size
    """Size of the file."""
    part_size_bytes: int
    """Size of each part but the last, which is the rest."""
    parts: tuple[str, ...]
    """SHA-256 of each part, in order."""


class LinkRequest(ApiRequest):
    """Which files to make links to, and for how long."""

    names: Names | None = Field(None, min_length=1, max_length=1000)
    """Names of files of the job, or of files in packages; by default all files that are neither in a package
    nor variants."""
    expires_s: int | None = Field(None, ge=1)
    """Lifetime of the links in seconds; by default one hour."""


class LinkMessage(ApiMessage):
    """A link to a file. It needs no token."""

    name: str
    """File name."""
    url: str
    """Path on the server, with a signature. Anyone who has it can download the file."""
    expires_at: datetime
    """Time at which the link expires."""
    size_bytes: Size
    """Size of the file."""
    sha256: Sha256
    """SHA-256 of the file."""
    media_type: str
    """Media type of the file."""


class Links(ApiMessage):
    """Links to files of a job."""

    links: tuple[LinkMessage, ...]
    """Links, in the order of the names in the request, or of the manifest."""
