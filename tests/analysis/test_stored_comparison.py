import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from engine.analysis.comparison import compare_stored
from engine.analysis.files.places import PREDICTIONS, REPORT, analysis_folder
from engine.analysis.store.store import open_store
from engine.errors import UsageError
from engine.statistics.comparison import GROUPS


def test_it_agrees_with_the_files(analysed: Path) -> None:
    found = compare_stored(open_store(["baseline", "cbam"], "fer2013", "private", folder=analysed))
    tables = [
        pq.read_table(analysis_folder(analysed / name, "fer2013", "private") / PREDICTIONS).to_pylist()
        for name in ("baseline", "cbam")
    ]
    one, two = ({row["id"]: row for row in table} for table in tables)
    assert set(found.outcomes) == set(one)
    for picture, outcome in found.outcomes.items():
        assert (outcome.first, outcome.second) == (one[picture]["predicted"], two[picture]["predicted"])
        assert outcome.label == one[picture]["label"]
        assert outcome.second_confidence == pytest.approx(two[picture]["confidence"])
    result = found.comparison
    assert result.n == 14
    assert result.accuracy.first == pytest.approx(sum(row["correct"] for row in one.values()) / 14)
    assert sorted(picture for name in GROUPS for picture in result.groups[name]) == sorted(one)
    only = [name for name in one if one[name]["correct"] and not two[name]["correct"]]
    assert sorted(outcome.id for outcome in found.group("only the first right")) == sorted(only)
    assert found.left_out == (0, 0)


def test_intervals_that_hold_for_all_classes_are_wider_and_the_rest_is_the_same(analysed: Path) -> None:
    found = compare_stored(open_store(["baseline", "cbam"], "fer2013", "private", folder=analysed))
    wider = 0
    for alone, together in zip(found.comparison.per_class, found.simultaneous, strict=True):
        for one, other in ((alone.recall, together.recall), (alone.f1, together.f1)):
            assert (other.first, other.second, other.p) == (one.first, one.second, one.p)
            assert other.low <= one.low + 0.05
            assert other.high >= one.high - 0.05
            wider += (other.high - other.low) > (one.high - one.low)
    assert wider > 0


def test_a_group_starts_with_the_surest_mistake(analysed: Path) -> None:
    found = compare_stored(open_store(["baseline", "cbam"], "fer2013", "private", folder=analysed))
    wrong = [min(one.first_confidence, one.second_confidence) for one in found.group("both wrong, differently")]
    assert len(wrong) > 1
    assert wrong == sorted(wrong, reverse=True)


def test_a_speed_that_is_not_stored_is_none_and_pictures_of_one_alone_are_counted(analysed: Path) -> None:
    report = analysis_folder(analysed / "cbam", "fer2013", "private") / REPORT
    document = json.loads(report.read_text(encoding="utf-8"))
    document["throughput"] = {"bare_pictures_per_second": 500.0}
    report.write_text(json.dumps(document), encoding="utf-8")
    (analysis_folder(analysed / "baseline", "fer2013", "private") / REPORT).unlink()
    found = compare_stored(open_store(["baseline", "cbam"], "fer2013", "private", folder=analysed))
    assert found.milliseconds == (None, 2.0)


def test_another_number_of_models_is_refused(analysed: Path) -> None:
    with pytest.raises(UsageError, match="Expected two models to compare, got 1"):
        compare_stored(open_store(["cbam"], "fer2013", "private", folder=analysed))
