"""Small untrained networks of the architectures that enhance, saved as the real ones are; and stand-ins that count."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import save_file
from torch import Tensor, nn

from engine.data.enhance.enhance import Enhancer
from engine.data.enhance.networks import Network, load_network
from engine.models.checkpoint import read_card, update_card
from tests.made import write_seeded


def make_swinir(
    seed: int = 0, *, scale: int = 4, channels: int = 3, window: int = 4, upsampler: str = "nearest+conv"
) -> Any:
    """Return a SwinIR of two attention blocks, built as the real-world one (nearest + convolution) is."""
    from spandrel.architectures.SwinIR import SwinIR

    torch.manual_seed(seed)
    return SwinIR(
        img_size=4 * window,
        in_chans=channels,
        embed_dim=12,
        depths=[2],
        num_heads=[2],
        window_size=window,
        mlp_ratio=2.0,
        upscale=scale,
        upsampler=upsampler,
        resi_connection="1conv",
    ).eval()


def make_ddcolor(seed: int = 0, *, outputs: int = 2, tint: tuple[float, float] = (25.0, -15.0)) -> Any:
    """Return a DDColor with the smallest encoder there is and a short colour decoder; its a and b lie near ``tint``."""
    from spandrel_extra_arches.architectures.DDColor import DDColor

    torch.manual_seed(seed)
    network = DDColor(
        encoder_name="convnext-t",
        decoder_name="MultiScaleColorDecoder",
        input_size=(64, 64),
        nf=512,
        num_output_channels=outputs,
        last_norm="Spectral",
        num_queries=4,
        num_scales=3,
        dec_layers=1,
    )
    with torch.no_grad():
        for part in network.modules():
            if hasattr(part, "weight_u"):  # what training's power iterations would have found; drawn ones blow it up
                matrix = part.weight_orig.flatten(1)
                for _ in range(3):
                    part.weight_v.copy_(torch.nn.functional.normalize(matrix.T @ part.weight_u, dim=0))
                    part.weight_u.copy_(torch.nn.functional.normalize(matrix @ part.weight_v, dim=0))
        network.eval()
        network.refine_net[0][0].bias.zero_()
        spread = float(network(torch.rand(1, 3, 64, 64)).std())
        last = network.decoder.color_decoder.color_embed.layers[-1]
        last.weight.mul_(5.0 / spread)
        last.bias.mul_(5.0 / spread)
        network.refine_net[0][0].bias.copy_(torch.tensor(tint[:outputs] if outputs == 2 else (*tint, 0.0)))
    return network.eval()


def save_network(path: Path, network: nn.Module, wrapped: str = "") -> Path:
    """Write a network's tensors as .safetensors, or as .pth, there under the key ``wrapped`` if that is given."""
    state = {key: value.contiguous().clone() for key, value in network.state_dict().items()}
    if path.suffix == ".safetensors":
        save_file(state, path)
    else:
        torch.save({wrapped: state} if wrapped else state, path)
    return path


def enhancement_by(network: Path, file: str) -> dict[str, Any]:
    """Return what a card says of grey pictures of 24 pixels enhanced by ``network``, which was called ``file`` then."""
    described: dict[str, Any] = Enhancer(load_network("sr", network), None).described()
    described["networks"][0]["file"] = file
    return described | {"source": {"height": 24, "width": 24, "grey": True}}


def write_enhanced(path: Path, network: Path) -> None:
    """Write an untrained ``baseline`` whose card says that its pictures were enhanced by ``network``."""
    write_seeded(path, "baseline")
    update_card(path, replace(read_card(path), data={"enhancement": enhancement_by(network, network.name)}))


class Doubled(nn.Module):
    """Stands for a super-resolution network: each pixel becomes 2x2 of the same; keeps the shapes that it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.one = nn.Parameter(torch.ones(()), requires_grad=False)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, batch: Tensor) -> Tensor:
        self.shapes.append(tuple(batch.shape))
        return batch.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3) * self.one


class Tinted(nn.Module):
    """Stands for a colouring network: the same a and b everywhere; keeps the shapes that it was given."""

    def __init__(self, a: float = 20.0, b: float = -10.0) -> None:
        super().__init__()
        self.ab = nn.Parameter(torch.tensor([a, b]), requires_grad=False)
        self.input_size = (8, 8)
        self.shapes: list[tuple[int, ...]] = []

    def forward(self, batch: Tensor) -> Tensor:
        self.shapes.append(tuple(batch.shape))
        return self.ab[None, :, None, None].expand(len(batch), 2, 8, 8)


def doubling(multiple: int = 4) -> Network:
    """Return :class:`Doubled` as a network."""
    return Network("sr", Doubled(), 2, multiple, "doubled.pth", "d" * 64)


def tinting() -> Network:
    """Return :class:`Tinted` as a network."""
    return Network("color", Tinted(), 1, 1, "tinted.pth", "c" * 64)


def noise(*shape: int, seed: int = 0) -> np.ndarray[Any, np.dtype[np.uint8]]:
    """Return seeded uint8 noise."""
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)
