from __future__ import annotations

import re
from pathlib import Path

import pytest

from engine.analysis.paper.latex import cited
from engine.analysis.paper.methods import CITED_DATA, CITED_NETWORKS
from engine.analysis.paper.references import REFERENCES, bibtex
from engine.errors import UnknownNameError
from tests.made import ROOT


def test_each_entry_is_whole() -> None:
    text = bibtex(REFERENCES)
    entries = re.findall(r"^@(\w+)\{(\w+),$", text, re.MULTILINE)
    assert [key for _, key in entries] == sorted(REFERENCES)
    assert text.count("{") == text.count("}")
    for key, (kind, fields) in REFERENCES.items():
        assert {"author", "title", "year"} <= set(fields), key
        assert {"inproceedings": "booktitle", "article": "journal", "book": "publisher"}.get(kind, "title") in fields, (
            key
        )


def test_each_is_there_once_and_an_unknown_key_is_said() -> None:
    assert bibtex(["holm1979", "holm1979"]).count("@article{holm1979,") == 1
    with pytest.raises(UnknownNameError, match="Unknown reference 'nobody'"):
        bibtex(["nobody"])


def test_every_key_that_the_kit_may_cite_is_known_and_none_is_idle() -> None:
    sources = [Path(file).read_text(encoding="utf-8") for file in (ROOT / "engine/analysis/paper").glob("*.py")]
    keys = {key for text in sources for key in cited(text)} | {*CITED_DATA.values(), *CITED_NETWORKS.values()}
    assert keys - {"key"} == set(REFERENCES)  # the docstrings say [@key]
