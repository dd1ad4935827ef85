"""Differences of class means, cell by cell, and how sure each is.

A contrast is a weighted sum of means over different pictures, L = Σ w m. Its standard error is √(Σ w² s² / n), and
L over it is compared with Student's t with the degrees of freedom of [1] and [2]; nothing is assumed about equal
spreads. Maps have many cells, so a cell counts as beyond chance only where p < level / cells (Bonferroni).

[1] B. L. Welch. The generalization of "Student's" problem when several different population variances are involved.
    Biometrika 34, 1947.
[2] F. E. Satterthwaite. An approximate distribution of estimates of variance components. Biometrics Bulletin 2, 1946.

The pictures of a class whose map lies most and least like the class's mean.

A store keeps, of each picture's map, its shares of mass by region, not the map. So the distance of a picture is how
much of its map's mass would have to move to another region to reach the class's mean shares: half the sum of absolute
differences, from 0 to 1 (total variation). Where inside a region the map lies does not count.

How well each channel of a gate tells the classes apart, and which channels go together.

From count, mean and variance of each class alone, per channel: the F statistic of one-way analysis of variance [1] and
η², the share of the channel's whole variance that lies between classes. A channel's profile is how far each class's
mean lies from the mean of the classes, in standard deviations within classes; profiles are clustered by Ward's
method [2], so channels of a cluster open for the same classes, about as strongly.

[1] R. A. Fisher. Statistical Methods for Research Workers. 1925.
[2] J. H. Ward. Hierarchical grouping to optimize an objective function. JASA 58, 1963.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from scipy.cluster.hierarchy import fcluster, linkage

from engine.analysis.class_regions import group_filter, mass_columns
from engine.analysis.files.attention import ClassAttention
from engine.analysis.store.query import Column
from engine.analysis.store.store import AnalysisStore
from engine.edit.face_template import REGIONS
from engine.errors import UsageError

Float64 = NDArray[np.float64]

LEVEL: Final = 0.05


@dataclass(frozen=True, eq=False)
class Term:
    """One mean of a contrast: its weight, and count, mean and variance (S...) of the pictures behind it."""

    weight: float
    count: int
    mean: Float64
    variance: Float64


@dataclass(frozen=True, eq=False)
class Contrast:
    """A weighted sum of means.

    Attributes:
        values: float64 (S...), signed, in the maps' own unit.
        standard_error: float64 (S...), NaN where a mean is of fewer than two pictures.
        p: float64 (S...) in [0, 1], two-sided, uncorrected; NaN where it cannot be told.
        count: the pictures of the smallest mean.
    """

    values: Float64
    standard_error: Float64
    p: Float64
    count: int

    def beyond_chance(self, level: float = LEVEL) -> int:
        """Return how many cells differ from zero by more than chance, corrected for the number of cells."""
        return int((self.p < level / self.p.size).sum())


def contrast(terms: Sequence[Term]) -> Contrast:
    """Add up weighted means of different pictures.

    Raises:
        UsageError: a mean is of no picture.
    """
    if not terms or any(term.count < 1 for term in terms):
        raise UsageError("Expected means of one picture or more to subtract, got one of none; choose other classes.")
    values = np.sum([term.weight * term.mean for term in terms], axis=0)
    # One picture says nothing about how much pictures differ: its part of the error is unknown.
    parts = np.stack(
        [term.weight**2 * term.variance / term.count if term.count > 1 else term.mean * np.nan for term in terms]
    )
    squared = parts.sum(axis=0)
    spread = np.where(squared > 0.0, squared, np.nan)
    freedom = spread**2 / np.sum([part**2 / (term.count - 1) for part, term in zip(parts, terms, strict=True)
                                  if term.count > 1] or [spread * np.nan], axis=0)  # fmt: skip
    p = 2.0 * stats.t.sf(np.abs(values) / np.sqrt(spread), freedom)
    return Contrast(np.asarray(values), np.sqrt(squared), np.asarray(p), min(term.count for term in terms))


def _term(weight: float, of: ClassAttention, index: int) -> Term:
    mean, variance = of.values
    return Term(weight, int(of.count[index]), mean[index].astype(np.float64), variance[index].astype(np.float64))


def mean_of_classes(of: ClassAttention) -> Float64:
    """Return float64 (S...): the mean of the classes' means, each class that has pictures counting alike.

    Raises:
        UsageError: no class has a picture.
    """
    some = of.count > 0
    if not some.any():
        raise UsageError("Expected a picture of some class, got none; choose other pictures.")
    return np.asarray(of.values[0][some].astype(np.float64).mean(axis=0))


def class_minus_all(of: ClassAttention, index: int) -> Contrast:
    """Return a class's mean minus :func:`mean_of_classes`, of which it is one."""
    some = [int(k) for k in np.flatnonzero(of.count > 0)]
    if index not in some:
        raise UsageError("Expected a class with pictures, got one without; choose another class.")
    return contrast([_term(float(k == index) - 1.0 / len(some), of, k) for k in some])


def class_minus_class(of: ClassAttention, index: int, other: int) -> Contrast:
    """Return a class's mean minus another's."""
    return contrast([_term(1.0, of, index), _term(-1.0, of, other)])


def right_minus_wrong(right: ClassAttention, wrong: ClassAttention, index: int) -> Contrast:
    """Return the mean of a class's pictures that are answered rightly minus that of those answered wrongly."""
    return contrast([_term(1.0, right, index), _term(-1.0, wrong, index)])


@dataclass(frozen=True)
class TypicalPicture:
    """A picture and how far its map's region masses lie from the class's mean ones.

    Attributes:
        id, label, predicted: the picture, its true class (what most people saw, if asked for that), the model's answer.
        confidence: of the answer, in [0, 1].
        moved: the distance, in [0, 1].
        masses: region → share of the map's mass, in [0, 1].
        centre_x, centre_y: the map's centre of mass, fractions of the picture.
    """

    id: str
    label: str
    predicted: str
    confidence: float
    moved: float
    masses: dict[str, float]
    centre_x: float
    centre_y: float


@dataclass(frozen=True)
class Typical:
    """The ends of a class: nearest first, farthest first; ``n`` pictures were ranked, ``without`` have no place."""

    nearest: tuple[TypicalPicture, ...]
    farthest: tuple[TypicalPicture, ...]
    n: int
    without: int


def typical_pictures(
    store: AnalysisStore, layer: str, label: str, *, model: str | None = None, group: str = "all",
    truth: str = "label", most: int = 6,
) -> Typical:  # fmt: skip
    """Rank the pictures of a class by one map of ``model``; a picture is at one end only.

    Args:
        store: holds the pictures. layer: a spatial gate or Grad-CAM; None as ``model`` is the store's first.
        label: the true class. group: ``all``, or those answered ``right`` or ``wrong``.
        truth: what says which class is true, see :func:`engine.analysis.class_regions.group_filter`.
        most: pictures to an end; fewer where there are fewer than twice as many.
    """
    if most < 1:
        raise UsageError(f"Expected one picture or more to an end, got {most}.")
    names = ("id", "predicted", "confidence", f"{layer}.centre_x", f"{layer}.centre_y", *mass_columns(layer))
    table = store.rows(
        group_filter(label, group, model, truth, layer), columns=[Column(name, model) for name in names], limit=None
    ).table
    masses = np.column_stack(
        [column.to_numpy(zero_copy_only=False).astype(np.float64) for column in list(table.itercolumns())[5:]]
    )
    known = np.flatnonzero(np.isfinite(masses).all(axis=1))
    if not known.size:
        return Typical((), (), 0, len(table))
    moved = 0.5 * np.abs(masses[known] - masses[known].mean(axis=0)).sum(axis=1)
    order = np.argsort(moved, kind="stable")

    def picture(place: int) -> TypicalPicture:
        row = int(known[place])
        name, predicted, confidence, x, y = (table.column(k)[row].as_py() for k in range(5))
        shares = dict(zip(REGIONS, masses[row].tolist(), strict=True))
        return TypicalPicture(
            str(name), label, str(predicted), float(confidence), float(moved[place]), shares, float(x), float(y)
        )

    each = min(most, -(-len(order) // 2))
    far = order[max(each, len(order) - each) :][::-1]
    return Typical(
        tuple(picture(int(place)) for place in order[:each]),
        tuple(picture(int(place)) for place in far),
        len(known),
        len(table) - len(known),
    )


Int64 = NDArray[np.int64]


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
