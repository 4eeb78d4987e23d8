import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers import TokenEmbedding

Array = np.ndarray
TOKEN_IDS = np.array([[5, 3, 5, 0], [2, 0, 0, 0]], "int32")


@pytest.mark.backend
@pytest.mark.parametrize("scale", [False, True])
def test_an_embedding_holds_the_contract_of_a_layer(
    scale: bool, check_layer: Callable[..., Any]
) -> None:
    check_layer(partial(TokenEmbedding, 10, 4, scale=scale), {"inputs": TOKEN_IDS})


def test_a_tied_embedding_has_one_weight_more_for_its_other_direction(
    check_layer: Callable[..., Any],
) -> None:
    make = partial(TokenEmbedding, 10, 4, tied=True)
    check_layer(make, {"inputs": TOKEN_IDS}, without_gradient=["bias"])


def embedding_of(table: Any, **options: Any) -> TokenEmbedding:
    layer = TokenEmbedding(*np.shape(table), **options)
    layer.build((None, None))
    layer.embeddings.assign(table)
    return layer


def test_it_takes_rows_of_the_table_and_masks_padding() -> None:
    layer = embedding_of([[0, 0], [1, 2], [3, 4]])
    vectors = layer(ops.convert_to_tensor([[2, 1, 0]]))
    assert ops.convert_to_numpy(vectors).tolist() == [[[3, 4], [1, 2], [0, 0]]]
    assert ops.convert_to_numpy(vectors._keras_mask).tolist() == [[True, True, False]]


def test_another_id_may_be_that_of_padding() -> None:
    mask = embedding_of([[0, 0], [1, 2]], pad_id=1).compute_mask(ops.convert_to_tensor([[0, 1]]))
    assert ops.convert_to_numpy(mask).tolist() == [[True, False]]


def test_scaled_vectors_are_larger_by_the_root_of_their_size() -> None:
    layer = embedding_of([[1, 2, 3, 4]], scale=True)
    vectors = layer(ops.convert_to_tensor([[0]]))
    assert ops.convert_to_numpy(vectors).tolist() == [[[2, 4, 6, 8]]]


def test_in_reverse_it_gives_logits_by_the_same_table() -> None:
    layer = embedding_of([[0, 1], [1, 2], [3, 4]], tied=True, scale=True)
    layer.bias.assign([0.5, 0, -1])
    logits = layer(ops.convert_to_tensor([[[1.0, 10.0]]]), reverse=True)
    assert ops.convert_to_numpy(logits).tolist() == [[[10.5, 21, 42]]]
    row = layer(ops.convert_to_tensor([[1.0, 10.0]]), reverse=True)
    assert ops.convert_to_numpy(row).tolist() == [[10.5, 21, 42]]


def test_logits_carry_no_mask_and_are_float32_in_half_precision() -> None:
    layer = TokenEmbedding(10, 4, tied=True, dtype="mixed_bfloat16")
    vectors = layer(ops.convert_to_tensor(TOKEN_IDS))
    assert vectors.dtype == "bfloat16"
    logits = layer(vectors, reverse=True)
    assert logits.dtype == "float32"
    assert getattr(logits, "_keras_mask", None) is None


@pytest.mark.parametrize("policy", ["float16", "float64"])
def test_a_tie_gives_float32_logits_whatever_its_weights_are(policy: str) -> None:
    layer = TokenEmbedding(10, 4, tied=True, dtype=policy)
    logits = layer(layer(ops.convert_to_tensor(TOKEN_IDS)), reverse=True)
    assert layer.bias.dtype == policy
    assert logits.dtype == "float32"


def three_way_tied_model() -> tuple[keras.Model, TokenEmbedding]:
    embedding = TokenEmbedding(10, 4, tied=True, name="embedding")
    source_ids, target_ids = (keras.Input((None,), dtype="int32") for _ in range(2))
    summed = keras.layers.Add()(
        [keras.layers.Dense(4)(embedding(source_ids)), embedding(target_ids)]
    )
    logits = embedding(summed, reverse=True)
    assert logits.shape == (None, None, 10)
    return keras.Model([source_ids, target_ids], logits), embedding


def test_three_ways_are_still_one_table_after_saving(tmp_path: Path) -> None:
    model, embedding = three_way_tied_model()
    assert sum(weight.shape == (10, 4) for weight in model.weights) == 1
    expected = model([TOKEN_IDS, TOKEN_IDS])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_allclose(loaded([TOKEN_IDS, TOKEN_IDS]), expected, atol=1e-6)
    assert len(loaded.weights) == len(model.weights) == 4
    table = loaded.get_layer("embedding").embeddings
    table.assign(0 * table)
    changed = ops.convert_to_numpy(loaded([TOKEN_IDS, TOKEN_IDS]))
    np.testing.assert_array_equal(changed, np.zeros((2, 4, 10)))


def test_a_tied_table_learns_from_both_ends() -> None:
    tf = pytest.importorskip("tensorflow")
    layer = TokenEmbedding(10, 4, tied=True)
    token_ids = ops.convert_to_tensor([[5]])
    with tf.GradientTape() as tape:
        logits = layer(layer(token_ids, training=True), reverse=True)
        loss = ops.sum(logits[..., 7])
    table, bias = (tf.convert_to_tensor(g) for g in tape.gradient(loss, layer.trainable_weights))
    rows = ops.convert_to_numpy(layer.embeddings)
    np.testing.assert_allclose(table[5], rows[7], atol=1e-6)
    np.testing.assert_allclose(table[7], rows[5], atol=1e-6)
    assert bias.numpy().tolist() == [0] * 7 + [1, 0, 0]


def test_the_gradient_of_a_tied_table_costs_as_much_as_a_dense_layers() -> None:
    tf = pytest.importorskip("tensorflow")
    outputs = tf.random.normal((32, 24, 64))

    def cpu_seconds(layer: keras.Layer, **kwargs: Any) -> float:
        @tf.function
        def gradients() -> Any:
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(layer(outputs, **kwargs) ** 2)
            return tape.gradient(loss, layer.trainable_weights)

        gradients()
        seconds = []
        for _ in range(3):
            start = time.process_time()
            gradients()
            seconds.append(time.process_time() - start)
        return min(seconds)

    table = TokenEmbedding(2000, 64, tied=True)
    assert cpu_seconds(table, reverse=True) < 3 * cpu_seconds(keras.layers.Dense(2000))


def test_a_repeated_token_gets_the_sum_of_its_gradients_in_one_row() -> None:
    tf = pytest.importorskip("tensorflow")
    layer = embedding_of([[0.0], [1.0], [2.0]])
    with tf.GradientTape() as tape:
        vectors = layer(ops.convert_to_tensor([[2, 2, 1]]), training=True)
        loss = ops.sum(vectors * ops.convert_to_tensor([[[1.0], [10.0], [100.0]]]))
    gradient = tape.gradient(loss, layer.embeddings.value)
    assert isinstance(gradient, tf.Tensor)
    assert gradient.numpy().tolist() == [[0], [100], [11]]


def test_reverse_without_a_tie_says_how_to_make_it() -> None:
    with pytest.raises(ValueError, match=r"Received: `tied=False`\. Make it with `tied=True`"):
        TokenEmbedding(10, 4)(ops.ones((1, 4)), reverse=True)


def test_vectors_of_another_size_are_an_error_with_both_sizes_and_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"`units=4` .*Received: 5\. Put `keras.layers.Dense\(4\)"):
        TokenEmbedding(10, 4, tied=True)(ops.ones((1, 5)), reverse=True)


def test_token_ids_that_are_no_integers_are_an_error_with_their_dtype() -> None:
    with pytest.raises(TypeError, match=r"Received: dtype float32\..*`dtype='int32'`"):
        TokenEmbedding(10, 4)(keras.Input((None,)))


@pytest.mark.parametrize("pad_id", [-1, 10])
def test_padding_must_be_one_of_the_ids(pad_id: int) -> None:
    with pytest.raises(ValueError, match=rf"`pad_id` must be .* at most 9. Received: {pad_id}"):
        TokenEmbedding(10, 4, pad_id=pad_id)


@pytest.mark.parametrize("argument", ["vocabulary_size", "units"])
def test_sizes_must_be_positive(argument: str) -> None:
    make: Callable[..., Any] = partial(TokenEmbedding, vocabulary_size=10, units=4)
    with pytest.raises(ValueError, match=rf"`{argument}` must be .* at least 1\. Received: 0"):
        make(**{argument: 0})


@pytest.mark.parametrize("argument", ["scale", "tied"])
def test_switches_must_be_booleans(argument: str) -> None:
    make: Callable[..., Any] = partial(TokenEmbedding, 10, 4)
    with pytest.raises(TypeError, match=rf"`{argument}` must be True or False\. Received: 1"):
        make(**{argument: 1})
