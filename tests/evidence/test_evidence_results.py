from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from engine.errors import DataError
from engine.evidence.document import benchmark_command, evidence_file, read_evidence
from engine.labels import EMOTIONS
from engine.records import InputSpec, RunCard
from tests.made_evidence import make_report, write_report
from tests.made_shorter import make_shorter

CARD = RunCard(
    name="cbam",
    architecture="cbam",
    config={},
    classes=EMOTIONS,
    input=InputSpec(48, 1, (0.5,), (0.25,)),
    recipe={},
    data={},
    metrics={},
    versions={},
    weights_sha256="a" * 64,
    parameters=1,
)


@pytest.mark.parametrize("variant", ["plain", "spurious"])
def test_what_is_written_is_read_back(tmp_path: Path, variant: str) -> None:
    report = make_report(variant=variant)
    found = read_evidence(write_report(tmp_path, report), CARD, variant=variant)
    assert found is not None
    assert found.as_dict() == report.as_dict()
    assert found.maps[0].source == report.maps[0].source


def test_refused_methods_and_maps_without_a_layer_are_read_back(tmp_path: Path) -> None:
    report = make_report()
    (first, *rest) = report.maps
    bare = replace(first, source=replace(first.source, name="deeplift", layer=""))
    report = replace(report, maps=(bare, *rest), refused={"guided_gradcam": "it has no ReLUs"})
    found = read_evidence(write_report(tmp_path, report), CARD, variant="plain")
    assert found is not None
    assert found.maps[0].source.layer == ""
    assert found.refused == report.refused


def test_older_files_have_none_refused(tmp_path: Path) -> None:
    file = write_report(tmp_path, make_report())
    document = json.loads(file.read_text(encoding="utf-8"))
    del document["refused"]
    file.write_text(json.dumps(document), encoding="utf-8")
    found = read_evidence(file, CARD, variant="plain")
    assert found is not None
    assert found.refused == {}


def test_no_file_is_none_and_where_it_belongs_is_known(tmp_path: Path) -> None:
    file = evidence_file("spurious")
    assert file.as_posix() == "analysis/evidence-test/evidence-spurious.json"
    assert read_evidence(tmp_path / file, CARD, variant="spurious") is None


def test_the_command_names_model_variant_and_file() -> None:
    assert (
        benchmark_command("cbam", "plain", "a.json") == "python -m engine benchmark evidence --model cbam --out a.json"
    )
    assert "--variant spurious" in benchmark_command("cbam", "spurious", "a.json")


def _set(*keys: Any, to: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for key in keys[:-1]:
            document = document[key]
        document[keys[-1]] = to

    return change


def _drop(*keys: Any) -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        for key in keys[:-1]:
            document = document[key]
        del document[keys[-1]]

    return change


ALL = ("maps", 0, "groups", "all")
DAMAGES = {
    "another benchmark": _set("benchmark", to="speed"),
    "another model": _set("model", to="baseline"),
    "another split": _set("split", to="val"),
    "other classes": _set("classes", to=list(EMOTIONS[::-1])),
    "unknown variant": _set("variant", to="hard"),
    "other weights": _set("weights_sha256", to="b" * 64),
    "no maps": _set("maps", to=[]),
    "a map cut off": _drop("maps", 0, "groups", "right"),
    "a metric cut off": _drop(*ALL, "hit"),
    "a comparison cut off": _drop(*ALL, "minus", "edges"),
    "a reference cut off": _drop("references", 1),
    "a mean outside its interval": _set(*ALL, "mass", "mean", to=0.9),
    "a mean that is text": _set(*ALL, "mass", "mean", to="half"),
    "a mean without pictures": _set(*ALL, "mass", "n", to=0),
    "more empty maps than pictures": _set(*ALL, "empty", to=99),
    "a count that does not add up": _set("pictures", to=50),
    "more right than scored": _set("right", to=41),
    "a group of another size": _set("right", to=29),
    "a kind that is none": _set("maps", 0, "kind", to="guess"),
    "a mark in plain pictures": _set("cue", to={"differs": 3, "followed": 1}),
    "a list": lambda document: document.clear(),
}


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES.keys())
def test_damage_is_one_sentence(tmp_path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    file = write_report(tmp_path, make_report())
    document = json.loads(file.read_text(encoding="utf-8"))
    damage(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read_evidence(file, CARD, variant="plain")
    said = str(caught.value)
    assert "'evidence-plain.json'" in said
    assert "benchmark evidence --model cbam" in said
    assert str(tmp_path) not in said


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "NaN", "\x00"])
def test_a_file_that_is_no_document_is_one_sentence(tmp_path: Path, text: str) -> None:
    file = tmp_path / "evidence-plain.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"evidence-plain\.json"):
        read_evidence(file, CARD, variant="plain")


def test_results_of_another_variant_are_refused(tmp_path: Path) -> None:
    file = write_report(tmp_path, make_report(variant="spurious"))
    with pytest.raises(DataError, match="variant spurious"):
        read_evidence(file, CARD, variant="plain")


def test_maps_of_fewer_faces_are_read_back(tmp_path: Path) -> None:
    report = make_shorter()
    found = read_evidence(write_report(tmp_path, report), CARD, variant="plain")
    assert found is not None
    assert found.as_dict() == report.as_dict()
    assert [row.pictures for row in found.maps] == [42, 14, 42, 42]
    assert found.reference("edges", found.maps[1]).pictures == 14


def test_in_older_files_every_map_has_all_pictures(tmp_path: Path) -> None:
    file = write_report(tmp_path, make_report())
    document = json.loads(file.read_text(encoding="utf-8"))
    for row in (*document["maps"], *document["references"]):
        del row["pictures"]
    file.write_text(json.dumps(document), encoding="utf-8")
    found = read_evidence(file, CARD, variant="plain")
    assert found is not None
    assert found.as_dict() == make_report().as_dict()


SHORTER_DAMAGES = {
    "more pictures than drawn": _set("maps", 1, "pictures", to=43),
    "pictures whose references are not there": _set("maps", 1, "pictures", to=15),
    "a group larger than its pictures": _set("maps", 1, "groups", "all", "pictures", to=15),
    "references over other pictures": lambda document: document["references"].pop(),
}


@pytest.mark.parametrize("damage", SHORTER_DAMAGES.values(), ids=SHORTER_DAMAGES.keys())
def test_damage_of_maps_of_fewer_faces_is_noticed(tmp_path: Path, damage: Callable[[dict[str, Any]], None]) -> None:
    file = write_report(tmp_path, make_shorter())
    document = json.loads(file.read_text(encoding="utf-8"))
    damage(document)
    file.write_text(json.dumps(document), encoding="utf-8")
    with pytest.raises(DataError, match="evidence-plain"):
        read_evidence(file, CARD, variant="plain")
