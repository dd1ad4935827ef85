"""What Explain's report holds of trust and of further checks: arrays as measured, tables, charts, JSON."""

import json

import numpy as np
import pytest

from dashboard.report.content import Content
from dashboard.shared.figures.trust import Trusted
from dashboard.views.explain.report import sanity_content, shares_content, trust_content
from tests.dashboard.made import make_map
from tests.dashboard.made_trust import make_faithful, make_sanity, make_use


def test_what_was_not_measured_is_not_there() -> None:
    for content in (trust_content(Trusted(), [make_map([[1.0]])]), sanity_content(()), shares_content(None, "happy")):
        assert (content.sections, dict(content.arrays), dict(content.results)) == ((), {}, {})


def test_trust_keeps_every_curve_and_replacement() -> None:
    use, judged = make_use(0.12, flips=0.3), make_faithful(0.05)
    known = Trusted({use.layer: use}, {("gradcam", "block4", "happy"): judged})
    content = trust_content(known, [make_map([[0.0, 1.0]]), make_map([[0.0, 1.0]], target="fear")])
    (section,) = content.sections
    assert section.heading == "Trust"
    assert [row[1] for row in section.tables[0].rows] == ["used", "faithful"]
    assert len(section.charts) == 1
    arrays = content.arrays
    assert arrays["trust/gate/block1.spatial/replacements"].tolist() == ["mean", "permuted", "ones"]
    assert arrays["trust/gate/block1.spatial/draws"].tolist() == [1, 10, 1]
    assert arrays["trust/gate/block1.spatial/distance"] == pytest.approx([0.06, 0.12, 0.9])
    np.testing.assert_array_equal(
        arrays["trust/map/gradcam/block4/happy/blur/random/most_first"], judged.curves[1].most_first
    )
    assert len([name for name in arrays if name.startswith("trust/map/")]) == 3 * 3
    assert content.results["trust"]["maps"] == [judged.as_dict()]
    assert content.results["trust"]["gates"] == [use.as_dict()]


def test_further_checks_keep_the_class_matrix_and_the_way_through_randomisation() -> None:
    found = (make_sanity(), make_sanity("occlusion", "", "happy − sad"))
    content = sanity_content(found)
    (section,) = content.sections
    assert section.heading == "Further checks of the maps"
    assert section.tables[0].head[1:3] == ("foretells wrongly (infidelity)", "trembles (max-sensitivity)")
    assert section.tables[0].rows[0] == (
        "Grad-CAM for happy at block 4", ".400", ".250", "+.800", "−.100", "+.200",
    )  # fmt: skip
    assert len(section.charts) == 1 + 2  # the way of both, and a matrix each
    assert any(words.startswith("Foretells wrongly (infidelity): The picture is disturbed") for words in section.words)
    np.testing.assert_array_equal(
        content.arrays["sanity/occlusion/happy − sad/class_correlation"], found[1].classes.correlation
    )
    assert content.arrays["sanity/gradcam/block4/happy/classes"].tolist() == ["happy", "sad"]
    assert content.arrays["sanity/gradcam/block4/happy/randomised"].tolist() == ["output", "block2", "block1"]
    assert content.arrays["sanity/gradcam/block4/happy/randomised_correlation"] == pytest.approx([0.8, 0.5, -0.1])
    assert content.results["sanity"][0]["robustness"]["infidelity"] == 0.4


def test_every_result_is_json() -> None:
    parts: tuple[Content, ...] = (
        trust_content(Trusted({"g": make_use(0.1)}), ()),
        sanity_content([make_sanity()]),
    )
    for part in parts:
        assert json.loads(json.dumps(part.results, allow_nan=False)) == part.results
