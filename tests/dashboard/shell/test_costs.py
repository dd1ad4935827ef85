"""What work cost here: medians by model and kind, promised by units, kept in one bounded file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dashboard.shell.costs import BACKWARD, FILE, FORWARD, KINDS_KEPT, TIMES_KEPT, Costs, Work


def test_what_is_promised_is_the_median_of_the_last_times_a_unit(tmp_path: Path) -> None:
    costs = Costs(tmp_path)
    for seconds in (100.0, 4.0, 6.0, 8.0, 60.0, 2.0):  # the first is forgotten
        costs.note(Work("a" * 64, "maps", units=2.0), seconds)
    assert costs.unit("a" * 64, "maps") == 3.0
    assert costs.promise(Work("a" * 64, "maps", units=10.0)) == 30.0
    assert costs.unit("b" * 64, "maps") is None
    assert costs.unit("a" * 64, "gates") is None


def test_before_its_like_ran_work_is_promised_by_the_models_passes(tmp_path: Path) -> None:
    costs = Costs(tmp_path)
    work = Work("a", "map by smoothgrad", units=3.0, passes=(25.0, 25.0), usual=9.0)
    assert costs.promise(work) == 27.0
    costs.note(Work("a", FORWARD), 0.1)
    assert costs.promise(work) == 27.0, "half of it is backward, which is not known"
    assert costs.promise(Work("a", "map by occlusion", passes=(65.0, 0.0))) == pytest.approx(6.5)
    costs.note(Work("a", BACKWARD), 0.2)
    assert costs.promise(work) == pytest.approx(3.0 * 25.0 * 0.3)
    costs.note(work, 6.0)
    assert costs.promise(work) == 6.0
    assert costs.promise(Work("a", "never done")) is None


def test_the_next_server_knows_it(tmp_path: Path) -> None:
    Costs(tmp_path).note(Work("a", "maps"), 4.0)
    assert Costs(tmp_path).promise(Work("a", "maps", units=2.0)) == 8.0
    document = json.loads((tmp_path / FILE).read_text())
    document["cores"] = -1  # another machine's
    (tmp_path / FILE).write_text(json.dumps(document))
    assert Costs(tmp_path).promise(Work("a", "maps")) is None


@pytest.mark.parametrize("text", ["", "[]", '{"format": 1}', '{"format": 1, "cores": null, "times": 3}'])
def test_a_damaged_file_is_done_without(tmp_path: Path, text: str) -> None:
    (tmp_path / FILE).write_text(text)
    costs = Costs(tmp_path)
    assert costs.promise(Work("a", "maps")) is None
    costs.note(Work("a", "maps"), 1.0)
    assert Costs(tmp_path).promise(Work("a", "maps")) == 1.0


def test_a_folder_that_cannot_be_written_is_done_without(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    costs = Costs(tmp_path / "file")
    costs.note(Work("a", "maps"), 1.0)
    assert costs.promise(Work("a", "maps")) == 1.0


def test_it_is_bounded(tmp_path: Path) -> None:
    costs = Costs(tmp_path)
    for number in range(KINDS_KEPT + 1):
        costs.note(Work("a", f"kind {number}"), 1.0)
    assert costs.unit("a", "kind 0") is None
    assert costs.unit("a", "kind 1") == 1.0
    times = json.loads((tmp_path / FILE).read_text())["times"]
    assert len(times) == KINDS_KEPT
    assert all(len(one) <= TIMES_KEPT for one in times.values())
