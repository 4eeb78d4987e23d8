import numpy as np

from kerasseq.data import TokenRows

ROWS = [[5, 6, 7], [], [8]]


def lists(rows: TokenRows) -> list[list[int]]:
    return [rows[row].tolist() for row in range(len(rows))]


def test_rows_come_back_as_they_went_in() -> None:
    rows = TokenRows.from_lists(ROWS)
    assert lists(rows) == ROWS
    assert rows.lengths.tolist() == [3, 0, 1]
    assert rows.token_ids.dtype == np.int32


def test_take_chooses_and_orders_rows() -> None:
    rows = TokenRows.from_lists(ROWS)
    assert lists(rows.take(np.array([2, 0, 0]))) == [[8], [5, 6, 7], [5, 6, 7]]
    assert lists(rows.take(np.array([], np.int64))) == []


def test_with_end_ends_every_row_also_empty_ones() -> None:
    assert lists(TokenRows.from_lists(ROWS).with_end(3)) == [[5, 6, 7, 3], [3], [8, 3]]


def test_cut_keeps_the_first_tokens() -> None:
    assert lists(TokenRows.from_lists(ROWS).cut(2)) == [[5, 6], [], [8]]


def test_padding_stands_on_the_right() -> None:
    padded = TokenRows.from_lists(ROWS).padded(np.array([1, 0]), width=4)
    assert padded.tolist() == [[0, 0, 0, 0], [5, 6, 7, 0]]
    assert padded.dtype == np.int32
    assert TokenRows.from_lists(ROWS).padded(np.array([2]), 2, pad_id=9).tolist() == [[8, 9]]
