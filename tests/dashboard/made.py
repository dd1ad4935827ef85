"""Checkpoints and records made for the tests, and what they read off a page."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import torch
from streamlit.testing.v1 import AppTest

from engine.labels import EMOTIONS
from engine.models.architecture import DEFAULT_INPUT
from engine.models.checkpoint import write_checkpoint
from engine.models.registry import build_model
from engine.records import AttentionGate, Explanation, Prediction

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "dashboard" / "samples"


def write_seeded(folder: Path, name: str, seed: int = 0) -> None:
    """Write an untrained ``name`` whose BatchNorm statistics fit noise and whose answers differ between pictures."""
    torch.manual_seed(seed)
    model = build_model(name, classes=7, spec=DEFAULT_INPUT)
    noise = torch.randn(16, 1, 48, 48)
    with torch.no_grad():
        for _ in range(3):
            model(noise)
        model.get_parameter("output.weight").mul_(20)
    measured = {
        "n": 3589,
        "accuracy": 0.684,
        "macro_f1": 0.671,
        "interval": [0.669, 0.699],
        "accuracy_clean": 0.66,
        "n_clean": 3301,
    }
    card = {
        "architecture": name,
        "config": {},
        "classes": EMOTIONS,
        "input": DEFAULT_INPUT,
        "recipe": {},
        "data": {},
        "metrics": {"fer2013/private/single": measured} if name == "cbam" else {},
    }
    write_checkpoint(folder / name, model, card)


def open_page(home: AppTest, page: str, **address: Any) -> AppTest:
    """Go from Home to ``page``, a file in ``dashboard/``, and on to what ``address`` says."""
    home.run()
    home.switch_page(page)
    for key, value in address.items():
        home.query_params[key] = value
    return home.run()


def page_html(app: AppTest) -> str:
    """Return the page's HTML without the glossary, which names every measure there is."""
    bodies = (element.proto.body for element in app.get("html"))
    return "\n".join(body for body in bodies if not body.startswith('<details class="fl-glossary"'))


def page_text(app: AppTest) -> str:
    """Return what the page's HTML and captions say, without tags."""
    return unescape(re.sub(r"<[^>]+>", "", page_html(app))) + "\n" + "\n".join(one.value for one in app.caption)


def sentences(app: AppTest) -> list[str]:
    return [element.value for element in app.error]


def make_prediction(*probabilities: float, classes: tuple[str, ...] = EMOTIONS) -> Prediction:
    values = np.array(probabilities, dtype=np.float32)
    best = int(values.argmax())
    logits = np.log(values.clip(1e-6)).astype(np.float32)
    return Prediction(values, logits, classes, classes[best], float(values[best]), 0.001)


def make_map(values: list[list[float]], *, target: str = "happy", raw_maximum: float | None = None) -> Explanation:
    heatmap = np.array(values, dtype=np.float32)
    highest = float(heatmap.max()) if raw_maximum is None else raw_maximum
    return Explanation("gradcam", "block4", target, heatmap, False, -0.5, highest, 0.01)


def make_gate(layer: str, kind: str, values: object) -> AttentionGate:
    return AttentionGate(layer, kind, np.array(values, dtype=np.float32))  # type: ignore[arg-type]
