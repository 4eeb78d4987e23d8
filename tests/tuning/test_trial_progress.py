import pytest

from kerasseq.experiments import RunState
from kerasseq.tuning import TuningListener
from kerasseq.tuning.trial_progress import SearchInterrupted, TrialProgress


def state(epoch: int, tokens: int, **scores: float) -> RunState:
    return RunState(epoch=epoch, target_tokens=tokens, history=[{"epoch": epoch, **scores}])


def progress_of(pairs: int = 10, tokens_before: int = 0) -> TrialProgress:
    return TrialProgress(
        "0000", "val_loss", TuningListener(), lambda tokens: tokens / 100, pairs, tokens_before
    )


def test_a_trial_ends_when_the_budget_is_spent_but_not_without_scores() -> None:
    progress = progress_of()
    assert not progress.watch(state(1, 50, val_loss=1.0))
    assert not progress.watch(state(2, 100))
    assert progress.watch(state(3, 150, val_loss=1.0))


def test_what_another_trial_has_learnt_from_is_paid_for() -> None:
    assert not progress_of(tokens_before=60).watch(state(3, 150, val_loss=1.0))


def test_a_failed_trial_costs_the_epochs_that_it_began() -> None:
    progress = progress_of()
    assert progress.spent() == {"epochs": 0, "total_tokens": 10}
    progress.watch(state(2, 80, val_loss=1.0))
    assert progress.spent() == {"epochs": 2, "total_tokens": 120}


def test_a_trial_that_fails_at_once_does_not_pay_again_for_the_one_it_goes_on_from() -> None:
    assert progress_of(tokens_before=60).spent() == {"epochs": 0, "total_tokens": 70}


def test_an_error_of_the_listener_is_no_failure_of_the_trial() -> None:
    class Broken(TuningListener):
        def on_epoch_end(self, trial_id: str, state: RunState, share: float) -> None:
            raise BrokenPipeError("nobody reads")

    progress = TrialProgress("0000", "val_loss", Broken(), lambda tokens: 0.0, 10)
    with pytest.raises(SearchInterrupted) as caught:
        progress.watch(state(1, 1, val_loss=1.0))
    assert isinstance(caught.value.__cause__, BrokenPipeError)
    assert not isinstance(caught.value, Exception)
