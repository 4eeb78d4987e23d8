"""The samples that ship with kerasseq, so that a first model needs no download."""

import importlib.resources
from typing import NamedTuple

from kerasseq import checks
from kerasseq.data.pairs import Pairs
from kerasseq.data.sources import read_tsv


class SampleColumns(NamedTuple):
    """The columns of a sample's files that hold the texts."""

    source: str
    target: str


SAMPLES = {"tatoeba_eng_swe": SampleColumns("english", "swedish")}


def load_sample(name: str) -> tuple[Pairs, Pairs, Pairs]:
    """Loads a sample that ships with kerasseq.

    Args:
        name: `"tatoeba_eng_swe"`: 23,064 + 1,000 + 1,001 English-Swedish sentence pairs from
            tatoeba.org by way of manythings.org/anki, CC BY 2.0 FR. Licence and authors lie beside
            the data, in `kerasseq/data/samples/tatoeba_eng_swe/`.

    Returns:
        The pairs to train with, to choose with, and to test with once: `(train, valid, test)`. No
        sentence of either side stands in two of them.

    Raises:
        ValueError: if there is no sample of that name.

    Example:

    >>> train, valid, test = load_sample("tatoeba_eng_swe")
    >>> train[0]
    ('Go.', 'Gå.')
    """
    checks.check_one_of("name", name, SAMPLES)
    return _read(name, "train"), _read(name, "valid"), _read(name, "test")


def _read(name: str, split: str) -> Pairs:
    columns = SAMPLES[name]
    resource = importlib.resources.files(__package__) / "samples" / name / f"{split}.tsv.xz"
    with importlib.resources.as_file(resource) as path:
        return read_tsv(path, source=columns.source, target=columns.target)
