"""Addresses of pages: what reads a parameter, and whole pages with odd ones."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random
from typing import Final

import torch
from streamlit.testing.v1 import AppTest

from dashboard.shell.pages import PAGES, PageEntry
from dashboard.views.evaluation.figures.embedding import read_selection
from engine.data.by_id import place_of
from engine.edit.edit import Edit
from engine.edit.face_template import REGIONS
from engine.edit.text import from_text, to_text
from engine.evidence.face import face_number
from engine.explain.target import Target
from engine.labels import EMOTIONS
from tests.dashboard.made import ROOT
from tests.dashboard.made_analysis import write_analysed
from tests.dashboard.made_hostile_names import parameters
from tests.fuzz import mangle
from tests.fuzz.judge import Case

GOOD: Final[dict[str, tuple[str, ...]]] = {
    "model": ("cbam", "baseline"), "models": ("cbam,baseline",), "source": ("sample", "dataset", "upload", "camera"),
    "sample": ("astronaut", "two-faces", "drawn-happy"), "dataset": ("synthetic", "fer2013"),
    "split": ("test", "train"),
    "id": ("test/happy/00003",), "layer": ("block4", "block1"), "target": ("happy", "predicted"), "minus": ("sad",),
    "analysis": ("synthetic-test",), "methods": ("gradcam,occlusion",), "page": ("2", "0", "-1"),
    "picked": ("test/happy/00003",),
    "whole": ("yes", "no"), "pair": ("cbam-baseline",), "view": ("Maps", "Channels"), "at": ("1.25", "nan", "inf"),
}  # fmt: skip


class Addresses:
    """Cases for the functions that read a parameter's text."""

    def __init__(self, _folder: Path, *, heavy: bool) -> None:
        self.edit = to_text(Edit(hidden=tuple(REGIONS)[:2], rotation=5, blur_tenths=10))
        self.logits = torch.zeros(1, len(EMOTIONS))

    def make(self, chance: Random) -> Case:
        kind = chance.choice(("edit", "target", "area", "face", "dataset"))
        face = "test/happy/00003"
        good = {"edit": self.edit, "target": "happy-sad", "area": "0,0,1,1", "face": face, "dataset": "synthetic"}
        if chance.random() < 0.3:
            text = mangle.text(chance)
        else:
            text = mangle.bytes_of(good[kind].encode(), chance)[1].decode(
                "utf-8", chance.choice(("replace", "surrogateescape"))
            )

        def run() -> None:
            if kind == "edit":
                from_text(text, tuple(REGIONS))
            elif kind == "target":
                Target.parse(text).resolve(self.logits, EMOTIONS)
            elif kind == "area":
                read_selection(text)
            elif kind == "face":
                face_number(text, "test")
            else:
                place_of(text)

        return Case(f"{kind} {text[:30]!a}", run)


class Pages:
    """Cases for whole pages, opened by an address."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        self.folder = folder / "paged"
        write_analysed(self.folder)
        self.names = parameters()
        if heavy:  # what a page computes at its first opening, whoever comes, is not what an address makes it compute
            for entry in PAGES:
                self._opened(entry, {})

    def make(self, chance: Random) -> Case:
        entry = chance.choice(PAGES)
        address = {}
        for _ in range(chance.choice((1, 2, 4))):
            name = chance.choice((*GOOD, chance.choice(self.names)))
            good = chance.random() < 0.4 and name in GOOD
            text = chance.choice(GOOD[name]) if good else mangle.text(chance)
            address[name] = text.encode("utf-8", "replace").decode()

        words = f"{entry.title} { ({name: text[:30] for name, text in address.items()})!a}"
        return Case(words, lambda: self._opened(entry, address))

    def _opened(self, entry: PageEntry, address: dict[str, str]) -> str | None:
        os.environ["FERLENS_CHECKPOINTS"], os.environ["FERLENS_DATA"] = str(self.folder), "nowhere"
        app = AppTest.from_file(str(ROOT / "dashboard" / "Home.py"), default_timeout=180)
        app.run()
        app.switch_page(entry.file)
        for name, text in address.items():
            app.query_params[name] = text
        app.run()
        if app.exception:
            raise AssertionError(str(app.exception[0].proto)[:3_000])
        return " ".join(one.value for one in app.error) or None
