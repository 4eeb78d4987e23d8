"""Step functions small enough to enumerate, and what they must lead to."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest
from keras import ops

from kerasseq.search import SearchResult

START, A, B, END = range(4)


class TableStep:
    """A step that reads a table of transitions, as STYLE 20 has it.

    The attention weights point at the token that was read, so that those of a hypothesis must be
    its own tokens, one place later. The end must never be read.
    """

    def __init__(self, table: Any) -> None:
        with np.errstate(divide="ignore"):
            self.log_table = np.log(np.asarray(table, dtype="float32"))
        self.calls = 0
        self.rows: list[int] = []

    def __call__(self, token_ids: Any, state: list[Any]) -> tuple[Any, list[Any], Any]:
        self.calls += 1
        self.rows.append(token_ids.shape[0])
        log_probabilities = ops.take(self.log_table, token_ids, axis=0)
        return log_probabilities, state, ops.one_hot(token_ids, len(self.log_table))


class Hypothesis(NamedTuple):
    """A complete output and its log probability."""

    token_ids: tuple[int, ...]
    score: float


class TreeStep:
    """A step whose distribution depends on the source and on everything said so far.

    The state is a code of the prefix in base 4 (int32), and tensors of other types and ranks that
    say the same, so that a row that got another's state would show.
    """

    size = 4

    def state(self, sources: Sequence[int]) -> list[Any]:
        codes = np.asarray(sources, dtype="int32")
        return [codes, np.stack([codes, -codes], -1)[:, None].astype("float32"), codes > 2]

    def __call__(self, token_ids: Any, state: list[Any]) -> tuple[Any, list[Any], Any]:
        codes, copies, _ = state
        same = ops.cast(codes, "float32") == copies[:, 0, 0]
        codes = codes * self.size + token_ids
        numbers = ops.cast(codes[:, None] % 1009, "float32")
        logits = 2 * ops.sin(numbers * (ops.arange(4, dtype="float32") + 1.3))
        log_probabilities = ops.log_softmax(ops.where(same[:, None], logits, float("nan")))
        copies = ops.cast(ops.stack([codes, -codes], axis=-1)[:, None], "float32")
        return log_probabilities, [codes, copies, codes > 2], ops.one_hot(token_ids, 4)

    def hypotheses(self, source: int, limit: int) -> list[Hypothesis]:
        """All complete outputs of at most `limit` tokens, best first."""
        found = self._below((), self.state([source]), START, limit)
        return sorted(found, key=lambda each: -each.score)

    def _below(
        self, prefix: tuple[int, ...], state: list[Any], last: int, limit: int
    ) -> Iterator[Hypothesis]:
        if limit == 0:
            return
        log_probabilities, after, _ = self(np.array([last], "int32"), state)
        after = [ops.convert_to_numpy(tensor) for tensor in after]
        for token_id, score in enumerate(ops.convert_to_numpy(log_probabilities)[0].tolist()):
            if token_id == END:
                yield Hypothesis((*prefix, END), score)
                continue
            for tokens, rest in self._below((*prefix, token_id), after, token_id, limit - 1):
                yield Hypothesis(tokens, score + rest)


@pytest.fixture
def table_step() -> Callable[[Any], TableStep]:
    return TableStep


@pytest.fixture
def labelled_step() -> TableStep:
    return TableStep(
        [
            # START  A    B   END
            [0.0, 0.6, 0.4, 0.0],  # START
            [0.0, 0.1, 0.7, 0.2],  # A
            [0.0, 0.0, 0.1, 0.9],  # B
            [np.nan] * 4,  # END: must never be read
        ]
    )


@pytest.fixture(scope="session")
def tree_step() -> TreeStep:
    return TreeStep()


@pytest.fixture
def texts() -> Callable[[SearchResult], list[list[str]]]:
    """The hypotheses in letters: S, A, B, and . for the end."""

    def letters(result: SearchResult) -> list[list[str]]:
        lengths = ops.convert_to_numpy(result.lengths)
        return [
            ["".join("SAB."[i] for i in ids[:n]) for ids, n in zip(rows, counts, strict=True)]
            for rows, counts in zip(ops.convert_to_numpy(result.token_ids), lengths, strict=True)
        ]

    return letters


@pytest.fixture
def check_result() -> Callable[[SearchResult], None]:
    """What holds of every result of a step whose attention points at the token it reads."""

    def check(result: SearchResult, start_id: int = START, pad_id: int = 0) -> None:
        numbers = SearchResult(*(ops.convert_to_numpy(tensor) for tensor in result))
        assert all(np.isfinite(array).all() for array in numbers)
        real = np.arange(numbers.token_ids.shape[-1]) < numbers.lengths[..., None]
        assert (numbers.token_ids[~real] == pad_id).all()
        assert (numbers.token_log_probabilities[~real] == 0).all()
        assert (numbers.attention_weights[~real] == 0).all()
        read = np.concatenate(
            [np.full_like(numbers.token_ids[..., :1], start_id), numbers.token_ids[..., :-1]], -1
        )
        one_hot = np.eye(numbers.attention_weights.shape[-1])[read]
        np.testing.assert_array_equal(numbers.attention_weights[real], one_hot[real])
        exists = numbers.lengths > 0
        sums = numbers.token_log_probabilities.sum(-1)
        np.testing.assert_allclose(numbers.scores[exists], sums[exists], rtol=1e-6)
        assert (numbers.scores[~exists] == np.float32(-1e30)).all()
        assert not numbers.finished[~exists].any()
        last = np.take_along_axis(
            numbers.token_ids, np.maximum(numbers.lengths - 1, 0)[..., None], -1
        )[..., 0]
        assert ((last == END) == numbers.finished)[exists].all()

    return check
