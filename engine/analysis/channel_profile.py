"""How well each channel of a gate tells the classes apart, and which channels go together.

From count, mean and variance of each class alone, per channel: the F statistic of one-way analysis of variance [1] and
η², the share of the channel's whole variance that lies between classes. A channel's profile is how far each class's
mean lies from the mean of the classes, in standard deviations within classes; profiles are clustered by Ward's
method [2], so channels of a cluster open for the same classes, about as strongly.

[1] R. A. Fisher. Statistical Methods for Research Workers. 1925.
[2] J. H. Ward. Hierarchical grouping to optimize an objective function. JASA 58, 1963.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.cluster.hierarchy import fcluster, linkage

from engine.analysis.class_attention import ClassAttention
from engine.analysis.contrasts import mean_of_classes
from engine.errors import UsageError

Float64 = NDArray[np.float64]
Int64 = NDArray[np.int64]

LEVEL: Final = 0.05


@dataclass(frozen=True, eq=False)
class ChannelProfiles:
    """What the classes do to the C channels of one gate.

    Attributes:
        layer: the gate.
        count: int64 (K,), pictures of each class.
        mean: float64 (K, C), the mean weight; a class without pictures is NaN throughout.
        profile: float64 (K, C), mean minus the mean of the classes, in standard deviations within classes.
        f: float64 (C,) >= 0, NaN for a channel that never varies.
        explained: float64 (C,), η² in [0, 1], NaN likewise.
        critical: the F that chance alone exceeds in one of C channels with probability 5 % (Bonferroni).
    """

    layer: str
    count: Int64
    mean: Float64
    profile: Float64
    f: Float64
    explained: Float64
    critical: float

    @property
    def order(self) -> Int64:
        """The channels (C,), the one that separates the classes best first; those without F last."""
        return np.argsort(-np.nan_to_num(self.f, nan=-1.0), kind="stable").astype(np.int64)

    @property
    def beyond_chance(self) -> int:
        """How many channels separate the classes by more than chance, corrected for their number."""
        return int((self.f > self.critical).sum())


def channel_profiles(of: ClassAttention) -> ChannelProfiles:
    """Compute the profiles of a channel gate.

    Raises:
        UsageError: it is no channel gate, or fewer than two classes have pictures, or no class has two.
    """
    if of.channel_mean is None or of.channel_var is None:
        raise UsageError(f"Expected a channel gate, got the map '{of.layer}'; choose a gate with channels.")
    some = of.count > 0
    count = of.count[some].astype(np.float64)[:, None]
    mean, variance = of.channel_mean[some].astype(np.float64), of.channel_var[some].astype(np.float64)
    groups, total = len(count), float(count.sum())
    if groups < 2 or total <= groups:
        raise UsageError(
            "Expected pictures of two classes or more, and two of some class, to tell channels apart, got fewer; "
            "choose other pictures."
        )
    middle = (count * mean).sum(axis=0) / total
    between = (count * (mean - middle) ** 2).sum(axis=0)
    within = ((count - 1.0) * variance).sum(axis=0)
    varies = within > 0.0
    safe = np.where(varies, within, np.nan)
    deviation = np.sqrt(safe / (total - groups))
    f = between / (groups - 1) / (safe / (total - groups))
    profile = np.full(of.channel_mean.shape, np.nan)
    profile[some] = np.where(varies, (mean - mean_of_classes(of)) / deviation, 0.0)
    means = np.full(of.channel_mean.shape, np.nan)
    means[some] = mean
    critical = float(stats.f.isf(LEVEL / mean.shape[1], groups - 1, total - groups))
    return ChannelProfiles(of.layer, of.count, means, profile, f, between / (between + safe), critical)


def clusters(profiles: ChannelProfiles, most: int) -> Int64:
    """Group the channels by their profiles into ``most`` clusters, fewer where channels are alike.

    Returns:
        int64 (C,): 1, 2, ... numbered by the F of their best channel; 0 for channels that never vary.
    """
    if most < 1:
        raise UsageError(f"Expected one cluster or more, got {most}.")
    varies = np.flatnonzero(np.isfinite(profiles.f))
    found = np.zeros(len(profiles.f), np.int64)
    if len(varies) < 2:
        found[varies] = 1
        return found
    some = profiles.count > 0
    tree = linkage(profiles.profile[some][:, varies].T, method="ward")
    raw = fcluster(tree, t=most, criterion="maxclust")
    number: dict[int, int] = {}
    for channel in profiles.order:
        at = np.flatnonzero(varies == channel)
        if at.size:
            found[channel] = number.setdefault(int(raw[at[0]]), len(number) + 1)
    return found
