from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from engine.errors import RecipeError, UnknownNameError
from engine.training.optim import learning_rate_factor
from engine.training.recipe import Recipe, change, load_recipe, parse_recipe, recipe_help, recipe_names
from engine.training.sections import SECTIONS

GOOD = """summary = "a try"

[model]
architecture = "cbam"
[model.config]
reduction = 8

[optimiser]
kind = "adamw"
learning_rate = 1
batch_size = 32

[augmentation]
erase = 0.2
erase_area = [0.1, 0.2]
"""


def test_a_recipe_is_read_and_the_rest_is_the_default() -> None:
    recipe = parse_recipe(GOOD, "mine")
    assert (recipe.name, recipe.summary) == ("mine", "a try")
    assert recipe.model.architecture == "cbam"
    assert recipe.model.config == {"reduction": 8}
    assert recipe.optimiser.learning_rate == 1.0
    assert isinstance(recipe.optimiser.learning_rate, float)
    assert recipe.augmentation.erase_area == (0.1, 0.2)
    assert recipe.schedule == Recipe("x").schedule
    assert recipe.as_dict()["optimiser"]["kind"] == "adamw"
    with pytest.raises(FrozenInstanceError):
        recipe.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize("name", recipe_names())
def test_every_shipped_recipe_is_valid_and_says_what_it_is(name: str) -> None:
    recipe = load_recipe(name)
    assert recipe.name == name
    assert recipe.summary
    assert recipe.data.val == "val"


def test_micro_reads_samm_with_the_published_steps() -> None:
    recipe = load_recipe("micro")
    assert (recipe.model.architecture, recipe.data.dataset) == ("micro", "samm")
    how = recipe.optimiser
    assert (how.kind, how.learning_rate, how.weight_decay, how.batch_size) == ("adamw", 1e-4, 1e-4, 16)
    assert recipe.schedule.epochs == 15
    assert {learning_rate_factor(recipe.schedule, epoch) for epoch in (0.0, 7.3, 14.9)} == {1.0}


def test_an_unknown_recipe_lists_the_valid_ones() -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown recipe 'soup'; valid: .*{recipe_names()[0]}"):
        load_recipe("soup")


def test_a_recipe_file(tmp_path: Path) -> None:
    (tmp_path / "own.toml").write_text(GOOD)
    assert load_recipe(str(tmp_path / "own.toml")).name == "own"
    (tmp_path / "latin.toml").write_bytes('summary = "é"'.encode("latin-1"))
    with pytest.raises(RecipeError, match=r"'latin\.toml' is not UTF-8"):
        load_recipe(str(tmp_path / "latin.toml"))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("\n\n[schedule]\nepoch = 3\n", r"line 4: unknown entry 'epoch' in \[schedule\]; valid: .*epochs"),
        ("\n[scheduler]\nepochs = 3\n", r"line 2: unknown entry 'scheduler'; valid: .*\[schedule\]"),
        ("epochs = 3\n", r"line 1: unknown entry 'epochs'"),
        ("[[model]]\narchitecture = 'cbam'\n", r"unknown entry 'model'"),
        ("[schedule]\nepochs = '3'\n", r"line 2: 'epochs' must be a whole number, got '3'"),
        ("[schedule]\nepochs = 3.5\n", r"line 2: 'epochs' must be a whole number, got 3\.5"),
        ("[schedule]\nepochs = true\n", r"line 2: 'epochs' must be a whole number, got True"),
        ("[optimiser]\n\nlearning_rate = 'fast'\n", r"line 3: 'learning_rate' must be a number, got 'fast'"),
        ("[optimiser]\nlearning_rate = true\n", r"line 2: 'learning_rate' must be a number"),
        ("[model]\nconfig = 3\n", r"line 2: 'config' must be a table, got 3"),
        ("[augmentation]\nerase_area = 0.3\n", r"line 2: 'erase_area' must be a list"),
        ("[distillation]\nteachers = 'cbam'\n", r"line 2: 'teachers' must be a list"),
        ("[auxiliary]\nemotions = 1\n", r"line 2: unknown entry 'emotions' in \[auxiliary\]; valid: emotion, fusion"),
        ("[optimiser\n", "is not valid TOML"),
    ],
)
def test_unknown_and_mistyped_entries_name_their_line(text: str, says: str) -> None:
    with pytest.raises(RecipeError, match=rf"Recipe 'mine'.*{says}"):
        parse_recipe(text, "mine")


@pytest.mark.parametrize(
    ("section", "entry", "says"),
    [
        ("optimiser", "kind = 'adam'", "one of sgd, adamw, got 'adam'"),
        ("schedule", "kind = 'step'", "one of one-cycle, linear, plateau"),
        ("loss", "class_weights = 'yes'", "one of none, balanced"),
        ("optimiser", "learning_rate = 0", "more than 0"),
        ("optimiser", "learning_rate = nan", "a finite number, got nan"),
        ("optimiser", "learning_rate = inf", "a finite number"),
        ("optimiser", "momentum = 1.0", "less than 1"),
        ("optimiser", "weight_decay = -0.1", "0 or more"),
        ("optimiser", "batch_size = 1", "2 or more"),
        ("schedule", "epochs = 0", "1 or more"),
        ("schedule", "warmup_epochs = 30", "less than the epochs"),
        ("schedule", "factor = 1.5", "less than 1"),
        ("schedule", "patience = -1", "0 or more"),
        ("loss", "label_smoothing = 1", "less than 1"),
        ("loss", "label_smoothing = -0.1", "0 or more"),
        ("loss", "focal_gamma = 2", "0 where label_smoothing is used"),
        ("loss", "focal_weight = 0.3", "0 where focal_gamma is 0"),
        ("loss", "focal_weight = -1", "0 where focal_gamma is 0"),
        ("model", "input_size = 8", "16 or more, or 0"),
        ("model", "input_size = -1", "0 or more"),
        ("model", "input_channels = 2", "0, 1 or 3"),
        ("optimiser", "accumulate = 0", "1 or more"),
        ("optimiser", "accumulate = 3", "a divisor of batch_size 128"),
        ("optimiser", "accumulate = 128", "parts of 2 pictures or more"),
        ("schedule", "restart_epochs = 5", "0 with kind 'one-cycle'"),
        ("schedule", "restart_factor = 2", "1 with kind 'one-cycle'"),
        ("schedule", "restart_factor = 0.5", "1 or more"),
        ("schedule", "small_side = 8", "16 or more, or 0"),
        ("schedule", "small_side = 32", "0 for 'baseline', which takes pictures of one size alone"),
        ("schedule", "small_until = 0.5", "0 without a small_side"),
        ("auxiliary", "emotion = 0.2", r"0 for 'baseline', which has no such answer of its own \(cmaen has\)"),
        ("distillation", "temperature = 0", "more than 0"),
        ("distillation", "weight = 0", "more than 0 and at most 1"),
        ("distillation", "weight = 1.5", "more than 0 and at most 1"),
        ("distillation", "teachers = [1]", "a list of checkpoints' names"),
        ("hints", "teacher = 'cbam'", "empty for 'baseline'"),
        ("votes", "target = 'mean'", "one of labels, votes, multi"),
        ("votes", "outliers = 'some'", "one of removed, kept"),
        ("votes", "weight = 0", "more than 0 and at most 1"),
        ("votes", "weight = 0.5", "1 unless the target is votes"),
        ("votes", "classes = 6", "7 or 8"),
        ("loss", "logit_adjustment = -1", "0 or more"),
        ("hints", "weight = 0", "more than 0"),
        ("hints", "until = 0", "more than 0 and at most 1"),
        ("augmentation", "scale = 1", "less than 1"),
        ("augmentation", "flip = -1", "0 or more"),
        ("augmentation", "ramp_epochs = -1", "0 or more"),
        ("augmentation", "erase_area = [0.3, 0.1]", "two shares of the picture"),
        ("augmentation", "erase_area = [0.3]", "two shares of the picture"),
        ("augmentation", "erase_area = ['a', 'b']", "two shares of the picture"),
        ("regularisation", "ema = 1", "less than 1"),
        ("regularisation", "mixup = -1", "0 or more"),
        ("regularisation", "mixup_off = 2", r"in \[0, 1\]"),
    ],
)
def test_values_that_cannot_be_meant(section: str, entry: str, says: str) -> None:
    with pytest.raises(RecipeError, match=rf"line 2: \[{section}\] {entry.split(maxsplit=1)[0]} must be .*{says}"):
        parse_recipe(f"[{section}]\n{entry}\n", "mine")


@pytest.mark.parametrize("split", ["test", "public", "private", "testing", "publictest", "privatetest"])
@pytest.mark.parametrize("key", ["train", "val"])
def test_a_test_split_neither_trains_nor_chooses(key: str, split: str) -> None:
    with pytest.raises(RecipeError, match=rf"line 2: \[data\] {key} must be no test split"):
        parse_recipe(f"[data]\n{key} = '{split}'\n", "mine")


@pytest.mark.parametrize(
    ("train", "val"),
    [("val", "val"), ("valid", "val"), ("training", "train"), ("trainval", "val"), ("train", "trainval")],
)
def test_val_is_apart_from_train(train: str, val: str) -> None:
    with pytest.raises(RecipeError, match=r"\[data\]"):
        parse_recipe(f"[data]\ntrain = '{train}'\nval = '{val}'\n", "mine")


def test_focal_loss_goes_with_hard_labels() -> None:
    assert parse_recipe("[loss]\nfocal_gamma = 2\nlabel_smoothing = 0\n", "mine").loss.focal_gamma == 2.0


def test_change_replaces_entries_and_checks_again() -> None:
    recipe = parse_recipe(GOOD, "mine")
    changed = change(recipe, "schedule", epochs=5)
    assert changed.schedule.epochs == 5
    assert changed.optimiser == recipe.optimiser
    assert recipe.schedule.epochs == 30
    with pytest.raises(RecipeError, match=r"Recipe 'mine': \[schedule\] epochs must be 1 or more, got 0"):
        change(recipe, "schedule", epochs=0, warmup_epochs=0.0)


def test_only_the_built_in_faces_can_be_marked() -> None:
    assert parse_recipe('[data]\ndataset = "synthetic"\nmarked = true\n', "r").data.marked
    with pytest.raises(RecipeError, match=r"line 2: \[data\] marked must be false for other datasets than synthetic"):
        parse_recipe("[data]\nmarked = true\n", "r")
    with pytest.raises(RecipeError, match="'marked' must be true or false, got 1"):
        parse_recipe('[data]\ndataset = "synthetic"\nmarked = 1\n', "r")


def test_focal_loss_beside_smoothed_cross_entropy() -> None:
    assert parse_recipe("[loss]\nfocal_gamma = 2\nfocal_weight = 0.3\n", "r").loss.label_smoothing == 0.1


def test_restarts_need_a_length() -> None:
    with pytest.raises(RecipeError, match=r"\[schedule\] restart_epochs must be more than 0 with cosine-restarts"):
        parse_recipe('[schedule]\nkind = "cosine-restarts"\n', "r")


def test_small_pictures_are_smaller_and_come_for_a_while() -> None:
    text = '[model]\narchitecture = "cmaen"\ninput_size = 64\n[schedule]\nsmall_side = {}\nsmall_until = {}\n'
    assert parse_recipe(text.format(48, 0.7), "r").schedule.small_until == 0.7
    with pytest.raises(RecipeError, match=r"line 5: \[schedule\] small_side must be less than the input's 64 pixels"):
        parse_recipe(text.format(64, 0.7), "r")
    own_size = text.replace("input_size = 64\n", "")
    assert parse_recipe(own_size.format(160, 0.7), "r").schedule.small_side == 160
    with pytest.raises(RecipeError, match=r"small_side must be less than the input's 224 pixels, got 240"):
        parse_recipe(own_size.format(240, 0.7), "r")
    for share in (0, 1.5):
        with pytest.raises(RecipeError, match=r"line 6: \[schedule\] small_until must be more than 0 and at most 1"):
            parse_recipe(text.format(48, share), "r")


def test_an_auxiliary_loss_on_an_answer_that_is_switched_off() -> None:
    text = '[model]\narchitecture = "cmaen"\nconfig = { emotion_heads = false }\n[auxiliary]\nemotion = 0.2\n'
    with pytest.raises(RecipeError, match=r"line 5: \[auxiliary\] emotion must be 0 where .* emotion_heads = false"):
        parse_recipe(text, "r")


def test_the_help_speaks_of_every_section_and_entry() -> None:
    text = recipe_help()
    for section, kind in SECTIONS.items():
        assert f"\n[{section}]  " in text
        for entry in kind.__dataclass_fields__:
            assert f"{entry} = " in text
    assert "``" not in text
    assert ":mod:" not in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            "[data]\ndataset = 'rafdb'\n[votes]\ntarget = 'votes'\n",
            r"labels for other datasets than fer2013 and ferplus",
        ),
        ("[votes]\ntarget = 'multi'\n", r"label_smoothing must be 0 with the target multi"),
        (
            "[votes]\ntarget = 'multi'\n[loss]\nlabel_smoothing = 0\n[regularisation]\nmixup = 0.2\n",
            "mixup must be 0 with",
        ),
        ("[data]\ndataset = 'ferplus'\nval = 'FER2013Valid'\n", "val must be no test split"),
        ("[data]\ndataset = 'ferplus'\ntrain = 'FER2013Train'\n", "train must be a split without the pictures of val"),
    ],
)
def test_votes_that_cannot_be_learnt(text: str, says: str) -> None:
    with pytest.raises(RecipeError, match=says):
        parse_recipe(text, "mine")


def test_a_recipe_of_votes() -> None:
    recipe = parse_recipe("[votes]\ntarget = 'votes'\nweight = 0.8\n[loss]\nlogit_adjustment = 1\n", "mine")
    assert (recipe.votes.target, recipe.votes.weight, recipe.votes.outliers) == ("votes", 0.8, "removed")
    assert recipe.loss.logit_adjustment == 1.0
    assert load_recipe("cbam-votes").votes.target == "votes"
