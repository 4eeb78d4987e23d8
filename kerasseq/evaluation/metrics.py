"""The family of metrics by name."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeAlias

from kerasseq.evaluation.bleu import BLEU
from kerasseq.evaluation.chrf import CHRF
from kerasseq.evaluation.error_rates import CharacterErrorRate, PhonemeErrorRate, WordErrorRate
from kerasseq.evaluation.exact_match import ExactMatch, SequenceErrorRate
from kerasseq.evaluation.metric import Metric

METRICS: Mapping[str, type[Metric]] = MappingProxyType(
    {
        metric.name: metric
        for metric in (
            *(BLEU, CHRF, ExactMatch),
            *(SequenceErrorRate, PhonemeErrorRate, WordErrorRate, CharacterErrorRate),
        )
    }
)
"""`METRICS[name].higher_is_better` is the direction: what a monitor's `mode` must be."""

Identifier: TypeAlias = str | Mapping[str, Any] | Metric
"""A metric's name, its plain config `{"name": ..., **options}` or the metric itself."""


def get_metric(identifier: Identifier, argument: str = "metric") -> Metric:
    """Returns a metric, chosen by name, by config or as the object itself.

    `kerasseq.serialization.get` does the same for Keras objects; this room loads no Keras.

    Args:
        identifier: `"bleu"`, `{"name": "bleu", "lowercase": True}` or `BLEU(lowercase=True)`.
        argument: what the caller calls the argument, for the message.

    Raises:
        ValueError: if no metric has that name.
        TypeError: if the metric has no such option.

    Example:

    >>> get_metric({"name": "chrf", "word_order": 2})
    CHRF(word_order=2, lowercase=False)
    """
    if isinstance(identifier, Metric):
        return identifier
    config = {"name": identifier} if isinstance(identifier, str) else identifier
    options = dict(config) if isinstance(config, Mapping) else {}
    name = options.pop("name", None)
    if isinstance(name, str) and name in METRICS:
        return METRICS[name](**options)
    names = ", ".join(repr(name) for name in sorted(METRICS))
    raise ValueError(
        f"`{argument}` must be one of {names}, a config of one, or an object of that family. "
        f"Received: {identifier!r}."
    )


def get_metrics(
    metrics: Sequence[Identifier] | Mapping[str, Identifier],
) -> dict[str, Metric]:
    """Returns metrics by the label that a report gives them.

    Args:
        metrics: list of metrics, each labelled with its name; or a mapping from labels to
            metrics, for one metric with two sets of options.

    Raises:
        TypeError: if `metrics` is one bare name.
        ValueError: if there are none, or two would have one label.
    """
    if isinstance(metrics, Mapping):
        named = {label: get_metric(each, f"metrics[{label!r}]") for label, each in metrics.items()}
    elif isinstance(metrics, str) or not isinstance(metrics, Sequence):
        raise TypeError(f"`metrics` must be a list of metrics. Received: {metrics!r}.")
    else:
        listed = [get_metric(each, f"metrics[{index}]") for index, each in enumerate(metrics)]
        named = {metric.name: metric for metric in listed}
        if len(named) != len(listed):
            raise ValueError(
                "`metrics` must not hold a metric twice. Received: "
                f"{[metric.name for metric in listed]!r}. Give two sets of options labels: "
                "`metrics={'bleu': 'bleu', 'bleu_lowercase': BLEU(lowercase=True)}`."
            )
    if not named:
        raise ValueError(f"`metrics` must hold at least one metric. Received: {metrics!r}.")
    return named
