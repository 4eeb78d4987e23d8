from pathlib import Path

import pytest

from kerasseq import tuning
from kerasseq.experiments import ExperimentConfig
from kerasseq.tuning import Budget, Choice, Range, SearchSpace, TuningListener


def resident_megabytes() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise OSError("no VmRSS")


class Meter(TuningListener):
    def __init__(self) -> None:
        self.megabytes: list[float] = []

    def on_trial_end(self, records: object, share: float) -> None:
        self.megabytes.append(resident_megabytes())


@pytest.mark.slow
def test_memory_grows_less_than_100_megabytes_over_20_trials(
    config: ExperimentConfig, tmp_path: Path
) -> None:
    """After the first, which loads what all of them need."""
    if not Path("/proc/self/status").exists():
        pytest.skip("there is no /proc/self/status")
    space = SearchSpace(
        {
            "model.cell": Choice(("gru", "lstm")),
            "training.learning_rate": Range(1e-4, 1e-2, scale="log"),
        }
    )
    meter = Meter()
    tuning.tune(*(config, tmp_path / "search", Budget(max_trials=21), space), listener=meter)
    assert meter.megabytes[20] - meter.megabytes[0] < 100, meter.megabytes
