"""The style sheet of the Compare page's own pieces; see :mod:`dashboard.shell.theme` for the rest."""

from __future__ import annotations

from typing import Final

CSS: Final = """<style>
.fl-compare{display:grid;gap:.9rem;margin:.3rem 0;overflow-x:auto}
.fl-crow{display:grid;grid-template-columns:5.4rem repeat(var(--models),minmax(84px,1fr)) minmax(96px,1fr);
 column-gap:1.1rem;align-items:start}
.fl-clabel{font-size:.9rem;line-height:1.3;padding-top:.1rem}.fl-clabel .fl-quiet{display:block;font-size:.76rem}
.fl-ccell{min-width:0}
.fl-ccell:last-child{border-left:1px solid color-mix(in srgb,currentColor 16%,transparent);padding-left:1.1rem;
 margin-left:-.1rem;height:100%;box-sizing:border-box}
.fl-chead{align-items:end;font-size:.95rem;margin-bottom:-.35rem}
.fl-chead .fl-ccell{overflow-wrap:anywhere}.fl-chead .fl-quiet{font-size:.78rem}
.fl-tight .fl-compare{gap:.3rem}
.fl-tight .fl-crow:not(.fl-chead) .fl-clabel{align-self:center;padding:0}.fl-tight .fl-crow{align-items:center}
.fl-tight .fl-chead{margin-bottom:.15rem;align-items:end}
.fl-cbar{display:grid;grid-template-columns:1fr 3rem;gap:.5rem;align-items:center;font-size:.88rem}
.fl-cbar .fl-bar-value{font-size:.84rem;white-space:nowrap}
.fl-both{position:relative;height:.72rem;border-radius:2px;
 background:linear-gradient(90deg,transparent calc(50% - .5px),currentColor calc(50% - .5px),
 currentColor calc(50% + .5px),transparent calc(50% + .5px)),color-mix(in srgb,currentColor 9%,transparent)}
.fl-both span{position:absolute;top:0;bottom:0;background:currentColor;opacity:.62;min-width:1px}
.fl-cnone{aspect-ratio:1;border:1px dashed color-mix(in srgb,currentColor 26%,transparent);border-radius:3px;
 display:flex;align-items:center;justify-content:center;text-align:center;padding:.5rem;font-size:.8rem;line-height:1.35}
.fl-cnone span{opacity:.66;overflow-wrap:anywhere}
.fl-flat .fl-cnone{aspect-ratio:auto;height:84px}
.fl-alike{font-size:.8rem;margin-top:.2rem;font-variant-numeric:tabular-nums;cursor:help;font-weight:600;line-height:1.35}
.fl-ranked{position:relative;height:84px;border-radius:2px;overflow:hidden;
 background:color-mix(in srgb,currentColor 7%,transparent)}
.fl-ranked img{display:block;width:100%;height:100%}
.fl-ranked::after{content:"";position:absolute;left:0;right:0;top:50%;border-top:1px dashed currentColor;opacity:.5}
.fl-cown{font-size:.86rem;line-height:1.3;padding-bottom:.25rem}.fl-cown .fl-quiet{font-size:.76rem}
.fl-faint{border-color:transparent}.fl-faint span{opacity:.5}
.fl-concluded{font-family:"Source Serif",Georgia,serif;font-size:1.4rem;line-height:1.35;margin:.1rem 0 .2rem;
 max-width:56rem}
.fl-tests{margin-top:.2rem}.fl-tests td{white-space:nowrap}.fl-tests td.fl-say{white-space:normal}
.fl-range{position:relative;height:1.3rem;min-width:110px}
.fl-range i{position:absolute;top:0;bottom:0;width:1px;background:color-mix(in srgb,currentColor 45%,transparent)}
.fl-range .fl-line{position:absolute;top:50%;height:2px;margin-top:-1px;background:currentColor;min-width:2px;
 opacity:.75}
.fl-range .fl-at{position:absolute;top:50%;width:.6rem;height:.6rem;border-radius:50%;transform:translate(-50%,-50%);
 background:currentColor}
.fl-range.fl-open .fl-at{background:var(--fl-page,Canvas);border:2px solid currentColor;box-sizing:border-box}
.fl-classes .fl-axis2{width:46%;padding-right:1.4rem}.fl-classes td,.fl-classes th{vertical-align:middle}
.fl-classes th:first-child{white-space:nowrap}.fl-classes .fl-number{white-space:nowrap}
.fl-ends2{display:flex;justify-content:space-between;font-size:.74rem;opacity:.62;font-variant-numeric:tabular-nums}
[class*="st-key-differ"]{display:grid!important;grid-template-columns:repeat(6,minmax(0,1fr));gap:1rem .9rem}
[class*="st-key-differ"] img{border-radius:3px;width:100%;image-rendering:pixelated;aspect-ratio:1;object-fit:cover}
[class*="st-key-differ"] [data-testid="stPageLink-NavLink"]{padding-left:0}
[class*="st-key-differ"] p{overflow-wrap:anywhere}
.fl-pick{font-size:.78rem;line-height:1.4;font-variant-numeric:tabular-nums}
.fl-pick div{display:flex;gap:.3rem;align-items:baseline;flex-wrap:wrap}.fl-pick .fl-dot{margin-right:0}
.fl-nopic{aspect-ratio:1;border:1px dashed color-mix(in srgb,currentColor 26%,transparent);border-radius:3px;
 display:flex;align-items:center;justify-content:center;font-size:.72rem;text-align:center;padding:.3rem;
 overflow-wrap:anywhere;margin-bottom:.3rem}
@media (max-width:1000px){
.fl-crow{grid-template-columns:repeat(var(--models),minmax(84px,1fr)) minmax(92px,1fr);column-gap:.7rem}
.fl-clabel{grid-column:1/-1;padding-bottom:.2rem}.fl-clabel .fl-quiet{display:inline;margin-left:.5rem}
.fl-chead .fl-clabel{display:none}.fl-ccell:last-child{padding-left:.7rem;margin-left:0}
.fl-cbar{grid-template-columns:1fr 2.5rem;gap:.3rem}.fl-cbar .fl-bar-value{font-size:.76rem}
.fl-compare .fl-raw{font-size:.7rem}.fl-compare .fl-scale{font-size:.66rem;gap:.25rem}.fl-alike{font-size:.72rem}
.fl-concluded{font-size:1.15rem}
[class*="st-key-differ"]{grid-template-columns:repeat(3,minmax(0,1fr))}}
</style>"""
"""Drawn once a run by the page, after the frame's own."""
