"""What happens in the benchmark's films: who is where when, and with which expression."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from engine.labels import EMOTIONS


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
