from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.data.enhance.enhance import colour_pictures, join_lab, lightness
from engine.data.enhance.networks import Network, load_network
from tests.made import draw
from tests.made_enhance import Tinted, make_ddcolor, noise, save_network


def test_lightness_of_known_colours() -> None:
    # Pure red, green and blue of sRGB in CIE Lab (D65): L 53.24, 87.73, 32.30.
    picture = np.array([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [0, 0, 0], [255, 255, 255]]], dtype=np.uint8)
    np.testing.assert_allclose(lightness(picture)[0], [53.24, 87.73, 32.30, 0, 100], atol=0.1)


def test_lab_and_back() -> None:
    red = join_lab(np.array([[53.24]], dtype=np.float32), np.array([[[80.09, 67.20]]], dtype=np.float32))
    np.testing.assert_allclose(red[0, 0], [255, 0, 0], atol=1)
    grey = noise(6, 7)
    picture = np.repeat(grey[..., None], 3, axis=2)
    np.testing.assert_allclose(join_lab(lightness(picture), np.zeros((6, 7, 2), np.float32)), picture, atol=1)


def test_the_lightness_stays_and_the_networks_colour_comes() -> None:
    network = Tinted(20.0, -10.0)
    one, other = np.full((12, 9, 3), 119, np.uint8), np.full((5, 5, 3), [200, 40, 90], np.uint8)
    coloured = colour_pictures(network, [one, other])
    assert network.shapes == [(2, 3, 8, 8)]  # together, though of two sizes
    for before, after in zip((one, other), coloured, strict=True):
        assert after.shape == before.shape
        np.testing.assert_allclose(lightness(after), lightness(before), atol=0.6)
    # By the formulas of CIE Lab (D65) and sRGB, L 50, a 20, b -10 is X .2147, Y .1842, Z .2582; linear R .2837, G .148,
    # B .2473, that is (145, 107, 136); grey 119 has L 50.0.
    np.testing.assert_allclose(coloured[0][3, 3], [145, 107, 136], atol=1)


def test_the_network_sees_the_lightness_as_grey() -> None:
    seen: list[torch.Tensor] = []

    class Looks(Tinted):
        def forward(self, batch: torch.Tensor) -> torch.Tensor:
            seen.append(batch)
            return super().forward(batch)

    colour_pictures(Looks(), [np.full((20, 20, 3), [200, 40, 90], np.uint8)])
    (batch,) = seen
    assert float(batch.std(dim=1).max()) < 1e-3
    light = lightness(np.full((1, 1, 3), [200, 40, 90], np.uint8))[0, 0]
    np.testing.assert_allclose(lightness((batch[0] * 255).round().byte().permute(1, 2, 0).numpy()), light, atol=0.3)


@pytest.fixture(scope="module")
def ddcolor(tmp_path_factory: pytest.TempPathFactory) -> Network:
    path = tmp_path_factory.mktemp("ddcolor") / "small.safetensors"
    return load_network("color", save_network(path, make_ddcolor()))


def test_a_real_ddcolor_agrees_with_spandrels_own_pipeline(ddcolor: Network) -> None:
    """Spandrel's takes sRGB for a power of 2.2, so it agrees to a few levels only."""
    from spandrel_extra_arches import EXTRA_REGISTRY

    rng = np.random.default_rng(1)
    picture = np.repeat(draw(4, rng, 64)[..., None], 3, axis=2)
    (coloured,) = colour_pictures(ddcolor.module, [picture])
    theirs = EXTRA_REGISTRY["DDColor"].architecture.load(dict(ddcolor.module.state_dict()))
    expected = theirs(torch.from_numpy(picture[None, None, ..., 0]).float() / 255.0)[0].permute(1, 2, 0).numpy() * 255.0
    difference = np.abs(coloured.astype(np.float32) - expected)
    colourfulness = np.abs(expected - expected.mean(axis=2, keepdims=True)).mean()
    assert colourfulness > 8
    assert difference.mean() < 3


def test_a_real_ddcolor_takes_several_at_once(ddcolor: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ddcolor.module, "input_size", (64, 64))  # as large as the test needs
    pictures = [noise(20, 30, 3, seed=2), noise(40, 24, 3, seed=3)]
    together = colour_pictures(ddcolor.module, pictures)
    for picture, coloured in zip(pictures, together, strict=True):
        (alone,) = colour_pictures(ddcolor.module, [picture])
        assert np.abs(alone.astype(int) - coloured).max() <= 1
