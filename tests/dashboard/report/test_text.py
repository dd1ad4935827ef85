import pytest

from dashboard.report.text import (
    accuracy,
    escape,
    gate_name,
    gate_title,
    grid,
    in_chart,
    layer_title,
    percent,
    plain,
    short,
    split_link,
)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0.93, "93 %"), (0.004, "< 1 %"), (0.0, "0 %"), (1.0, "100 %"), (0.996, "> 99 %"), (0.99, "99 %"), (0.01, "1 %")],
)
def test_percent_never_rounds_to_a_false_certainty(share: float, text: str) -> None:
    assert percent(share) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5071, ".507"), (1.52, "1.520"), (0.0, "0"), (1.0, "1"), (-0.25, "-.250"), (10.04, "10"), (0.0002, "2.0e-04")],
)
def test_short_numbers(value: float, text: str) -> None:
    assert short(value) == text


def test_grids_and_layers_in_words() -> None:
    assert grid((6, 12)) == "6 × 12 cells"
    assert grid((64,)) == "64 channels"
    assert layer_title("block2.spatial") == "block 2"
    assert layer_title("layer10") == "layer 10"
    assert layer_title("stem") == "stem"
    assert layer_title("ecnn.scale2.spatial") == "ecnn scale 2"
    assert layer_title("cross.received") == "cross"
    assert layer_title("emotion.spatial.sad") == "emotion sad"
    assert layer_title("emotion.class1.channel") == "emotion class 1"
    assert layer_title("emotion.class1.channel", ("angry", "sad")) == "emotion sad"
    assert layer_title("attention") == "attention"


@pytest.mark.parametrize(
    ("layer", "kind", "text"),
    [
        ("block2.spatial", "spatial", "block 2 spatial"),
        ("block2.attention", "cross", "block 2 attention"),
        ("cross", "cross", "cross"),
        ("emotion.spatial", "emotion", "emotion"),
    ],
)
def test_a_gate_is_called_by_place_and_kind(layer: str, kind: str, text: str) -> None:
    assert gate_name(layer, kind) == text


def test_a_maps_heading_says_that_it_attends_between_cells() -> None:
    assert gate_title("block2.attention", "cross") == "block 2 attention"
    assert gate_title("block2.spatial", "spatial") == "block 2"


def test_accuracy_with_and_without_an_interval() -> None:
    assert accuracy({"accuracy": 0.684, "interval": [0.669, 0.699]}) == "68.4 % (66.9–69.9)"
    assert accuracy({"accuracy": 0.684}) == "68.4 %"


def test_escape_covers_quotes() -> None:
    assert escape('<a title="x">') == "&lt;a title=&quot;x&quot;&gt;"


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("![m](http://x/b.png) **sign in**", "!\\[m\\](http\u2060://x/b.png) \\*\\*sign in\\*\\*"),
        ("[a](www.x.y) a@b.c", "\\[a\\](www\u2060.x.y) a\u2060@b.c"),
        ("hand_drawn _so_ a__b", "hand_drawn \\_so\\_ a\\_\\_b"),
        (":red[x] :smile: :material/home: 12:30", ":\u2060red\\[x\\] :\u2060smile: :\u2060material/home: 12:\u206030"),
        ("<b>$y$ `z` ~no~ a|b &amp;", "\\<b\\>\\$y\\$ \\`z\\` \\~no\\~ a\\|b \\&amp;"),
        ("1. one", "1\\. one"),
        ("# one", "\\# one"),
        ("- one", "\\- one"),
        ("a\n\n    b", "a b"),
        ("a -> b <-> c -- d --seed", "a -\u2060\\> b \\<\u2060-\\> c -\u2060- d --seed"),
        ("Unknown model 'x'; valid: cbam, spatial.", "Unknown model 'x'; valid: cbam, spatial."),
        ("\x1b[0m\udcff\u202egnp.exe", "\ufffd\\[0m\ufffdgnp.exe"),
    ],
)
def test_markdown_is_drawn_letter_by_letter(text: str, drawn: str) -> None:
    assert plain(text) == drawn


def test_a_long_text_keeps_both_its_ends() -> None:
    said = plain(f"Unknown model '{'x' * 5_000}'; valid: cbam.")
    assert len(said) == 1_000
    assert said.startswith("Unknown model 'xxx")
    assert said.endswith("'; valid: cbam.")
    assert plain("x" * 300, 100) == "x" * 57 + " … " + "x" * 40


def test_html_and_charts_draw_letters_alone() -> None:
    assert escape("<b>\udcff\u202ea") == "&lt;b&gt;\ufffda"
    assert in_chart("<a href='x'>&lt; %{y}") == "&lt;a href='x'&gt;&amp;lt; %\u2060{y}"


def test_a_split_leads_to_its_figures() -> None:
    html = split_link("a&b", "fer2013", "private", 3589)
    assert 'href="Evaluation?model=a%26b&amp;analysis=fer2013-private"' in html
    assert ">fer2013 private</a>, n = 3,589" in html
    assert 'target="_blank"' in html
