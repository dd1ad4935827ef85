"""Two models on a whole split: the sentence above, and below it tests, classes, cost and the pictures that differ."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import streamlit as st

from dashboard import compare_loaders
from dashboard.figures.class_differences import FIGURES, class_chart
from dashboard.figures.compare_text import (
    commands_missing,
    cost_table,
    interval_words,
    p_words,
    parameter_words,
    share_words,
    tests_table,
)
from dashboard.report.text import escape
from dashboard.shell import say, study_loaders, theme
from dashboard.shell.in_address import in_address
from dashboard.views.compare.choice import follow, tell
from engine.analysis.analysed import AnalysedSplit
from engine.analysis.comparison import StoredComparison
from engine.analysis.files.places import analyze_command
from engine.errors import FerLensError
from engine.measure.trained_alike import alike_words, training_differences
from engine.records import RunCard
from engine.statistics.comparison import TESTS

ON: Final = "on"
"""The split's key, in the session and in the address: ``fer2013-private``."""
PREFERRED: Final = "fer2013-private"
"""The split that the literature quotes."""


@dataclass(frozen=True, eq=False)
class OnSplit:
    """Two models compared on a split."""

    first: RunCard
    second: RunCard
    split: AnalysedSplit
    found: StoredComparison


def show_verdict(first: RunCard, second: RunCard) -> OnSplit | None:
    """Draw what may be concluded from the stored answers; return the comparison, or None where there is none."""
    shared = study_loaders.analysed_of(first.name, second.name)
    if not shared:
        _no_answers(first, second)
        return None
    split = shared[_choose_split(list(shared))]
    try:
        with st.spinner(f"Comparing {first.name} and {second.name} on {split.dataset} {split.split} …"):
            found = compare_loaders.compared((first.name, second.name), split.dataset, split.split)
    except FerLensError as error:
        say.problems([str(error)])
        return None
    result = found.comparison
    accuracy = result.accuracy
    p = p_words(accuracy.p)
    said = f"p {p}" if p.startswith("<") else f"p = {p}"
    st.html(
        f'<div class="fl-concluded">{escape(result.verdict)}</div><div class="fl-quiet">{escape(second.name)} − '
        f"{escape(first.name)} on {escape(split.dataset)} {escape(split.split)}: accuracy "
        f"{share_words(accuracy.first)} and {share_words(accuracy.second)}, difference {interval_words(accuracy)} "
        f"points, McNemar’s exact {said}; parameters {parameter_words(first, second)}. "
        f"{escape(alike_words(training_differences(first, second)))}</div>"
    )
    return OnSplit(first, second, split, found)


def _choose_split(names: Sequence[str]) -> str:
    """Draw the choice among splits that both models were analysed on, where there are several."""
    default = PREFERRED if PREFERRED in names else names[0]
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
    where = f"{on.split.dataset} {on.split.split}"
    theme.section(
        "On a dataset",
        f"{escape(where)}, the same {result.n:,} pictures for both; {escape(second)} − {escape(first)}.",
    )
    if any(on.found.left_out):
        one, two = on.found.left_out
        st.caption(f"Left out, because only one of the two has them: {one:,} with {first}, {two:,} with {second}.")
    st.html(
        tests_table(
            first,
            second,
            [
                ("accuracy", TESTS["accuracy"], result.accuracy),
                ("macro F1", TESTS["macro_f1"], result.macro_f1),
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
    st.html(class_chart(on.found.simultaneous, figure, first, second))
    st.caption(
        "Filled dot: a difference that holds after correction. The intervals hold for all classes together (95 %, "
        f"Bonferroni over the paired bootstrap); p: {TESTS[figure]}. Two checkpoints are compared, one training seed "
        "each: another seed alone moves these figures too."
    )
    command = analyze_command("MODEL", on.split.dataset, on.split.split, force=True)
    st.html(cost_table(on.first, on.second, on.found.milliseconds))
    if None in on.found.milliseconds:
        st.caption("Speed is not stored for both. Measure one after the other on an idle machine:")
        st.code("\n".join(command.replace("MODEL", name) + " --bare" for name in (first, second)), language="bash")
    else:
        st.caption(
            "Speed in batches, as each analysis measured it when it was made: only on the same idle machine does the "
            f"difference mean something. Measure again with “{command} --bare”."
        )
