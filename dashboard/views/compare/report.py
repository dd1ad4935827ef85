"""What the report of Compare holds: answers, maps and differences of its columns, and the test on a dataset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from dashboard.report.content import Array, Content, Section, Shot, Table
from dashboard.report.glossary import in_words
from dashboard.report.subject import face as face_word
from dashboard.report.text import grid, short
from dashboard.shared.figures.answers import (
    interval_words,
    p_words,
    parameter_words,
    read_answers,
    read_pictures,
    share_words,
)
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import answers_table, face_shot, map_shots
from dashboard.shared.figures.pair import difference_ranges, reach_words
from dashboard.shared.figures.rows import MapRow, agreement_rows, channel_rows
from dashboard.shared.figures.sheet import named_arrays
from dashboard.views.compare.columns import Columns
from dashboard.views.compare.figures.tables import Compared, read_selection, selection_rows
from engine.analysis.comparison import StoredComparison
from engine.draw.overlay import Range
from engine.measure.trained_alike import alike_words, training_differences
from engine.records import FaceExplanation, RunCard
from engine.statistics.comparison import TESTS
from engine.statistics.paired import Difference


@dataclass(frozen=True, eq=False)
class OnFace:
    """Several models on one face, or two faces under one model.

    Attributes:
        columns: what is compared.
        rows: (name, row) for each explanation and gate, the explanation first.
        style: how maps are drawn. credit: where the picture is from.
        selection: each picture of a selection of several; empty for a single one.
    """

    columns: Columns
    rows: Sequence[tuple[str, MapRow]]
    style: MapStyle
    credit: str
    selection: Sequence[Compared] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """The columns'."""
        return self.columns.names

    @property
    def explained(self) -> Sequence[FaceExplanation]:
        """One a column."""
        return self.columns.explained


def _row(shown: OnFace, name: str, row: MapRow, limits: Range) -> Section:
    shots: list[Shot] = []
    for title, one, card in zip(shown.names, shown.explained, row.cards, strict=True):
        if card is not None:
            shots += map_shots(one.face, (replace(card, title=title),), shown.style, name)
    words = [f"{title} has none." for title, card in zip(shown.names, row.cards, strict=True) if card is None]
    if row.paired is not None:
        first, second = shown.columns.pair
        card = MapCard("difference", row.paired.difference, limits, note=reach_words(row.paired), signed=True)
        shots += map_shots(shown.explained[first].face, (card,), shown.style, name)
        words.append(f"Difference: {shown.names[second]} minus {shown.names[first]}, in {row.paired.unit}.")
    return Section(name, (" ".join(words),), tuple(shots))


def _channels(columns: Columns) -> tuple[Section, ...]:
    rows = tuple(
        (name, title, grid(gate.shape), short(gate.minimum), short(gate.mean), short(gate.maximum))
        for name, gates in channel_rows(columns.explained)
        for title, gate in zip(columns.names, gates, strict=True)
        if gate is not None
    )
    table = Table(("gate", columns.of.removesuffix("s"), "grid", "min", "mean", "max"), rows)
    return (Section("Channel attention gates", tables=(table,)),) if rows else ()


def _selection(shown: OnFace) -> tuple[Section, ...]:
    if not shown.selection:
        return ()
    table = Table.of(selection_rows(shown.names, shown.selection, shown.columns.pair))
    words = read_selection(shown.names, shown.selection, shown.columns.pair)
    return (Section("On the whole selection", (words,), tables=(table,)),)


def face_content(shown: OnFace) -> Content:
    """Return what is shown of the columns; arrays below each model's name or first and second, and ``difference``."""
    predictions = [one.prediction for one in shown.explained]
    pictures = shown.columns.one_model
    read = read_pictures if pictures else read_answers
    answers = Section(
        "Answers",
        (read(shown.names, predictions), shown.credit),
        tuple(
            face_shot(one.face, f"{face_word()} {name}", name if pictures else f"the {face_word()} as {name} saw it")
            for name, one in zip(shown.names, shown.explained, strict=True)
        ),
        tables=(answers_table(shown.names, predictions),),
    )
    limits = difference_ranges([row.paired for _, row in shown.rows], shown.style.scale)
    maps = [_row(shown, name, row, span) for (name, row), span in zip(shown.rows, limits, strict=True)]
    lines = agreement_rows(shown.names, shown.rows, shown.columns.of)
    agreement = (
        (Section("Agreement", ("Ranks and not values are compared.",), tables=(Table.of(lines),)),) if lines else ()
    )
    arrays: dict[str, Array] = {}
    for title, one in zip(("first", "second") if pictures else shown.names, shown.explained, strict=True):
        arrays |= {f"{title}/{name}": array for name, array in named_arrays(one, one.maps).items()}
    for name, row in shown.rows:
        if row.paired is not None:
            arrays[f"difference/{name}"] = row.paired.difference
    return Content((answers, *maps, *_channels(shown.columns), *agreement, *_selection(shown)), arrays)


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
            _line(in_words("macro_f1"), result.macro_f1, TESTS["macro_f1"]),
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
