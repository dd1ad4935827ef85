"""Stable identities for the faces of a stream: found now and then, followed in between, remembered through short gaps.

The manner is that of SORT (Bewley et al. 2016, arXiv:1602.00763): predict, assign by the Hungarian method, update. It
departs from it in three ways: looks count beside overlap (as in DeepSORT, Wojke et al. 2017, arXiv:1703.07402, but with
a grey patch and a colour histogram in place of a net); between detections a face is followed by its patch; and a
constant velocity with fixed gains stands in place of the Kalman filter.

Where a face went since the last frame: its small grey patch searched for around the place expected.

A normalised correlation costs a tenth of what a detection does, and its height says whether the face is still to be
seen; so a face that another one hides is not carried off by it, as optical flow would have it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import cv2

from engine.live.matching import (
    SIDE,
    Appearance,
    Candidate,
    appearance_of,
    cut_out,
    match,
    overlap,
    patch_of,
    similarity,
)
from engine.records import FaceBox, UInt8

REACH: Final = 0.5
"""How far around the expected centre is searched, in sides of the face."""


@dataclass(frozen=True)
class Found:
    """The best place: its centre in pixels of the picture, and the correlation there in [-1, 1]."""

    x: float
    y: float
    score: float


def find_patch(grey: UInt8, patch: UInt8, x: float, y: float, width: float, height: float) -> Found:
    """Search for ``patch`` around a place.

    Args:
        grey: uint8 (H, W), the picture.
        patch: uint8 (SIDE, SIDE), the face as it looked, as :class:`engine.live.matching.Appearance` keeps it.
        x, y: where its centre is expected, in pixels.
        width, height: of the face in the picture; they are taken as unchanged.
    """
    left, top = round(x - width * (0.5 + REACH)), round(y - height * (0.5 + REACH))
    window = cut_out(grey, left, top, width * (1.0 + 2.0 * REACH), height * (1.0 + 2.0 * REACH))
    # The window at the patch's own scale; the exact factors are those that the rounding gave.
    columns, rows = (max(SIDE, round(length * SIDE / side)) for length, side in _sides(window, width, height))
    fitted = cv2.resize(window, (columns, rows), interpolation=cv2.INTER_AREA)
    across, down = window.shape[1] / columns, window.shape[0] / rows
    scores = cv2.matchTemplate(fitted, patch, cv2.TM_CCOEFF_NORMED)
    _, best, _, (column, row) = cv2.minMaxLoc(scores)
    column_exact = column + _vertex(*_around(scores[row], column))
    row_exact = row + _vertex(*_around(scores[:, column], row))
    half = SIDE / 2
    return Found(left + (column_exact + half) * across, top + (row_exact + half) * down, float(best))


def _sides(window: UInt8, width: float, height: float) -> tuple[tuple[int, float], tuple[int, float]]:
    return (window.shape[1], width), (window.shape[0], height)


def _around(scores: UInt8, at: int) -> tuple[float, float, float]:
    """Return the value at ``at`` between its neighbours; the value itself stands for one that is missing."""
    middle = float(scores[at])
    before = float(scores[at - 1]) if at > 0 else middle
    after = float(scores[at + 1]) if at + 1 < len(scores) else middle
    return before, middle, after


def _vertex(before: float, middle: float, after: float) -> float:
    """Return where the parabola through three values is highest, from the middle, in [-0.5, 0.5]."""
    bend = before - 2.0 * middle + after
    return 0.0 if bend > -1e-9 else max(-0.5, min(0.5, 0.5 * (before - after) / bend))


FOLLOWED: Final = 0.6
"""Correlation from which a patch counts as found again."""
STILL_ALIKE: Final = 0.6
"""Similarity with its looks so far that a face followed must keep: below it something else is in front of it."""
GAP_SECONDS: Final = 1.5
"""How long a face out of sight is remembered."""
COAST_SECONDS: Final = 0.25
"""How long it is still shown where it is expected: a blink of the detector is no reason to flicker."""
CHANGED: Final = 0.85
"""Correlation below which a face that was followed has changed, so that it is searched for as it looks now."""
UNCONFIRMED_SECONDS: Final = 1.5
"""How long a face may be followed with no detection: turned away it is none to the detector, but still there."""
_VELOCITY_GAIN: Final = 0.3
_VELOCITY_HALF_LIFE: Final = 0.7  # seconds; a hidden face goes on, but not for ever
_PLACE_GAIN, _SIZE_GAIN = 0.6, 0.4  # of a detection against what was followed: boxes jitter by some per cent
_LOOKS_GAIN: Final = 0.3

# Distances in sides of a face; nearer, a patch may hold part of another one. A face that was just found is whole.
_NEAR_FOLLOWED, _NEAR_FOUND = 1.2, 0.9
_SAME_PLACE: Final = 0.4  # overlap at which two tracks cannot both be right


@dataclass(frozen=True)
class TrackedFace:
    """One track as it stands: number from 1, place in pixels of the picture, whether seen in the latest picture."""

    track: int
    left: float
    top: float
    width: float
    height: float
    seen: bool
    first_seconds: float


@dataclass
class _Track:
    number: int
    x: float
    y: float
    width: float
    height: float
    looks: Appearance  # slow: who it is
    patch: UInt8  # fast: what to search for
    first_seconds: float
    seen_seconds: float
    found_seconds: float
    seen: bool = True
    finds: int = 1
    score: float = 1.0
    velocity_x: float = 0.0
    velocity_y: float = 0.0
    expected: tuple[float, float] = field(default=(0.0, 0.0))

    def candidate(self, seconds: float) -> Candidate:
        unseen = 0.0 if self.seen else max(1e-3, seconds - self.seen_seconds)
        return Candidate(self.x, self.y, self.width, self.height, self.looks, unseen)


class FaceTracker:
    """The tracks of one stream; not shared between streams.

    For each picture call :meth:`follow`, and after it :meth:`update` where the detector ran.
    """

    def __init__(self, *, largest_number_of_faces: int = 16) -> None:
        self.limit = largest_number_of_faces
        self._tracks: list[_Track] = []
        self._next = 1
        self._seconds: float | None = None
        self.lost = False
        """Whether a face that was seen in the picture before the latest is not in the latest."""

    @property
    def known(self) -> frozenset[int]:
        """The numbers of every track that is remembered, in sight or not."""
        return frozenset(track.number for track in self._tracks)

    @property
    def uncertain(self) -> bool:
        """Whether a track waits for its second detection or is out of sight."""
        return any(track.finds < 2 or not track.seen for track in self._tracks)

    def shown(self) -> tuple[TrackedFace, ...]:
        """Return the tracks to show, by number: those seen, and those out of sight for a moment only."""
        now = self._seconds or 0.0
        return tuple(
            TrackedFace(t.number, t.x - t.width / 2, t.y - t.height / 2, t.width, t.height, t.seen, t.first_seconds)
            for t in self._tracks
            if t.seen or (t.finds > 1 and now - t.seen_seconds <= COAST_SECONDS)
        )

    def forget(self) -> None:
        """Drop every track; numbers are not used again."""
        self._tracks, self._seconds, self.lost = [], None, False

    def follow(self, picture: UInt8, seconds: float) -> None:
        """Move each track to where its face is in ``picture``, uint8 (H, W, 3) RGB, taken at ``seconds``.

        A track whose face is not there moves on as it moved before.
        """
        passed = 0.0 if self._seconds is None else max(0.0, seconds - self._seconds)
        self._seconds, self.lost = seconds, False
        if not self._tracks:
            return
        grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        seen_before = {track.number for track in self._tracks if track.seen}
        for track in self._tracks:
            self._follow_one(track, picture, grey, seconds, passed)
        self._part_doubles(picture)
        for track in self._tracks:
            if track.seen and track.score < CHANGED and not self._near_another(track, _NEAR_FOLLOWED):
                track.patch = patch_of(grey, *_corner(track))
        height, width = grey.shape
        self._tracks = [
            track
            for track in self._tracks
            if seconds - track.seen_seconds <= GAP_SECONDS and _centre_inside(track, width, height)
        ]
        self.lost = bool(seen_before - {track.number for track in self._tracks if track.seen})

    def update(self, boxes: Sequence[FaceBox], picture: UInt8, seconds: float) -> None:
        """Take the faces found in ``picture``, the one that :meth:`follow` got last, at ``seconds``."""
        found = [
            Candidate(
                box.x + box.width / 2,
                box.y + box.height / 2,
                float(box.width),
                float(box.height),
                appearance_of(picture, box.x, box.y, box.width, box.height),
            )
            for box in boxes
        ]
        pairs = match([track.candidate(seconds) for track in self._tracks], found)
        matched = {row: found[column] for row, column in pairs}
        for row, box in matched.items():
            _observe(self._tracks[row], box, seconds)
        for track in self._tracks:
            if track.found_seconds == seconds and track.seen and not self._near_another(track, _NEAR_FOUND):
                fresh = appearance_of(picture, *_corner(track))
                track.looks, track.patch = track.looks.blended(fresh, _LOOKS_GAIN), fresh.patch
        unmatched = [box for index, box in enumerate(found) if index not in {column for _, column in pairs}]
        kept = [
            track
            for row, track in enumerate(self._tracks)
            if row in matched or track.finds > 1  # found once and not the next time, it was most likely never there
        ]
        for track in kept:
            if seconds - track.found_seconds > UNCONFIRMED_SECONDS:
                track.seen = False
        self._tracks = kept
        self._add(unmatched, seconds)

    def _add(self, unmatched: Sequence[Candidate], seconds: float) -> None:
        for box in unmatched:
            crowded = any(t.seen and overlap(t.candidate(seconds), box) > _SAME_PLACE for t in self._tracks)
            if crowded or len(self._tracks) >= self.limit:
                continue
            self._tracks.append(
                _Track(
                    self._next, box.x, box.y, box.width, box.height, box.looks, box.looks.patch,
                    first_seconds=seconds, seen_seconds=seconds, found_seconds=seconds,
                )
            )  # fmt: skip
            self._next += 1

    def _follow_one(self, track: _Track, picture: UInt8, grey: UInt8, seconds: float, passed: float) -> None:
        track.expected = (track.x + track.velocity_x * passed, track.y + track.velocity_y * passed)
        if track.seen:
            place = find_patch(grey, track.patch, *track.expected, track.width, track.height)
            corner = (place.x - track.width / 2, place.y - track.height / 2, track.width, track.height)
            if place.score >= FOLLOWED and similarity(track.looks, appearance_of(picture, *corner)) >= STILL_ALIKE:
                if passed > 0.0:
                    track.velocity_x += _VELOCITY_GAIN * ((place.x - track.x) / passed - track.velocity_x)
                    track.velocity_y += _VELOCITY_GAIN * ((place.y - track.y) / passed - track.velocity_y)
                track.x, track.y, track.seen_seconds, track.score = place.x, place.y, seconds, place.score
                return
        decay = 0.5 ** (passed / _VELOCITY_HALF_LIFE)
        track.seen = False
        track.x, track.y = track.expected
        track.velocity_x *= decay
        track.velocity_y *= decay

    def _part_doubles(self, picture: UInt8) -> None:
        """Of two tracks that followed onto the same face, leave it to the one that looks like it."""
        for index, one in enumerate(self._tracks):
            for two in self._tracks[index + 1 :]:
                if not (one.seen and two.seen):
                    continue
                if overlap(one.candidate(one.seen_seconds), two.candidate(two.seen_seconds)) <= _SAME_PLACE:
                    continue
                alike = [similarity(track.looks, appearance_of(picture, *_corner(track))) for track in (one, two)]
                wrong = one if alike[0] < alike[1] else two
                wrong.seen = False
                wrong.x, wrong.y = wrong.expected

    def _near_another(self, track: _Track, sides: float) -> bool:
        """Whether another face, in sight or not, may cover part of this one now or soon."""
        return any(
            other is not track
            and math.hypot(other.x - track.x, other.y - track.y) < sides * max(track.width, other.width)
            for other in self._tracks
        )


def _observe(track: _Track, box: Candidate, seconds: float) -> None:
    """Move a track to a face found; onto one that comes back at once, otherwise smoothly."""
    away = math.hypot(box.x - track.x, box.y - track.y) / max(track.width, track.height)
    gain = _PLACE_GAIN if track.seen and away < 0.25 else 1.0
    track.x += gain * (box.x - track.x)
    track.y += gain * (box.y - track.y)
    track.width *= (box.width / track.width) ** _SIZE_GAIN
    track.height *= (box.height / track.height) ** _SIZE_GAIN
    track.seen, track.finds = True, track.finds + 1
    track.seen_seconds = track.found_seconds = seconds


def _corner(track: _Track) -> tuple[float, float, float, float]:
    return track.x - track.width / 2, track.y - track.height / 2, track.width, track.height


def _centre_inside(track: _Track, width: int, height: int) -> bool:
    return 0.0 <= track.x < width and 0.0 <= track.y < height
