"""kerasseq: sequence-to-sequence learning with attention for Keras 3.

Compose it, fit it, tune it, search it, serve it. The rooms, in the order of the data:

1. `kerasseq.text`: strings <-> ids
2. `kerasseq.data`: files or pairs -> batches
3. `kerasseq.layers`: tensors -> tensors
4. `kerasseq.models`: layers -> one `keras.Model`
5. `kerasseq.training`: losses, metrics, schedules, the optimiser, callbacks
6. `kerasseq.search`: a step function -> hypotheses
7. `kerasseq.evaluation`: strings -> numbers
8. `kerasseq.translation`: codecs + network + search -> `Translator`
9. `kerasseq.experiments`: a configuration -> a trained, evaluated translator
10. `kerasseq.tuning`: hyperparameter search over experiments
11. `kerasseq.serving`: a translator -> a SavedModel
12. `kerasseq.visualization`: arrays -> pictures
13. `kerasseq.benchmarking`: the reference work and its floor
14. `kerasseq.commands`: a command line -> calls of the above
"""

import importlib
import sys
from typing import TYPE_CHECKING, Any

import wrapt

from kerasseq.lazy import attach

if TYPE_CHECKING:
    from kerasseq import (
        benchmarking,
        commands,
        data,
        evaluation,
        experiments,
        layers,
        models,
        search,
        serving,
        text,
        training,
        translation,
        tuning,
        visualization,
    )
    from kerasseq.translation import Translation, Translator

__version__ = "0.1.0"

# The rooms in reading order, after the names that users meet first.
__all__ = [
    "Translator",
    "Translation",
    "text",
    "data",
    "layers",
    "models",
    "training",
    "search",
    "evaluation",
    "translation",
    "experiments",
    "tuning",
    "serving",
    "visualization",
    "benchmarking",
    "commands",
    "__version__",
]
ROOMS = tuple(name for name in __all__ if name.isalpha() and name.islower())
# Saved files name classes of these.
REGISTERING = ("text", "layers", "models", "training", "search", "translation")

__getattr__ = attach(
    __name__,
    {
        **{room: f"{__name__}.{room}" for room in ROOMS},
        "Translator": f"{__name__}.translation",
        "Translation": f"{__name__}.translation",
    },
)


def __dir__() -> list[str]:
    return sorted(__all__)


_complete: set[str] = set()


def _register_classes(module: Any) -> None:
    """Loads the rooms whose classes a saved file may name, unless one of them is half loaded."""
    _complete.add(module.__name__)
    names = [f"{__name__}.{room}" for room in REGISTERING]
    if "keras" in _complete and all(name in _complete for name in names if name in sys.modules):
        for name in names:
            importlib.import_module(name)


# `--help` must not pay for TensorFlow, and `keras.models.load_model` must know our classes after
# a bare `import kerasseq`, whichever of the two is imported first: so the rooms that register
# classes load when Keras is there, at once or later. A room that imports Keras itself is half
# loaded at that moment; the others follow when it is complete.
for _name in ("keras", *(f"{__name__}.{room}" for room in REGISTERING)):
    wrapt.register_post_import_hook(_register_classes, _name)
