"""Pictures to tensors, and augmentation of whole batches.

Augmentation draws all its random numbers from the generator it is given, so that a batch can be made again from
(seed, epoch, step) alone. Letters: B batch, C channels, S side.

Pictures in the memory order that convolutions are quickest on: colours innermost, grey pictures included.

What an augmentation makes of pictures: each one several times, as training sees it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import UsageError
from engine.records import InputSpec, UInt8


def to_tensor(images: NDArray[np.uint8]) -> Tensor:
    """uint8 (B, S, S) or (B, S, S, 3) → uint8 tensor (B, C, S, S) that shares memory where it can."""
    tensor = torch.from_numpy(np.ascontiguousarray(images))
    return tensor[:, None] if tensor.ndim == 3 else tensor.permute(0, 3, 1, 2)


def normalise(batch: Tensor, spec: InputSpec) -> Tensor:
    """uint8 (B, C, S, S) in [0, 255], or float in [0, 1] → float32, (x - mean) / std."""
    x = batch.float() / 255.0 if batch.dtype == torch.uint8 else batch
    mean = torch.tensor(spec.mean, device=x.device).view(1, -1, 1, 1)
    std = torch.tensor(spec.std, device=x.device).view(1, -1, 1, 1)
    return (x - mean) / std


@dataclass(frozen=True)
class Augmentation:
    """How strongly to vary a training picture; 0 switches a part off.

    Attributes:
        flip: probability of mirroring left and right.
        rotate_degrees: largest rotation either way.
        shift: largest translation as a share of the side, each way.
        scale: largest relative change of size, each way (0.1: 0.9 to 1.1).
        brightness: largest change of brightness, share of the full range.
        contrast: largest relative change of contrast about the picture's mean.
        erase: probability of erasing one rectangle with noise.
        erase_area: (smallest, largest) area of that rectangle as a share of the picture.
        ramp_epochs: the first so many epochs grow from no variation to all of it. From a random start the nets here
            learn nothing for a long while from pictures that are all shifted and turned (measured: 120 steps of 64
            leave the loss at the class prior, where unvaried pictures have brought it down by 0.13).
    """

    flip: float = 0.5
    rotate_degrees: float = 10.0
    shift: float = 0.1
    scale: float = 0.1
    brightness: float = 0.2
    contrast: float = 0.2
    erase: float = 0.0
    erase_area: tuple[float, float] = (0.02, 0.15)
    ramp_epochs: float = 0.0

    def at(self, epoch: float) -> Augmentation:
        """Return the variation at ``epoch`` (a real number from 0), weaker than the whole during the ramp."""
        strength = min(1.0, epoch / self.ramp_epochs) if self.ramp_epochs > 0 else 1.0
        if strength == 1.0:
            return self
        weaker = {
            name: getattr(self, name) * strength
            for name in ("rotate_degrees", "shift", "scale", "brightness", "contrast", "erase")
        }
        return replace(self, **weaker)


def augment(
    batch: Tensor, how: Augmentation, generator: torch.Generator, *, part: slice | None = None, of: int | None = None
) -> Tensor:
    """uint8 (B, C, S, S) → float32 (B, C, S, S) in [0, 1], each picture varied on its own.

    What the warp brings in from outside repeats the border. The generator lives on the CPU; the work is done on the
    batch's device. Where ``batch`` is but the ``part`` of a batch ``of`` so many pictures, it is varied as it would be
    there: the numbers of the whole are drawn.
    """
    count, _, side, _ = batch.shape
    device = batch.device

    def uniform(low: float, high: float, *shape: int) -> Tensor:
        if part is None or of is None:
            drawn = torch.rand(*shape, generator=generator)
        else:
            drawn = torch.rand(of, *shape[1:], generator=generator)[part]
        return (drawn * (high - low) + low).to(device)

    x = batch.float() / 255.0
    angle = uniform(-1, 1, count) * math.radians(how.rotate_degrees)
    size = 1.0 / (1.0 + uniform(-1, 1, count) * how.scale)
    mirror = torch.where(uniform(0, 1, count) < how.flip, -1.0, 1.0)
    shift = uniform(-1, 1, count, 2) * 2.0 * how.shift
    theta = torch.zeros(count, 2, 3, device=device)
    theta[:, 0, 0] = angle.cos() * size * mirror
    theta[:, 0, 1] = -angle.sin() * size
    theta[:, 1, 0] = angle.sin() * size * mirror
    theta[:, 1, 1] = angle.cos() * size
    theta[:, :, 2] = shift
    grid = F.affine_grid(theta, list(x.shape), align_corners=False)
    x = F.grid_sample(x, grid, mode="bilinear", padding_mode="border", align_corners=False)

    mean = x.mean(dim=(1, 2, 3), keepdim=True)
    gain = 1.0 + uniform(-1, 1, count, 1, 1, 1) * how.contrast
    x = (x - mean) * gain + mean + uniform(-1, 1, count, 1, 1, 1) * how.brightness
    x = x.clamp_(0.0, 1.0)
    if how.erase > 0:
        x = _erase(x, how, uniform, side)
    return x


def _erase(x: Tensor, how: Augmentation, uniform: Callable[..., Tensor], side: int) -> Tensor:
    """Fill one random rectangle of a share of the pictures with uniform noise (Zhong et al. 2020, arXiv:1708.04896)."""
    count = x.shape[0]
    area = uniform(how.erase_area[0], how.erase_area[1], count) * side * side
    aspect = torch.exp(uniform(math.log(0.5), math.log(2.0), count))
    height = (area * aspect).sqrt().clamp(1, side)
    width = (area / aspect).sqrt().clamp(1, side)
    top = uniform(0, 1, count) * (side - height)
    left = uniform(0, 1, count) * (side - width)
    axis = torch.arange(side, device=x.device)
    rows = (axis >= top[:, None]) & (axis < (top + height)[:, None])
    columns = (axis >= left[:, None]) & (axis < (left + width)[:, None])
    chosen = (uniform(0, 1, count) < how.erase)[:, None, None]
    hole = (rows[:, :, None] & columns[:, None, :] & chosen)[:, None]
    noise = uniform(0, 1, *x.shape)
    return torch.where(hole, noise, x)


def mirrored(batch: Tensor) -> Tensor:
    """Keep the framing: float (B, C, S, S) to (2, B, C, S, S), the picture and its mirror image."""
    return torch.stack([batch, batch.flip(-1)])


TEN_CROP_SHARE = 44 / 48
"""Side of each test-time crop as a share of the picture: a shift and an enlargement well within the augmentation's."""


def ten_crop(batch: Tensor) -> Tensor:
    """Test-time views: the four corners and the centre, each also mirrored (Krizhevsky et al. 2012, section 4.1).

    Args:
        batch: float (B, C, S, S).

    Returns:
        float (10, B, C, S, S): top left, top right, bottom left, bottom right and centre crop of 11/12 of the side,
        each resized back to S bilinearly so that the model always sees its own input size; then the five mirrored.
        Cropping and resizing, rather than rolling, is what changes the framing.
    """
    side = batch.shape[-1]
    crop = round(side * TEN_CROP_SHARE)
    far = side - crop
    middle = far // 2
    views = [
        F.interpolate(
            batch[..., top : top + crop, left : left + crop],
            size=(side, side),
            mode="bilinear",
            align_corners=False,
        )
        for top, left in ((0, 0), (0, far), (far, 0), (far, far), (middle, middle))
    ]
    return torch.stack(views + [view.flip(-1) for view in views])


def channels_last(x: Tensor) -> Tensor:
    """Return the same pictures (B, C, H, W), laid out so that a convolution takes and gives colours innermost.

    On a CPU a forward pass of the four-block nets so takes two thirds of the time; answers differ by rounding.
    ``x.contiguous(memory_format=torch.channels_last)`` does this for colours alone: pictures of one channel lie in both
    orders at once, it leaves them as they are, and the convolution takes them for the other order by their strides.
    """
    _, channels, height, width = x.shape
    strides = (channels * height * width, 1, channels * width, channels)
    return torch.empty_strided(x.shape, strides, dtype=x.dtype, device=x.device).copy_(x)


def augmentation_sheet(images: UInt8, how: Augmentation, draws: int, *, seed: int = 0) -> UInt8:
    """Vary grey pictures at full strength, that is after the ramp of the first epochs.

    Args:
        images: uint8 (B, S, S). how: the variation.
        draws: how often each picture is varied.
        seed: of the random numbers; the same seed gives the same sheet.

    Returns:
        uint8 (B, draws, S, S).
    """
    if draws < 1:
        raise UsageError(f"Expected one or more draws of each picture, got {draws}.")
    generator = torch.Generator().manual_seed(seed)
    whole = how.at(how.ramp_epochs)
    batch = to_tensor(images)
    sheet = [augment(batch, whole, generator)[:, 0] for _ in range(draws)]
    return np.asarray((torch.stack(sheet, dim=1) * 255).round().to(torch.uint8).numpy(), dtype=np.uint8)
