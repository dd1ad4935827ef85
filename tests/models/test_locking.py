from __future__ import annotations

import gc
import threading
import weakref

import pytest
from torch import nn

from engine.models import locking
from engine.models.locking import holding, model_lock


def test_one_lock_a_model() -> None:
    one, two = nn.Linear(1, 1), nn.Linear(1, 1)
    assert model_lock(one) is model_lock(one)
    assert model_lock(one) is not model_lock(two)


def test_a_lock_goes_with_its_model() -> None:
    model = nn.Linear(1, 1)
    lock = weakref.ref(model_lock(model))
    model_gone = weakref.ref(model)
    assert model in locking._locks
    del model
    gc.collect()  # other tests' models may go too, so the number of locks says nothing
    assert model_gone() is None
    assert all(held is not lock() for held in locking._locks.values())


def test_another_thread_waits_and_the_same_one_does_not() -> None:
    model = nn.Linear(1, 1)
    entered = threading.Event()

    def enter() -> None:
        with holding(model):
            entered.set()

    with holding(model), holding(model):
        other = threading.Thread(target=enter)
        other.start()
        assert not entered.wait(0.1)
    other.join(5)
    assert entered.is_set()


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_is_eval_inside_and_restored(training: bool) -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 1)).train(training)
    with holding(model):
        assert not any(module.training for module in model.modules())
    assert all(module.training is training for module in model.modules())

    def fail() -> None:
        with holding(model):
            raise RuntimeError("inside")

    with pytest.raises(RuntimeError, match="inside"):
        fail()
    assert model.training is training
    assert model_lock(model).acquire(blocking=False)


def test_parts_in_another_mode_are_restored_too() -> None:
    model = nn.Sequential(nn.Dropout(0.5), nn.Linear(1, 1)).eval()
    model[0].train()  # dropout kept awake, to sample from the model
    with holding(model):
        assert not model[0].training
    assert model[0].training
    assert not model.training
    assert not model[1].training
