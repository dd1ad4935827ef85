"""Further checks of the maps, folded and asked for apart: another picture, random weights, another class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.report.text import layer_title, plain
from dashboard.shared.face_loaders import FaceKey
from dashboard.shared.figures.trust import method_place
from dashboard.shell import glossed
from dashboard.views.explain import loaders, trust
from dashboard.views.explain.figures.gates import MEANS, WIDTH, class_matrix, time_words
from dashboard.views.explain.figures.sanity import randomisation_chart, read_sanity, sanity_table
from dashboard.views.explain.trust import FURTHER, SMALLEST, Asked
from engine.errors import FerLensError
from engine.explain.methods.registry import METHODS
from engine.records import Explanation, FaceExplanation, RunCard
from engine.trust.map_sanity import MapSanity

BUTTON: Final = "check_sanity"

WORDS: Final = (
    "Three more questions to each map. Does it **foretell** how the answer changes when the picture is disturbed a "
    "little, and does it stay what it is? Does it **change when the model loses what it has learnt**, layer by layer "
    "from the answer back to the picture? And is it **another map for another class**? Each map is made again and "
    "again for this, so it takes longer than “Check trust”; it runs on a copy of the model, and nobody else waits."
)


@st.fragment
def show_sanity(
    card: RunCard,
    key: FaceKey,
    explained: FaceExplanation,
    maps: Sequence[Explanation],
    seconds_a_pass: float,
    asked: Asked,
) -> None:
    """Draw the button where a map is not checked yet, check when pressed, and draw what is known.

    An address that asks for it has it checked without a press where that is quick. After a check the whole page is
    drawn again: its report, further up, then holds what was found.

    Args:
        card: the model's.
        key: which face and model.
        explained: the face as the model saw it.
        maps: the main map and those by further methods.
        seconds_a_pass: a forward or backward pass of this model.
        asked: what is asked for, of this face.
    """
    able = [item for item in maps if item.heatmap.size >= SMALLEST]
    if not able:
        return
    with st.expander("Further checks of the maps", icon=":material/science:", expanded=FURTHER in asked.checks):
        st.markdown(WORDS)
        place = st.empty()
        missing = [item for item in able if loaders.known_sanity(key, item) is None]
        if missing:
            seconds = _expected(card, missing, seconds_a_pass)
            with place.container(horizontal=True, vertical_alignment="center"):
                pressed = st.button(
                    "Check further",
                    key=BUTTON,
                    icon=":material/science:",
                    on_click=trust.ask,
                    args=(key, FURTHER),
                )
                st.caption(plain(f"{asked.waiting(FURTHER)}{_work(card, missing)}: {time_words(seconds)}"))
            if pressed or asked.at_once(FURTHER, seconds):
                try:
                    _check(place, card, key, explained, missing)
                except FerLensError as error:
                    place.error(plain(str(error)))
                else:
                    st.rerun()
        _show_known(known(key, able))


def known(key: FaceKey, maps: Sequence[Explanation]) -> tuple[MapSanity, ...]:
    """Return what further checks found for these maps so far."""
    looked = (loaders.known_sanity(key, item) for item in maps)
    return tuple(item for item in looked if item is not None)


def _expected(card: RunCard, missing: Sequence[Explanation], seconds_a_pass: float) -> float:
    """Return how many seconds the checks take."""
    return sum(
        # A model's first map takes longer than those that follow, the checks' among them.
        loaders.expected_seconds(
            card, item, 2 * seconds_a_pass if METHODS[item.method].cost == "one pass" else item.seconds
        )
        for item in missing
    )


def _work(card: RunCard, missing: Sequence[Explanation]) -> str:
    many = f"{len(missing)} maps" if len(missing) > 1 else "1 map"
    return f"{many}, each made {loaders.sanity_maps(card)} times"


def _check(
    place: DeltaGenerator, card: RunCard, key: FaceKey, explained: FaceExplanation, missing: Sequence[Explanation]
) -> None:
    def teller(number: int, item: Explanation) -> Callable[[str, int, int], None]:
        title = METHODS[item.method].title

        def progress(question: str, done: int, total: int) -> None:
            share = (number + done / total) / len(missing)
            place.progress(share, plain(f"Checking {title}, {number + 1} of {len(missing)}: {question}"))

        return progress

    for number, item in enumerate(missing):
        told = teller(number, item)
        told("copying the model", 0, 1)
        loaders.check_sanity(card, key, explained.face, item, told)


def _show_known(found: Sequence[MapSanity]) -> None:
    if not found:
        return
    st.html(sanity_table(found))
    st.plotly_chart(
        randomisation_chart([item.randomisation for item in found]),
        key="sanity_chart",
        config={"displayModeBar": False},
        alt="how alike each map stays to itself while the model loses its weights, part by part: "
        + ", ".join(method_place(item.method, item.layer, item.target) for item in found),
    )
    glossed.note(" ".join(read_sanity(item) for item in found))
    _show_matrices(found)


def _show_matrices(found: Sequence[MapSanity]) -> None:
    """Draw how alike the maps for the classes are, a small heatmap a method."""
    st.markdown("**Another map for another class?**")
    glossed.note(MEANS)
    with st.container(horizontal=True, gap="medium"):
        for item in found:
            title = METHODS[item.method].title
            with st.container(width=WIDTH, gap="xsmall"):
                st.caption(plain(", ".join(filter(None, (title, layer_title(item.layer))))))
                st.plotly_chart(
                    class_matrix(item.classes),
                    key=f"class_matrix.{item.method}",
                    config={"displayModeBar": False},
                    alt=f"rank correlation between the {title} maps for each two of {', '.join(item.classes.classes)}",
                )
