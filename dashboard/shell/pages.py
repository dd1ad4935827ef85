"""The pages as plain data, in the order in which they are listed; ``Home.py`` gives them to Streamlit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class PageEntry:
    """One page.

    Attributes:
        section: the heading that it is listed under.
        title: what it is called.
        address: its path on the server.
        file: what Streamlit runs, relative to ``dashboard/``; links between pages name it.
    """

    section: str
    title: str
    address: str
    file: str


HOME: Final = "views/home/page.py"
EXPLAIN: Final = "views/explain/page.py"
COMPARE: Final = "views/compare/page.py"
WHAT_IF: Final = "views/what_if/page.py"
ACTIVATIONS: Final = "views/activations/page.py"
MODELS: Final = "views/models/page.py"
CLASS_ATTENTION: Final = "views/class_attention/page.py"
MISTAKES: Final = "views/mistakes/page.py"
EVALUATION: Final = "views/evaluation/page.py"
DATA: Final = "views/data/page.py"
EVIDENCE: Final = "views/evidence/page.py"
WEBCAM: Final = "views/webcam/page.py"
VIDEO: Final = "views/video/page.py"

PAGES: Final[tuple[PageEntry, ...]] = (
    PageEntry("Look", "Home", "Home", HOME),
    PageEntry("Look", "Explain", "Explain", EXPLAIN),
    PageEntry("Look", "Compare", "Compare", COMPARE),
    PageEntry("Look", "What if", "What_if", WHAT_IF),
    PageEntry("Look", "Activations", "Activations", ACTIVATIONS),
    PageEntry("Look", "Models", "Models", MODELS),
    PageEntry("Study", "Class attention", "Class_attention", CLASS_ATTENTION),
    PageEntry("Study", "Misclassifications", "Misclassifications", MISTAKES),
    PageEntry("Study", "Evaluation", "Evaluation", EVALUATION),
    PageEntry("Study", "Data", "Data", DATA),
    PageEntry("Trust", "Evidence", "Evidence", EVIDENCE),
    PageEntry("Live", "Webcam", "Webcam", WEBCAM),
    PageEntry("Live", "Video", "Video", VIDEO),
)
"""The first is what the server's own address opens."""
