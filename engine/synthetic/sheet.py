"""Contact sheet of the built-in expressions: ``python -m engine.synthetic.sheet --out FILE``."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Final

import numpy as np
from PIL import Image

from engine.errors import FerLensError
from engine.labels import EMOTIONS
from engine.records import UInt8
from engine.synthetic import draw_expression

SHEET_PEOPLE: Final[tuple[int, ...]] = (44, 16, 54, 31)
"""Identity seeds of the sheet's rows, top to bottom."""


def contact_sheet(people: tuple[int, ...] = SHEET_PEOPLE, size: int = 96, *, gap: int = 4) -> UInt8:
    """Return uint8 (H, W, 3): one row a person, one column an expression in the vocabulary's order, white between."""
    rows, columns = len(people), len(EMOTIONS)
    sheet = np.full((rows * (size + gap) - gap, columns * (size + gap) - gap, 3), 255, np.uint8)
    for row, person in enumerate(people):
        for column, emotion in enumerate(EMOTIONS):
            top, left = row * (size + gap), column * (size + gap)
            sheet[top : top + size, left : left + size] = draw_expression(emotion, person, size, 3).image
    return sheet


def write_singles(folder: Path, person: int, size: int = 192) -> tuple[Path, ...]:
    """Write ``built-in-<emotion>.png`` for each emotion into ``folder``, return the files."""
    folder.mkdir(parents=True, exist_ok=True)
    files = []
    for emotion in EMOTIONS:
        file = folder / f"built-in-{emotion}.png"
        Image.fromarray(draw_expression(emotion, person, size, 3).image).save(file, optimize=True)
        files.append(file)
    return tuple(files)


def main(words: list[str]) -> int:
    """Run the command; return its exit status."""
    parser = argparse.ArgumentParser(prog="engine.synthetic.sheet", description="Draws the seven expressions.")
    parser.add_argument("--out", type=Path, required=True, help="PNG to write the sheet to")
    parser.add_argument("--people", type=int, nargs="+", default=list(SHEET_PEOPLE), help="identity seeds, one a row")
    parser.add_argument("--size", type=int, default=96, help="pixels a face, 48 to 256 (default 96)")
    parser.add_argument("--singles", type=Path, help="folder for seven single 192-pixel faces of the first person")
    asked = parser.parse_args(words)
    try:
        sheet = contact_sheet(tuple(asked.people), asked.size)
    except FerLensError as problem:
        sys.stderr.write(f"{problem}\n")
        return 2
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(sheet).save(asked.out, optimize=True)
    if asked.singles is not None:
        write_singles(asked.singles, asked.people[0])
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
