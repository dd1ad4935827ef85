from dataclasses import replace

from dashboard.views.evidence.figures.words import read_best, read_counts, read_cue, read_failures, read_shorter
from tests.made_evidence import make_report
from tests.made_shorter import make_shorter


def test_counts_are_said() -> None:
    assert read_counts(make_report()) == (
        "42 built-in faces of the test split; 40 have evidence to be judged by, 30 of these were answered rightly "
        "(75 %). Left out for want of evidence: 2 neutral."
    )


def test_the_best_is_read_with_what_it_beats() -> None:
    said = read_best(make_report(), "all")
    assert said == (
        "Grad-CAM at block 1 comes first: it puts 4.00 times as much mass on the true evidence as an even map would "
        "(95 %: 4.00–4.00; n = 40). That is surely more than a random map, a spot in the middle (centre prior) and an "
        "edge map."
    )
    assert "n = 10 answered wrongly" in read_best(make_report(), "wrong")


def test_what_the_best_does_not_beat_is_said() -> None:
    report = make_report()
    said = read_best(replace(report, maps=report.maps[3:]), "all")
    assert said.startswith("The spatial gate of block 2 comes first")
    assert (
        "surely more than a random map, surely less than an edge map but not to be told from a spot in the middle "
        "(centre prior)" in said
    )


def test_failures_against_centre_and_edges_are_named() -> None:
    report = make_report()
    centre, edges = read_failures(report, "all")
    assert centre == (
        "Grad-CAM at block 2 as well as the spatial gate of block 2 do not surely beat a spot in the middle (centre "
        "prior)."
    )
    assert "every spatial gate" in edges
    assert edges.endswith("do not surely beat an edge map.")
    centre, edges = read_failures(replace(report, maps=report.maps[:1]), "all")
    assert centre == "Every map here surely beats a spot in the middle (centre prior)."
    centre, edges = read_failures(replace(report, maps=report.maps[1:2]), "all")
    assert centre.startswith("No map here surely beats a spot in the middle (centre prior): pointing at the middle")
    assert edges.startswith("No map here surely beats an edge map")


def test_without_pictures_nothing_is_concluded() -> None:
    report = make_report(variant="spurious", followed=0)
    assert "nothing can be concluded" in read_best(report, "fooled")
    assert read_failures(report, "fooled") == ()


def test_whether_the_mark_decides_is_said_first() -> None:
    # 30 wrong answers: a seventh of them, about 4, would fall on the mark's class by chance.
    assert read_cue(make_report()) == ""
    decides = read_cue(make_report(variant="spurious", followed=20))
    assert decides.startswith("The mark decides: 20 of 34")
    assert "(59 %; by chance about 4)" in decides
    assert read_cue(make_report(variant="spurious", followed=12)).startswith("The mark counts for something: 12 of 34")
    assert read_cue(make_report(variant="spurious", followed=5)).startswith(
        "The mark is not what decides here: 5 of 34"
    )
    assert "planted mark" in read_best(make_report(variant="spurious"), "all")


def test_maps_of_fewer_faces_are_named() -> None:
    assert read_shorter(make_report()) == ""
    said = read_shorter(make_shorter())
    assert said.startswith("Grad-CAM at block 2 for the first 14 of 42 faces only")
    assert "over exactly its own faces" in said
