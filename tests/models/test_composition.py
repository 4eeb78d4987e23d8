"""The options of named networks: by name, config or object, and what each of them does."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import layers
from kerasseq.models import build
from kerasseq.training import LinearRate

SIZES = {"embedding_units": 6, "encoder_units": 8, "decoder_units": 8}


def make(**options: Any) -> Any:
    """Equal sizes on both sides, so that every member of every family fits."""
    keras.utils.set_random_seed(5)
    return build("bidirectional_luong", 12, 12, **{**SIZES, "bidirectional": False, **options})


def logits_of(network: Any, batch: Any, **options: Any) -> Any:
    return ops.convert_to_numpy(network(batch.inputs, **options))


FAMILIES: dict[str, Iterable[str]] = {
    "encoder": layers.ENCODERS,
    "cell": layers.CELLS,
    "bridge": layers.BRIDGES,
    "decoder": layers.DECODERS,
    "attention": layers.ATTENTIONS,
    "wiring": layers.WIRINGS,
    "readout": layers.READOUTS,
}
# What a member needs of the other options.
NEEDS: dict[tuple[str, str], dict[str, Any]] = {
    ("readout", "hidden"): {"wiring": "bahdanau"},
    # Its input must be as wide as its output.
    ("cell", "residual"): {"embedding_units": 8, "input_feeding": False},
}
# `KerasCell` has a name for messages and files; it is chosen by the cell inside.
BY_NAME = [(option, name) for option in FAMILIES for name in FAMILIES[option] if name != "keras"]


@pytest.mark.parametrize(("option", "name"), BY_NAME)
def test_every_member_of_every_family_is_reached_by_its_name(option: str, name: str) -> None:
    found = make(**{option: name, **NEEDS.get((option, name), {})})
    again = type(found).from_config(found.get_config())
    assert again.count_params() == found.count_params()


# Objects are made by their test: an object belongs to one network.
CONFIGS_AND_OBJECTS: dict[str, tuple[str, Callable[[], Any]]] = {
    "encoder config": (
        "encoder",
        lambda: {"name": "pyramidal", "num_layers": 2, "reduction": 3},
    ),
    "encoder": ("encoder", lambda: layers.RecurrentEncoder(8, cell="gru", output_dropout=0.1)),
    "cell config": ("cell", lambda: {"name": "lstm", "bias_initializer": "ones"}),
    "cell": ("cell", lambda: layers.GRUCell(8)),
    "cell of Keras": ("cell", lambda: keras.layers.GRUCell(8)),
    "bridge config": ("bridge", lambda: {"name": "dense", "activation": "relu"}),
    "bridge": ("bridge", lambda: layers.MeanBridge(8, cell="lstm")),
    "decoder": ("decoder", lambda: layers.RecurrentDecoder(8, cell="lstm")),
    "attention config": ("attention", lambda: {"name": "general", "distribution": "sparsemax"}),
    "attention": ("attention", lambda: layers.MultiHeadAttention(8, num_heads=2)),
    "attention with a layer": (
        "attention",
        lambda: {"name": "additive", "distribution": layers.LocalPWindow(3)},
    ),
    "attention as saved": (
        "attention",
        lambda: keras.saving.serialize_keras_object(layers.DotAttention()),
    ),
    "readout config": ("readout", lambda: {"name": "attentional", "units": 5}),
    "readout": ("readout", lambda: layers.DeepReadout(5)),
    "sampling": ("scheduled_sampling", lambda: LinearRate(5)),
    "sampling as saved": (
        "scheduled_sampling",
        lambda: keras.saving.serialize_keras_object(LinearRate(5)),
    ),
}


@pytest.mark.parametrize("case", CONFIGS_AND_OBJECTS)
def test_an_option_may_be_a_config_or_an_object(case: str, tmp_path: Path) -> None:
    option, value = CONFIGS_AND_OBJECTS[case]
    network = make(**{option: value()})
    network.check()
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    ids = [np.array([[4, 5, 6, 7, 4, 5, 6, 3]]), np.array([[2, 6]])]
    np.testing.assert_array_equal(loaded(ids), network(ids))
    for before, after in zip(network.get_weights(), loaded.get_weights(), strict=True):
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize(
    "options",
    [
        {"attention_layer": "first", "decoder_layers": 2},
        {"wiring": "conditional", "input_feeding": False},
        {"bidirectional": True, "encoder_layers": 2, "residual_from": 1, "decoder_layers": 2},
        {"encoder": "pyramidal", "encoder_layers": 3, "bidirectional": True},
        {"word_dropout": 0.5, "recurrent_dropout": 0.5, "dropout": 0.5},
        {"decoder": "recurrent", "context": "input", "readout": "deep", "readout_units": 5},
        {"reverse_source": True, "attention_units": 5, "attention": "additive"},
        {"tie": "three_way", "decoder_units": 6, "readout_units": 6},
    ],
    ids=lambda options: "-".join(options),
)
def test_options_that_belong_together_make_a_network_that_takes_steps(
    options: dict[str, Any],
) -> None:
    make(**options).check()


@pytest.fixture
def reversed_pair() -> tuple[Any, Any]:
    """A network that reverses its source, and one of the same weights that does not."""
    reversing, reading = make(reverse_source=True), make(reverse_source=False)
    reading.set_weights(reversing.get_weights())
    return reversing, reading


def test_a_reversed_source_is_read_from_its_last_word_and_ends_with_its_end(
    batch: Any, reversed_pair: tuple[Any, Any]
) -> None:
    reversing, reading = reversed_pair
    backwards = batch._replace(
        source_ids=np.array([[7, 6, 5, 4, 3], [9, 8, 3, 0, 0], [10, 3, 0, 0, 0]], "int32")
    )
    expected = logits_of(reading, backwards)
    np.testing.assert_allclose(logits_of(reversing, batch), expected, atol=1e-6)


def test_attention_to_a_reversed_source_is_told_in_the_order_of_the_text(
    batch: Any, reversed_pair: tuple[Any, Any]
) -> None:
    weights = []
    for network, source_ids in zip(
        reversed_pair, ([[4, 5, 6, 3, 0]], [[6, 5, 4, 3, 0]]), strict=True
    ):
        step, state, mask = network.start_search(ops.convert_to_tensor(source_ids), 1)
        assert ops.convert_to_numpy(mask).tolist() == [[True] * 4 + [False]]
        weights.append(ops.convert_to_numpy(step(ops.convert_to_tensor([2]), state)[2]))
    np.testing.assert_allclose(weights[0][:, [2, 1, 0, 3, 4]], weights[1], atol=1e-6)


def test_a_tied_target_shares_its_table_with_the_output(
    batch: Any, save_and_load: Callable[..., Any]
) -> None:
    plain, tied = make(dropout=0.0), make(dropout=0.0, tie="target")
    # In place of a kernel of 8 x 12: a projection to the 6 columns of the table, and its bias.
    assert plain.count_params() - tied.count_params() == 8 * 12 - (8 * 6 + 6)
    before = logits_of(tied, batch)
    table = tied.get_layer("target_embedding").embeddings
    table.assign(table * 2)
    assert np.max(np.abs(logits_of(tied, batch) - before)) > 0
    tied.check()
    save_and_load("tied", tied)


def test_three_way_tied_there_is_one_table() -> None:
    network = make(tie="three_way")
    tables = [weight for weight in network.weights if weight.name == "embeddings"]
    assert len(tables) == 1


def test_a_third_side_needs_the_same_vocabulary() -> None:
    with pytest.raises(ValueError, match="Received: 5 source ids, 6 target ids"):
        build("bidirectional_luong", 5, 6, tie="three_way")


def test_word_dropout_changes_training_alone(batch: Any) -> None:
    network = make(word_dropout=0.9, dropout=0.0)
    plain = make(dropout=0.0)
    plain.set_weights(network.get_weights())
    np.testing.assert_array_equal(logits_of(network, batch), logits_of(plain, batch))
    assert np.any(logits_of(network, batch, training=True) != logits_of(plain, batch))


def test_the_doubly_stochastic_penalty_is_a_loss_of_training(batch: Any) -> None:
    network = make(doubly_stochastic=0.5)
    network(batch.inputs, training=True)
    (penalty,) = network.losses
    assert float(penalty) > 0
    network(batch.inputs)
    assert network.losses == []


def test_residual_layers_begin_where_there_are_so_many() -> None:
    network = make(residual_from=2, encoder_layers=3, decoder_layers=2)
    assert network.get_layer("encoder").residual_from == 2
    assert network.decoder.residual_from is None


def test_dropout_reaches_every_place(batch: Any) -> None:
    network = make(dropout=0.25, recurrent_dropout=0.125)
    encoder, decoder = network.get_layer("encoder"), network.decoder
    assert (encoder.input_dropout, encoder.dropout, decoder.dropout) == (0.25, 0.25, 0.25)
    assert network.get_layer("target_dropout").rate == 0.25
    assert encoder.recurrent_dropout == decoder.recurrent_dropout == 0.125


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"decoder": "recurrent", "attention": "dot"},
            "`attention` has no meaning with `decoder='recurrent'`.* use `decoder='attention'`",
        ),
        ({"context": "both"}, "`context` has no meaning with `decoder='attention'`"),
        (
            {"encoder": "pyramidal", "reverse_source": True},
            "`reverse_source` has no meaning with `encoder='pyramidal'`",
        ),
        ({"tie": "both"}, "`tie` must be one of 'none', 'target', 'three_way'. Received: 'both'"),
        ({"word_dropout": 1.0}, r"`word_dropout` must be a number in \[0, 1\). Received: 1.0"),
        ({"attention": "aditive"}, "`attention` must be one of 'additive', .*'aditive'"),
        (
            {"bridge": {"name": "dense", "direction": "backward"}},
            "`direction='backward'` needs .* `bidirectional=False`.*, such as `bridge='dense'`",
        ),
        (
            {"bridge": {"name": "dense", "direction": "forward"}, "bidirectional": "first"},
            "`direction='forward'` needs .*every layer. Received: `bidirectional='first'`",
        ),
        (
            {"residual_from": 10, "encoder_layers": 3, "decoder_layers": 4},
            "`residual_from` must be a layer .* below 4. Received: 10",
        ),
        (
            {"residual_from": 2, "encoder": "pyramidal", "encoder_layers": 3},
            "`residual_from` must be a layer .* below 1. Received: 2",
        ),
        (
            {"attention": "general", "attention_units": 7},
            "`attention_units` has no meaning with `GeneralAttention`.* Received: 7. Leave it out",
        ),
        (
            {"bridge": "last_state", "decoder_units": 9},
            r"encoder \(8, 8\), decoder \(9, 9\)",
        ),
    ],
)
def test_options_without_meaning_are_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"(?s){message}"):
        make(**options)


def test_a_bridge_of_the_named_network_needs_its_encoder() -> None:
    with pytest.raises(ValueError, match=r"`direction='backward'` needs .*`bidirectional=False`"):
        build("bahdanau_2015", 12, 12, encoder_units=8, bidirectional=False)


def test_what_the_named_network_says_is_no_error_where_it_has_no_effect() -> None:
    shallow = build("gnmt_2016", 12, 12, encoder_layers=1, decoder_layers=1, **SIZES)
    assert shallow.decoder.residual_from is None
