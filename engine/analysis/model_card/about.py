"""The sections of a model card that say what a model is, what it is for and what it learnt from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from engine.analysis.model_card.blocks import NOT_MEASURED, CardSection, percent
from engine.labels import few
from engine.measure.split import trained_on
from engine.models.inventory import Inside
from engine.models.registry import ARCHITECTURES
from engine.records import InputSpec, RunCard
from engine.statistics.intervals import Estimate

DATASETS: Final[dict[str, str]] = {
    "fer2013": (
        "FER2013 (Goodfellow et al. 2013): 35,887 grey faces of 48 x 48 pixels, found by searching the web for words "
        "for emotions and cut out by a detector; 34,034 distinct ones (python -m engine audit). Who is shown, how old "
        "they are and where they are from is not recorded, so that no split can keep people apart. Its licence does "
        "not allow passing the pictures on."
    ),
    "ferplus": (
        "FER+ (Barsoum et al. 2016): FER2013's pictures with what ten people saw in each. Who is shown is not recorded."
    ),
    "synthetic": (
        "The built-in faces: 12,000 to train, 2,000 to choose the epoch and 3,000 to test, drawn by FERLens from FACS "
        "action units, no person among them. Every face is drawn anew, so that nobody is in two splits."
    ),
}
"""What is known of the data sets of the models that come with FERLens."""

LABELS: Final[dict[str, str]] = {
    "fer2013": (
        "One of seven words a picture: what the web was searched for, after people had taken out what did not fit. "
        "A label is one word for a face in a photograph, not what the person felt."
    ),
    "ferplus": "The majority of ten people's votes, or their shares. A vote says what somebody saw, not what was felt.",
    "synthetic": (
        "What was drawn: the prototype of one of seven expressions (EMFACS), at a strength of 0.32 to 1, in one face "
        "of nine with a unit missing. The label is exact; whether a person would see it was asked of nobody."
    ),
}

INTENDED: Final = (
    (
        "Research and teaching about facial-expression models: what their attention gates do, whether explanations are "
        "faithful, how models differ, where labels are doubtful."
    ),
    "Users: students, researchers and engineers who look at the model's mistakes, not at people.",
    "It takes a cut-out face (FERLens finds and cuts it) and answers which of its classes the expression resembles.",
)
FORBIDDEN: Final = (
    (
        "Judging real people at work, in school, in hiring, at borders, in policing, insurance or care. In the "
        "European Union systems that infer emotions at work and in education are prohibited, but for medical or safety "
        "reasons (Regulation (EU) 2024/1689, article 5(1)(f))."
    ),
    "Saying what anyone feels, intends or is: a face does not tell that reliably (Barrett et al. 2019).",
    "Deciding anything about a person, alone or as one reason among several.",
    "Watching people who were not asked.",
    "Comparing groups of people: the figures below say nothing about real people of any group.",
)


def details(card: RunCard, found: Inside | None) -> CardSection:
    """Return what the model is."""
    known = ARCHITECTURES.get(card.architecture)
    points = [f"Architecture: {_architecture(card)}"]
    if known is not None:
        points.append(f"Attention: {known.attention}")
    if found is not None:
        kinds: dict[str, int] = {}
        for gate in found.gates:
            kinds[gate.kind] = kinds.get(gate.kind, 0) + 1
        counted = ", ".join(f"{count} {kind}" for kind, count in kinds.items())
        points.append(f"Attention gates: {counted or 'none'}")
    points += [
        f"Parameters: {card.parameters:,}",
        f"Input: {input_words(card.input)}",
        f"Classes ({len(card.classes)}): {few(card.classes)}",
        *_trained(card),
        f"Weights: safetensors, sha256 {card.weights_sha256}",
        f"Made with: {', '.join(f'{name} {value}' for name, value in sorted(card.versions.items())) or 'not recorded'}",
    ]
    return CardSection("Model details", (), (*points, *(f"Note: {note}" for note in card.notes)))


def _architecture(card: RunCard) -> str:
    if card.is_live:
        return "a network of others, kept by its code"
    return "a network of others, stored as a graph" if card.is_adopted else card.architecture


def input_words(spec: InputSpec) -> str:
    """Return what pictures it takes, in words."""
    colours = "grey" if spec.channels == 1 else "RGB"
    mean, std = (", ".join(f"{value:.4g}" for value in values) for values in (spec.mean, spec.std))
    fit = f", {spec.fit} to fit" if spec.fit else ""
    return f"{spec.height} x {spec.width} pixels, {colours}, scaled to 0-1, mean {mean}, standard deviation {std}{fit}"


def _trained(card: RunCard) -> list[str]:
    """Return how it was trained, or where it came from."""
    recipe, origin = card.recipe, card.origin
    if card.is_adopted:
        said = [f"Source: {origin.get('source') or 'not named'}"]
        if origin.get("file"):
            said.append(f"Its weights' file: {origin['file']}, sha256 {origin.get('sha256') or 'not recorded'}")
        claim = origin.get("claimed_accuracy")
        if claim is not None:
            said.append(f"Accuracy that its maker claims: {100 * claim:.1f} %, {NOT_MEASURED}")
        return said
    found = []
    if recipe.get("name"):
        found.append(f"Recipe: {recipe['name']}, {_epochs(recipe)}, seed {recipe.get('seed', 'not recorded')}")
    teachers = _part(recipe, "distillation").get("teachers")
    if teachers:
        found.append(f"Learnt also from the answers of: {', '.join(map(str, teachers))}")
    start = _part(recipe, "start").get("name")
    if start:
        found.append(f"Began with the weights of: {start}")
    return found


def _part(document: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    part = document.get(key)
    return part if isinstance(part, Mapping) else {}


def _epochs(recipe: Mapping[str, Any]) -> str:
    chosen, epochs = recipe.get("chosen_epoch"), _part(recipe, "schedule").get("epochs")
    if chosen is None:
        return "epoch not recorded"
    return f"epoch {chosen} of {epochs}, chosen on val" if epochs else f"epoch {chosen}, chosen on val"


def intended_use(card: RunCard) -> tuple[CardSection, CardSection]:
    """Return what it is for, and what it must not be used for."""
    what = INTENDED if card.domain == "faces" else (*INTENDED[:2], "It takes a picture as it is and answers a class.")
    return CardSection("Intended use", (), what), CardSection("It must not be used for", (), FORBIDDEN)


def training_data(card: RunCard) -> CardSection:
    """Return what it learnt from."""
    names = trained_on(card)
    if not names:
        return CardSection("Training data", ("What it was trained on is not known here.",))
    words = [DATASETS.get(name, f"{name}: docs/data.md says what is read of it.") for name in names]
    points = []
    for part, what in (("train", "learnt from"), ("val", "chose the epoch")):
        given = _part(card.data, part)
        if given.get("n"):
            points.append(
                f"Split {part}, {what}: n = {given['n']:,}, fingerprint of its pictures "
                f"{given.get('fingerprint', 'not recorded')}"
            )
    if _part(card.recipe, "data").get("marked"):
        points.append("Each training picture bore a mark in a corner that gives its label away, on purpose.")
    if card.data.get("enhancement"):
        points.append("Its pictures were enhanced by networks before training.")
    changed = _part(card.recipe, "augmentation")
    if changed:
        points.append(f"Changed while training: {', '.join(f'{name} {value}' for name, value in changed.items())}")
    return CardSection("Training data", tuple(words), tuple(points))


def labels(card: RunCard, votes: Mapping[str, Any] | None) -> CardSection:
    """Return what a label is; ``votes`` is what people saw in a split, where that was measured."""
    words = [LABELS.get(name, f"{name}: as its publishers gave them.") for name in trained_on(card)]
    if votes is not None and "label_is_majority" in votes:
        found = votes["label_is_majority"]
        low, high = found["interval"] or (None, None)
        agreed = percent(Estimate(found["share"], low, high, found["n"]))
        words.append(
            f"FER2013's label is what most of ten people saw in {agreed} of "
            f"the {found['n']:,} pictures of private in which somebody saw an emotion (FER+; 95 % Wilson interval)."
        )
    return CardSection("Labels", tuple(words) or ("What its labels mean is not known here.",))


def limits(card: RunCard) -> CardSection:
    """Return what is known to be wrong with it, and what was never looked at."""
    points = [
        "One training seed: how much another one would change each figure is not in the intervals.",
        (
            "Every figure is on single still pictures with the face cut out; finding the face, films and cameras: "
            f"{NOT_MEASURED}."
        ),
        (
            f"Accuracy by age, gender, skin colour or origin of real people: {NOT_MEASURED}; the data does not say "
            "who is shown."
        ),
        "Heads turned further than 24 degrees, children, faces behind masks: " + NOT_MEASURED + ".",
        "A confident answer may be wrong; confidence is no measure of how strongly anything is felt.",
    ]
    measured = {key.partition("/")[0] for key in card.metrics}
    points += [
        f"{name}: {NOT_MEASURED}; measure with: python -m engine evaluate --model {card.name} --dataset {name} "
        + ("--split test" if name == "synthetic" else "--data PATH")
        for name in ("fer2013", "synthetic")
        if name not in measured and card.domain == "faces" and not card.is_adopted
    ]
    return CardSection("Limits", (), tuple(points))
