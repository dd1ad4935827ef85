"""A drawing of boxes, arrows and words as SVG, legible on light and dark grounds."""

from __future__ import annotations

from typing import Final
from xml.sax.saxutils import escape

SIZE: Final = {"title": 11.5, "line": 10.5, "head": 13.0}
LETTER: Final = 0.6
"""Mean width of a letter, in font sizes: enough to see that a text fits its box."""
STYLE: Final = """
.paper{fill:#fdfcfa}.box{fill:#fff;stroke:#6b7280}.gate{fill:#dff1ee;stroke:#0f766e}.answer{fill:#fdf0d5;stroke:#b45309}
.out{fill:none;stroke:#9ca3af;stroke-dasharray:4 3}text{fill:#1f2937;font-family:system-ui,sans-serif}
.line{fill:#4b5563;font-size:10.5px}.title{font-size:11.5px;font-weight:600}.head{font-size:13px;font-weight:600}
.arrow{fill:none;stroke:#6b7280;stroke-width:1.3}.tip{fill:#6b7280}
@media (prefers-color-scheme:dark){.paper{fill:#181b20}.box{fill:#22262d;stroke:#8b93a1}
.gate{fill:#123f3b;stroke:#5eead4}.answer{fill:#45330f;stroke:#fbbf24}.out{stroke:#6b7280}text{fill:#f3f4f6}.line{fill:#cbd5e1}
.arrow{stroke:#9aa3b2}.tip{fill:#9aa3b2}}
"""


class Sheet:
    """An SVG with boxes, arrows and words; on its own paper, so that it can be read on any ground."""

    def __init__(self, width: int, height: int, title: str, words: str) -> None:
        self.width, self.height = width, height
        self.title, self.words = title, words
        self.parts: list[str] = []

    def text(self, x: float, y: float, words: str, look: str = "line", anchor: str = "middle") -> None:
        """Write one line; ``x`` is where ``anchor`` says."""
        self.parts.append(f'<text x="{x:g}" y="{y:g}" class="{look}" text-anchor="{anchor}">{escape(words)}</text>')

    def box(self, place: tuple[float, float, float, float], title: str, *lines: str, look: str = "box") -> None:
        """Draw a box at (x, y, width, height) with a title and lines in its middle.

        Raises:
            ValueError: a text is wider, or all are higher, than the box.
        """
        x, y, width, height = place
        self.parts.append(f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="5" class="{look}"/>')
        texts = ([(title, "title")] if title else []) + [(line, "line") for line in lines]
        for words, kind in texts:
            if len(words) * SIZE[kind] * LETTER > width - 6:
                raise ValueError(f"'{words}' is wider than its box of {width:g}")
        step = 15.5
        if len(texts) * step > height:
            raise ValueError(f"'{title}' and its lines are higher than their box of {height:g}")
        top = y + height / 2 - step * (len(texts) - 1) / 2 + 4.5
        for number, (words, kind) in enumerate(texts):
            self.text(x + width / 2, top + step * number, words, kind)

    def sign(self, x: float, y: float, sign: str) -> None:
        """Draw an operation in a circle."""
        self.parts.append(f'<circle cx="{x:g}" cy="{y:g}" r="11" class="box"/>')
        self.text(x, y + 4.5, sign, "title")

    def arrow(self, *points: tuple[float, float]) -> None:
        """Draw a line through points, which are level or upright from one to the next, with a tip at the last."""
        (x0, y0), (x1, y1) = points[-2:]
        right, down = (x1 > x0) - (x1 < x0), (y1 > y0) - (y1 < y0)
        way = " ".join(f"{x:g},{y:g}" for x, y in points)
        base = (x1 - 7 * right, y1 - 7 * down)
        tip = f"{x1:g},{y1:g} " + " ".join(f"{base[0] + s * down * 4:g},{base[1] + s * right * 4:g}" for s in (1, -1))
        self.parts.append(f'<polyline points="{way}" class="arrow"/><polygon points="{tip}" class="tip"/>')

    def svg(self) -> str:
        """Return the file's text."""
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" width="{self.width}" '
            f'role="img" aria-labelledby="t d"><title id="t">{escape(self.title)}</title>'
            f'<desc id="d">{escape(self.words)}</desc><style>{STYLE}</style>'
        )
        paper = f'<rect width="{self.width}" height="{self.height}" rx="8" class="paper"/>'
        return "\n".join([head, paper, *self.parts, "</svg>"]) + "\n"
