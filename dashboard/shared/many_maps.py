"""Explanations of many pictures, as galleries show them: those that are not there are made beside the page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from dashboard.shell import loaders, long_work, map_loaders, study_loaders
from dashboard.shell.costs import Work
from dashboard.shell.long_work import Tell
from engine.errors import FerLensError
from engine.records import FaceExplanation, RunCard


def is_at_work(of: str = "tiles") -> bool:
    """Say whether explanations for that gallery are being made."""
    return long_work.of(f"maps over {of}", queued=True).is_at_work


def explained(
    dataset: str, ids: Sequence[str], card: RunCard, target: str | Mapping[str, str] = "predicted", *, of: str = "tiles"
) -> dict[str, FaceExplanation]:
    """Return id → its gates and the Grad-CAM at the last layer, of those that are there; draw the bar of the others.

    A picture that is not on this machine, or that the model cannot take, is left out.

    Args:
        dataset, ids: the pictures. card: the model's. target: of the map, for all or by id.
        of: tells several galleries of one page apart.
    """
    targets = {one: target if isinstance(target, str) else target[one] for one in ids}
    found: dict[str, FaceExplanation] = {}
    missing = {}
    for one, asked in targets.items():
        # Looked up here, since which labels count is the session's, and the thread has none.
        picture = study_loaders.picture_if_here(dataset, one, card)
        if picture is None:
            continue
        try:
            seen = map_loaders.seen_digest(card, picture.pixels)
            known = map_loaders.known_as_seen(card, seen, None, asked, picture.label)
        except FerLensError:
            continue
        if known is None:
            missing[one] = (seen, picture.pixels, None, asked, picture.label)
        else:
            found[one] = known

    def make(tell: Tell) -> dict[str, FaceExplanation]:
        made = {}
        for number, (one, given) in enumerate(missing.items()):
            tell(number, len(missing), "pictures")
            try:
                made[one] = map_loaders.explained_as_seen(card, *given)
            except FerLensError:
                continue
        return made

    if missing:
        work = long_work.have(
            f"maps over {of}",
            (card.weights_sha256, dataset, tuple(targets.items())),
            make,
            f"Explaining with {card.name}",
            Work(card.weights_sha256, "map over a tile", float(len(missing)), (1.0, 1.0)),
            prepare=partial(loaders.predictor, card),
        )
        found.update(work.value or {})
    return {one: found[one] for one in targets if one in found}
