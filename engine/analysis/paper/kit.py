"""What a paper needs of an evaluation: vector figures, tables, captions, references, a methods paragraph; in a folder.

``paper.tex`` puts them together and can be compiled as it is; each part can be taken by itself.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.backends.backend_pdf import FigureCanvasPdf
from matplotlib.figure import Figure

from engine.analysis.comparison import StoredComparison
from engine.analysis.paper.latex import PaperTable, cited, escape, with_citations
from engine.analysis.paper.methods import methods_text
from engine.analysis.paper.references import bibtex
from engine.analysis.paper.tables import paper_tables, where
from engine.analysis.report_figures import FIGURES, ReportInput
from engine.records import RunCard

FOLDER: Final = "paper"


@dataclass(frozen=True, eq=False)
class PaperInput:
    """What a kit is made of beside the evaluation.

    Attributes:
        card: of the model. analysis: the analysis's ``report.json``, for its versions and hashes.
        version: of FERLens.
        against: another model on the same pictures, or None.
    """

    card: RunCard
    analysis: dict[str, Any]
    version: str
    against: StoredComparison | None = None


def pdf_bytes(figure: Figure) -> bytes:
    """Return a figure as PDF: lines and letters, no pixels; the same figure gives the same bytes."""
    sink = io.BytesIO()
    with mpl.rc_context({"pdf.fonttype": 42}):  # letters stay letters, which journals ask for
        FigureCanvasPdf(figure)
        figure.savefig(sink, format="pdf", metadata={"CreationDate": None, "Creator": None, "Producer": None})
    return sink.getvalue()


def write_kit(folder: Path, given: ReportInput, paper: PaperInput) -> tuple[str, ...]:
    """Write the kit into the new folder ``folder``; return the names of its files, sorted."""
    tables = paper_tables(given, paper.against)
    methods = methods_text(given, paper.card, paper.analysis, version=paper.version, against=paper.against)
    for part in ("figures", "tables"):
        (folder / part).mkdir(parents=True)
    captions = {}
    for name, (title, caption, draw) in FIGURES.items():
        figure = draw(given)
        if figure is not None:
            (folder / "figures" / f"{name}.pdf").write_bytes(pdf_bytes(figure))
            captions[name] = f"{title}, {where(given)}. {caption}"
    for table in tables:
        (folder / "tables" / f"{table.name}.tex").write_text(table.latex(), encoding="utf-8")
        (folder / "tables" / f"{table.name}.csv").write_text(table.csv(), encoding="utf-8")
    keys = [key for text in (methods, *(table.caption for table in tables)) for key in cited(text)]
    (folder / "references.bib").write_text(bibtex(keys), encoding="utf-8")
    (folder / "methods.tex").write_text(with_citations(methods) + "\n", encoding="utf-8")
    (folder / "figures.tex").write_text("\n".join(_figures(captions)), encoding="utf-8")
    (folder / "captions.txt").write_text("\n".join(_captions(captions, tables)), encoding="utf-8")
    (folder / "paper.tex").write_text(_whole(given, tables), encoding="utf-8")
    return tuple(sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()))


def _figures(captions: dict[str, str]) -> Iterator[str]:
    for name, caption in captions.items():
        yield (
            f"\\begin{{figure}}\n\\centering\n\\includegraphics[width=\\linewidth]{{figures/{name}.pdf}}\n"
            f"\\caption{{{with_citations(caption)}}}\n\\label{{fig:{name}}}\n\\end{{figure}}\n"
        )


def _captions(captions: dict[str, str], tables: tuple[PaperTable, ...]) -> Iterator[str]:
    """Yield the captions as plain text, for who writes in something else."""
    yield from (f"figures/{name}.pdf: {caption}\n" for name, caption in captions.items())
    yield from (f"tables/{table.name}: {table.caption}\n" for table in tables)


def _whole(given: ReportInput, tables: tuple[PaperTable, ...]) -> str:
    answers = given.found.answers
    title = escape(f"{answers.model} on {answers.dataset} {answers.split}")
    listed = "".join(f"\\input{{tables/{table.name}}}\n" for table in tables)
    return (
        "\\documentclass{article}\n\\usepackage[utf8]{inputenc}\n\\usepackage[T1]{fontenc}\n\\usepackage{booktabs}\n"
        "\\usepackage{graphicx}\n\\usepackage[margin=2cm]{geometry}\n"
        f"\\title{{{title}}}\n\\author{{}}\n\\begin{{document}}\n\\maketitle\n\\section{{Methods}}\n\\input{{methods}}\n"
        f"\\section{{Results}}\n{listed}\\input{{figures}}\n\\bibliographystyle{{plain}}\n\\bibliography{{references}}\n"
        "\\end{document}\n"
    )
