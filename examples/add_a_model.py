"""A network of your own, trained and explained as the others: ``python -m examples.add_a_model DATA PHOTO OUT``."""

import sys
from pathlib import Path

from torch import Tensor, nn

from engine.cli.main import main
from engine.models.architecture import Architecture
from engine.models.registry import ARCHITECTURES
from engine.models.taps import AttentionTap


class Gated(nn.Module):
    """Two convolutions; a spatial gate says where the features of the second pass on."""

    def __init__(self, *, classes: int, size: int, channels: int) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(channels, 16, 3, stride=2, padding=1), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.ReLU())
        self.gate, self.tap = nn.Conv2d(32, 1, 3, padding=1), AttentionTap("second", "spatial")
        self.answer = nn.Linear(32 * (size // 4) ** 2, classes)
        self.explained_layers = ("first", "second")

    def forward(self, x: Tensor) -> Tensor:
        """Map normalised pictures (B, C, S, S) to logits (B, K)."""
        seen = self.second(self.first(x))
        return self.answer((seen * self.tap(self.gate(seen).sigmoid())).flatten(1))  # type: ignore[no-any-return]

    def activation_module(self, layer: str) -> nn.Module:
        """Return where the map of a layer is taken."""
        return self.get_submodule(layer)


ARCHITECTURES["gated"] = Architecture(Gated, "spatial, after the second convolution", "two convolutions")
if __name__ == "__main__":
    data, photo, out = sys.argv[1:]
    main(["train", "--recipe", str(Path(__file__).with_name("gated.toml")), "--data", data, "--out", f"{out}/gated"])
    sys.exit(main(["explain", photo, "--model", f"{out}/gated", "--method", "gradcam", "--out", f"{out}/explained"]))
