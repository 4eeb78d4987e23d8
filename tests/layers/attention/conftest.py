"""The cases of the family, and `check_attention`: what every one of them holds."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
from keras import ops

from kerasseq.layers.attention import ATTENTIONS, Attention, get_attention
from kerasseq.layers.attention.distributions import DISTRIBUTIONS

Array = np.ndarray
Config = dict[str, Any]

UNITS = 8
LENGTHS, TARGET_LENGTH, SOURCE_LENGTH = (5, 3, 0), 3, 5  # the last source has nothing real

# What a member can be beside its defaults, and heads that remember.
VARIANTS: list[Config] = [
    {"name": "general", "scale": True},
    {"name": "coverage", "max_fertility": 2.0},
    {"name": "general", "distribution": {"name": "monotonic", "mode": "recursive"}},
    {
        "name": "general",
        "distribution": {"name": "monotonic", "mode": "hard", "score_bias_init": 0.3},
    },
    {"name": "multi_head", "distribution": "local_m"},
    {"name": "multi_head", "distribution": "monotonic"},
]
CONFIGS: list[Config] = [
    *({"name": name} for name in ATTENTIONS),
    *({"name": "general", "distribution": name} for name in DISTRIBUTIONS if name != "softmax"),
    *VARIANTS,
]


def describe(config: Config) -> str:
    parts = []
    for key, value in config.items():
        text = describe(value) if isinstance(value, dict) else str(value)
        parts.append(text if key in ("name", "distribution", "mode") else f"{key}={text}")
    return "-".join(parts)


CASES = {describe(config): config for config in CONFIGS}


@pytest.fixture(autouse=True)
def fixed_weights() -> None:
    """Initial weights are the same in each run: choices and windows have edges to fall off."""
    keras.utils.set_random_seed(1)


@pytest.fixture
def cases() -> dict[str, Config]:
    return CASES


@pytest.fixture(params=list(CASES.values()), ids=list(CASES))
def case(request: pytest.FixtureRequest) -> Config:
    """A plain config of an attention, one after the other through the family."""
    return request.param


@pytest.fixture
def make_attention() -> Callable[..., Attention]:
    """Makes an attention of a config, as a decoder does."""

    def make(config: Any, **options: Any) -> Attention:
        return get_attention(config, UNITS, **options)

    return make


@pytest.fixture
def make_inputs(numbers: Callable[..., Array]) -> Callable[[Config], dict[str, Array]]:
    """Query and memory for an attention; products of the two want one size for both."""

    def make(config: Config) -> dict[str, Array]:
        memory_size = UNITS if "dot" in config["name"] else UNITS - 2
        query = numbers(len(LENGTHS), TARGET_LENGTH, UNITS)
        return {"query": query, "memory": numbers(len(LENGTHS), SOURCE_LENGTH, memory_size)}

    return make


@pytest.fixture
def memory_mask(mask_of: Callable[..., Array]) -> Array:
    return mask_of(LENGTHS, SOURCE_LENGTH)


@pytest.fixture
def numpy_softmax() -> Callable[..., Array]:
    """The softmax over the last axis, written out; exactly 0 where the mask is `False`."""

    def softmax(scores: Array, mask: Any = True) -> Array:
        exponentials = np.exp(scores - scores.max(axis=-1, keepdims=True)) * mask
        total = exponentials.sum(axis=-1, keepdims=True)
        return exponentials / np.where(total > 0, total, 1)

    return softmax


@pytest.fixture
def assign() -> Callable[..., None]:
    """Sets weights by the names of their attributes."""

    def set_weights(layer: keras.layers.Layer, **values: Any) -> None:
        for name, value in values.items():
            getattr(layer, name).assign(value)

    return set_weights


@pytest.fixture
def check_attention(check_layer: Callable[..., Any]) -> Callable[..., Attention]:
    """Returns a function that asserts the contract of an attention, and gives back the attention.

    Its arguments:
        make: `make(**options)` gives a fresh attention; `dtype` is among the options.
        inputs: arrays `query` and `memory`; the dtypes and sizes are those of the contract.
        memory_mask: boolean array with a row that is all `False`.
        is_hard: whether the attention makes choices that have no gradient.
    """

    def check(
        make: Callable[..., Attention],
        inputs: dict[str, Array],
        memory_mask: Array,
        is_hard: bool = False,
    ) -> Attention:
        layer = make()
        layer.build(**{f"{name}_shape": array.shape for name, array in inputs.items()})
        hard = [weight.name for weight in layer.trainable_variables] if is_hard else []
        layer = check_layer(make, inputs, {"memory": memory_mask}, without_gradient=hard)
        contract = AttentionContract(layer, memory_mask=memory_mask, **inputs)
        contract.check_weights()
        contract.check_past()
        contract.check_one_step_at_a_time()
        contract.check_beams()
        contract.check_query()
        if keras.backend.backend() == "tensorflow":
            contract.check_gradients(is_hard)
        return layer

    return check


class AttentionContract:
    """An attention, what it attends to, and the facts that hold for it."""

    def __init__(self, layer: Attention, query: Array, memory: Array, memory_mask: Array) -> None:
        self.layer = layer
        self.query = ops.convert_to_tensor(query)
        self.memory = ops.convert_to_tensor(memory)
        self.mask = memory_mask
        self.context, self.weights = map(
            ops.convert_to_numpy, layer(self.query, self.memory, memory_mask=memory_mask)
        )

    def check_weights(self) -> None:
        real = np.broadcast_to(self.mask[:, None], self.weights.shape)
        assert np.all(self.weights >= 0)
        assert np.all(self.weights[~real] == 0), "padding is attended to"
        sums = self.weights.sum(axis=-1)
        empty = ~self.mask.any(axis=-1)
        assert empty.any()
        assert np.all(sums[empty] == 0)
        assert np.all(self.context[empty] == 0)
        if self.layer.distribution_layer.sums_to_one:
            np.testing.assert_allclose(sums[~empty], 1, atol=1e-6)
        else:
            assert np.all(sums <= 1 + 1e-6)

    def check_past(self) -> None:
        """The symbolic past has the shapes and dtypes of the real one."""
        past = self.layer.initial_past(self.layer.prepare(self.memory, self.mask))
        count = self.layer.score_past_count + self.layer.distribution_layer.past_count
        batch, source_length = self.mask.shape
        fixed = self.layer.past_spec(batch, source_length)
        free = self.layer.past_spec(None, None)
        assert len(past) == len(fixed) == len(free) == count
        for tensor, known, unknown in zip(past, fixed, free, strict=True):
            assert tuple(known.shape) == tuple(tensor.shape)
            assert known.dtype == keras.backend.standardize_dtype(tensor.dtype)
            assert len(unknown.shape) == len(tensor.shape)
            assert unknown.shape[0] is None

    def check_one_step_at_a_time(self) -> None:
        prepared = self.layer.prepare(self.memory, self.mask)
        past = self.layer.initial_past(prepared)
        everything = self.layer.attend(self.query, prepared, past)
        for time in range(self.query.shape[1]):
            context, weights, past = self.layer.attend(self.query[:, time], prepared, past)
            np.testing.assert_allclose(context, self.context[:, time], atol=1e-5)
            np.testing.assert_allclose(weights, self.weights[:, time], atol=1e-5)
        for tensor, last in zip(past, everything[2], strict=True):
            np.testing.assert_allclose(tensor, last, atol=1e-5)

    def check_beams(self) -> None:
        """Beams of a source side by side, each with a query and a past of its own."""
        prepared = self.layer.prepare(self.memory, self.mask)
        start = self.layer.initial_past(prepared)
        pasts = [start, start]
        folded = [ops.repeat(tensor, 2, axis=0) for tensor in start]
        for time in range(2):
            queries = [self.query[:, time], -0.5 * self.query[:, time + 1]]
            joined = ops.reshape(ops.stack(queries, axis=1), (-1, self.query.shape[-1]))
            *found, folded = self.layer.attend(joined, prepared, folded)
            for beam in range(2):
                *alone, pasts[beam] = self.layer.attend(queries[beam], prepared, pasts[beam])
                for one, other in zip([*found, *folded], [*alone, *pasts[beam]], strict=True):
                    np.testing.assert_allclose(one[beam::2], other, atol=1e-5)

    def check_query(self) -> None:
        """What is attended to depends on the query, already at the first step."""
        prepared = self.layer.prepare(self.memory, self.mask)
        past = self.layer.initial_past(prepared)
        one = self.layer.attend(self.query[:, 0], prepared, past)[1]
        other = self.layer.attend(-self.query[:, 0], prepared, past)[1]
        differs = ops.convert_to_numpy(ops.abs(one - other)).max(axis=-1)
        assert np.any(differs[self.mask.any(axis=-1)] > 1e-3), "the query changes nothing"

    def check_gradients(self, is_hard: bool) -> None:
        """Finite for all that the weights come from, and none is cut off from the query."""
        import tensorflow as tf

        sources = [self.query, self.memory, *self.layer.trainable_variables]
        sources = [tf.convert_to_tensor(each) for each in sources[:2]] + sources[2:]
        with tf.GradientTape() as tape:
            tape.watch(sources[:2])
            _, weights = self.layer(*sources[:2], memory_mask=self.mask)
            factors = np.cos(np.arange(self.weights.size)).reshape(self.weights.shape)
            total = tf.reduce_sum(weights * factors.astype("float32"))
        variables = sources[:2] + [each.value for each in sources[2:]]
        gradients = tape.gradient(total, variables)
        assert all(np.all(np.isfinite(each)) for each in gradients if each is not None)
        if not is_hard:
            real = self.mask.any(axis=-1)
            assert np.all(np.abs(gradients[0].numpy()[real]).max(axis=(1, 2)) > 1e-6)
