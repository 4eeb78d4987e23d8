"""One network from several checkpoints of one training: choose some, average their weights.

The averages of the last or the best checkpoints are the cheapest gain there is in translation
(Junczys-Dowmunt et al. 2016, Is Neural Machine Translation Ready for Deployment?). Weights are
what `model.get_weights()` gives and `model.set_weights()` takes: lists of numpy arrays.
"""

from collections.abc import Iterable, Sequence

import numpy as np

from kerasseq import checks


def average_weights(checkpoints: Iterable[Sequence[np.ndarray]]) -> list[np.ndarray]:
    """Returns the mean of the weights of several checkpoints.

    Sums are made in float64 and one checkpoint at a time, so an iterator that reads them from
    disk keeps one in memory. Weights that are not floating point (counters) cannot be averaged:
    the last checkpoint's are taken.

    Args:
        checkpoints: for each checkpoint its weights.

    Returns:
        One array a weight, in the dtype of the checkpoints.

    Raises:
        ValueError: if there is no checkpoint, or their shapes differ.

    Example:

    >>> average_weights([[np.array([1.0, 2.0])], [np.array([3.0, 6.0])]])
    [array([2., 4.])]
    """
    total: list[np.ndarray] = []
    last: list[np.ndarray] = []
    count = 0
    for count, weights in enumerate(checkpoints, start=1):
        weights = [np.asarray(weight) for weight in weights]
        if count > 1:
            _check_shapes(last, weights, count)
        added = [weight.astype("float64") for weight in weights]
        total = [old + new for old, new in zip(total, added, strict=True)] if total else added
        last = weights
    if not count:
        raise ValueError("`checkpoints` must hold at least one checkpoint. Received: none.")
    # bfloat16 is a floating dtype of ml_dtypes, which numpy itself knows only as kind "V".
    return [
        weight if weight.dtype.kind in "biu" else (summed / count).astype(weight.dtype)
        for summed, weight in zip(total, last, strict=True)
    ]


def _check_shapes(first: list[np.ndarray], other: list[np.ndarray], position: int) -> None:
    expected = [weight.shape for weight in first]
    received = [weight.shape for weight in other]
    if expected != received:
        raise ValueError(
            "`checkpoints` must be of one network, with the same shapes in the same order. "
            f"Received: checkpoint 1 {expected}, checkpoint {position} {received}."
        )


def best_positions(scores: Sequence[float], count: int, mode: str = "max") -> list[int]:
    """Returns where the `count` best scores stand, best first; of equal ones the later.

    The last k checkpoints need no function: `checkpoints[-k:]`.

    Args:
        scores: one score a checkpoint, in order of time; NaN is worse than any number.
        count: how many to choose; all when there are fewer.
        mode: `"max"` when more is better, `"min"` when less is.

    Returns:
        Positions in `scores`.

    Raises:
        ValueError: if an argument is out of range.

    Example:

    >>> best_positions([31.0, 34.5, 30.0, 34.5], count=2)
    [3, 1]
    """
    checks.check_positive_integer("count", count)
    checks.check_one_of("mode", mode, ("max", "min"))
    sign = 1.0 if mode == "max" else -1.0
    merits = [float("-inf") if np.isnan(score) else sign * score for score in scores]
    order = sorted(range(len(merits)), key=lambda position: (merits[position], position))
    return order[::-1][:count]
