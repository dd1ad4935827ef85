from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from engine.errors import DataError
from engine.evidence.readings import EvidenceReadings, read_readings, readings_file, write_readings
from tests.evidence.test_evidence_readings import CAM, GATE, made

SETTINGS = {"model": "made", "seed": 0}


def test_it_lies_beside_the_result() -> None:
    assert readings_file(Path("a/evidence-plain.json")) == Path("a/evidence-plain.readings.parquet")


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    file = tmp_path / "made.readings.parquet"
    readings = made()
    readings.refused, readings.not_scored = {"guided_gradcam": "it has no ReLUs"}, ("block4.channel",)
    write_readings(file, readings)
    found = read_readings(file, SETTINGS)
    assert found is not None
    assert found.faces is not None
    assert readings.faces is not None
    assert found.faces.labels.tolist() == readings.faces.labels.tolist()
    assert found.faces.answers.tolist() == [0, -1, 2, 3]
    assert found.faces.area.tolist() == readings.faces.area.tolist()
    assert found.faces.cues is None
    assert found.done == readings.done
    assert list(found.figures) == list(readings.figures)
    for source, figures in readings.figures.items():
        assert found.figures[source].dtype == np.float32
        np.testing.assert_array_equal(found.figures[source], figures)
    assert (found.refused, found.not_scored) == (readings.refused, readings.not_scored)
    assert [path.name for path in tmp_path.iterdir()] == ["made.readings.parquet"]
    # A map that read fewer faces has nulls for the others, which are not its empty ones.
    table = pq.read_table(file)
    assert table["method|gradcam|block4|6x6|mass"].null_count == 1
    assert table["gate|spatial|block4.spatial|6x6|mass"].null_count == 0


def test_marks_are_kept(tmp_path: Path) -> None:
    file = tmp_path / "made.readings.parquet"
    readings = made()
    assert readings.faces is not None
    object.__setattr__(readings.faces, "cues", np.array([6, 0, 3, 1]))
    write_readings(file, readings)
    found = read_readings(file, SETTINGS)
    assert found is not None
    assert found.faces is not None
    assert found.faces.cues is not None
    assert found.faces.cues.tolist() == [6, 0, 3, 1]


def test_none_is_none(tmp_path: Path) -> None:
    file = tmp_path / "made.readings.parquet"
    assert read_readings(file, SETTINGS) is None
    write_readings(file, EvidenceReadings(SETTINGS))  # nothing read yet
    assert not file.exists()


def test_other_settings_are_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "made.readings.parquet"
    write_readings(file, made())
    with pytest.raises(
        DataError, match=r"'made.readings.parquet' holds readings of another seed and weights"
    ) as caught:
        read_readings(file, {"model": "made", "seed": 1, "weights": "b"})
    assert str(tmp_path) not in str(caught.value)


def _without(name: str) -> Callable[[Path], None]:
    return lambda file: pq.write_table(pq.read_table(file).drop_columns([name]), file)


def _fewer_rows(file: Path) -> None:
    pq.write_table(pq.read_table(file).slice(0, 2), file)


def _no_metadata(file: Path) -> None:
    pq.write_table(pq.read_table(file).replace_schema_metadata(None), file)


def _cut(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:-200])


@pytest.mark.parametrize(
    "damage", [_without("answer"), _without("method|gradcam|block4|6x6|hit"), _fewer_rows, _no_metadata, _cut]
)
def test_damage_is_a_sentence(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    file = tmp_path / "made.readings.parquet"
    write_readings(file, made())
    damage(file)
    with pytest.raises(DataError, match=r"'made.readings.parquet', but it is damaged; remove it") as caught:
        read_readings(file, SETTINGS)
    assert str(tmp_path) not in str(caught.value)


def test_a_method_that_this_version_does_not_have_is_damage(tmp_path: Path) -> None:
    file = tmp_path / "made.readings.parquet"
    write_readings(file, made())
    table = pq.read_table(file)
    said = table.schema.metadata[b"ferlens"].replace(b'"gradcam"', b'"oldcam"')
    pq.write_table(table.replace_schema_metadata({b"ferlens": said}), file)
    with pytest.raises(DataError, match="damaged"):
        read_readings(file, SETTINGS)


def test_three_thousand_faces_take_little(tmp_path: Path) -> None:
    readings = EvidenceReadings(SETTINGS)
    rng = np.random.default_rng(0)
    base = made()
    assert base.faces is not None
    count = 3000
    readings.faces = type(base.faces)(np.arange(count) % 7, np.arange(count) % 7, None, np.full(count, 0.2))
    readings.done = {"answers": count, "gradcam": count}
    for source in (CAM, GATE):
        readings.figures[source] = rng.random((count, 3)).astype(np.float32)
    file = tmp_path / "made.readings.parquet"
    write_readings(file, readings)
    assert file.stat().st_size < 2 * 3 * 4 * count + 20_000  # four bytes a figure, and the faces
    assert isinstance(pq.read_table(file), pa.Table)
