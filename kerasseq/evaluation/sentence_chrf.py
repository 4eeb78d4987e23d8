"""chrF of single sentences, fast enough to compare every candidate with every other."""

import functools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from kerasseq import checks

ORDER = 6  # the longest character n-gram, as in chrF
BETA = 2  # recall counts BETA times as much as precision


@functools.lru_cache(maxsize=1024)
def _ngrams(text: str) -> tuple[frozenset[tuple[str, int]], ...]:
    """The character n-grams of a text as one set an order, white space left out.

    The second occurrence of an n-gram is an element of its own, `(ngram, 2)`, so that the
    clipped matches of two texts, the sum of the smaller counts, are the size of an intersection.
    """
    text = "".join(text.split())
    counts = [
        Counter(text[start : start + order] for start in range(len(text) - order + 1))
        for order in range(1, ORDER + 1)
    ]
    return tuple(
        frozenset((ngram, nth) for ngram, count in each.items() for nth in range(1, count + 1))
        for each in counts
    )


def sentence_chrf(hypothesis: str, reference: str) -> float:
    """chrF of one sentence: the F-score of its character n-grams up to 6, recall counted twice.

    Equal to sacreBLEU's `sentence_chrf`. The n-grams of the last 1,024 texts are kept, so that
    comparing candidates with each other counts each once; `pairwise_chrf` compares them all
    in a few matrix products.

    Args:
        hypothesis: the text that is judged.
        reference: the text that it is compared with.

    Returns:
        chrF, from 0 to 100.

    Example: "ab" has the n-grams a, b, ab; "abc" has these and c, bc, abc. Orders that one of
    them lacks do not count: precision (2/2 + 1/1) / 2, recall (2/3 + 1/2) / 2 = 7/12.

    >>> round(sentence_chrf("ab", "abc"), 6) == round(100 * 5 * (7 / 12) / (4 + 7 / 12), 6)
    True

    Reference: [Popović, 2015](https://aclanthology.org/W15-3049).
    """
    checks.check_string("hypothesis", hypothesis)
    checks.check_string("reference", reference)
    precision = recall = 0.0
    orders = 0
    for mine, theirs in zip(_ngrams(hypothesis), _ngrams(reference), strict=True):
        if mine and theirs:
            matches = len(mine & theirs)
            precision += matches / len(mine)
            recall += matches / len(theirs)
            orders += 1
    if not precision + recall:
        return 0.0
    precision, recall = precision / orders, recall / orders
    return 100 * (1 + BETA**2) * precision * recall / (BETA**2 * precision + recall)


def pairwise_chrf(hypotheses: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """`sentence_chrf` of every hypothesis with every reference, by matrix products.

    The utility of minimum-Bayes-risk choice: with the candidates on both sides, the row with
    the largest (weighted) mean is the one that agrees best with all others.

    Args:
        hypotheses: list of strings.
        references: list of strings.

    Returns:
        Array `(hypotheses, references)` of float64, from 0 to 100.

    Example:

    >>> pairwise_chrf(["ab", "xy"], ["ab", "xy", "ab"]).tolist()
    [[100.0, 0.0, 100.0], [0.0, 100.0, 0.0]]
    """
    checks.check_strings("hypotheses", hypotheses)
    checks.check_strings("references", references)
    shape = (len(hypotheses), len(references))
    precision, recall, orders = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    for order in range(ORDER):
        mine = [_ngrams(text)[order] for text in hypotheses]
        theirs = [_ngrams(text)[order] for text in references]
        my_sizes = np.array([[len(each)] for each in mine])  # (hypotheses, 1)
        their_sizes = np.array([[len(each) for each in theirs]])  # (1, references)
        matches = _intersection_sizes(mine, theirs)
        precision += matches / np.maximum(my_sizes, 1)
        recall += matches / np.maximum(their_sizes, 1)
        orders += (my_sizes > 0) & (their_sizes > 0)
    orders = np.maximum(orders, 1)
    precision, recall = precision / orders, recall / orders
    scale = BETA**2 * precision + recall
    scale[scale == 0] = 1.0  # nothing matches: 0 / 1
    return 100 * (1 + BETA**2) * precision * recall / scale


def _intersection_sizes(
    first: Sequence[frozenset[tuple[str, int]]], second: Sequence[frozenset[tuple[str, int]]]
) -> np.ndarray:
    """The size of each intersection, `(len(first), len(second))`: a product of 0/1 matrices."""
    # Only what both sides have can match: a column each.
    shared = frozenset().union(*first) & frozenset().union(*second)
    columns = {ngram: column for column, ngram in enumerate(shared)}
    return _indicators(first, columns) @ _indicators(second, columns).T


def _indicators(
    sets: Sequence[frozenset[tuple[str, int]]], columns: dict[tuple[str, int], int]
) -> np.ndarray:
    matrix = np.zeros((len(sets), len(columns)), dtype="float32")  # exact for counts below 2**24
    for row, ngrams in enumerate(sets):
        matrix[row, [columns[ngram] for ngram in ngrams if ngram in columns]] = 1.0
    return matrix
