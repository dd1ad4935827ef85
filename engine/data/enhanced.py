"""How pictures that ``enhance`` wrote are known, and what a model that was trained on them needs.

A model trained on enlarged and coloured pictures knows no others: what it is measured on and what it is shown must have
gone through the same networks. The folder's note says which, and the model's card takes that over.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from engine.data.location import find_data
from engine.data.registry import KINDS
from engine.errors import DataError, UsageError

NOTE: Final = "enhance.json"
"""In a folder that ``enhance`` wrote: what was done."""
BALANCE_NOTE: Final = "balance.json"
"""In a folder that ``balance`` made of such pictures: the same, under ``enhancement``."""
KEYS: Final = ("networks", "tile", "overlap", "source")
"""What a card takes over: the networks in their order, how they were applied, and to what kind of pictures."""


def enhancement_at(place: Path) -> dict[str, Any] | None:
    """Return how the pictures at ``place`` were enhanced (:data:`KEYS`); None where they were not.

    Raises:
        DataError: the note is damaged.
    """
    if not place.is_dir():
        return None
    for name, inside in ((NOTE, None), (BALANCE_NOTE, "enhancement")):
        note = place / name
        if not note.is_file():
            continue
        try:
            document = json.loads(note.read_text(encoding="utf-8"))
            found = document if inside is None else document.get(inside)
            return None if found is None else {key: found[key] for key in KEYS}
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DataError(f"'{name}' in '{place.name}' is damaged; make the folder again.") from error
    return None


def enhancement_of(dataset: str, data: str | Path | None) -> dict[str, Any] | None:
    """Return how a dataset's pictures were enhanced; ``dataset`` and ``data`` as for :func:`load_dataset`."""
    kind = KINDS.get(dataset)  # the built-in faces lie nowhere
    return enhancement_at(find_data(dataset, kind.files, data)) if kind else None


def networks_of(enhancement: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return the sha256 of the networks in their order; equal means that pictures went through the same."""
    return tuple(network["sha256"] for network in enhancement["networks"]) if enhancement else ()


def common_enhancement(sources: Iterable[tuple[str, str | Path | None]]) -> dict[str, Any] | None:
    """Return how the pictures of all ``sources`` (dataset, data) were enhanced; None where none were.

    Raises:
        UsageError: they were not all treated alike, so that no picture to come could be.
    """
    found = [(data, enhancement_of(dataset, data)) for dataset, data in sources]
    first = found[0][1]
    for data, other in found[1:]:
        if networks_of(other) != networks_of(first):
            name = Path(data).name if data else "the default data"
            raise UsageError(
                f"Expected all data to be enhanced by the same networks, or none of it, but '{name}' was treated "
                "otherwise than the first; enhance each with the same --sr and --color."
            )
    return first


def require_enhanced(model: str, card_data: Mapping[str, Any], dataset: str, data: str | Path | None) -> None:
    """Refuse to measure a model that was trained on enhanced pictures on any others.

    Raises:
        UsageError: the data was not enhanced by the same networks.
    """
    wanted = card_data.get("enhancement")
    if wanted and networks_of(enhancement_of(dataset, data)) != networks_of(wanted):
        names = ", then ".join(f"{network['architecture']} ('{network['file']}')" for network in wanted["networks"])
        raise UsageError(
            f"'{model}' was trained on pictures enhanced by {names}, but these were not; make such a folder with "
            "'python -m engine enhance' and give it with --data."
        )
