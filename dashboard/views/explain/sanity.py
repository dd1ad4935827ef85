"""Further checks of the maps, folded and asked for apart: another picture, random weights, another class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import layer_title, plain
from dashboard.shared.figures.trust import method_place
from dashboard.shell import glossed, long_work
from dashboard.shell.cost_loaders import costs
from dashboard.shell.costs import time_words
from dashboard.shell.long_work import LongWork, Tell
from dashboard.shell.map_loaders import FaceKey
from dashboard.views.explain import loaders, trust
from dashboard.views.explain.figures.gates import MEANS, WIDTH, class_matrix
from dashboard.views.explain.figures.sanity import randomisation_chart, read_sanity, sanity_table
from dashboard.views.explain.trust import FURTHER, SMALLEST, Asked
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


def show_sanity(
    card: RunCard, key: FaceKey, explained: FaceExplanation, maps: Sequence[Explanation], asked: Asked
) -> None:
    """Draw the button where a map is not checked yet, check beside the page when pressed, and draw what is known.

    An address that asks for it has it checked without a press where that is quick. After a check the whole page is
    drawn again: its report, further up, then holds what was found.

    Args:
        card: the model's.
        key: which face and model.
        explained: the face as the model saw it.
        maps: the main map and those by further methods.
        asked: what is asked for, of this face.
    """
    able = [item for item in maps if item.heatmap.size >= SMALLEST]
    if not able:
        return
    with st.expander("Further checks of the maps", icon=":material/science:", expanded=FURTHER in asked.checks):
        st.markdown(WORDS)
        missing = [item for item in able if loaders.known_sanity(key, item) is None]
        if missing:
            _offer(card, key, explained, missing, asked)
        _show_known(known(key, able))


def _offer(
    card: RunCard, key: FaceKey, explained: FaceExplanation, missing: Sequence[Explanation], asked: Asked
) -> None:
    work: LongWork[None] = long_work.of("sanity", queued=True)
    seconds = sum(costs().promise(loaders.sanity_work(card, item)) or 0.0 for item in missing)
    if work.is_asked or asked.at_once(FURTHER, seconds):
        work.begin_for(key, _check(card, key, explained, missing), seconds=seconds)
    if work.key == key and work.follow("Checking the maps", stoppable=True):
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Check further",
            key=BUTTON,
            icon=":material/science:",
            on_click=_press,
            args=(work, key),
        )
        st.caption(plain(f"{asked.waiting(FURTHER)}{_work(card, missing)}: {time_words(seconds)}"))
    if work.key == key and work.problem:
        st.error(plain(work.problem))


def _press(work: LongWork[None], key: FaceKey) -> None:
    trust.ask(key, FURTHER)
    work.ask()


def known(key: FaceKey, maps: Sequence[Explanation]) -> tuple[MapSanity, ...]:
    """Return what further checks found for these maps so far."""
    looked = (loaders.known_sanity(key, item) for item in maps)
    return tuple(item for item in looked if item is not None)


def _work(card: RunCard, missing: Sequence[Explanation]) -> str:
    many = f"{len(missing)} maps" if len(missing) > 1 else "1 map"
    return f"{many}, each made {loaders.sanity_maps(card)} times"


def _check(
    card: RunCard, key: FaceKey, explained: FaceExplanation, missing: Sequence[Explanation]
) -> Callable[[Tell], None]:
    """Return the work: each map in turn; the bar counts the maps that are made."""

    def work(tell: Tell) -> None:
        wanted = loaders.sanity_maps(card) * len(missing)
        before = 0

        def told(question: str, done: int, _total: int) -> None:
            tell(before + done, wanted, f"maps made; {title}: {question}")

        for item in missing:
            title = METHODS[item.method].title
            told("copying the model", 0, 1)
            loaders.check_sanity(card, key, explained.face, item, told)
            before += loaders.sanity_maps(card)

    return work


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
