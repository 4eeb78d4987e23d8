from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq import layers
from kerasseq.models.scheduled_sampling import (
    ScheduledSampling,
    _padding_ids,
    draw_tokens,
    read_rate,
)
from kerasseq.training import ConstantRate, LinearRate, TokenCrossentropy

Array = np.ndarray


def replaced(network: Any, batch: Any, rate: float, seed: int = 3) -> Array:
    """The target ids that training would read."""
    source_ids, target_ids = map(ops.convert_to_tensor, batch.inputs)
    found = ScheduledSampling(rate, seed).replace(network._parts, source_ids, target_ids, rate)
    return ops.convert_to_numpy(found)


@pytest.fixture
def sure_network(plain_network: Callable[..., Any]) -> Any:
    """Says token 9 with certainty, whatever it has read."""
    network = plain_network()
    kernel, bias = network.get_layer("logits").variables
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(1000.0 * ops.one_hot(9, 12))
    return network


@pytest.mark.backend
def test_a_draw_is_the_first_token_whose_cumulated_probability_exceeds_the_number() -> None:
    log_probabilities = np.log([[0.25, 0.5, 0.25]] * 6).astype("float32")
    uniforms = np.array([0.0, 0.24, 0.25, 0.74, 0.75, 1 - 2**-24], "float32")
    drawn = draw_tokens(ops.convert_to_tensor(log_probabilities), ops.convert_to_tensor(uniforms))
    assert ops.convert_to_numpy(drawn).tolist() == [0, 0, 1, 1, 2, 2]


def test_an_impossible_token_is_never_drawn() -> None:
    log_probabilities = np.array([[-np.inf, 0.0, -np.inf]] * 2, "float32")
    uniforms = np.array([0.0, 1 - 2**-24], "float32")
    drawn = draw_tokens(ops.convert_to_tensor(log_probabilities), ops.convert_to_tensor(uniforms))
    assert ops.convert_to_numpy(drawn).tolist() == [1, 1]


def test_draws_follow_the_distribution() -> None:
    probabilities = np.array([0.1, 0.2, 0.3, 0.4], "float32")
    uniforms = (np.arange(1000, dtype="float32") + 0.5) / 1000
    rows = np.tile(np.log(probabilities), (1000, 1))
    drawn = draw_tokens(ops.convert_to_tensor(rows), ops.convert_to_tensor(uniforms))
    counts = np.bincount(ops.convert_to_numpy(drawn), minlength=4)
    np.testing.assert_allclose(counts, 1000 * probabilities, atol=1)


@pytest.mark.backend
def test_at_rate_one_every_token_but_the_first_is_the_networks_own(
    sure_network: Any, batch: Any
) -> None:
    """Padding, which is 0, stays what it is: masks are made of the ids."""
    expected = np.where(batch.target_ids == 0, 0, 9)
    expected[:, 0] = 2
    assert replaced(sure_network, batch, 1.0).tolist() == expected.tolist()


def test_at_rate_zero_every_token_is_that_of_the_data(sure_network: Any, batch: Any) -> None:
    np.testing.assert_array_equal(replaced(sure_network, batch, 0.0), batch.target_ids)


def test_the_rate_is_the_probability_of_reading_the_networks_own(
    sure_network: Any, batch: Any
) -> None:
    many = batch._replace(
        source_ids=np.repeat(batch.source_ids, 100, axis=0),
        target_ids=np.full((300, 4), 5, "int32"),
    )
    found = replaced(sure_network, many, 0.25)
    assert set(np.unique(found)) == {5, 9}
    assert np.all(found[:, 0] == 5)
    share = np.mean(found[:, 1:] == 9)  # of 900 draws: a deviation of 0.014
    assert abs(share - 0.25) < 0.05


def test_a_rate_may_be_a_function_of_the_updates() -> None:
    optimizer = keras.optimizers.SGD()
    sampling = ScheduledSampling(LinearRate(10), 3)
    assert float(sampling.rate_after(None)) == 0.0
    optimizer.iterations.assign(5)
    assert float(sampling.rate_after(optimizer)) == 0.5
    assert ScheduledSampling(0.25, 3).rate_after(optimizer) == 0.25


def test_a_function_is_refused_where_the_count_stands_still(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    with pytest.raises(ValueError, match="(?s)On JAX, .* must be a number.*LinearRate object"):
        ScheduledSampling(LinearRate(10), 3).rate_after(keras.optimizers.SGD())


def test_draws_are_those_of_the_seed(plain_network: Callable[..., Any], batch: Any) -> None:
    network = plain_network()
    first = replaced(network, batch, 0.5, seed=3)
    np.testing.assert_array_equal(replaced(network, batch, 0.5, seed=3), first)
    assert np.any(replaced(network, batch, 0.5, seed=4) != first)


def test_an_own_token_is_drawn_after_the_replaced_ones_were_read(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    """A network that adds 1 to what it reads counts on from its own tokens."""
    graph_network = plain_network()
    embed, head = (graph_network.get_layer(name) for name in ("target_embedding", "logits"))
    source_ids, target_ids = graph_network.inputs
    memory = graph_network.get_layer("encoder").output[0]
    outputs, _, _ = graph_network.decoder(embed(target_ids), memory)
    successors = np.roll(np.eye(12), 1, axis=1).astype("float32")  # row i holds token i + 1
    table = keras.layers.Embedding(12, 12, weights=[1000 * successors])
    logits = keras.layers.Add()([head(outputs), table(target_ids)])
    network = type(graph_network)(source_ids, target_ids, logits)
    expected = np.where(batch.target_ids == 0, 0, [[2, 3, 4, 5]])
    assert replaced(network, batch, 1.0).tolist() == expected.tolist()


@pytest.mark.parametrize(
    ("embedding", "expected"),
    [
        (layers.TokenEmbedding(12, 2, pad_id=11), {11}),
        (keras.layers.Embedding(12, 2, mask_zero=True), {0}),
        (keras.layers.Embedding(12, 2), set()),
    ],
)
def test_padding_is_what_the_embedding_of_the_target_masks(
    embedding: Any, expected: set[int]
) -> None:
    target_ids = keras.Input((None,), dtype="int32")
    nested = keras.Sequential([keras.Input((None,), dtype="int32"), embedding])
    assert _padding_ids(keras.Model(target_ids, nested(target_ids))) == expected


def test_nothing_real_becomes_padding(plain_network: Callable[..., Any], batch: Any) -> None:
    network = plain_network()
    kernel, bias = network.get_layer("logits").variables
    kernel.assign(np.zeros(kernel.shape))
    bias.assign(1000.0 * ops.one_hot(0, 12))  # padding, always
    np.testing.assert_array_equal(replaced(network, batch, 1.0), batch.target_ids)


@pytest.mark.parametrize("floatx", ["bfloat16", "float16"])
def test_draws_are_of_32_bits_whatever_keras_computes_in(
    plain_network: Callable[..., Any], batch: Any, floatx: str
) -> None:
    keras.config.set_floatx(floatx)
    try:
        network = plain_network(scheduled_sampling=0.5)
        assert network(batch.inputs, training=True).shape[-1] == 12
    finally:
        keras.config.set_floatx("float32")


def test_training_without_it_or_at_rate_zero_gives_identical_numbers(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    expected = ops.convert_to_numpy(plain_network()(batch.inputs, training=True))
    for rate in (0, 0.0, ConstantRate(0.0)):
        found = plain_network(scheduled_sampling=rate)(batch.inputs, training=True)
        np.testing.assert_array_equal(ops.convert_to_numpy(found), expected)


def test_only_training_reads_the_networks_own_tokens(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    plain, sampling = plain_network(), plain_network(scheduled_sampling=1.0, seed=3)
    expected = ops.convert_to_numpy(plain(batch.inputs))
    np.testing.assert_array_equal(ops.convert_to_numpy(sampling(batch.inputs)), expected)
    in_training = ops.convert_to_numpy(sampling(batch.inputs, training=True))
    assert np.max(np.abs(in_training - expected)) > 1e-3
    np.testing.assert_array_equal(in_training[:, 0], expected[:, 0])


def test_the_logits_of_training_are_those_of_the_replaced_target(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    network = plain_network(scheduled_sampling=0.5, seed=3)
    read = replaced(network, batch, 0.5, seed=3)
    expected = ops.convert_to_numpy(network([batch.source_ids, read]))
    found = ops.convert_to_numpy(network(batch.inputs, training=True))
    np.testing.assert_array_equal(found, expected)


def test_tokens_are_drawn_without_dropout(plain_network: Callable[..., Any], batch: Any) -> None:
    """As in inference; the logits then are those of training."""
    network = plain_network(dropout=0.5)

    class Around(keras.layers.Layer):
        def call(self, inputs: Any, training: bool | None = None) -> Any:
            return ops.convert_to_tensor(replaced(network, batch, 0.5))

    found = Around()(ops.zeros((1,)), training=True)
    np.testing.assert_array_equal(ops.convert_to_numpy(found), replaced(network, batch, 0.5))


def fit(network: Any, batch: Any, steps: int, **options: Any) -> list[float]:
    """Losses of single updates on one batch."""
    network.compile(keras.optimizers.Adam(0.02), loss=TokenCrossentropy(), **options)
    return [float(network.train_on_batch(batch.inputs, batch.labels)) for _ in range(steps)]


def test_the_optimizers_count_moves_the_schedule(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    seen: list[int] = []

    @keras.saving.register_keras_serializable("kerasseq_tests")
    def rate(updates: Any) -> Any:
        seen.append(int(updates))
        return 0.0

    fit(plain_network(scheduled_sampling=rate), batch, 3, run_eagerly=True)
    assert seen == [0, 1, 2]


def test_every_weight_gets_the_gradient_of_the_target_that_was_read(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    network = plain_network(scheduled_sampling=0.7, seed=3)
    plain = plain_network()
    read = replaced(network, batch, 0.7, seed=3)
    for each, target_ids in ((network, batch.target_ids), (plain, read)):
        each.compile(keras.optimizers.SGD(0.5), loss=TokenCrossentropy(), run_eagerly=True)
        before = [np.array(weight) for weight in each.trainable_variables]
        each.train_on_batch([batch.source_ids, target_ids], batch.labels)
        for weight, old in zip(each.trainable_variables, before, strict=True):
            assert np.any(np.array(weight) != old), weight.path
    for one, other in zip(network.get_weights(), plain.get_weights(), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_fit_in_the_graph_learns_while_the_rate_rises(
    plain_network: Callable[..., Any], batch: Any
) -> None:
    network = plain_network(dropout=0.1, scheduled_sampling=LinearRate(30, 0.5), seed=3)
    losses = fit(network, batch, 40)
    assert losses[-1] < 0.5 * losses[0]


def test_half_precision_trains_with_it(
    plain_network: Callable[..., Any], batch: Any, in_policy: Callable[[str], Any]
) -> None:
    with in_policy("mixed_bfloat16"):
        network = plain_network(scheduled_sampling=0.5, seed=3)
    assert np.all(np.isfinite(fit(network, batch, 2, run_eagerly=True)))


@pytest.mark.parametrize("rate", [0, 0.5, 1, ConstantRate(0.5), max])
def test_a_rate_is_a_number_or_a_function(rate: Any) -> None:
    assert read_rate(rate) == rate


def test_a_rate_may_be_a_config() -> None:
    config = keras.saving.serialize_keras_object(LinearRate(7))
    assert read_rate(config).get_config() == {"steps": 7, "final_rate": 1.0}


@pytest.mark.parametrize(
    ("rate", "kind", "message"),
    [
        (1.5, ValueError, r"`scheduled_sampling` must be a number in \[0, 1\]. Received: 1.5"),
        ("linear", TypeError, "a function of the number of updates.* Received: 'linear'"),
        (None, TypeError, "a function of the number of updates.* Received: None"),
        ({"steps": 3}, TypeError, "config of one. Received: {'steps': 3}"),
    ],
)
def test_anything_else_is_no_rate(rate: Any, kind: type[Exception], message: str) -> None:
    with pytest.raises(kind, match=message):
        read_rate(rate)
