"""Two models on a whole split: the sentence above, and below it tests, classes, cost and the pictures that differ.

The caching code of the Compare page: the comparison of two models' stored answers, once for what is on disk.

The pictures on which two models differ, in three galleries; each opens Explain with either model.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import streamlit as st

from dashboard.report.glossary import in_words, opener
from dashboard.report.text import escape, plain, split_link
from dashboard.shared.figures.answers import (
    commands_missing,
    cost_table,
    interval_words,
    nearer_words,
    p_words,
    parameter_words,
    share_words,
    tests_table,
)
from dashboard.shared.figures.tile import MAPS
from dashboard.shared.gallery import choose_map, choose_size, over_all
from dashboard.shell import glossed, say, state, study_loaders, theme
from dashboard.shell.handed_in import PICTURE_INDEX
from dashboard.shell.in_address import in_address, left_out
from dashboard.shell.pages import EXPLAIN
from dashboard.shell.tagging import choose_tag
from dashboard.shell.walk import FROM, here, selection_address
from dashboard.views.compare.choice import ON, PREFERRED, follow, tell
from dashboard.views.compare.figures.tables import FIGURES, class_chart, tile_html
from dashboard.views.compare.loaders import compared
from dashboard.views.compare.loaders import nearer as nearer_to_people
from engine.analysis.comparison import Outcome, StoredComparison
from engine.analysis.files.places import AnalysedSplit, analyze_command
from engine.errors import FerLensError
from engine.labels import same_classes
from engine.measure.nearer import Nearer
from engine.measure.trained_alike import alike_words, training_differences
from engine.records import RunCard
from engine.statistics.comparison import TESTS

if TYPE_CHECKING:
    from engine.analysis.comparison import StoredComparison


@dataclass(frozen=True, eq=False)
class OnSplit:
    """Two models compared on a split."""

    first: RunCard
    second: RunCard
    split: AnalysedSplit
    found: StoredComparison
    nearer: Nearer | None = None


def show_verdict(first: RunCard, second: RunCard) -> OnSplit | None:
    """Draw what may be concluded from the stored answers; return the comparison, or None where there is none."""
    if set(first.classes) != set(second.classes):
        if words := unlike_words(first, second):
            st.html(f'<div class="fl-quiet">{escape(words)}</div>')
        return None
    shared = study_loaders.analysed_of(first.name, second.name)
    if not shared:
        _no_answers(first, second)
        return None
    split = shared[_choose_split(list(shared))]
    try:
        with st.spinner(plain(f"Comparing {first.name} and {second.name} on {split.dataset} {split.split} …")):
            found = compared((first.name, second.name), split.dataset, split.split)
    except FerLensError as error:
        say.problems([str(error)])
        return None
    result = found.comparison
    accuracy = result.accuracy
    p = p_words(accuracy.p)
    said = f"p {p}" if p.startswith("<") else f"p = {p}"
    st.html(
        f'<div class="fl-concluded">{escape(result.verdict)}</div><div class="fl-quiet">{escape(second.name)} − '
        f"{escape(first.name)} on {split_link(second.name, split.dataset, split.split, result.n)}: accuracy "
        f"{share_words(accuracy.first)} and {share_words(accuracy.second)}, difference {interval_words(accuracy)} "
        f"points; by luck alone {said} ({opener('mcnemar', 'McNemar’s exact test')}); parameters "
        f"{parameter_words(first, second)}. "
        f"{escape(alike_words(training_differences(first, second)))}</div>"
    )
    nearer = nearer_to_people((first.name, second.name), split.dataset, split.split)
    if nearer is not None:
        st.html(f'<div class="fl-quiet">{escape(nearer_words(nearer))}</div>')
    return OnSplit(first, second, split, found, nearer)


def unlike_words(first: RunCard, second: RunCard) -> str:
    """Say that two models call one class otherwise, for which they have no verdict; empty where that is not why.

    Classes that one of them lacks are said above, for all models (``apart_words``).
    """
    same = same_classes(first.classes, second.classes)
    if not len(same) == len(first.classes) == len(second.classes):
        return ""
    called = next((name, other) for name, other in same.items() if name != other)
    return (
        f"No verdict on a dataset, which takes models whose classes are called alike: {first.name} says {called[0]} "
        f"where {second.name} says {called[1]}. Import one of them again with the other’s names."
    )


def _choose_split(names: Sequence[str]) -> str:
    """Draw the choice among splits that both models were analysed on, where there are several."""
    # The first has its pictures here, if any has.
    default = PREFERRED if PREFERRED in names and study_loaders.here(PREFERRED.partition("-")[0]) else names[0]
    asked = follow(ON, default)
    wanted = asked if asked is not None else st.session_state[ON]
    if wanted not in names:
        if asked is not None and asked == st.query_params.get(ON):
            say.problems([f"Unknown split '{asked}'; both models were analysed on: {', '.join(names)}."])
        wanted = default
    st.session_state[ON] = wanted
    if len(names) > 1:
        st.selectbox("Dataset and split", names, key=ON, width=260)
    tell(ON, st.session_state[ON])
    return str(st.session_state[ON])


def _no_answers(first: RunCard, second: RunCard) -> None:
    """Say in a line that there is no verdict yet, and the exact commands that change it."""
    commands = commands_missing(first, second, study_loaders.analysed())
    st.html(
        f'<div class="fl-quiet">No verdict on a dataset yet: {escape(first.name)} and {escape(second.name)} have no '
        "stored answers to the same pictures. Make them with:</div>"
    )
    st.code("\n".join(commands), language="bash", wrap_lines=True)


def show_details(on: OnSplit) -> None:
    """Draw the tests, the classes and the cost."""
    first, second, result = on.first.name, on.second.name, on.found.comparison
    theme.section(
        "On a dataset",
        f"The same {result.n:,} pictures of {split_link(second, on.split.dataset, on.split.split)} for both; "
        f"{escape(second)} − {escape(first)}.",
    )
    if any(on.found.left_out):
        one, two = on.found.left_out
        st.caption(
            plain(f"Left out, because only one of the two has them: {one:,} with {first}, {two:,} with {second}.")
        )
    st.html(
        tests_table(
            first,
            second,
            [
                ("accuracy", TESTS["accuracy"], result.accuracy),
                (in_words("macro_f1"), TESTS["macro_f1"], result.macro_f1),
            ],
        )
    )
    with in_address("figure", "compare_figure", tuple(FIGURES), "recall"):
        figure: str = st.segmented_control(
            "Class by class",
            tuple(FIGURES),
            default="recall",
            required=True,
            format_func=FIGURES.__getitem__,
            key="compare_figure",
            persist_state="session",
        )
    st.html(class_chart(result.shown.pick(on.found.simultaneous), figure, first, second))
    glossed.note(
        f"{result.shown.words} Filled dot: a difference that holds after correction. The intervals hold for all "
        f"classes together (95 %, Bonferroni over the paired bootstrap); p: {TESTS[figure]}. Two checkpoints are "
        "compared, one training seed each: another seed alone moves these figures too."
    )
    command = analyze_command("MODEL", on.split.dataset, on.split.split, force=True)
    st.html(cost_table(on.first, on.second, on.found.milliseconds))
    if None in on.found.milliseconds:
        st.caption("Speed is not stored for both. Measure one after the other on an idle machine:")
        st.code("\n".join(command.replace("MODEL", name) + " --bare" for name in (first, second)), language="bash")
    else:
        st.caption(
            "Speed in batches, as each analysis measured it when it was made: only on the same idle machine does the "
            f"difference mean something. Measure again with “{plain(command)} --bare”."
        )


SHOWN: Final = 12
"""Tiles on a page of a gallery: two rows of six."""
ANY: Final = "any"
FIRST: Final = "only the first right"


def show_galleries(on: OnSplit) -> None:
    """Draw the choice of gallery and class, and a page of pictures."""
    first, second = on.first.name, on.second.name
    titles = {
        FIRST: f"only {first} right",
        "only the second right": f"only {second} right",
        "both wrong, differently": "both wrong, differently",
    }
    counts = {group: len(on.found.comparison.groups[group]) for group in titles}
    theme.section("Where they differ", "Surest mistakes first. A model’s name under a picture opens it in Explain.")
    with st.container(horizontal=True, gap="medium"):
        with in_address("group", "compare_group", tuple(titles), FIRST):
            group: str = st.segmented_control(
                "Pictures",
                tuple(titles),
                default=FIRST,
                required=True,
                key="compare_group",
                format_func=lambda name: plain(f"{titles[name]} · {counts[name]:,}"),
            )
        with in_address("label", "compare_label", (ANY, *on.first.classes), ANY):
            label: str = st.selectbox("Label", (ANY, *on.first.classes), key="compare_label", width=130)
        tagged = choose_tag(on.split.dataset)
        found = [
            one for one in on.found.group(group) if label in (ANY, one.label) and (tagged is None or one.id in tagged)
        ]
        pages = max(1, -(-len(found) // SHOWN))
        page = 1
        if pages > 1:
            key = f"compare_page.{first}.{second}.{on.split.name}.{group}.{label}.{len(found)}"
            with in_address("differ_page", key, {str(number): number for number in range(1, pages + 1)}, 1):
                page = st.number_input(plain(f"Page of {pages}"), 1, pages, key=key, width=130)
    if not found:
        about = f"{f' labelled {label}' if label != ANY else ''}{' with the tag' if tagged is not None else ''}"
        st.caption(plain(f"No picture{about} is in this group."))
        return
    shows, card = _choose_map(on)
    shown = found[(page - 1) * SHOWN : page * SHOWN]
    here = [study_loaders.picture_if_here(on.split.dataset, one.id, on.first) for one in shown]
    if not any(here):
        st.caption(
            f"The pictures of {plain(on.split.dataset)} are not on this machine: ids, labels and answers are shown."
        )
    if any(here):
        st.button(
            f"Compare {'this picture' if len(shown) == 1 else f'these {len(shown)} pictures'} above",
            on_click=_choose,
            args=(on, shown, titles[group]),
            icon=":material/compare:",
            help="Chooses them in the sidebar: each with its maps, and how alike the models’ maps are over all.",
        )
    drawn = over_all(shows, on.split.dataset, [one.id for one in shown] if any(here) else (), card)
    with st.container(key="differ"):
        for one, picture in zip(shown, here, strict=True):
            with st.container(gap="xsmall"):
                pixels = picture.pixels if picture is not None else None
                st.html(tile_html(one, pixels, first, second, drawn.get(one.id, "")))
                if picture is not None:
                    _links(on, one, [other.id for other in found], titles[group])


def _choose_map(on: OnSplit) -> tuple[str, RunCard]:
    """Draw what lies over the tiles, whose it is and how large they are; return the first two."""
    cards = {on.first.name: on.first, on.second.name: on.second}
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        shows, by = choose_map(), on.first.name
        if shows != MAPS[0]:
            with in_address("tiles_by", "tiles_by", tuple(cards), by, "model of the maps over tiles", own=True):
                by = st.segmented_control("Of", tuple(cards), required=True, format_func=plain, key="tiles_by") or by
        else:
            left_out("tiles_by")
        choose_size()
    return shows, cards[by]


def _choose(on: OnSplit, shown: Sequence[Outcome], words: str) -> None:
    """Choose these pictures in the sidebar; a callback, since its widgets are drawn before. ``words``: what they are.

    A widget that is drawn already writes its state into the address; for one that is to be drawn for the first time it
    is written here.
    """
    wanted = {
        state.SOURCE: "dataset",
        state.DATASET: on.split.dataset,
        state.SPLIT: on.split.split,
        state.ID: ",".join(one.id for one in shown),
    }
    for key, value in wanted.items():
        if key not in st.session_state:
            st.query_params[key] = value
        st.session_state[key] = value
    st.query_params[FROM] = here(words).as_text()
    st.session_state.pop(PICTURE_INDEX, None)


def _links(on: OnSplit, one: Outcome, ids: Sequence[str], words: str) -> None:
    """Draw a link to Explain for either model; ``ids`` are the whole gallery, ``words`` what it shows."""
    with st.container(horizontal=True, gap="xsmall"):
        for model in (on.first.name, on.second.name):
            address = selection_address(model, on.split.dataset, on.split.split, ids, one.id, words)
            st.page_link(EXPLAIN, label=plain(model), query_params={state.MODEL: model, **address})
