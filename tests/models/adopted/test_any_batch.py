"""A stored network that is exported again takes any number of pictures, though its gates are looked at."""

from __future__ import annotations

from pathlib import Path

import torch

from engine.models.checkpoint import load_checkpoint
from tests.made_adopted import write_adopted


def test_looking_at_the_gates_fixes_no_number_of_pictures(tmp_path: Path) -> None:
    write_adopted(tmp_path / "theirs")
    net = load_checkpoint(tmp_path / "theirs").model
    assert len(net.taps) == 2  # type: ignore[arg-type]
    any_size = ({0: torch.export.Dim("batch", min=1, max=64)},)
    program = torch.export.export(net, (torch.rand(2, 1, 32, 48),), dynamic_shapes=any_size)
    x = torch.rand(5, 1, 32, 48)
    torch.testing.assert_close(program.module()(x), net(x))
