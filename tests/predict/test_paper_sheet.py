"""The sheet for a paper: real PDF, SVG and PNG, 300 dots an inch, a caption that says what is on it."""

from __future__ import annotations

import io
import re
import zlib
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
from PIL import Image

from engine.errors import UnknownNameError, UsageError
from engine.explain.explainer import to_prediction
from engine.explain.methods.registry import METHODS
from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.predict.paper_sheet import DOTS, MOST_PICTURES, PaperSheet, _limits, caption, draw, sheet_bytes
from engine.records import Explanation, FaceExplanation


def made(method: str, values: list[list[float]]) -> Explanation:
    known = METHODS[method]
    map_ = np.array(values, dtype=np.float32)
    layer, low, high = "block4" if known.needs_layer else "", float(map_.min()), float(map_.max())
    return Explanation(method, layer, "happy", map_, known.signed, low, high, 0.1, known.values({}, DEFAULT_INPUT))


def explained(factor: float = 1.0) -> FaceExplanation:
    face = np.linspace(0, 255, 48 * 48).reshape(48, 48).astype(np.uint8)
    prediction = to_prediction(np.eye(7, dtype=np.float32)[3] * 3, EMOTIONS, 0.1)
    maps = (
        made("gradcam", [[0.0, factor], [0.5 * factor, 0.0]]),
        made("occlusion", [[-3.0 * factor, 1.0], [0.0, 2.0]]),
    )
    return FaceExplanation("cbam", prediction, (), maps, face, None, 0.2)


@pytest.fixture
def sheet() -> PaperSheet:
    return PaperSheet((("first.png", explained()), ("second $x$.png", explained(2.0))))


def test_the_caption_names_model_layer_methods_settings_scale_and_n(sheet: PaperSheet) -> None:
    said = caption(sheet)
    assert "the model cbam for n = 2 pictures" in said
    assert "Grad-CAM (layer block4); Occlusion (cells 8, baseline 0.5)." in said
    assert "Scale: one range a column, shared by its pictures" in said
    assert "with zero in the middle for maps that have a sign" in said
    assert "Scale: each map its own range" in caption(replace(sheet, scale="own"))
    assert "n = 1 picture," in caption(replace(sheet, pictures=sheet.pictures[:1]))


def test_ranges_are_shared_by_a_column_or_each_its_own(sheet: PaperSheet) -> None:
    assert _limits(sheet) == [((0.0, 2.0), (0.0, 2.0)), ((-6.0, 6.0), (-6.0, 6.0))]
    assert _limits(replace(sheet, scale="own")) == [((0.0, 1.0), (0.0, 2.0)), ((-3.0, 3.0), (-6.0, 6.0))]


def test_a_png_has_300_dots_an_inch(sheet: PaperSheet) -> None:
    with Image.open(io.BytesIO(sheet_bytes(sheet, "png"))) as picture:
        assert picture.info["dpi"] == pytest.approx((DOTS, DOTS), abs=0.1)
        width, height = draw(sheet).get_size_inches()
        assert picture.size == pytest.approx((width * DOTS, height * DOTS), abs=1)
        assert caption(sheet)[:100] in picture.info["Title"]
        assert len(picture.convert("RGB").getcolors(2**24) or ()) > 100


def test_an_svg_has_its_words_as_text_and_its_pictures_inside(sheet: PaperSheet) -> None:
    root = ET.fromstring(sheet_bytes(sheet, "svg"))  # noqa: S314  # our own file
    words = " ".join(" ".join(element.itertext()) for element in root.iter("{http://www.w3.org/2000/svg}text"))
    assert "Grad-CAM" in words
    assert "n = 2 pictures" in words
    assert "second $x$.png" in words
    images = list(root.iter("{http://www.w3.org/2000/svg}image"))
    assert len(images) == 2 * 3
    assert all(image.get("{http://www.w3.org/1999/xlink}href", "").startswith("data:image/png") for image in images)


def test_a_pdf_is_one_page_with_fonts(sheet: PaperSheet) -> None:
    data = sheet_bytes(sheet, "pdf")
    assert data.startswith(b"%PDF-1.")
    assert data.rstrip().endswith(b"%%EOF")
    assert len(re.findall(rb"/Type /Page\b", data)) == 1
    assert b"/FontDescriptor" in data
    parts = re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL)
    streams = [zlib.decompressobj().decompress(part) for part in parts if part[:1] == b"x"]
    assert any(b"Tf" in part and b"BT" in part for part in streams), "words are words"
    assert data.count(b"/Subtype /Image") >= 6


def test_the_same_sheet_is_the_same_file(sheet: PaperSheet) -> None:
    for form in ("pdf", "svg", "png"):
        assert sheet_bytes(sheet, form) == sheet_bytes(sheet, form)


def test_what_is_no_sheet_is_one_sentence(sheet: PaperSheet) -> None:
    with pytest.raises(UsageError, match=f"1 to {MOST_PICTURES} pictures on a sheet, got 13"):
        PaperSheet(sheet.pictures[:1] * 13)
    with pytest.raises(UsageError, match="got 0"):
        PaperSheet(())
    with pytest.raises(UsageError, match="one method or more"):
        PaperSheet((("a", replace(explained(), maps=())),))
    with pytest.raises(UsageError, match="same model, methods and settings"):
        PaperSheet((("a", explained()), ("b", replace(explained(), model="baseline"))))
    with pytest.raises(UnknownNameError, match="scale 'log'"):
        replace(sheet, scale="log")
    with pytest.raises(UnknownNameError, match="docx"):
        sheet_bytes(sheet, "docx")
