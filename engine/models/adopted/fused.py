"""Fused attention, step by step: the weights of an operation that never shows them, read and put back.

``scaled_dot_product_attention`` and ``nn.MultiheadAttention`` compute softmax(Q Kᵀ / √d) V [1] in one operation. Where
its weights are asked for, the same is computed here in steps, with the weights passed through a tap in between.

[1] A. Vaswani et al. Attention Is All You Need. NeurIPS 2017, arXiv:1706.03762, section 3.2.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from typing import Any, Final

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.models.adopted.operations import Arguments, Keywords

Tap = Callable[[Tensor], Tensor]
"""Weights (..., queries, keys) → weights of the same shape."""

_SDPA: Final = ("query", "key", "value", "attn_mask", "dropout_p", "is_causal")
_MULTI_HEAD: Final = inspect.signature(F.multi_head_attention_forward)


def arguments_of(name: str, args: Arguments, kwargs: Keywords) -> dict[str, Any]:
    """Return a fused operation's arguments by name, defaults filled in."""
    if name == "scaled_dot_product_attention":
        defaults = {"attn_mask": None, "dropout_p": 0.0, "is_causal": False, "scale": None, "enable_gqa": False}
        return {**defaults, **dict(zip(_SDPA, args, strict=False)), **kwargs}
    bound = _MULTI_HEAD.bind(*args, **kwargs)
    bound.apply_defaults()
    return dict(bound.arguments)


def attended(name: str, args: Arguments, kwargs: Keywords, tap: Tap) -> Any:
    """Return what the fused operation returns, its weights passed through ``tap``.

    Args:
        name: ``scaled_dot_product_attention`` or ``multi_head_attention_forward``.
        args, kwargs: its own.
        tap: gets (..., heads, queries, keys).
    """
    given = arguments_of(name, args, kwargs)
    return _scaled(given, tap) if name == "scaled_dot_product_attention" else _multi_head(given, tap)


def _masked(scores: Tensor, mask: Tensor | None) -> Tensor:
    if mask is None:
        return scores
    return scores.masked_fill(~mask, -math.inf) if mask.dtype == torch.bool else scores + mask


def _scaled(given: dict[str, Any], tap: Tap) -> Tensor:
    query, key, value = given["query"], given["key"], given["value"]
    if given["enable_gqa"]:
        key, value = (part.repeat_interleave(query.shape[-3] // part.shape[-3], dim=-3) for part in (key, value))
    scale = query.shape[-1] ** -0.5 if given["scale"] is None else given["scale"]
    scores = query @ key.transpose(-2, -1) * scale
    if given["is_causal"]:
        allowed = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).tril()
        scores = _masked(scores, allowed)
    weights = torch.softmax(_masked(scores, given["attn_mask"]), dim=-1)
    if given["dropout_p"] > 0.0:
        weights = F.dropout(weights, given["dropout_p"])
    result: Tensor = tap(weights) @ value
    return result


def _projected(given: dict[str, Any]) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values (tokens, B, E) after their projections."""
    query, key, value, bias = given["query"], given["key"], given["value"], given["in_proj_bias"]
    if given["use_separate_proj_weight"]:
        weights = tuple(given[f"{part}_proj_weight"] for part in "qkv")
    else:
        weights = given["in_proj_weight"].chunk(3)
    biases = (None, None, None) if bias is None else bias.chunk(3)
    first, second, third = (
        F.linear(part, weight, own) for part, weight, own in zip((query, key, value), weights, biases, strict=True)
    )
    return first, second, third


def _mask_of(given: dict[str, Any], added: int, heads: int, dtype: torch.dtype) -> Tensor | None:
    """Return both masks of a multi-head attention as one to be added to scores (B, heads, queries, keys)."""

    def additive(mask: Tensor) -> Tensor:
        if mask.dtype != torch.bool:
            return mask.to(dtype)
        return torch.zeros(mask.shape, dtype=dtype, device=mask.device).masked_fill(mask, -math.inf)

    found: Tensor | None = None
    if given["attn_mask"] is not None:
        mask = F.pad(additive(given["attn_mask"]), (0, added))
        found = mask if mask.ndim == 2 else mask.view(-1, heads, *mask.shape[1:])
    if given["key_padding_mask"] is not None:
        padding = F.pad(additive(given["key_padding_mask"]), (0, added))[:, None, None]
        found = padding if found is None else found + padding
    return found


def _multi_head(given: dict[str, Any], tap: Tap) -> tuple[Tensor, Tensor | None]:
    """As ``F.multi_head_attention_forward``, tokens first: (tokens, B, E)."""
    count, pictures, width = given["query"].shape
    heads = given["num_heads"]
    query, key, value = _projected(given)
    if given["bias_k"] is not None and given["bias_v"] is not None:
        key = torch.cat([key, given["bias_k"].expand(-1, pictures, -1)])
        value = torch.cat([value, given["bias_v"].expand(-1, pictures, -1)])

    def by_head(part: Tensor) -> Tensor:  # (tokens, B, E) to (B, heads, tokens, E / heads)
        return part.reshape(len(part), pictures, heads, -1).permute(1, 2, 0, 3)

    query, key, value = by_head(query), by_head(key), by_head(value)
    if given["static_k"] is not None:
        key = given["static_k"].view(pictures, heads, *given["static_k"].shape[1:])
    if given["static_v"] is not None:
        value = given["static_v"].view(pictures, heads, *given["static_v"].shape[1:])
    if given["add_zero_attn"]:
        key, value = (F.pad(part, (0, 0, 0, 1)) for part in (key, value))
    scores = query / math.sqrt(query.shape[-1]) @ key.transpose(-2, -1)
    mask = _mask_of(given, added_keys(given), heads, scores.dtype)
    weights = torch.softmax(scores if mask is None else scores + mask, dim=-1)
    if given["training"] and given["dropout_p"] > 0.0:
        weights = F.dropout(weights, given["dropout_p"])
    weights = tap(weights)
    gathered = (weights @ value).permute(2, 0, 1, 3).reshape(count, pictures, width)
    result = F.linear(gathered, given["out_proj_weight"], given["out_proj_bias"])
    if not given["need_weights"]:
        return result, None
    return result, weights.mean(dim=1) if given["average_attn_weights"] else weights


def added_keys(given: dict[str, Any]) -> int:
    """Return how many keys a multi-head attention adds to those it is given."""
    return int(given["bias_k"] is not None) + int(given["add_zero_attn"])
