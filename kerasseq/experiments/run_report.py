"""The numbers of a finished run, and what its translator's file says of it."""

import logging
import time
from typing import Any

from kerasseq import evaluation
from kerasseq.data import Pairs
from kerasseq.experiments import environment, run_data
from kerasseq.experiments.config import ExperimentConfig
from kerasseq.experiments.fine_tuning import Start
from kerasseq.experiments.run_data import RunData
from kerasseq.experiments.run_folder import RunFolder
from kerasseq.experiments.run_state import RunState
from kerasseq.experiments.runs_at_once import own_share
from kerasseq.translation import Translator

logger = logging.getLogger(__name__)

EXAMPLES = 8


def make_report(
    config: ExperimentConfig,
    folder: RunFolder,
    pairs: RunData,
    translator: Translator,
    state: RunState,
    averaged_epochs: list[int],
) -> dict[str, Any]:
    """Returns how good a run is, on the test pairs or, without any, on the held-out ones.

    Args:
        config: what was done.
        folder: the run's files.
        pairs: the run's pairs.
        translator: what came out.
        state: how it went.
        averaged_epochs: those whose mean the weights are.
    """
    split = "valid" if pairs.test is None else "test"
    judged = pairs.valid if pairs.test is None else pairs.test
    started, cpu = time.perf_counter(), time.process_time()
    logger.info("Translating %d sentences of the %s split.", len(judged), split)
    outputs = [translation.text for translation in translator(judged.sources)]
    result = evaluation.evaluate(outputs, judged.references, config.metrics)
    losses = translator.network.evaluate(
        run_data.evaluation_data(config.data, judged, translator), return_dict=True, verbose=0
    )
    return {
        **{name: round(value, 4) for name, value in result.values.items()},
        "signature": dict(result.signatures),
        "split": split,
        "sentences": len(judged),
        **{f"{split}_{name}": value for name, value in losses.items()},
        "epochs": state.epoch,
        "best_epochs": state.best_epochs,
        "averaged_epochs": averaged_epochs,
        "changes": state.changes,
        "target_tokens": state.target_tokens,
        "epoch_seconds": state.epoch_seconds,
        "wall_seconds": round(state.wall_seconds + time.perf_counter() - started, 1),
        "cpu_seconds": round(state.cpu_seconds + own_share(time.process_time() - cpu), 1),
        "teachers": [_teacher(folder, seed) for seed in config.distillation.seeds],
        "parameters": translator.network.count_params(),
        "versions": environment.versions(),
        "revision": environment.git_revision(),
    }


def _teacher(folder: RunFolder, seed: int) -> dict[str, Any]:
    """What it took to train a teacher, in addition to the run's own time."""
    report = folder.teacher(seed).read_report() or {}
    return {"seed": seed, **{name: report.get(name) for name in ("wall_seconds", "cpu_seconds")}}


def make_metadata(
    config: ExperimentConfig, start: Start | None, report: dict[str, Any], held_out: Pairs
) -> dict[str, Any]:
    """Returns what the translator's file says of its run.

    Args:
        config: what was done.
        start: what a fine-tuning began with.
        report: the run's numbers.
        held_out: the pairs that a model card shows some of.
    """
    said = (config if start is None else start.config).to_dict()
    if start is not None and not start.is_named:
        said["model"] = None  # made by hand: no options describe it
    # What an export is warmed up and shown with: held-out texts, short and long.
    examples = held_out.sources[:: max(1, len(held_out) // EXAMPLES)][:EXAMPLES]
    return {"report": report, "config": said, "examples": examples}
