import numpy as np
import pytest
import torch

from engine.edit.apply import apply_edit
from engine.edit.edit import Edit
from engine.edit.fills import FILLS
from engine.edit.region_effects import region_effects
from engine.edit.regions import FaceRegions
from tests.explain.known import BLOCK, CLASSES, SPEC, OneBlock, noise, unchanged

NAMES = ("eyes", "nose", "mouth", "hat")
INDICES = np.zeros((16, 16), np.uint8)
INDICES[10:] = 2
INDICES[BLOCK] = 1
REGIONS = FaceRegions(NAMES, INDICES, exact=False)


def probabilities(model: torch.nn.Module, picture: np.ndarray) -> np.ndarray:
    with torch.no_grad():
        logits = model(torch.from_numpy(picture.astype(np.float32) / 255.0)[None, None])
    return np.asarray(logits.softmax(dim=1)[0].numpy())


@pytest.mark.parametrize("fill", FILLS)
def test_the_table_is_what_hiding_each_region_alone_gives(fill: str) -> None:
    model, face = OneBlock(), noise(1)[0]
    with unchanged(model):
        found = region_effects(model, face, REGIONS, spec=SPEC, classes=CLASSES, fill=fill)
    assert sorted(found.regions) == ["eyes", "mouth", "nose"]  # no hat here
    np.testing.assert_allclose(found.before, probabilities(model, face), atol=1e-6)
    for name, after, share in zip(found.regions, found.after, found.shares, strict=True):
        edited = apply_edit(face, Edit(hidden=(name,), fill=fill), REGIONS)
        np.testing.assert_allclose(after, probabilities(model, edited), atol=1e-6)
        assert share == pytest.approx(REGIONS.mask([name]).mean())
    np.testing.assert_allclose(found.changes, found.after - found.before)
    assert found.answers == tuple(CLASSES[int(row.argmax())] for row in found.after)
    assert found.exact is False
    assert found.fill == fill


def test_only_the_region_that_the_model_reads_matters_and_it_stands_first() -> None:
    face = np.full((16, 16), 30, np.uint8)
    face[BLOCK] = 250
    found = region_effects(OneBlock(), face, REGIONS, spec=SPEC, classes=CLASSES, fill="grey")
    assert found.regions[0] == "nose"
    assert found.answer == CLASSES[0]
    assert found.drops[0] > 0.01
    # By hand: the logits are 8 b, 0 and -8 b with b = 250 / 255 before and 128 / 255 under grey.
    for b, row in ((250 / 255, found.before), (128 / 255, found.after[0])):
        powers = np.exp([8 * b, 0.0, -8 * b])
        np.testing.assert_allclose(row, powers / powers.sum(), atol=1e-6)
    np.testing.assert_allclose(found.changes[1:], 0.0, atol=1e-7)
    assert found.drops[0] == pytest.approx(float(found.before[0] - found.after[0, 0]))
    assert found.regions[1:] == ("eyes", "mouth")  # ties keep the names' order


def test_it_is_one_forward_pass() -> None:
    batches = []

    class Counting(OneBlock):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            batches.append(len(x))
            return super().forward(x)

    region_effects(Counting(), noise(1)[0], REGIONS, spec=SPEC, classes=CLASSES)
    assert batches == [4]
