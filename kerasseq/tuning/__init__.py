"""Room 10, tuning: a configuration and a space around it -> the best configuration.

What comes in: an `ExperimentConfig`, a `SearchSpace` (a named one, changed as you like) and a
budget. What goes out: a folder with `best.yaml`, `trials.csv` and a run folder for each trial.
Start at `tuning_run.py` for what happens, at `search_space.py` for what can be searched. KerasTuner
is the engine, and loads on first use: `SequenceToSequenceHyperModel` works in its own tuners too.

To add a named space: copy the smallest entry of `SPACES` in `spaces.py`, and name it in the README.
"""

from typing import TYPE_CHECKING

from kerasseq.lazy import attach

if TYPE_CHECKING:
    from kerasseq.tuning.budget import Budget
    from kerasseq.tuning.objectives import get_objective
    from kerasseq.tuning.oracles import ORACLES
    from kerasseq.tuning.parameters import Choice, Fixed, Range
    from kerasseq.tuning.search_space import SearchSpace
    from kerasseq.tuning.sequence_to_sequence_hyper_model import SequenceToSequenceHyperModel
    from kerasseq.tuning.spaces import SPACES
    from kerasseq.tuning.trial_record import TrialRecord
    from kerasseq.tuning.tuning_listener import TuningListener
    from kerasseq.tuning.tuning_result import TuningResult
    from kerasseq.tuning.tuning_run import tune

__all__ = [
    "ORACLES",
    "SPACES",
    "Budget",
    "Choice",
    "Fixed",
    "Range",
    "SearchSpace",
    "SequenceToSequenceHyperModel",
    "TrialRecord",
    "TuningListener",
    "TuningResult",
    "get_objective",
    "tune",
]

FILES = {
    "budget": ("Budget",),
    "objectives": ("get_objective",),
    "oracles": ("ORACLES",),
    "parameters": ("Choice", "Fixed", "Range"),
    "search_space": ("SearchSpace",),
    "sequence_to_sequence_hyper_model": ("SequenceToSequenceHyperModel",),
    "spaces": ("SPACES",),
    "trial_record": ("TrialRecord",),
    "tuning_listener": ("TuningListener",),
    "tuning_result": ("TuningResult",),
    "tuning_run": ("tune",),
}

__getattr__ = attach(
    __name__,
    {name: f"{__name__}.{file}" for file, names in FILES.items() for name in names},
)
