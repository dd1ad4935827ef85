"""What people call a split: of a folder, a CSV's Usage, an option."""

from __future__ import annotations

import re
from typing import Final

SPLIT_FOLDERS: Final[dict[str, str]] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
    "publictest": "public",
    "privatetest": "private",
}
"""What folder names and a CSV's Usage column (in lower case) call a split."""

_MORE: Final[dict[str, str]] = {
    "trn": "train",
    "validate": "val",
    "dev": "val",
    "development": "val",
    "tst": "test",
    "evaluation": "test",
}
_BEFORE: Final = "fer|ferplus|ck|ckplus|raf|rafdb|affectnet|face|faces|emotion|emotions|image|images|img|data|dataset"
_AFTER: Final = (
    "set|sets|data|dataset|image|images|img|imgs|picture|pictures|pic|pics|photo|photos|face|faces|folder|dir|split|"
    "sample|samples|file|files|aligned|cropped|crop|crops|resized"
)
_SPELLED: Final = re.compile(
    rf"(?:{_BEFORE})?({'|'.join(sorted((*SPLIT_FOLDERS, *_MORE), key=len, reverse=True))})(?:{_AFTER})*"
)


def split_of(name: str) -> str | None:
    """Return the split that ``name`` means (``train_set``, ``Train data``, ``FER2013Valid``), or None.

    Case, digits and what stands between words do not count.
    """
    found = _SPELLED.fullmatch(re.sub(r"[^a-z]", "", name.lower()))
    return None if found is None else SPLIT_FOLDERS.get(found[1]) or _MORE[found[1]]
