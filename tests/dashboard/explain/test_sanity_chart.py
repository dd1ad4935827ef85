import pytest

from dashboard.views.explain.figures.sanity import DASHES, part_title, randomisation_chart
from tests.dashboard.made_trust import make_randomisation


def test_a_line_a_map_from_the_whole_model_on() -> None:
    way = make_randomisation(0.8, None, -0.1)
    figure = randomisation_chart([way, make_randomisation(0.9, 0.7, 0.6, method="layercam")])
    one, two = figure.data
    assert list(one.x) == ["as trained", "output", "+ block 2", "+ block 1"]
    assert list(one.y) == [1.0, 0.8, None, -0.1]
    assert one.customdata[3] == "mean of 3 draws"
    assert list(two.y) == [1.0, 0.9, 0.7, 0.6]
    assert (one.name, two.name) == ("Grad-CAM for happy at block 4", "LayerCAM for happy at block 4")
    assert (one.line.dash, two.line.dash) == DASHES[:2]
    assert one.marker.symbol != two.marker.symbol
    assert figure.layout.showlegend
    assert not randomisation_chart([way]).layout.showlegend
    assert tuple(figure.layout.yaxis.range) == (-1.05, 1.05)


def test_parts_read_as_words() -> None:
    assert [part_title(name) for name in ("block4", "stages.2", "neck_out", "output")] == [
        "block 4", "stages 2", "neck out", "output",
    ]  # fmt: skip


def test_maps_of_two_models_share_no_axis() -> None:
    with pytest.raises(ValueError, match="maps of one model"):
        randomisation_chart([make_randomisation(0.8), make_randomisation(0.8, 0.5)])
