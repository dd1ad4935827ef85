"""A film that was read: the player and its numbers, a face's timeline, the chosen moment, and the files."""

from __future__ import annotations

import re
from pathlib import PurePath
from typing import Final

import streamlit as st

from dashboard.report.subject import is_about_pictures, more_words
from dashboard.report.text import escape, plain
from dashboard.shared.figures.face import probability_bars
from dashboard.shared.maps import ink
from dashboard.shell import say, state, theme
from dashboard.shell.handed_in import hand_over
from dashboard.shell.in_address import in_address, tell
from dashboard.shell.pages import EXPLAIN
from dashboard.shell.state import NamedPicture
from dashboard.views.video import loaders
from dashboard.views.video.figures.timeline import (
    FaceTimeline,
    clicked,
    face_title,
    faces_table,
    marked_frame,
    summary_words,
    timeline_chart,
    track_words,
)
from dashboard.views.video.loaders import ReadFilm
from dashboard.views.video.report import Moment
from engine.records import FaceBox

CHART: Final = "film_chart"
FACE: Final = "film_face"
MOMENT: Final = "film_moment"
TRACK: Final = "track"
"""The parameter of the face's number."""
AT: Final = "at"
"""The parameter of the moment, in seconds."""
_TAKEN: Final = "film_click_taken"
_ENDS: Final = {
    "limit": "It was read as far as this server reads films; the rest is left out.",
    "cut short": "",  # the engine's own note says it
}


def show_result(read: ReadFilm) -> Moment | None:
    """Draw all of it; return the moment that is shown, None where there is no face."""
    theme.section("The film", escape(summary_words(read.summary)))
    stem = PurePath(read.source.name).stem
    with st.container(key="stack-film"):
        left, right = st.columns([6, 5], gap="large")
    player = left.container(key="film-player")
    with left.container(horizontal=True):
        st.download_button(
            "Annotated film (WebM)",
            read.annotated,
            f"{stem}-annotated.webm",
            "video/webm",
            icon=":material/download:",
            on_click="ignore",
        )
        st.download_button(
            "Tracks (CSV)", read.table, f"{stem}-tracks.csv", "text/csv", icon=":material/download:", on_click="ignore"
        )
    with right:
        for sentence in filter(None, (*read.summary.notes, _ENDS.get(read.summary.ended, ""))):
            st.info(plain(sentence), icon=":material/info:")
        if read.faces:
            st.html(faces_table(read.faces))
            held = (
                "Labels are smoothed and held: one changes soon when another is clearly ahead, and later when it is "
                "narrowly ahead."
            )
            followed = "" if is_about_pictures() else "Faces are followed from frame to frame, nobody is recognised. "
            st.caption(plain(followed + (held if read.choices.half_life_seconds else "Each frame answers for itself.")))
    seconds, shown = _show_timeline(read) if read.faces else (None, None)
    with player:
        st.video(read.annotated, format="video/webm", start_time=seconds or 0, muted=True)
    return shown


def _show_timeline(read: ReadFilm) -> tuple[float | None, Moment]:
    """Draw one face's chart and the moment; return the time of a chosen one, None while none is, and the moment."""
    theme.section(
        "Over time",
        " ".join(
            filter(
                None,
                (
                    f"The model's probabilities{'' if is_about_pictures() else ' for one face'}.",
                    more_words(len(read.faces[0].classes)),
                    "The band below is the label shown. Click on a moment.",
                ),
            )
        ),
    )
    named = {timeline.track: timeline for timeline in read.faces}
    track = read.faces[0].track
    if len(named) > 1:
        key = f"{FACE}.{read.source.digest[:12]}"
        if st.session_state.get(key, track) not in named:  # another reading told other faces apart
            del st.session_state[key]
        with in_address(TRACK, key, {str(number): number for number in named}, track, "face"):
            track = st.selectbox(
                f"{len(named)} faces, the one shown longest first",
                list(named),
                format_func=lambda number: face_title(named[number]),
                key=key,
                width=420,
            )
    timeline = named[track]
    where = f"{read.source.digest[:12]}.{track}"
    _take_address(timeline, where)
    _take_click(timeline, where)
    asked: float | None = st.session_state.get(f"{MOMENT}.{where}")
    index = None if asked is None else timeline.at(asked)
    moment = None if index is None else float(timeline.seconds[index])
    st.plotly_chart(
        timeline_chart(timeline, ink(), until=read.summary.seconds, moment=moment),
        width="stretch",
        key=f"{CHART}.{where}",
        on_select="rerun",
        selection_mode="points",
        config={"displayModeBar": False},
    )
    first, last = float(timeline.seconds[0]), float(timeline.seconds[-1])
    if last > first:
        chosen = st.slider(
            plain("Moment" if is_about_pictures() else f"Moment, while face #{track} is in the film"),
            first,
            last,
            step=min(timeline.frame_seconds, last - first),
            format="%.2f s",
            key=f"{MOMENT}.{where}",
        )
        index = timeline.at(chosen)
    tell(AT, f"{timeline.seconds[index]:.2f}" if index else "")
    return moment, _show_moment(read, timeline, index or 0)


def _take_address(timeline: FaceTimeline, where: str) -> None:
    """Let the slider go to the moment that the address says anew: the frame that is nearest."""
    asked = st.query_params.get(AT)
    if asked is None or asked == st.session_state.get(state.TOLD + AT):
        return
    if re.fullmatch(r"\d{1,5}(\.\d{1,4})?", asked):
        st.session_state[f"{MOMENT}.{where}"] = float(timeline.seconds[timeline.at(float(asked))])
    else:
        say.problems([f"Expected a moment in seconds, as in at=1.25, got '{asked}' in the address; choose one below."])


def _take_click(timeline: FaceTimeline, where: str) -> None:
    """Let a new click on the chart move the slider; the chart forgets its selection when it is drawn anew."""
    at = clicked(st.session_state.get(f"{CHART}.{where}"))
    taken = f"{_TAKEN}.{where}"
    if at is not None and at != st.session_state.get(taken):
        st.session_state[f"{MOMENT}.{where}"] = float(timeline.seconds[timeline.at(at)])
    st.session_state[taken] = at


def _show_moment(read: ReadFilm, timeline: FaceTimeline, index: int) -> Moment:
    """Draw the film's own frame with the face marked, its bars, and the way to Explain; return it."""
    seconds, label = float(timeline.seconds[index]), timeline.labels[index]
    pixels = loaders.frame(read.source, seconds)
    with st.container(key="stack-moment"):
        left, right = st.columns([5, 6], gap="large")
    with left.container(key="film-frame"):
        box = FaceBox(*(int(value) for value in timeline.boxes[index]))
        st.image(
            marked_frame(pixels, box, label),
            output_format="JPEG",
            width="content",
            alt=f"frame at {seconds:.2f} s" + ("" if is_about_pictures() else f" with face #{timeline.track} marked"),
        )
    with right:
        hidden = "" if timeline.seen[index] else ", hidden for a moment: its place is predicted"
        st.html(
            f'<div class="fl-quiet">{seconds:.2f} s, {track_words(timeline.track)}label shown: <b>{escape(label)}</b>'
            f"{hidden}</div>" + probability_bars(timeline.reading(index))
        )
        if st.button(
            "Explain this frame",
            key="film_explain",
            icon=":material/search:",
            on_click=_choose_model,
            args=(read.choices.model,),
        ):
            name = f"{PurePath(read.source.name).stem} at {seconds:.2f} s.png"
            hand_over(NamedPicture(name, loaders.frame_png(read.source, seconds)))
            st.switch_page(EXPLAIN, query_params={state.SOURCE: "upload"})
        st.caption("Explain reads this one frame by itself, without smoothing, so its answer may differ.")
    return Moment(timeline, index, pixels)


def _choose_model(name: str) -> None:
    """Choose the model that read the film; its menu is on the page, so neither the run nor an address may set it."""
    st.session_state[state.MODEL] = name
