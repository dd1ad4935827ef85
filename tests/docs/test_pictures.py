"""The pictures of pages: the script's list, the files and the documents name the same ones, described and small."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import TimeoutError as Late

from docs.site import pictures
from tests.made import ROOT

SHOWN = re.compile(r"!\[([^\]\n]*)\]\([^)\s]*images/pages/([\w-]+)\.webp\)\n\n?(.*)")
MOST_EACH, MOST = 130_000, 900_000
"""Bytes: what is committed stays in the repository's history for good."""
WORDS = 60
"""Letters of an alternative text, at least: it says what is to be seen, not that there is a picture."""


def shown(path: Path) -> list[tuple[str, str, str]]:
    """Return alternative text, name and the line below of each picture of a page that a document shows."""
    return SHOWN.findall(path.read_text(encoding="utf-8"))


DOCUMENTS = {str(path.relative_to(ROOT)): shown(path) for path in [*(ROOT / "docs").rglob("*.md"), *ROOT.glob("*.md")]}


def test_the_list_the_files_and_the_documents_agree() -> None:
    listed = {(document, picture.name) for picture in pictures.PICTURES for document in picture.documents}
    assert {(document, name) for document, found in DOCUMENTS.items() for _, name, _ in found} == listed
    assert {path.name for path in pictures.PLACE.iterdir()} == {f"{one.name}.webp" for one in pictures.PICTURES}
    assert len({one.name for one in pictures.PICTURES}) == len(pictures.PICTURES)


def test_every_tutorial_and_the_quick_start_show_a_page() -> None:
    asked = {str(path.relative_to(ROOT)) for path in (ROOT / "docs" / "tutorials").glob("*.md")} | {"docs/index.md"}
    assert {document for document, found in DOCUMENTS.items() if found} >= asked


def test_each_is_described_and_says_the_command_that_takes_it() -> None:
    for document, found in DOCUMENTS.items():
        for described, name, below in found:
            assert len(described) >= WORDS, f"{document}: {name}"
            assert below.endswith(f"`python -m docs.site.pictures {name}`.*"), f"{document}: {name}"


def test_they_are_small_and_wide_enough_to_read() -> None:
    sizes = {path.name: path.stat().st_size for path in pictures.PLACE.iterdir()}
    assert {name: size for name, size in sizes.items() if size > MOST_EACH} == {}
    assert sum(sizes.values()) <= MOST
    for path in pictures.PLACE.iterdir():
        with Image.open(path) as opened:
            assert opened.format == "WEBP"
            assert 900 <= opened.width <= pictures.WIDTH


class Changed:
    """A browser whose page has none of the words that are looked for."""

    def new_context(self, **_: object) -> Changed:
        return self

    def new_page(self) -> Changed:
        return self

    def close(self) -> None:
        """Close it."""

    def goto(self, _: str) -> None:
        """Go there."""

    def locator(self, *_: object, **__: object) -> Changed:
        raise Late("nothing")

    get_by_role = locator


@pytest.mark.parametrize("picture", pictures.PICTURES, ids=lambda one: one.name)
def test_a_page_that_changed_its_names_is_a_sentence(picture: pictures.Picture) -> None:
    with pytest.raises(SystemExit, match=r"The page has changed its names") as refused:
        pictures.take(Changed(), "http://x", picture)  # type: ignore[arg-type]  # a stand-in
    said = str(refused.value)
    assert f"'{picture.name}'" in said
    assert all(document in said for document in picture.documents)
    assert re.search(r"the text '.+'|the button '.+'|'.+', which unfolds|the \w+", said)


def test_an_unknown_name_is_refused_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        pictures.main(["exlain"])
    assert "no picture exlain; expected some of home, explain" in capsys.readouterr().err
