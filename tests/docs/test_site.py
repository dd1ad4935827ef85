"""The documents as a site: built strictly, every link leads somewhere, and no other host is asked for anything."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import yaml

from docs.site import docstrings, hooks
from tests.made import ROOT

QUIET = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
FETCHING = {"src", "srcset", "poster", "data", "background", "action"}
"""Attributes whose address a browser fetches unasked (a form's is sent to)."""
CSS_ADDRESS = re.compile(r"@import\s+[\"']([^\"']+)|url\(\s*[\"']?([^\"')]+)")


def mkdocs(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", *arguments]
    return subprocess.run(command, cwd=cwd, env=QUIET, capture_output=True, text=True, check=False)


class Page(HTMLParser):
    """What a page fetches, where it leads, and the places in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fetched: list[str] = []
        self.links: list[str] = []
        self.anchors: set[str] = set()
        self.classes: set[str] = set()
        self.feed(text)
        self.fetched += [one or two for one, two in CSS_ADDRESS.findall(text)]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.add(value)
            elif name == "class" and value:
                self.classes.update(value.split())
            elif name == "href" and value:
                (self.links if tag == "a" else self.fetched).append(value)
            elif name in FETCHING and value:
                self.fetched.append(value)


def elsewhere(addresses: list[str]) -> list[str]:
    """Return the addresses that another host would be asked for."""
    return [address for address in addresses if urlsplit(address).netloc]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("site")
    done = mkdocs("--site-dir", str(place))
    assert done.returncode == 0, done.stderr
    return place


def test_what_counts_as_another_host() -> None:
    page = Page(
        '<img src="//a.org/b"><link rel="x" href="https://b.org/c"><a href="https://c.org">c</a><img src="d.png">'
        "<style>@import 'https://e.org/f'; i {background: url(https://g.org/h)} b {background: url(data:,k)}</style>"
    )
    assert sorted(elsewhere(page.fetched)) == ["//a.org/b", "https://b.org/c", "https://e.org/f", "https://g.org/h"]
    assert page.links == ["https://c.org"]


@pytest.mark.slow
def test_no_other_host_is_asked(site: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html")}
    assert len(pages) > 30
    assert {path.name: found for path, page in pages.items() if (found := elsewhere(page.fetched))} == {}
    # Diagrams of this kind are drawn by a script that the theme would fetch.
    assert [path.name for path, page in pages.items() if "mermaid" in page.classes] == []
    styles = [path.read_text(encoding="utf-8") for path in [*site.rglob("*.css"), *site.rglob("*.svg")]]
    found = [one or two for style in styles for one, two in CSS_ADDRESS.findall(style)]
    assert elsewhere([address for address in found if not address.startswith("data:")]) == []
    assert [style for style in styles if re.search(r"<(?:image|use|script)[^>]+https?:", style)] == []


@pytest.mark.slow
def test_every_link_leads_to_a_page_and_a_place(site: Path) -> None:
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in site.rglob("*.html") if path.name != "404.html"}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            goal = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            goal = goal / "index.html" if goal.is_dir() else goal
            place = unquote(parts.fragment)
            if not goal.is_file() or (place and goal in pages and place not in pages[goal].anchors):
                broken.append(f"{path.relative_to(site)}: {link}")
    assert broken == []


@pytest.mark.slow
def test_it_has_the_public_names_and_what_lies_beside_the_documents(site: Path) -> None:
    reference = "".join(path.read_text(encoding="utf-8") for path in (site / "reference").glob("*.html"))
    for name in ("EmotionPredictor", "load_dataset", "read_card", "open", "Input", "Lens", "Target"):
        assert f"ferlens.{name}" in reference
    for name in ("PicturePrediction", "FaceExplanation", "AttentionGate", "RunCard", "FerLensError", "PictureError"):
        assert re.search(rf'id="engine\.(?:records|errors)\.{name}"', reference), name
    assert ":class:" not in reference
    for place in ("repository/SECURITY.html", "repository/examples.html", "notebooks/your-network.html"):
        assert (site / place).is_file()
    assert list(site.rglob("*.py")) == []


@pytest.mark.parametrize(
    "text", ["[a](nothing.md)", "[a](index.md#nowhere)", "[a](/index.md)", "[a](../SECURITY.md)", "[a](other/)"]
)
def test_a_link_that_leads_nowhere_fails_the_build(text: str, tmp_path: Path) -> None:
    settings = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    kept = {name: settings[name] for name in ("site_name", "use_directory_urls", "validation")}
    (tmp_path / "mkdocs.yml").write_text(yaml.safe_dump({**kept, "plugins": []}), encoding="utf-8")
    (tmp_path / "docs").mkdir()
    page = tmp_path / "docs" / "index.md"
    page.write_text("# Start\n\n[here](#start)\n", encoding="utf-8")
    assert mkdocs(cwd=tmp_path).returncode == 0
    page.write_text(f"# Start\n\n{text}\n", encoding="utf-8")
    assert mkdocs(cwd=tmp_path).returncode == 1


def test_links_to_the_repository_stay_in_the_site() -> None:
    text = (
        "[s](../SECURITY.md#a) [e](../examples) [n](notebooks/dataset.ipynb) [g](glossary.md) [w](https://x.org/a) "
        "[x](../nothing.py)\n```\n[s](../SECURITY.md)\n```\n"
    )
    assert hooks.relinked(text, "docs/data.md", "data.md") == (
        "[s](repository/SECURITY.md#a) [e](repository/examples.md) [n](notebooks/dataset.md) [g](glossary.md) "
        "[w](https://x.org/a) [x](../nothing.py)\n```\n[s](../SECURITY.md)\n```\n"
    )
    assert hooks.relinked("[d](docs/data.md)![](docs/images/a.png)", "README.md", "repository/README.md") == (
        "[d](../data.md)![](../images/a.png)"
    )
    missing = [path for path in (*hooks.PAGES, *hooks.FOLDERS, *hooks.TEXTS) if not (ROOT / path).exists()]
    assert missing == []


def relative_links() -> Iterator[tuple[Path, str]]:
    for path in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]:
        for link in re.findall(r"\]\(([^)\s#]+)", path.read_text(encoding="utf-8")):
            if not urlsplit(link).scheme:
                yield path, link


def test_the_same_links_work_where_the_repository_is_read() -> None:
    links = list(relative_links())
    assert len(links) > 50
    assert [f"{path.name}: {link}" for path, link in links if not (path.parent / link).exists()] == []


def test_names_that_share_a_line_of_a_docstring_get_one_each() -> None:
    text = (
        "Do it, see :meth:`~a.b`.\n\nArgs:\n    one, two: both,\n        as said.\n    three: alone.\n\n"
        "Raises:\n    A, B: x"
    )
    assert docstrings.own_lines(text) == (
        "Do it, see `a.b`.\n\nArgs:\n    one: both,\n        as said.\n    two: see one.\n    three: alone.\n\n"
        "Raises:\n    A, B: x"
    )
    assert docstrings.own_lines("A.\n\nAttributes:\n    a, b: c") == "A.\n\nAttributes:\n    a: c\n    b: see a."
