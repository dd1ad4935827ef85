"""The choices of the Misclassifications page: what is compared, the filter bar, and how they are kept.

Each widget's key is a query parameter of the same name, so that a copied address opens the same view; going to
another page and back by the menu, whose links carry nothing, brings back what was chosen.

What the filters of the Misclassifications page offer, and what each choice means to a query.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import streamlit as st

from dashboard.report.text import plain
from dashboard.shared.study import first_page, only_valid, unknown_names
from dashboard.shell import among, say, state
from dashboard.shell.state import AGAINST, ANALYSIS, LOOK, PAGE, PICKED
from dashboard.shell.tagging import ANY, TAG, choose_tag
from engine.analysis.mistakes import ANSWERED, PEOPLES, MistakesView
from engine.data.votes.agreement import AGREEMENTS, SIDES

LOSS_MOST: Final = 10.0
"""End of the loss filter, in nats; there it bounds nothing. A fixed end, so that addresses mean the same anywhere."""
RANGES: Final[dict[str, tuple[float, float, float]]] = {
    "confidence": (0.0, 1.0, 0.01),
    "loss": (0.0, LOSS_MOST, 0.1),
    "margin": (-1.0, 1.0, 0.02),
}
"""Column → lowest, highest, step; an end of the range is no bound."""
AGREES: Final[dict[str, bool | None]] = {"any": None, "agree": True, "differ": False}
COPY: Final[dict[str, Any]] = {"any": None, "only copies": "only", "one of each": "first"}
NEAR_COPY: Final[dict[str, Any]] = {"any": None, "only near copies": "only", "one of each": "first"}
IN_TRAINING: Final[dict[str, bool | None]] = {"any": None, "yes": True, "no": False}
SUSPICIOUS: Final[dict[str, bool | None]] = {"any": None, "suspect": True, "not suspect": False}

NEAR_WORDS: Final = (
    "Pictures in this split that look alike to two perceptual hashes, though pixels differ; a few may be different "
    "pictures. One of each: one of all that look alike, exact copies among them."
)

PEOPLE_CHOICES: Final[dict[str, tuple[str, ...]]] = {"any": (), **{name: (name,) for name in AGREEMENTS}}
SIDE_CHOICES: Final[dict[str, tuple[str, ...]]] = {"any": (), **{name: (name,) for name in SIDES}}
TRUTHS: Final[tuple[Literal["label", "majority"], ...]] = ("label", "majority")

TRUE: Final = "true"
ANSWER: Final = "answer"
SHOWN: Final = "shown"
SEARCH: Final = "search"
AGREEMENT: Final = "agreement"
COPIES: Final = "copies"
NEAR: Final = "near"
TRAINING: Final = "training"
SUSPECT: Final = "suspect"
TRUTH: Final = "truth"
PEOPLE: Final = "people"
SIDE: Final = "side"
SORT: Final = "sort"
MAPS: Final = "maps"
SHARE: Final = "share"
DIAGONAL: Final = "diagonal"
DIFFERENCE: Final = "difference"
THROUGH: Final = "through"
"""What the side panel walks through."""

SORTS: Final[dict[str, tuple[str, bool]]] = {
    "most confident": ("confidence", True),
    "least confident": ("confidence", False),
    "most surprising label": ("loss", True),
    "least surprising label": ("loss", False),
    "smallest margin": ("margin", False),
    "largest margin": ("margin", True),
    "most suspect label": ("suspicion", True),
    "people least agree": (PEOPLES, True),
    "data set's order": ("", False),
}
"""Entry of the menu → column and whether descending."""

FILTERS: Final[tuple[str, ...]] = (
    TRUE, ANSWER, SHOWN, SEARCH, *RANGES, AGREEMENT, COPIES, NEAR, TRAINING, SUSPECT, TRUTH, PEOPLE, SIDE,
)  # fmt: skip
WIDGETS: Final[tuple[str, ...]] = (
    ANALYSIS, AGAINST, *FILTERS, SORT, PAGE, MAPS, SHARE, DIAGONAL, DIFFERENCE, THROUGH,
)  # fmt: skip
_KEPT: Final = "kept_mistakes"
_READY: Final = "ready_mistakes"


def recall() -> None:
    """Bring back what was chosen when the page is come to by a bare link; call it before any widget is drawn.

    The browser's way back is none: the address of its entry says everything. On the first run of a page its bound
    widgets follow the address whatever the session says, so the choices are laid ready here and taken up in the run
    after.
    """
    for key, value in st.session_state.pop(_READY, {}).items():
        if key in {PICKED, LOOK}:
            st.query_params[key] = list(value)
        else:
            st.session_state[key] = value
    if (
        state.arrived()
        and not state.went_back()
        and not any(key in st.query_params for key in (*WIDGETS, PICKED, LOOK, among.AMONG))
    ):
        st.session_state[_READY] = st.session_state.get(_KEPT, {})


def keep() -> None:
    """Keep what is chosen, or run the page again with what is to be brought back; call it after all widgets."""
    if st.session_state.get(_READY):
        st.rerun()
    st.session_state[_KEPT] = {**settings(), **{key: st.query_params.get_all(key) for key in (PICKED, LOOK)}}


def settings() -> dict[str, Any]:
    """Return what is chosen now, key by key."""
    return {key: st.session_state[key] for key in WIDGETS if key in st.session_state}


def clear() -> None:
    """Take all filters back."""
    for key in (TRUE, ANSWER):
        st.session_state[key] = []
    for key, value in ((SHOWN, "wrong"), (SEARCH, ""), (AGREEMENT, "any"), (COPIES, "any"), (NEAR, "any"),
                       (TRAINING, "any"), (SUSPECT, "any"), (TRUTH, "label"), (PEOPLE, "any"),
                       (SIDE, "any")):  # fmt: skip
        st.session_state[key] = value
    if TAG in st.session_state:
        st.session_state[TAG] = ANY
    among.clear()
    for key, (low, high, _) in RANGES.items():
        st.session_state[key] = (low, high)
    first_page()


def choose_cell(true: str, answer: str) -> None:
    """Choose one cell of the matrix; call it before the filters are drawn."""
    st.session_state[TRUE] = [true]
    st.session_state[ANSWER] = [answer]
    st.session_state[SHOWN] = "right" if true == answer else "wrong"
    first_page()


def _segments(label: str, options: Sequence[str], key: str, *, hint: str = "", disabled: bool = False) -> str:
    chosen: str = st.segmented_control(
        plain(label),
        tuple(options),
        format_func=plain,
        default=next(iter(options)),
        required=True,
        key=key,
        bind="query-params",
        on_change=first_page,
        help=hint or None,
        disabled=disabled,
    )
    return chosen


def _range(name: str, *, hint: str) -> tuple[str, float | None, float | None] | None:
    low, high, step = RANGES[name]
    found: tuple[float, float] = st.slider(
        plain(name.capitalize()),
        low,
        high,
        (low, high),
        step,
        key=name,
        bind="query-params",
        on_change=first_page,
        help=hint,
    )
    bounds = (None if found[0] <= low else found[0], None if found[1] >= high else found[1])
    return None if bounds == (None, None) else (name, *bounds)


def _people(no_votes: str) -> tuple[Literal["label", "majority"], tuple[str, ...], tuple[str, ...]]:
    """Draw the choices about people; return what is true, how much they agree and with whom they side."""
    off = bool(no_votes)
    truth = _segments(
        "True is",
        TRUTHS,
        TRUTH,
        hint=plain(no_votes) or "What FER2013 labels a picture with, or what most of ten people saw (FER+).",
        disabled=off,
    )
    people = _segments(
        "People",
        tuple(PEOPLE_CHOICES),
        PEOPLE,
        hint=plain(no_votes)
        or "Unanimous: all saw the same. Clear: more than half. Contested: no emotion has a majority.",
        disabled=off,
    )
    side = _segments(
        "People side with",
        tuple(SIDE_CHOICES),
        SIDE,
        hint=plain(no_votes) or "Whether more of them saw what the model answers or what the label says.",
        disabled=off,
    )
    if off:
        if (truth, people, side) != ("label", "any", "any"):  # the address, or another analysis, has asked for it
            say.problems([no_votes])
        return "label", (), ()
    return "majority" if truth == "majority" else "label", PEOPLE_CHOICES[people], SIDE_CHOICES[side]


def filter_bar(classes: tuple[str, ...], other: str, no_near: str, no_votes: str, dataset: str = "") -> MistakesView:
    """Draw the filters; return what they say, in the order that the gallery's menu says.

    Args:
        classes: the K class names.
        other: the second model, or empty.
        no_near: why near copies are not known here, or empty. no_votes: likewise what people saw.
        dataset: whose pictures they are, for their tags.
    """
    problems = [
        *unknown_names(TRUE, "true class", classes),
        *unknown_names(ANSWER, "answer", classes),
        *unknown_names(SHOWN, "choice of answers", tuple(ANSWERED)),
        *unknown_names(SORT, "order", tuple(SORTS)),
    ]
    say.problems(problems)
    for key in (TRUE, ANSWER):
        only_valid(key, classes)
    with st.container(horizontal=True, gap="small", vertical_alignment="bottom", key="mistake-filters"):
        labels = st.multiselect(
            "True class", classes, key=TRUE, bind="query-params", on_change=first_page, placeholder="any", width=178
        )
        predicted = st.multiselect(
            "Answer", classes, key=ANSWER, bind="query-params", on_change=first_page, placeholder="any", width=178
        )
        answered = _segments("Answered", tuple(ANSWERED), SHOWN)
        text: str = st.text_input(
            "Id contains", key=SEARCH, bind="query-params", on_change=first_page, width=130, placeholder="any"
        )
        tagged = choose_tag(dataset, first_page)
        with st.popover("People", icon=":material/groups:"):
            truth, people, side = _people(no_votes)
        with st.popover("More filters", icon=":material/tune:"):
            ranges = [
                _range("confidence", hint="The probability of the answer."),
                _range("loss", hint=f"−log p(true class), nats; {LOSS_MOST:.0f} stands for any larger loss."),
                _range("margin", hint="p(true class) − the largest other p: below 0 where the answer is wrong."),
            ]
            agreement = _segments(
                "Models",
                tuple(AGREES),
                AGREEMENT,
                hint="Whether both models answer alike." if other else "Choose a second model in the sidebar.",
                disabled=not other,
            )
            copies = _segments("Duplicates", tuple(COPY), COPIES, hint="Pictures with equal pixels in this split.")
            near = _segments(
                "Near copies",
                tuple(NEAR_COPY),
                NEAR,
                hint=plain(no_near) or NEAR_WORDS,
                disabled=bool(no_near),
            )
            training = _segments(
                "Copy in training", tuple(IN_TRAINING), TRAINING, hint="Whether an exact copy is in the training set."
            )
            suspect = _segments(
                "Labels",
                tuple(SUSPICIOUS),
                SUSPECT,
                hint="Suspect: confident learning counts the picture to another class. The model may be wrong instead.",
            )
        st.button("Clear", icon=":material/filter_alt_off:", on_click=clear, help="Take all filters back.")
    if no_near and near != "any":  # the address, or another analysis, has asked for it
        say.problems([no_near])
    column, descending = SORTS.get(str(st.session_state.get(SORT)), next(iter(SORTS.values())))
    if SORT not in st.session_state and (asked := st.query_params.get(SORT)) in SORTS:
        column, descending = SORTS[str(asked)]
    if no_votes and column == PEOPLES:
        say.problems([no_votes])
        column = ""
    return MistakesView(
        labels=tuple(labels),
        predicted=tuple(predicted),
        answered=answered,
        agree=AGREES[agreement] if other else None,
        copies=COPY[copies],
        near=None if no_near else NEAR_COPY[near],
        in_train=IN_TRAINING[training],
        suspicious=SUSPICIOUS[suspect],
        text=text.strip(),
        ids=tagged,
        ranges=tuple(found for found in ranges if found is not None),
        truth=truth,
        agreement=people,
        side=side,
        sort=column,
        descending=descending,
    )
