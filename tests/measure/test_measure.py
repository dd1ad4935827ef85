from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from engine.data.dataset import FaceDataset
from engine.data.transforms import normalise, ten_crop, to_tensor
from engine.errors import DataError, UnknownNameError
from engine.measure.split import (
    VIEWS,
    below_chance,
    evaluate,
    people_of,
    predict_dataset,
    trained_on,
    usual_split,
)
from engine.models.registry import build_model
from engine.records import InputSpec, RunCard
from engine.statistics.classification import classification_report
from tests.made import make_dataset

SPEC = InputSpec(size=16, channels=1, mean=(0.0,), std=(1.0,))
CLASSES = ("angry", "disgust", "fear")


class Brightness(nn.Module):
    """Says in which third of the grey range the mean of the picture lies; logits fall off with the distance."""

    def __init__(self) -> None:
        super().__init__()
        self.centres = nn.Parameter(torch.tensor([1 / 6, 3 / 6, 5 / 6]))
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.seen.append(tuple(x.shape))
        return -40 * (x.mean(dim=(1, 2, 3))[:, None] - self.centres).square()


def card(classes: tuple[str, ...] = CLASSES) -> RunCard:
    return RunCard("m", "cbam", {}, classes, SPEC, {"seed": 9}, {}, {}, {}, "0" * 64, 3)


def dataset(greys: list[int], labels: list[int]) -> FaceDataset:
    base = make_dataset(len(greys), split="private", classes=1)
    images = np.stack([np.full((16, 16), grey, dtype=np.uint8) for grey in greys])
    return replace(base, classes=CLASSES, images=images, labels=np.array(labels, dtype=np.int64))


def test_the_document_by_hand() -> None:
    # Predicted: 0, 1, 2, 2.
    data = replace(dataset([20, 128, 240, 230], [0, 1, 2, 1]), in_train=np.array([True, False, False, False]))
    document = evaluate(Brightness(), card(), data)
    assert {key: document[key] for key in ("model", "dataset", "split", "tta", "views", "seed", "n", "skipped")} == {
        "model": "m", "dataset": "fer2013", "split": "private", "tta": False, "views": "single view",
        "seed": 9, "n": 4, "skipped": 0,
    }  # fmt: skip
    assert document["accuracy"] == 0.75
    assert document["confusion"] == [[1, 0, 0], [0, 1, 1], [0, 0, 1]]
    assert (document["n_clean"], document["accuracy_clean"]) == (3, 0.66667)
    assert "literature" in document["protocol"]
    assert document["per_class"]["fear"] == {"precision": 0.5, "recall": 1.0, "f1": 0.66667, "support": 1}


def test_probabilities_keep_the_order_over_batches() -> None:
    greys = [int(g) for g in np.random.default_rng(0).integers(0, 256, 11)]
    model = Brightness()
    counts: list[int] = []
    found = predict_dataset(model, SPEC, dataset(greys, [0] * 11), batch_size=4, progress=counts.append)
    assert counts == [4, 4, 3]
    assert [shape[0] for shape in model.seen] == [4, 4, 3]
    assert found.shape == (11, 3)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    expected = torch.softmax(Brightness()(torch.tensor(greys).view(-1, 1, 1, 1).expand(-1, 1, 16, 16) / 255), 1)
    np.testing.assert_allclose(found, expected.detach().numpy(), atol=1e-5)


@pytest.mark.usefixtures("narrow")
@pytest.mark.parametrize(("name", "make"), [("tta", ten_crop), ("mirror", lambda x: torch.stack([x, x.flip(-1)]))])
def test_several_views_answer_with_their_mean_probability(name: str, make: Callable[[Tensor], Tensor]) -> None:
    torch.manual_seed(0)
    model = build_model("spatial", classes=7, spec=SPEC).eval()
    with torch.no_grad():
        model.get_parameter("output.weight").normal_()
    data = make_dataset(3)
    single = predict_dataset(model, SPEC, data)
    found = predict_dataset(model, SPEC, data, views=name, batch_size=20)  # two or ten pictures at a time
    views = make(normalise(to_tensor(data.images), SPEC))
    with torch.no_grad():
        expected = torch.stack([model(view).softmax(1) for view in views]).mean(0)
    np.testing.assert_allclose(found, expected.numpy(), rtol=1e-4, atol=1e-6)
    assert not np.allclose(found, single, atol=1e-4)


@pytest.mark.parametrize(("name", "count", "said"), [("tta", 10, "ten crops"), ("mirror", 2, "mirror image")])
def test_several_views_are_said_and_fit_the_batch(name: str, count: int, said: str) -> None:
    model = Brightness()
    document = evaluate(model, card(), dataset([20, 128, 240], [0, 1, 2]), views=name)
    assert (document["tta"], document["views"], document["accuracy"]) == (True, VIEWS[name].words, 1.0)
    assert said in document["views"]
    assert model.seen == [(3 * count, 1, 16, 16)]


def test_unknown_views_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="five-crop"):
        predict_dataset(Brightness(), SPEC, dataset([20], [0]), views="five-crop")


def test_the_model_is_measured_in_eval_mode_and_left_in_its_own() -> None:
    model = nn.Sequential(nn.Flatten(), nn.Dropout(0.9), nn.Linear(256, 3)).train()
    data = dataset([10, 100, 200], [0, 1, 2])
    assert np.array_equal(predict_dataset(model, SPEC, data), predict_dataset(model, SPEC, data))
    assert model[1].training


def test_other_classes_are_refused() -> None:
    with pytest.raises(DataError, match="'m' knows happy, sad; the dataset 'fer2013' has angry, disgust, fear"):
        evaluate(Brightness(), card(("happy", "sad")), dataset([1], [0]))


@pytest.mark.parametrize(
    ("name", "split", "protocol"),
    [
        ("fer2013", "val", "optimistic"),
        ("fer2013", "test", "PublicTest and PrivateTest"),
        ("folder", "test", "split test"),
    ],
)
def test_the_protocol_is_named(name: str, split: str, protocol: str) -> None:
    data = replace(dataset([1], [0]), name=name, split=split)
    assert protocol in evaluate(Brightness(), card(), data)["protocol"]


def test_surely_worse_than_guessing_is_said() -> None:
    """Sixty pictures whose labels were counted in another order; six of sixty would be too few to be sure."""
    labels = np.repeat([0, 1, 2], 20)
    right = classification_report(labels, labels, CLASSES)
    turned = classification_report(labels, (labels + 1) % 3, CLASSES)
    assert below_chance(right) == ""
    assert below_chance(turned) == (
        "An accuracy of 0.0 % is far below chance (33.3 % of 3 classes): the labels seem to mean other classes than "
        "was read; where folders or rows are named by numbers, see --codes."
    )
    assert below_chance(classification_report(labels[:2], labels[:2] + 1, CLASSES)) == ""
    assert below_chance(classification_report(labels[::10], (labels[::10] + 1) % 3, CLASSES)) == ""


def test_what_trained_decides_what_is_measured() -> None:
    own, other = card(), replace(card(), data={"dataset": "rafdb", "datasets": [{"dataset": "ckplus"}]})
    assert trained_on(other) == ("rafdb", "ckplus")
    assert [usual_split(own, name) for name in ("fer2013", "rafdb", "synthetic")] == ["private", "test", "test"]
    assert [usual_split(other, name) for name in ("fer2013", "rafdb", "ckplus", "synthetic")] == [
        "all", "test", "test", "test"
    ]  # fmt: skip
    pictures = make_dataset(1)
    assert people_of(own, pictures) == pictures.people
    assert people_of(other, pictures).in_words() == (
        "person-independent: the model was trained on rafdb, ckplus, not on fer2013"
    )
    whole = replace(pictures, split="all", name="rafdb")
    assert not people_of(other, whole).apart


def test_the_same_pictures_under_other_labels_are_no_other_data() -> None:
    """FER+ is FER2013's pictures: a model that trained on either has seen the other's people and pictures."""
    of_fer2013 = replace(card(), data={"dataset": "fer2013"})
    of_ferplus = replace(card(), data={"dataset": "ferplus"})
    assert usual_split(of_fer2013, "ferplus") == usual_split(of_ferplus, "fer2013") == "private"
    pictures = make_dataset(1)
    assert people_of(of_ferplus, pictures) == pictures.people
    assert not people_of(of_fer2013, replace(pictures, name="ferplus", split="all")).apart
