"""BLEU, as sacreBLEU computes it."""

import dataclasses
from typing import Any, ClassVar

from kerasseq import checks
from kerasseq.evaluation.sacrebleu_metric import SacreBLEUMetric


@dataclasses.dataclass(frozen=True)
class BLEU(SacreBLEUMetric):
    """Share of a hypothesis' word n-grams that stand in its references, with a brevity penalty.

    The number of translation papers. It wants raw text: sacreBLEU tokenizes by itself, so that
    two systems with different tokenizers stay comparable.

    Args:
        tokenizer: sacreBLEU's name of one. `"13a"`, the default, fits languages with spaces;
            `"zh"` and `"char"` need nothing more, `"ja-mecab"`, `"ko-mecab"` and `"flores200"`
            need sacreBLEU's extras or a download. `"none"` is for text that is tokenized already,
            as in papers that report lower-cased tokens.
        lowercase: whether case is ignored. The default `False` counts `the` for `The` as wrong.
        effective_order: whether n-grams longer than every hypothesis are left out, for a few short
            texts, whose BLEU is 0 otherwise. Papers leave it off.

    Call arguments:
        hypotheses: list of strings, raw text.
        references: list with a string or a list of strings for each hypothesis.

    Returns:
        BLEU, from 0 to 100.

    Raises:
        ValueError: if sacreBLEU has no tokenizer of that name.

    Example:

    >>> round(BLEU()(["The cat sat on the mat."], ["The cat sat on a mat."]), 1)
    48.9
    >>> BLEU(lowercase=True).signature([["The cat sat on the mat."]])
    'nrefs:1|case:lc|eff:no|tok:13a|smooth:exp|version:...'

    Reference: [Papineni et al., 2002](https://aclanthology.org/P02-1040),
    [Post, 2018](https://aclanthology.org/W18-6319).
    """

    name: ClassVar[str] = "bleu"
    higher_is_better: ClassVar[bool] = True

    tokenizer: str = "13a"
    lowercase: bool = False
    effective_order: bool = False

    def __post_init__(self) -> None:
        import sacrebleu

        checks.check_one_of("tokenizer", self.tokenizer, sorted(sacrebleu.BLEU.TOKENIZERS))
        checks.check_boolean("lowercase", self.lowercase)
        checks.check_boolean("effective_order", self.effective_order)

    def build(self) -> Any:
        import sacrebleu

        # `force` silences the guess that text was not detokenized where we were told so.
        return sacrebleu.BLEU(
            tokenize=self.tokenizer,
            lowercase=self.lowercase,
            effective_order=self.effective_order,
            force=self.tokenizer == "none",
        )
