"""The diagrams of the documents, drawn from the networks themselves: ``python -m docs.site.diagrams`` writes them anew.

Names, channels, grids and numbers of parameters are read off the modules, so a diagram says what the code does; the
tests compare the committed files with what this draws.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import torch
from torch import nn

from docs.site.sheet import Sheet
from engine.models.adopted.discover import discover
from engine.models.adopted.judge import ACTIVATION, LEARNT
from engine.models.adopted.operations import CONTRACTIONS, PRODUCTS, SQUASHING, WEAKLY_SQUASHING
from engine.models.attention import CBAM
from engine.models.cmaen.net import CMAEN
from engine.models.plain import HIDDEN, WIDTHS, FourBlockNet
from engine.models.registry import parameters_by_module
from engine.models.taps import RecordedGate, record_attention
from engine.records import GATE_DIMENSIONS

PLACE: Final = Path(__file__).resolve().parents[1] / "images" / "diagrams"


@contextmanager
def _shapes(net: nn.Module) -> Iterator[dict[str, tuple[int, ...]]]:
    """Note the shape of each module's answer during the passes made inside the block."""
    found: dict[str, tuple[int, ...]] = {}

    def note(name: str) -> Callable[..., None]:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            if isinstance(output, torch.Tensor):
                found[name] = tuple(output.shape)

        return hook

    handles = [module.register_forward_hook(note(name)) for name, module in net.named_modules()]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@torch.no_grad()
def _passed(net: nn.Module, channels: int, size: int) -> tuple[dict[str, tuple[int, ...]], dict[str, RecordedGate]]:
    """Return each module's shape and each gate of one pass; ``net`` holds no numbers (the device ``meta``)."""
    with _shapes(net.eval()) as shapes, record_attention() as gates:
        net(torch.zeros(1, channels, size, size, device="meta"))
    return shapes, {gate.layer: gate for gate in gates}


def _by(shape: tuple[int, ...]) -> str:
    return " × ".join(map(str, shape))


def _from_to(gates: dict[str, RecordedGate], end: str) -> str:
    names = [name for name in gates if name.endswith(end)]
    return f"taps {names[0]} to {names[-1]}"


@lru_cache(maxsize=1)
def cbam() -> str:
    """Draw the four-block network with CBAM, and CBAM itself."""
    with torch.device("meta"):
        net = FourBlockNet("cbam")
    shapes, gates = _passed(net, 1, 48)
    first = net.get_submodule("block1.attention")
    assert isinstance(first, CBAM)  # noqa: S101 - as the network is asked for
    sheet = Sheet(
        920, 590, "CBAM", "Channel gate, then spatial gate, after each of four blocks; and how each is computed."
    )
    sheet.text(20, 32, f"cbam: {sum(p.numel() for p in net.parameters()):,} parameters", "head", "start")
    sheet.box((20, 60, 80, 100), "picture", "48 × 48 × 1")
    for number, width in enumerate(WIDTHS):
        name, left = f"block{number + 1}", 125 + 150 * number
        grid = tuple(gates[f"{name}.spatial"].weights.shape[1:])
        lines = (f"3 × 3 conv → {width}", "BatchNorm, ReLU", f"CBAM on {_by(grid)}", f"pool → {_by(shapes[name][2:])}")
        sheet.arrow((left - 25, 110), (left, 110))
        sheet.box((left, 60, 125, 100), name, *lines, look="gate")
    sheet.arrow((700, 110), (725, 110))
    sheet.box((725, 60, 75, 100), "hidden", f"{HIDDEN} units")
    sheet.arrow((800, 110), (825, 110))
    sheet.box((825, 60, 75, 100), "logits", f"{shapes[''][1]} classes", look="answer")

    _draw_cbam(sheet)
    _draw_gates(sheet, first, gates)
    return sheet.svg()


def _draw_cbam(sheet: Sheet) -> None:
    """Draw the two gates in their order."""
    sheet.text(20, 208, "CBAM, in each block (Woo et al. 2018)", "head", "start")
    sheet.box((20, 250, 110, 50), "features F", "C × h × w")
    sheet.box((190, 250, 150, 50), "channel gate", "one weight a channel", look="gate")
    sheet.box((480, 250, 150, 50), "spatial gate", "one weight a cell", look="gate")
    sheet.box((790, 250, 110, 50), "goes on", "C × h × w")
    for left, gate, times, after in ((130, 190, 400, 480), (411, 480, 700, 790)):
        sheet.arrow((left, 275), (gate, 275))
        sheet.arrow((gate + 150, 275), (times - 11, 275))
        sheet.sign(times, 275, "×")
        sheet.arrow((left + 25, 275), (left + 25, 232), (times, 232), (times, 264))
        sheet.arrow((times + 11, 275), (after, 275))


def _draw_gates(sheet: Sheet, block: CBAM, gates: dict[str, RecordedGate]) -> None:
    """Draw how each gate is computed; ``block`` is the first one's."""
    hidden, kernel = block.channel.mlp[0], block.spatial.conv.kernel_size
    assert isinstance(hidden, nn.Linear)  # noqa: S101 - as ChannelGate makes it
    sheet.text(20, 348, f"Channel gate: {_from_to(gates, '.channel')}", "head", "start")
    sheet.box((20, 400, 60, 60), "F")
    sheet.box((110, 370, 120, 46), "mean over cells", "C")
    sheet.box((110, 444, 120, 46), "max over cells", "C")
    ratio = hidden.in_features // hidden.out_features
    sheet.box(
        (260, 400, 120, 60),
        "one MLP for both",
        f"C → C / {ratio} → C",
        f"({WIDTHS[0]} → {hidden.out_features} → {WIDTHS[0]})",
    )
    for y in (393, 467):
        sheet.arrow((80, 430), (95, 430), (95, y), (110, y))
        sheet.arrow((230, y), (245, y), (245, 430), (260, 430))
    sheet.arrow((380, 430), (399, 430))
    sheet.sign(410, 430, "+")
    sheet.text(410, 462, "sigmoid")
    sheet.arrow((410, 441), (410, 452))
    sheet.text(410, 480, "→ tap")

    sheet.text(470, 348, f"Spatial gate: {_from_to(gates, '.spatial')}", "head", "start")
    sheet.box((470, 400, 60, 60), "F′")
    sheet.box((555, 370, 135, 46), "max over channels", "1 × h × w")
    sheet.box((555, 444, 135, 46), "mean over channels", "1 × h × w")
    sheet.box((715, 400, 100, 60), f"{_by(kernel)} conv", "2 → 1", "BatchNorm")
    for y in (393, 467):
        sheet.arrow((530, 430), (542, 430), (542, y), (555, y))
        sheet.arrow((690, y), (702, y), (702, 430), (715, 430))
    sheet.arrow((815, 430), (838, 430))
    sheet.text(870, 434, "sigmoid")
    sheet.text(870, 452, "→ tap")

    notes = (
        "A tap is an identity with a name: through it a gate is read, and replaced where its use is measured.",
        "Both gates lie between 0 and 1 and are computed before any class is scored: the same whichever you ask about.",
    )
    for number, words in enumerate(notes):
        sheet.text(20, 530 + 22 * number, words, anchor="start")


@lru_cache(maxsize=1)
def cmaen() -> str:
    """Draw the cross-modal attention emotion network as its recipe's description has it."""
    with torch.device("meta"):
        net = CMAEN()
    shapes, gates = _passed(net, 3, 224)
    count = parameters_by_module(net)
    classes = shapes[""][1]

    def of(module: str) -> str:
        return f"{count[module]:,} parameters"

    emotion_grid = _by(shapes["emotion_attention.spatial_tap"][2:])

    def grid(module: str) -> str:
        return _by(shapes[module][1:])

    scales = [
        name.split(".")[1].removeprefix("scale")
        for name in gates
        if name.startswith("ecnn.") and name.endswith("channel")
    ]
    multi = f"{', '.join(scales)} cells a side"
    sheet = Sheet(920, 560, "CMAEN", "Two pathways, four kinds of attention, two answers and their ensemble.")
    sheet.text(20, 32, f"cmaen at 224 pixels: {sum(count.values()):,} parameters, {len(gates)} taps", "head", "start")
    sheet.box((20, 235, 95, 60), "picture", "224 × 224 × 3")
    sheet.box((150, 90, 150, 100), "E-CNN", "four stages", *(grid(f"ecnn.stage{i}") for i in (1, 4)), of("ecnn"))
    sheet.box((150, 340, 150, 100), "EfficientNetV2-S", "torchvision’s", grid("efficientnet"), of("efficientnet"))
    sheet.arrow((115, 265), (132, 265), (132, 140), (150, 140))
    sheet.arrow((115, 265), (132, 265), (132, 390), (150, 390))
    for y, name in ((90, "ecnn_attention"), (340, "efficientnet_attention")):
        sheet.box((335, y, 155, 100), "multi-scale", "attention", multi, grid(name), of(name), look="gate")
        sheet.arrow((300, y + 50), (335, y + 50))
    sheet.box((530, 60, 165, 90), "emotion attention", f"{classes} channel gates", f"{classes} maps {emotion_grid}",
              of("emotion_attention"), look="gate")  # fmt: skip
    sheet.box(
        (530, 215, 165, 90),
        "cross-modal attention",
        f"{_by(shapes['cross.tap'][1:])} cells",
        "γ · softmax(QKᵀ) V",
        of("cross"),
        look="gate",
    )
    sheet.box((335, 235, 155, 62), "feature pyramid", f"of the stages, → {shapes['fpn'][1]}", of("fpn"))
    sheet.box((735, 60, 165, 90), "emotion heads", "one net an emotion", f"→ {classes} logits", of("emotion_heads"))
    sheet.box((735, 215, 165, 90), "fusion classifier", "on all that is pooled", f"→ {classes} logits", of("fusion"))
    sheet.box((735, 360, 165, 70), "ensemble", "two learnt weights", f"{classes} logits", look="answer")
    sheet.arrow((490, 115), (530, 115))
    sheet.arrow((695, 105), (735, 105))
    sheet.arrow((490, 165), (510, 165), (510, 245), (530, 245))
    sheet.arrow((490, 375), (510, 375), (510, 280), (530, 280))
    sheet.arrow((695, 260), (735, 260))
    sheet.arrow((225, 190), (225, 266), (335, 266))
    sheet.arrow((412, 190), (412, 235))
    sheet.arrow((412, 297), (412, 322), (715, 322), (715, 285), (735, 285))
    sheet.arrow((490, 405), (725, 405), (725, 295), (735, 295))
    sheet.arrow((818, 305), (818, 360))
    sheet.arrow((900, 105), (912, 105), (912, 395), (900, 395))
    notes = (
        "The E-CNN’s attended cells ask (queries), the other pathway’s are asked (keys, values): 49 maps over 49.",
        "γ begins at 0. What it came to in the model that is shipped, and which gates it uses, says the page Findings.",
        "The shipped cmaen is this network with one channel at 64 pixels, so its grids are smaller.",
    )
    for number, words in enumerate(notes):
        sheet.text(20, 485 + 22 * number, words, anchor="start")
    return sheet.svg()


@lru_cache(maxsize=1)
def gate_finder() -> str:
    """Draw how gates are found in a network of others, with what it finds in a small one."""
    torch.manual_seed(0)
    found = discover(FourBlockNet("cbam", size=16).eval(), torch.rand(2, 1, 16, 16), 7).findings
    sheet = Sheet(920, 650, "The gate finder", "One forward pass is watched; each product is asked four questions.")
    sheet.text(20, 32, "How gates are found in a network of yours", "head", "start")
    sheet.box((20, 55, 200, 62), "your network", "any nn.Module, in eval mode", "nothing of it is edited")
    sheet.box(
        (260, 55, 260, 62), "one forward pass, watched", "what each value depends on, and", "which operation made it"
    )
    sheet.box((560, 55, 340, 62), "each product of two values", ", ".join(sorted(PRODUCTS | CONTRACTIONS)) + ", einsum",
              "and fused attention, taken apart")  # fmt: skip
    sheet.arrow((220, 86), (260, 86))
    sheet.arrow((520, 86), (560, 86))
    weakly = ", ".join(sorted(WEAKLY_SQUASHING))
    kinds = f"kinds: {', '.join(GATE_DIMENSIONS)}; in cbam, for example"
    questions = (
        (("Does the picture decide both?",), f"left out: {LEARNT}"),
        (("Was one squashed into weights?", f"{', '.join(sorted(SQUASHING))}; {weakly}"),
         "a candidate: off unless you name it (--gate)"),
        (("Is it multiplied with something other than itself?",), f"left out: {ACTIVATION}"),
        (("Does its shape say what it weighs?",), f"left out; {weakly} of the features’ own shape, too"),
    )  # fmt: skip
    sheet.arrow((730, 117), (730, 138), (190, 138), (190, 160))
    for number, (question, end) in enumerate(questions):
        y = 160 + 78 * number
        sheet.box((20, y, 385, 46), "", *question)
        sheet.box((450, y, 450, 46), "", end, look="out")
        sheet.arrow((405, y + 23), (450, y + 23))
        sheet.text(426, y + 16, "no")
        sheet.arrow((190, y + 46), (190, y + 78))
        sheet.text(205, y + 66, "yes", anchor="start")
    sheet.box((20, 472, 880, 68), "a gate, named after its module", kinds,
              *(found.gates[index].describe() for index in (0, 1)), look="gate")  # fmt: skip
    sheet.arrow((190, 540), (190, 566))
    sheet.arrow((650, 540), (650, 566))
    sheet.box((20, 566, 410, 62), "read and replaced", "by the operation’s name and number in each later pass;",
              "nothing stays on the network")  # fmt: skip
    sheet.box((470, 566, 430, 62), "stored without its code", "graph.json, weights.safetensors, card.json;",
              "logits and gradients compared with the live ones first", look="answer")  # fmt: skip
    return sheet.svg()


DIAGRAMS: Final[dict[str, Callable[[], str]]] = {"cbam": cbam, "cmaen": cmaen, "gate-finder": gate_finder}


def main() -> None:
    """Write every diagram."""
    PLACE.mkdir(parents=True, exist_ok=True)
    for name, draw in DIAGRAMS.items():
        (PLACE / f"{name}.svg").write_text(draw(), encoding="utf-8")


if __name__ == "__main__":
    main()
