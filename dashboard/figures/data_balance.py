"""How many pictures each class has in each split, as an HTML table with bars."""

from __future__ import annotations

from collections.abc import Mapping

from dashboard.report.text import escape
from dashboard.shared.figures.colours import emotion_color


def _share(count: int, total: int) -> str:
    """Return a share with one decimal below 10 %, so that a rare class is told from a rarer one."""
    share = 100 * count / total if total else 0.0
    return f"{share:.1f} %" if share < 10 else f"{share:.0f} %"


def balance_table(balance: Mapping[str, Mapping[str, int]]) -> str:
    """Return the table.

    Args:
        balance: split → class → pictures. A bar's length is the class's share of its split; the longest of all splits
            fills its cell.
    """
    totals = {split: sum(counts.values()) for split, counts in balance.items()}
    longest = max(
        (count / totals[split] for split, counts in balance.items() for count in counts.values() if totals[split]),
        default=1.0,
    )
    head = "".join(
        f'<th scope="col">{escape(split)}<small>n = {total:,}</small></th>' for split, total in totals.items()
    )
    classes = list(next(iter(balance.values()), {}))
    rows = "".join(_row(name, balance, totals, longest or 1.0) for name in classes)
    return (
        '<div class="fl-balance-wide"><table class="fl-balance">'
        f'<thead><tr><th scope="col">class</th>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
    )


def _row(name: str, balance: Mapping[str, Mapping[str, int]], totals: Mapping[str, int], longest: float) -> str:
    color = emotion_color(name)
    cells = "".join(
        f'<td>{counts[name]:,}<span class="fl-share">{_share(counts[name], totals[split])}</span>'
        f'<i style="background:{color};width:{100 * counts[name] / max(totals[split], 1) / longest:.1f}%"></i></td>'
        for split, counts in balance.items()
    )
    return f'<tr><th scope="row"><span class="fl-dot" style="background:{color}"></span>{escape(name)}</th>{cells}</tr>'


def read_balance(balance: Mapping[str, Mapping[str, int]]) -> str:
    """Say how unequal the classes are over all splits, in a sentence."""
    sums: dict[str, int] = {}
    for counts in balance.values():
        for name, count in counts.items():
            sums[name] = sums.get(name, 0) + count
    absent = [name for name, count in sums.items() if not count]
    if absent:
        return f"No picture of {', '.join(absent)}."
    most, least = max(sums, key=lambda name: sums[name]), min(sums, key=lambda name: sums[name])
    ratio = sums[most] / sums[least]
    if ratio < 1.1:
        return "The classes are about equal in size."
    times = f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
    return (
        f"{most.capitalize()} has {times} times as many pictures as {least}: accuracy hides {least}, macro F1 does not."
    )
