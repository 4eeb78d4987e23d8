import dataclasses
from types import SimpleNamespace

import pytest

from kerasseq.experiments import RunState, TrainingConfig
from kerasseq.experiments.watch_run import WatchRun


def test_the_one_who_watches_sees_the_progress_and_may_end_it() -> None:
    seen: list[int] = []
    state = RunState()

    def watch(progress: RunState) -> bool:
        seen.append(progress.epoch)
        return progress.epoch == 2

    saved: list[bool] = []
    callback = WatchRun(state, watch, lambda: saved.append(state.stopped))
    callback.set_model(SimpleNamespace(stop_training=False))
    stopped = []
    for epoch in (1, 2):
        state.epoch = epoch
        callback.on_epoch_end(epoch - 1, {})
        stopped.append(callback.model.stop_training)
    assert seen == [1, 2]
    assert stopped == [False, True]
    assert saved == [True]  # a run that is killed from here on has ended


def test_nothing_returned_is_no_end() -> None:
    callback = WatchRun(RunState(), lambda state: None, pytest.fail)
    callback.set_model(SimpleNamespace(stop_training=False))
    callback.on_epoch_end(0)
    assert not callback.model.stop_training


def test_a_training_stops_after_an_epoch_or_not_at_all() -> None:
    assert TrainingConfig().stop_after is None
    with pytest.raises(ValueError, match="`training.stop_after` must be .*Received: 0"):
        dataclasses.replace(TrainingConfig(), stop_after=0)
