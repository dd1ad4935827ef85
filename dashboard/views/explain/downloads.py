"""The explanation to take along: PNG, NPZ, JSON, and the numbers as a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import PurePath
from typing import TYPE_CHECKING

import pandas as pd
import streamlit as st

from dashboard.report.subject import face as face_word
from dashboard.report.subject import is_about_pictures
from dashboard.report.text import csv_text
from dashboard.shared.figures.map_card import MapCard, MapStyle
from dashboard.shared.figures.sheet import json_text, npz_bytes, number_rows, sheet
from dashboard.shell import theme
from dashboard.shell.state import NamedPicture
from engine.draw.overlay import png_bytes
from engine.errors import FerLensError
from engine.explain.cmaen_shares import CmaenShares
from engine.records import Explanation, FaceExplanation

if TYPE_CHECKING:
    from engine.predictor import EmotionPredictor


def answers_csv(predictor: EmotionPredictor, pictures: Sequence[NamedPicture], *, whole: bool) -> str:
    """Return a row for each face of all pictures: where it lies, the answer, every probability; a sentence where none.

    ``whole``: no face is looked for, as in pictures that are cut to one already.
    """
    rows = []
    for picture in pictures:
        try:
            found = predictor.predict(picture.data, whole=whole or picture.cut, name=picture.name)
            faces, error = found.faces, found.error or ""
        except FerLensError as problem:
            faces, error = (), str(problem)
        for number, face in enumerate(faces, start=1):
            box = face.box.as_list() if face.box else [None] * 4
            rows.append(
                {
                    "picture": picture.name,
                    "face": number,
                    **dict(zip(("left", "top", "width", "height"), box, strict=True)),
                    "label": face.prediction.label,
                    "confidence": face.prediction.confidence,
                    **{f"p_{name}": float(p) for name, p in face.prediction.ranked()},
                    "problem": ""
                    if face.box or whole or picture.cut or is_about_pictures()
                    else "no face found: the whole picture",
                }
            )
        if not faces:
            rows.append({"picture": picture.name, "problem": error})
    columns = ["picture", "face", "left", "top", "width", "height", "label", "confidence"]
    columns += [f"p_{name}" for name in predictor.classes]
    return csv_text([{name: row.get(name) for name in (*columns, "problem")} for row in rows])


def show_downloads(
    explanation: FaceExplanation,
    maps: Sequence[Explanation],
    rows: Sequence[tuple[str, Sequence[MapCard]]],
    style: MapStyle,
    source: str,
    shares: CmaenShares | None = None,
    *,
    answers: Callable[[], str],
) -> None:
    """Draw the four buttons; each file is made when its button is pressed.

    Args:
        explanation: the face's answer and gates.
        maps: the explanations shown.
        rows: headings and cards of the PNG sheet.
        style: how the cards are drawn.
        source: the picture's name, without a path.
        shares: what a ``cmaen``'s answer is made of; None for other models.
        answers: makes the table of every answer to every chosen picture.
    """
    theme.section(
        "Take it along",
        "The PNG is drawn as set above; NPZ and JSON hold the raw values on their own grids; the CSV has every "
        f"{'' if is_about_pictures() else 'face of every '}picture that you chose.",
    )
    stem = f"{PurePath(source).stem.replace(' ', '-') or face_word()}-{explanation.model}"
    footer = f"{source} | scale: {style.scale} | colours: {style.colors} | gates are class-agnostic | FERLens"
    with st.container(horizontal=True):
        st.download_button(
            "PNG",
            lambda: png_bytes(sheet(explanation, rows, style, footer=footer)),
            f"{stem}.png",
            "image/png",
            icon=":material/image:",
            on_click="ignore",
        )
        st.download_button(
            "NPZ",
            lambda: npz_bytes(explanation, maps),
            f"{stem}.npz",
            "application/octet-stream",
            icon=":material/grid_on:",
            on_click="ignore",
        )
        st.download_button(
            "JSON",
            lambda: json_text(explanation, maps, source=source, shares=shares),
            f"{stem}.json",
            "application/json",
            icon=":material/data_object:",
            on_click="ignore",
        )
        st.download_button(
            "CSV",
            answers,
            f"answers-{explanation.model}.csv",
            "text/csv",
            icon=":material/table:",
            on_click="ignore",
        )


def show_numbers(explanation: FaceExplanation, maps: Sequence[Explanation]) -> None:
    """Draw every gate and map with its raw numbers, folded."""
    with st.expander("All numbers", icon=":material/table_rows:"):
        number = st.column_config.NumberColumn(format="%.4f")
        st.dataframe(
            pd.DataFrame(number_rows(explanation, maps)),
            hide_index=True,
            column_config={"min": number, "mean": number, "max": number},
            alt="every gate and map with its minimum, mean and maximum",
        )
        st.caption("Minimum and maximum of a Grad-CAM are those before negative values were set to zero.")
