import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.training.tensorflow_kernels import subtract_at


@pytest.mark.backend
@pytest.mark.parametrize("backend", ["its own", "another"])
def test_one_cell_of_each_row_is_lowered(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if backend == "another":
        monkeypatch.setattr(keras.backend, "backend", lambda: "none")
    matrix = ops.convert_to_tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    columns = ops.convert_to_tensor([2, 0], dtype="int32")
    lowered = subtract_at(matrix, columns, ops.convert_to_tensor([0.5, 8.0]))
    np.testing.assert_array_equal(
        ops.convert_to_numpy(lowered), [[1.0, 2.0, 2.5], [-4.0, 5.0, 6.0]]
    )
    # The matrix that was given is not the one that was written to.
    assert float(ops.convert_to_numpy(matrix)[0, 2]) == 3.0
