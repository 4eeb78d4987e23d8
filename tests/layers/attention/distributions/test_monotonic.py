from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import AdditiveAttention, GeneralAttention
from kerasseq.layers.attention.distributions import Monotonic

Array = np.ndarray
MODES = ("parallel", "recursive", "hard")


def monotonic_attention(choice: Array, previous: Array, mode: str) -> Array:
    """What `tfa.seq2seq.monotonic_attention` computes, for `(batch, source_length)` arrays."""
    if mode == "recursive":
        weights, reached = np.zeros_like(choice), np.zeros(len(choice))
        for j in range(choice.shape[1]):
            passed = 1 - choice[:, j - 1] if j > 0 else 1.0
            reached = passed * reached + previous[:, j]
            weights[:, j] = choice[:, j] * reached
        return weights
    if mode == "parallel":
        # tfa's safe_cumprod: in logarithms, exclusive, with factors in [tiny, 1].
        logarithms = np.log(np.clip(1 - choice, np.finfo("float32").tiny, 1))
        passed = np.exp(np.cumsum(logarithms, axis=1) - logarithms)
        return choice * passed * np.cumsum(previous / np.clip(passed, 1e-10, 1), axis=1)
    choice = choice * np.cumsum(previous, axis=1)
    passed = np.cumprod(1 - choice, axis=1)
    return choice * np.concatenate([np.ones_like(passed[:, :1]), passed[:, :-1]], axis=1)


def choose(scores: Array, mask: Array, mode: str) -> Array:
    """tfa puts scores of minus infinity on padding."""
    scores = np.where(mask, scores, -np.inf)
    return (scores > 0) * 1.0 if mode == "hard" else 1 / (1 + np.exp(-scores))


@pytest.mark.backend
@pytest.mark.parametrize("mode", MODES)
def test_the_values_are_those_of_tfa(mode: str, numbers: Callable[..., Array]) -> None:
    """Several steps, each from the weights of the one before; tfa starts at position 0."""
    scores, bias = 3 * numbers(2, 5, 7), -0.4
    mask = np.arange(7) < np.array([7, 4])[:, None]
    layer = Monotonic(mode, score_bias_init=bias)
    layer.build(scores.shape, scores.shape)
    past = [ops.expand_dims(each, 1) for each in layer.initial_past(ops.convert_to_tensor(mask))]
    expected = np.eye(7)[[0, 0]]
    for step in range(5):
        expected = monotonic_attention(choose(scores[:, step] + bias, mask, mode), expected, mode)
        weights, past = layer.distribute(
            ops.convert_to_tensor(scores[:, step : step + 1]), mask[:, None], None, past
        )
        np.testing.assert_allclose(weights[:, 0], expected, atol=1e-5)
    assert mode != "hard" or set(expected.ravel()) == {0.0, 1.0}


@pytest.mark.backend
@pytest.mark.parametrize("mode", MODES)
def test_a_score_with_it_is_tfa_s_monotonic_attention(
    mode: str, numbers: Callable[..., Array], assign: Callable[..., None]
) -> None:
    """`tfa.seq2seq.LuongMonotonicAttention(scale=True)`, run over a target."""
    query, memory, kernel = numbers(2, 4, 6), numbers(2, 5, 3), numbers(3, 6)
    mask = np.arange(5) < np.array([5, 3])[:, None]
    attention = GeneralAttention(
        scale=True, distribution={"name": "monotonic", "mode": mode, "score_bias_init": 0.3}
    )
    attention.build(query.shape, memory.shape)
    assign(attention, kernel=kernel, gain=1.5)
    context, weights = attention(query, memory, memory_mask=mask)
    expected = np.eye(5)[[0, 0]]
    for step in range(4):
        scores = 1.5 * np.einsum("bu,bsu->bs", query[:, step], memory @ kernel) + 0.3
        expected = monotonic_attention(choose(scores, mask, mode), expected, mode)
        np.testing.assert_allclose(weights[:, step], expected, atol=1e-5)
        seen = np.einsum("bs,bsm->bm", expected, memory)
        np.testing.assert_allclose(context[:, step], seen, atol=1e-5)


@pytest.mark.backend
def test_hard_choices_never_go_back_and_may_be_none() -> None:
    layer = Monotonic("hard")
    scores = ops.convert_to_tensor([[[-1.0, 1, 1, -1]], [[-1.0, -1, 1, 1]]], "float32")
    mask = ops.ones((1, 1, 4), "bool")
    layer.build(scores.shape, scores.shape)
    past = [ops.convert_to_tensor([[[1.0, 0, 0, 0]]])]
    weights, past = layer.distribute(scores[:1], mask, None, past)
    assert ops.convert_to_numpy(weights).tolist() == [[[0, 1, 0, 0]]]
    weights, past = layer.distribute(scores[1:], mask, None, past)
    assert ops.convert_to_numpy(weights).tolist() == [[[0, 0, 1, 0]]]
    weights, past = layer.distribute(-scores[1:], mask, None, past)
    assert ops.convert_to_numpy(weights).tolist() == [[[0, 0, 0, 0]]]


@pytest.mark.backend
@pytest.mark.parametrize("mode", MODES)
def test_the_first_step_starts_at_the_first_real_position(mode: str) -> None:
    scores = ops.ones((1, 1, 4))
    mask = ops.convert_to_tensor([[[False, True, True, True]]])
    weights = ops.convert_to_numpy(Monotonic(mode)(scores, mask, scores))
    alone = ops.convert_to_numpy(Monotonic(mode)(scores[..., 1:], mask[..., 1:], scores))
    assert weights[0, 0, 0] == 0
    np.testing.assert_allclose(weights[..., 1:], alone, atol=1e-6)


def test_certain_choices_have_finite_gradients_in_long_sources() -> None:
    """sigmoid(50) is 1: the product of what is passed over is 0 from there on."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a gradient tape of TensorFlow")
    scores = tf.constant(np.where(np.arange(400) % 3 == 0, 50.0, -50.0)[None, None], "float32")
    for mode in ("parallel", "recursive"):
        with tf.GradientTape() as tape:
            tape.watch(scores)
            weights = Monotonic(mode)(scores, tf.ones((1, 1, 400), "bool"), scores)
            total = tf.reduce_sum(weights * tf.range(400.0))
        assert np.all(np.isfinite(tape.gradient(total, scores))), mode
        assert np.all(np.isfinite(weights)), mode


@pytest.mark.parametrize("name", ["attention", "decoder"])
def test_noise_comes_in_training_alone(name: str, numbers: Callable[..., Array]) -> None:
    """The layer around it tells: `distribute` has no argument for it."""
    if keras.backend.backend() == "jax":
        pytest.skip("a loop of JAX cannot advance a seed")
    distribution = {"name": "monotonic", "sigmoid_noise": 2.0, "seed": 1}
    query, memory = numbers(2, 3, 6), numbers(2, 5, 4)
    layer: keras.layers.Layer = AdditiveAttention(6, distribution=distribution)
    if name == "decoder":
        from kerasseq.layers import AttentionDecoder

        layer = AttentionDecoder(6, attention={"name": "additive", "distribution": distribution})
    plain = layer(query, memory)[-1]
    np.testing.assert_array_equal(layer(query, memory, training=False)[-1], plain)
    noisy = layer(query, memory, training=True)[-1]
    again = layer(query, memory, training=True)[-1]
    assert np.abs(noisy - plain).max() > 0.01
    assert np.abs(noisy - again).max() > 0.01


def test_noise_is_repeated_by_its_seed() -> None:
    scores, mask = ops.zeros((1, 2, 5)), ops.ones((1, 1, 5), "bool")

    def draw(seed: int) -> Array:
        layer = Monotonic(sigmoid_noise=1.0, seed=seed)
        return ops.convert_to_numpy(layer(scores, mask, scores, training=True))

    assert np.array_equal(draw(1), draw(1))
    assert not np.array_equal(draw(1), draw(2))


def test_arguments_out_of_range_are_errors() -> None:
    with pytest.raises(ValueError, match=r"`mode` must be one of 'parallel', .*: 'soft'\."):
        Monotonic(mode="soft")
    with pytest.raises(ValueError, match=r"`sigmoid_noise` .* of at least 0\. Received: -1\.0"):
        Monotonic(sigmoid_noise=-1.0)
    with pytest.raises(TypeError, match=r"`score_bias_init` must be a finite number.*None"):
        Monotonic(score_bias_init=None)  # type: ignore[arg-type]


def test_the_noise_is_as_large_as_it_is_said_to_be() -> None:
    """Of one position the weight is `sigmoid(noise)`."""
    scores, mask = ops.zeros((1, 10_000, 1)), ops.ones((1, 1, 1), "bool")
    weights = ops.convert_to_numpy(
        Monotonic(sigmoid_noise=0.5, seed=1)(scores, mask, scores, training=True)
    )
    noise = np.log(weights / (1 - weights))
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert noise.std() == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize("mode", ["parallel", "recursive"])
def test_a_choice_that_is_nearly_sure_leaves_little_to_those_behind(mode: str) -> None:
    scores = np.array([[[8.0, 0.0, 0.0]]], "float32")
    weights = Monotonic(mode)(scores, ops.ones((1, 1, 3), "bool"), scores)
    passed = 1 / (1 + np.exp(8.0))
    expected = [1 - passed, passed / 2, passed / 4]
    np.testing.assert_allclose(ops.convert_to_numpy(weights)[0, 0], expected, rtol=1e-3)
