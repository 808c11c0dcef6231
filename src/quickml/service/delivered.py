"""The files of a job that can be run, as files on this machine's disk."""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from quickml.errors import ArtifactError, InputError, UnsupportedModelError
from quickml.export.formats.format import ZIP, runnable
from quickml.files.digest import PART_BYTES
from quickml.jobs.job import VARIANT, Artifact
from quickml.service.contents import ArtifactContents
from quickml.storage.artifacts.store import ArtifactStore

MAX_NAMED = 20
"""Number of files that an error message names."""
_ZIP_SUFFIX = ".zip"
_SUFFIXES = (".mlmodel", f".mlpackage{_ZIP_SUFFIX}")


def chosen(artifacts: Sequence[Artifact], name: str | None) -> Artifact:
    """The Core ML file with this name, as the job's artifacts have it; a package also without `.zip`.

    None is the first of those that were delivered, in the order of `runnable`.

    Raises:
        InputError: no such file can be run. The message names those that can.
        UnsupportedModelError: none can.
    """
    files = [artifact for format in runnable() for artifact in artifacts if artifact.kind == format.kind]
    if name is None and files:
        return files[0]
    files += [file for file in artifacts if file.kind == VARIANT and file.name.endswith(_SUFFIXES)]
    if not files:
        raise UnsupportedModelError("this job has no Core ML file that can be run here")
    if name is None:
        return files[0]
    if (found := next((file for file in files if name in _names(file)), None)) is not None:
        return found
    names = [file.name for file in files[:MAX_NAMED]] + ["..."] * (len(files) > MAX_NAMED)
    raise InputError(f"?file: expected one of {', '.join(names)}, found {name!r:.80}")


def _names(file: Artifact) -> tuple[str, str]:
    return file.name, file.name.removesuffix(_ZIP_SUFFIX)


class DeliveredFiles:
    """The files of jobs, checked and unpacked for as long as they are loaded."""

    def __init__(self, artifacts: ArtifactStore, scratch: Path) -> None:
        """Unpack packages in the folder `scratch`, which is emptied first."""
        shutil.rmtree(scratch, ignore_errors=True)
        self._artifacts, self._contents, self._scratch = artifacts, ArtifactContents(artifacts), scratch

    def scratch(self) -> Path:
        """The folder for what is needed while a file is loaded.

        Raises:
            ArtifactError: it cannot be made.
        """
        try:
            self._scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise ArtifactError(
                f"{self._scratch}: no package can be unpacked there ({error.strerror})"
            ) from error
        return self._scratch

    @contextmanager
    def unpacked(self, artifact: Artifact) -> Iterator[Path]:
        """The path of a file or an unpacked package, which is removed afterwards.

        Raises:
            ArtifactDamagedError: the stored file is damaged.
            ArtifactError: it is lost, or cannot be unpacked.
        """
        self._contents.check(artifact)
        with self._on_disk(artifact) as stored:
            if artifact.media_type != ZIP:
                yield stored
                return
            with _folder_in(self.scratch()) as folder:
                _unpack(stored, folder)
                (package,) = folder.iterdir()
                yield package

    @contextmanager
    def _on_disk(self, artifact: Artifact) -> Iterator[Path]:
        if artifact.composition is None:
            with self._artifacts.local_path(artifact.sha256) as stored:
                yield stored
            return
        with _folder_in(self.scratch()) as folder:
            path = folder / artifact.sha256
            try:
                with self._contents.open(artifact) as content, path.open("wb") as copy:
                    shutil.copyfileobj(content, copy, PART_BYTES)
            except OSError as error:
                raise ArtifactError(f"{path}: a file cannot be put together ({error.strerror})") from error
            yield path


@contextmanager
def _folder_in(scratch: Path) -> Iterator[Path]:
    try:
        folder = TemporaryDirectory(dir=scratch, ignore_cleanup_errors=True)
    except OSError as error:
        raise ArtifactError(f"{scratch}: no package can be unpacked there ({error.strerror})") from error
    with folder as name:
        yield Path(name)


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(archive) as packed:
            packed.extractall(folder)
    except (OSError, zipfile.BadZipFile) as error:
        raise ArtifactError(f"{archive.name}: the package cannot be unpacked ({error})") from error
