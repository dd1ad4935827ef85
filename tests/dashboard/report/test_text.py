import pytest

from dashboard.report.text import accuracy, escape, gate_name, gate_title, grid, layer_title, percent, short


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.93, "93 %"), (0.004, "< 1 %"), (0.0, "0 %"), (1.0, "100 %"), (0.996, "> 99 %"), (0.99, "99 %"), (0.01, "1 %")],
)
def test_percent_never_rounds_to_a_false_certainty(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5071, ".507"), (1.52, "1.520"), (0.0, "0"), (1.0, "1"), (-0.25, "-.250"), (10.04, "10"), (0.0002, "2.0e-04")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text


def test_grids_and_layers_in_words() -> None:
    assert grid((6, 12)) == "6 × 12 cells"
    assert grid((64,)) == "64 channels"
    assert layer_title("block2.spatial") == "block 2"
    assert layer_title("layer10") == "layer 10"
    assert layer_title("stem") == "stem"
    assert layer_title("ecnn.scale2.spatial") == "ecnn scale 2"
    assert layer_title("cross.received") == "cross"
    assert layer_title("emotion.spatial.sad") == "emotion sad"
    assert layer_title("emotion.class1.channel") == "emotion class 1"
    assert layer_title("emotion.class1.channel", ("angry", "sad")) == "emotion sad"
    assert layer_title("attention") == "attention"


@pytest.mark.parametrize(
    ("layer", "kind", "text"),
    [
        ("block2.spatial", "spatial", "block 2 spatial"),
        ("block2.attention", "cross", "block 2 attention"),
        ("cross", "cross", "cross"),
        ("emotion.spatial", "emotion", "emotion"),
    ],
)
def test_a_gate_is_called_by_place_and_kind(layer: str, kind: str, text: str) -> None:
    assert gate_name(layer, kind) == text


def test_a_maps_heading_says_that_it_attends_between_cells() -> None:
    assert gate_title("block2.attention", "cross") == "block 2 attention"
    assert gate_title("block2.spatial", "spatial") == "block 2"


def test_accuracy_with_and_without_an_interval() -> None:
    assert accuracy({"accuracy": 0.684, "interval": [0.669, 0.699]}) == "68.4 % (66.9–69.9)"
    assert accuracy({"accuracy": 0.684}) == "68.4 %"


def test_escape_covers_quotes() -> None:
    assert escape('<a title="x">') == "&lt;a title=&quot;x&quot;&gt;"
