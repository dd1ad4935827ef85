"""The style sheet of trust badges, further checks and the shares of a ``cmaen``."""

from __future__ import annotations

from typing import Final

CSS: Final = """<style>
.fl-trust{margin-top:.45rem;font-size:.84rem;line-height:1.35;padding:.3rem .5rem;border-radius:3px;
 background:color-mix(in srgb,currentColor 6%,transparent)}
.fl-trust summary{cursor:pointer;list-style:none}
.fl-trust summary::-webkit-details-marker{display:none}
.fl-trust summary:focus-visible{outline:1.5px solid #7b879c;outline-offset:2px}
.fl-trust b{font-weight:600}
.fl-trust-mark{display:inline-block;width:1.25em}
.fl-trust-line{display:block;font-size:.76rem;opacity:.8;font-variant-numeric:tabular-nums;min-height:2.7em}
.fl-unchecked{background:none;outline:1px dashed color-mix(in srgb,currentColor 22%,transparent)}
.fl-unchecked b{font-weight:400;opacity:.7}
.fl-trust-more{font-size:.78rem;margin-top:.35rem}
.fl-trust-more p{margin:0 0 .4rem}
.fl-trust-more table{border-collapse:collapse;width:100%;font-size:.74rem;font-variant-numeric:tabular-nums}
.fl-trust-more th,.fl-trust-more td{text-align:right;font-weight:400;padding:.1rem 0 .1rem .3rem;vertical-align:bottom;
 border:0}
.fl-trust-more td{white-space:nowrap}
.fl-trust-more th:first-child{text-align:left;padding-left:0}
.fl-trust-more thead th{opacity:.62;font-size:.7rem;line-height:1.2}
.fl-further .fl-cards{grid-template-columns:repeat(auto-fill,minmax(min(100%,220px),1fr))}
.fl-wideholder{overflow-x:auto}
.fl-sanity abbr{text-decoration:underline dotted;text-underline-offset:3px;cursor:help}
.fl-meanings{font-size:.84rem;line-height:1.45;margin:.5rem 0}
.fl-meanings summary{cursor:pointer;opacity:.8}
.fl-meanings summary:focus-visible{outline:1.5px solid #7b879c;outline-offset:2px}
.fl-meanings ul{margin:.3rem 0 0;padding-left:1.1rem}
.fl-shares td:last-child{width:38%;min-width:7rem}
.fl-share{position:relative;display:block;height:.72rem;background:color-mix(in srgb,currentColor 9%,transparent);
 border-radius:2px}
.fl-share-fill{position:absolute;top:0;bottom:0;background:#7b879c;border-radius:2px}
.fl-share-zero{position:absolute;top:-.2rem;bottom:-.2rem;width:1px;background:currentColor;opacity:.6}
.fl-assumes{font-size:.76rem;line-height:1.35;opacity:.72;margin-top:.35rem}
</style>"""
"""Drawn once a run by the page, after the frame's own."""
