"""Room 9, experiments: a configuration -> a trained, evaluated translator in a run folder.

What comes in: an `ExperimentConfig`, from YAML, flags or code. What goes out: a folder with
`config.yaml`, `environment.json`, `history.csv`, `samples.txt`, `model.keras` and `report.json`.
Start at `config.py` for what can be said and at `training_run.py` for what happens. The
configuration loads without TensorFlow.
"""

from typing import TYPE_CHECKING

from kerasseq.lazy import attach

if TYPE_CHECKING:
    from kerasseq.experiments.building import build_translator
    from kerasseq.experiments.config import (
        DataConfig,
        ExperimentConfig,
        ModelConfig,
        SearchConfig,
        TextConfig,
    )
    from kerasseq.experiments.run_data import RunData, read_data
    from kerasseq.experiments.run_session import Run
    from kerasseq.experiments.run_state import RunState
    from kerasseq.experiments.training_config import (
        DistillationConfig,
        FineTuningConfig,
        TrainingConfig,
    )
    from kerasseq.experiments.training_run import train

__all__ = [
    "DataConfig",
    "DistillationConfig",
    "ExperimentConfig",
    "FineTuningConfig",
    "ModelConfig",
    "Run",
    "RunData",
    "RunState",
    "SearchConfig",
    "TextConfig",
    "TrainingConfig",
    "build_translator",
    "read_data",
    "train",
]

OF_TRAINING = ("DistillationConfig", "FineTuningConfig", "TrainingConfig")

__getattr__ = attach(
    __name__,
    {
        **{name: f"{__name__}.config" for name in __all__ if name.endswith("Config")},
        "Run": f"{__name__}.run_session",
        **{name: f"{__name__}.training_config" for name in OF_TRAINING},
        "RunData": f"{__name__}.run_data",
        "RunState": f"{__name__}.run_state",
        "build_translator": f"{__name__}.building",
        "read_data": f"{__name__}.run_data",
        "train": f"{__name__}.training_run",
    },
)
