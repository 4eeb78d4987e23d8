"""Where a run goes on: its progress as the last checkpoint has it, and what was changed since."""

import logging
from collections.abc import Mapping
from typing import Any

from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.optimization import put_learning_rate
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import RunState
from kerasseq.experiments.watch_run import Watch
from kerasseq.models import SequenceToSequence

logger = logging.getLogger(__name__)

LENGTHS = frozenset({"training.epochs", "training.stop_after"})

# With these the same network has other scores: val_loss contains the smoothing.
MEASURES = frozenset({"training.label_smoothing", "training.valid_sentences"})


def restore_run(
    folder: RunFolder,
    network: SequenceToSequence,
    config: ExperimentConfig,
    changes: Mapping[str, Any],
    watch: Watch | None = None,
) -> RunState:
    """Returns the progress of a run, and puts its last checkpoint into the network.

    Args:
        folder: the run's files; without a checkpoint the run begins.
        network: the run's network, compiled; changed in place.
        config: what the run is to do.
        changes: what the configuration changes in the run, by name.
        watch: is asked once more about the last epoch: when the run was killed, it perhaps was not.

    Raises:
        ValueError: if the run was changed, but not so that any epoch is left, nor so that a run
            that was not finished ends where it stands; or is finished and has no checkpoint left.
    """
    progress = Checkpoints(folder.checkpoints).restore_state(network)
    if progress is None and folder.read_report() is not None:
        raise ValueError(
            f"{folder.path} holds a finished run without a checkpoint to go on from: its "
            f"{folder.checkpoints.name}/ is gone. Name another `output`, or begin with its model "
            "by `fine_tuning.model`."
        )
    state = RunState(**(progress or {}))
    if progress is not None:
        logger.info("Going on after epoch %d.", state.epoch)
    if changes:
        finished = folder.read_report() is not None
        _change(state, network, config, changes, finished)
    elif watch is not None and state.epoch and not state.stopped:
        state.stopped = bool(watch(state))
    return state


def _change(
    state: RunState,
    network: SequenceToSequence,
    config: ExperimentConfig,
    changes: Mapping[str, Any],
    finished: bool,
) -> None:
    epochs, stop_after = config.training.epochs, config.training.stop_after
    last = min(epochs, stop_after or epochs)
    can_end = not finished and bool(state.averaged_epochs) and LENGTHS.issuperset(changes)
    if state.epoch > last or (state.epoch == last and not can_end):
        field = "epochs" if last == epochs else "stop_after"
        raise ValueError(
            f"`training.{field}` must be more than the {state.epoch} that the run has, for it "
            f"to go on. Received: {last}."
        )
    change = {"epoch": state.epoch, **changes}
    if change not in state.changes:  # else a run that was killed makes it again
        state.changes.append(change)
    state.stopped = False
    if not MEASURES.isdisjoint(changes):
        state.ranked_from, state.waited = state.epoch, 0
        state.callbacks.pop("plateau", None)  # what was best so far
        logger.info(
            "Scores of the first %d epochs cannot be compared with those to come, since %s "
            "changed: the best epochs are among the latter.",
            state.epoch,
            " and ".join(sorted(MEASURES & set(changes))),
        )
    if "training.learning_rate" in changes:
        put_learning_rate(network.optimizer, config.training.learning_rate)


def save_progress(folder: RunFolder, network: SequenceToSequence, state: RunState) -> None:
    """Replaces what the last checkpoint says of the run; what callbacks keep stays as it is.

    Args:
        folder: the run's files, with a checkpoint.
        network: the run's network.
        state: its progress.
    """
    checkpoints = Checkpoints(folder.checkpoints)
    arrays = {name: checkpoints.load_arrays(name) for name in state.callbacks}
    checkpoints.save_state(network, state.to_dict(), arrays)


def tidy(folder: RunFolder, state: RunState) -> None:
    """Removes what a kill left half written, and weights that no epoch to come would clear away.

    Args:
        folder: the run's files.
        state: its progress.
    """
    folder.remove_leftovers()
    Checkpoints(folder.checkpoints).keep_weights([*state.best_epochs, *state.last_epochs])
