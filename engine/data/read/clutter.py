"""What machines leave among a person's pictures: thumbnails, recycle bins, hidden files. None of it was meant as data.

A thumbnail of a test picture would be its twin in training, so what looks like a picture there is left out and said.
"""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

from engine.media.pictures import SUFFIXES

RUBBISH: Final[frozenset[str]] = frozenset({
    "@eadir", "#recycle", "@recycle", "@tmp", "#snapshot", "@recently-snapshot", "$recycle.bin", "recycler", "recycled",
    "recycle bin", "system volume information", "lost+found", "network trash folder", "temporary items", "trash",
    "thumbs", "thumbnails", "thumbnail", "_thumbs", "_thumbnails", "thumb", "_thumb", "__thumb", "cache", "__pycache__",
    "_gsdata_", "picasaoriginals", "__macosx",
})  # fmt: skip
"""Names of folders, in lower case, that network drives, Windows, macOS, Linux and galleries make by themselves."""
_FOUND: Final = re.compile(r"found\.\d{3}")
_FILES: Final = frozenset({"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"})


def clutter(path: PurePosixPath) -> str | None:
    """Return why ``path`` is no data; empty where that needs no word (it is no picture); None for any other file."""
    name = path.name.lower()
    if name in _FILES or name.startswith("._"):
        return ""
    for folder in path.parts[:-1]:
        low = folder.lower()
        if low in RUBBISH or _FOUND.fullmatch(low) or (low.startswith(".") and low not in {".", ".."}):
            picture = path.suffix.lower() in SUFFIXES and low != "__macosx"
            return f"in '{folder}', a folder of thumbnails, rubbish or hidden files" if picture else ""
    return "" if name.startswith(".") else None
