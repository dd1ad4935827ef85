"""History as TensorBoard events, where that library is present; without it nothing is written."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path


def write_events(folder: Path, history: list[dict[str, float]]) -> bool:
    """Write one scalar a column and epoch into ``folder/events``; return whether the library was there."""
    if find_spec("tensorboard") is None:
        return False
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(log_dir=str(folder / "events"))
    try:
        for row in history:
            for key, value in row.items():
                if key != "epoch":
                    writer.add_scalar(key, value, int(row["epoch"]))
    finally:
        writer.close()
    return True
