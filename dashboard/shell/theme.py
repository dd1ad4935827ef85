"""The page frame's look: title, wordmark, and the small style sheet of the pieces that are drawn as HTML.

Colours of the interface come from ``dashboard/.streamlit/config.toml`` (light and dark). The rules here take theirs
from ``currentColor``, so that they follow either.
"""

from __future__ import annotations

from typing import Final

import streamlit as st

from engine.records import InputSpec

WORDMARK: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 132 32" width="132" height="32">'
    '<g fill="none" stroke="#7b879c" stroke-width="2.4"><circle cx="14" cy="16" r="10.5"/>'
    '<path d="M7.5 16c2-4 11-4 13 0-2 4-11 4-13 0z"/></g><circle cx="14" cy="16" r="2.6" fill="#7b879c"/>'
    '<text x="33" y="22.5" font-family="Georgia,\'Source Serif 4\',serif" font-size="20" font-weight="600" '
    'fill="#7b879c">FERLens</text></svg>'
)
"""A lens over an eye, in a neutral that reads on both themes."""

ICON: Final = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><g fill="none" stroke="#7b879c" stroke-width="3">'
    '<circle cx="16" cy="16" r="13"/><path d="M7 16c3-5.5 15-5.5 18 0-3 5.5-15 5.5-18 0z"/></g>'
    '<circle cx="16" cy="16" r="3.5" fill="#7b879c"/></svg>'
)
"""The same for the browser's tab; a named icon would be fetched from the internet."""

CSS: Final = """<style>
.stMainBlockContainer{max-width:1280px;padding-left:clamp(1rem,3vw,3rem);padding-right:clamp(1rem,3vw,3rem);
 padding-bottom:3rem}
.stMainBlockContainer h1{letter-spacing:-.012em;padding-bottom:.5rem}
[data-testid="stHeader"]{background:transparent}
:is(.st-key-fl-steps,.st-key-fl-view-links){display:none}
[data-testid="stSidebar"][data-collapsed="true"]{visibility:hidden;transition:visibility 0s .3s}
[data-testid="stSidebar"][data-collapsed="true"] :is(a,button,input,textarea){visibility:hidden!important}
.fl-lead{font-size:1.12rem;line-height:1.55;max-width:44rem;opacity:.86;margin:0 0 .4rem}
.fl-quiet{opacity:.67;font-size:.84rem}
[data-testid="stButtonGroup"]>div button{min-height:2.5rem}
:is([data-testid^="stBaseButton-primary"],[data-testid^="stBaseLinkButton-primary"]):not(:disabled){
 color:light-dark(#fff,#131519)!important}
[data-testid="stCaptionContainer"]{color:inherit!important;opacity:.68}
[data-testid="stCaptionContainer"] code{font-size:.8rem;color:inherit}
.fl-caption{font-size:.875rem;line-height:1.45;color:color-mix(in srgb,currentColor 72%,transparent)}
.fl-term{font:inherit;color:inherit;text-align:inherit;letter-spacing:inherit;background:none;border:0;margin:0;padding:0;
 cursor:help;text-decoration:underline dotted;text-underline-offset:.2em}
.fl-term:is(:hover,:focus-visible){text-decoration-style:solid}
.fl-glossary{margin-top:1.6rem;padding-top:.8rem;border-top:1px solid color-mix(in srgb,currentColor 14%,transparent)}
.fl-glossary summary{cursor:pointer;font-weight:600}
.fl-glossary dt{font-weight:600;margin-top:.7rem}
.fl-glossary dd{margin:.3rem 0 0;display:flex;flex-wrap:wrap;gap:.45rem 1.4rem}
:is(.fl-split,.fl-view){color:inherit;text-underline-offset:.2em}
.fl-meaning{max-width:min(34rem,92vw);max-height:86vh;overflow:auto;padding:1.1rem 1.3rem;border-radius:6px;
 border:1px solid color-mix(in srgb,currentColor 30%,transparent);line-height:1.5;
 background:light-dark(#fff,#1d2026);color:light-dark(#1d2026,#f2f3f5)}
.fl-meaning::backdrop{background:#0006}.fl-meaning p{margin:.6rem 0 0}.fl-meaning a{color:inherit}
.fl-close{margin-top:.9rem;padding:.35rem .9rem;font:inherit;color:inherit;background:none;border-radius:6px;
 cursor:pointer;border:1px solid color-mix(in srgb,currentColor 40%,transparent)}
.stPlotlyChart :is([class$="tick"],[class^="g-"][class$="title"],.legend) text{fill:currentColor!important;opacity:.75}
.fl-section{display:flex;flex-wrap:wrap;gap:.1rem .8rem;align-items:baseline;margin:1rem 0 -.2rem;
 border-top:1px solid color-mix(in srgb,currentColor 14%,transparent);padding-top:1rem}
.fl-section b{font-size:1.08rem;font-weight:600}
.fl-section span{opacity:.68;font-size:.9rem;max-width:46rem}
.fl-dot{display:inline-block;width:.66em;height:.66em;border-radius:50%;margin-right:.42em;flex:none}
.fl-verdict{display:flex;align-items:baseline;font-family:"Source Serif",Georgia,serif;font-size:2.3rem;line-height:1.1;
 margin:0 0 .5rem}
.fl-verdict .fl-dot{width:.5em;height:.5em}
.fl-verdict-value{margin-left:.6rem;opacity:.62;font-size:1.5rem;font-variant-numeric:tabular-nums}
.fl-bars{display:grid;gap:.32rem}
.fl-bar{display:grid;grid-template-columns:5.2rem 1fr 3.4rem;gap:.7rem;align-items:center;font-size:.93rem}
.fl-bar-track{height:.72rem;border-radius:2px;background:color-mix(in srgb,currentColor 9%,transparent);overflow:hidden}
.fl-bar-fill{display:block;height:100%;min-width:1px;opacity:.62}
.fl-first .fl-bar-fill{opacity:1}
.fl-first .fl-bar-name,.fl-first .fl-bar-value{font-weight:600}
.fl-bar-value{text-align:right;font-variant-numeric:tabular-nums;opacity:.85}
.fl-reading{margin:.9rem 0 0;line-height:1.5;border-left:2px solid color-mix(in srgb,currentColor 30%,transparent);
 padding-left:.8rem}
.fl-seen{display:flex;gap:.8rem;align-items:center;margin-top:.9rem}
.fl-seen img{max-width:144px;max-height:72px;min-height:36px;min-width:72px;object-fit:contain;
 image-rendering:pixelated;border-radius:3px}
.fl-cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,180px),1fr));gap:1.1rem 1.2rem;
 margin:.3rem 0}
.fl-cards.fl-small{grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:.9rem}
.fl-small .fl-card:first-child{grid-column:span 2;grid-row:span 2}
.fl-each .fl-cards{grid-template-columns:repeat(auto-fill,minmax(128px,1fr));gap:.9rem}
.fl-card{margin:0;min-width:0;max-width:340px}
.fl-card figcaption{display:flex;align-items:baseline;gap:.1rem .5rem;flex-wrap:wrap;margin-bottom:.3rem;
 font-size:.92rem}
.fl-card figcaption .fl-dot{margin-right:0}
.fl-card figcaption .fl-quiet{margin-left:auto;font-size:.78rem}
.fl-small .fl-card:not(:first-child) figcaption .fl-quiet{display:none}
.fl-map{position:relative;border-radius:3px;overflow:hidden;aspect-ratio:var(--fl-ratio,1)}
.fl-map img{display:block;width:100%;height:100%;object-fit:contain;image-rendering:pixelated}
.fl-map .fl-smooth{position:absolute;inset:0;image-rendering:auto;transition:opacity .12s}
.fl-map:hover .fl-smooth{opacity:0}
.fl-chosen .fl-map{outline:2px solid currentColor;outline-offset:2px}
.fl-none img{filter:grayscale(1);opacity:.35}
.fl-nothing{position:absolute;inset:auto 0 0 0;padding:.35rem .5rem;font-size:.78rem;line-height:1.25;background:#000b;
 color:#fff}
.fl-scale{display:grid;grid-template-columns:auto 1fr auto;gap:.4rem;align-items:center;font-size:.74rem;
 margin-top:.42rem;font-variant-numeric:tabular-nums}
.fl-scale>span:not(.fl-ramp){opacity:.62}
.fl-ramp{position:relative;height:5px;border-radius:1px}
.fl-reach{position:absolute;top:7px;height:2px;background:currentColor;opacity:.8}
.fl-mean{position:absolute;top:5px;height:6px;width:2px;margin-left:-1px;background:currentColor}
.fl-raw{font-size:.76rem;opacity:.8;margin-top:.3rem;font-variant-numeric:tabular-nums;white-space:nowrap;overflow:hidden;
 text-overflow:ellipsis}
.fl-small .fl-card:not(:first-child) .fl-raw{font-size:.74rem}
.fl-small .fl-card:not(:first-child) .fl-word{display:none}
.fl-table{width:100%;border-collapse:collapse;font-size:.93rem;margin:.2rem 0}
.fl-table th,.fl-table td{text-align:left;padding:.5rem .7rem .5rem 0;font-weight:400;
 border-bottom:1px solid color-mix(in srgb,currentColor 12%,transparent);vertical-align:baseline}
.fl-table thead th{font-size:.8rem;opacity:.62}
.fl-table tbody th{font-weight:600}
.fl-table .fl-number{text-align:right;font-variant-numeric:tabular-nums}
.fl-models td.fl-number{white-space:nowrap}
.fl-tag{font-size:.74rem;font-weight:400;opacity:.62;margin-left:.3rem}
.st-key-strip [data-testid="stElementToolbar"]{display:none}
.st-key-strip img,[class*="st-key-picture"] img{border-radius:4px}
.st-key-strip{display:grid!important;grid-template-columns:repeat(7,minmax(0,1fr));gap:1rem}
.st-key-strip [data-testid="stPageLink-NavLink"],.st-key-stack-tiles [data-testid="stPageLink-NavLink"]{padding-left:0}
.st-key-source button{padding-left:.3rem;padding-right:.3rem;min-width:0}
.st-key-stack-answer{min-height:460px}
.st-key-strip .stVerticalBlock,.st-key-stack-tiles .stVerticalBlock{position:relative}
:is(.st-key-strip,.st-key-stack-tiles) :is(.stElementContainer,.stPageLink,.stPageLink *){position:static}
:is(.st-key-strip,.st-key-stack-tiles) a::after{content:"";position:absolute;inset:0;z-index:1;border-radius:4px}
:is(.st-key-strip,.st-key-stack-tiles) a:is(:hover,:focus-visible)::after{outline:1.5px solid #7b879c}
:is(.st-key-strip,.st-key-stack-tiles) a:hover{background:none}
[data-testid="stMultiSelect"] [data-tag]{background:color-mix(in srgb,currentColor 14%,transparent)!important;
 color:inherit!important}
[data-testid="stMultiSelect"] [data-tag] *{color:inherit!important}
.st-key-picture img{max-height:430px;width:auto;max-width:100%}
@media (max-width:1000px){
[class*="st-key-stack"] [data-testid="stHorizontalBlock"]:has(>[data-testid="stColumn"]){flex-direction:column;gap:1rem}
[class*="st-key-stack"] [data-testid="stColumn"]{width:100%!important;flex:1 1 auto!important}
.st-key-picture img{max-height:320px}
.st-key-strip{grid-template-columns:repeat(4,minmax(0,1fr))}
.fl-wide{display:none}.fl-models td.fl-number{white-space:normal}
.fl-table th,.fl-table td{padding-right:.4rem;font-size:.84rem}}
@media (max-width:480px){.st-key-picture img{max-height:240px}}
</style>"""
"""Everything prefixed ``fl-`` is drawn by ``dashboard/figures``; the rest narrows Streamlit's own frame."""


def apply(title: str) -> None:
    """Set the window's title and width, the wordmark and the style sheet. Call once a run, before anything is drawn."""
    st.set_page_config(page_title=f"{title} · FERLens", page_icon=ICON, layout="wide", initial_sidebar_state=280)
    st.logo(WORDMARK, size="large")
    st.html(CSS)


def shaped(spec: InputSpec) -> None:
    """Let pictures and maps of a page have the shape of what its model takes, where that is no square."""
    if spec.width != spec.height:
        st.html(f"<style>:root{{--fl-ratio:{spec.width}/{spec.height}}}</style>")


def section(title: str, words: str = "") -> None:
    """Draw a section's heading with its one-line explanation beside it."""
    st.html(f'<div class="fl-section" role="heading" aria-level="2"><b>{title}</b><span>{words}</span></div>')
