from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from engine.analysis.files.attention import by_class, find_attention, open_attention, write_attention
from engine.analysis.files.places import ATTENTION, FORMAT
from engine.analysis.sweep.statistics import MapStatistics, Plane
from engine.errors import DataError, UnknownNameError

PLANE = Plane(np.arange(4.0), np.eye(4)[:2], np.array([0.5, 0.25]))
METADATA = {"format": FORMAT, "classes": ["happy", "sad"], "model": "cbam"}
AGAIN = "python -m engine analyze --model cbam --dataset fer2013 --split private --force"


def statistics() -> dict[str, MapStatistics]:
    rng = np.random.default_rng(1)
    groups = np.array([0, 1, 1, 3])
    return {
        name: MapStatistics.of(rng.random((4, *shape)), groups, 4)
        for name, shape in (("b.spatial", (3, 2)), ("a.channel", (5,)))
    }


def test_it_comes_back_as_it_was(tmp_path: Path) -> None:
    write_attention(tmp_path / "a.safetensors", statistics(), PLANE, METADATA)
    found = open_attention(tmp_path / "a.safetensors", AGAIN)
    assert found.layers == ("b.spatial", "a.channel")
    assert found.classes == ("happy", "sad")
    for layer, given in statistics().items():
        for group, expected in by_class(layer, given).items():
            record = found.of(layer, group)
            assert record.count.tolist() == expected.count.tolist()
            for one, other in zip(record.values, expected.values, strict=True):
                assert (one == other).all()
    assert (found.plane().axes == PLANE.axes).all()
    with pytest.raises(UnknownNameError, match=r"b\.spatial, a\.channel"):
        found.of("c")
    with pytest.raises(UnknownNameError, match="all, right, wrong"):
        found.of("b.spatial", "some")


def test_a_checkpoints_own(analysed: Path) -> None:
    found = find_attention("cbam", "fer2013", "private", folder=analysed)
    assert len(found.layers) == 10
    assert found.of("block4.spatial").count.tolist() == [2] * 7
    assert found.metadata["model"] == "cbam"


@pytest.mark.parametrize(
    "change",
    [
        {"layers": "b.spatial"}, {"layers": [3]}, {"layers": {}}, {"classes": 7}, {"classes": ["happy", "happy"]},
        {"classes": [["happy"], ["sad"]]}, {"format": [1]}, {"deep": "[" * 70},
    ],
)  # fmt: skip
def test_odd_metadata_is_a_sentence(tmp_path: Path, change: dict[str, object]) -> None:
    file = tmp_path / "a.safetensors"
    write_attention(file, statistics(), PLANE, METADATA)
    tensors = load_file(file)
    document = json.dumps({**METADATA, "layers": ["b.spatial", "a.channel"], **change})
    save_file(tensors, file, metadata={"ferlens": document.replace('"' + "[" * 70 + '"', "[" * 70 + "]" * 70)})
    with pytest.raises(DataError, match=r"a\.safetensors"):
        open_attention(file, AGAIN)


@pytest.mark.parametrize(
    ("format", "says"), [(FORMAT + 1, "by a newer"), (FORMAT - 1, "by an older"), (None, "by an old")]
)
def test_another_version_says_which_and_what_to_do(tmp_path: Path, format: int | None, says: str) -> None:  # noqa: A002
    file = tmp_path / "a.safetensors"
    write_attention(file, statistics(), PLANE, {**METADATA, "format": format})
    with pytest.raises(DataError, match=rf"was made {says}.* FERLens .*make it again with: {re.escape(AGAIN)}"):
        open_attention(file, AGAIN)


def test_odd_tensors_are_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a.safetensors"
    write_attention(file, statistics(), PLANE, METADATA)
    tensors = load_file(file)
    del tensors["embedding/axes"]
    tensors["b.spatial/all/mean"] = np.zeros(3, dtype=np.float32)
    metadata = {"ferlens": json.dumps({**METADATA, "layers": ["b.spatial"]})}
    save_file(tensors, file, metadata=metadata)
    opened = open_attention(file, AGAIN)
    for ask in (opened.plane, lambda: opened.of("b.spatial")):
        with pytest.raises(DataError, match="is damaged; make it again"):
            ask()


@pytest.mark.parametrize("how", ["missing", "empty", "cut", "text", "other"])
def test_what_cannot_be_used_says_how_to_make_it_again(analysed: Path, how: str) -> None:
    file = analysed / "cbam" / "analysis" / "fer2013-private" / ATTENTION
    if how == "missing":
        file.unlink()
    elif how == "other":
        write_attention(file, statistics(), PLANE, {**METADATA, "format": FORMAT + 1})
    else:
        file.write_bytes({"empty": b"", "cut": file.read_bytes()[:5000], "text": b"not at all" * 20}[how])
    with pytest.raises(DataError) as raised:
        find_attention("cbam", "fer2013", "private", folder=analysed)
    assert str(raised.value).endswith(f"with: {AGAIN}")
    assert "'fer2013-private/attention.safetensors'" in str(raised.value)
    assert str(analysed) not in str(raised.value)


def test_without_any_analysis_no_force_is_needed(seeded_store: Path) -> None:
    with pytest.raises(DataError, match=r"make it with: .* --split private$"):
        find_attention("cbam", "fer2013", "private", folder=seeded_store)
