from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import torch

from engine.analysis.files.places import PREDICTIONS, partial_folder
from engine.analysis.sweep.block import SweepSettings
from engine.analysis.sweep.finish import near_groups_of, suspect
from engine.analysis.sweep.sweep import sweep
from engine.data.dataset import FaceDataset
from engine.data.registry import load_dataset
from engine.data.transforms import normalise, to_tensor
from engine.errors import DataError, UnknownNameError, UsageError
from engine.explain.methods.cams import gradcam
from engine.measure.split import evaluate
from engine.models.checkpoint import LoadedModel, load_checkpoint
from engine.models.taps import record_attention
from engine.training.processes import Processes
from tests.analysis.made import assert_same, report, tensors
from tests.made import write_seeded

SMALL = SweepSettings(batch_size=3, block=5)


@pytest.fixture(scope="module")
def dataset(patterns: Path) -> FaceDataset:
    return load_dataset("fer2013", "private", data=patterns)


@pytest.fixture(scope="module")
def loaded(seeded_store: Path) -> LoadedModel:
    return load_checkpoint("cbam", folder=seeded_store)


def run(loaded: LoadedModel, dataset: FaceDataset, out: Path, **more: Any) -> dict[str, Any]:
    document = sweep(loaded.model, loaded.card, dataset, out, **{"settings": SMALL, "bare": 4, **more})
    assert document is not None
    return document


@pytest.fixture(scope="module")
def done(loaded: LoadedModel, dataset: FaceDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("done") / "private"
    run(loaded, dataset, out)
    return out


def test_class_statistics_equal_two_passes_over_all_maps(loaded: LoadedModel, dataset: FaceDataset, done: Path) -> None:
    x = normalise(to_tensor(dataset.images), loaded.card.input)
    labels = torch.from_numpy(dataset.labels)
    with torch.no_grad(), record_attention() as recorded:
        logits = loaded.model(x)
    maps = {gate.layer: gate.weights.numpy() for gate in recorded}
    for name, target in (("gradcam.predicted", logits.argmax(1)), ("gradcam.true", labels)):
        raw = gradcam(
            lambda p, t=target: loaded.model(p).gather(1, t[:, None])[:, 0],
            loaded.model.activation_module("block4"),  # type: ignore[operator]
            x,
        )
        maps[name] = raw.relu().numpy()
    right = (logits.argmax(1) == labels).numpy()
    assert 0 < right.sum() < len(right)
    found = tensors(done)
    for name, values in maps.items():
        scale = float(np.abs(values).max())
        for group, members in (("all", right | ~right), ("right", right), ("wrong", ~right)):
            for k in range(7):
                own = values[members & (dataset.labels == k)].astype(np.float64)
                assert found[f"{name}/{group}/count"][k] == len(own)
                mean = own.mean(axis=0) if len(own) else 0.0
                variance = own.var(axis=0, ddof=1) if len(own) > 1 else 0.0
                np.testing.assert_allclose(found[f"{name}/{group}/mean"][k], mean, rtol=1e-3, atol=1e-5 * scale)
                np.testing.assert_allclose(
                    found[f"{name}/{group}/variance"][k], variance, rtol=1e-2, atol=1e-6 * scale**2
                )


def test_rows_are_the_pictures_in_order(loaded: LoadedModel, dataset: FaceDataset, done: Path) -> None:
    table = pq.read_table(done / PREDICTIONS).to_pandas()
    assert table["id"].tolist() == list(dataset.ids)
    assert table["label"].astype(str).tolist() == [dataset.classes[k] for k in dataset.labels]
    assert set(table["source"].astype(str)) == {"fer2013"}
    assert not table["in_train"].any()
    assert table["duplicate_group"].tolist() == dataset.duplicate_group.tolist()
    p = table[[f"p_{name}" for name in dataset.classes]].to_numpy()
    np.testing.assert_allclose(p.sum(axis=1), 1.0, atol=1e-5)
    own = p[np.arange(len(p)), dataset.labels]
    np.testing.assert_allclose(table["loss"], -np.log(own), rtol=1e-3, atol=1e-5)
    assert (table["correct"] == (p.argmax(axis=1) == dataset.labels)).all()
    assert ((table["margin"] > 0) == table["correct"]).all()
    suspicion = suspect(p, dataset.labels)
    np.testing.assert_allclose(table["suspicion"], suspicion.score, atol=1e-6)
    suggested = [None if k < 0 else dataset.classes[k] for k in suspicion.suggested]
    assert table["suggested"].astype(object).where(table["suggested"].notna(), None).tolist() == suggested
    for prefix in {name.rsplit(".mass.", 1)[0] for name in table if ".mass." in name}:
        masses = table[[name for name in table if name.startswith(f"{prefix}.mass.")]].dropna()
        assert masses.shape[1] == 9
        np.testing.assert_allclose(masses.sum(axis=1), 1.0, atol=1e-5)
    assert table["block1.spatial.entropy"].max() <= np.log(48 * 48) + 1e-5
    assert table["x"].std() >= table["y"].std() > 0
    assert abs(table["x"].mean()) < 1e-4 * table["x"].std() + 1e-5


def test_the_report_agrees_with_evaluate(loaded: LoadedModel, dataset: FaceDataset, done: Path) -> None:
    document = report(done)
    measured = evaluate(loaded.model, loaded.card, dataset)
    assert {key: document[key] for key in measured} == measured
    assert sum(row["right"] for row in document["groups"].values()) == round(measured["accuracy"] * 14)
    assert document["weights_sha256"] == loaded.card.weights_sha256
    assert document["data_fingerprint"] == dataset.fingerprint
    assert document["settings"] == {"gradcam": True, "layer": "block4", "batch_size": 3, "block": 5}
    assert sum(document["regions"]["area"].values()) == pytest.approx(1.0, abs=1e-4)
    assert document["throughput"]["pictures"] == 14
    assert document["throughput"]["ratio"] > 0


def test_nothing_unfinished_stays(done: Path) -> None:
    assert [path.name for path in done.parent.iterdir()] == [done.name]
    assert sorted(path.name for path in done.iterdir()) == ["attention.safetensors", PREDICTIONS, "report.json"]


def test_a_stopped_pass_goes_on(loaded: LoadedModel, dataset: FaceDataset, done: Path, tmp_path: Path) -> None:
    out = tmp_path / "private"

    def stop(_pictures: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(loaded, dataset, out, progress=stop)
    assert not out.exists()
    assert partial_folder(out).is_dir()
    remaining: list[int] = []
    document = run(loaded, dataset, out, on_start=remaining.append)
    assert remaining == [9]  # of 14 pictures the first block of five was done
    assert document["throughput"]["pictures"] == 9
    assert_same(out, done)
    assert not partial_folder(out).exists()


def test_other_settings_begin_anew(loaded: LoadedModel, dataset: FaceDataset, tmp_path: Path) -> None:
    out = tmp_path / "private"

    def stop(_pictures: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(loaded, dataset, out, progress=stop)
    remaining: list[int] = []
    run(loaded, dataset, out, settings=SweepSettings(gradcam=False, batch_size=3, block=5), on_start=remaining.append)
    assert remaining == [14]
    assert not any(name.startswith("gradcam") for name in tensors(out))
    assert "gradcam.true.entropy" not in pq.read_schema(out / PREDICTIONS).names


def test_processes_share_the_blocks() -> None:
    shares = [Processes(rank, 3).share(list(range(8))) for rank in range(3)]
    assert sorted(block for share in shares for block in share) == list(range(8))
    assert [Processes(rank, 3).leads for rank in range(3)] == [True, False, False]


def test_the_size_of_blocks_changes_rounding_alone(
    loaded: LoadedModel, dataset: FaceDataset, done: Path, tmp_path: Path
) -> None:
    run(loaded, dataset, tmp_path / "one", settings=SweepSettings(batch_size=14))
    for name, tensor in tensors(done).items():
        other = tensors(tmp_path / "one")[name]
        if name.endswith("count"):
            assert (tensor == other).all()
        elif name.endswith("variance"):
            # A batch of another size gives the model's float32 features other rounding: some 1e-7 of the values
            # themselves. Spreads are compared, for the error of a variance grows with the spread.
            values = float(np.abs(tensors(done)[name.replace("variance", "mean")]).max())
            np.testing.assert_allclose(np.sqrt(tensor), np.sqrt(other), rtol=1e-3, atol=1e-6 * values, err_msg=name)
        elif not name.startswith("embedding"):
            np.testing.assert_allclose(tensor, other, rtol=1e-3, atol=1e-6 * float(np.abs(tensor).max()), err_msg=name)


def test_what_is_there_is_kept_unless_told(
    loaded: LoadedModel, dataset: FaceDataset, done: Path, tmp_path: Path
) -> None:
    out = tmp_path / "private"
    out.mkdir()
    (out / "mine.txt").write_text("mine")
    with pytest.raises(UsageError, match="'private' exists already; replace it with --force"):
        run(loaded, dataset, out)
    assert (out / "mine.txt").read_text() == "mine"
    run(loaded, dataset, out, overwrite=True)
    assert not (out / "mine.txt").exists()
    assert_same(out, done)


def test_a_model_without_gates_has_gradcam_alone(seeded_store: Path, dataset: FaceDataset, tmp_path: Path) -> None:
    baseline = load_checkpoint("baseline", folder=seeded_store)
    document = run(baseline, dataset, tmp_path / "a")
    assert document["layers"] == ["gradcam.predicted", "gradcam.true"]
    nothing = run(baseline, dataset, tmp_path / "b", settings=SweepSettings(gradcam=False, batch_size=3, block=5))
    assert nothing["layers"] == []
    assert nothing["groups"] == document["groups"]


def test_built_in_faces_have_exact_regions(
    loaded: LoadedModel, dataset: FaceDataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from engine.data.drawn import synthetic_face, synthetic_id
    from engine.labels import EMOTIONS

    ids = tuple(synthetic_id("test", k) for k in range(6))
    faces = FaceDataset(
        name="synthetic", split="test", classes=EMOTIONS, ids=ids,
        images=np.stack([synthetic_face(name).image for name in ids]),
        labels=np.arange(6, dtype=np.int64), duplicate_group=np.arange(6, dtype=np.int64),
    )  # fmt: skip
    document = run(loaded, faces, tmp_path / "a")
    assert document["regions"]["source"] == "exact"
    assert document["regions"]["area"] is None
    table = pq.read_table(tmp_path / "a" / PREDICTIONS).to_pandas()
    with torch.no_grad(), record_attention() as recorded:
        loaded.model(normalise(to_tensor(faces.images), loaded.card.input))
    gate = next(g.weights.numpy() for g in recorded if g.layer == "block1.spatial")
    mouth = np.stack([synthetic_face(name).region("mouth") for name in ids])
    expected = (gate * mouth).sum(axis=(1, 2)) / gate.sum(axis=(1, 2))
    np.testing.assert_allclose(table["block1.spatial.mass.mouth"], expected, rtol=1e-3)


def test_wrong_requests(loaded: LoadedModel, dataset: FaceDataset, tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="block1, block2, block3, block4"):
        run(loaded, dataset, tmp_path / "a", settings=SweepSettings(layer="block9"))
    with pytest.raises(DataError, match="no pictures"):
        run(loaded, dataset.subset([]), tmp_path / "a")
    with pytest.raises(ValueError, match="1 or more"):
        SweepSettings(batch_size=0)
    assert list(tmp_path.iterdir()) == []


def test_a_vits_self_attention_is_analysed(dataset: FaceDataset, tmp_path: Path) -> None:
    card = write_seeded(tmp_path / "vit", "vit")
    loaded = load_checkpoint("vit", folder=tmp_path)
    out = tmp_path / "made"
    run(loaded, dataset, out, settings=SweepSettings(batch_size=7, block=14))
    found = tensors(out)
    for number in range(1, 5):
        mean = found[f"block{number}.attention.received/all/mean"]
        assert mean.shape == (7, 12, 12)
        np.testing.assert_allclose(mean.sum(axis=(1, 2)), 1.0, rtol=1e-4)  # shares of the attention
    rows = pq.read_table(out / PREDICTIONS)
    assert "block4.attention.received.centre_x" in rows.column_names
    assert "gradcam.predicted.centre_x" in rows.column_names
    assert report(out)["weights_sha256"] == card.weights_sha256


def test_the_speed_is_told_with_and_without_gradcam(loaded: LoadedModel, dataset: FaceDataset, tmp_path: Path) -> None:
    with_it = run(loaded, dataset, tmp_path / "with")["throughput"]
    assert 0 < with_it["gradcam_seconds"] < with_it["seconds"]
    assert with_it["ratio_without_gradcam"] > with_it["ratio"] > 0
    assert with_it["pictures_per_second_without_gradcam"] > with_it["pictures_per_second"]
    without = run(loaded, dataset, tmp_path / "without", settings=replace(SMALL, gradcam=False))["throughput"]
    assert without["gradcam_seconds"] == 0
    assert without["ratio_without_gradcam"] == without["ratio"]


def test_gate_use_outlives_an_analysis_of_the_same_weights_and_pictures(
    loaded: LoadedModel, dataset: FaceDataset, tmp_path: Path
) -> None:
    out = tmp_path / "private"
    assert "replaced" not in run(loaded, dataset, out)
    use = out / "gate_use.json"
    text = json.dumps({"weights_sha256": loaded.card.weights_sha256})
    use.write_text(text, encoding="utf-8")
    (kept,) = run(loaded, dataset, out, overwrite=True)["replaced"]
    assert kept["kept"]
    assert use.read_text(encoding="utf-8") == text
    assert report(out)["replaced"] == [kept]
    (dropped,) = run(loaded, dataset.subset(range(9)), out, overwrite=True)["replaced"]
    assert (dropped["kept"], dropped["reason"]) == (False, "it was measured on other pictures")
    assert not use.exists()
    use.write_text(json.dumps({"weights_sha256": "f" * 64}), encoding="utf-8")
    (stale,) = run(loaded, dataset.subset(range(9)), out, overwrite=True)["replaced"]
    assert stale["reason"] == "it was measured with other weights"
    assert not use.exists()


def test_pictures_that_look_alike_share_a_group(done: Path, dataset: FaceDataset) -> None:
    near = pq.read_table(done / PREDICTIONS)["near_group"]
    assert near.null_count == 0
    expected = near_groups_of(dataset)
    assert expected is not None
    assert near.to_pylist() == expected.tolist()
