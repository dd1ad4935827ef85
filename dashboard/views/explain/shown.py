"""What Explain shows of one face beside its gates: every map with what is known of it, and all of it to take along."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from streamlit.delta_generator import DeltaGenerator

from dashboard.report.text import layer_title
from dashboard.shared import face as answer
from dashboard.shared import face_loaders, maps
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.map_content import style_settings
from dashboard.shared.figures.trust import Trusted, map_badge, read_trust
from dashboard.shared.maps import Chosen
from dashboard.shared.target import CONTRAST
from dashboard.shell import loaders, report_button, state
from dashboard.shell.state import NamedPicture
from dashboard.views.explain import downloads, methods, paper, sanity, trust
from dashboard.views.explain import gates as gate_views
from dashboard.views.explain.asked import Subject, other_maps, takes
from dashboard.views.explain.methods import Further
from dashboard.views.explain.paper import Wanted
from dashboard.views.explain.report import Explained, explain_content
from dashboard.views.explain.supported import find_supported, show_supported
from dashboard.views.explain.trust import Asked
from engine.explain.cmaen_shares import CmaenShares
from engine.explain.feature_maps import gated_layer
from engine.predict.paper_sheet import SHEET_SCALES
from engine.records import Explanation, FaceExplanation

Rows = tuple[tuple[str, Sequence[MapCard]], ...]
"""A heading and its cards each."""


@dataclass(frozen=True, eq=False)
class View:
    """What is looked at, and how.

    Attributes:
        subject: the face. style: how maps are drawn.
        asked: what is to be explained. names: the same, settled; see :func:`dashboard.views.explain.asked.settled`.
        gate_badge: a gate's layer → the HTML of its trust badge.
    """

    subject: Subject
    style: MapStyle
    asked: Chosen
    names: Mapping[str, str]
    gate_badge: Callable[[str], str]


@dataclass(frozen=True, eq=False)
class Slots:
    """Where on the page, as its order is another than that of the work: reading and button of trust, league, maps."""

    reading: DeltaGenerator
    checking: DeltaGenerator
    leads: DeltaGenerator
    gradcam: DeltaGenerator


@dataclass(frozen=True, eq=False)
class Shown:
    """What is shown.

    Attributes:
        chosen: the answer with the map asked for. maps: every map shown. checked: those whose trust may be known.
        further: by other methods. trusted: what is known of whether to believe them. checks: which are asked for.
        rows: headings and cards. shares: what a ``cmaen``'s answer is made of.
    """

    chosen: FaceExplanation
    maps: tuple[Explanation, ...]
    checked: tuple[Explanation, ...]
    further: Further
    trusted: Trusted
    checks: Asked
    rows: Rows
    shares: CmaenShares | None

    @property
    def main(self) -> tuple[Explanation, ...]:
        """The map asked for, and those by further methods."""
        return (*self.chosen.maps, *self.further.maps.values())


def read_answer(subject: Subject, entry: Explanation | None, trusted: Trusted) -> None:
    """Draw the answer, and what its map says once that is there."""
    named, seen = subject.named, subject.answer
    said = read_trust(trusted, entry, gates=bool(subject.answer.gates)) if entry is not None else ""
    answer.show_answer(seen, entry, subject.key.whole, cut=named.cut, trusted=said)
    if named.truth is not None:
        answer.show_truth(named.truth, subject.face.prediction, named.seen)


def show_maps(view: View, slots: Slots, first: Mapping[str, Explanation], pair: Sequence[str]) -> Shown:
    """Have every map made, and draw those that are there with what is known of them.

    Args:
        view: what is looked at. slots: where it is drawn.
        first: the map asked for and those of a contrast, by their names in ``view.asked.targets``.
        pair: names of the contrast's three, or none.
    """
    subject, asked = view.subject, view.asked
    card, key, crop = subject.card, subject.key, subject.face.crop
    main_map = first[asked.name]
    chosen, target = subject.explained(main_map), main_map.target
    methods.heading(target)
    reasons = takes(subject)
    further = methods.choose_further(card, key, crop, target=target, layer=asked.layer, reasons=reasons)
    layers = loaders.predictor(card).gradcam_layers
    leading = (
        find_supported(slots.leads, card, key, crop, target, layers, further.refused) if reasons is not None else None
    )
    others = slots.gradcam.container()
    with slots.gradcam:
        drawn = other_maps(subject, asked, view.names, first)
    shown = (main_map, *further.maps.values())
    checked = shown if leading is None else (*shown, *leading.beside(shown))
    checks = trust.follow(key)
    trusted = trust.check_trust(slots.checking, card, key, chosen, checked, checks)
    with slots.reading.container():
        read_answer(subject, main_map, trusted)
    supported = show_supported(slots.leads, card, chosen, leading, view.style, trusted)
    badge = map_badge(trusted.map(main_map))
    with others:
        if asked.pair is not None:
            titles = maps.contrast_titles(
                asked.pair, predicted=subject.face.prediction.label, truth=subject.named.truth
            )
            of_contrast = badge if asked.name == CONTRAST else ""
            maps.show_contrast(chosen, [first[name] for name in pair], titles, view.style, of_contrast)
        class_cards = maps.show_explanations(chosen, target, drawn, view.style, badge)
    further_cards = methods.show_further(chosen, further, trusted, view.style)
    return Shown(
        chosen,
        (*drawn, *further.maps.values(), *checked[len(shown) :]),
        checked,
        further,
        trusted,
        checks,
        (
            ("First in the league", supported),
            (f"Grad-CAM at {layer_title(asked.layer)}", class_cards),
            (f"Other explanations for {target}", further_cards),
        ),
        face_loaders.answer_shares(card, key, chosen.face),
    )


def show_channels(view: View) -> None:
    """Draw the channel gates."""
    subject = view.subject
    card = subject.card
    where = (subject.key.digest, subject.key.index, subject.key.whole, subject.face.crop)
    gate_views.show_channels(
        subject.answer,
        partial(gated_layer, loaders.predictor(card).model),
        partial(loaders.activation, *where, card.name, card.weights_sha256),
        view.style,
        view.gate_badge,
    )


def take_along(view: View, shown: Shown, gates: Rows, pictures: Sequence[NamedPicture]) -> None:
    """Draw the downloads, the report's button, every number, and the further checks of the maps.

    Args:
        view, shown: what is looked at and shown. gates: the rows of gates. pictures: all that were chosen together.
    """
    subject = view.subject
    named, whole = subject.named, subject.key.whole
    rows = (*gates, *shown.rows)
    downloads.show_downloads(
        shown.chosen, shown.maps, rows, view.style, named.name, shown.shares,
        answers=partial(
            downloads.answers_csv, loaders.predictor(subject.card), pictures, whole=whole and not named.cut
        ),
    )  # fmt: skip
    paper.show_paper(_wanted(view, shown), pictures, whole=whole and not named.cut)
    _offer_report(view, shown, rows)
    downloads.show_numbers(shown.chosen, shown.maps)


def _wanted(view: View, shown: Shown) -> Wanted:
    """Return what a sheet holds: the methods shown, for each picture's own answer unless a class was chosen."""
    answered = view.names[view.asked.name] == view.subject.face.prediction.label
    return Wanted(
        view.subject.card,
        view.asked.layer,
        state.PREDICTED if answered else view.names[view.asked.name],
        tuple((entry.method, entry.settings) for entry in shown.main),
        SHEET_SCALES[0],
        view.style.colors,
        view.style.opacity,
    )


def _offer_report(view: View, shown: Shown, rows: Rows) -> None:
    subject = view.subject
    named, key, card = subject.named, subject.key, subject.card
    trust.tell(key)
    first = shown.chosen.maps[0]
    checked = sanity.known(key, shown.main)
    seen = Explained(
        shown.chosen, shown.maps, shown.checked, rows, view.style, shown.trusted, named.truth, named.credit, checked,
        shown.shares,
    )  # fmt: skip
    report_button.offer(
        "Explain",
        f"{named.name}, {card.name}",
        (card,),
        lambda: explain_content(seen),
        settings={
            **report_button.picture_settings(named, key.index, whole=key.whole),
            "class": first.target,
            "layer": first.layer,
            "methods": list(shown.further.maps),
            "settings": {entry.method: dict(entry.settings) for entry in shown.maps if entry.settings},
            **style_settings(view.style),
        },
        always={state.MODEL: card.name, **trust.of_results(shown.trusted, checked)},
        notes=report_button.picture_notes(),
    )
