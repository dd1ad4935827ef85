"""A model card in the field's usual form, made of what a checkpoint's folder holds and of nothing else.

[1] M. Mitchell et al. Model Cards for Model Reporting. FAT* 2019, arXiv:1810.03993, section 4. Its parts are all here:
    details, intended use, factors, metrics, evaluation data, training data, analyses, ethical considerations, caveats.
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

from engine.analysis.model_card import about, biases, measured
from engine.analysis.model_card.blocks import CardResult, CardSection, ModelCard
from engine.errors import CheckpointError, FerLensError
from engine.measure.split import trained_on
from engine.models.checkpoint import read_card
from engine.models.inventory import Inside, inside
from engine.models.registry import ARCHITECTURES
from engine.records import RunCard

UNKNOWN: Final = "unknown"
"""The licence of weights of which none was named."""


def model_card(checkpoint: Path, *, licence: str = "") -> ModelCard:
    """Return the card of a checkpoint.

    No model runs: figures are those of ``card.json`` and of the analyses beside it, and what is not there is said to be
    not measured here.

    Args:
        checkpoint: its folder.
        licence: of the weights; default what its card says.

    Raises:
        CheckpointError: there is no card, or it is damaged. DataError: stored answers cannot be read.
    """
    card = read_card(checkpoint)
    found, problem = _inside(card)
    rows = measured.tests_of(card)
    votes = measured.votes_of(card)
    sections = (
        about.details(card, found),
        *about.intended_use(card),
        about.training_data(card),
        about.labels(card, None if votes is None else votes[1]),
        measured.overall(rows),
        measured.by_class(card),
        measured.by_label_quality(card),
        *(
            (biases.known_biases(card, checkpoint), biases.worse_pictures(card, checkpoint))
            if card.domain == "faces"
            else ()
        ),
        biases.attention(card, checkpoint, gates=found is not None and bool(found.gates)),
        about.limits(card),
        _again(card),
    )
    return ModelCard(
        card.name,
        _summary(card),
        licence or str(card.origin.get("licence") or UNKNOWN),
        _tags(card),
        trained_on(card),
        tuple(
            CardResult(row.dataset, row.split, row.view, row.protocol, row.accuracy, macro_f1) for row, macro_f1 in rows
        ),
        tuple(_with(section, problem) if place == 0 else section for place, section in enumerate(sections)),
    )


def _inside(card: RunCard) -> tuple[Inside | None, str]:
    try:
        return inside(card), ""
    except CheckpointError as error:
        return None, f"Its network cannot be built here: {error}"
    except FerLensError as error:
        return None, str(error)


def _with(section: CardSection, problem: str) -> CardSection:
    if not problem:
        return section
    return CardSection(section.heading, (*section.words, problem), section.points, section.tables, section.commands)


def _summary(card: RunCard) -> str:
    what = "facial expressions" if card.domain == "faces" else "pictures"
    if card.is_adopted:
        return f"A network of others that classifies {what} into {len(card.classes)} classes, opened with FERLens."
    known = ARCHITECTURES.get(card.architecture)
    attention = f" Attention: {known.attention}." if known is not None else ""
    names = ", ".join(trained_on(card))
    trained = f", trained on {names}" if names else ""
    return f"A network that classifies {what} into {len(card.classes)} classes{trained}.{attention}"


def _tags(card: RunCard) -> tuple[str, ...]:
    face = ("facial-expression-recognition",) if card.domain == "faces" else ()
    own = () if card.is_adopted else (card.architecture,)
    return ("image-classification", *face, "attention", "interpretability", "ferlens", *own)


def _again(card: RunCard) -> CardSection:
    """Return the commands that give the figures again, and how to cite."""
    commands = [f"python -m engine card {card.name}"]
    for key in card.metrics:
        dataset, split, view = key.split("/")
        if view == "chosen" or card.is_adopted:
            continue
        more = "" if view == "single" else f" --{view}"
        data = "" if dataset == "synthetic" else " --data PATH"
        commands.append(
            f"python -m engine evaluate --model {card.name} --dataset {dataset}{data} --split {split}{more}"
        )
    recipe = card.recipe.get("name")
    if recipe and not card.is_adopted:
        commands.append(f"python -m engine train --recipe {recipe} --out my/{card.name}")
    return CardSection(
        "The figures again",
        ("Each figure comes from card.json and the analyses beside it. docs/measuring.md says how each is made.",),
        commands=tuple(commands),
    )
