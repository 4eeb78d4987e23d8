"""What holds for every decoder of the family."""

from collections.abc import Callable
from functools import partial
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.decoders import DECODERS, Decoder

Array = np.ndarray
Config = dict[str, Any]

UNITS, LENGTHS = 4, (5, 3, 0)
CASES: dict[str, Config] = {
    "recurrent": {"name": "recurrent"},
    "recurrent-stacked": {"name": "recurrent", "num_layers": 3, "residual_from": 1},
    "recurrent-input": {"name": "recurrent", "context": "input"},
    "recurrent-both-deep": {"name": "recurrent", "context": "both", "readout": "deep"},
    "attention": {"name": "attention"},
    "attention-fed": {
        "name": "attention",
        "num_layers": 2,
        "input_feeding": True,
        "readout": "deep",
    },
    "attention-bahdanau": {"name": "attention", "attention": "additive", "wiring": "bahdanau"},
    "attention-conditional": {"name": "attention", "cell": "gru", "wiring": "conditional"},
    "attention-first": {
        "name": "attention",
        "wiring": "bahdanau",
        "attention_layer": "first",
        "num_layers": 3,
        "residual_from": 2,
        "readout": "hidden",
    },
}
MEMBERS = [config["name"] for config in CASES.values()]


# These stand for all on the other backends.
BACKEND = ("attention-fed", "attention-bahdanau", "recurrent")
each_case = pytest.mark.parametrize(
    "config",
    [
        pytest.param(config, id=name, marks=[pytest.mark.backend] if name in BACKEND else [])
        for name, config in CASES.items()
    ],
    indirect=True,
)


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def config(request: pytest.FixtureRequest) -> Config:
    return {"units": UNITS, "cell": "lstm", **request.param}


@pytest.fixture
def make(config: Config) -> Callable[..., Decoder]:
    arguments = dict(config)
    return partial(DECODERS[arguments.pop("name")], **arguments)


@pytest.fixture
def inputs(config: Config, numbers: Callable[..., Array]) -> dict[str, Any]:
    """What the decoder is called with, in the order of its arguments."""
    count = config.get("num_layers", 1) * (2 if config["cell"] == "lstm" else 1)
    if config.get("context", "initial_state") != "initial_state":
        count = 1
    return {
        "inputs": numbers(3, 4, 3),
        "memory": numbers(3, 5, 4),
        "initial_state": [numbers(3, UNITS) for _ in range(count)],
    }


def test_every_member_is_covered() -> None:
    assert set(MEMBERS) == set(DECODERS)


@each_case
def test_a_decoder_holds_the_contract_of_a_layer(
    config: Config,
    make: Callable[..., Decoder],
    inputs: dict[str, Any],
    check_layer: Callable[..., Any],
    mask_of: Callable[..., Array],
) -> None:
    needs_state = config.get("context", "initial_state") != "initial_state"
    masks = {"memory": mask_of(LENGTHS, 5)} if config["name"] == "attention" else {}
    check_layer(make, inputs, masks, [] if needs_state else ["initial_state"])


@each_case
def test_a_whole_target_equals_its_steps(
    make: Callable[..., Decoder],
    inputs: dict[str, Any],
    mask_of: Callable[..., Array],
    run_both_ways: Callable[..., None],
) -> None:
    run_both_ways(make(), *inputs.values(), mask_of(LENGTHS, 5))


def test_a_graph_gives_the_same(
    make: Callable[..., Decoder],
    inputs: dict[str, Any],
    mask_of: Callable[..., Array],
    equals_its_graph: Callable[..., None],
) -> None:
    equals_its_graph(make(), inputs, memory_mask=mask_of(LENGTHS, 5))


def test_a_target_of_no_positions_gives_none(
    make: Callable[..., Decoder], inputs: dict[str, Any]
) -> None:
    arguments = {**inputs, "inputs": inputs["inputs"][:, :0]}
    outputs, _, weights = make()(
        *keras.tree.map_structure(ops.convert_to_tensor, arguments).values()
    )
    assert outputs.shape[1] == 0
    assert tuple(weights.shape) == (3, 0, 5)


def test_padding_of_the_target_is_read_like_any_token_and_no_mask_leaves(
    make: Callable[..., Decoder], inputs: dict[str, Any], mask_of: Callable[..., Array]
) -> None:
    decoder = make()
    arguments = keras.tree.map_structure(ops.convert_to_tensor, inputs)
    expected, *_ = decoder(*arguments.values())
    marked = np.where(mask_of([4, 2, 1], 4)[..., None], inputs["inputs"], -7.0)
    arguments["inputs"] = keras.layers.Masking(-7.0)(marked)
    outputs, state, weights = decoder(*arguments.values())
    for tensor in (outputs, *state, weights):
        assert getattr(tensor, "_keras_mask", None) is None
    np.testing.assert_allclose(outputs[0], expected[0], atol=1e-6)
    np.testing.assert_allclose(outputs[1, :2], expected[1, :2], atol=1e-6)


def test_dropout_is_for_training(make: Callable[..., Decoder], inputs: dict[str, Any]) -> None:
    decoder = make(dropout=0.5, recurrent_dropout=0.5, seed=1)
    arguments = keras.tree.map_structure(ops.convert_to_tensor, inputs)
    expected, *_ = make()(*arguments.values())
    outputs, *_ = decoder(*arguments.values())
    assert tuple(outputs.shape) == tuple(expected.shape)
    np.testing.assert_array_equal(outputs, decoder(*arguments.values(), training=False)[0])
    first = decoder(*arguments.values(), training=True)[0]
    second = decoder(*arguments.values(), training=True)[0]
    assert not np.allclose(first, outputs)
    assert not np.allclose(first, second), "each call draws anew"


def test_the_state_after_a_target_is_where_the_next_begins(
    config: Config, make: Callable[..., Decoder], inputs: dict[str, Any]
) -> None:
    """Half the target by steps, from the state that the other half left."""
    decoder = make()
    arguments = keras.tree.map_structure(ops.convert_to_tensor, inputs)
    whole, *_ = decoder(*arguments.values())
    arguments["inputs"] = ops.convert_to_tensor(inputs["inputs"][:, :2])
    _, state, _ = decoder(*arguments.values())
    prepared = decoder.prepare(arguments["memory"])
    output, _, _ = decoder.step(ops.convert_to_tensor(inputs["inputs"][:, 2]), state, prepared)
    np.testing.assert_allclose(output, whole[:, 2], atol=1e-6)


@pytest.mark.parametrize("name", DECODERS)
def test_a_state_that_does_not_fit_is_an_error_with_both_sizes(name: str) -> None:
    decoder = DECODERS[name](units=4, cell="lstm")
    inputs, memory = ops.ones((1, 2, 3)), ops.ones((1, 2, 4))
    with pytest.raises(
        ValueError,
        match=rf"`initial_state` of `{type(decoder).__name__}` must be 2 tensors of sizes "
        r"\(4, 4\)\. Received: \(5,\)\. Put a bridge",
    ):
        decoder(inputs, memory, [ops.ones((1, 5))])


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    ("argument", "value", "message"),
    [
        ("units", 0, r"`units` must be .* at least 1\. Received: 0"),
        ("num_layers", 0, r"`num_layers` must be .* at least 1\. Received: 0"),
        ("dropout", 1.0, r"`dropout` must be a number in \[0, 1\)\. Received: 1\.0"),
        ("recurrent_dropout", -1, r"`recurrent_dropout` must be .*\. Received: -1"),
        ("residual_from", 1, r"`residual_from` must be .*`num_layers=1`.*Received: 1"),
        ("readout", "attentionl", r"`readout` must be one of 'attentional', .*'attentionl'"),
        ("cell", "lstmm", r"`cell` must be one of 'gru', .*Received: 'lstmm'"),
    ],
)
def test_messages_name_the_argument_and_what_came(
    name: str, argument: str, value: Any, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        DECODERS[name](**{"units": 4, argument: value})


TOKEN_IDS, VECTORS, STATE = (2, 3), (2, 3, 4), (2, 4)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    ("shapes", "message"),
    [
        (
            (VECTORS, VECTORS, STATE),
            r"`initial_state` .*shape \(2, 4\)\. Write `\[initial_state\]`",
        ),
        (
            (VECTORS, VECTORS, VECTORS),
            r"`initial_state` .*shape \(2, 3, 4\)\. A memory is no state",
        ),
        ((VECTORS, VECTORS, [VECTORS]), r"`initial_state` .*: shapes \[\(2, 3, 4\)\]"),
        ((VECTORS, [STATE], VECTORS), r"`memory` .*: a list of 1 tensors\. States have"),
        ((TOKEN_IDS, VECTORS, [STATE]), r"`inputs` .*: shape \(2, 3\)\. Embed token ids first"),
        ((VECTORS, TOKEN_IDS, [STATE]), r"`memory` .*: shape \(2, 3\)\. Embed token ids first"),
        (((2, 3, 4, 5), VECTORS, [STATE]), r"`inputs` .*: shape \(2, 3, 4, 5\)\."),
    ],
)
def test_tensors_of_other_axes_are_an_error_with_the_way_out(
    name: str, shapes: tuple[Any, ...], message: str
) -> None:
    def filled(shape: Any) -> Any:
        return [filled(each) for each in shape] if isinstance(shape, list) else ops.ones(shape)

    with pytest.raises(ValueError, match=message):
        DECODERS[name](units=4, cell="gru")(*map(filled, shapes))
