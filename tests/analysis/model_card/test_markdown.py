from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from engine.analysis.model_card.blocks import CardResult, CardSection, CardTable, ModelCard
from engine.analysis.model_card.compose import model_card
from engine.analysis.model_card.markdown import front_matter, markdown, to_markdown
from engine.models.checkpoint import read_card
from engine.statistics.intervals import Estimate
from tests.made import SHIPPED

CARD = ModelCard(
    name="net: 'a' \"b\" #1",
    summary="A net.",
    licence="mit",
    tags=("attention",),
    datasets=("fer2013",),
    results=(
        CardResult(
            "fer2013", "private", "single view", "chose: nothing", Estimate(0.68208, 0.66666, 0.69712, 3_589),
            Estimate(0.65203, 0.62811, 0.67411, 3_589),
        ),
    ),
    sections=(
        CardSection("Words", ("a | b",), ("one",), (CardTable(("x", "y"), (("1", "2 | 3"),), "n = 3"),), ("do it",)),
    ),
)  # fmt: skip


def read(text: str) -> dict[str, Any]:
    _, block, _ = text.split("---\n", 2)
    found: dict[str, Any] = yaml.safe_load(block)
    return found


def test_the_front_matter_is_what_hubs_read() -> None:
    found = read(to_markdown(CARD))
    assert (found["license"], found["library_name"]) == ("mit", "ferlens")
    assert found["pipeline_tag"] == "image-classification"
    assert (found["tags"], found["datasets"], found["metrics"]) == (["attention"], ["fer2013"], ["accuracy", "f1"])
    (index,) = found["model-index"]
    assert index["name"] == CARD.name
    (result,) = index["results"]
    assert result["dataset"] == {"name": "fer2013 private", "type": "fer2013", "split": "private"}
    accuracy, f1 = result["metrics"]
    assert (accuracy["type"], accuracy["value"]) == ("accuracy", 0.68208)
    assert "n = 3,589, 68.2 % (66.7-69.7), 95 % Wilson interval" in accuracy["name"]
    assert "chose: nothing" in accuracy["name"]
    assert (f1["type"], f1["value"]) == ("f1", 0.65203)


def test_a_hubs_own_reader_takes_it() -> None:
    hub = pytest.importorskip("huggingface_hub")  # comes with gradio
    found = hub.ModelCard(to_markdown(model_card(SHIPPED / "cbam")))
    said = read_card(SHIPPED / "cbam").metrics
    values = {
        (one.dataset_split, one.metric_type): one.metric_value
        for one in found.data.eval_results
        if "single view" in one.metric_name and one.dataset_type == "fer2013"
    }
    for split in ("private", "public", "test"):
        assert values[split, "accuracy"] == said[f"fer2013/{split}/single"]["accuracy"]
        assert values[split, "f1"] == pytest.approx(said[f"fer2013/{split}/single"]["macro_f1"], abs=2e-5)
    assert found.data.license == "mit"


def test_nothing_measured_has_no_results() -> None:
    found = read(front_matter(replace(CARD, results=(), datasets=())))
    assert "model-index" not in found
    assert "metrics" not in found
    assert "datasets" not in found


def test_the_text_below_is_markdown() -> None:
    text = to_markdown(CARD)
    assert "## Words\n\na \\| b\n\n- one\n\n| x | y |\n|---|---|\n| 1 | 2 \\| 3 |\n\nn = 3\n\n```\ndo it\n```\n" in text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("<img src=x>", "\\<img src=x\\>"),
        ("a\n# b", "a \\# b"),
        ("[x](y)", "\\[x\\](y)"),
        ("12. one", "12\\. one"),
        ("12.5 % (1.0-2.0)", "12.5 % (1.0-2.0)"),
        ("- point", "\\- point"),
        ("block1_a", "block1\\_a"),
        ("\u202egnp", "gnp"),
        ("see http://x", "see http\u2060://x"),
    ],
)
def test_what_came_from_outside_is_text(text: str, shown: str) -> None:
    assert markdown(text) == shown


def test_a_name_cannot_leave_the_front_matter() -> None:
    text = to_markdown(replace(CARD, name='x"\n---\nlicense: other\n# y', licence="mit\n---"))
    assert read(text)["license"] == "mit ---"
    assert read(text)["model-index"][0]["name"] == 'x" --- license: other # y'
    assert "```\nrm" not in to_markdown(replace(CARD, sections=(CardSection("a", commands=("x\n```\nrm",)),)))
