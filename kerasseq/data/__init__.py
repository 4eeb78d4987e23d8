"""Room 2, data: files or pairs -> batches.

In come files (`read_tsv`, `read_parallel`), pairs of strings (`Pairs`), the shipped sample
(`load_sample`) or a generated task (`generate_dates`), and one text codec a side. Out go batches
of token ids, padded right: `((source_ids, target_ids), labels, sample_weight)`; with `SoftLabels`,
`(labels, soft_labels)` in the place of labels.

Start at `sources.py` for what a corpus may look like, at `batching.py` for which pairs share a
batch, at `datasets.py` for what `model.fit` gets. Only the datasets need TensorFlow; it loads late.

To add a corpus format: write a `read_*` function beside `read_tsv`, with messages that name file
and line; add its name below, its test to `tests/data/test_sources.py`, and the row to the README.
"""

from typing import TYPE_CHECKING

from kerasseq.lazy import attach

if TYPE_CHECKING:
    from kerasseq.data.batching import TokenBatches
    from kerasseq.data.datasets import (
        evaluation_batches,
        evaluation_dataset,
        training_batches,
        training_dataset,
    )
    from kerasseq.data.dates import generate_dates
    from kerasseq.data.encoding import EncodedPairs, encode_pairs
    from kerasseq.data.lines import read_lines
    from kerasseq.data.pairs import Pairs
    from kerasseq.data.report import PairsReport, SideReport, report_pairs
    from kerasseq.data.sample import SAMPLES, load_sample
    from kerasseq.data.soft_labels import SoftLabels
    from kerasseq.data.sources import read_parallel, read_tsv
    from kerasseq.data.streaming import FollowEpochs, as_dataset
    from kerasseq.data.subword_sampler import SubwordSampler
    from kerasseq.data.token_rows import TokenRows

__all__ = [
    "Pairs",
    "read_tsv",
    "read_parallel",
    "read_lines",
    "load_sample",
    "SAMPLES",
    "generate_dates",
    "report_pairs",
    "PairsReport",
    "SideReport",
    "training_dataset",
    "evaluation_dataset",
    "training_batches",
    "evaluation_batches",
    "as_dataset",
    "FollowEpochs",
    "TokenBatches",
    "SoftLabels",
    "encode_pairs",
    "EncodedPairs",
    "SubwordSampler",
    "TokenRows",
]

FILES = {
    "pairs": ("Pairs",),
    "sources": (
        "read_tsv",
        "read_parallel",
    ),
    "lines": ("read_lines",),
    "sample": (
        "load_sample",
        "SAMPLES",
    ),
    "dates": ("generate_dates",),
    "report": (
        "report_pairs",
        "PairsReport",
        "SideReport",
    ),
    "datasets": (
        "training_dataset",
        "evaluation_dataset",
        "training_batches",
        "evaluation_batches",
    ),
    "streaming": ("FollowEpochs", "as_dataset"),
    "batching": ("TokenBatches",),
    "soft_labels": ("SoftLabels",),
    "encoding": (
        "encode_pairs",
        "EncodedPairs",
    ),
    "subword_sampler": ("SubwordSampler",),
    "token_rows": ("TokenRows",),
}

__getattr__ = attach(
    __name__, {name: f"{__name__}.{file}" for file, names in FILES.items() for name in names}
)


def __dir__() -> list[str]:
    return sorted(__all__)
