"""`TokenRows`: token ids of many texts in one flat array."""

from collections.abc import Sequence
from functools import cached_property

import numpy as np


class TokenRows:
    """Rows of token ids, of any lengths, side by side in one array.

    A list of lists costs some 30 bytes a token, this costs 4; and a padded batch is one indexing
    operation.

    Args:
        token_ids: `(tokens,)` int32, all rows one after the other.
        offsets: `(rows + 1,)` int64; row `i` is `token_ids[offsets[i]:offsets[i + 1]]`.

    Example:

    >>> rows = TokenRows.from_lists([[5, 6, 3], [3]])
    >>> rows.padded(np.array([1, 0]), width=4).tolist()
    [[3, 0, 0, 0], [5, 6, 3, 0]]
    """

    def __init__(self, token_ids: np.ndarray, offsets: np.ndarray) -> None:
        self.token_ids = token_ids
        self.offsets = offsets

    @classmethod
    def from_lists(cls, rows: Sequence[Sequence[int]]) -> "TokenRows":
        """Returns the rows of a list of lists."""
        flat = [token_id for row in rows for token_id in row]
        return cls.from_lengths(np.array(flat, np.int32), np.array([len(row) for row in rows]))

    @classmethod
    def from_lengths(cls, token_ids: np.ndarray, lengths: np.ndarray) -> "TokenRows":
        """Returns the rows of a flat array, given the length of each row."""
        offsets = np.zeros(len(lengths) + 1, np.int64)
        np.cumsum(lengths, out=offsets[1:])
        return cls(token_ids, offsets)

    @cached_property
    def lengths(self) -> np.ndarray:
        """`(rows,)` int64: the tokens of each row."""
        return np.diff(self.offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def __getitem__(self, row: int) -> np.ndarray:
        return self.token_ids[self.offsets[row] : self.offsets[row + 1]]

    def take(self, rows: np.ndarray) -> "TokenRows":
        """Returns the rows with these numbers, in this order."""
        lengths = self.lengths[rows]
        ends = np.cumsum(lengths)
        within = np.arange(ends[-1] if len(ends) else 0) - np.repeat(ends - lengths, lengths)
        positions = np.repeat(self.offsets[:-1][rows], lengths) + within
        return TokenRows.from_lengths(self.token_ids[positions], lengths)

    def with_end(self, end_id: int) -> "TokenRows":
        """Returns the rows, each with `end_id` after its last token."""
        token_ids = np.insert(self.token_ids, self.offsets[1:], end_id)
        return TokenRows.from_lengths(token_ids, self.lengths + 1)

    def cut(self, max_length: int) -> "TokenRows":
        """Returns the rows, each with its first `max_length` tokens."""
        within = np.arange(len(self.token_ids)) - np.repeat(self.offsets[:-1], self.lengths)
        lengths = np.minimum(self.lengths, max_length)
        return TokenRows.from_lengths(self.token_ids[within < max_length], lengths)

    def places(self, rows: np.ndarray, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Returns where these rows, padded on the right, have tokens, and which ones.

        Returns:
            `(real, places)`: `(len(rows), width)` bool, and for each that is true, row by row, the
            token's place in `token_ids`.
        """
        columns = np.arange(width)
        real = columns < self.lengths[rows][:, np.newaxis]
        return real, (self.offsets[rows][:, np.newaxis] + columns)[real]

    def padded(self, rows: np.ndarray, width: int, pad_id: int = 0) -> np.ndarray:
        """Returns `(len(rows), width)` int32: these rows, filled up with `pad_id` on the right."""
        real, places = self.places(rows, width)
        batch = np.full(real.shape, pad_id, np.int32)
        batch[real] = self.token_ids[places]
        return batch
