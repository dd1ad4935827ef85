"""Tables and text as LaTeX and CSV. Every text is plain until it is written here, where it is escaped."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import dataclass
from typing import Final, Literal

from engine.statistics.intervals import Estimate

Kind = Literal["text", "count", "share", "figure", "points", "p"]
Cell = str | int | float | Estimate | None

_SPECIAL: Final = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}",
    "|": r"\textbar{}", '"': r"\textquotedbl{}", "–": "--", "—": "---", "−": "$-$", "×": r"$\times$", "’": "'",
}  # fmt: skip
_CONTROL: Final = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]+")
_CITED: Final = re.compile(r"\[@([a-z0-9,]+)\]")


def escape(text: str) -> str:
    """Return LaTeX that prints ``text`` as it stands, on one line."""
    return "".join(_SPECIAL.get(letter, letter) for letter in _CONTROL.sub(" ", text))


def uncited(text: object) -> str:
    """Return a text from outside that cites nothing."""
    return str(text).replace("[@", "[ @")


def cited(text: str) -> tuple[str, ...]:
    """Return the keys that a text cites as ``[@key,key]``, in order."""
    return tuple(key for found in _CITED.findall(text) for key in found.split(","))


def with_citations(text: str) -> str:
    r"""Return LaTeX of our own text: escaped, ``[@key]`` as ``~\cite{key}``; names in it are :func:`uncited`."""
    *before, last = _CITED.split(text)  # in turn text and keys; the space before a citation does not break
    written = [f"~\\cite{{{part}}}" if place % 2 else escape(part).rstrip() for place, part in enumerate(before)]
    return "".join((*written, escape(last)))


@dataclass(frozen=True)
class Column:
    """A column of a table: how its cells are written. Of ``share`` and ``figure`` the cells are estimates."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True)
class PaperTable:
    """A table of a paper; ``caption`` may cite as ``[@key]``.

    Attributes:
        name: of its files and its label.
    """

    name: str
    caption: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"expected rows of {len(self.columns)} cells, got others")

    def latex(self) -> str:
        """Return a ``table`` environment; it needs the package booktabs."""
        aligned = "".join("l" if column.kind == "text" else "r" for column in self.columns)
        head = " & ".join(escape(column.name) for column in self.columns)
        body = "".join(
            " & ".join(_latex(cell, column.kind) for cell, column in zip(row, self.columns, strict=True)) + " \\\\\n"
            for row in self.rows
        )
        return (
            f"\\begin{{table}}\n\\centering\n\\caption{{{with_citations(self.caption)}}}\n\\label{{tab:{self.name}}}\n"
            f"\\begin{{tabular}}{{{aligned}}}\n\\toprule\n{head} \\\\\n\\midrule\n{body}\\bottomrule\n"
            "\\end{tabular}\n\\end{table}\n"
        )

    def csv(self) -> str:
        """Return CSV: of an estimate four columns, its value, ends and n, in [0, 1] and with every digit."""
        sink = io.StringIO()
        writer = csv.writer(sink, lineterminator="\n")
        head: list[str] = []
        for column in self.columns:
            own = [column.name]
            if column.kind in {"share", "figure", "points"}:
                own += [f"{column.name} low", f"{column.name} high", f"{column.name} n"]
            head += own
        writer.writerow(head)
        for row in self.rows:
            cells: list[object] = []
            for cell, column in zip(row, self.columns, strict=True):
                if column.kind in {"share", "figure", "points"}:
                    one = cell if isinstance(cell, Estimate) else Estimate(None, None, None, 0)
                    cells += ["" if value is None else value for value in (one.mean, one.low, one.high)] + [one.n]
                else:
                    cells.append(_safe(cell))
            writer.writerow(cells)
        return sink.getvalue()


def _safe(cell: Cell) -> object:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@"} else "" if cell is None else cell


def _latex(cell: Cell, kind: Kind) -> str:
    if cell is None or (isinstance(cell, Estimate) and cell.mean is None):
        return "--"
    if isinstance(cell, Estimate):
        return _estimate(cell, kind)
    if kind == "count":
        return f"{cell:,}"
    if kind == "p":
        return "$<$0.001" if isinstance(cell, int | float) and cell < 0.001 else f"{cell:.3f}"
    return escape(str(cell))


def _estimate(found: Estimate, kind: Kind) -> str:
    factor, digits, sign = {"share": (100.0, 1, ""), "points": (100.0, 1, "+")}.get(kind, (1.0, 3, ""))

    def written(value: float | None) -> str:
        return "" if value is None else f"{factor * value:{sign}.{digits}f}"

    low, high = written(found.low), written(found.high)
    text = f"{written(found.mean)} ({low}{' to ' if sign else '--'}{high})" if low and high else written(found.mean)
    return re.sub(r"(?<![-\d])-(?=\d)", "$-$", text)
