"""Is it better, or was it luck? Resampling tests for one system and for two."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np

from kerasseq import checks
from kerasseq.evaluation.corpus import References, check_corpus
from kerasseq.evaluation.metric import Metric
from kerasseq.evaluation.metrics import Identifier, get_metric

# Random bits drawn at once for approximate randomisation: 16 MB as numbers, however many sentences.
BLOCK = 2**21


@dataclasses.dataclass(frozen=True)
class ConfidenceInterval:
    """A value with the range in which it lies when the test set is drawn again.

    Args:
        value: the metric on the whole test set.
        low: lower end of the range.
        high: upper end of the range.
        confidence: share of the resampled test sets whose value lies in the range.
    """

    value: float
    low: float
    high: float
    confidence: float

    def to_dict(self) -> dict[str, float]:
        """Returns plain values, as JSON and YAML can hold them."""
        return dataclasses.asdict(self)


@dataclasses.dataclass(frozen=True)
class Comparison:
    """Two systems on one test set.

    Args:
        baseline: the metric's value for the first system.
        system: the metric's value for the second system.
        p_value: how often chance alone gives a difference as large as the one seen.
        better: whether the second system is better, by the metric's direction.
    """

    baseline: float
    system: float
    p_value: float
    better: bool

    def to_dict(self) -> dict[str, Any]:
        """Returns plain values, as JSON and YAML can hold them."""
        return dataclasses.asdict(self)


def bootstrap_interval(
    hypotheses: Sequence[str],
    references: References,
    metric: Identifier = "bleu",
    num_samples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> ConfidenceInterval:
    """The range of a metric's value over test sets drawn anew, with replacement, from this one.

    Args:
        hypotheses: list of strings.
        references: list with a string or a list of strings for each hypothesis.
        metric: name in `METRICS`, config or metric.
        num_samples: number of resampled test sets.
        confidence: share of them that lies in the range, as many left out below as above.
        seed: the same seed draws the same test sets.

    Returns:
        A `ConfidenceInterval`.

    Reference: [Koehn, 2004](https://aclanthology.org/W04-3250).
    """
    _check_draws(num_samples, seed)
    checks.check_probability("confidence", confidence)
    chosen = get_metric(metric)
    statistics = chosen.statistics(hypotheses, check_corpus(hypotheses, references))
    samples = chosen.values(_resampled_sums([statistics], num_samples, seed)[0])
    low, high = np.quantile(samples, [(1 - confidence) / 2, (1 + confidence) / 2])
    return ConfidenceInterval(_total(chosen, statistics), float(low), float(high), confidence)


def paired_bootstrap(
    baseline: Sequence[str],
    system: Sequence[str],
    references: References,
    metric: Identifier = "bleu",
    num_samples: int = 1000,
    seed: int = 0,
) -> Comparison:
    """Compares two systems on test sets drawn anew, the same sentences for both.

    The p-value is the share of test sets whose difference lies at least as far above the mean
    difference as the one seen, two-sided, as in Moses and sacreBLEU (same draws for the same seed,
    but equal outputs give 1 here and the least possible value there).

    Args:
        baseline: list of strings, the outputs of the first system.
        system: list of strings, the outputs of the second.
        references: list with a string or a list of strings for each source.
        metric: name in `METRICS`, config or metric.
        num_samples: number of resampled test sets.
        seed: the same seed draws the same test sets.

    Returns:
        A `Comparison`.

    Reference: [Koehn, 2004](https://aclanthology.org/W04-3250).
    """
    _check_draws(num_samples, seed)
    chosen, statistics = _read(baseline, system, references, metric)
    first, second = (chosen.values(sums) for sums in _resampled_sums(statistics, num_samples, seed))
    differences = np.abs(second - first)
    return _compare(chosen, statistics, differences - differences.mean())


def approximate_randomization(
    baseline: Sequence[str],
    system: Sequence[str],
    references: References,
    metric: Identifier = "bleu",
    num_samples: int = 10000,
    seed: int = 0,
) -> Comparison:
    """Compares two systems with pseudo-systems that take each output from one or the other.

    If the systems were equal, swapping their outputs of a sentence would change nothing: the
    p-value is the share of random swaps that give at least the difference seen, two-sided. Fewer
    wrong alarms than the bootstrap, at ten times the draws. The draws are sacreBLEU's for the
    same seed; equal outputs give 1 here and the least possible value there.

    Args:
        baseline: list of strings, the outputs of the first system.
        system: list of strings, the outputs of the second.
        references: list with a string or a list of strings for each source.
        metric: name in `METRICS`, config or metric.
        num_samples: number of random swaps.
        seed: the same seed draws the same swaps.

    Returns:
        A `Comparison`.

    Reference: [Riezler and Maxwell, 2005](https://aclanthology.org/W05-0908).
    """
    _check_draws(num_samples, seed)
    chosen, statistics = _read(baseline, system, references, metric)
    first = _swapped_sums(statistics, num_samples, seed)
    second = sum(each.sum(axis=0) for each in statistics) - first
    return _compare(chosen, statistics, np.abs(chosen.values(second) - chosen.values(first)))


def _check_draws(num_samples: int, seed: int) -> None:
    checks.check_positive_integer("num_samples", num_samples)
    checks.check_integer("seed", seed, minimum=0)


def _read(
    baseline: Sequence[str], system: Sequence[str], references: References, metric: Identifier
) -> tuple[Metric, list[np.ndarray]]:
    """The metric, and the statistics of both systems."""
    chosen = get_metric(metric)
    for name, hypotheses in (("baseline", baseline), ("system", system)):
        checks.check_strings(name, hypotheses)
    if len(baseline) != len(system):
        raise ValueError(
            "`baseline` and `system` must be outputs for the same sources. "
            f"Received: {len(baseline)} and {len(system)} sentences."
        )
    checked = check_corpus(baseline, references)
    return chosen, [chosen.statistics(each, checked) for each in (baseline, system)]


def _resampled_sums(
    statistics: Sequence[np.ndarray], num_samples: int, seed: int
) -> list[np.ndarray]:
    """Sums over the same random sentences of each system, `(num_samples, counts)` each."""
    count = len(statistics[0])
    generator = np.random.default_rng(seed)
    # How often each sentence is in the sample: one vector instead of a copy of the statistics.
    draws = (
        np.bincount(generator.choice(count, size=count, replace=True), minlength=count)
        for _ in range(num_samples)
    )
    sums = [[draw @ each for each in statistics] for draw in draws]
    return [np.array(each) for each in zip(*sums, strict=True)]


def _swapped_sums(statistics: Sequence[np.ndarray], num_samples: int, seed: int) -> np.ndarray:
    """Sums of pseudo-systems that take each sentence from either, `(num_samples, counts)`."""
    baseline, system = statistics
    generator = np.random.default_rng(seed)
    rows = max(1, BLOCK // len(baseline))
    blocks = []
    for start in range(0, num_samples, rows):
        size = (min(rows, num_samples - start), len(baseline))
        from_baseline = generator.integers(2, size=size, dtype=bool).astype("float64")
        blocks.append(from_baseline @ (baseline - system) + system.sum(axis=0))
    return np.concatenate(blocks)


def _total(metric: Metric, statistics: np.ndarray) -> float:
    return float(metric.values(statistics.sum(axis=0, keepdims=True))[0])


def _compare(metric: Metric, statistics: Sequence[np.ndarray], by_chance: np.ndarray) -> Comparison:
    """Both values, and how often chance gave at least the difference between them."""
    baseline, system = (_total(metric, each) for each in statistics)
    # The test set itself is one more draw: no finite number of draws shows a p-value of 0.
    p_value = (np.sum(by_chance >= abs(system - baseline)) + 1) / (len(by_chance) + 1)
    better = system > baseline if metric.higher_is_better else system < baseline
    return Comparison(baseline, system, float(p_value), better)
