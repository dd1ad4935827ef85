"""What a ``cmaen``'s answer is made of, exactly: how loud the cross-modal attention is, and whose logits decide.

The crossed features are gamma * out + projection, so ``‖gamma * out‖ / ‖projection‖`` (over channels and cells of a
picture) says how much the attention adds: 0 where gamma has stayed at 0, whatever its maps look like. The answer is
weights[0] * emotion + weights[1] * fusion. Adding a constant to all logits changes no probability, so what each part
gives to the predicted class is counted above that part's own mean over the classes; the two add up exactly to the
predicted class's logit above the mean. A share is negative where a part speaks against the answer, and the other is
then above 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import torch
from torch import Tensor, nn

from engine.data.transforms import normalise, to_tensor
from engine.models.cmaen.net import CMAEN
from engine.models.locking import holding
from engine.models.taps import record_attention
from engine.records import Float32, InputSpec, UInt8

_ROWS: Final = 32
"""Pictures in one forward pass; bounds the memory."""


@dataclass(frozen=True, eq=False)
class CmaenShares:
    """One forward pass of N pictures taken apart.

    Attributes:
        gamma: gain of the cross-modal attention; None without it.
        weights: of emotion and fusion logits, sum 1; None where only one of them is there.
        ratio: (N,) float32 >= 0, ‖gamma * out‖ / ‖projection‖; None without cross-modal attention.
        emotion, fusion: (N,) float32, what each part gives to the predicted class's logit above its mean over the
            classes, weighed; both None where only one of them is there.
    """

    gamma: float | None
    weights: tuple[float, float] | None
    ratio: Float32 | None
    emotion: Float32 | None
    fusion: Float32 | None

    @property
    def emotion_share(self) -> Float32 | None:
        """(N,) float32, the emotion heads' share of the answer; the fusion's is 1 minus it. NaN for a flat answer."""
        if self.emotion is None or self.fusion is None:
            return None
        whole = self.emotion + self.fusion
        share: Float32 = np.divide(self.emotion, whole, out=np.full_like(whole, np.nan), where=whole != 0)
        return share

    def as_dict(self, index: int = 0) -> dict[str, Any]:
        """Return one picture's figures, JSON-ready; None for what the network lacks or a flat answer has not."""
        share = None if self.emotion_share is None else float(self.emotion_share[index])
        known = share is not None and not math.isnan(share)
        given = None if self.emotion is None or self.fusion is None else (self.emotion[index], self.fusion[index])

        def parts(pair: tuple[float, float] | None) -> dict[str, float] | None:
            return None if pair is None else {"emotion": round(float(pair[0]), 6), "fusion": round(float(pair[1]), 6)}

        return {
            "gamma": None if self.gamma is None else round(self.gamma, 6),
            "ratio": None if self.ratio is None else round(float(self.ratio[index]), 6),
            "weights": parts(self.weights),
            "above_mean": parts(given),
            "share": parts((share, 1.0 - share)) if share is not None and known else None,
        }


def _loudness(model: CMAEN, seen: dict[str, Tensor], weights: Tensor) -> Tensor:
    """Return ‖gamma * out‖ / ‖projection‖, (N,), from what the hooks saw and the attention's weights."""
    assert model.cross.gamma is not None  # noqa: S101 - only asked of a network that has the attention
    out = weights.to(seen["value"].dtype) @ seen["value"]
    own = seen["project"].flatten(1).norm(dim=1)
    added = model.cross.gamma.abs() * out.flatten(1).norm(dim=1)
    ratio: Tensor = added / own.clamp_min(torch.finfo(own.dtype).tiny)
    return ratio


def cmaen_shares(model: nn.Module, faces: UInt8, *, spec: InputSpec) -> CmaenShares | None:
    """Take the answers of a ``cmaen`` apart; None for any other model.

    Args:
        model: shared by threads: its lock is held, and nothing stays on it.
        faces: (N, S, S) or (N, S, S, 3) uint8, S as in ``spec``.
        spec: the model's input.
    """
    if not isinstance(model, CMAEN):
        return None
    device = next(model.parameters()).device
    attends = model.fusion is not None and model.cross.gamma is not None
    ratios: list[Tensor] = []
    given: list[tuple[Tensor, Tensor]] = []
    gamma: float | None = None
    balance: tuple[float, float] | None = None
    with holding(model), torch.no_grad():
        seen: dict[str, Tensor] = {}
        handles = [
            getattr(model.cross, name).register_forward_hook(
                lambda _module, _inputs, output, name=name: seen.__setitem__(name, output)
            )
            for name in (("value", "project") if attends else ())
        ]
        try:
            for start in range(0, len(faces), _ROWS):
                x = normalise(to_tensor(faces[start : start + _ROWS]).to(device), spec)
                with record_attention() as gates:
                    parts = model.parts(x)
                if parts.gamma is not None:
                    gamma = float(parts.gamma)
                    crossed = next(gate.weights for gate in gates if gate.kind == "cross")
                    ratios.append(_loudness(model, seen, crossed).cpu())
                if parts.weights is not None and parts.emotion is not None and parts.fusion is not None:
                    balance = (float(parts.weights[0]), float(parts.weights[1]))
                    best = parts.logits.argmax(dim=1, keepdim=True)
                    both = (
                        weight * part for weight, part in zip(parts.weights, (parts.emotion, parts.fusion), strict=True)
                    )
                    above = [(one - one.mean(dim=1, keepdim=True)).gather(1, best)[:, 0].cpu() for one in both]
                    given.append((above[0], above[1]))
        finally:
            for handle in handles:
                handle.remove()

    def joined(found: list[Tensor]) -> Float32 | None:
        return torch.cat(found).numpy().astype(np.float32) if found else None

    emotion, fusion = joined([one for one, _ in given]), joined([two for _, two in given])
    return CmaenShares(gamma, balance, joined(ratios), emotion, fusion)
