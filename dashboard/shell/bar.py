"""The bar of work that is done beside the page: how far it is, how long that takes, and the button that stops it."""

from __future__ import annotations

from typing import Any, Final

import streamlit as st

from dashboard.report.text import plain
from dashboard.shell.job import Job, Step
from dashboard.shell.settled import settle

LOOK_SECONDS: Final = 1.0
"""How often a bar is drawn anew; more often would take the time of the very work that it follows."""
ALMOST: Final = 0.97
"""Where a bar stays when the work takes longer than was promised."""
_TOLD_AFTER_SECONDS: Final = 1.0
"""From when on the steps done tell how long work takes of which nothing was promised."""


def show(job: Job[Any], words: str, *, stoppable: bool) -> None:
    """Draw the bar, which follows the work by itself, and asks for a run of the page when that has ended.

    Args:
        job: what is being done. words: the same in words; how far, how long and of how long follow.
        stoppable: whether the work tells its steps, so that it can be stopped.
    """
    _draw(job, words, stoppable=stoppable)


@st.fragment(run_every=LOOK_SECONDS)
def _draw(job: Job[Any], words: str, *, stoppable: bool) -> None:
    settle()
    if job.done.done():
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.progress(0.0 if job.waits else share(job.step, job.seconds, job.promised), text=plain(_said(job, words)))
        if stoppable:
            st.button(
                "Stop",
                key=f"stop.{job.name}",
                on_click=job.stop.set,
                icon=":material/stop:",
                disabled=job.stop.is_set(),
            )


def _said(job: Job[Any], words: str) -> str:
    if job.stop.is_set():
        return f"{words}: stopping at its next step …"
    if job.waits:
        return f"{words}: after the work before it"
    return bar_words(words, job.step, job.seconds, job.promised)


def share(step: Step, seconds: float, promised: float | None) -> float:
    """Return how far a bar is, 0 to 1: by the steps where these are counted, else by the time that was promised."""
    done, wanted, _ = step
    if wanted and done:
        return min(1.0, done / wanted)
    return min(ALMOST, seconds / promised) if promised else 0.0


def bar_words(words: str, step: Step, seconds: float, promised: float | None) -> str:
    """Return ``Explaining: 12 of 65 passes, 3 s of about 20 s``."""
    done, wanted, what = step
    counted = f"{done:,} of {wanted:,}" if wanted else f"{done:,}" if done else ""
    steps = " ".join(filter(None, (counted, what)))
    if promised is None and wanted and done and seconds > _TOLD_AFTER_SECONDS:
        promised = seconds * wanted / done
    clock = f"{seconds:.0f} s" + (f" of about {max(1.0, promised):.0f} s" if promised else " so far")
    return f"{words}: {steps}, {clock}" if steps else f"{words}: {clock}"
