"""The contract, over the whole family: what is added to it is covered by itself."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import (
    ATTENTIONS,
    AdditiveAttention,
    Attention,
    GeneralAttention,
    MultiHeadAttention,
    get_attention,
)
from kerasseq.layers.attention.distributions import DISTRIBUTIONS, Softmax

Array = np.ndarray
Config = dict[str, Any]


def test_each_attention_holds_the_contract(
    case: Config,
    make_attention: Callable[..., Attention],
    make_inputs: Callable[..., dict[str, Array]],
    memory_mask: Array,
    check_attention: Callable[..., Attention],
) -> None:
    distribution = case.get("distribution")
    is_hard = isinstance(distribution, dict) and distribution.get("mode") == "hard"
    check_attention(
        lambda **options: make_attention(case, **options), make_inputs(case), memory_mask, is_hard
    )


def test_a_graph_with_unknown_batch_and_lengths_gives_the_eager_numbers(
    cases: dict[str, Config],
    make_attention: Callable[..., Attention],
    make_inputs: Callable[..., dict[str, Array]],
    memory_mask: Array,
) -> None:
    """All members in one trace, which is what takes the time."""
    tf = pytest.importorskip("tensorflow")
    if keras.backend.backend() != "tensorflow":
        pytest.skip("a graph of TensorFlow")
    given = {name: [*make_inputs(config).values(), memory_mask] for name, config in cases.items()}
    members = {name: make_attention(config) for name, config in cases.items()}
    eager = {
        name: members[name](*arrays[:2], memory_mask=arrays[2]) for name, arrays in given.items()
    }
    signature = {
        name: [tf.TensorSpec([None] * 2 + list(each.shape[2:]), each.dtype) for each in arrays]
        for name, arrays in given.items()
    }

    @tf.function(input_signature=[signature])
    def attend(inputs: Any) -> Any:
        return {
            name: members[name](*each[:2], memory_mask=each[2]) for name, each in inputs.items()
        }

    graph = attend(keras.tree.map_structure(tf.convert_to_tensor, given))
    for name in cases:
        for one, other in zip(graph[name], eager[name], strict=True):
            np.testing.assert_allclose(one, other, atol=1e-5, err_msg=name)


def test_an_empty_batch_or_source_gives_an_empty_answer(
    case: Config, make_attention: Callable[..., Attention]
) -> None:
    attention = make_attention(case)
    for batch, source_length in [(0, 5), (2, 0)]:
        memory = ops.zeros((batch, source_length, 8))
        context, weights = attention(ops.zeros((batch, 4, 8)), memory)
        assert tuple(weights.shape) == (batch, 4, source_length)
        np.testing.assert_array_equal(context, np.zeros((batch, 4, 8)))


def test_without_a_mask_all_is_real(
    case: Config,
    make_attention: Callable[..., Attention],
    make_inputs: Callable[..., dict[str, Array]],
) -> None:
    inputs = make_inputs(case)
    attention = make_attention(case)
    given = attention(**inputs, memory_mask=np.ones(inputs["memory"].shape[:2], bool))
    for one, other in zip(attention(**inputs), given, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


@pytest.mark.parametrize("dtype", ["mixed_bfloat16", "mixed_float16"])
def test_in_half_precision_a_call_reads_the_weights_that_a_step_reads(
    dtype: str,
    case: Config,
    make_attention: Callable[..., Attention],
    make_inputs: Callable[..., dict[str, Array]],
    memory_mask: Array,
) -> None:
    """Keras rounds weights within `call`, and search attends outside of it."""
    attention = make_attention(case, dtype=dtype)
    inputs = keras.tree.map_structure(ops.convert_to_tensor, make_inputs(case))
    attention.build(inputs["query"].shape, inputs["memory"].shape)
    for weight in attention.trainable_variables:  # nothing that half precision can hold
        weight.assign(
            weight + 0.3 * np.sin(np.arange(np.prod(weight.shape)) + 1).reshape(weight.shape)
        )
    context, weights = attention(**inputs, memory_mask=memory_mask)
    prepared = attention.prepare(inputs["memory"], memory_mask)
    found = attention.attend(inputs["query"], prepared, attention.initial_past(prepared))
    np.testing.assert_array_equal(found[1], weights)
    np.testing.assert_array_equal(ops.cast(found[0], "float32"), ops.cast(context, "float32"))


def test_the_mask_of_the_query_goes_on_to_the_context_alone(numbers: Callable[..., Array]) -> None:
    query = keras.layers.Masking()(numbers(2, 3, 4) * np.array([1, 1, 0])[:, None])
    context, weights = GeneralAttention()(query, numbers(2, 5, 4))
    assert np.array_equal(context._keras_mask, [[1, 1, 0]] * 2)
    assert getattr(weights, "_keras_mask", None) is None


@pytest.mark.parametrize("name", ATTENTIONS)
def test_kernels_of_one_shape_start_apart(name: str) -> None:
    """One initializer object gives weights of one shape the same numbers: W would equal U."""
    attention = get_attention(name, 8)
    attention.build((None, None, 8), (None, None, 8))
    kernels = [each for each in attention.weights if "kernel" in each.name]
    for index, kernel in enumerate(kernels):
        for other in kernels[index + 1 :]:
            assert kernel.shape != other.shape or np.any(kernel.numpy() != other.numpy())


def test_scores_are_chosen_by_name_config_or_object() -> None:
    assert isinstance(get_attention("general", 8), GeneralAttention)
    named = get_attention("additive", 8)
    assert isinstance(named, AdditiveAttention)
    assert named.units == 8
    plain = get_attention({"name": "multi_head", "num_heads": 2, "units": 6}, 8)
    assert isinstance(plain, MultiHeadAttention)
    assert (plain.units, plain.num_heads) == (6, 2)
    config = keras.saving.serialize_keras_object(plain)
    again = get_attention(config, 8)
    assert again.get_config() == plain.get_config()
    assert get_attention(again, 8) is again


def test_distributions_are_chosen_by_name_config_or_object() -> None:
    named = GeneralAttention(distribution="sparsemax")
    assert type(named.distribution_layer) is DISTRIBUTIONS["sparsemax"]
    plain = GeneralAttention(distribution={"name": "softmax", "temperature": 2.0})
    assert plain.distribution_layer.temperature == 2.0
    given = Softmax(temperature=3.0)
    attention = GeneralAttention(distribution=given)
    assert attention.distribution_layer is given
    again = GeneralAttention.from_config(attention.get_config())
    assert again.distribution_layer.temperature == 3.0


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    names = ", ".join(repr(name) for name in sorted(ATTENTIONS))
    with pytest.raises(ValueError, match=rf"`attention` must be one of {names},.*'aditive'"):
        get_attention("aditive", 8)
    names = ", ".join(repr(name) for name in sorted(DISTRIBUTIONS))
    with pytest.raises(ValueError, match=rf"`distribution` must be one of {names},.*'hardmax'"):
        GeneralAttention(distribution="hardmax")


def test_what_needs_no_step_before_is_attended_at_once() -> None:
    at_once = {
        name: GeneralAttention(distribution=name).attends_at_once for name in sorted(DISTRIBUTIONS)
    }
    remembers = [name for name, value in at_once.items() if not value]
    assert remembers == ["monotonic"]
    assert not get_attention("coverage", 8).attends_at_once
    assert not get_attention(
        {"name": "location_aware", "distribution": "local_m"}, 8
    ).attends_at_once
    assert get_attention({"name": "multi_head", "distribution": "local_m"}, 8).attends_at_once
