from __future__ import annotations

import json
from pathlib import Path

from engine.analysis.evaluation import evaluation
from engine.analysis.files.places import REPORT
from engine.analysis.split_protocol import SplitProtocol, split_protocol
from engine.analysis.store.store import open_store


def report_file(folder: Path) -> Path:
    return folder / "cbam" / "analysis" / "fer2013-private" / REPORT


def protocol(folder: Path) -> SplitProtocol:
    return split_protocol(open_store(["cbam"], "fer2013", "private", folder=folder))


def test_the_report_says_it(analysed: Path) -> None:
    assert protocol(analysed) == SplitProtocol(
        "PrivateTest, the literature's test split; chose nothing; not person-independent: the source does not tell who "
        "is shown"
    )


def test_an_older_report_leaves_what_is_known_of_the_dataset(analysed: Path) -> None:
    file = report_file(analysed)
    document = json.loads(file.read_text())
    del document["person_independent"]
    file.write_text(json.dumps(document))
    assert protocol(analysed).words == "not person-independent: the source does not tell who is shown"
    file.unlink()
    assert protocol(analysed).words == "not person-independent: the source does not tell who is shown"


def test_of_a_split_that_leaks_no_part_is_called_clean(analysed: Path) -> None:
    store = open_store(["cbam"], "fer2013", "private", folder=analysed)
    assert evaluation(store).subsets[2].figures is not None
    file = report_file(analysed)
    document = json.loads(file.read_text())
    document["near_copies"] = {"leaks": True, "conclusion": "private leaks: all of it."}
    file.write_text(json.dumps(document))
    found = evaluation(store)
    assert found.subsets[2].figures is None
    assert found.as_dict()["leak"] == "private leaks: all of it."
