"""The style sheet of the Class attention page's own pieces; see :mod:`dashboard.shell.theme` for the rest."""

from __future__ import annotations

from typing import Final

CSS: Final = """<style>
.fl-cgrids{display:flex;gap:1rem 1.6rem;align-items:flex-start;overflow-x:auto;padding:2px}
.fl-cgrids section{min-width:0;flex-basis:0}
.fl-cmodel{font-weight:600;font-size:1rem;margin-bottom:.25rem;overflow-wrap:anywhere}
.fl-cgrid{display:grid;grid-template-columns:4.9rem repeat(var(--layers),minmax(56px,1fr));gap:.35rem .5rem}
.fl-two .fl-cgrid{grid-template-columns:4.6rem repeat(var(--layers),minmax(44px,1fr));gap:.35rem}
.fl-chead2{font-size:.84rem;line-height:1.2;align-self:end}.fl-chead2 b{display:block;font-weight:600}
.fl-chead2 span{opacity:.66;font-size:.7rem}
.fl-two .fl-chead2{font-size:.76rem}.fl-two .fl-chead2 span{font-size:.64rem}
.fl-crowhead{display:flex;align-items:center;font-size:.86rem;padding-bottom:1rem}
.fl-crowhead .fl-dot{margin-right:.35em}
.fl-cell{all:unset;cursor:pointer;display:block;min-width:0;border-radius:3px;box-sizing:border-box}
.fl-cmap{position:relative;display:block;aspect-ratio:1;border-radius:2px;overflow:hidden;
 background:color-mix(in srgb,currentColor 6%,transparent)}
.fl-cmap img{display:block;width:100%;height:100%;image-rendering:pixelated}
.fl-cvoid{background:none;border:1px dashed color-mix(in srgb,currentColor 26%,transparent)}
.fl-cell:hover .fl-cmap{outline:1.5px solid #7b879c}
.fl-cell:focus-visible .fl-cmap{outline:2.5px solid #7b879c;outline-offset:2px}
.fl-on .fl-cmap,.fl-cell.fl-on:hover .fl-cmap{outline:2.5px solid currentColor;outline-offset:1.5px}
.fl-count{display:block;font-size:.68rem;opacity:.66;font-variant-numeric:tabular-nums;line-height:1.35;
 white-space:nowrap;overflow:hidden;text-overflow:ellipsis}
.fl-few .fl-cmap{outline:1.5px dashed currentColor;outline-offset:1px}
.fl-few .fl-count{opacity:.95;font-style:italic;padding-top:2px}
.fl-outline{position:absolute;inset:0;background:var(--outline) center/100% 100% no-repeat;mix-blend-mode:difference}
.fl-cbars{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;margin:.2rem 0 .1rem;font-size:.78rem}
.fl-cbars>div{display:grid;grid-template-columns:auto minmax(150px,220px);gap:.6rem;align-items:center}
.fl-cbars .fl-scale{margin-top:0}
.fl-ccards{display:grid;grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:1rem .9rem;margin:.2rem 0 .6rem}
.fl-ccards .fl-card{max-width:200px}.fl-ccards .fl-cvoid{display:flex;align-items:center;justify-content:center;
 text-align:center;font-size:.76rem;padding:.5rem;line-height:1.3}
.fl-ccards .fl-raw{white-space:normal}
[class*="st-key-typical-"]{display:grid!important;grid-template-columns:repeat(6,minmax(0,1fr));gap:1rem .9rem}
[class*="st-key-typical-"] [data-testid="stPageLink-NavLink"]{padding:0}
.fl-places{font-variant-numeric:tabular-nums}
.fl-places td,.fl-places th{white-space:nowrap}
.fl-wideholder{overflow-x:auto}
.fl-use{font-variant-numeric:tabular-nums}
.fl-table.fl-use th,.fl-table.fl-use td{white-space:nowrap;padding:.34rem .7rem .34rem .5rem}
.fl-table.fl-use tbody th,.fl-table.fl-use thead th:first-child{padding-left:0}
.fl-use td.fl-verdict-cell{background:color-mix(in srgb,currentColor calc(var(--use)*1%),transparent)}
.fl-use .fl-all{border-right:2px solid color-mix(in srgb,currentColor 22%,transparent)}
.fl-use .fl-trust-mark{display:inline-block;width:1.15em}
@media (max-width:1000px){
.fl-table.fl-use th,.fl-table.fl-use td{font-size:.78rem;padding:.34rem .35rem}
.fl-use .fl-trust-mark{width:1em}
.fl-cgrids{flex-direction:column}.fl-cgrids section{width:100%}
.fl-two .fl-cgrid{grid-template-columns:4.6rem repeat(var(--layers),minmax(56px,1fr))}
[class*="st-key-typical-"]{grid-template-columns:repeat(3,minmax(0,1fr))}}
</style>"""
"""Drawn once a run by the page, after the frame's own."""
