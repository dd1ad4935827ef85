"""The lower half of the Data page: the groups of copies, the blanks and the suspect labels, page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import streamlit as st

from dashboard.report.text import escape, percent, plain
from dashboard.shared.figures.tile import MAPS
from dashboard.shared.gallery import choose_map, choose_size, over_all
from dashboard.shell import glossed, say, state, study_loaders, theme
from dashboard.shell import loaders as shell_loaders
from dashboard.shell.pages import EXPLAIN
from dashboard.shell.tagging import choose_tag
from dashboard.shell.walk import selection_address
from dashboard.views.data import loaders
from dashboard.views.data.figures.groups import group_html, picture_html, read_accuracies
from dashboard.views.data.loaders import Wanted
from dashboard.views.data.people import suspicion_words
from dashboard.views.data.report import Shown
from engine.analysis.audited import AuditedModel
from engine.analysis.files.places import analyze_command
from engine.data.audit.audit import NO_NEAR_COPIES, DataAudit
from engine.data.audit.groups import PictureGroup
from engine.data.audit.source import AuditedPictures
from engine.data.votes.file import WHERE
from engine.data.votes.join import WITH_VOTES
from engine.errors import FerLensError

GALLERY: Final = "gallery"
PAGE: Final = "groups"
CONFLICTS: Final = "conflicting labels"
LEAKS: Final = "training and another part"
EXACT: Final = "exact copies"
NEAR: Final = "near copies"
BLANKS: Final = "blank"
SUSPECTS: Final = "suspect labels"
UNSEEN: Final = "labels nobody saw"
WORDS: Final[dict[str, str]] = {
    CONFLICTS: "The same pixels, labelled differently: at most one of the labels is what was meant.",
    LEAKS: "The same pixels in the training set and in a part kept apart from it: a model saw such a test picture.",
    EXACT: "Every decoded pixel is equal.",
    NEAR: "Other pixels, but both perceptual hashes agree: mostly one photograph saved, lit or cut in two ways; now "
    "and then two shots of one person.",
    BLANKS: "One grey all over, or nearly: nothing can be seen on them, whatever their label says.",
    SUSPECTS: "Labels that the chosen model’s answers contradict (confident learning, Northcutt et al. 2021). A model "
    "is no judge: look before you change anything.",
    UNSEEN: "None of ten people (FER+) saw what the label says; those first of which most saw one other thing.",
}
"""Gallery → what is in it."""
GROUPS_ON_PAGE: Final = 12
PICTURES_ON_PAGE: Final = 32
IN_GROUP: Final = 8


def _first_page() -> None:
    st.session_state[PAGE] = 1


def _page(total: int, on_page: int) -> int:
    """Draw the pages of ``total`` entries; return how many entries lie before the one chosen."""
    pages = -(-total // on_page)
    if pages < 2:
        return 0
    if st.session_state.get(PAGE, 1) > pages:
        st.session_state[PAGE] = pages
    number: int = st.pagination(pages, key=PAGE, bind="query-params")
    return (number - 1) * on_page


def show_galleries(asked: Wanted, found: DataAudit, model: str | None) -> tuple[str, list[Shown]]:
    """Draw the choice of gallery, and the gallery; return its name and the pictures of its page."""
    theme.section("Copies, conflicts, blanks and suspect labels", "Each number above with the pictures behind it.")
    unknown = state.asked_for(GALLERY, WORDS)
    chosen: str = st.segmented_control(
        "Show",
        tuple(WORDS),
        default=CONFLICTS,
        required=True,
        key=GALLERY,
        bind="query-params",
        on_change=_first_page,
    )
    if unknown is not None:
        say.problems([f"Unknown gallery '{unknown}'; valid: {', '.join(WORDS)}."])
    glossed.note(WORDS[chosen])
    if chosen == SUSPECTS:
        return chosen, _suspects(asked, found, model)
    if chosen == UNSEEN:
        return chosen, _unseen(asked, found, model)
    if chosen == BLANKS:
        positions = [index for index, blank in enumerate(found.blank) if blank]
        return chosen, _pictures(found.pictures, positions, [""] * len(positions), "No picture is blank.", model)
    groups = {CONFLICTS: found.conflicts, LEAKS: found.leaks, EXACT: found.exact, NEAR: found.near}[chosen]
    nothing = "There is none in this dataset."
    if chosen == NEAR and found.pictures.drawn:
        nothing = f"Not looked for: {NO_NEAR_COPIES[1]}."
    return chosen, _groups(found.pictures, groups, nothing, model)


def _groups(pictures: AuditedPictures, groups: Sequence[PictureGroup], nothing: str, model: str | None) -> list[Shown]:
    """Draw a page of groups, each with a link to Explain; return their pictures, as many of each as are drawn."""
    if not groups:
        st.info(plain(nothing), icon=":material/check:")
        return []
    tagged = choose_tag(pictures.name, _first_page)
    if tagged is not None:
        names = set(tagged)
        groups = [group for group in groups if any(pictures.ids[member] in names for member in group.members)]
        st.caption(f"{len(groups):,} groups have a picture with the tag.")
    largest = sorted(groups, key=lambda group: -len(group.members))
    shows = _choose_map(pictures, model)
    slot = st.container(key="data-groups")
    start = _page(len(groups), GROUPS_ON_PAGE)
    members = [member for group in largest[start : start + GROUPS_ON_PAGE] for member in group.members[:IN_GROUP]]
    with slot:
        drawn = _maps(pictures, members, shows, model)
        for group in largest[start : start + GROUPS_ON_PAGE]:
            with st.container(border=True):
                st.html(group_html(pictures, group, IN_GROUP, drawn))
                if model is not None:
                    _link(pictures, group, model)
    page = largest[start : start + GROUPS_ON_PAGE]
    return [
        Shown(position, number) for number, group in enumerate(page, start + 1) for position in group.members[:IN_GROUP]
    ]


def _link(pictures: AuditedPictures, group: PictureGroup, model: str) -> None:
    """Draw the way of a group's pictures, one after the other, through Explain."""
    ids = [pictures.ids[position] for position in group.members]
    words = f"{len(ids)} of {st.session_state[GALLERY]}"
    split = pictures.splits[group.members[0]]
    st.page_link(
        EXPLAIN,
        label=f"Explain these {len(ids)}",
        query_params=selection_address(model, pictures.name, split, ids, ids[0], words),
    )


def _pictures(
    pictures: AuditedPictures, positions: Sequence[int], notes: Sequence[str], nothing: str, model: str | None
) -> list[Shown]:
    """Draw a page of single pictures, each with a link to Explain; return them."""
    if not positions:
        st.info(plain(nothing), icon=":material/check:")
        return []
    with st.container(horizontal=True, gap="medium", vertical_alignment="bottom"):
        tagged = choose_tag(pictures.name, _first_page)
        shows = _choose_map(pictures, model)
        choose_size()
    if tagged is not None:
        kept = [at for at, position in enumerate(positions) if pictures.ids[position] in set(tagged)]
        positions, notes = [positions[at] for at in kept], [notes[at] for at in kept]
        st.caption(f"{len(positions):,} of them have the tag.")
    explaining, slot = st.container(), st.container(key="data-pictures")
    start = _page(len(positions), PICTURES_ON_PAGE)
    chosen, ids = slice(start, start + PICTURES_ON_PAGE), [pictures.ids[position] for position in positions]
    words = str(st.session_state[GALLERY])
    with explaining:
        drawn = _maps(pictures, positions[chosen], shows, model)
    with slot:
        for position, note in zip(positions[chosen], notes[chosen], strict=True):
            with st.container(gap="xsmall"):
                st.html(f'<div class="fl-group">{_html(pictures, position, note, drawn)}</div>')
                if model is not None:
                    address = selection_address(
                        model, pictures.name, pictures.splits[position], ids, pictures.ids[position], words
                    )
                    st.page_link(EXPLAIN, label="Explain", query_params=address)
    return [Shown(position, note=note) for position, note in zip(positions[chosen], notes[chosen], strict=True)]


def _html(pictures: AuditedPictures, position: int, note: str, drawn: Mapping[str, str]) -> str:
    return picture_html(pictures, position, note, drawn.get(pictures.ids[position], ""))


def _choose_map(pictures: AuditedPictures, model: str | None) -> str:
    """Draw what lies over the pictures, where a model is chosen and their data set is found by id."""
    return choose_map() if model is not None and study_loaders.here(pictures.name) else MAPS[0]


def _maps(pictures: AuditedPictures, positions: Sequence[int], shows: str, model: str | None) -> dict[str, str]:
    """Return id → the chosen model's map over the picture, as HTML."""
    if model is None:
        return {}
    ids = [pictures.ids[position] for position in positions]
    return over_all(shows, pictures.name, ids, shell_loaders.shelf().card(model))


def _unseen(asked: Wanted, found: DataAudit, model: str | None) -> list[Shown]:
    """Draw the pictures whose label nobody saw, or say why that is not known."""
    why = f"Nobody voted on the pictures of {asked.dataset}; FER+'s votes are for FER2013 alone."
    if asked.dataset in WITH_VOTES:
        why = f"What people saw is not known here: {WHERE}"
    try:
        seen = loaders.people(asked, found, study_loaders.votes_at(asked.dataset))
    except FerLensError as error:
        say.problems([str(error)])
        return []
    if seen is None:
        st.info(plain(why), icon=":material/groups:")
        return []
    return _pictures(found.pictures, seen.unseen, seen.notes, "Somebody saw what each label says.", model)


def _suspects(asked: Wanted, found: DataAudit, model: str | None) -> list[Shown]:
    if model is None:
        say.no_checkpoint()
        return []
    try:
        judged = loaders.judged(asked, found, model, study_loaders.votes_at(asked.dataset))
    except FerLensError as error:
        say.problems([str(error)])
        return []
    if judged is None:
        st.info(
            f"{plain(model)} was not analysed on a split of {plain(asked.dataset)} that it was not trained on. Choose "
            "another model, or run:",
            icon=":material/info:",
        )
        st.code(analyze_command(model, asked.dataset, "test"), language="bash", wrap_lines=True)
        return []
    return _suspected(found, judged, model)


def _suspected(found: DataAudit, judged: AuditedModel, model: str) -> list[Shown]:
    positions = {picture_id: index for index, picture_id in enumerate(found.pictures.ids)}
    share = percent(len(judged.suspects) / judged.judged)
    st.markdown(
        f"**{len(judged.suspects):,} of {judged.judged:,} labels ({plain(share)}) are suspect** by {plain(model)} on "
        f"{plain(', '.join(judged.splits))}, whose pictures did not train it. Most suspect first."
    )
    said = [sentence for sentence in (suspicion_words(judged.people), *read_accuracies(judged)) if sentence]
    st.html('<div class="fl-reading">' + "<br>".join(escape(sentence) for sentence in said) + "</div>")
    return _pictures(
        found.pictures,
        [positions[one.id] for one in judged.suspects],
        [f"{one.suggested}? score {one.score:.2f}" for one in judged.suspects],
        "No label is suspect.",
        model,
    )
