import numpy as np
from keras import ops

from kerasseq.layers import ZeroBridge


def test_whatever_comes_zeros_leave() -> None:
    made = ZeroBridge(4, cell="lstm", num_layers=2)([ops.ones((3, 7))])
    assert len(made) == 4
    for tensor in made:
        assert tensor.dtype == "float32"
        np.testing.assert_array_equal(tensor, np.zeros((3, 4)))
