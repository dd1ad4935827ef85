"""Small networks of the designs that people build, each keeping the gates that it computed by hand, in order."""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor, nn

CLASSES = ("a", "b", "c")


class Kept(nn.Module):
    """A stem, a design in the middle and a head; ``kept`` holds the gates of the last pass as a record has them."""

    def __init__(self, channels: int = 8, inputs: int = 1) -> None:
        super().__init__()
        self.stem = nn.Conv2d(inputs, channels, 3, stride=2, padding=1)
        self.head = nn.Linear(channels, len(CLASSES))
        self.kept: list[Tensor] = []

    def middle(self, x: Tensor) -> Tensor:
        raise NotImplementedError

    def forward(self, x: Tensor) -> Tensor:
        self.kept = []
        return self.head(self.middle(self.stem(x).relu()).mean(dim=(2, 3)))


class SqueezeExcite(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Sequential(nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8))

    def middle(self, x: Tensor) -> Tensor:
        gate = torch.sigmoid(self.fc(F.adaptive_avg_pool2d(x, 1).flatten(1)))
        self.kept.append(gate)
        return x * gate.view(len(x), -1, 1, 1)


class ChannelPart(nn.Module):
    def __init__(self, kept: list[Tensor]) -> None:
        super().__init__()
        self.mlp = nn.Sequential(nn.Flatten(), nn.Linear(8, 4), nn.ReLU(), nn.Linear(4, 8))
        self.kept = kept

    def forward(self, x: Tensor) -> Tensor:
        pooled = [F.avg_pool2d(x, x.shape[2:]), F.max_pool2d(x, x.shape[2:])]
        total = sum(self.mlp(one) for one in pooled)
        self.kept.append(torch.sigmoid(total))
        return x * torch.sigmoid(total).unsqueeze(2).unsqueeze(3).expand_as(x)


class SpatialPart(nn.Module):
    def __init__(self, kept: list[Tensor]) -> None:
        super().__init__()
        self.conv = nn.Conv2d(2, 1, 7, padding=3)
        self.kept = kept

    def forward(self, x: Tensor) -> Tensor:
        pooled = torch.cat((torch.max(x, 1)[0].unsqueeze(1), torch.mean(x, 1).unsqueeze(1)), dim=1)
        scale = F.sigmoid(self.conv(pooled))
        self.kept.append(scale[:, 0])
        return x * scale


class HandCBAM(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.gates = nn.Sequential(ChannelPart([]), SpatialPart([]))

    def middle(self, x: Tensor) -> Tensor:
        for part in self.gates:
            part.kept = self.kept
        return self.gates(x)


class EfficientChannel(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv1d(1, 1, 3, padding=1, bias=False)
        self.sigmoid = nn.Sigmoid()

    def middle(self, x: Tensor) -> Tensor:
        y = self.conv(x.mean((2, 3), keepdim=True).squeeze(-1).transpose(-1, -2))
        y = self.sigmoid(y.transpose(-1, -2).unsqueeze(-1))
        self.kept.append(y.flatten(1))
        return x * y.expand_as(x)


class Coordinate(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.conv, self.rows, self.columns = nn.Conv2d(8, 4, 1), nn.Conv2d(4, 8, 1), nn.Conv2d(4, 8, 1)

    def middle(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        both = torch.cat([x.mean(3, keepdim=True), x.mean(2, keepdim=True).permute(0, 1, 3, 2)], dim=2)
        high, wide = self.conv(both).relu().split([height, width], dim=2)
        rows, columns = self.rows(high).sigmoid(), self.columns(wide.permute(0, 1, 3, 2)).sigmoid()
        self.kept += [columns[:, :, 0], rows[..., 0]]
        return x * columns * rows


class Bottleneck(Kept):
    """BAM: one gate for channels and places together, added to 1."""

    def __init__(self) -> None:
        super().__init__()
        self.channel, self.place = nn.Linear(8, 8), nn.Conv2d(8, 1, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        gate = 1 + torch.sigmoid(self.channel(x.mean((2, 3)))[:, :, None, None].expand_as(x) + self.place(x))
        self.kept.append(gate)
        return gate * x


class SelectiveKernel(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.small, self.large = nn.Conv2d(8, 8, 3, padding=1), nn.Conv2d(8, 8, 5, padding=2)
        self.choose = nn.Linear(8, 16)

    def middle(self, x: Tensor) -> Tensor:
        both = torch.stack([self.small(x), self.large(x)], dim=1)
        gate = self.choose(both.sum(1).mean((2, 3))).view(len(x), 2, 8).softmax(dim=1)
        self.kept.append(gate)
        return (both * gate[..., None, None]).sum(1)


class ChannelsLast(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.channel, self.place = nn.Linear(8, 8), nn.Linear(8, 1)

    def middle(self, x: Tensor) -> Tensor:
        x = x.permute(0, 2, 3, 1)
        channel = self.channel(x.mean((1, 2), keepdim=True)).sigmoid()
        x = x * channel
        place = self.place(x).sigmoid()
        self.kept += [channel.flatten(1), place[..., 0]]
        return (x * place).permute(0, 3, 1, 2)


class HardAndTanh(Kept):
    """A hard sigmoid written out, and a gate of 1 + tanh."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second = nn.Conv2d(8, 8, 1), nn.Conv2d(8, 8, 1)

    def middle(self, x: Tensor) -> Tensor:
        hard = F.relu6(self.first(F.adaptive_avg_pool2d(x, (1, 1))) + 3.0) / 6.0
        x = x * hard
        soft = 1.0 + torch.tanh(self.second(F.adaptive_avg_pool2d(x, (1, 1))))
        self.kept += [hard.flatten(1), soft.flatten(1)]
        return x * soft


class InPlaceAndRepeated(Kept):
    def __init__(self) -> None:
        super().__init__()
        self.place, self.channel = nn.Conv2d(8, 1, 1), nn.Linear(8, 8)

    def middle(self, x: Tensor) -> Tensor:
        place = self.place(x).sigmoid_()
        self.kept.append(place[:, 0].clone())
        x = x.clone()
        x *= place.repeat(1, 8, 1, 1)
        channel = torch.sigmoid(self.channel(x.mean((2, 3))))[:, :, None, None]
        self.kept.append(channel.flatten(1))
        return torch.addcmul(x, x, channel)


class Reused(Kept):
    """One module that gates twice, and one sum of equation."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = SqueezeExcite()
        self.gate.stem = self.gate.head = nn.Identity()  # type: ignore[assignment]
        self.map = nn.Conv2d(8, 1, 3, padding=1)

    def middle(self, x: Tensor) -> Tensor:
        self.gate.kept = self.kept
        x = self.gate.middle(self.gate.middle(x))
        map_ = self.map(x).sigmoid().squeeze(1)
        self.kept.append(map_)
        return torch.einsum("bchw,bhw->bchw", x, map_)


class GlobalContext(Kept):
    """Attention of one query, features first: (B, 1, C, n) @ (B, 1, n, 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.ask, self.change = nn.Conv2d(8, 1, 1), nn.Conv2d(8, 8, 1)

    def middle(self, x: Tensor) -> Tensor:
        weights = self.ask(x).flatten(2).softmax(dim=2)
        self.kept.append(weights)
        context = x.flatten(2).unsqueeze(1) @ weights.unsqueeze(3)
        return x + self.change(context.view(len(x), -1, 1, 1))


class Tokens(Kept):
    """Tokens of a grid, ``extra`` others before them, and attention as the subclass computes it."""

    def __init__(self, extra: int = 0) -> None:
        super().__init__()
        self.extra = nn.Parameter(torch.randn(1, extra, 8) * 0.1)
        self.qkv, self.project, self.norm = nn.Linear(8, 24), nn.Linear(8, 8), nn.LayerNorm(8)

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights = (q * q.shape[-1] ** -0.5 @ k.transpose(-2, -1)).softmax(dim=-1)
        self.kept.append(weights.flatten(1, 2))
        return weights @ v

    def middle(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        tokens = x.flatten(2).transpose(1, 2)
        tokens = torch.cat([self.extra.expand(len(x), -1, -1), tokens], dim=1)
        count = tokens.shape[1]
        q, k, v = self.qkv(self.norm(tokens)).reshape(len(x), count, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        tokens = tokens + self.project(self.attend(q, k, v).transpose(1, 2).reshape(len(x), count, 8))
        return tokens[:, self.extra.shape[1] :].transpose(1, 2).unflatten(2, (height, width))


class FusedTokens(Tokens):
    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        self.kept.append((q @ k.transpose(-2, -1) / math.sqrt(q.shape[-1])).softmax(-1).flatten(1, 2))
        return F.scaled_dot_product_attention(q, k, v)


class SummedTokens(Tokens):
    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights = torch.einsum("bhqd, bhkd -> bhqk", q, k).softmax(-1)
        self.kept.append(weights.flatten(1, 2))
        return torch.einsum("bhqk, bhkd -> bhqd", weights, v)


class HeadsInBatch(Tokens):
    """Heads folded into the batch, as with ``bmm``."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        q, k, v = (part.flatten(0, 1) for part in (q, k, v))
        weights = torch.bmm(q, k.transpose(1, 2)).softmax(-1)
        self.kept.append(weights.unflatten(0, (-1, 2)).flatten(1, 2))
        return torch.bmm(weights, v).unflatten(0, (-1, 2))


class MultiHead(Kept):
    """PyTorch's own, masked so that no cell looks at the last one."""

    def __init__(self, batch_first: bool = True, masked: bool = False) -> None:
        super().__init__()
        self.attention = nn.MultiheadAttention(8, 2, batch_first=batch_first)
        self.masked, self.batch_first = masked, batch_first

    def middle(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        tokens = x.flatten(2).transpose(1, 2)
        mask = None
        if self.masked:
            mask = torch.zeros(len(x), height * width, dtype=torch.bool)
            mask[:, -1] = True
        given = tokens if self.batch_first else tokens.transpose(0, 1)
        out, _ = self.attention(given, given, given, key_padding_mask=mask, need_weights=False)
        out = out if self.batch_first else out.transpose(0, 1)
        return out.transpose(1, 2).unflatten(2, (height, width))

    def by_hand(self, x: Tensor) -> Tensor:
        """What the gate must be, from PyTorch's own weights."""
        tokens = self.stem(x).relu().flatten(2).transpose(1, 2)
        mask = None
        if self.masked:
            mask = torch.zeros(tokens.shape[:2], dtype=torch.bool)
            mask[:, -1] = True
        given = tokens if self.batch_first else tokens.transpose(0, 1)
        _, weights = self.attention(
            given, given, given, key_padding_mask=mask, need_weights=True, average_attn_weights=False
        )
        return weights.flatten(1, 2)


class Windowed(Kept):
    """Attention in windows of 4 x 4 cells, rolled by two, as in Swin."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv = nn.Linear(8, 24)

    def middle(self, x: Tensor) -> Tensor:
        pictures, _, height, width = x.shape
        cells = torch.roll(x.permute(0, 2, 3, 1), shifts=(-2, -2), dims=(1, 2))
        cut = cells.view(pictures, height // 4, 4, width // 4, 4, 8).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, 8)
        q, k, v = self.qkv(cut).view(-1, 16, 3, 2, 4).permute(2, 0, 3, 1, 4).unbind(0)
        weights = (q @ k.mT).softmax(-1)
        self.kept.append(weights.reshape(pictures, -1, 16))
        out = (weights @ v).transpose(1, 2).reshape(-1, 16, 8)
        out = out.view(pictures, height // 4, width // 4, 4, 4, 8).permute(0, 1, 3, 2, 4, 5)
        return torch.roll(out.reshape(cells.shape), shifts=(2, 2), dims=(1, 2)).permute(0, 3, 1, 2)


class CrossGrids(Kept):
    """Cells of a fine grid ask those of a coarse one."""

    def __init__(self) -> None:
        super().__init__()
        self.coarse = nn.Conv2d(8, 8, 2, stride=2)
        self.q, self.kv = nn.Linear(8, 8), nn.Linear(8, 16)

    def middle(self, x: Tensor) -> Tensor:
        fine, coarse = (part.flatten(2).transpose(1, 2) for part in (x, self.coarse(x)))
        k, v = self.kv(coarse).chunk(2, dim=-1)
        weights = torch.softmax(self.q(fine) @ k.transpose(1, 2) / 8**0.5, dim=-1)
        self.kept.append(weights)
        return x + (weights @ v).transpose(1, 2).reshape(x.shape)


class TokenGate(Tokens):
    """A gate over tokens of which the first is none of the picture's cells."""

    def __init__(self) -> None:
        super().__init__(extra=1)
        self.score = nn.Linear(8, 1)

    def middle(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        tokens = torch.cat([self.extra.expand(len(x), -1, -1), x.flatten(2).transpose(1, 2)], dim=1)
        gate = self.score(tokens).sigmoid()
        self.kept.append(gate[:, 1:, 0].unflatten(1, (height, width)))
        return (tokens * gate)[:, 1:].transpose(1, 2).reshape(x.shape)


class WrittenSigmoids(Kept):
    """Three sigmoids that are written out, one a gate."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(8, 8), nn.Linear(8, 8), nn.Conv2d(8, 1, 1)

    def middle(self, x: Tensor) -> Tensor:
        one = 1 / (1 + torch.exp(-self.first(x.mean((2, 3)))))
        x = x * one[:, :, None, None]
        two = F.logsigmoid(self.second(x.mean((2, 3)))).exp()
        x = torch.mul(input=two[:, :, None, None], other=x)
        three = (1.0 + (-self.third(x)).exp()).reciprocal()
        self.kept += [one, two, three[:, 0]]
        return x * three


class Divided(Kept):
    """Features divided by 1 + exp(-z): gates that are never computed themselves."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.second, self.third = nn.Linear(8, 8), nn.Conv2d(8, 1, 1), nn.Linear(8, 8)

    def middle(self, x: Tensor) -> Tensor:
        one = self.first(x.mean((2, 3)))
        x = x / (1 + torch.exp(-one))[:, :, None, None].expand_as(x)
        two = self.second(x)
        x = x.clone()
        x /= (-two).exp() + torch.ones_like(two)
        three = self.third(x.mean((2, 3)))
        self.kept += [one.sigmoid(), two[:, 0].sigmoid(), three.sigmoid()]
        return torch.div(input=x, other=1.0 + torch.exp(-three[:, :, None, None]))


class WrittenSoftmax(Tokens):
    """Attention whose softmax is written out, twice."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        scores = torch.exp(q @ k.mT - (q @ k.mT).amax(-1, keepdim=True))
        weights = scores / (scores.sum(dim=-1, keepdim=True) + 1e-9)
        again = F.log_softmax(q @ k.mT, dim=-1).exp()
        self.kept += [weights.flatten(1, 2), again.flatten(1, 2)]
        return weights @ v + again @ v


class EllipsisTokens(Tokens):
    """Attention by einsum with an ellipsis for the batch and the heads."""

    def attend(self, q: Tensor, k: Tensor, v: Tensor) -> Tensor:
        weights = torch.einsum("...qd,...kd->...qk", q, k).softmax(-1)
        self.kept.append(weights.flatten(1, 2))
        return torch.einsum("...qk,...kd->...qd", weights, v)


class Triplet(Kept):
    """Triplet attention: the same gate over three planes, two of them of turned features."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(nn.Conv2d(2, 1, 3, padding=1) for _ in range(3))

    def gate(self, number: int, x: Tensor) -> Tensor:
        return self.convs[number](torch.cat([x.amax(1, keepdim=True), x.mean(1, keepdim=True)], 1)).sigmoid()

    def middle(self, x: Tensor) -> Tensor:
        high, wide = x.permute(0, 2, 1, 3).contiguous(), x.permute(0, 3, 2, 1).contiguous()
        first, second, third = self.gate(0, high), self.gate(1, wide), self.gate(2, x)
        self.kept += [first[:, 0], second[:, 0].mT, third[:, 0]]
        return (high * first).permute(0, 2, 1, 3) + (wide * second).permute(0, 3, 2, 1) + x * third


class GroupsInBatch(Kept):
    """A spatial and a channel gate for each of two groups of channels, which are folded into the batch."""

    def __init__(self) -> None:
        super().__init__()
        self.place, self.channel = nn.Conv2d(4, 1, 3, padding=1), nn.Linear(4, 4)

    def middle(self, x: Tensor) -> Tensor:
        groups = x.view(len(x) * 2, 4, *x.shape[2:])
        place = self.place(groups).sigmoid()
        groups = groups * place
        channel = self.channel(groups.mean((2, 3))).sigmoid()
        self.kept += [place.view(len(x), 2, *x.shape[2:]), channel.view(len(x), 8)]
        return (groups * channel[:, :, None, None]).view(x.shape)


DESIGNS: dict[str, tuple[type[Kept], dict[str, object], tuple[str, ...]]] = {
    "squeeze and excite": (SqueezeExcite, {}, ("channel",)),
    "hand-written CBAM": (HandCBAM, {}, ("channel", "spatial")),
    "efficient channel attention": (EfficientChannel, {}, ("channel",)),
    "coordinate attention": (Coordinate, {}, ("columns", "rows")),
    "bottleneck attention": (Bottleneck, {}, ("full",)),
    "selective kernels": (SelectiveKernel, {}, ("branch",)),
    "channels last": (ChannelsLast, {}, ("channel", "spatial")),
    "hard sigmoid and tanh": (HardAndTanh, {}, ("channel", "channel")),
    "in place and repeated": (InPlaceAndRepeated, {}, ("spatial", "channel")),
    "reused and einsum": (Reused, {}, ("channel", "channel", "spatial")),
    "global context": (GlobalContext, {}, ("cross",)),
    "self-attention": (Tokens, {}, ("cross",)),
    "class and register tokens": (Tokens, {"extra": 5}, ("cross",)),
    "fused attention": (FusedTokens, {"extra": 1}, ("cross",)),
    "attention by einsum": (SummedTokens, {}, ("cross",)),
    "heads in the batch": (HeadsInBatch, {}, ("cross",)),
    "windows": (Windowed, {}, ("cross",)),
    "cross-attention": (CrossGrids, {}, ("cross",)),
    "a gate over tokens": (TokenGate, {}, ("spatial",)),
    "sigmoids written out": (WrittenSigmoids, {}, ("channel", "channel", "spatial")),
    "features divided": (Divided, {}, ("channel", "spatial", "channel")),
    "softmaxes written out": (WrittenSoftmax, {"extra": 1}, ("cross", "cross")),
    "einsum with an ellipsis": (EllipsisTokens, {}, ("cross",)),
    "triplet attention": (Triplet, {}, ("columns", "rows", "spatial")),
    "groups in the batch": (GroupsInBatch, {}, ("full", "channel")),
}
"""Design → its class, arguments and the kinds of its gates in order."""


def made(design: str, seed: int = 0) -> Kept:
    """Return a design's network with drawn weights, in eval mode."""
    torch.manual_seed(seed)
    kind, arguments, _ = DESIGNS[design]
    return kind(**arguments).eval()
