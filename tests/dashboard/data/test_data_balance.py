from __future__ import annotations

from dashboard.views.data.figures.groups import balance_table, read_balance

BALANCE = {"train": {"angry": 30, "disgust": 3, "happy": 67}, "test": {"angry": 5, "disgust": 0, "happy": 5}}


def test_each_cell_has_count_share_and_a_bar_against_the_longest() -> None:
    html = balance_table(BALANCE, {split: sum(counts.values()) for split, counts in BALANCE.items()})
    assert "train<small>n = 100</small>" in html
    assert "test<small>n = 10</small>" in html
    assert '<td>30<span class="fl-share">30 %</span>' in html
    assert '<td>3<span class="fl-share">3.0 %</span>' in html
    assert "width:100.0%" in html  # happy in train, 67 %, is the longest share of all
    assert f"width:{50 / 0.67:.1f}%" in html
    assert html.count("<tr>") == 1 + 3


def test_inequality_in_words() -> None:
    assert read_balance(BALANCE).startswith("Happy has 24 times as many pictures as disgust")
    assert read_balance({"test": {"angry": 100, "sad": 95}}) == "The classes are about equal in size."
    assert read_balance({"test": {"angry": 100, "sad": 0}}) == "No picture of sad."
    assert "1.5 times" in read_balance({"test": {"angry": 150, "sad": 100}})
