import pytest

from dashboard.views.explain.figures.gates import channel_bars, ranked_channels, shown_channels
from tests.dashboard.made import make_gate

GATE = make_gate("block1.channel", "channel", [0.2, 0.9, 0.5, 0.9])
WIDE = make_gate("block4.channel", "channel", [index / 100 for index in range(100)])


def test_ranking_is_by_weight_and_ties_keep_the_channel_order() -> None:
    assert ranked_channels(GATE) == (1, 3, 2, 0)


def test_views() -> None:
    assert shown_channels(WIDE, "highest")[:2] == (99, 98)
    assert len(shown_channels(WIDE, "highest")) == 24
    assert shown_channels(WIDE, "lowest")[-1] == 0
    assert len(shown_channels(WIDE, "all")) == 100
    with pytest.raises(ValueError, match="highest"):
        shown_channels(WIDE, "some")


def test_bars_carry_their_channel_and_mark_the_chosen_one() -> None:
    (bar,) = channel_bars(GATE, "highest", chosen=2, scale="fixed").data
    assert [row[0] for row in bar.customdata] == [1, 3, 2, 0]
    assert list(bar.marker.opacity) == [0.45, 0.45, 1.0, 0.45]
    assert list(bar.y) == pytest.approx([0.9, 0.9, 0.5, 0.2])


def test_the_axis_runs_from_0_to_1_unless_stretched() -> None:
    assert tuple(channel_bars(GATE, "all", 1, "fixed").layout.yaxis.range) == (0.0, 1.0)
    stretched = channel_bars(GATE, "all", 1, "stretch")
    assert stretched.layout.yaxis.range[0] == pytest.approx(0.2)
    assert stretched.data[0].base == pytest.approx(0.2)
    assert max(stretched.data[0].y) == pytest.approx(0.7)  # a bar's length is counted from its base
