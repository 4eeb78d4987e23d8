from collections.abc import Callable
from typing import Any, ClassVar

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers.attention.distributions.distribution import Distribution
from kerasseq.layers.dropout import make_generator
from kerasseq.layers.recurrence import scan
from kerasseq.serialization import register
from kerasseq.typing import Shape, State, Tensor

TINY = 1.1754944e-38  # the smallest normal float32: its logarithm is finite


@register
class Monotonic(Distribution):
    """Attention that never goes back: each step chooses from where the last one chose onwards.

    Each position, from the last choice on, is taken with the probability `sigmoid(score + bias)`,
    else passed over; the weights are the probabilities of being the choice. Rows sum to less than
    1 where nothing may be chosen. The first step starts at the first real position.

    Args:
        mode: `"parallel"`: the expectation in closed form, for training (a choice that is very
            unlikely loses precision); `"recursive"`: the same exactly, position by position;
            `"hard"`: the first position whose score is above 0, a choice that has no gradient.
        sigmoid_noise: standard deviation of the noise on the scores in training, which makes them
            large, and the choice clear. At any other time there is none. TensorFlow only: a loop
            of JAX cannot advance a seed.
        score_bias_init: what the learnt bias of the scores starts from; below 0 the model first
            looks far ahead.
        seed: seed of the noise.

    See `Distribution` for calls.

    Raises:
        ValueError: if `mode` is unknown or `sigmoid_noise` is negative.

    Example:

    >>> scores = keras.ops.zeros((1, 1, 4))
    >>> mask = keras.ops.convert_to_tensor([[[True, True, True, False]]])
    >>> Monotonic()(scores, mask, scores).numpy().tolist()
    [[[0.5, 0.25, 0.125, 0.0]]]

    Reference:
        Raffel et al., Online and Linear-Time Attention by Enforcing Monotonic Alignments, 2017.
    """

    past_count: ClassVar[int] = 1
    sums_to_one: ClassVar[bool] = False

    def __init__(
        self,
        mode: str = "parallel",
        sigmoid_noise: float = 0.0,
        score_bias_init: float = 0.0,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        checks.check_one_of("mode", mode, tuple(_MODES))
        checks.check_number("sigmoid_noise", sigmoid_noise, minimum=0)
        checks.check_number("score_bias_init", score_bias_init)
        self.mode = mode
        self.sigmoid_noise = sigmoid_noise
        self.score_bias_init = score_bias_init
        self.seed = seed
        self.noise_layer = _Noise(sigmoid_noise, seed, name="noise")

    def build(self, scores_shape: Shape, query_shape: Shape) -> None:
        initializer = keras.initializers.Constant(self.score_bias_init)
        self.score_bias = self.add_weight((), initializer, name="score_bias")
        self.noise_layer.build(scores_shape)
        self.built = True

    def initial_past(self, mask: Tensor) -> State:
        first = ops.cumsum(ops.cast(mask, "int32"), axis=1) == 1
        return [ops.cast(ops.logical_and(mask, first), "float32")]

    def distribute(
        self, scores: Tensor, mask: Tensor, query: Tensor, past: State
    ) -> tuple[Tensor, State]:
        scores = self.noise_layer(scores + ops.cast(self.score_bias, "float32"))
        hard = self.mode == "hard"
        choice = ops.cast(scores > 0, "float32") if hard else ops.sigmoid(scores)
        weights = _MODES[self.mode](ops.where(mask, choice, 0.0), past[0])
        return weights, [weights]

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "mode": self.mode,
            "sigmoid_noise": self.sigmoid_noise,
            "score_bias_init": self.score_bias_init,
            "seed": self.seed,
        }


class _Noise(keras.layers.Layer):
    """Gaussian noise in training.

    A layer, because a nested layer that is called hears from Keras whether the layer around it
    trains: neither `distribute` nor a decoder's step has an argument for that.
    """

    def __init__(self, deviation: float, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**{"dtype": "float32", **kwargs})
        self.deviation = deviation
        self.seed_generator = make_generator(seed)

    def build(self, inputs_shape: Shape) -> None:
        self.built = True

    def call(self, inputs: Tensor, training: bool | None = None) -> Tensor:
        if not training or self.deviation == 0:
            return inputs
        noise = keras.random.normal(ops.shape(inputs), dtype="float32", seed=self.seed_generator)
        return inputs + self.deviation * noise


def _parallel(choice: Tensor, previous: Tensor) -> Tensor:
    """The paper's closed form, its divisions guarded as tfa.seq2seq guards them."""
    # The product in logarithms: its gradient divides by no factor that may be 0.
    logarithms = ops.log(ops.clip(1.0 - _before(choice), TINY, 1.0))
    passed = ops.exp(ops.cumsum(logarithms, axis=-1))  # all before it were passed over
    reached = ops.cumsum(previous / ops.clip(passed, 1e-10, 1.0), axis=-1)
    return choice * passed * reached


def _recursive(choice: Tensor, previous: Tensor) -> Tensor:
    """The definition: `weight_j = p_j q_j`, `q_j = (1 - p_{j-1}) q_{j-1} + previous_j`."""

    def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
        reached = slices[0] * state[0] + slices[1]
        return [reached], [reached]

    batch, queries, length = ops.shape(choice)

    def steps(tensor: Tensor) -> Tensor:
        return ops.transpose(ops.reshape(tensor, (batch * queries, length)))

    sequences = [steps(1.0 - _before(choice)), steps(previous)]
    nothing = ops.zeros((batch * queries,), "float32")
    (reached,), _ = scan(step, sequences, [nothing], [nothing])
    return choice * ops.reshape(ops.transpose(reached), (batch, queries, length))


def _hard(choice: Tensor, previous: Tensor) -> Tensor:
    """The first chosen position that does not stand before the one of the step before."""
    allowed = choice * ops.cumsum(previous, axis=-1)
    first = ops.cumsum(allowed, axis=-1) == 1.0
    return ops.where(first, allowed, 0.0)


def _before(choice: Tensor) -> Tensor:
    """Each position gets the value of the one before it, the first gets 0."""
    pad = [[0, 0]] * (len(choice.shape) - 1) + [[1, 0]]
    return ops.pad(choice, pad)[..., :-1]


_MODES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "parallel": _parallel,
    "recursive": _recursive,
    "hard": _hard,
}
