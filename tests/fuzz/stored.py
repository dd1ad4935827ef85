"""What lies in a checkpoint's folder and may come from anyone: cards, stored graphs, analyses."""

from __future__ import annotations

import copy
import json
import shutil
import warnings
from pathlib import Path
from random import Random
from typing import Any, Final

from safetensors.torch import load_file

from engine.analysis.files.attention import find_attention
from engine.analysis.files.places import analysed_splits, analysis_folder
from engine.analysis.store.store import open_store
from engine.models.adopted.findings_json import from_json
from engine.models.adopted.graph import read_graph
from engine.models.adopted.stored import StoredNetwork, check_findings, check_sizes
from engine.models.checkpoint import load_checkpoint, survey_checkpoints
from tests.dashboard.made import write_seeded
from tests.dashboard.made_analysis import write_analysed
from tests.fuzz import mangle
from tests.fuzz.judge import Case
from tests.made_odd import ABSURD
from tests.models.adopted.test_graph import KEPT

CLASS_NAMES: Final = ("happy", "sad", "")


class Cards:
    """Cases for the readers of ``card.json`` and what builds a model from it."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        self.folder = folder / "cards"
        write_seeded(self.folder, "cbam")
        self.good = (self.folder / "cbam" / "card.json").read_bytes()

    def make(self, chance: Random) -> Case:
        card = json.loads(self.good)
        if chance.random() < 0.15:
            what = chance.choice(list(ABSURD))
            data = mangle.written(ABSURD[what](card))
        elif chance.random() < 0.75:
            what, data = "document", mangle.written(mangle.document(card, chance))
        else:
            what, data = mangle.bytes_of(self.good, chance)
        (self.folder / "cbam" / "card.json").write_bytes(data)

        def run() -> str | None:
            found = survey_checkpoints(self.folder)
            if not found.cards:
                return found.problems[0]
            load_checkpoint("cbam", folder=self.folder)
            return None

        return Case(what, run)


class Graphs:
    """Cases for a network stored as ``graph.json``."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        self.good = (KEPT / "graph.json").read_bytes()
        self.document = json.loads(self.good)
        self.tensors = load_file(KEPT / "weights.safetensors")

    def make(self, chance: Random) -> Case:
        if chance.random() < 0.2:
            what, data = mangle.bytes_of(self.good, chance)
        elif chance.random() < 0.5:
            what, data = "document", mangle.written(mangle.document(self.document, chance))
        else:
            what, data = "node", mangle.written(self._other_node(chance))

        def run() -> None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                graph = read_graph(data)
                check_sizes(graph)
                names = frozenset(node.name for node in graph.nodes)
                check_findings(StoredNetwork(graph, from_json(graph.found, names), self.tensors).eval())

        return Case(what, run)

    def _other_node(self, chance: Random) -> Any:
        """Change one node, which keeps the rest readable: deeper than a change anywhere comes."""
        document = copy.deepcopy(self.document)
        nodes = document["nodes"]
        node = chance.choice([one for one in nodes if "op" in one])
        way = chance.random()
        if way < 0.3:
            node["op"] = chance.choice([one["op"] for one in nodes if "op" in one])
        elif way < 0.8 and node["args"]:
            at = chance.randrange(len(node["args"]))
            numbers = (
                0,
                -1,
                1,
                2**31,
                2**62,
                10**9,
                [10**9],
                [0, 0],
                0.0,
                1e308,
                {"number": "inf"},
                True,
                None,
                [],
                "x",
            )
            node["args"][at] = chance.choice((*numbers, {"node": chance.choice(nodes)["name"]}))
        elif way < 0.9:
            nodes.remove(node)
        else:
            nodes.insert(chance.randrange(len(nodes)), copy.deepcopy(node))
        return document


class Analyses:
    """Cases for the files of an analysis, as the pages open them."""

    def __init__(self, folder: Path, *, heavy: bool) -> None:
        self.folder = folder / "analysed"
        write_analysed(self.folder)
        self.place = analysis_folder(self.folder / "cbam", "synthetic", "test")
        self.good = {file.name: file.read_bytes() for file in self.place.iterdir() if file.is_file()}

    def make(self, chance: Random) -> Case:
        shutil.rmtree(self.place)
        self.place.mkdir()
        changed = chance.choice(sorted(self.good))
        what = ""
        for name, data in self.good.items():
            if name != changed:
                (self.place / name).write_bytes(data)
            elif name.endswith(".json") and chance.random() < 0.7:
                what = "document"
                (self.place / name).write_bytes(mangle.written(mangle.document(json.loads(data), chance)))
            elif chance.random() < 0.05:
                what = "a folder"
                (self.place / name).mkdir()
            else:
                what, other = mangle.bytes_of(data, chance)
                (self.place / name).write_bytes(other)
        return Case(f"{changed}, {what}", lambda: _opened(self.folder))


def _opened(folder: Path) -> None:
    analysed_splits(folder, ["cbam"])
    store = open_store(["cbam"], "synthetic", "test", folder=folder)
    try:
        store.count()
        store.rows(limit=None).table.to_pylist()
    finally:
        store.close()
    attention = find_attention("cbam", "synthetic", "test", folder=folder)
    for layer in attention.layers:
        attention.of(layer)
