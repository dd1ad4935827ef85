from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.analysis.model_card.blocks import NOT_MEASURED, CardSection, ModelCard, percent
from engine.analysis.model_card.compose import model_card
from engine.errors import CheckpointError
from engine.models.checkpoint import checkpoint_names, read_card, update_card
from engine.statistics.intervals import Estimate
from tests.made import SHIPPED, write_seeded
from tests.made_adopted import write_adopted

USUAL = {
    "Model details", "Intended use", "It must not be used for", "Training data", "Labels", "How well it does",
    "Error by class", "Error by what the labels allow", "Known biases, on drawn faces", "Worse pictures",
    "What its attention and its maps are worth", "Limits", "The figures again",
}  # fmt: skip


def text(section: CardSection) -> str:
    cells = [" | ".join(row) for table in section.tables for row in (table.head, *table.rows, (table.caption,))]
    return "\n".join((*section.words, *section.points, *cells, *section.commands))


def measured(card: ModelCard) -> list[list[str]]:
    (table,) = card.section("How well it does").tables
    return [list(row) for row in table.rows]


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """An untrained net with one measurement: 3 classes right in all, of four are 10, 20, 30 and 40 pictures."""
    write_seeded(tmp_path / "net", "cbam")
    card = read_card(tmp_path / "net")
    confusion = [[0] * 7 for _ in range(7)]
    confusion[0][0], confusion[3][3], confusion[3][4], confusion[6][6] = 10, 20, 30, 40
    found = {
        "accuracy": 0.7, "interval": [0.60415, 0.78106], "n": 100, "macro_f1": 0.8, "confusion": confusion,
        "protocol": "PublicTest; chose nothing",
    }  # fmt: skip
    update_card(tmp_path / "net", replace(card, metrics={"fer2013/public/single": found}, data={"dataset": "fer2013"}))
    return tmp_path / "net"


def change(place: Path, **entries: Any) -> None:
    card = read_card(place)
    key = next(iter(card.metrics))
    update_card(place, replace(card, metrics={key: {**card.metrics[key], **entries}}))


@pytest.mark.parametrize("name", checkpoint_names(SHIPPED))
def test_every_shipped_model_has_a_whole_card(name: str) -> None:
    card = model_card(SHIPPED / name)
    assert {section.heading for section in card.sections} == USUAL
    for section in card.sections:
        assert text(section), section.heading
        for table in section.tables:
            assert table.rows
            assert re.search(r"n =|interval|bootstrap", table.caption), table.caption
    for result in card.results:
        assert result.protocol
        assert result.accuracy.n > 0
        assert result.accuracy.low is not None
    assert card.licence == "mit"


def test_figures_are_the_cards_with_n_interval_and_protocol(own: Path) -> None:
    card = model_card(own)
    (row,) = measured(card)
    assert row[:4] == ["fer2013 public", "single view", "100", "70.0 % (60.4-78.1)"]
    assert row[5] == NOT_MEASURED
    said = text(card.section("How well it does"))
    assert "PublicTest; chose nothing; not person-independent: the source does not tell who is shown" in said
    (result,) = card.results
    assert result.accuracy == Estimate(0.7, 0.60415, 0.78106, 100)
    assert result.macro_f1 is not None
    # Happy: 20 hits, 30 missed, none false: F1 = 40 / 70; neutral has no pictures and does not count.
    assert result.macro_f1.mean == pytest.approx((1 + 40 / 70 + 1) / 3)


def test_error_by_class_is_one_minus_recall_with_the_interval_turned_round(own: Path) -> None:
    section = model_card(own).section("Error by class")
    (table,) = section.tables
    rows = {row[0]: row for row in table.rows}
    # 30 of 50 wrong; Wilson's interval of 0.6 at n = 50 is 0.462 to 0.724.
    assert rows["happy"][1:3] == ("50", "60.0 % (46.2-72.4)")
    assert rows["sad"][2] == NOT_MEASURED
    assert rows["sad"][3] == "never answered"
    assert section.points == ("happy answered neutral: 30 of 50 pictures",)
    assert "fer2013 public, single view, n = 100" in table.caption


def test_what_is_not_there_is_said_to_be_not_measured(own: Path) -> None:
    card = model_card(own)
    for heading, command in (
        ("Error by what the labels allow", "--votes fer2013new.csv"),
        ("Known biases, on drawn faces", "python -m engine analyze --model net --dataset synthetic --split test"),
        ("Worse pictures", "python -m engine benchmark robustness --model net --dataset fer2013"),
        ("What its attention and its maps are worth", "python -m engine benchmark gates --model net"),
    ):
        section = card.section(heading)
        assert any(NOT_MEASURED in words for words in section.words), heading
        assert any(command in line for line in section.commands), heading
    assert any(point.startswith(f"synthetic: {NOT_MEASURED}") for point in card.section("Limits").points)
    assert card.licence == "unknown"
    assert model_card(own, licence="apache-2.0").licence == "apache-2.0"


def test_what_chose_the_epoch_is_no_test(own: Path) -> None:
    card = read_card(own)
    update_card(
        own, replace(card, metrics={"fer2013/val/chosen": {"accuracy": 0.9, "n": 50, "protocol": "optimistic"}})
    )
    found = model_card(own)
    assert found.results == ()
    assert f"Accuracy: {NOT_MEASURED}." in text(found.section("How well it does"))
    assert NOT_MEASURED in text(found.section("Error by class"))


def test_people_s_votes_are_read_off_the_card(own: Path) -> None:
    votes = read_card(SHIPPED / "cbam").metrics["fer2013/private/single"]["votes"]
    change(own, votes=votes)
    card = model_card(own)
    said = text(card.section("Error by what the labels allow"))
    assert "human ceiling) | 73.7 % (72.8-74.6) | 3,572" in said
    assert "of 1,119 mistakes" in said
    assert "62.7 % (61.1-64.3)" in text(card.section("Labels"))
    change(own, votes={"human_ceiling": 3})
    assert f"What people saw: {NOT_MEASURED}" in text(model_card(own).section("Error by what the labels allow"))


@pytest.mark.parametrize("confusion", [None, 3, [[1, 2], [3, 4]], [["a"] * 7] * 7, [[-1] * 7] * 7, [[0] * 7] * 7])
def test_a_confusion_that_is_none_is_not_measured(own: Path, confusion: object) -> None:
    change(own, confusion=confusion)
    card = model_card(own)
    assert NOT_MEASURED in text(card.section("Error by class"))
    assert measured(card)[0][4] == "0.800"  # the card's, without an interval


def test_a_measurement_of_another_shape_is_refused(own: Path) -> None:
    card = read_card(own)
    document = json.loads((own / "card.json").read_text())
    document["metrics"] = {"one part": card.metrics["fer2013/public/single"]}
    (own / "card.json").write_text(json.dumps(document))
    with pytest.raises(CheckpointError, match="as evaluate writes it"):
        model_card(own)


def test_damaged_analyses_are_said_and_the_rest_stands(tmp_path: Path) -> None:
    place = Path(shutil.copytree(SHIPPED / "synthetic-cbam", tmp_path / "synthetic-cbam"))
    (place / "analysis/synthetic-test/predictions.parquet").write_bytes(b"gone")
    (place / "analysis/robustness-synthetic-test.json").write_text("{}")
    (place / "analysis/synthetic-test/gate_use.json").write_text("{}")
    (place / "analysis/evidence-test/evidence-plain.json").write_text("{}")
    card = model_card(place)
    for heading in ("Known biases, on drawn faces", "Worse pictures", "What its attention and its maps are worth"):
        said = text(card.section(heading))
        assert NOT_MEASURED in said
        assert "damaged" in said or "but it" in said, said
    assert len(measured(card)) == 2


def test_biases_name_the_worst_and_the_best_level() -> None:
    section = model_card(SHIPPED / "cbam").section("Known biases, on drawn faces")
    (said,) = [words for words in section.words if words.startswith("Differs beyond chance by")]
    assert "skin as drawn (dark 28.2 % (25.5-31.1), light 44.5 % (41.4-47.6))" in said
    assert "glasses" not in said  # 33.7 % with, 37.3 % without: chance
    assert "no group of persons" in section.words[0]


def test_a_network_of_others_says_where_it_is_from(tmp_path: Path) -> None:
    write_adopted(tmp_path / "theirs", domain="faces")
    card = model_card(tmp_path / "theirs")
    details = text(card.section("Model details"))
    assert "Source: net.py:HandCBAM" in details
    assert f"Accuracy that its maker claims: 71.0 %, {NOT_MEASURED}" in details
    assert "What it was trained on is not known here." in text(card.section("Training data"))
    assert card.licence == "unknown"
    assert card.results == ()
    write_adopted(tmp_path / "pictures", domain="pictures")
    headings = {section.heading for section in model_card(tmp_path / "pictures").sections}
    assert "Known biases, on drawn faces" not in headings
    assert "It must not be used for" in headings


def test_a_figure_without_pictures_is_not_measured() -> None:
    assert percent(Estimate(None, None, None, 0)) == NOT_MEASURED
    assert percent(Estimate(0.5, None, None, 1)) == "50.0 %"
