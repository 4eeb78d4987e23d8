"""The numbers of a finished run."""

import logging
import time
from typing import Any

from kerasseq import data, evaluation
from kerasseq.experiments import environment
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_state import RunState
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)


def make_report(
    config: ExperimentConfig, pairs: RunData, translator: Translator, state: RunState
) -> dict[str, Any]:
    """Returns how good a run is, on the test pairs or, without any, on the held-out ones.

    Args:
        config: what was done.
        pairs: the run's pairs.
        translator: what came out.
        state: how it went.
    """
    split = "valid" if pairs.test is None else "test"
    judged = pairs.valid if pairs.test is None else pairs.test
    started, cpu = time.perf_counter(), time.process_time()
    logger.info("Translating %d sentences of the %s split.", len(judged), split)
    outputs = [translation.text for translation in translator(judged.sources)]
    result = evaluation.evaluate(outputs, judged.references, config.metrics)
    losses = translator.network.evaluate(
        data.evaluation_dataset(
            judged,
            translator.source_codec,
            translator.target_codec,
            batch_tokens=4096,
            max_length=config.data.max_length,
        ),
        return_dict=True,
        verbose=0,
    )
    return {
        **{name: round(value, 4) for name, value in result.values.items()},
        "signature": dict(result.signatures),
        "split": split,
        "sentences": len(judged),
        **{f"test_{name}": value for name, value in losses.items()},
        "epochs": state.epoch,
        "best_epochs": state.best_epochs,
        "averaged_epochs": state.averaged_epochs,
        "changes": state.changes,
        "target_tokens": state.target_tokens,
        "epoch_seconds": state.epoch_seconds,
        "wall_seconds": round(state.wall_seconds + time.perf_counter() - started, 1),
        "cpu_seconds": round(state.cpu_seconds + time.process_time() - cpu, 1),
        "parameters": translator.network.count_params(),
        "versions": environment.versions(),
        "revision": environment.git_revision(),
    }
