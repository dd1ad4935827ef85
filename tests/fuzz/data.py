"""Archives and tables, as somebody else's data set comes: names, members, headings and cells of every kind."""

from __future__ import annotations

import gzip
import io
import lzma
import tarfile
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Final

from PIL import Image

from engine.data.read.samm import read_label_sheet
from engine.data.registry import load_dataset
from engine.data.votes.file import read_votes
from tests import made_hostile as hostile
from tests.fuzz import mangle
from tests.fuzz.judge import Case

CLASSES: Final = ("angry", "disgust", "fear", "happy", "neutral", "sad", "surprise")
SPLITS: Final = ("train", "test", "val", "all", "public", "trainval")


def _picture(chance: Random) -> bytes:
    sink = io.BytesIO()
    side = chance.choice((1, 48, 48, 48, 200))
    Image.new(chance.choice(("L", "RGB")), (side, side), chance.randrange(255)).save(sink, "PNG")
    return mangle.bytes_of(sink.getvalue(), chance)[1] if chance.random() < 0.1 else sink.getvalue()


def _member(chance: Random, odd: float) -> str:
    name = f"{chance.choice(SPLITS[:3])}/{chance.choice(CLASSES)}/{chance.randrange(10**6)}.png"
    if chance.random() < odd:
        name = name.replace(chance.choice(name.split("/")), mangle.text(chance), 1)
    return name[:60_000]


def _zip(chance: Random) -> bytes:
    sink = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(sink, "w", chance.choice((0, 8, 12, 14))) as archive:
        warnings.simplefilter("ignore")
        odd = chance.choice((0.0, 0.05, 0.5))
        for _ in range(chance.choice((0, 1, 40, 60))):
            name = _member(chance, odd).encode("utf-8", "replace").decode().replace("\0", "?")
            archive.writestr(name, _picture(chance))
    return sink.getvalue()


def _tar(chance: Random) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=chance.choice((0, 1, 2))) as archive:
        odd = chance.choice((0.0, 0.05, 0.5))
        for _ in range(chance.choice((0, 1, 40, 60))):
            data = _picture(chance)
            info = tarfile.TarInfo(_member(chance, odd)[:90])
            info.size = len(data)
            info.type = chance.choice((b"0",) * 60 + (b"1", b"2", b"3", b"5", b"6", b"S", b"x"))
            info.linkname = mangle.text(chance)[:90]
            try:
                archive.addfile(info, io.BytesIO(data))
            except (ValueError, UnicodeError):  # a name that this format cannot hold
                continue
    return sink.getvalue()


class Archives:
    """Cases for the readers of archives."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        self.folder, self.heavy = folder, heavy

    def make(self, chance: Random) -> Case:
        ending = chance.choice((".zip", ".tar", ".tar.gz", ".tar.xz", ".tgz"))  # as the reader knows them
        place = self.folder / f"archive{ending}"
        if chance.random() < 0.08:
            what, size = "costly", chance.choice((10**5, 10**6 if not self.heavy else 3 * 10**8))
            if ending == ".zip":
                hostile.zip_of_line(place, size)
            else:
                place = self.folder / "archive.tar.gz"
                hostile.tar_of_zeros(place, size)
        else:
            data = _zip(chance) if ending == ".zip" else _tar(chance)
            what, data = mangle.bytes_of(data, chance) if chance.random() < 0.5 else ("whole", data)
            pack = {".tar.gz": gzip.compress, ".tgz": gzip.compress, ".tar.xz": lzma.compress}.get(ending)
            data = (
                data
                if pack is None
                else (mangle.bytes_of(pack(data), chance)[1] if chance.random() < 0.3 else pack(data))
            )
            place.write_bytes(data)
        kind, split = chance.choice(("folder", "fer2013", "ckplus", "samm")), chance.choice(SPLITS)
        drop = chance.random() < 0.5
        return Case(f"{ending} as {kind} {split}, {what}", lambda: _load(kind, split, place, drop=drop))


def _ask(reader: Callable[[Path], object], place: Path) -> None:
    reader(place)


def _load(kind: str, split: str, place: Path, *, drop: bool = False) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        load_dataset(kind, split, data=place, drop_unknown=drop)


class Tables:
    """Cases for the readers of CSV files and sheets."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        self.folder, self.heavy = folder, heavy

    def make(self, chance: Random) -> Case:  # every choice is the generator's
        kind = chance.choice(("fer2013", "fer2013", "votes", "sheet"))
        rows = [*self._rows(kind, chance)]
        text = chance.choice(("\n", "\n", "\r\n", "\r")).join(
            chance.choice((",", ",", ",", ";", "\t")).join(row) if chance.random() < 0.05 else ",".join(row)
            for row in rows
        )
        what, data = mangle.bytes_of(text.encode(chance.choice(("utf-8", "utf-8", "utf-16")), "replace"), chance)
        if chance.random() < 0.05:
            what, data = "costly", data + b"0," * (10**5 if not self.heavy else 3 * 10**7)
        if kind == "votes":
            place = self.folder / chance.choice(("fer2013new.csv", "fer2013new.csv.gz", "fer2013new.csv.xz"))
            place.write_bytes({".gz": gzip.compress, ".xz": lzma.compress}.get(place.suffix, bytes)(data))
            return Case(f"votes, {what}", lambda: _ask(read_votes, place))
        if kind == "sheet":
            folder = self.folder / "samm"
            folder.mkdir(exist_ok=True)
            place = folder / chance.choice(("labels.csv", "SAMM_Micro_FACS_Codes_v2.xlsx"))
            place.write_bytes(data)
            return Case(f"{place.name}, {what}", lambda: _ask(read_label_sheet, place))
        place = self.folder / "fer2013.csv"
        place.write_bytes(data)
        split = chance.choice(SPLITS)
        return Case(f"fer2013.csv {split}, {what}", lambda: _load("fer2013", split, place))

    def _rows(self, kind: str, chance: Random) -> list[list[str]]:
        if kind == "votes":
            head = ["Usage", "Image name", *CLASSES, "contempt", "unknown", "NF"]
            rows = [["Training", f"fer{n:07d}.png", *(str(chance.randrange(11)) for _ in range(10))] for n in range(9)]
        elif kind == "sheet":
            head = ["Filename", "Subject", "Estimated Emotion", "Onset Frame", "Apex Frame", "Offset Frame"]
            rows = [[f"006_1_{n}", "006", "Happiness", "10", "14", "20"] for n in range(5)]
        else:
            head = ["emotion", "pixels", "Usage"]
            pixels = " ".join(["7"] * 48 * 48)
            rows = [[str(n % 7), pixels, chance.choice(("Training", "PublicTest", "PrivateTest"))] for n in range(14)]
        table = [head, *rows]
        for _ in range(chance.choice((0, 1, 3))):
            row = chance.choice(table)
            row[chance.randrange(len(row))] = chance.choice(
                (mangle.text(chance), " ".join(["300"] * 2_304), '"', "1 " * 9)
            )
        if chance.random() < 0.15:
            chance.shuffle(table)
        return table
