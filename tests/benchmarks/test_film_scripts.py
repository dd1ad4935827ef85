from __future__ import annotations

from engine.benchmarks.scripted_film import SCRIPTS, recast


def test_a_seed_changes_people_and_moods_and_nothing_of_the_plot() -> None:
    four = SCRIPTS["four"]
    assert recast(four, 0) is four
    one, two = recast(four, 1), recast(four, 2)
    assert one == recast(four, 1)
    assert len({script.seed for script in (four, one, two)}) == 3
    for script in (one, two):
        assert {actor.person for actor in script.actors}.isdisjoint(actor.person for actor in four.actors)
        for actor, before in zip(script.actors, four.actors, strict=True):
            assert actor.places == before.places
            assert [start for start, _ in actor.moods] == [start for start, _ in before.moods]
            # One emotion stands for another, so that what changed before changes still.
            assert len(set(zip(before.moods, actor.moods, strict=True))) == len(before.moods)
            assert all(a[1] != b[1] for a, b in zip(actor.moods, actor.moods[1:], strict=False))
    assert [mood for _, mood in one.actors[0].moods] != [mood for _, mood in two.actors[0].moods]
