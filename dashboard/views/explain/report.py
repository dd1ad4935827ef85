"""What the report of the Explain page holds: answer, gates, explanations, channel gates, trust, every number.

What Explain's report holds of trust and of further checks: words, tables, charts, raw arrays, every figure as JSON.

Each function returns a content without sections where nothing was measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from dashboard.report.content import Array, Chart, Content, Section, Shot, Table, joined
from dashboard.report.text import grid, layer_title, short
from dashboard.shared.figures.face import read_answer, read_map
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import answers_table, face_shot, map_shots
from dashboard.shared.figures.sheet import named_arrays, number_rows
from dashboard.shared.figures.trust import Trusted, gate_figures, method_place, read_faithful, read_trust, score_figures
from dashboard.views.explain.figures.gates import MEANS, class_matrix
from dashboard.views.explain.figures.sanity import cells, heads, randomisation_chart, read_sanity
from dashboard.views.explain.figures.shares import HEADS, WORDS, read_shares, share_cells
from dashboard.views.explain.figures.trust_curves import faithfulness_curves
from engine.draw.overlay import draw_channel_gate
from engine.explain.cmaen_shares import CmaenShares
from engine.records import Explanation, FaceExplanation
from engine.trust.faithfulness_record import Faithfulness
from engine.trust.gate_record import GateUse
from engine.trust.map_sanity import MapSanity

ASKED: Final = "Measured when asked on the page; the address asks for it again."
NOTHING: Final = Content((), {})


def _place(prefix: str, method: str, layer: str, target: str, *rest: str) -> str:
    """Return an array's name as the maps' own are built: a method without a layer leaves it out."""
    return "/".join(filter(None, (prefix, method, layer, target, *rest)))


def _gate_arrays(use: GateUse) -> dict[str, Array]:
    """Return each replacement's draws and figures of one picture, in the order of the names."""
    figures = ("distance", "flips", "logit_change")
    return {
        f"trust/gate/{use.layer}/replacements": np.array([item.name for item in use.replacements]),
        f"trust/gate/{use.layer}/draws": np.array([item.draws for item in use.replacements]),
        **{
            f"trust/gate/{use.layer}/{figure}": np.array(
                [getattr(item, figure)[0] for item in use.replacements], np.float32
            )
            for figure in figures
        },
    }


def _map_arrays(found: Faithfulness) -> dict[str, Array]:
    arrays: dict[str, Array] = {}
    for curves in found.curves:
        stem = _place("trust/map", found.method, found.layer, found.target, curves.imputer, curves.subject)
        arrays[f"{stem}/share_removed"] = curves.shares
        arrays[f"{stem}/most_first"] = curves.most_first
        arrays[f"{stem}/least_first"] = curves.least_first
    return arrays


def trust_content(trusted: Trusted, maps: Sequence[Explanation]) -> Content:
    """Return what is known of the gates and of these maps."""
    uses = tuple(trusted.gates.values())
    judged = [found for entry in maps if (found := trusted.map(entry)) is not None]
    rows: list[tuple[str, ...]] = [(f"gate {use.layer}", use.verdict, gate_figures(use)) for use in uses]
    rows += [(method_place(one.method, one.layer, one.target), one.verdict, score_figures(one)) for one in judged]
    if not rows:
        return NOTHING
    arrays: dict[str, Array] = {}
    for use in uses:
        arrays |= _gate_arrays(use)
    for one in judged:
        arrays |= _map_arrays(one)
    section = Section(
        "Trust",
        (ASKED,),
        charts=tuple(Chart(faithfulness_curves(one), read_faithful(one)) for one in judged),
        tables=(Table(("what", "verdict", "figures"), tuple(rows)),),
    )
    results = {"trust": {"gates": [use.as_dict() for use in uses], "maps": [one.as_dict() for one in judged]}}
    return Content((section,), arrays, results=results)


def sanity_content(found: Sequence[MapSanity]) -> Content:
    """Return what further checks found for each map."""
    if not found:
        return NOTHING
    titles = heads(found[0])
    rows = tuple((method_place(one.method, one.layer, one.target), *cells(one)) for one in found)
    arrays: dict[str, Array] = {}
    for one in found:
        stem = _place("sanity", one.method, one.layer, one.target)
        parts = one.randomisation.parts
        arrays[f"{stem}/randomised"] = np.array([part.name for part in parts])
        arrays[f"{stem}/randomised_correlation"] = np.array(
            [np.nan if part.correlation is None else part.correlation for part in parts], np.float32
        )
        arrays[f"{stem}/classes"] = np.array(one.classes.classes)
        arrays[f"{stem}/class_correlation"] = one.classes.correlation
    random = Chart(
        randomisation_chart([one.randomisation for one in found]),
        "How alike each map stays to itself while the model loses its weights, from the answer back to the picture.",
    )
    alike = tuple(
        Chart(class_matrix(one.classes), f"{method_place(one.method, one.layer, 'each class')}. {MEANS}")
        for one in found
    )
    meanings = tuple(f"{name[0].upper()}{name[1:]}: {words}" for name, words in titles.items())
    section = Section(
        "Further checks of the maps",
        (ASKED, *(read_sanity(one) for one in found), *meanings),
        charts=(random, *alike),
        tables=(Table(("map", *titles), rows),),
    )
    return Content((section,), arrays, results={"sanity": [one.as_dict() for one in found]})


def shares_content(found: CmaenShares | None, label: str) -> Content:
    """Return what a ``cmaen``'s answer ``label`` is made of."""
    if found is None:
        return NOTHING
    rows = share_cells(found)
    said = read_shares(found, label)
    section = Section(
        "What the answer is made of",
        (said, WORDS) if rows else (said,),
        tables=(Table((HEADS[0], HEADS[1], f"{HEADS[2]} of {label}", HEADS[3]), rows),) if rows else (),
    )
    return Content((section,) if said else (), {}, results={"shares": found.as_dict()})


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
    said = [read_answer(face.prediction), read_map(first), read_trust(shown.trusted, first, gates=bool(face.gates))]
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

    Its arrays are those of the page's own NPZ, see :mod:`dashboard.shared.figures.sheet`, and those of what was
    measured, see :mod:`dashboard.views.explain.report`.
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
