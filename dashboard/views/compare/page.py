"""Compare: two to four models on one face in aligned columns and on whole datasets, or two pictures under one model."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import streamlit as st

from dashboard.report.content import Build, joined
from dashboard.report.subject import about, emotion
from dashboard.report.subject import face as face_word
from dashboard.report.text import escape, plain
from dashboard.shared import face as answer
from dashboard.shared import maps
from dashboard.shared import target as target_menus
from dashboard.shared.figures.answers import LEAST
from dashboard.shared.figures.map_content import style_settings
from dashboard.shared.figures.rows import explanation_row
from dashboard.shell import loaders, long_work, picture_row, report_button, say, theme
from dashboard.shell.costs import Work
from dashboard.shell.frame import framed
from dashboard.shell.long_work import Tell
from dashboard.shell.state import NamedPicture, Selection
from dashboard.views.compare import choice, dataset, two_pictures
from dashboard.views.compare import maps as compare_maps
from dashboard.views.compare import selection as compare_selection
from dashboard.views.compare.columns import MODELS, PICTURES, Columns
from dashboard.views.compare.report import OnFace, dataset_content, face_content
from engine.errors import FerLensError
from engine.records import FaceExplanation, RunCard

STYLE: Final = Path(__file__).with_name("style.css")


def compare_picture(
    cards: tuple[RunCard, ...], pair: tuple[int, int], named: NamedPicture, selected: Sequence[NamedPicture]
) -> OnFace | None:
    """Draw every row for one picture that can be read, and the summary of all ``selected`` where there are several.

    Returns what was drawn, or None where no face was found.
    """
    picture = loaders.picture(named.digest, named.data, named.name)
    with st.spinner(plain(f"Loading {', '.join(card.name for card in cards)} …")):
        models = [loaders.predictor(card) for card in cards]
    theme.section(f"On one {face_word()}", f"The same {face_word()} for every model; each sees it at its own size.")
    first = st.container()
    with st.container(key="stack-compare"):
        left, right = st.columns([3, 8], gap="large")
    with left:
        whole = answer.taken_whole(cards[0], named)
        found = answer.found_faces(cards[0], named, whole)
        if found is None:
            return None
        if found.error is not None:
            say.problems([found.error])
            return None
        answer.say_nobody(found, whole, first)
        index = answer.pick_face(found, key=f"face.{named.digest[:12]}.{whole}")
        answer.show_picture(picture, found, index, named.credit)
    face, answers = found.faces[index], right.container()

    theme.section(
        "Explanation: Grad-CAM", f"Where the features of a layer spoke for one {emotion()}: the same for every model."
    )
    predicted = choice.answered(cards, face.prediction)
    target, subtracted, layer = choice.choose_target(
        cards, [model.gradcam_layers for model in models], predicted=predicted, truth=named.truth
    )
    plus, minus = target_menus.settle(target, subtracted, predicted, named.truth)
    if minus == plus:
        say.problems([target_menus.refused(plus)])
        minus = ""
    style = maps.style_controls()
    slot = st.container()
    at = [model.gradcam_layers[-1] if layer == choice.EACH_LAST else layer for model in models]

    def explain(tell: Tell) -> list[FaceExplanation]:
        made = []
        for number, (card, own) in enumerate(zip(cards, at, strict=True)):
            tell(number, len(cards), "models")
            given = choice.given(card, cards[0], named, face, index, whole=whole)
            made.append(choice.explained(card, cards[0], own, (plus, minus), given))
        return made

    weights = tuple(card.weights_sha256 for card in cards)
    with slot:
        explained = long_work.have(
            "compared models",
            (weights, named.digest, index, whole, tuple(at), plus, minus),
            explain,
            f"Explaining with {', '.join(card.name for card in cards)}",
            Work(weights[0], " ".join(["compared with", *(one[:8] for one in weights[1:])])),
        ).value
    if explained is None:
        return None
    if apart := choice.read_given(cards, explained):
        st.caption(plain(apart))
    columns = Columns(MODELS, tuple(card.name for card in cards), explained, pair)
    with answers:
        compare_maps.show_answers(columns)
    shown = explained[0].maps[0].target
    explanation = explanation_row(explained, pair, style.scale)
    with slot:
        compare_maps.show_map_rows(columns, [explanation], style, "map")
        st.caption(
            plain(
                f"Explains {shown}. Grad-CAM has no unit that two models share, so the difference is that of shares: "
                "percentage points of each map’s mass, cell by cell."
            )
        )
    named_rows = compare_maps.show_gates_and_rest(columns, explanation, plus, style)
    selection = compare_selection.show_selection(cards, pair, selected, (target, subtracted, layer))
    return OnFace(columns, named_rows, style, named.credit, selection)


def offer_report(
    cards: tuple[RunCard, ...], face: OnFace | None, on: dataset.OnSplit | None, named: NamedPicture | None
) -> None:
    """Draw the button of the report, where anything is shown."""
    parts: list[Build] = []
    settings: dict[str, Any] = {"models": [card.name for card in cards]}
    if face is not None and named is not None:
        parts.append(partial(face_content, face))
        shown = face.explained[0].maps[0]
        settings |= {"picture": named.name, "picture sha256": named.digest, "class": shown.target, "layer": shown.layer}
        settings |= {"difference": [face.names[index] for index in face.columns.pair], **style_settings(face.style)}
    if on is not None:
        where = f"{on.split.dataset} {on.split.split}"
        parts.append(partial(dataset_content, on.first, on.second, where, on.found))
        settings["dataset"] = where
    if parts:
        report_button.offer(
            "Compare",
            ", ".join(card.name for card in cards),
            cards,
            lambda: joined(*(part() for part in parts)),
            settings=settings,
            always={},
            notes=report_button.picture_notes() if face is not None else (),
        )


def main(chosen: Selection) -> None:
    """Select, load, draw."""
    st.html(STYLE)
    st.title("Compare")
    shelf = loaders.shelf()
    say.problems(shelf.problems)
    if not shelf.cards:
        say.no_checkpoint()
        return
    if choice.choose_mode() == PICTURES:
        two_pictures.show(chosen)
    else:
        show_models(chosen)


def show_models(chosen: Selection) -> None:
    """Draw two to four models on the picture chosen, and on the data set that both were analysed on."""
    shelf = loaders.shelf()
    cards = choice.choose_models(shelf.cards)
    if len(cards) < LEAST:
        alone = len(shelf.cards) < LEAST
        cure = f"choose another beside {escape(cards[0].name)}" if cards else "choose them above"
        cure = "there is only one yet, so train another" if alone else cure
        st.info(
            plain(f"Comparing takes two to four models that share classes: {cure}."),
            icon=":material/info:",
        )
        return
    about(*cards)
    for card in cards:
        say.unchecked(card)
    choice.say_opened(shelf.cards, cards)
    picture_row.show(chosen)
    pair = choice.choose_pair([card.name for card in cards])
    found = dataset.show_verdict(cards[pair[0]], cards[pair[1]])
    problems = [loaders.problem(entry.digest, entry.data, entry.name) for entry in chosen.pictures]
    say.problems(sentence for sentence in problems if sentence is not None)
    readable = [entry for entry, said in zip(chosen.pictures, problems, strict=True) if said is None]
    face = None
    if chosen.picture is None:
        say.no_picture(chosen.source)
    elif problems[chosen.index] is None:
        try:
            face = compare_picture(cards, pair, chosen.picture, readable)
        except FerLensError as error:
            say.problems([str(error)])
    elif None in problems:
        st.info("This picture cannot be read; choose another one above or in the sidebar.")
    if found is not None:
        dataset.show_details(found)
        dataset.show_galleries(found)
    offer_report(cards, face, found, chosen.picture)


with framed("Compare") as selected:
    main(selected)
