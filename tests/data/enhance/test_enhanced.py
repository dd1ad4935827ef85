from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.data.enhance.enhance import (
    common_enhancement,
    enhancement_at,
    enhancement_of,
    networks_of,
    require_enhanced,
)
from engine.errors import DataError, UsageError

NOTE = {
    "networks": [
        {"role": "sr", "architecture": "SwinIR", "file": "s.pth", "sha256": "1" * 64},
        {"role": "color", "architecture": "DDColor", "file": "c.pth", "sha256": "2" * 64},
    ],
    "tile": 256,
    "overlap": 32,
    "source": {"height": 48, "width": 48, "grey": True},
}


def folder(tmp_path: Path, name: str, note: dict | None, file: str = "enhance.json") -> Path:
    place = tmp_path / name
    (place / "train" / "happy").mkdir(parents=True)
    if note is not None:
        (place / file).write_text(json.dumps(note))
    return place


def test_notes_are_found(tmp_path: Path) -> None:
    enhanced = folder(tmp_path, "enhanced", NOTE | {"made": 3})
    assert enhancement_at(enhanced) == NOTE
    assert enhancement_of("fer2013", enhanced) == NOTE
    balanced = folder(tmp_path, "balanced", {"method": "random", "enhancement": NOTE}, "balance.json")
    assert enhancement_at(balanced) == NOTE
    assert enhancement_at(folder(tmp_path, "even", {"method": "random"}, "balance.json")) is None
    plain = folder(tmp_path, "plain", None)
    assert enhancement_at(plain) is None
    assert enhancement_at(tmp_path / "x.csv") is None
    assert enhancement_of("synthetic", None) is None
    assert networks_of(NOTE) == ("1" * 64, "2" * 64)
    assert networks_of(None) == ()
    with pytest.raises(DataError, match=r"'enhance\.json' in 'odd' is damaged"):
        enhancement_at(folder(tmp_path, "odd", {"networks": []}))


def test_data_that_trains_together_is_treated_alike(tmp_path: Path) -> None:
    one, same = folder(tmp_path, "one", NOTE), folder(tmp_path, "same", NOTE | {"tile": 64})
    plain, alone = folder(tmp_path, "plain", None), folder(tmp_path, "alone", NOTE | {"networks": NOTE["networks"][:1]})
    assert common_enhancement([("fer2013", one), ("folder", same)]) == NOTE
    assert common_enhancement([("fer2013", plain), ("synthetic", None)]) is None
    for first, second in ((one, plain), (plain, one), (one, alone)):
        with pytest.raises(UsageError, match=f"but '{second.name}' was treated otherwise than the first"):
            common_enhancement([("fer2013", first), ("fer2013", second)])


def test_a_model_is_measured_on_what_it_knows(tmp_path: Path) -> None:
    one, plain = folder(tmp_path, "one", NOTE), folder(tmp_path, "plain", None)
    require_enhanced("mine", {"enhancement": NOTE}, "fer2013", one)
    require_enhanced("mine", {}, "fer2013", tmp_path / "not looked for")
    with pytest.raises(UsageError) as caught:
        require_enhanced("mine", {"enhancement": NOTE}, "fer2013", plain)
    assert str(caught.value) == (
        "'mine' was trained on pictures enhanced by SwinIR ('s.pth'), then DDColor ('c.pth'), but these were not; make "
        "such a folder with 'python -m engine enhance' and give it with --data."
    )
    with pytest.raises(UsageError, match="but these were not"):
        require_enhanced("mine", {"enhancement": NOTE}, "synthetic", None)
