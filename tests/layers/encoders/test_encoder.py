"""What holds for every encoder of the family."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import CELLS
from kerasseq.layers.encoders import ENCODERS, Encoder

Array = np.ndarray
Config = dict[str, Any]

UNITS, LENGTHS = 4, (5, 3, 0)
CASES: dict[str, Config] = {
    **{name: {"name": name} for name in ENCODERS},
    **{f"recurrent-{cell}": {"name": "recurrent", "cell": cell} for cell in CELLS},
    "pyramidal-gru": {"name": "pyramidal", "cell": "gru"},
    "recurrent-bidirectional": {"name": "recurrent", "bidirectional": True, "num_layers": 2},
    "recurrent-first": {"name": "recurrent", "bidirectional": "first", "num_layers": 3},
    "recurrent-residual": {
        "name": "recurrent",
        "cell": "gru",
        "num_layers": 3,
        "residual_from": 0,
    },
    "pyramidal-one-way": {"name": "pyramidal", "cell": "gru", "bidirectional": False},
    "pyramidal-by-three": {"name": "pyramidal", "cell": "gru", "reduction": 3},
}


# Cells hold the contract of a layer by themselves: here two of them stand for all, ours and Keras'.
CELL_CASES = {f"recurrent-{cell}" for cell in CELLS} - {"recurrent-lstm", "recurrent-keras"}
# These stand for all on the other backends.
BACKEND = ("recurrent-lstm", "pyramidal-one-way")
each_wiring = pytest.mark.parametrize(
    "config",
    [
        pytest.param(config, id=name, marks=[pytest.mark.backend] if name in BACKEND else [])
        for name, config in CASES.items()
        if name not in CELL_CASES
    ],
    indirect=True,
)


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def config(request: pytest.FixtureRequest) -> Config:
    return dict(request.param)


@pytest.fixture
def make(config: Config) -> Callable[..., Encoder]:
    def make_encoder(**options: Any) -> Encoder:
        arguments = {"units": UNITS, **config, **options}
        if arguments.get("cell") == "keras":
            arguments["cell"] = keras.layers.GRUCell(UNITS)
        if arguments.get("cell") == "residual":  # the outputs must be as wide as the inputs
            arguments |= {"num_layers": 1, "bidirectional": False}
        return ENCODERS[arguments.pop("name")](**arguments)

    return make_encoder


@each_wiring
def test_an_encoder_holds_the_contract_of_a_layer(
    make: Callable[..., Encoder],
    check_layer: Callable[..., Any],
    numbers: Callable[..., Array],
    mask_of: Callable[..., Array],
) -> None:
    check_layer(make, {"inputs": numbers(3, 5, UNITS)}, {"inputs": mask_of(LENGTHS, 5)})


@pytest.mark.parametrize("name", ENCODERS)
def test_a_graph_gives_the_same(
    name: str,
    numbers: Callable[..., Array],
    mask_of: Callable[..., Array],
    equals_its_graph: Callable[..., None],
) -> None:
    encoder = ENCODERS[name](units=UNITS, num_layers=2, bidirectional=True)
    equals_its_graph(encoder, {"inputs": numbers(3, 5, 4)}, mask=mask_of(LENGTHS, 5))


def test_memory_is_zero_on_padding_and_a_source_of_nothing_leaves_zeros(
    make: Callable[..., Encoder], numbers: Callable[..., Array], mask_of: Callable[..., Array]
) -> None:
    encoder = make()
    inputs, mask = ops.convert_to_tensor(numbers(3, 5, UNITS)), mask_of(LENGTHS, 5)
    memory, state = encoder(inputs, mask=ops.convert_to_tensor(mask))
    memory_mask, *others = encoder.compute_mask(inputs, ops.convert_to_tensor(mask))
    assert others == [None] * len(state)
    memory = ops.convert_to_numpy(memory)
    assert np.all(memory[~ops.convert_to_numpy(memory_mask)] == 0)
    assert np.any(memory[:2] != 0)
    for tensor in state:
        assert np.all(ops.convert_to_numpy(tensor)[2] == 0)


def test_dropout_is_for_training(
    config: Config, make: Callable[..., Encoder], numbers: Callable[..., Array]
) -> None:
    rates = {"input_dropout": 0.5, "dropout": 0.5, "output_dropout": 0.5}
    if config.get("cell") != "keras":
        rates["recurrent_dropout"] = 0.5
    encoder = make(seed=1, **rates)
    inputs = ops.convert_to_tensor(numbers(3, 5, UNITS))
    memory, _ = encoder(inputs)
    again, _ = encoder(inputs, training=False)
    np.testing.assert_array_equal(memory, again)
    first, second = encoder(inputs, training=True)[0], encoder(inputs, training=True)[0]
    assert not np.allclose(first, memory)
    assert not np.allclose(first, second), "each call draws anew"


@pytest.mark.parametrize(
    "argument", ["input_dropout", "dropout", "output_dropout", "recurrent_dropout"]
)
@pytest.mark.parametrize("name", ENCODERS)
def test_a_rate_of_one_is_an_error_with_its_name(name: str, argument: str) -> None:
    with pytest.raises(ValueError, match=rf"`{argument}` must be a number in \[0, 1\).*: 1"):
        ENCODERS[name](units=4, **{argument: 1})


@pytest.mark.parametrize("argument", ["units", "num_layers"])
@pytest.mark.parametrize("name", ENCODERS)
def test_sizes_must_be_positive(name: str, argument: str) -> None:
    with pytest.raises(ValueError, match=rf"`{argument}` must be .* at least 1\. Received: 0"):
        ENCODERS[name](**{"units": 4, argument: 0})


@pytest.mark.parametrize("name", ENCODERS)
def test_token_ids_that_are_not_embedded_are_an_error_with_the_way_out(name: str) -> None:
    encoder = ENCODERS[name](units=4)
    message = rf"`inputs` of `{type(encoder).__name__}` .* shape \(2, 5\)\. Embed token ids first"
    with pytest.raises(ValueError, match=message):
        encoder(ops.ones((2, 5), "int32"))
