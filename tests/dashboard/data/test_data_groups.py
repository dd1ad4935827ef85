from __future__ import annotations

from dataclasses import replace

import pytest

from dashboard.views.data.figures.groups import (
    facts,
    facts_html,
    group_html,
    picture_html,
    read_accuracies,
    read_clean,
    read_conclusion,
    read_straddling,
)
from engine.analysis.audited import AuditedModel, CleanAccuracy, Share
from engine.data.audit.audit import DataAudit, audit
from tests.made_audit import planted_pictures


@pytest.fixture(scope="module")
def found() -> DataAudit:
    return audit(planted_pictures())


def test_the_numbers(found: DataAudit) -> None:
    assert [fact.value for fact in facts(found)] == [18, 13, 4, 1, 1, 2, 2]
    assert "2 groups lie in any two parts" in facts_html(facts(found))


def test_what_training_has_seen(found: DataAudit) -> None:
    assert read_clean(found) == (
        "public: of 3 pictures 0 (0.0 %) have an exact copy in the training set, 1 more a near one.",
        "private: of 4 pictures 1 (25.0 %) have an exact copy in the training set, 1 more a near one.",
    )
    pictures = replace(found.pictures, parts=("test",) * 18, splits=("test",) * 18)
    assert read_clean(audit(pictures)) == ("test: none of 18 pictures has a copy in the training set.",)


def test_what_leaks_and_whether_people_are_apart(found: DataAudit) -> None:
    public, private, people = read_conclusion(found)
    assert public.startswith("public leaks: 1 of its 3 pictures (33.3 %)")
    assert private.startswith("private leaks: 2 of its 4 pictures (50.0 %)")
    assert people == "Not person-independent: the source does not tell who is shown."


def test_which_parts_groups_straddle(found: DataAudit) -> None:
    assert read_straddling(found) == (
        "2 groups of exact copies lie in two parts or more: 1 in public + private, 1 in train + private; 1 of them "
        "include training."
    )
    alone = replace(found.pictures, parts=("test",) * 18, splits=("test",) * 18)
    assert read_straddling(audit(alone)) == ""


def test_a_group_says_what_is_particular_about_it(found: DataAudit) -> None:
    html = group_html(found.pictures, found.exact[0], 12)
    assert "labelled angry and sad · in train and private" in html
    assert html.count("<figure") == 3
    assert "all in train" in group_html(found.pictures, found.exact[2], 12)
    assert "2 distinct" in group_html(found.pictures, found.near[0], 12)
    cut = group_html(found.pictures, found.exact[0], 2)
    assert cut.count("<figure") == 2
    assert "and 1 more" in cut


def test_names_are_escaped(found: DataAudit) -> None:
    pictures = replace(found.pictures, ids=("train/happy/<b>&.png", *found.pictures.ids[1:]))
    html = picture_html(pictures, 0, "sad? <i>")
    assert "&lt;b&gt;&amp;.png" in html
    assert "<b>&" not in html
    assert "<i>" not in html


def test_accuracy_without_copies_in_words() -> None:
    one = CleanAccuracy("test", Share(100, 64), Share(92, 58), Share(0, 0))
    (said,) = read_accuracies(AuditedModel("cbam", ("test",), 100, (), (one,)))
    assert said.startswith("cbam on test: 64.0 % (54.2–72.7), n = 100, of all; 63.0 % ")
    assert said.endswith("nothing left without near ones either.")
    same = CleanAccuracy("test", *[Share(100, 64)] * 3)
    (said,) = read_accuracies(AuditedModel("cbam", ("test",), 100, (), (same,)))
    assert said.endswith("of all; none has a copy in the training set.")
