"""A dataset in a layout of its own, measured with a shipped model: ``python -m examples.add_a_dataset PLACE``.

Here PLACE holds ``pictures/`` and ``labels.csv`` with the columns file, person and emotion.
"""

import csv
import sys
from collections.abc import Iterator
from pathlib import Path

from engine.cli.main import main
from engine.data.read.sources import Entry
from engine.data.registry import ALL, KINDS, SPLITS, DatasetKind
from engine.labels import EMOTIONS


def read(place: Path) -> Iterator[Entry]:
    """Yield an entry for each row: id, split (None: drawn, with nobody in two of them), emotion, file, person."""
    with (place / "labels.csv").open(encoding="utf-8", newline="") as table:
        for row in csv.DictReader(table):
            file = place / "pictures" / Path(row["file"]).name  # a table cannot name a file elsewhere
            yield Entry(row["file"], None, row["emotion"], file, subject=row["person"])


KINDS["clinic"] = DatasetKind(EMOTIONS, (*SPLITS, ALL), ("clinic",), read=read)
if __name__ == "__main__":
    sys.exit(main(["evaluate", "--model", "cbam", "--dataset", "clinic", "--data", sys.argv[1], "--split", ALL]))
