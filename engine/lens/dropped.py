"""Files as a browser hands them over: bytes under a name that anyone may have chosen. Nothing of them is ever run.

What they are is told by their names: one file of weights, or the three files of a checkpoint that FERLens exported,
loose or in a zip. A zip is judged by its table of contents before anything in it is unpacked.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import Final

from engine.data.read.bounds import Meter, check_zip
from engine.data.read.sources import ARCHIVE_SUFFIXES, read_archive
from engine.errors import DataError, UsageError
from engine.models.adopted.graph import GRAPH
from engine.models.checkpoint import CARD, WEIGHTS
from engine.predictor import SUFFIXES

EXPORTED: Final = (CARD, GRAPH, WEIGHTS)
"""The files of an exported network; what else lies beside them (a history, analyses) is left out."""
WEIGHTS_SUFFIXES: Final = (".safetensors", ".pth", ".pt", ".bin", ".ckpt")
_LONGEST: Final = 60
_LONGEST_FOLDER: Final = 200  # bytes
_ALL: Final = "all"
_MEASURED: Final = ("test", "private", "val", "public")
"""Which split of an archive is measured on, the first that is there."""


@dataclass(frozen=True)
class NamedFile:
    """A file that was handed over.

    Attributes:
        name: as it came; never used as a path.
        data: its bytes.
    """

    name: str
    data: bytes = field(repr=False)

    @property
    def shown(self) -> str:
        """The name as a message bears it."""
        last = PurePosixPath(self.name.replace("\\", "/")).name
        return last if len(last) <= _LONGEST else f"...{last[-_LONGEST:]}"

    @property
    def suffix(self) -> str:
        """The ending of its name, in small letters, with the dot."""
        return PurePosixPath(self.name).suffix.lower()


@dataclass(frozen=True)
class Dropped:
    """What the files are.

    Attributes:
        weights: a file of weights alone, or None.
        exported: name → bytes of the files of an exported network; empty where there are none.
        left_out: names of files that are neither.
    """

    weights: NamedFile | None
    exported: dict[str, bytes] = field(repr=False)
    left_out: tuple[str, ...] = ()


def sort_out(files: Sequence[NamedFile]) -> Dropped:
    """Tell what was handed over.

    Raises:
        UsageError: it is neither weights nor an exported network, or more than one. DataError: a zip that cannot be
            read, or holds more than an honest one of its size.
    """
    if not files:
        raise UsageError("Expected a file of weights, or the files of an exported network; drop them first.")
    loose = [file for file in files if file.suffix != ".zip"]
    members = [*loose, *(member for file in files if file.suffix == ".zip" for member in _members(file))]
    if any(file.shown in {CARD, GRAPH} for file in members):
        return _exported(members)
    weights = [file for file in members if file.suffix in WEIGHTS_SUFFIXES]
    if len(weights) != 1 or len(files) != 1:
        kinds = ", ".join(WEIGHTS_SUFFIXES[:2])
        came = ", ".join(f"'{file.shown}'" for file in files[:4])
        raise UsageError(
            f"Expected one file of weights ({kinds}), or {', '.join(EXPORTED[:-1])} and {EXPORTED[-1]} of an exported "
            f"network, together or in one zip, got {came}."
        )
    return Dropped(weights[0], {})


def _exported(members: Iterable[NamedFile]) -> Dropped:
    found: dict[str, bytes] = {}
    left: list[str] = []
    for file in members:
        if file.shown not in EXPORTED:
            left.append(file.shown)
        elif file.shown in found:
            raise UsageError(f"Expected the files of one network, got '{file.shown}' twice; drop them one by one.")
        else:
            found[file.shown] = file.data
    missing = [name for name in EXPORTED if name not in found]
    if missing:
        raise UsageError(
            f"Expected {', '.join(EXPORTED[:-1])} and {EXPORTED[-1]} of an exported network, {missing[0]} is not among "
            "the files; drop all three together, or in one zip."
        )
    return Dropped(None, found, tuple(left))


def _members(file: NamedFile) -> Iterator[NamedFile]:
    """Yield what a zip holds that may be part of a network, once its table of contents was judged."""
    with _on_disk(file) as path:
        try:
            with zipfile.ZipFile(path) as archive:
                check_zip(archive, Meter(path))
                wanted = [
                    info
                    for info in archive.infolist()
                    if not info.is_dir() and PurePosixPath(info.filename).name in EXPORTED
                ]
                if len(wanted) > len(EXPORTED):
                    raise UsageError(f"'{file.shown}' holds several networks; drop them one by one.")
                for info in wanted:
                    yield NamedFile(PurePosixPath(info.filename).name, archive.read(info))
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, EOFError, ValueError) as error:
            raise DataError(
                f"Expected '{file.shown}' to be a whole zip, but it is damaged, encrypted or packed in an unusual way; "
                "drop the files themselves."
            ) from error


@contextmanager
def _on_disk(file: NamedFile) -> Iterator[Path]:
    """Yield a place where the file lies meanwhile, under a name of ours with its ending."""
    with TemporaryDirectory(prefix="ferlens-dropped-") as folder:
        path = Path(folder) / f"dropped{''.join(_endings(file.name))}"
        path.write_bytes(file.data)
        yield path


def _endings(name: str) -> list[str]:
    """Return the endings of a name that say what a file is."""
    low = name.lower()
    longest = max((end for end in (*ARCHIVE_SUFFIXES, *WEIGHTS_SUFFIXES) if low.endswith(end)), key=len, default="")
    return [longest] if longest else []


@contextmanager
def weights_on_disk(file: NamedFile) -> Iterator[Path]:
    """Yield where a file of weights lies meanwhile, for the process that reads it."""
    with _on_disk(file) as path:
        yield path


@contextmanager
def pictures_on_disk(file: NamedFile) -> Iterator[Path]:
    """Unpack an archive of pictures, one folder a class, and yield the folder that holds the class folders.

    Names inside are not used but for the classes': a file becomes ``CLASS/000001.png``. Of an archive with splits those
    of ``test`` are taken, else ``val``, else all.

    Raises:
        UsageError: it is no archive. DataError: it is damaged, holds more than an honest one of its size, or no
            pictures in class folders.
    """
    if not file.name.lower().endswith(ARCHIVE_SUFFIXES):
        raise UsageError(
            f"Expected an archive of pictures ({', '.join(ARCHIVE_SUFFIXES[:3])}), one folder a class, got "
            f"'{file.shown}'."
        )
    with _on_disk(file) as path, TemporaryDirectory(prefix="ferlens-pictures-") as folder:
        try:
            written = _unpack(path, Path(folder), PurePosixPath(file.shown).name.partition(".")[0])
        except DataError as error:
            raise DataError(str(error).replace(path.name, file.shown)) from error
        if written is None:
            raise DataError(f"'{file.shown}' holds no pictures in class folders; expected one folder a class in it.")
        yield written


def _unpack(path: Path, folder: Path, name: str) -> Path | None:
    """Write the pictures of an archive into class folders; return the folder of those, called ``name``."""
    counts: dict[str, int] = {}
    for entry in read_archive(path):
        word = entry.word.strip()
        if not isinstance(entry.payload, bytes) or entry.reason or not _can_be_a_folder(word):
            continue
        split = entry.split or _ALL
        counts[split] = counts.get(split, 0) + 1
        suffix = PurePosixPath(entry.id).suffix.lower()
        place = folder / split / word
        place.mkdir(parents=True, exist_ok=True)
        (place / f"{counts[split]:06}{suffix if suffix in SUFFIXES else '.png'}").write_bytes(entry.payload)
    chosen = next((split for split in (*_MEASURED, *counts) if split in counts), None)
    if chosen is None:
        return None
    (folder / "named").mkdir()
    return (folder / chosen).rename(
        folder / "named" / (re.sub(r"[^\w-]+", "-", name).strip("-")[:_LONGEST] or "pictures")
    )


def _can_be_a_folder(word: str) -> bool:
    return bool(word) and not word.startswith(".") and word.isprintable() and len(word.encode()) <= _LONGEST_FOLDER
