"""What holds for every bridge of the family."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import LSTMCell, RecurrentDecoder, RecurrentEncoder
from kerasseq.layers.bridges import BRIDGES, LastStateBridge, get_bridge
from kerasseq.layers.bridges.pooling_bridges import PoolingBridge

Array = np.ndarray
LENGTHS = (5, 3, 0)
BACKEND = ("attentive", "dense")


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.backend) if name in BACKEND else name
        for name in BRIDGES
    ],
)
def test_a_bridge_holds_the_contract_of_a_layer(
    name: str,
    check_layer: Callable[..., Any],
    numbers: Callable[..., Array],
    mask_of: Callable[..., Array],
) -> None:
    pools = issubclass(BRIDGES[name], PoolingBridge)
    inputs = {"state": [numbers(3, 4), numbers(3, 4)], "memory": numbers(3, 5, 6) - 1}
    masks = {"memory": mask_of(LENGTHS, 5)} if pools else {}
    optional = [] if pools else ["memory"]
    check_layer(partial(BRIDGES[name], 4, cell="lstm"), inputs, masks, optional)


@pytest.fixture(scope="module")
def encoded() -> dict[str, tuple[Any, list[Any]]]:
    """Memory and state of encoders, by what they are."""
    inputs = ops.ones((2, 2, 3))
    return {
        "stacked": RecurrentEncoder(4, cell="lstm", num_layers=3)(inputs),
        "first": RecurrentEncoder(4, cell="gru", num_layers=2, bidirectional="first")(inputs),
        "bidirectional": RecurrentEncoder(4, cell="lstm", bidirectional=True)(inputs),
    }


@pytest.fixture(scope="module")
def decoders() -> dict[tuple[str, int], RecurrentDecoder]:
    """Decoders by their cell and their number of layers."""
    return {
        (cell, count): RecurrentDecoder(4, cell=cell, num_layers=count)
        for cell in ("lstm", "gru")
        for count in (1, 3)
    }


@pytest.mark.parametrize("name", BRIDGES)
@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("encoder", ["stacked", "first", "bidirectional"])
def test_it_joins_any_encoder_to_any_decoder_or_says_why_not(
    name: str,
    cell: str,
    num_layers: int,
    encoder: str,
    encoded: dict[str, tuple[Any, list[Any]]],
    decoders: dict[tuple[str, int], RecurrentDecoder],
) -> None:
    memory, state = encoded[encoder]
    bridge = get_bridge(name, units=4, cell=cell, num_layers=num_layers)
    sizes = tuple(tensor.shape[-1] for tensor in state)
    if name == "last_state" and sizes[-len(bridge.state_sizes) :] != bridge.state_sizes:
        with pytest.raises(ValueError, match="Use `DenseBridge`"):
            bridge(state, memory)
        return
    inputs = ops.ones((2, 2, 3)), memory[..., :1]  # of one size, whatever the encoder
    outputs, _, _ = decoders[cell, num_layers](*inputs, bridge(state, memory))
    assert tuple(outputs.shape) == (2, 2, 4)


@pytest.mark.parametrize("name", BRIDGES)
def test_it_makes_each_state_of_a_cell_of_keras(name: str, numbers: Callable[..., Array]) -> None:
    cell = keras.layers.LSTMCell(4)
    bridge = get_bridge(name, units=4, cell=cell, num_layers=2)
    state = [ops.convert_to_tensor(numbers(2, 4)) for _ in range(4)]
    made = bridge(state, ops.convert_to_tensor(numbers(2, 3, 5)))
    assert [tuple(tensor.shape) for tensor in made] == [(2, 4)] * 4


@pytest.mark.parametrize("name", BRIDGES)
def test_a_cell_of_another_size_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match="a cell of 8 units in a layer of 16"):
        get_bridge(name, units=16, cell=LSTMCell(8), num_layers=1)


def test_a_bridge_is_chosen_by_config_too() -> None:
    bridge = get_bridge({"name": "dense", "activation": None}, units=4, cell="gru", num_layers=2)
    assert bridge.get_config()["activation"] == "linear"
    assert bridge.state_sizes == (4, 4)


@pytest.mark.parametrize("argument", ["units", "num_layers"])
def test_sizes_must_be_positive(argument: str) -> None:
    with pytest.raises(ValueError, match=rf"`{argument}` must be .* at least 1\. Received: 0"):
        LastStateBridge(**{"units": 4, argument: 0})


@pytest.mark.parametrize("name", BRIDGES)
def test_one_tensor_in_place_of_a_state_is_an_error_with_the_way_out(name: str) -> None:
    """As `keras.layers.GRU` returns its state."""
    bridge = get_bridge(name, units=4, cell="gru", num_layers=1)
    expected = (
        rf"`state` of `{type(bridge).__name__}` must be a list .*\(3, 4\)\. Write `\[state\]`"
    )
    with pytest.raises(ValueError, match=expected):
        bridge(ops.ones((3, 4)), ops.ones((3, 5, 4)))


@pytest.mark.parametrize("name", BRIDGES)
def test_state_and_memory_swapped_are_an_error(name: str) -> None:
    bridge = get_bridge(name, units=4, cell="gru", num_layers=1)
    message = r"one tensor of shape \(3, 5, 4\)\. A memory|`memory` .* a list of 1 tensors"
    with pytest.raises(ValueError, match=message):
        bridge(ops.ones((3, 5, 4)), [ops.ones((3, 4))])
