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
        words: what a person does there, in one line; Home lists them.
        of_pictures: the same where the chosen model is not about faces; empty: ``words``.
    """

    section: str
    title: str
    address: str
    file: str
    words: str = ""
    of_pictures: str = ""


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
    PageEntry(
        "Look",
        "Explain",
        "Explain",
        EXPLAIN,
        "One face: the answer, every attention gate, maps by any method, and whether to believe them.",
        "One picture: the answer, every attention gate, maps by any method, and whether to believe them.",
    ),
    PageEntry(
        "Look",
        "Compare",
        "Compare",
        COMPARE,
        "One face through two to four models, and whether one is better on a data set.",
        "One picture through two to four models, and whether one is better on a data set.",
    ),
    PageEntry(
        "Look",
        "What if",
        "What_if",
        WHAT_IF,
        "Cover, change or swap parts of a face and see what the model makes of it.",
        "Cover, change or swap parts of a picture and see what the model makes of it.",
    ),
    PageEntry("Look", "Activations", "Activations", ACTIVATIONS, "What the channels of a layer react to."),
    PageEntry(
        "Look", "Models", "Models", MODELS, "The networks that are here, adding your own, and the device they run on."
    ),
    PageEntry(
        "Study",
        "Class attention",
        "Class_attention",
        CLASS_ATTENTION,
        "Where gates and maps lie for each emotion, over a whole data set.",
        "Where gates and maps lie for each class, over a whole data set.",
    ),
    PageEntry(
        "Study",
        "Misclassifications",
        "Misclassifications",
        MISTAKES,
        "A confusion matrix to click, and the pictures behind each cell.",
    ),
    PageEntry(
        "Study", "Evaluation", "Evaluation", EVALUATION, "Accuracy with intervals, curves, calibration, robustness."
    ),
    PageEntry("Study", "Data", "Data", DATA, "What a data set holds, its copies and its doubtful labels."),
    PageEntry(
        "Trust",
        "Evidence",
        "Evidence",
        EVIDENCE,
        "Which maps find evidence that is known, on faces drawn for it.",
        "Which maps find evidence that is known, by models of expressions, on pictures drawn for it.",
    ),
    PageEntry(
        "Live",
        "Webcam",
        "Webcam",
        WEBCAM,
        "The faces before your camera, read and explained live.",
        "What is before your camera, read and explained live.",
    ),
    PageEntry("Live", "Video", "Video", VIDEO, "Every face of a film over time.", "A film over time, frame by frame."),
)
"""The first is what the server's own address opens."""
