"""A methods paragraph of an evaluation: what was measured how, with versions and hashes; it cites as ``[@key]``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from engine.analysis.comparison import StoredComparison
from engine.analysis.paper.latex import uncited
from engine.analysis.report_figures import ReportInput
from engine.measure.robustness import CORRUPTIONS, SEVERITIES
from engine.measure.split import trained_on
from engine.models.checkpoint import library_versions
from engine.records import RunCard
from engine.statistics.comparison import SEEDS
from engine.statistics.intervals import RESAMPLES

CITED_DATA: Final = {"fer2013": "goodfellow2013", "ferplus": "barsoum2016"}
CITED_NETWORKS: Final = {
    "cbam": "woo2018",
    "spatial": "woo2018",
    "lite0-cbam": "woo2018",
    "vit": "dosovitskiy2021",
    "cmaen": "vaswani2017",
}
"""Whose attention an architecture has."""


def methods_text(
    given: ReportInput,
    card: RunCard,
    analysis: Mapping[str, Any],
    *,
    version: str,
    against: StoredComparison | None = None,
) -> str:
    """Return the paragraph as plain text.

    Args:
        given: the evaluation. card: of the model. analysis: the analysis's ``report.json``.
        version: of FERLens. against: another model.
    """
    sentences = (
        *_model(card),
        *_data(given, analysis),
        *_statistics(given, against),
        *_provenance(card, analysis, version),
    )
    return " ".join(sentences)


def _model(card: RunCard) -> Iterator[str]:
    cite = f" [@{CITED_NETWORKS[card.architecture]}]" if card.architecture in CITED_NETWORKS else ""
    what = "a network of others" if card.is_adopted else f"architecture {uncited(card.architecture)}{cite}"
    yield (
        f"The model {uncited(card.name)} ({what}; {card.parameters:,} parameters; input {card.input.height} x "
        f"{card.input.width} pixels, {card.input.channels} channel{'s' if card.input.channels > 1 else ''}) answers "
        f"{len(card.classes)} classes."
    )
    names = trained_on(card)
    if names and not card.is_adopted:
        cites = [CITED_DATA[name] for name in names if name in CITED_DATA]
        marked = f" [@{','.join(cites)}]" if cites else ""
        counts = [
            f"{part}: n = {card.data[part]['n']:,}"
            for part in ("train", "val")
            if isinstance(card.data.get(part), Mapping) and card.data[part].get("n")
        ]
        yield f"It was trained on {', '.join(map(uncited, names))}{marked}" + (
            f" ({'; '.join(counts)})." if counts else "."
        )
    if card.recipe.get("name"):
        yield from _training(card.recipe)


def _training(recipe: Mapping[str, Any]) -> Iterator[str]:
    def of(section: str, key: str) -> Any:
        part = recipe.get(section)
        return part.get(key) if isinstance(part, Mapping) else None

    parts = []
    if of("optimiser", "kind") == "adamw":
        parts.append(
            f"AdamW [@loshchilov2019] (learning rate {of('optimiser', 'learning_rate')}, weight decay "
            f"{of('optimiser', 'weight_decay')}, batches of {of('optimiser', 'batch_size')})"
        )
    if of("loss", "label_smoothing"):
        parts.append(f"label smoothing of {of('loss', 'label_smoothing')} [@szegedy2016]")
    if of("regularisation", "mixup"):
        parts.append("mixup [@zhang2018]")
    if of("augmentation", "erase"):
        parts.append("random erasing [@zhong2020]")
    if of("distillation", "teachers"):
        parts.append(f"distillation from {', '.join(map(uncited, of('distillation', 'teachers')))} [@hinton2015]")
    used = f" with {', '.join(parts)}" if parts else ""
    yield f"Recipe {uncited(recipe['name'])}{used}; seed {uncited(recipe.get('seed', 'not recorded'))}, one run."
    if recipe.get("chosen_epoch") is not None:
        epochs = of("schedule", "epochs")
        said = f" of {epochs}" if epochs else ""
        yield f"The epoch ({recipe['chosen_epoch']}{said}) was chosen by the accuracy on val, not on what is reported."


def _data(given: ReportInput, analysis: Mapping[str, Any]) -> Iterator[str]:
    found = given.found
    answers = found.answers
    cite = f" [@{CITED_DATA[answers.dataset]}]" if answers.dataset in CITED_DATA else ""
    protocol = f"; {uncited(found.protocol.words)}" if found.protocol.words else ""
    said = uncited(analysis.get("protocol", "")) if not protocol else ""
    yield (
        f"It was measured on the split {uncited(answers.split)} of {uncited(answers.dataset)}{cite}, n = "
        f"{found.figures.n:,} pictures, in a single view{protocol}{f'; {said}' if said else ''}."
    )
    if found.protocol.leak:
        yield uncited(found.protocol.leak)
    drawn = {one.name: one for one in found.subsets}.get("without copies of training pictures")
    if drawn is not None and drawn.figures is not None and drawn.left_out:
        yield f"Figures without the {drawn.left_out:,} exact copies of training pictures stand beside."


def _statistics(given: ReportInput, against: StoredComparison | None) -> Iterator[str]:
    yield (
        "Accuracy, precision and recall have 95 % Wilson intervals [@wilson1927]; F1 and macro F1 95 % percentile "
        f"bootstrap intervals over pictures ({RESAMPLES:,} resamples) [@efron1993]. They say how well this checkpoint "
        "is known, not how much another training seed would change it."
    )
    bins = len(given.found.before.bins)
    more = ""
    if given.found.temperature is not None:
        more = (
            f"; a temperature of {given.found.temperature.value:.3f} was fitted on val by the negative log likelihood "
            "[@guo2017]"
        )
    yield f"Calibration error is over {bins} equal-width bins of the confidence [@naeini2015]{more}."
    if given.robustness is not None:
        yield (
            f"Robustness was measured on {', '.join(CORRUPTIONS)} at {len(SEVERITIES)} severities [@hendrycks2019] "
            f"(n = {given.robustness.pictures:,}, seed {given.robustness.seed})."
        )
    if given.people is not None:
        yield f"What people saw is from FER+'s votes [@barsoum2016] (n = {given.people['n']:,})."
    if against is not None:
        found = against.comparison
        yield (
            f"{uncited(found.second)} was compared with {uncited(found.first)} on the same {found.n:,} pictures "
            f"({SEEDS}): McNemar's exact test [@mcnemar1947] for accuracy and recall, the paired bootstrap "
            "[@efron1993] for F1 and for all differences, Holm's correction [@holm1979] over the classes."
        )


def _provenance(card: RunCard, analysis: Mapping[str, Any], version: str) -> Iterator[str]:
    def listed(versions: object) -> str:
        found = versions if isinstance(versions, Mapping) else {}
        return ", ".join(f"{uncited(name)} {uncited(value)}" for name, value in sorted(found.items())) or "not recorded"

    yield (
        f"Figures were made with FERLens {version} [@ferlens] ({listed(library_versions())}), PyTorch [@paszke2019] "
        f"and scikit-learn [@pedregosa2011]; the model was made with {listed(card.versions)}, its answers with "
        f"{listed(analysis.get('versions'))}."
    )
    sums = analysis.get("sha256")
    answers = sums.get("predictions.parquet") if isinstance(sums, Mapping) else None
    yield (
        f"sha256 of the weights: {card.weights_sha256}; of the stored answers: {uncited(answers or 'not recorded')}; "
        f"fingerprint of the pictures: {uncited(analysis.get('data_fingerprint') or 'not recorded')}."
    )
