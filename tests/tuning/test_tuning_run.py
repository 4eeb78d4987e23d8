"""Searches whose trials train nothing: see conftest.py."""

import csv
import dataclasses
import logging
import math
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tensorflow as tf

from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig, RunState
from kerasseq.experiments.folder_lock import FolderLock
from kerasseq.training import InvalidLossError
from kerasseq.tuning import Budget, SearchSpace, TrialRecord, TuningListener, TuningResult

FIVE = Budget(max_trials=5)
ERRORS: list[Callable[[], Exception]] = [
    lambda: InvalidLossError("The training loss became nan", 3, 1, 3),
    lambda: MemoryError("cannot allocate"),
    lambda: tf.errors.ResourceExhaustedError(None, None, "OOM when allocating"),
    lambda: RuntimeError("a crash"),
    lambda: KeyError("a crash"),
]


@pytest.fixture
def search(
    config: ExperimentConfig, space: SearchSpace, tmp_path: Path, trainer: Any
) -> Callable[..., TuningResult]:
    """Runs a search; its arguments are those of `tune` that differ."""

    def run(budget: Budget = FIVE, output: str = "search", **options: Any) -> Any:
        options = {"config": config, "space": space, **options}
        return tuning.tune(output=tmp_path / output, budget=budget, **options)

    return run


def losses(result: TuningResult) -> list[float]:
    return [trial.metrics.get("val_loss", math.nan) for trial in result.trials]


def test_a_search_leaves_the_best_configuration_and_a_line_a_trial(
    search: Callable[..., TuningResult], config: ExperimentConfig
) -> None:
    result = search()
    best = min(result.trials, key=lambda trial: trial.values["training.learning_rate"])
    assert result.best == best
    expected = dataclasses.replace(
        config,
        model=dataclasses.replace(config.model, cell=best.values["model.cell"]),
        training=dataclasses.replace(
            config.training, learning_rate=best.values["training.learning_rate"]
        ),
    )
    expected = dataclasses.replace(
        expected, metrics=["bleu", "chrf", "exact_match", "word_error_rate"]
    )
    assert result.config() == expected
    with open(Path(result.folder) / "trials.csv", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [float(row["val_loss"]) for row in rows] == losses(result)
    assert len(rows) == 5


@pytest.mark.parametrize("algorithm", ["random", "hyperband", "bayesian"])
def test_however_many_fail_in_a_row_the_search_goes_on(
    search: Callable[..., TuningResult], trainer: Any, algorithm: str
) -> None:
    if algorithm == "bayesian":
        pytest.importorskip("sklearn")
    begun = 0

    def loss(config: ExperimentConfig) -> float:
        nonlocal begun
        begun += 1
        if begun <= 12:
            raise ERRORS[begun % len(ERRORS)]()
        return 1.0

    trainer.loss = loss
    result = search(Budget(max_trials=15), algorithm=algorithm)
    assert [trial.status for trial in result.trials] == ["failed"] * 12 + ["completed"] * 3
    kinds = {trial.reason.split(":")[0]: trial.kind for trial in result.trials if trial.kind}
    assert kinds == {
        "InvalidLossError": "nan",
        "MemoryError": "memory",
        "ResourceExhaustedError": "memory",
        "RuntimeError": "crash",
        "KeyError": "crash",
    }
    error = Path(result.folder) / "trials" / "0000" / "error.txt"
    assert "Traceback (most recent call last)" in error.read_text(encoding="utf-8")


def test_a_score_that_is_no_number_is_a_failure(
    search: Callable[..., TuningResult], trainer: Any
) -> None:
    trainer.loss = lambda config: math.nan if len(trainer.ran) == 1 else 1.0
    first, second, third = search(Budget(max_trials=3)).trials
    assert (first.status, third.status) == ("completed", "completed")
    assert (second.kind, second.reason) == ("nan", "FloatingPointError: val_loss is nan")


def test_when_all_fail_each_budget_ends_the_search(
    search: Callable[..., TuningResult], trainer: Any
) -> None:
    def loss(config: ExperimentConfig) -> float:
        raise MemoryError

    trainer.loss = loss
    # 160 tokens a trial at least, one a pair.
    assert len(search(Budget(max_tokens=1000)).trials) == 7
    assert search(Budget(max_seconds=0.2), "by_time").trials


@pytest.mark.parametrize("algorithm", ["random", "hyperband"])
def test_killed_between_or_in_trials_it_ends_as_one_never_killed(
    search: Callable[..., TuningResult], trainer: Any, algorithm: str
) -> None:
    whole = search(Budget(max_trials=9), "whole", algorithm=algorithm)
    trainer.ran.clear()
    train, kills = trainer.loss, {2, 3, 7}

    def loss(config: ExperimentConfig) -> float:
        if len(trainer.ran) in kills:
            kills.remove(len(trainer.ran))
            raise KeyboardInterrupt  # no Exception, as the end of a process is none
        return train(config)

    trainer.loss = loss
    for _ in range(3):
        with pytest.raises(KeyboardInterrupt):
            search(Budget(max_trials=9), "killed", algorithm=algorithm)
    resumed = search(Budget(max_trials=9), "killed", algorithm=algorithm)
    assert [trial.drawn for trial in resumed.trials] == [trial.drawn for trial in whole.trials]
    assert losses(resumed) == losses(whole)
    assert resumed.best.trial_id == whole.best.trial_id
    assert len(trainer.ran) == 9, "a trial was run twice"


def test_a_finished_search_is_read_and_a_larger_budget_goes_on(
    search: Callable[..., TuningResult], trainer: Any
) -> None:
    first = search(Budget(max_trials=3))
    assert search(Budget(max_trials=3)).trials == first.trials
    assert search(Budget(max_trials=1)).trials == first.trials
    assert len(trainer.ran) == 3
    more = search(Budget(max_trials=5))
    assert more.trials[:3] == first.trials
    assert losses(more) == losses(search(Budget(max_trials=5), "at_once"))


def test_the_engine_s_own_notes_do_not_matter(search: Callable[..., TuningResult]) -> None:
    """KerasTuner writes them in place: a kill may leave half of one."""
    first = search(Budget(max_trials=3))
    for path in (Path(first.folder) / "keras_tuner").rglob("*.json"):
        path.write_text('{"half": ')
    assert search(Budget(max_trials=3)).trials == first.trials
    shutil.rmtree(Path(first.folder) / "keras_tuner")
    assert search(Budget(max_trials=3)).trials == first.trials


@pytest.mark.parametrize(
    ("options", "differs"),
    [
        ({"seed": 3}, "another seed"),
        ({"algorithm": "hyperband"}, "another algorithm"),
        ({"objective": "val_bleu"}, "another objective"),
    ],
)
def test_a_folder_of_another_search_is_refused(
    search: Callable[..., TuningResult], options: dict[str, Any], differs: str
) -> None:
    search(Budget(max_trials=1))
    with pytest.raises(ValueError, match=f"holds a search with {differs}"):
        search(Budget(max_trials=1), **options)


def test_a_folder_in_which_another_process_searches_is_refused(
    search: Callable[..., TuningResult], tmp_path: Path
) -> None:
    folder = FolderLock(tmp_path / "search")
    with folder.held(), pytest.raises(ValueError, match="is in use by process"):
        search()


def test_a_folder_of_a_search_on_other_data_is_refused(
    search: Callable[..., TuningResult], config: ExperimentConfig
) -> None:
    search(Budget(max_trials=1))
    train = Path(str(config.data.train))
    before = train.read_bytes()
    try:
        train.write_bytes(before * 2)
        with pytest.raises(ValueError, match="holds a search with another data"):
            search(Budget(max_trials=2))
    finally:
        train.write_bytes(before)
    assert len(search(Budget(max_trials=2)).trials) == 2


def test_a_trial_with_other_values_in_its_place_is_an_error(
    search: Callable[..., TuningResult],
) -> None:
    """As another version of the engine may draw them."""
    result = search(Budget(max_trials=1))
    path = Path(result.folder) / "trials" / "0000" / "trial.json"
    record = TrialRecord.read(path)
    dataclasses.replace(record, drawn={**record.drawn, "model.cell": "simple"}).write(path)
    with pytest.raises(ValueError, match="other values than are drawn now: .*'simple'.* then"):
        search(Budget(max_trials=1))


def test_tokens_are_a_budget_and_a_trial_cut_by_it_counts(
    search: Callable[..., TuningResult], config: ExperimentConfig
) -> None:
    # 100 tokens an epoch, two epochs a trial: the third trial has one.
    result = search(Budget(max_tokens=500))
    assert [trial.epochs for trial in result.trials] == [2, 2, 1]
    assert sum(trial.target_tokens for trial in result.trials) == 500
    one = search(Budget(max_tokens=100), "one")
    assert one.config().training.stop_after == 1
    assert one.config().training.epochs == config.training.epochs


def test_time_is_a_budget(search: Callable[..., TuningResult]) -> None:
    result = search(Budget(max_seconds=0.5))
    assert result.trials[-1].elapsed < 5.0
    assert len(result.trials) > 1
    # What was spent before counts: there is no time left.
    assert search(Budget(max_seconds=0.5)).trials == result.trials


def test_hyperband_goes_on_with_the_best_and_pays_each_epoch_once(
    search: Callable[..., TuningResult], config: ExperimentConfig, trainer: Any
) -> None:
    training = dataclasses.replace(config.training, epochs=4)
    result = search(
        Budget(max_trials=7),
        config=dataclasses.replace(config, training=training),
        algorithm="hyperband",
        options={"factor": 2},
    )
    assert [trial.epochs for trial in result.trials] == [1, 1, 1, 1, 2, 2, 4]
    assert [trial.target_tokens for trial in result.trials] == [100, 100, 100, 100, 100, 100, 200]
    firsts = sorted(result.trials[:4], key=lambda trial: trial.metrics["val_loss"])
    assert [line.go_on_from for line in trainer.ran[4:6]] == [
        Path(result.folder) / "trials" / trial.trial_id for trial in firsts[:2]
    ]
    assert [line.config.training.stop_after for line in trainer.ran] == [1, 1, 1, 1, 2, 2, None]
    assert (Path(result.folder) / "trials" / "0006" / "checkpoints").is_dir()


def test_bayesian_search_is_repeated_and_resumed(search: Callable[..., TuningResult]) -> None:
    pytest.importorskip("sklearn")
    options: dict[str, Any] = {"algorithm": "bayesian", "options": {"num_initial_points": 2}}
    whole = search(Budget(max_trials=4), "whole", **options)
    search(Budget(max_trials=3), "parts", **options)
    assert losses(search(Budget(max_trials=4), "parts", **options)) == losses(whole)


@pytest.mark.parametrize("algorithm", ["random", "hyperband", "bayesian"])
def test_a_named_space_is_searched_with_its_conditions(
    search: Callable[..., TuningResult], trainer: Any, algorithm: str
) -> None:
    options: dict[str, Any] = {}
    if algorithm == "bayesian":
        pytest.importorskip("sklearn")
        options = {"options": {"num_initial_points": 6}}
    result = search(Budget(max_trials=8), space="small_data", algorithm=algorithm, **options)
    assert {trial.status for trial in result.trials} == {"completed"}
    for trial, line in zip(result.trials, trainer.ran, strict=True):
        sized = "source_text.vocabulary_size" in trial.values
        assert sized == (trial.values["source_text.tokenizer"] == "subword")
        feeds = "model.input_feeding" in trial.values
        assert feeds == (trial.values["model.wiring"] == "luong")
        assert line.config.source_text.tokenizer == trial.values["source_text.tokenizer"]
        assert line.config.model.input_feeding == trial.values.get("model.input_feeding")


def test_checkpoints_go_when_nothing_can_go_on_from_them(
    search: Callable[..., TuningResult],
) -> None:
    result = search(Budget(max_trials=1))
    assert not (Path(result.folder) / "trials" / "0000" / "checkpoints").exists()


def test_a_space_that_is_used_up_ends_the_search(
    search: Callable[..., TuningResult], space: SearchSpace, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING, logger="kerasseq.tuning"):
        result = search(space=space.fix("training.learning_rate", 1e-3))
    assert [trial.values["model.cell"] for trial in result.trials] in (
        ["gru", "lstm"],
        ["lstm", "gru"],
    )
    assert "no more values to try" in caplog.text


class Recorder(TuningListener):
    def __init__(self) -> None:
        self.heard: list[Any] = []

    def on_trial_begin(self, trial_id: str, values: Any) -> None:
        self.heard.append(("begin", trial_id, sorted(values)))

    def on_epoch_end(self, trial_id: str, state: RunState, share: float) -> None:
        self.heard.append(("epoch", state.epoch, share))

    def on_trial_end(self, records: Any, share: float) -> None:
        self.heard.append(("end", len(records), share))


def test_a_listener_hears_it_all(search: Callable[..., TuningResult]) -> None:
    listener = Recorder()
    search(Budget(max_trials=2), listener=listener)
    fields = ["model.cell", "training.learning_rate"]
    assert listener.heard == [
        *(("begin", "0000", fields), ("epoch", 1, 0.0), ("epoch", 2, 0.0), ("end", 1, 0.5)),
        *(("begin", "0001", fields), ("epoch", 1, 0.5), ("epoch", 2, 0.5), ("end", 2, 1.0)),
    ]
    again = Recorder()
    search(Budget(max_trials=2), listener=again)
    assert again.heard == [("end", 1, 0.5), ("end", 2, 1.0)]


def test_an_error_of_the_listener_ends_the_search(search: Callable[..., TuningResult]) -> None:
    class Broken(TuningListener):
        def on_trial_end(self, records: Any, share: float) -> None:
            raise BrokenPipeError("nobody reads")

    with pytest.raises(BrokenPipeError, match="nobody reads"):
        search(listener=Broken())


def test_a_folder_that_cannot_be_written_ends_the_search(
    search: Callable[..., TuningResult], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Any, path: Any) -> None:
        raise OSError(28, "No space left on device", os.fspath(path))

    monkeypatch.setattr(TrialRecord, "write", refuse)
    with pytest.raises(OSError, match="No space left on device"):
        search()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"algorithm": "grid"}, "`algorithm` must be one of random, hyperband, bayesian. .*'grid'"),
        ({"objective": "bleu"}, "`objective` must be one of val_loss.* Received: 'bleu'"),
        ({"space": "big"}, "`space` must be one of small_data, full, training. Received: 'big'"),
        (
            {
                "algorithm": "hyperband",
                "space": SearchSpace({"training.epochs": tuning.Range(1, 9)}),
            },
            "`training.epochs` cannot be searched. Received: Range",
        ),
        (
            {
                "algorithm": "hyperband",
                "space": SearchSpace(
                    {
                        "training.evaluate_every": tuning.Fixed(2),
                        "model.cell": tuning.Choice(("gru", "lstm")),
                    }
                ),
            },
            "needs `training.evaluate_every` of 1.* Received: Fixed",
        ),
    ],
)
def test_a_mistake_ends_it_before_it_begins(
    search: Callable[..., TuningResult], tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        search(**options)
    assert not (tmp_path / "search").exists()


def test_data_that_cannot_be_read_is_no_failed_trial(
    search: Callable[..., TuningResult], config: ExperimentConfig, tmp_path: Path
) -> None:
    data = dataclasses.replace(config.data, train=str(tmp_path / "missing.tsv"))
    with pytest.raises(FileNotFoundError):
        search(config=dataclasses.replace(config, data=data))
