"""How a matrix must lie in memory for a product by few rows to be fast."""

import keras
from keras import ops

from kerasseq.typing import Tensor

# Rows of a matrix that begin at a multiple of this fall onto few lines of a cache, and a product
# with few rows on its left reads memory again and again: 64 rows times (512, 2048) ran at 34 GF/s
# on a core with AVX2, and at 70 with 16 more columns. With many rows on the left, the matrix is
# copied by the product itself.
ALIASED_BYTES = 2048
FLOAT32_BYTES = 4
SPARE_COLUMNS = 16  # one line of a cache
FEW_ROWS = 256


def is_slow(rows: int | None, columns: int | None, dtype: str) -> bool:
    """Whether a product should read `(..., columns)` on its right as `spread` lays it out.

    Half precision is left alone, where nothing of the kind was seen.

    Args:
        rows: of its left side; `None` where it is not known, as in a loop over few sentences.
        columns: of its right side; `None` where it is not known.
        dtype: of both.
    """
    if dtype != "float32" or not columns or (rows is not None and rows > FEW_ROWS):
        return False
    return columns * FLOAT32_BYTES % ALIASED_BYTES == 0


def spread(matrix: Tensor) -> Tensor:
    """Returns `(..., rows, columns)` with further columns of zeros."""
    return ops.pad(matrix, (*[(0, 0)] * (len(matrix.shape) - 1), (0, SPARE_COLUMNS)))


def multiply_transposed(left: Tensor, right: Tensor) -> Tensor:
    """Returns `left^T right`, the gradient of a weight.

    Args:
        left: `(..., positions, rows)`.
        right: `(..., positions, columns)`.
    """
    columns = right.shape[-1]
    transposed = ops.swapaxes(left, -1, -2)
    if not is_slow(left.shape[-1], columns, keras.backend.standardize_dtype(right.dtype)):
        return ops.matmul(transposed, right)
    return ops.matmul(transposed, spread(right))[..., :columns]
