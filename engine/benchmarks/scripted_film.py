"""Films of built-in faces whose tracks and expressions are known: moving, scaling, crossing, vanishing faces.

Each frame is made on demand, equal for an equal script. What is real about it is the motion (sway of some pixels, hand
tremor, changes of distance, roll) and the camera (grain, exposure that breathes), not the faces.

What happens in the benchmark's films: who is where when, and with which expression.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from engine.labels import EMOTIONS
from engine.media.faces import square_from_landmarks
from engine.records import FaceBox, Float32, UInt8
from engine.synthetic import FaceParameters, draw_face, prototype
from engine.synthetic.identity import sample_identity
from engine.synthetic.view import View


@dataclass(frozen=True)
class Place:
    """Where a face is at a time: centre in pixels of the frame, and side of the drawn square in pixels."""

    seconds: float
    x: float
    y: float
    side: float


@dataclass(frozen=True)
class Actor:
    """One face of a script.

    Attributes:
        person: which built-in person, a seed; also the true identity.
        places: one or more, in time; motion between them starts and ends gently.
        moods: (from seconds, emotion), in time, the first at 0.
        away: (from, until) seconds in which the face is not in the picture.
        sway: amplitude in pixels of the body's slow motion.
        strength: of the expressions, in [0, 1].
    """

    person: int
    places: tuple[Place, ...]
    moods: tuple[tuple[float, str], ...]
    away: tuple[tuple[float, float], ...] = ()
    sway: float = 6.0
    strength: float = 0.5


@dataclass(frozen=True)
class Script:
    """A film: its actors from the farthest to the nearest, its size in pixels, its length and rate."""

    name: str
    actors: tuple[Actor, ...]
    seconds: float
    width: int = 640
    height: int = 480
    frames_per_second: float = 30.0
    seed: int = 0


def _moods(first: int, every: float, seconds: float) -> tuple[tuple[float, str], ...]:
    """Each emotion in turn, from the ``first``."""
    return tuple((number * every, EMOTIONS[(first + number) % 7]) for number in range(math.ceil(seconds / every)))


def _still(person: int, x: float, y: float, side: float, seconds: float) -> Actor:
    places = (Place(0.0, x, y, side), Place(0.5 * seconds, x + 25, y + 8, 1.12 * side), Place(seconds, x, y, side))
    return Actor(person, places, _moods(person, 3.0, seconds))


SCRIPTS: Final[dict[str, Script]] = {
    "one": Script(
        "one",
        (
            Actor(
                3,
                (Place(0, 220, 240, 200), Place(6, 420, 220, 260), Place(12, 300, 260, 330), Place(20, 240, 230, 180)),
                _moods(0, 2.5, 20.0),
            ),
        ),
        20.0,
    ),
    "four": Script(
        "four",
        (
            _still(1, 150, 120, 170, 20.0),
            _still(2, 470, 120, 170, 20.0),
            _still(4, 150, 340, 180, 20.0),
            _still(8, 470, 340, 180, 20.0),
        ),
        20.0,
    ),
    "crossing": Script(
        "crossing",
        (
            Actor(
                6,
                (Place(0, 140, 200, 190), Place(4, 500, 215, 190), Place(8, 140, 200, 190), Place(14, 160, 200, 190)),
                _moods(3, 4.0, 14.0),
            ),
            Actor(
                9,
                (Place(0, 500, 230, 220), Place(4, 140, 225, 220), Place(8, 500, 230, 220), Place(14, 480, 235, 220)),
                _moods(4, 4.0, 14.0),
                away=((10.0, 10.8),),
            ),
        ),
        14.0,
    ),
}
"""The films of the benchmark: one face, four, and two that cross twice, one of which is gone for 0.8 seconds."""


def recast(script: Script, seed: int) -> Script:
    """Return the script with other people, other turns of expression, other sway, grain and backdrop.

    Where the faces go, and when an expression changes, stays. Seed 0 is the script as it stands.
    """
    if seed == 0:
        return script
    order = np.random.default_rng(seed).permutation(len(EMOTIONS))
    turned = {name: EMOTIONS[int(index)] for name, index in zip(EMOTIONS, order, strict=True)}
    actors = tuple(
        replace(
            actor,
            person=actor.person + 1000 * seed,
            moods=tuple((start, turned[mood]) for start, mood in actor.moods),
        )
        for actor in script.actors
    )
    return replace(script, actors=actors, seed=script.seed + seed)


SPRITE: Final = 192
"""Side of a drawn face in pixels, before it is scaled into the frame."""
FADE_SECONDS: Final = 0.25
"""How long one expression takes to become the next; the true one changes in the middle."""


@dataclass(frozen=True)
class TrueFace:
    """What is true of one face in one frame.

    Attributes:
        person: the identity.
        box: framed as the detector frames a face, in pixels.
        emotion: what it shows.
        visible: share of the box that is inside the frame and behind no nearer face's box, in [0, 1].
    """

    person: int
    box: FaceBox
    emotion: str
    visible: float


@dataclass(frozen=True, eq=False)
class _Sprite:
    """A drawn face: (S, S, 3) float32 colours, (S, S) float32 coverage, (5, 2) float32 landmarks in its pixels."""

    colours: Float32
    cover: Float32
    landmarks: Float32


class ScriptedFilm:
    """A script that can be looked at, frame by frame."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self._sprites = {
            (actor.person, mood): _sprite(actor.person, mood, actor.strength)
            for actor in script.actors
            for mood in {mood for _, mood in actor.moods}
        }
        rng = np.random.default_rng(script.seed)
        self._backdrop = _backdrop(rng, script.width, script.height)
        self._grain = rng.normal(0.0, 4.0, (script.height, script.width, 3)).astype(np.int16)
        self._rolls = rng.integers(0, min(script.width, script.height), (len(self), 2))
        self._phases = rng.uniform(0.0, 2.0 * math.pi, (len(script.actors), 6))

    def __len__(self) -> int:
        return round(self.script.seconds * self.script.frames_per_second)

    def seconds_of(self, index: int) -> float:
        """Return when frame ``index`` is taken."""
        return index / self.script.frames_per_second

    def frames(self) -> Iterator[tuple[float, UInt8, tuple[TrueFace, ...]]]:
        """Yield (seconds, (H, W, 3) uint8 RGB, true faces) of each frame."""
        for index in range(len(self)):
            yield self.seconds_of(index), self.frame(index), self.truth(index)

    def frame(self, index: int) -> UInt8:
        """Return (H, W, 3) uint8 RGB."""
        seconds = self.seconds_of(index)
        picture = self._backdrop.copy()
        for number, actor in enumerate(self.script.actors):
            if _present(actor, seconds):
                self._paste(picture, number, actor, seconds)
        exposure = 1.0 + 0.03 * math.sin(1.7 * seconds)
        grain = np.roll(self._grain, tuple(self._rolls[index]), axis=(0, 1))
        lit = cv2.convertScaleAbs(picture, alpha=exposure)
        return np.asarray(cv2.add(lit, grain, dtype=cv2.CV_8U), dtype=np.uint8)

    def truth(self, index: int) -> tuple[TrueFace, ...]:
        """Return the faces of frame ``index``, farthest first; those wholly outside or covered are there, too."""
        seconds = self.seconds_of(index)
        found: list[tuple[Actor, tuple[float, float, float]]] = []
        for number, actor in enumerate(self.script.actors):
            if _present(actor, seconds):
                matrix = self._matrix(number, actor, seconds)
                points = self._sprites[actor.person, _mood(actor, seconds)].landmarks @ matrix[:, :2].T + matrix[:, 2]
                found.append((actor, square_from_landmarks(points.astype(np.float32))))
        truths = []
        for number, (actor, (left, top, side)) in enumerate(found):
            box = FaceBox(round(left), round(top), max(1, round(side)), max(1, round(side)))
            nearer = [square for _, square in found[number + 1 :]]
            frame = (0.0, 0.0, float(self.script.width), float(self.script.height))
            inside = _common((left, top, left + side, top + side), frame) / side**2
            covered = max(
                (_common((left, top, left + side, top + side), (x, y, x + s, y + s)) / side**2 for x, y, s in nearer),
                default=0.0,
            )
            truths.append(TrueFace(actor.person, box, _mood(actor, seconds), min(1.0, max(0.0, inside - covered))))
        return tuple(truths)

    def _matrix(self, number: int, actor: Actor, seconds: float) -> NDArray[np.float64]:
        """Return (2, 3): from the sprite's pixels to the frame's."""
        x, y, side = _place(actor, seconds)
        phase = self._phases[number]
        x += actor.sway * math.sin(2.1 * seconds + phase[0]) + 0.6 * math.sin(23.0 * seconds + phase[1])
        y += 0.5 * actor.sway * math.sin(1.6 * seconds + phase[2]) + 0.6 * math.sin(27.0 * seconds + phase[3])
        side *= 1.0 + 0.03 * math.sin(1.1 * seconds + phase[4])
        roll = 4.0 * math.sin(0.9 * seconds + phase[5])
        matrix = cv2.getRotationMatrix2D((SPRITE / 2, SPRITE / 2), roll, side / SPRITE)
        matrix[:, 2] += (x - SPRITE / 2, y - SPRITE / 2)
        return np.asarray(matrix, dtype=np.float64)

    def _paste(self, picture: UInt8, number: int, actor: Actor, seconds: float) -> None:
        matrix = self._matrix(number, actor, seconds)
        corners = np.array([[0, 0], [SPRITE, 0], [0, SPRITE], [SPRITE, SPRITE]]) @ matrix[:, :2].T + matrix[:, 2]
        low = np.maximum(np.floor(corners.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(corners.max(axis=0)).astype(int), (self.script.width, self.script.height))
        if (high <= low).any():
            return
        matrix[:, 2] -= low
        size = (int(high[0] - low[0]), int(high[1] - low[1]))
        before, after, share = _fade(actor, seconds)
        one, two = self._sprites[actor.person, before], self._sprites[actor.person, after]
        colours = one.colours if share == 0.0 else cv2.addWeighted(one.colours, 1.0 - share, two.colours, share, 0.0)
        cover = one.cover if share == 0.0 else cv2.addWeighted(one.cover, 1.0 - share, two.cover, share, 0.0)
        drawn = cv2.warpAffine(colours, matrix, size, flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REPLICATE)
        alpha = cv2.warpAffine(cover, matrix, size, flags=cv2.INTER_AREA)[:, :, None]
        region = picture[low[1] : high[1], low[0] : high[0]]
        region[:] = (alpha * drawn + (1.0 - alpha) * region).round().clip(0, 255).astype(np.uint8)


def _sprite(person: int, emotion: str, strength: float) -> _Sprite:
    who = sample_identity(np.random.default_rng(person))
    # Smaller than a training picture's head, so that all of it is on the square; the wall behind it is cut away.
    view = replace(View(), seed=person, scale=0.7)
    face = draw_face(FaceParameters(emotion, who, prototype(emotion, strength), view), SPRITE, 3)
    cover = (~face.region("background")).astype(np.float32)
    cover = cv2.GaussianBlur(cover, (0, 0), 1.0)
    # The neck ends where the square does: it fades out there.
    cover *= np.clip((SPRITE - 1 - np.arange(SPRITE, dtype=np.float32)) / (0.1 * SPRITE), 0.0, 1.0)[:, None]
    eyes = [
        np.mean([face.landmarks[f"eye_{end}_{side}"] for end in ("inner", "outer")], axis=0)
        for side in ("left", "right")
    ]
    others = [face.landmarks[name] for name in ("nose_tip", "mouth_corner_left", "mouth_corner_right")]
    return _Sprite(face.image.astype(np.float32), cover, np.array([*eyes, *others], dtype=np.float32))


def _backdrop(rng: np.random.Generator, width: int, height: int) -> UInt8:
    """A room out of focus: soft blotches of muted colours."""
    coarse = rng.uniform(70, 170, (6, 8, 1)) + rng.uniform(-18, 18, (6, 8, 3))
    return np.asarray(cv2.resize(coarse.astype(np.uint8), (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)


def _present(actor: Actor, seconds: float) -> bool:
    return not any(start <= seconds < end for start, end in actor.away)


def _place(actor: Actor, seconds: float) -> tuple[float, float, float]:
    times = [place.seconds for place in actor.places]
    after = int(np.searchsorted(times, seconds, side="right"))
    if after in (0, len(times)):
        place = actor.places[min(after, len(times) - 1)]
        return place.x, place.y, place.side
    one, two = actor.places[after - 1], actor.places[after]
    share = (seconds - one.seconds) / (two.seconds - one.seconds)
    share = share * share * (3.0 - 2.0 * share)
    x, y, side = (getattr(one, name) + share * (getattr(two, name) - getattr(one, name)) for name in ("x", "y", "side"))
    return x, y, side


def _mood(actor: Actor, seconds: float) -> str:
    return [mood for start, mood in actor.moods if start <= seconds][-1]


def _fade(actor: Actor, seconds: float) -> tuple[str, str, float]:
    """Return the expression that goes, the one that comes, and the share of the latter in [0, 1]."""
    now = _mood(actor, seconds)
    for (_, before), (start, after) in zip(actor.moods, actor.moods[1:], strict=False):
        share = (seconds - start) / FADE_SECONDS + 0.5
        if 0.0 < share < 1.0:
            return before, after, share
    return now, now, 0.0


def _common(one: tuple[float, float, float, float], two: tuple[float, float, float, float]) -> float:
    """Return the common area of two (left, top, right, bottom)."""
    across = min(one[2], two[2]) - max(one[0], two[0])
    down = min(one[3], two[3]) - max(one[1], two[1])
    return max(0.0, across) * max(0.0, down)
