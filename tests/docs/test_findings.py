"""The page of findings says what is stored with the models, and nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

import pytest

from docs.site import findings
from tests.made import ROOT

TEXT = (ROOT / "docs" / "findings.md").read_text(encoding="utf-8")


def test_the_committed_page_is_what_the_stored_figures_make() -> None:
    assert findings.page() == TEXT, "make it again: python -m docs.site.findings > docs/findings.md"


def test_each_finding_names_its_split_its_n_and_its_command() -> None:
    sections = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
    assert len(sections) == 8
    for section in sections:
        title = section.splitlines()[0]
        assert re.search(r"`(?:test|private)`", section), title
        assert re.search(r"\d,\d{3}|n = \d+", section), title
        assert re.search(r"bootstrap|Wilson", section), title
        assert "python -m engine" in section, title
        assert "**" in section, title  # the conclusion


def test_a_conclusion_that_no_longer_holds_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    true = findings._analysis

    def other(model: str, name: str) -> Mapping[str, Any]:
        changed = deepcopy(dict(true(model, name)))
        row = changed["confusion"][changed["classes"].index("fear")]
        row[changed["classes"].index("happy")] = 900
        return changed

    assert findings.fear()
    monkeypatch.setattr(findings, "_analysis", other)
    with pytest.raises(findings.ChangedError, match="fear for sadness"):
        findings.fear()
