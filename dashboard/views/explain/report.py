"""What the report of the Explain page holds: answer, gates, explanations, channel gates, trust, every number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dashboard.figures.export import named_arrays, number_rows
from dashboard.figures.reading import read_answer, read_map
from dashboard.figures.trust_content import sanity_content, shares_content, trust_content
from dashboard.figures.trust_words import Trusted, read_trust
from dashboard.report.content import Content, Section, Shot, Table, joined
from dashboard.report.text import grid, layer_title, short
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import answers_table, face_shot, map_shots
from engine.explain.channel_strip import draw_channel_gate
from engine.explain.cmaen_shares import CmaenShares
from engine.records import Explanation, FaceExplanation
from engine.trust.map_sanity import MapSanity


@dataclass(frozen=True, eq=False)
class Explained:
    """What the page shows of one face.

    Attributes:
        face: the answer and gates; its first map is the page's main one.
        maps: every explanation shown. main: those whose trust may be known, the main one first.
        rows: a heading and its cards each.
        style: how the cards are drawn.
        trusted: what is known of whether to believe them.
        truth: what a dataset labels the picture with, or None. credit: where the picture is from.
        sanity: what further checks of the main maps found. shares: what a ``cmaen``'s answer is made of.
    """

    face: FaceExplanation
    maps: Sequence[Explanation]
    main: Sequence[Explanation]
    rows: Sequence[tuple[str, Sequence[MapCard]]]
    style: MapStyle
    trusted: Trusted
    truth: str | None
    credit: str
    sanity: Sequence[MapSanity] = ()
    shares: CmaenShares | None = None


def _answer(shown: Explained) -> Section:
    face, first = shown.face, shown.main[0]
    said = [read_answer(face.prediction), read_map(first), read_trust(shown.trusted, first)]
    if shown.truth is not None:
        said.append(f"The data set’s label is {shown.truth}.")
    return Section(
        "Answer",
        (" ".join(said), shown.credit),
        (face_shot(face.face),),
        tables=(answers_table(("probability",), (face.prediction,)),),
    )


def _channels(face: FaceExplanation) -> tuple[Section, ...]:
    shots = tuple(
        Shot.of(
            f"channel gate {gate.layer}",
            draw_channel_gate(gate),
            f"{layer_title(gate.layer, face.prediction.classes)}: {grid(gate.shape)} from the highest to the lowest "
            f"weight, 0 to 1; min {short(gate.minimum)}, mean {short(gate.mean)}, max {short(gate.maximum)}",
        )
        for gate in face.gates_of("channel")
    )
    return (Section("Channel attention gates", (), shots),) if shots else ()


def explain_content(shown: Explained) -> Content:
    """Return the report's content.

    Its arrays are those of the page's own NPZ, see :mod:`dashboard.figures.export`, and those of what was measured, see
    :mod:`dashboard.figures.trust_content`.
    """
    face = shown.face
    maps = tuple(
        Section(heading, (), map_shots(face.face, cards, shown.style, heading))
        for heading, cards in shown.rows
        if cards
    )
    numbers = Table.of(
        number_rows(face, shown.maps),
        "Minimum and maximum of an explanation are those before negative values were set to zero.",
    )
    return joined(
        Content((_answer(shown), *maps, *_channels(face)), named_arrays(face, shown.maps)),
        shares_content(shown.shares, face.prediction.label),
        trust_content(shown.trusted, shown.main),
        sanity_content(shown.sanity),
        Content((Section("All numbers", tables=(numbers,)),), {}),
    )
