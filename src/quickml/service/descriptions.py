"""What the delivered files say about themselves."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import Any, Protocol

from quickml.errors import ArtifactDamagedError, CoreMLFileError
from quickml.jobs.job import Artifact
from quickml.service.delivered import DeliveredFiles

MAX_KEPT = 64
"""Number of descriptions that are kept."""


class FileDescription(Protocol):
    """What a Core ML file says about itself; see `export.coreml.reading.describe`."""

    def to_dict(self) -> dict[str, Any]:
        """All of it as plain values."""


class Descriptions:
    """Reads files, and keeps what the last ones say. Thread-safe."""

    def __init__(self, files: DeliveredFiles) -> None:
        self._files = files
        self._kept: OrderedDict[str, FileDescription] = OrderedDict()
        self._changing = threading.Lock()

    def of(self, artifact: Artifact) -> FileDescription:
        """What a file says about itself.

        Raises:
            ArtifactError: it is lost or damaged, or cannot be unpacked.
        """
        with self._changing:
            found = self._kept.get(artifact.sha256)
        return found or self._keep(artifact.sha256, self._read(artifact))

    def _read(self, artifact: Artifact) -> FileDescription:
        from quickml.export.coreml.reading.describe import describe
        from quickml.export.coreml.reading.files import read

        with self._files.unpacked(artifact) as path:
            try:
                return describe(read(path))
            except CoreMLFileError as error:
                raise ArtifactDamagedError(
                    artifact.sha256, expected="a Core ML file", found=str(error)
                ) from error

    def _keep(self, sha256: str, found: FileDescription) -> FileDescription:
        with self._changing:
            self._kept[sha256] = found
            if len(self._kept) > MAX_KEPT:
                self._kept.popitem(last=False)
        return found
