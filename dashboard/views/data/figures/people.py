"""Labels against what most people saw, as an HTML table whose cells are shaded by their share of the row."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color
from engine.labels import VOCABULARY


def majority_table(classes: Sequence[str], matrix: NDArray[np.int64]) -> str:
    """Return the table.

    Args:
        classes: K labels. matrix: int64 (K, 8), pictures by label and by what most people saw (``VOCABULARY``).
    """
    totals = np.maximum(matrix.sum(axis=1, keepdims=True), 1)
    head = "".join(f"<th>{escape(name)}</th>" for name in VOCABULARY)
    rows = "".join(
        f'<tr><th scope="row"><span class="fl-dot" style="background:{emotion_color(name)}"></span>{escape(name)}</th>'
        + "".join(
            f'<td style="background:color-mix(in srgb,currentColor {60 * count / total:.0f}%,transparent)" '
            f'title="{100 * count / total:.1f} % of the pictures labelled {escape(name)}">{count:,}</td>'
            for count in counts.tolist()
        )
        + "</tr>"
        for name, counts, total in zip(classes, matrix, totals[:, 0], strict=True)
    )
    return (
        f'<div class="fl-balance-wide"><table class="fl-balance"><thead><tr><th>label</th>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )
