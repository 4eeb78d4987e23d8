"""Scheduled sampling: training that now and then reads the network's own token."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.layers import TokenEmbedding
from kerasseq.layers.dropout import make_generator
from kerasseq.layers.recurrence import scan
from kerasseq.models.graph import layers_within
from kerasseq.models.parts import Parts
from kerasseq.models.search_step import bind_step
from kerasseq.typing import State, Tensor


class ScheduledSampling:
    """How often a network in training reads its own token, and the draws that decide it.

    At each position but the first the token of the data is replaced, with a probability of `rate`,
    by one drawn from what the network says of that position after it has read the positions
    before, replaced ones included. A first run of the steps, one after another, draws the tokens;
    the network's graph then runs over them as over any target. No gradient flows through a draw
    (nor does it in Bengio et al. 2015), so the gradient is the one that a single run would give.
    The tokens are drawn as in inference: the first run drops nothing.

    Args:
        rate: a number, or a function of the number of updates made so far.
        seed: seed of the draws.

    Reference:
        Bengio et al., Scheduled Sampling for Sequence Prediction with Recurrent Neural
        Networks, 2015.
    """

    def __init__(self, rate: Any, seed: int | None) -> None:
        self.rate = rate
        self.seed_generator = make_generator(seed)

    def rate_after(self, optimizer: Any) -> Tensor | float:
        """Returns the rate after the updates that an optimizer has made so far.

        Args:
            optimizer: what counts the updates; without one, none were made.

        Raises:
            ValueError: if the rate is a function and the backend's `fit` hides the count.
        """
        if not callable(self.rate):
            return self.rate
        if keras.backend.backend() == "jax":
            # It would be read once, while the step is traced, and stand still.
            raise ValueError(
                "On JAX, `scheduled_sampling` must be a number: Keras' training step there does "
                "not pass the optimizer's count of updates to the network. "
                f"Received: {self.rate!r}."
            )
        return self.rate(0 if optimizer is None else optimizer.iterations)

    def replace(
        self, parts: Parts, source_ids: Tensor, target_ids: Tensor, rate: Tensor | float
    ) -> Tensor:
        """Returns `target_ids` with some tokens replaced by the network's own.

        Args:
            parts: the parts of the network.
            source_ids: `(batch, source_length)` integers.
            target_ids: `(batch, target_length)` integers.
            rate: the probability of reading the network's own token.

        Returns:
            `(batch, target_length)`, of the dtype of `target_ids`.
        """
        batch, length = ops.shape(target_ids)[0], ops.shape(target_ids)[1]
        # Drawn before the loop: a seed generator cannot be advanced within one.
        draws = keras.random.uniform((2, length, batch), dtype="float32", seed=self.seed_generator)
        is_own = draws[0] < ops.cast(rate, "float32")
        return _replace(parts, source_ids, target_ids, is_own, draws[1])


def _replace(
    parts: Parts, source_ids: Tensor, target_ids: Tensor, is_own: Tensor, uniforms: Tensor
) -> Tensor:
    """The loop over positions; `is_own` and `uniforms` are `(target_length, batch)`."""
    run_step, state, _ = bind_step(parts, source_ids, ops.shape(target_ids)[1])
    padding = _padding_ids(parts.target)
    targets = ops.transpose(target_ids)  # (target_length, batch)
    first = targets[0]

    def step(slices: list[Tensor], state: State) -> tuple[list[Tensor], State]:
        token_ids, replaces, uniform = slices
        log_probabilities, later, _ = run_step(state[0], state[1:])
        own = ops.cast(draw_tokens(log_probabilities, uniform), token_ids.dtype)
        # Padding stays what it is, and nothing real becomes padding: masks are made of the ids.
        for pad_id in padding:
            replaces = replaces & (token_ids != pad_id) & (own != pad_id)
        token_ids = ops.where(replaces, own, token_ids)
        return [token_ids], [token_ids, *later]

    # The first position is the start token, and the step after the last is not needed.
    (replaced,), _ = scan(step, [targets[1:], is_own[1:], uniforms[1:]], [first, *state], [first])
    return ops.transpose(ops.concatenate([ops.expand_dims(first, 0), replaced], axis=0))


def _padding_ids(target: keras.Model) -> set[int]:
    """The token ids that the embedding of the target masks."""
    ids = set()
    for layer in layers_within(target):
        if isinstance(layer, TokenEmbedding):
            ids.add(layer.pad_id)
        elif isinstance(layer, keras.layers.Embedding) and layer.mask_zero:
            ids.add(0)
    return ids


def draw_tokens(log_probabilities: Tensor, uniforms: Tensor) -> Tensor:
    """Draws one token a row: the first whose cumulated probability exceeds the row's number.

    Args:
        log_probabilities: `(rows, vocabulary_size)`.
        uniforms: `(rows,)` numbers in [0, 1).

    Returns:
        `(rows,)` int32.
    """
    cumulated = ops.cumsum(ops.exp(log_probabilities), axis=-1)
    # The last sum is not exactly 1, and rounding could carry the product to it.
    reached = cumulated <= ops.expand_dims(uniforms, -1) * cumulated[:, -1:]
    drawn = ops.sum(ops.cast(reached, "int32"), axis=-1)
    return ops.minimum(drawn, log_probabilities.shape[-1] - 1)


def read_rate(rate: Any) -> Any:
    """Returns the number or function that a `scheduled_sampling` argument stands for.

    Args:
        rate: a number between 0 and 1, a function of the number of updates, or the config of one
            as from `keras.saving.serialize_keras_object`.

    Raises:
        TypeError, ValueError: if it is none of these.
    """
    if isinstance(rate, Mapping) and "class_name" in rate:
        rate = keras.saving.deserialize_keras_object(dict(rate))
    if not callable(rate):
        hint = "a number, a function of the number of updates, or the config of one"
        if isinstance(rate, (str, Mapping)) or rate is None:
            raise TypeError(f"`scheduled_sampling` must be {hint}. Received: {rate!r}.")
        checks.check_probability("scheduled_sampling", rate)
    return rate
