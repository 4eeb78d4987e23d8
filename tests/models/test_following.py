from typing import Any

import keras
import pytest

from kerasseq.models.following import following_epochs


class Dataset:
    """One that wants to know which epoch begins."""

    def __init__(self) -> None:
        self.follower = keras.callbacks.Callback()
        self.first_epoch: int | None = None

    def follow_epochs(self, first_epoch: int) -> keras.callbacks.Callback:
        self.first_epoch = first_epoch
        return self.follower


@pytest.mark.parametrize(("given", "first"), [({}, 0), ({"initial_epoch": None}, 0)])
def test_epochs_are_counted_from_0(given: dict[str, Any], first: int) -> None:
    following_epochs({"x": (dataset := Dataset()), **given})
    assert dataset.first_epoch == first


def test_a_fit_that_goes_on_is_followed_from_its_first_epoch() -> None:
    following_epochs({"x": (dataset := Dataset()), "initial_epoch": 3})
    assert dataset.first_epoch == 3


def test_the_dataset_hears_of_an_epoch_before_the_callbacks_of_the_call() -> None:
    own = [keras.callbacks.Callback(), keras.callbacks.Callback()]
    for given in (own, tuple(own), [own[:1], own[1:]]):
        found = following_epochs({"x": (dataset := Dataset()), "callbacks": given, "epochs": 2})
        assert found["callbacks"] == [dataset.follower, *own]
        assert (found["x"], found["epochs"]) == (dataset, 2)
    alone = following_epochs({"x": (dataset := Dataset()), "callbacks": own[0]})
    assert alone["callbacks"] == [dataset.follower, own[0]]


def test_a_list_of_keras_own_is_told_of_the_dataset_too() -> None:
    own, dataset = keras.callbacks.CallbackList([keras.callbacks.Callback()]), Dataset()
    begun: list[int] = []
    dataset.follower.on_epoch_begin = lambda epoch, logs: begun.append(epoch)
    assert following_epochs({"x": dataset, "callbacks": own})["callbacks"] is own
    own.on_epoch_begin(2)
    assert begun == [2]
    following_epochs({"x": (other := Dataset()), "callbacks": own})
    assert own.callbacks[1:] == [dataset.follower, other.follower]  # the last one counts


def test_what_does_not_follow_is_left_alone() -> None:
    arguments = {"x": [1, 2], "callbacks": None}
    assert following_epochs(arguments) is arguments
