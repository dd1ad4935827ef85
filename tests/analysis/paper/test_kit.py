from __future__ import annotations

import csv
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.analysis.evaluation import evaluation, read_history
from engine.analysis.paper.kit import PaperInput, write_kit
from engine.analysis.report_figures import ReportInput
from engine.analysis.store.store import open_store
from engine.measure.robustness import read_robustness, robustness_file
from engine.models.checkpoint import read_card
from tests.made import SHIPPED

KEY = re.compile(r"\\cite\{([a-z0-9,]+)\}")


@pytest.fixture(scope="module")
def kit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a shipped model's stored answers to the built-in test faces."""
    checkpoint = SHIPPED / "synthetic-cbam"
    card = read_card(checkpoint)
    stores = [open_store([card.name], "synthetic", split, folder=SHIPPED) for split in ("test", "val")]
    found = evaluation(*stores)
    robust = read_robustness(checkpoint / robustness_file("synthetic", "test"), card, dataset="synthetic", split="test")
    folder: Path = tmp_path_factory.mktemp("kit") / "paper"
    history = read_history(checkpoint, card.recipe.get("chosen_epoch"))
    analysis = {
        "versions": {"torch": "9_9"},
        "sha256": {"predictions.parquet": "ab" * 32},
        "data_fingerprint": "cd" * 32,
    }
    files = write_kit(folder, ReportInput(found, robust, history), PaperInput(card, analysis, "1.2.3"))
    assert files == tuple(sorted(file.relative_to(folder).as_posix() for file in folder.rglob("*.*")))
    return folder


def objects(data: bytes) -> dict[int, bytes]:
    """Read a PDF as a reader does: from its last line to the table of places, and each object at its place."""
    assert data.startswith(b"%PDF-1.")
    assert data.rstrip().endswith(b"%%EOF")
    start = int(data[data.rindex(b"startxref") :].split()[1])
    head, count, *_ = data[start:].split()
    assert head == b"xref"
    total = int(data[start:].split()[2])
    assert int(count) == 0
    lines = data[start:].split(b"\n")[2 : 2 + total]
    found = {}
    for number, line in enumerate(lines):
        offset, _, kind = line.split()
        if kind == b"n":
            body = data[int(offset) :]
            assert body.startswith(f"{number} 0 obj".encode()), number
            found[number] = body[: body.index(b"endobj")]
    return found


def test_every_figure_is_a_pdf_of_one_page_without_pixels(kit: Path) -> None:
    names = {file.stem for file in (kit / "figures").iterdir()}
    assert names == {
        "classes", "confusion", "roc", "precision-recall", "calibration", "embedding", "robustness", "training",
    }  # fmt: skip
    for file in (kit / "figures").iterdir():
        found = objects(file.read_bytes())
        assert sum(bool(re.search(rb"/Type\s*/Page\b", body)) for body in found.values()) == 1, file.name
        assert not any(re.search(rb"/Subtype\s*/Image", body) for body in found.values()), file.name
        streams = [body.split(b"stream\n", 1)[1] for body in found.values() if b"/FlateDecode" in body]
        assert any(b" l\n" in zlib.decompressobj().decompress(stream) for stream in streams), file.name  # lines
        assert b"CreationDate" not in file.read_bytes()


def test_every_key_that_is_cited_is_in_the_bibliography_and_no_other(kit: Path) -> None:
    texts = [file.read_text(encoding="utf-8") for file in kit.rglob("*.tex")]
    keys = {key for text in texts for found in KEY.findall(text) for key in found.split(",")}
    entries = set(re.findall(r"^@\w+\{(\w+),", (kit / "references.bib").read_text(), re.MULTILINE))
    assert keys == entries
    assert {"woo2018", "wilson1927", "guo2017", "hendrycks2019", "loshchilov2019"} <= keys
    assert "mcnemar1947" not in keys  # nothing was compared


def test_the_methods_name_versions_hashes_and_n(kit: Path) -> None:
    text = (kit / "methods.tex").read_text(encoding="utf-8")
    for part in (
        "FERLens 1.2.3",
        r"torch 9\_9",
        "ab" * 32,
        "cd" * 32,
        read_card(SHIPPED / "synthetic-cbam").weights_sha256,
    ):
        assert part in text
    assert "n = 3,000 pictures" in text
    assert "person-independent" in text
    assert "chosen by the accuracy on val" in text


def test_the_whole_names_every_part_that_is_there(kit: Path) -> None:
    whole = (kit / "paper.tex").read_text(encoding="utf-8")
    named = re.findall(r"\\input\{([^}]+)\}", whole)
    assert {f"{name}.tex" for name in named} | {"paper.tex"} == {
        file.relative_to(kit).as_posix() for file in kit.rglob("*.tex")
    }
    drawn = re.findall(r"\\includegraphics\[[^]]+\]\{([^}]+)\}", (kit / "figures.tex").read_text())
    assert {kit / name for name in drawn} == set((kit / "figures").iterdir())
    captions = (kit / "captions.txt").read_text(encoding="utf-8")
    for file in (*(kit / "figures").iterdir(), *(kit / "tables").glob("*.csv")):
        assert f"{file.parent.name}/{file.name.removesuffix('.csv')}:" in captions, file.name
    assert captions.count("n = 3,000") == len(captions.split("\n\n"))


def rows(file: Path) -> list[dict[str, Any]]:
    with file.open(newline="", encoding="utf-8") as opened:
        return list(csv.DictReader(opened))


def test_the_tables_numbers_are_those_on_the_card(kit: Path) -> None:
    said = read_card(SHIPPED / "synthetic-cbam").metrics["synthetic/test/single"]
    whole = rows(kit / "tables/overall.csv")[0]
    assert float(whole["accuracy"]) == pytest.approx(said["accuracy"], abs=1e-5)
    assert [float(whole[f"accuracy {end}"]) for end in ("low", "high")] == pytest.approx(said["interval"], abs=1e-5)
    assert float(whole["macro F1"]) == pytest.approx(said["macro_f1"], abs=1e-5)
    for row in rows(kit / "tables/classes.csv"):
        known = said["per_class"][row["class"]]
        for name, key in (("precision", "precision"), ("recall", "recall"), ("F1", "f1")):
            assert float(row[name]) == pytest.approx(known[key], abs=1e-5), (row["class"], name)
        assert int(row["n"]) == known["support"]
        assert np.float64(row["recall low"]) < np.float64(row["recall"]) < np.float64(row["recall high"])
