"""What an edit does: the answer before and after, gates and Grad-CAM of both, and the table of regions."""

from __future__ import annotations

import streamlit as st

from dashboard.report.subject import face, is_about_pictures
from dashboard.report.text import escape, plain
from dashboard.shared import maps
from dashboard.shared.figures.map_card import MapStyle
from dashboard.shell import theme
from dashboard.views.what_if.figures.answers import (
    change_bars,
    change_headline,
    effects_table,
    read_change,
    read_effects,
)
from dashboard.views.what_if.figures.maps import channel_words, columns_html, map_columns
from engine.edit.region_effects import RegionEffects
from engine.records import FaceExplanation

ORDER: str = """
Edits are made on the picture that the model takes, so that what you see is what it gets. In this order:

1. **Swap**: regions come from the second picture at the same place.
2. **Hide**: what lies under the brush and in hidden regions is filled, all of it at once.
3. **Rotation** about the middle of the crop, counter-clockwise.
4. **Blur**: a Gaussian of that standard deviation.
5. **Contrast** about the mean of the picture, then **brightness**.

Regions and strokes belong to the picture as it was before it was turned. The address holds the edit: copy it to come
back to this view. A picture that you hand in is not in it. An edited picture is one that the model was never trained
on: that its answer changes says what this model does with this picture, not what a person would see in it.
"""


def show_answers(before: FaceExplanation, after: FaceExplanation, *, edited: bool) -> None:
    """Draw both answers, a bar a class, and what changed in a sentence."""
    one, two = before.prediction, after.prediction
    st.html(
        change_headline(one, two, edited=edited)
        + change_bars(one, two)
        + f'<div class="fl-reading" role="status">{escape(read_change(one, two, edited=edited))}</div>'
    )


def show_brief(before: FaceExplanation, after: FaceExplanation, *, edited: bool) -> None:
    """Draw both answers under the face, for a window so narrow that the bars are out of sight while one draws."""
    st.html(change_headline(before.prediction, after.prediction, edited=edited))


def map_style() -> MapStyle:
    """Draw, folded, how maps are drawn."""
    with st.popover("How maps are drawn", icon=":material/palette:"):
        return maps.style_controls()


def show_maps(before: FaceExplanation, after: FaceExplanation, target: str, style: MapStyle) -> None:
    """Draw Grad-CAM and every gate of both faces, and the changes."""
    columns = map_columns(before, after, target, style.scale)
    st.html(columns_html(before, after, columns, style))
    shown = before.maps[0].target
    words = [
        (
            f"Grad-CAM explains {shown} for both {face()}s. Change: after minus before, cell by cell; red is more, "
            "blue less."
        )
    ]
    if not before.gates:
        words.append(f"{before.model} has no attention gates, so Grad-CAM is all there is.")
    elif after is not before:
        words.append(channel_words(before, after))
    st.caption(plain(" ".join(words)))


def show_effects(effects: RegionEffects, hidden: tuple[str, ...], fill: str) -> None:
    """Draw the table of regions; ``fill`` is what the fill is called, ``hidden`` are those that the edit hides."""
    theme.section(
        "What each region does",
        f"One region of the {face()} as it came is hidden at a time ({escape(fill)}); changes of each probability in "
        "percentage points.",
    )
    st.html(f'<div class="fl-reading">{escape(read_effects(effects))}</div>' + effects_table(effects, hidden))
    known = (
        "Regions are nine equal fields of the picture."
        if is_about_pictures()
        else "Regions are exact: this face was drawn by FERLens."
        if effects.exact
        else "Regions are the template of aligned crops, right on average only."
    )
    st.caption(
        plain(
            f"{known} One picture, one model: no interval. A large region moves more than a small one, and the fill is "
            "part of what the model answers to: look at another fill before you believe a number."
        )
    )


def order() -> None:
    """Draw, folded, in which order an edit is applied."""
    with st.expander("How edits are made", icon=":material/help:"):
        st.markdown(ORDER)
