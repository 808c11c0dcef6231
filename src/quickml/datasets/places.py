"""Where on this machine data is: the files that documents name, and the user's cache folder."""

from pathlib import Path


def located(folder: Path, file: str, sha256: str | None) -> Path:
    """The file in the document's folder; where it is pinned and not there, in the working directory.

    So the document in a result folder can be run again from where the first one was.
    """
    beside = folder / file
    return Path(file) if sha256 is not None and not beside.exists() and Path(file).exists() else beside


def cache_folder() -> Path:
    """The user's folder for what can be made or fetched again."""
    import pooch

    return Path(pooch.os_cache("quickml"))
