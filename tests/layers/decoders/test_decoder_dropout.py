from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from keras import ops

from kerasseq.layers import WIRINGS, AttentionDecoder, RecurrentDecoder

Array = np.ndarray


@pytest.fixture
def inputs(numbers: Callable[..., Array]) -> Any:
    return ops.convert_to_tensor(numbers(2, 3, 4))


@pytest.fixture
def memory(numbers: Callable[..., Array]) -> Any:
    return ops.convert_to_tensor(numbers(2, 5, 6))


def decoders(**options: Any) -> dict[str, Any]:
    options = {"cell": "lstm", "seed": 1, **options}
    wired = {
        f"{wiring}, fed" if feeds else wiring: AttentionDecoder(
            4, wiring=wiring, input_feeding=feeds, **options
        )
        for wiring in WIRINGS
        for feeds in (False, True)
    }
    return {**wired, "recurrent": RecurrentDecoder(4, **options)}


NAMES = list(decoders())


@pytest.mark.parametrize("name", NAMES)
def test_recurrent_dropout_is_that_of_every_cell(name: str, inputs: Any, memory: Any) -> None:
    """With every hidden state dropped, the recurrent kernels have no say."""
    decoder = decoders(num_layers=2, recurrent_dropout=0.999999)[name]
    before = [decoder(inputs, memory, training=each)[0] for each in (True, False)]
    for cell in [*decoder.cells, *getattr(decoder, "second_cells", [])]:
        kept = np.array(cell.recurrent_kernel)
        cell.recurrent_kernel.assign(kept + 1.0)
        after = [decoder(inputs, memory, training=each)[0] for each in (True, False)]
        np.testing.assert_allclose(after[0], before[0], atol=1e-6)
        assert np.abs(after[1] - before[1]).max() > 1e-3
        cell.recurrent_kernel.assign(kept)


@pytest.mark.parametrize("name", [name for name in NAMES if "fed" not in name])
def test_dropout_stands_between_the_layers(name: str, inputs: Any, memory: Any) -> None:
    """With all that the lower layer gives dropped, the upper one knows nothing of its weights."""
    decoder = decoders(num_layers=2, dropout=0.999999)[name]

    def top(training: bool) -> Any:
        _, state, _ = decoder(inputs, memory, training=training)
        return state[2]

    before = [top(True), top(False)]
    decoder.cells[0].kernel.assign(decoder.cells[0].kernel + 1.0)
    np.testing.assert_allclose(top(True), before[0], atol=1e-6)
    assert np.abs(top(False) - before[1]).max() > 1e-3


@pytest.mark.parametrize("name", NAMES)
def test_dropout_stands_behind_the_output(name: str, inputs: Any, memory: Any) -> None:
    decoder = decoders(dropout=0.5)[name]
    outputs = ops.convert_to_numpy(decoder(inputs, memory, training=True)[0])
    assert np.any(outputs == 0)
    assert np.any(outputs != 0)


def test_each_layer_drops_states_of_its_own() -> None:
    """Without inputs the last state of a unit says whether it was dropped."""
    decoder = RecurrentDecoder(8, cell="simple", num_layers=2, recurrent_dropout=0.5, seed=1)
    decoder.build((None, None, 3), (None, None, 4))
    for cell in decoder.cells:
        kernel, _, _ = cell.get_weights()
        cell.set_weights([0 * kernel, 0.5 * np.eye(8), np.full(8, 0.25)])
    _, state, _ = decoder(ops.zeros((2, 3, 3)), ops.zeros((2, 5, 4)), training=True)
    first, second = (np.isclose(each, np.tanh(0.25)) for each in map(ops.convert_to_numpy, state))
    assert 0 < first.sum() < 16
    assert np.any(first != second)
