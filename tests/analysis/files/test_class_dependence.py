from __future__ import annotations

import pytest

from engine.analysis.files.attention import depends_on_class, is_gradcam, is_received


@pytest.mark.parametrize(
    ("layer", "depends", "gradcam"),
    [
        ("block2.spatial", False, False),
        ("block2.channel", False, False),
        ("fusion.received", False, False),
        ("head.happy", True, False),
        ("gradcam.true", True, True),
    ],
)
def test_only_maps_made_for_a_class_can_depend_on_it(layer: str, *, depends: bool, gradcam: bool) -> None:
    assert depends_on_class(layer, ("happy", "sad")) is depends
    assert is_gradcam(layer) is gradcam
    assert is_received(layer) is (layer == "fusion.received")
