"""A film's table of two faces and two classes: face 2 turns from happy to sad, is hidden, goes, and comes back."""

from __future__ import annotations

from typing import Final

from engine.live.video import table_columns

CLASSES: Final = ("happy", "sad")
_ROWS: Final = (
    "0,0.0000,1,1,50,20,30,40,sad,0.6000,sad,0.4000,0.6000",
    "0,0.0000,2,1,10,20,30,40,happy,0.9000,happy,0.9000,0.1000",
    "1,0.1000,1,1,50,20,30,40,sad,0.6000,sad,0.4000,0.6000",
    "1,0.1000,2,1,10,20,30,40,happy,0.6000,happy,0.6000,0.4000",
    "2,0.2000,2,1,10,20,30,40,sad,0.7000,sad,0.3000,0.7000",
    "3,0.3000,2,0,10,20,30,40,sad,0.7000,sad,0.3000,0.7000",
    "10,1.0000,2,1,10,20,30,40,sad,0.8000,sad,0.2000,0.8000",
    "11,1.1000,2,1,10,20,30,40,sad,0.8000,sad,0.2000,0.8000",
)
TABLE: Final = "\n".join((",".join(table_columns(CLASSES)), *_ROWS, "")).encode()
