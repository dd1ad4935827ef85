from __future__ import annotations

import numpy as np
import pytest

from dashboard.views.class_attention.figures.channels import (
    arrange,
    channel_figure,
    channel_range,
    cluster_rows,
    clusters_html,
)
from engine.analysis.contrasts import ChannelProfiles, channel_profiles, clusters
from tests.dashboard.made_attention import CLASSES, write_made


@pytest.fixture(scope="module")
def profiles(tmp_path_factory: pytest.TempPathFactory) -> ChannelProfiles:
    return channel_profiles(write_made(tmp_path_factory.mktemp("made")).of("block1.channel"))


def test_channels_stand_by_f_or_by_cluster(profiles: ChannelProfiles) -> None:
    groups = clusters(profiles, 4)
    best = arrange(profiles, groups, "by F", 10)
    assert best[0] == 3
    assert best.tolist() == profiles.order[:10].tolist()
    together = arrange(profiles, groups, "by cluster", 20)
    runs = groups[together][groups[together] > 0]
    assert sorted(runs.tolist()) == runs.tolist()
    assert together[-1] == 7  # never varies
    assert sorted(together.tolist()) == list(range(20))
    with pytest.raises(ValueError, match="by cluster"):
        arrange(profiles, groups, "by name", 3)


def test_the_figure_draws_what_it_says(profiles: ChannelProfiles) -> None:
    groups = clusters(profiles, 4)
    limits = channel_range([profiles], "difference")
    assert limits[0] == -limits[1] == pytest.approx(-np.nanmax(np.abs(profiles.profile)))
    assert channel_range([profiles], "gate") == (0.0, 1.0)
    figure = channel_figure(profiles, groups, CLASSES, order="by F", most=5, cells="gate", limits=(0.0, 1.0))
    bars, heat, strip = figure.data
    assert bars.y[0] == pytest.approx(profiles.f[3])
    assert [row[0] for row in heat.z] == [pytest.approx(profiles.mean[0, 3]), pytest.approx(profiles.mean[1, 3]), None]
    assert (heat.zmin, heat.zmax) == (0.0, 1.0)
    assert len(heat.z[0]) == len(strip.z[0]) == 5
    assert "channel 3, sad<br>mean weight" in heat.hovertext[1][0]
    assert "channel 3, fear<br>no pictures" in heat.hovertext[2][0]
    all_of_them = channel_figure(
        profiles, groups, CLASSES, order="by cluster", most=20, cells="difference", limits=limits
    )
    assert "never varies" in all_of_them.data[1].hovertext[0][-1]


def test_clusters_name_the_classes_at_their_ends(profiles: ChannelProfiles) -> None:
    found = cluster_rows(profiles, clusters(profiles, 3), CLASSES)
    assert (found[0].channels[0], found[0].highest, found[0].lowest) == (3, "sad", "happy")
    assert "fear" not in found[0].profile
    assert sum(len(cluster.channels) for cluster in found) == 19
    html = clusters_html(found, shown=1)
    assert html.count('<th scope="row">') == len(found)
    assert f"sad +{found[0].profile['sad']:.2f}" in html
