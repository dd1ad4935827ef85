"""A JSON document into a new file: refused before the work where it cannot be written, complete or absent after it."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from engine.errors import UsageError


def check_new_file(out: Path | None, *, overwrite: bool = False) -> None:
    """Refuse what could not be written after the work.

    Raises:
        UsageError: the file is there already (and ``overwrite`` does not allow it), or its folder is not.
    """
    if out is None:
        return
    if out.exists() and not overwrite:
        raise UsageError(f"'{out.name}' exists already; choose another --out, or remove it first.")
    if not out.parent.is_dir():
        raise UsageError(f"The folder '{out.parent.name}' for --out does not exist; make it, or choose another --out.")


def write_document(out: Path, document: dict[str, Any], *, overwrite: bool = False) -> None:
    """Write the document beside its place and rename it, so that it is complete or absent."""
    with tempfile.TemporaryDirectory(dir=out.parent, prefix=f".{out.name}-") as folder:
        partial = Path(folder) / out.name
        partial.write_text(json.dumps(document, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8")
        check_new_file(out, overwrite=overwrite)  # again: another run may have been quicker
        partial.replace(out)
