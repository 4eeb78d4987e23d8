"""Several models as one: their step functions combined into a step function."""

from collections.abc import Callable, Sequence
from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.search.shared_states import can_share
from kerasseq.typing import SharedStates, State, StepFunction, Tensor


def _mean_of_probabilities(log_probabilities: Tensor) -> Tensor:
    """`(models, rows, vocabulary_size)` to `(rows, vocabulary_size)`, without underflow."""
    largest = ops.max(log_probabilities, axis=0)
    largest = ops.where(largest > float("-inf"), largest, 0.0)
    mean = ops.mean(ops.exp(log_probabilities - largest), axis=0)
    return largest + ops.log(mean)


def _mean_of_log_probabilities(log_probabilities: Tensor) -> Tensor:
    """`(models, rows, vocabulary_size)` to `(rows, vocabulary_size)`, normalised again."""
    return ops.log_softmax(ops.mean(log_probabilities, axis=0))


MEANS: dict[str, Callable[[Tensor], Tensor]] = {
    "probabilities": _mean_of_probabilities,
    "log_probabilities": _mean_of_log_probabilities,
}


def ensemble_step(
    steps: Sequence[StepFunction], states: Sequence[State], mean: str = "probabilities"
) -> tuple[StepFunction, State]:
    """Returns one step function and its state from those of several models.

    The models must share the target vocabulary and read the same source. What a search records
    are the log probabilities of the ensemble; its attention weights are the mean of those models
    that attend.

    Args:
        steps: a step function a model.
        states: a flat list of `(batch, ...)` tensors a model.
        mean: `"probabilities"`: a token is as likely as the models find on average; one that is
            sure carries it. `"log_probabilities"`: the geometric mean, normalised again; one that
            objects prevents it.

    Returns:
        `(step, state)` for a search; the state is the states of the models, one after the other.

    Raises:
        ValueError: if there is no model, or not one state a model, or no such mean.
    """
    checks.check_one_of("mean", mean, MEANS)
    if not steps or len(steps) != len(states):
        raise ValueError(
            "`steps` and `states` must have one member a model, and at least one. "
            f"Received: {len(steps)} steps, {len(states)} states."
        )
    step = _EnsembleStep(steps, [len(state) for state in states], mean)
    return step, [tensor for state in states for tensor in state]


class _EnsembleStep:
    """A step of several models; their sources can be left out if each model says how."""

    def __init__(self, steps: Sequence[StepFunction], sizes: Sequence[int], mean: str) -> None:
        self.steps = steps
        self.sizes = sizes
        self.mean = mean
        parts = [getattr(step, "prepared", None) for step in steps]
        known = [part for part in parts if part is not None]
        if len(known) == len(parts):
            self.prepared_sizes = [len(part) for part in known]
            self.prepared = [tensor for part in known for tensor in part]

    def bind(self, prepared: list[Tensor]) -> "_EnsembleStep":
        parts = _split(prepared, self.prepared_sizes)
        steps = [step.bind(part) for step, part in zip(self.steps, parts, strict=True)]  # type: ignore[attr-defined]
        return _EnsembleStep(steps, self.sizes, self.mean)

    @property
    def shares_states(self) -> bool:
        return any(map(can_share, self.steps))

    def sharing(self, shared: SharedStates) -> "_EnsembleStep":
        steps: list[Any] = [
            step.sharing(shared) if can_share(step) else step  # type: ignore[attr-defined]
            for step in self.steps
        ]
        return _EnsembleStep(steps, self.sizes, self.mean)

    def __call__(self, token_ids: Tensor, state: State) -> tuple[Tensor, State, Tensor]:
        log_probabilities, after, attention_weights = [], [], []
        for step, own_state in zip(self.steps, _split(state, self.sizes), strict=True):
            own, new_state, weights = step(token_ids, own_state)
            log_probabilities.append(ops.cast(own, "float32"))
            attention_weights.append(ops.cast(weights, "float32"))
            after.extend(new_state)
        combined = MEANS[self.mean](ops.stack(log_probabilities))
        return combined, after, _mean_of_those_that_attend(ops.stack(attention_weights))


def _mean_of_those_that_attend(attention_weights: Tensor) -> Tensor:
    """`(models, rows, source_length)` to `(rows, source_length)`.

    The weights of a model without attention are zeros, which would make the others' smaller.
    """
    attends = ops.any(attention_weights > 0, axis=-1, keepdims=True)
    count = ops.sum(ops.cast(attends, "float32"), axis=0)
    return ops.sum(attention_weights, axis=0) / ops.maximum(count, 1.0)


def _split(state: State, sizes: Sequence[int]) -> list[State]:
    starts = [sum(sizes[:model]) for model in range(len(sizes))]
    return [state[start : start + size] for start, size in zip(starts, sizes, strict=True)]
