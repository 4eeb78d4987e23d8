"""All numbers of one system on one test set."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from kerasseq.evaluation.corpus import References, check_corpus
from kerasseq.evaluation.metrics import Identifier, get_metrics


@dataclasses.dataclass(frozen=True)
class EvaluationReport:
    """What `evaluate` found.

    Args:
        values: the value of each metric by its label, in percent.
        signatures: what makes each value reproducible, by the same labels.
        count: the number of sentences.
    """

    values: Mapping[str, float]
    signatures: Mapping[str, str]
    count: int

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, as JSON and YAML can hold them."""
        return {
            "values": dict(self.values),
            "signatures": dict(self.signatures),
            "count": self.count,
        }


def evaluate(
    hypotheses: Sequence[str],
    references: References,
    metrics: Sequence[Identifier] | Mapping[str, Identifier] = ("bleu", "chrf", "exact_match"),
) -> EvaluationReport:
    """Compares a system's outputs with what people wrote.

    Args:
        hypotheses: list of strings: raw text, as a user would see it.
        references: list with, for each hypothesis, a string or a list of one or more strings.
        metrics: list of names in `METRICS`, configs `{"name": ..., **options}` or metrics; or a
            mapping from labels of your own to them.

    Returns:
        An `EvaluationReport`; its values are percentages, error rates too.

    Raises:
        TypeError: if a bare string stands for a list, or anything but `str` for a sentence.
        ValueError: if there is nothing to compare, the counts differ, or a metric is unknown.

    Example:

    >>> report = evaluate(["Hej!", "Hur är du?"], ["Hej!", ["Hur är det?", "Hur mår du?"]])
    >>> {label: round(value, 1) for label, value in report.values.items()}
    {'bleu': 46.5, 'chrf': 59.2, 'exact_match': 50.0}
    >>> report.signatures["bleu"]
    'nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|version:...'
    """
    checked = check_corpus(hypotheses, references)
    named = get_metrics(metrics)
    return EvaluationReport(
        values={label: metric(hypotheses, checked) for label, metric in named.items()},
        signatures={label: metric.signature(checked) for label, metric in named.items()},
        count=len(hypotheses),
    )
