"""Hooks of the site: files of the repository beside ``docs/`` become pages, and links to them stay within the site.

The documents are read in two places: on the repository's web view, where ``../SECURITY.md`` is a link like another, and
in the site, which knows ``docs/`` alone. So the site gets a page of each such file, made when it is built, and every
link is rewritten to where its file lies there; a link to a file that has no page stays as it is, and the strict build
fails on it.
"""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from mkdocs.structure.files import File, Files

ROOT: Final = Path(__file__).resolve().parents[2]
DOCS: Final = "docs/"

PAGES: Final = {name: f"repository/{name}" for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")}
"""Document of the repository → its page in the site."""
FOLDERS: Final = {"examples": "repository/examples.md", "docs/notebooks": "notebooks/dataset.md"}
"""Folder → the page that stands for it, or for its first file."""
TEXTS: Final = {"LICENSE": "repository/LICENSE.txt", "NOTICE": "repository/NOTICE.txt"}
"""File that is given as it is → its place in the site."""

_FENCE: Final = re.compile(r"^(?:```|~~~).*?^(?:```|~~~)\s*$", re.MULTILINE | re.DOTALL)
_LINK: Final = re.compile(r"(!?\[[^\]\n]*\]\()([^)\s#]+)(#[^)\s]*)?(\))")


def site_path(path: str) -> str | None:
    """Return where a file or folder of the repository lies in the site; None where it has no place there."""
    path = path.rstrip("/")
    for places in (PAGES, FOLDERS, TEXTS):
        if path in places:
            return places[path]
    if path.startswith("examples/"):
        return FOLDERS["examples"]
    if path.startswith("dashboard/samples"):
        return "repository/samples.md"
    if path.startswith(DOCS):
        return re.sub(r"\.ipynb$", ".md", path.removeprefix(DOCS))
    return None


def relinked(text: str, path: str, place: str) -> str:
    """Return a document with its relative links as the site needs them; fenced blocks stay as they are.

    Args:
        text: the document.
        path: where it lies in the repository.
        place: where its page lies in the site.
    """

    def moved(link: re.Match[str]) -> str:
        before, target, anchor, after = link.groups()
        if re.match(r"[a-z]+:", target):
            return link[0]
        goal = site_path(posixpath.normpath(posixpath.join(posixpath.dirname(path), target)))
        if goal is None:
            return link[0]
        return f"{before}{posixpath.relpath(goal, posixpath.dirname(place) or '.')}{anchor or ''}{after}"

    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [_LINK.sub(moved, text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, _LINK.sub(moved, text[end:])])


def notebook_page(path: Path) -> str:
    """Return a notebook as a document: its words, and its code in fenced blocks; what it shows stands in itself."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    parts = []
    for cell in cells:
        source = "".join(cell["source"])
        parts.append(source if cell["cell_type"] == "markdown" else f"```python\n{source}\n```")
    where = f"This page is `docs/notebooks/{path.name}`, which the tests run; open it there to run it yourself."
    return "\n\n".join([*parts, where]) + "\n"


def examples_page() -> str:
    """Return the files of ``examples/`` as one document."""
    parts = ["# Examples", "Files of the folder `examples/`, each of which the tests run."]
    for path in sorted((ROOT / "examples").iterdir()):
        if path.suffix in {".py", ".toml"}:
            language = {".py": "python", ".toml": "toml"}[path.suffix]
            parts.append(f"## {path.name}\n\n```{language}\n{path.read_text(encoding='utf-8').rstrip()}\n```")
    return "\n\n".join(parts) + "\n"


def _made() -> dict[str, Callable[[], str]]:
    """Return site path → what makes its text, of everything that lies outside ``docs/`` or is no document."""

    def document(path: str, place: str) -> Callable[[], str]:
        return lambda: relinked((ROOT / path).read_text(encoding="utf-8"), path, place)

    samples = "dashboard/samples/README.md"
    notebooks = sorted((ROOT / "docs/notebooks").glob("*.ipynb"))
    return {
        **{place: document(path, place) for path, place in PAGES.items()},
        **{place: (ROOT / path).read_text for path, place in TEXTS.items()},
        "repository/samples.md": document(samples, "repository/samples.md"),
        FOLDERS["examples"]: examples_page,
        **{
            f"notebooks/{path.stem}.md": lambda path=path: relinked(  # type: ignore[misc]
                notebook_page(path), f"docs/notebooks/{path.name}", f"notebooks/{path.stem}.md"
            )
            for path in notebooks
        },
    }


def on_files(files: Files, config: Any) -> Files:
    """Add the pages that are made here."""
    for place, make in _made().items():
        files.append(File.generated(config, place, content=make()))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Rewrite the links of a document of ``docs/``; those made here are rewritten already."""
    if page.file.generated_by is not None:
        return markdown
    return relinked(markdown, DOCS + page.file.src_uri, page.file.src_uri)


def on_post_page(output: str, **_: Any) -> str:
    """Name the search for who cannot see it; the theme leaves its dialog without a name."""
    return output.replace(
        'data-md-component="search" role="dialog"', 'data-md-component="search" role="dialog" aria-label="Search"'
    )
