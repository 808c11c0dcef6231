"""The rows of a result folder that a test made by hand, as the compile stage gives them."""

from pathlib import Path

from quickml import results
from quickml.document.formats import known
from quickml.events import FileRow
from quickml.export.coreml.archive import zipped


def rows(folder: Path) -> tuple[FileRow, ...]:
    """Of every file that a format names; a package without a zip gets one."""
    formats = {one.file_name: one for one in known().values()}
    for path in list(folder.iterdir()):
        is_package = path.is_dir() and not path.is_symlink() and path.name != results.VARIANTS
        if is_package and not path.with_name(f"{path.name}.zip").exists():
            zipped(path)
    made = {path: formats.get(path.name.removesuffix(".zip")) for path in sorted(folder.iterdir())}
    return tuple(
        results.described(path, kind=one.kind, media_type=one.media_type) for path, one in made.items() if one
    )
