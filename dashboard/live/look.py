"""How the Gradio page looks: the dashboard's ink on paper, without a font from the internet."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import gradio as gr

HERE: Final = Path(__file__).resolve().parent

TITLE: Final = "Live · FERLens"


def theme() -> gr.themes.Base:
    """Return the theme, light and dark, in the colours of ``dashboard/.streamlit/config.toml``."""
    return gr.themes.Base(
        primary_hue="slate",
        neutral_hue="stone",
        radius_size="sm",
        font=["system-ui", "sans-serif"],
        font_mono=["ui-monospace", "monospace"],
    ).set(
        body_background_fill="#fdfcfa",
        body_background_fill_dark="#131519",
        body_text_color="#1d2026",
        body_text_color_dark="#e8e6e1",
        background_fill_primary="#fdfcfa",
        background_fill_primary_dark="#131519",
        background_fill_secondary="#f3f0ea",
        background_fill_secondary_dark="#1e2127",
        block_background_fill="#fdfcfa",
        block_background_fill_dark="#131519",
        border_color_primary="#e3ded5",
        border_color_primary_dark="#2e323a",
        block_info_text_color="#5d6473",
        block_info_text_color_dark="#a9b0bd",
        link_text_color="#2b3a55",
        link_text_color_dark="#c9d3e6",
        color_accent="#2b3a55",
        slider_color="#2b3a55",
        slider_color_dark="#b9c6de",
    )


def read(name: str) -> str:
    """Return the text of a file beside this one."""
    return (HERE / name).read_text(encoding="utf-8")


def style() -> dict[str, Any]:
    """Return what ``launch`` and ``mount_gradio_app`` take for the page's look."""
    return {"theme": theme(), "css": read("page.css")}
