"""chrF, as sacreBLEU computes it."""

import dataclasses
from typing import Any, ClassVar

from kerasseq import checks
from kerasseq.evaluation.sacrebleu_metric import SacreBLEUMetric


@dataclasses.dataclass(frozen=True)
class CHRF(SacreBLEUMetric):
    """F-score of character n-grams, recall counted twice as much as precision.

    Kinder than BLEU to rich inflection and short sentences, and needs no tokenizer: the better
    guide for small data.

    Args:
        word_order: the longest word n-gram counted beside characters: 0, the default, is chrF,
            2 is chrF++.
        lowercase: whether case is ignored.

    Call arguments:
        hypotheses: list of strings, raw text.
        references: list with a string or a list of strings for each hypothesis; the one with the
            best F-score counts.

    Returns:
        chrF, from 0 to 100.

    Example:

    >>> CHRF()(["The cat sat."], [["A cat sat.", "The cat sat."]])
    100.0

    Reference: [Popović, 2015](https://aclanthology.org/W15-3049),
    [Popović, 2017](https://aclanthology.org/W17-4770).
    """

    name: ClassVar[str] = "chrf"
    higher_is_better: ClassVar[bool] = True

    word_order: int = 0
    lowercase: bool = False

    def __post_init__(self) -> None:
        checks.check_integer("word_order", self.word_order, minimum=0)
        checks.check_boolean("lowercase", self.lowercase)

    def build(self) -> Any:
        import sacrebleu

        return sacrebleu.CHRF(word_order=self.word_order, lowercase=self.lowercase)
