"""Room 13, benchmarking: the reference work, the floor of its matrix products, JSON rows.

What comes in: which precision, for how long, optionally a parallel corpus. What goes out: one
dictionary a case, ready for JSON. Start at `training.py`; `reference.py` says what the work is,
`floor.py` what the least time for it is, `measuring.py` how time and memory are read.

A number of one machine says little, so every row holds a ratio measured in the same run: the time
of the whole over the time of its matrix products alone, back to back.
"""

from typing import TYPE_CHECKING

from kerasseq.lazy import attach

if TYPE_CHECKING:
    from kerasseq.benchmarking.search import search_benchmark
    from kerasseq.benchmarking.training import training_benchmark

__all__ = ["search_benchmark", "training_benchmark"]

__getattr__ = attach(
    __name__,
    {
        "search_benchmark": f"{__name__}.search",
        "training_benchmark": f"{__name__}.training",
    },
)
