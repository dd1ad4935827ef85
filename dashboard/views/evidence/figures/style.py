"""The style sheet of the Evidence page's own pieces; see :mod:`dashboard.shell.theme` for the rest."""

from __future__ import annotations

from typing import Final

CSS: Final = """<style>
.fl-league i{font-style:normal}
.fl-league th:first-child{white-space:nowrap}
.fl-league .fl-axis{width:38%;padding-right:1.4rem}
.fl-league th,.fl-league td{vertical-align:middle;padding-top:.32rem;padding-bottom:.32rem}
.fl-league .fl-number{white-space:nowrap}.fl-ends{white-space:nowrap}
.fl-strip{position:relative;height:1.5rem;min-width:150px}
.fl-ticks{position:relative;height:1.1rem;min-width:150px}
.fl-ticks i{position:absolute;transform:translateX(-50%);white-space:nowrap}
.fl-tick{position:absolute;top:-.32rem;bottom:-.32rem;width:1px;
 background:color-mix(in srgb,currentColor 10%,transparent)}
.fl-tick.fl-even{background:color-mix(in srgb,currentColor 42%,transparent)}
.fl-mark{position:absolute;top:50%;transform:translate(-50%,-50%);font-size:.78rem;line-height:1;opacity:.66;cursor:help}
.fl-mark-random,.fl-mark-ceiling{font-size:1rem}
.fl-whisker{position:absolute;top:50%;height:2px;margin-top:-1px;background:currentColor;min-width:2px}
.fl-strip .fl-point,.fl-key .fl-point{width:.62rem;height:.62rem;border-radius:50%;background:currentColor}
.fl-strip .fl-point{position:absolute;top:50%;transform:translate(-50%,-50%);
 box-shadow:0 0 0 1.5px var(--fl-page,transparent)}
.fl-key{display:flex;flex-wrap:wrap;gap:.2rem 1.1rem;font-size:.8rem;opacity:.72;margin:.5rem 0 .2rem}
.fl-key i{font-style:normal;font-size:.8rem;display:inline-block}
.fl-league .fl-beaten{white-space:nowrap;padding-left:1.2rem}
.fl-than{display:inline-block;width:3.4rem;font-size:.8rem;font-weight:600}
thead .fl-than{font-weight:400}
.fl-than.fl-not{font-weight:400;opacity:.5}
.fl-conclude{line-height:1.55;border-left:2px solid color-mix(in srgb,currentColor 30%,transparent);
 padding-left:.8rem;margin:.9rem 0 .3rem;max-width:60rem}
.fl-conclude p{margin:0 0 .4rem}.fl-conclude p:last-child{margin:0}
.fl-map img.fl-outline{position:absolute;inset:0;image-rendering:auto;pointer-events:none;filter:none;opacity:1}
.fl-known{max-width:340px}
.fl-shows{display:flex;flex-wrap:wrap;gap:.15rem .5rem;align-items:baseline;font-size:1.15rem;margin:0 0 .8rem}
.fl-shows .fl-dot{margin-right:-.1rem}.fl-shows>span:not(.fl-dot){opacity:.68}
.fl-row-title{display:flex;flex-wrap:wrap;gap:.1rem .7rem;align-items:baseline;margin:.9rem 0 .2rem}
.fl-cards.fl-four{grid-template-columns:repeat(auto-fill,minmax(min(100%,150px),1fr))}
.fl-judged{display:flex;flex-wrap:wrap;gap:.1rem .7rem;align-items:baseline;font-size:.8rem;margin-top:.4rem;
 font-variant-numeric:tabular-nums}
.fl-judged b{font-size:.98rem}
@media (min-width:1001px){.fl-cards.fl-four{grid-template-columns:repeat(4,minmax(0,1fr))}}
@media (max-width:1000px){.fl-league .fl-axis{width:30%;padding-right:.9rem}.fl-than{width:2.9rem;font-size:.74rem}
.fl-strip,.fl-ticks{min-width:90px}
.fl-league .fl-number{white-space:normal;min-width:4.6rem}.fl-league th:first-child{white-space:normal}
.fl-league .fl-beaten{padding-left:.4rem;padding-right:0}}
</style>"""
"""Drawn once a run by the page, after the frame's own."""
