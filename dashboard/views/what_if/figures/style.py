"""The style sheet of the What if page's own pieces; see :mod:`dashboard.shell.theme` for the rest."""

from __future__ import annotations

from typing import Final

CSS: Final = """<style>
.fl-wverdict{flex-wrap:wrap;gap:.1rem 1rem;font-size:2rem}.fl-wverdict>span{white-space:nowrap}
.fl-warrow{opacity:.5;font-size:1.5rem}
.fl-wbar{grid-template-columns:5.2rem 1fr 7.4rem 3.2rem}
.fl-wbar .fl-bar-value{white-space:nowrap;font-size:.88rem}
.fl-whead{font-size:.76rem}.fl-whead span{opacity:.62}.fl-whead .fl-bar-value{font-size:.76rem}
.fl-wtrack{position:relative;display:block}.fl-wtrack .fl-bar-track{display:block}
.fl-wmark{position:absolute;top:-.2rem;bottom:-.2rem;width:2px;margin-left:-1px;background:currentColor}
.fl-wmaps{display:grid;gap:1rem .9rem;margin:.2rem 0;overflow-x:auto;
 grid-template-columns:repeat(var(--maps),minmax(84px,190px))}
.fl-wcolumn{display:grid;gap:.7rem;align-content:start;min-width:0}
.fl-wcolumn h4{font-size:.92rem;font-weight:600;margin:0;padding:0;font-family:inherit}
.fl-wcolumn .fl-card figcaption b{font-weight:400;font-size:.8rem}
.fl-wcolumn .fl-card figcaption{margin-bottom:.2rem}
.fl-wcolumn .fl-card figcaption .fl-quiet{font-size:.7rem}
.fl-wcolumn .fl-card .fl-word{display:none}.fl-wcolumn .fl-card .fl-raw{font-size:.7rem}
.fl-wscroll{overflow-x:auto}
.fl-weffects th,.fl-weffects td{vertical-align:middle}
.fl-weffects .fl-whcell{text-align:center;white-space:nowrap;opacity:1!important}
.fl-whcell .fl-quiet{display:block;font-size:.76rem;font-variant-numeric:tabular-nums}
.fl-weffects tbody th{font-weight:400;white-space:nowrap}
.fl-table td.fl-wcell{text-align:center;padding:.5rem .3rem;font-variant-numeric:tabular-nums;min-width:3.4rem;
 border:2px solid transparent;background-clip:padding-box}
.fl-weffects td.fl-wlead{font-weight:600}.fl-weffects .fl-number{padding-right:1rem;white-space:nowrap}
.fl-weffects td.fl-wanswer{white-space:nowrap;padding-left:.7rem}
.fl-wramp{max-width:22rem;margin:.5rem 0 0}
.st-key-stack-what-if [data-testid="stSlider"]{padding-right:.2rem}
.fl-weffects .fl-whidden th{font-weight:600}.fl-weffects .fl-whidden .fl-tag{font-weight:400}
.fl-wsingle{grid-template-columns:minmax(0,600px)}.fl-wsingle h4{grid-column:1/-1}
.fl-wsingle .fl-wcolumn{grid-template-columns:repeat(3,minmax(0,1fr));gap:.2rem .9rem}
@media (min-width:1001px){[data-testid="stLayoutWrapper"]:has(>.st-key-what-if-brief){display:none}}
@media (max-width:1000px){
.fl-weffects .fl-tag{display:none}
.fl-weffects td.fl-wanswer{padding:.4rem 0 .4rem .4rem}
.st-key-stack-what-if .st-key-what-if-sliders [data-testid="stHorizontalBlock"]{flex-direction:row!important}
.st-key-stack-what-if .st-key-what-if-sliders [data-testid="stColumn"]{width:50%!important;flex:1 1 0!important;
 min-width:0!important}
.fl-weffects .fl-whcell .fl-dot{display:none}.fl-weffects .fl-number{padding-right:.6rem}
.fl-wmaps{grid-template-columns:1fr}
.fl-wcolumn{grid-template-columns:repeat(3,minmax(0,1fr));gap:.2rem .9rem}
.fl-wcolumn h4{grid-column:1/-1}
.fl-wbar{grid-template-columns:4.6rem 1fr 6.6rem 3rem;gap:.5rem}
.fl-wverdict{font-size:1.6rem}
.fl-table td.fl-wcell{min-width:2.6rem;padding:.4rem .1rem;font-size:.8rem}
.fl-weffects thead th{font-size:.72rem}}
</style>"""
"""Drawn once a run by the page, after the frame's own."""
