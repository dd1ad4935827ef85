"""Groups of copies as HTML, and in words what an audit found.

How many pictures each class has in each split, as an HTML table with bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dashboard.report.text import accuracy, escape
from dashboard.shared.figures.colours import emotion_color
from dashboard.shared.figures.map_card import data_uri
from engine.analysis.audited import AuditedModel, CleanAccuracy, Share
from engine.data.audit.audit import DataAudit
from engine.data.audit.groups import PictureGroup, straddling
from engine.data.audit.source import AuditedPictures
from engine.labels import few


@dataclass(frozen=True)
class Fact:
    """A number with what it counts, and what to know about it."""

    value: int
    what: str
    hint: str = ""


def facts(found: DataAudit) -> tuple[Fact, ...]:
    """Return the numbers of an audit that stand above the page."""
    across, near = straddling(found.exact), straddling(found.near)
    return (
        Fact(len(found.pictures), "pictures"),
        Fact(found.distinct, "distinct", "that differ in at least one pixel"),
        Fact(len(found.exact), "groups of exact copies", "every decoded pixel is equal"),
        Fact(len(found.conflicts), "of these labelled differently"),
        Fact(
            across.train_and_other,
            "between training and another part",
            f"{across.any_two_parts:,} groups lie in any two parts of the source",
        ),
        Fact(
            len(found.near),
            "groups of near copies",
            f"distinct pictures whose two perceptual hashes differ in at most {found.near_bits} of 64 bits; "
            f"{near.train_and_other:,} groups between training and another part",
        ),
        Fact(int(found.blank.sum()), "blank"),
    )


def facts_html(shown: Sequence[Fact]) -> str:
    """Return the numbers in a row that wraps."""
    cells = "".join(
        f'<div title="{escape(fact.hint)}"><b>{fact.value:,}</b><span>{escape(fact.what)}</span></div>'
        for fact in shown
    )
    return f'<div class="fl-facts">{cells}</div>'


def read_straddling(found: DataAudit) -> str:
    """Say how many groups of exact copies lie in which parts; empty where none lies in two."""
    across = straddling(found.exact)
    if not across.any_two_parts:
        return ""
    parts = ", ".join(f"{count:,} in {name.replace('+', ' + ')}" for name, count in across.by_parts.items())
    return (
        f"{across.any_two_parts:,} groups of exact copies lie in two parts or more: {parts}; "
        f"{across.train_and_other:,} of them include training."
    )


def read_clean(found: DataAudit) -> tuple[str, ...]:
    """Say for each part kept apart from training how much of it training has seen."""
    sentences = []
    for part, count in found.clean().items():
        if not count.copied and not count.nearly_copied:
            sentences.append(f"{part}: none of {count.pictures:,} pictures has a copy in the training set.")
            continue
        share = 100 * count.copied / count.pictures
        sentences.append(
            f"{part}: of {count.pictures:,} pictures {count.copied:,} ({share:.1f} %) have an exact copy in the "
            f"training set, {count.nearly_copied:,} more a near one."
        )
    return tuple(sentences)


def read_conclusion(found: DataAudit) -> tuple[str, ...]:
    """Say which parts leak, and whether people are kept apart."""
    leaks = [count.conclusion(part) for part, count in found.clean().items() if count.leaks]
    return (*leaks, found.conclusion()[-1])


def read_accuracies(judged: AuditedModel) -> tuple[str, ...]:
    """Say, for each analysed split, how accurate a model is on all pictures and on those that training has not seen."""
    return tuple(_read_accuracy(judged.model, one) for one in judged.accuracies)


def _read_accuracy(model: str, one: CleanAccuracy) -> str:
    start = f"{model} on {one.split}: {_accuracy(one.all)} of all"
    if one.without_near_copies.n == one.all.n:
        return f"{start}; none has a copy in the training set."
    return (
        f"{start}; {_accuracy(one.without_copies)} without exact copies of training pictures; "
        f"{_accuracy(one.without_near_copies)} without near ones either."
    )


def _accuracy(share: Share) -> str:
    return f"{accuracy(share.as_dict())}, n = {share.n:,}," if share.n else "nothing left"


def picture_html(pictures: AuditedPictures, position: int, note: str = "", drawn: str = "") -> str:
    """Return one picture with its label, part and id; ``note`` stands below, ``drawn`` (HTML) in its place."""
    name = pictures.classes[int(pictures.labels[position])]
    picture_id = pictures.ids[position]
    image = f'<img src="{data_uri(pictures.images[position])}" alt="{escape(picture_id)}">'
    below = f"<small>{escape(note)}</small>" if note else ""
    return (
        f'<figure data-id="{escape(picture_id)}">{drawn or image}<figcaption>'
        f'<span class="fl-dot" style="background:{emotion_color(name)}"></span>'
        f'<b>{escape(name)}</b><span class="fl-part">{escape(pictures.parts[position])}</span>'
        f'<small title="{escape(picture_id)}">{escape(picture_id.rsplit("/", 1)[-1])}</small>{below}</figcaption>'
        "</figure>"
    )


def _listed(names: Sequence[str]) -> str:
    """Return ``a, b and c``."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def group_html(
    pictures: AuditedPictures, group: PictureGroup, most: int, drawn: Mapping[str, str] | None = None
) -> str:
    """Return a group: what is particular about it, and up to ``most`` of its pictures; ``drawn``: of an id, as HTML."""
    count = len(group.members)
    said = [f"{group.distinct} distinct" if group.distinct > 1 else ""]
    if group.conflicting:
        said.append(f"labelled {_listed([pictures.classes[label] for label in group.labels])}")
    said.append(f"in {_listed(group.parts)}" if group.straddles else f"all in {group.parts[0]}")
    images = "".join(
        picture_html(pictures, member, drawn=(drawn or {}).get(pictures.ids[member], ""))
        for member in group.members[:most]
    )
    rest = f'<div class="fl-quiet">and {count - most} more</div>' if count > most else ""
    return (
        f'<div class="fl-group-head"><b>{count} pictures</b><span>{escape(" · ".join(filter(None, said)))}</span></div>'
        f'<div class="fl-group">{images}</div>{rest}'
    )


def _share(count: int, total: int) -> str:
    """Return a share with one decimal below 10 %, so that a rare class is told from a rarer one."""
    share = 100 * count / total if total else 0.0
    return f"{share:.1f} %" if share < 10 else f"{share:.0f} %"


def balance_table(balance: Mapping[str, Mapping[str, int]], totals: Mapping[str, int]) -> str:
    """Return the table.

    Args:
        balance: split → class → pictures. A bar's length is the class's share of its split; the longest of all splits
            fills its cell.
        totals: split → all of its pictures, also those of classes that are not shown.
    """
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
        return f"No picture of {few(absent)}."
    most, least = max(sums, key=lambda name: sums[name]), min(sums, key=lambda name: sums[name])
    ratio = sums[most] / sums[least]
    if ratio < 1.1:
        return "The classes are about equal in size."
    times = f"{ratio:.1f}" if ratio < 10 else f"{ratio:.0f}"
    return (
        f"{most.capitalize()} has {times} times as many pictures as {least}: accuracy hides {least}, macro F1 does not."
    )
