from __future__ import annotations

import numpy as np
import pytest
import torch

from engine.errors import UnknownNameError, UsageError
from engine.explain.target import Target
from engine.trust.one_map import check_fits, face_tensor, settle
from tests.explain.known import CLASSES, SPEC, OneBlock, noise


def test_a_face_as_the_model_takes_it() -> None:
    face = noise(1)[0]
    x = face_tensor(OneBlock(), face, SPEC)
    assert (x.shape, x.dtype) == ((1, 1, 16, 16), torch.float32)
    np.testing.assert_allclose(x[0, 0].numpy(), face / 255.0, atol=1e-6)


def test_what_is_explained_is_settled_by_the_face() -> None:
    model = OneBlock()  # the brighter its block, the surer the first class
    x = face_tensor(model, np.full((16, 16), 200, np.uint8), SPEC)
    assert settle(model, x, None, CLASSES).name == CLASSES[0]
    contrast = settle(model, x, Target.parse(f"{CLASSES[2]} - {CLASSES[1]}"), CLASSES)
    assert (contrast.plus, contrast.minus) == ((2,), (1,))
    with pytest.raises(UnknownNameError):
        settle(model, x, Target.parse("bored"), CLASSES)


def test_a_method_that_cannot_explain_the_model_is_refused() -> None:
    model = OneBlock()
    x = face_tensor(model, noise(1)[0], SPEC)
    check_fits(model, x, "gradcam")
    with pytest.raises(UsageError, match=r"^Attention rollout cannot explain 'OneBlock': "):
        check_fits(model, x, "rollout")
