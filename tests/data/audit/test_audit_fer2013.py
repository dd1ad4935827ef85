"""What the audit finds in the real FER2013, checked where it is there."""

from __future__ import annotations

from pathlib import Path

import pytest

from engine.data.audit.audit import DataAudit, audit
from engine.data.audit.groups import straddling
from engine.data.audit.source import read_pictures

pytestmark = pytest.mark.fer2013


@pytest.fixture(scope="module")
def found(fer2013: Path) -> DataAudit:
    return audit(read_pictures("fer2013", data=fer2013))


def test_exact_copies(found: DataAudit) -> None:
    assert (len(found.pictures), found.distinct) == (35_887, 34_034)
    assert (len(found.exact), len(found.conflicts)) == (1_516, 57)
    across = straddling(found.exact)
    # Two definitions: 26 groups lie in public and private and not in the training set.
    assert (across.train_and_other, across.any_two_parts) == (531, 557)
    assert across.by_parts["public+private"] == 557 - 531
    clean = found.clean()
    assert {part: (count.pictures, count.copied) for part, count in clean.items()} == {
        "public": (3_589, 280),
        "private": (3_589, 288),
    }
    assert clean["private"].clean == 3_301


def test_blanks_and_near_copies(found: DataAudit) -> None:
    assert int(found.blank.sum()) == 13
    assert sum("PrivateTest" in found.pictures.ids[i] for i in found.blank.nonzero()[0]) == 0
    # Which bits a hash has at its median depends on the last digits of the transform.
    assert 930 <= len(found.near) <= 970
    assert 185 <= found.clean()["private"].nearly_copied <= 205
    assert max(group.distinct for group in found.near) < 30
