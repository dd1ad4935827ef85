"""What the report of the Compare page holds: answers, maps and differences on one face, and the test on a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.report.content import Array, Content, Section, Shot, Table
from dashboard.report.subject import face as face_word
from dashboard.report.text import grid, short
from dashboard.shared.figures.answers import interval_words, p_words, parameter_words, read_answers, share_words
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import answers_table, face_shot, map_shots
from dashboard.shared.figures.pair import difference_ranges, reach_words
from dashboard.shared.figures.rows import MapRow, agreement_rows, channel_rows
from dashboard.shared.figures.sheet import named_arrays
from dashboard.views.compare.figures.tables import Compared, read_selection, selection_rows
from engine.analysis.comparison import StoredComparison
from engine.draw.overlay import Range
from engine.measure.trained_alike import alike_words, training_differences
from engine.records import FaceExplanation, RunCard
from engine.statistics.comparison import TESTS
from engine.statistics.paired import Difference


@dataclass(frozen=True, eq=False)
class OnFace:
    """Several models on one face.

    Attributes:
        explained: one a model. pair: which two are subtracted, as indices.
        rows: (name, row) for each explanation and gate, the explanation first.
        style: how maps are drawn. credit: where the picture is from.
        selection: each picture of a selection of several; empty for a single one.
    """

    explained: Sequence[FaceExplanation]
    pair: tuple[int, int]
    rows: Sequence[tuple[str, MapRow]]
    style: MapStyle
    credit: str
    selection: Sequence[Compared] = ()

    @property
    def models(self) -> list[str]:
        """Their names."""
        return [one.model for one in self.explained]


def _row(shown: OnFace, name: str, row: MapRow, limits: Range) -> Section:
    shots: list[Shot] = []
    for one, card in zip(shown.explained, row.cards, strict=True):
        if card is not None:
            shots += map_shots(one.face, (replace(card, title=one.model),), shown.style, name)
    words = [f"{one.model} has none." for one, card in zip(shown.explained, row.cards, strict=True) if card is None]
    if row.paired is not None:
        first, second = (shown.explained[index] for index in shown.pair)
        card = MapCard("difference", row.paired.difference, limits, note=reach_words(row.paired), signed=True)
        shots += map_shots(first.face, (card,), shown.style, name)
        words.append(f"Difference: {second.model} minus {first.model}, in {row.paired.unit}.")
    return Section(name, (" ".join(words),), tuple(shots))


def _channels(explained: Sequence[FaceExplanation]) -> tuple[Section, ...]:
    rows = tuple(
        (name, one.model, grid(gate.shape), short(gate.minimum), short(gate.mean), short(gate.maximum))
        for name, gates in channel_rows(explained)
        for one, gate in zip(explained, gates, strict=True)
        if gate is not None
    )
    table = Table(("gate", "model", "grid", "min", "mean", "max"), rows)
    return (Section("Channel attention gates", tables=(table,)),) if rows else ()


def _selection(shown: OnFace) -> tuple[Section, ...]:
    if not shown.selection:
        return ()
    table = Table.of(selection_rows(shown.models, shown.selection, shown.pair))
    words = read_selection(shown.models, shown.selection, shown.pair)
    return (Section("On the whole selection", (words,), tables=(table,)),)


def face_content(shown: OnFace) -> Content:
    """Return what is shown of one face; arrays below each model's name, and below ``difference``."""
    predictions = [one.prediction for one in shown.explained]
    answers = Section(
        "Answers",
        (read_answers(shown.models, predictions), shown.credit),
        tuple(
            face_shot(one.face, f"{face_word()} {one.model}", f"the {face_word()} as {one.model} saw it")
            for one in shown.explained
        ),
        tables=(answers_table(shown.models, predictions),),
    )
    limits = difference_ranges([row.paired for _, row in shown.rows], shown.style.scale)
    maps = [_row(shown, name, row, span) for (name, row), span in zip(shown.rows, limits, strict=True)]
    lines = agreement_rows(shown.models, shown.rows)
    agreement = (
        (Section("Agreement", ("Ranks and not values are compared.",), tables=(Table.of(lines),)),) if lines else ()
    )
    arrays: dict[str, Array] = {}
    for one in shown.explained:
        arrays |= {f"{one.model}/{name}": array for name, array in named_arrays(one, one.maps).items()}
    for name, row in shown.rows:
        if row.paired is not None:
            arrays[f"difference/{name}"] = row.paired.difference
    return Content((answers, *maps, *_channels(shown.explained), *agreement, *_selection(shown)), arrays)


def _line(name: str, found: Difference, test: str) -> tuple[str, ...]:
    return name, share_words(found.first), share_words(found.second), interval_words(found), p_words(found.p), test


def dataset_content(first: RunCard, second: RunCard, where: str, found: StoredComparison) -> Content:
    """Return two models on a whole split, second minus first; arrays below ``dataset``.

    Args:
        first, second: their cards. where: the dataset and split. found: what was compared.
    """
    result = found.comparison
    head = ("figure", first.name, second.name, "difference, points (95 %)", "p", "test")
    whole = Table(
        head,
        (
            _line("accuracy", result.accuracy, TESTS["accuracy"]),
            _line("macro F1", result.macro_f1, TESTS["macro_f1"]),
        ),
    )
    classes = Table(
        head,
        tuple(
            _line(f"{row.name}, {name} (n = {row.support:,})", getattr(row, name), TESTS[name])
            for row in result.shown.pick(found.simultaneous)
            for name in ("recall", "f1")
        ),
        " ".join(
            filter(
                None,
                (
                    result.shown.words,
                    "Intervals hold for all classes together (95 %, Bonferroni over the paired bootstrap).",
                ),
            )
        ),
    )
    groups = Table(
        ("pictures", "n"), tuple((name, f"{len(ids):,}") for name, ids in result.groups.items()),
    )  # fmt: skip
    cost = Table(
        ("cost", first.name, second.name, "difference"),
        (
            ("parameters", f"{first.parameters:,}", f"{second.parameters:,}", parameter_words(first, second)),
            (
                f"ms a {face_word()}, bare inference",
                *("–" if ms is None else f"{ms:.2f}" for ms in found.milliseconds),
                "",
            ),
        ),
    )
    outcomes = list(found.outcomes.values())
    texts = {
        name: np.array([getattr(one, field) for one in outcomes])
        for name, field in (("ids", "id"), ("labels", "label"), ("first", "first"), ("second", "second"))
    }
    numbers = {
        f"{name}_confidence": np.array([getattr(one, f"{name}_confidence") for one in outcomes], np.float64)
        for name in ("first", "second")
    }
    words = (
        f"{where}, {result.n:,} pictures; {second.name} minus {first.name}. Two checkpoints are compared, one training "
        "seed each."
    )
    differently = alike_words(training_differences(first, second))
    said = (result.verdict, words, *([differently] if differently else []))
    section = Section("On a dataset", said, tables=(whole, classes, groups, cost))
    return Content((section,), {f"dataset/{name}": array for name, array in {**texts, **numbers}.items()})
