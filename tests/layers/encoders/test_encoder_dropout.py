from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import PyramidalEncoder, RecurrentEncoder


def states(encoder: Any, training: bool) -> list[Any]:
    inputs = ops.convert_to_tensor(np.linspace(-1, 1, 2 * 4 * 3).reshape(2, 4, 3), "float32")
    return encoder(inputs, training=training)[1]


@pytest.mark.parametrize("cls", [RecurrentEncoder, PyramidalEncoder])
def test_dropout_stands_between_the_layers(cls: Any) -> None:
    """With all of the lower layer dropped, the upper one knows nothing of its weights."""
    encoder = cls(4, cell="simple", num_layers=2, dropout=0.999999, seed=1)
    before = [states(encoder, each)[1] for each in (True, False)]
    encoder.forward_cells[0].kernel.assign(encoder.forward_cells[0].kernel + 1.0)
    np.testing.assert_allclose(states(encoder, True)[1], before[0], atol=1e-6)
    assert np.abs(states(encoder, False)[1] - before[1]).max() > 1e-3


@pytest.mark.parametrize("cls", [RecurrentEncoder, PyramidalEncoder])
def test_recurrent_dropout_is_that_of_both_directions(cls: Any) -> None:
    """With every hidden state dropped, the recurrent kernels have no say."""
    encoder = cls(4, cell="lstm", bidirectional=True, recurrent_dropout=0.999999, seed=1)
    before = [states(encoder, each) for each in (True, False)]
    for cell in [*encoder.forward_cells, *encoder.backward_cells]:
        kept = np.array(cell.recurrent_kernel)
        cell.recurrent_kernel.assign(kept + 1.0)
        after = [states(encoder, each) for each in (True, False)]
        for one, other in zip(after[0], before[0], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-6)
        differences = [np.abs(a - b).max() for a, b in zip(after[1], before[1], strict=True)]
        assert max(differences) > 1e-3
        cell.recurrent_kernel.assign(kept)
