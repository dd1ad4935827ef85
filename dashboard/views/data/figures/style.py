"""The style sheet of the Data page's pieces; drawn once a run by the page, after the frame's own."""

from __future__ import annotations

from typing import Final

CSS: Final = """<style>
.fl-facts{display:grid;grid-template-columns:repeat(auto-fit,minmax(118px,1fr));gap:.7rem 1rem;margin:.3rem 0 .2rem}
.fl-facts div{font-size:.84rem;line-height:1.3}.fl-facts b{display:block;font-size:1.3rem;font-weight:600;
 font-variant-numeric:tabular-nums}
.fl-facts span{opacity:.68}
.fl-balance{width:100%;border-collapse:collapse;font-size:.9rem;margin:.2rem 0}
.fl-balance th,.fl-balance td{padding:.34rem .8rem .34rem 0;text-align:left;font-weight:400;white-space:nowrap;
 border-bottom:1px solid color-mix(in srgb,currentColor 12%,transparent)}
.fl-balance thead th{font-size:.8rem;opacity:.62}
.fl-balance td{font-variant-numeric:tabular-nums}
.fl-balance small{display:block;font-variant-numeric:tabular-nums}
.fl-balance .fl-share{opacity:.62;font-size:.8rem;margin-left:.35rem}
.fl-balance i{display:block;height:4px;border-radius:1px;min-width:1px;margin-top:.18rem}
.fl-balance-wide{overflow-x:auto}
.fl-faces{display:grid;grid-template-columns:4.6rem repeat(var(--fl-classes),minmax(0,1fr));gap:.5rem .7rem;
 align-items:center;margin:.4rem 0;max-width:1040px}
.fl-faces>span{font-size:.82rem;line-height:1.25;opacity:.8}
.fl-faces .fl-head{display:flex;align-items:baseline;flex-wrap:wrap;font-size:.88rem;opacity:1}
.fl-faces .fl-head small{opacity:.62;width:100%;font-variant-numeric:tabular-nums}
.fl-faces img{display:block;width:100%;aspect-ratio:1;border-radius:3px}
.fl-faces-scale{display:flex;flex-wrap:wrap;gap:.3rem 1.6rem;font-size:.76rem;font-variant-numeric:tabular-nums;
 margin:.1rem 0 0 5.3rem}
.fl-faces-scale>span{display:flex;align-items:center;gap:.4rem;opacity:.8}
.fl-faces-scale i{display:inline-block;width:90px;height:5px;border-radius:1px}
.fl-sheet{display:grid;gap:.55rem .8rem;margin:.4rem 0;max-width:1040px}
.fl-sheet-row{display:grid;grid-template-columns:4.6rem 1fr;gap:.7rem;align-items:center;font-size:.88rem}
.fl-sheet-row>span{min-width:0;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.fl-sheet-row>div{display:grid;grid-template-columns:repeat(var(--fl-columns),minmax(0,1fr));gap:.35rem}
.fl-sheet-row img{display:block;width:100%;max-width:96px;aspect-ratio:1;border-radius:2px}
.fl-sheet-row img.fl-original{outline:2px solid color-mix(in srgb,currentColor 55%,transparent);outline-offset:1px}
.fl-group{display:grid;grid-template-columns:repeat(auto-fill,minmax(78px,1fr));gap:.6rem .7rem}
.fl-group figure{margin:0;min-width:0;font-size:.75rem;line-height:1.35}
.fl-group img{display:block;width:100%;aspect-ratio:1;border-radius:3px}
.fl-group figcaption{display:flex;flex-wrap:wrap;align-items:baseline;margin-top:.25rem}
.fl-group figcaption b{font-weight:600}
.fl-group .fl-part{margin-left:auto;opacity:.68}
.fl-group small{display:block;width:100%;opacity:.62;font-size:.72rem;overflow:hidden;text-overflow:ellipsis;
 white-space:nowrap}
.fl-group-head{font-size:.86rem;margin-bottom:.1rem}.fl-group-head span{opacity:.66;margin-left:.5rem}
.st-key-data-groups{display:grid!important;grid-template-columns:repeat(auto-fill,minmax(min(100%,330px),1fr));
 gap:.8rem}
.st-key-data-pictures{display:grid!important;grid-template-columns:repeat(auto-fill,minmax(118px,1fr));gap:1rem .8rem}
:is(.st-key-data-groups,.st-key-data-pictures) [data-testid="stPageLink-NavLink"]{padding:0}
@media (max-width:1000px){.fl-faces{grid-template-columns:repeat(var(--fl-classes),minmax(0,1fr));gap:.35rem}
.fl-faces>span:not(.fl-head){grid-column:1/-1;margin-top:.3rem}.fl-faces .fl-head{font-size:.74rem}
.fl-faces .fl-corner{display:none}
.fl-faces-scale{margin-left:0}.fl-sheet-row{grid-template-columns:1fr;gap:.2rem}
.fl-sheet-row>div{gap:.25rem}}
</style>"""
"""Everything here takes its colours from the text's, so that it reads on both grounds."""
