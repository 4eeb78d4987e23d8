"""Where a product is slow, and that another layout gives the same numbers."""

import numpy as np
import pytest
from keras import ops

from kerasseq.layers.laid_out import SPARE_COLUMNS, is_slow, multiply_transposed, spread


@pytest.mark.parametrize(
    ("rows", "columns", "dtype", "slow"),
    [
        (64, 2048, "float32", True),
        (64, 512, "float32", True),
        (64, 2000, "float32", False),  # no power of two: rows begin all over the cache
        (64, 8000, "float32", False),
        (256, 512, "float32", True),
        (257, 512, "float32", False),  # with many rows the product copies the matrix
        (64, 2048, "bfloat16", False),
        (64, 0, "float32", False),
        (64, None, "float32", False),
        (None, 512, "float32", True),  # not known: as in a loop
    ],
)
def test_a_product_of_few_rows_is_slow_where_a_row_is_a_multiple_of_2_kib(
    rows: int | None, columns: int | None, dtype: str, slow: bool
) -> None:
    assert is_slow(rows, columns, dtype) == slow


def test_spreading_appends_columns_of_zeros() -> None:
    matrix = np.arange(6.0, dtype="float32").reshape(2, 3)
    found = ops.convert_to_numpy(spread(ops.convert_to_tensor(matrix)))
    np.testing.assert_array_equal(found[:, :3], matrix)
    np.testing.assert_array_equal(found[:, 3:], np.zeros((2, SPARE_COLUMNS)))


@pytest.mark.parametrize("columns", [5, 512])
@pytest.mark.parametrize("lead", [(), (2,)])
def test_the_gradient_of_a_weight_is_a_sum_over_positions(
    lead: tuple[int, ...], columns: int
) -> None:
    generator = np.random.default_rng(0)
    left = generator.normal(size=(*lead, 7, 3)).astype("float32")
    right = generator.normal(size=(*lead, 7, columns)).astype("float32")
    found = multiply_transposed(ops.convert_to_tensor(left), ops.convert_to_tensor(right))
    expected = np.einsum("...pr,...pc->...rc", left, right)
    np.testing.assert_allclose(ops.convert_to_numpy(found), expected, atol=1e-5)
