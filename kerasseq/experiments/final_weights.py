"""The weights that a run ends with: of one epoch, or the mean of several if that is no worse."""

import logging

from kerasseq import evaluation, training
from kerasseq.experiments import run_data
from kerasseq.experiments.checkpoints import Checkpoints
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.run_callbacks import make_selection
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import RunState
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)

# Of a score, by how much the mean may be worse than an epoch alone: on a few hundred sentences
# two trainings differ by as much, and the mean is the surer of the two.
MARGIN = 0.05


def set_final_weights(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    translator: Translator,
    drafter: Translator,
    state: RunState,
) -> list[int]:
    """Puts the final weights of a run into its network; returns the epochs they are the mean of.

    A mean is worse than its parts where these are far from one another: epochs of a run that was
    short, or of one that was evaluated rarely, among them early ones. Then the epoch that would be
    kept without a mean is kept, and the log says so.

    Args:
        config: the run's configuration.
        folder: its files.
        pairs: its pairs.
        translator: what gets the weights.
        drafter: translates with the same network, greedily.
        state: how the run went.
    """
    checkpoints = Checkpoints(folder.checkpoints)
    epochs = state.averaged_epochs
    weights = map(checkpoints.load_weights, epochs)
    translator.network.set_weights(training.average_weights(weights))
    alone = epochs[-1] if state.last_epochs else epochs[0]
    scores = {row["epoch"]: row.get(config.training.monitor) for row in state.history}
    of_one = scores.get(alone)
    if len(epochs) == 1 or of_one is None:
        return epochs
    of_mean = _score(config, pairs, drafter)
    if not _is_worse(config, of_mean, of_one):
        return epochs
    logger.warning(
        "The mean of the epochs %s has %s %.4g, epoch %d alone %.4g, which is kept. A mean is for "
        "epochs of like quality: average fewer (`training.keep_average_of`), or train for longer.",
        *(", ".join(map(str, sorted(epochs))), config.training.monitor, of_mean),
        *(alone, of_one),
    )
    translator.network.set_weights(checkpoints.load_weights(alone))
    return [alone]


def _score(config: ExperimentConfig, pairs: RunData, drafter: Translator) -> float:
    """The monitored score of the network as it is, on what it was measured on in training."""
    name = config.training.monitor.removeprefix("val_")
    metrics = evaluation.get_metrics(config.metrics)
    if name in metrics:
        judged = run_data.evaluated_pairs(config.training, pairs.valid)
        outputs = [translation.text for translation in drafter(judged.sources)]
        return metrics[name](outputs, judged.references)
    dataset = run_data.evaluation_data(config.data, pairs.valid, drafter)
    return drafter.network.evaluate(dataset, return_dict=True, verbose=0)[name]


def _is_worse(config: ExperimentConfig, of_mean: float, of_one: float) -> bool:
    sign = 1.0 if make_selection(config).mode == "max" else -1.0
    # NaN is worse, too.
    return not sign * (of_one - of_mean) <= MARGIN * abs(of_one)
