"""What a hypothesis may say, given what it has said: rules that change rankings only.

Every rule maps `(rows, vocabulary_size)` log probabilities to others of that shape, where a
forbidden token ranks at `LOG_ZERO`. What is recorded stays the model's own number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import keras
from keras import ops

from kerasseq import checks
from kerasseq.search.gathering import take
from kerasseq.search.search_result import LOG_ZERO
from kerasseq.serialization import register
from kerasseq.typing import Tensor

VocabularyMask = Callable[[Tensor, Tensor], Tensor]


@register
class Constraints:
    """Repetition, banned tokens and a vocabulary mask; a rule that is off costs nothing.

    A forced target prefix wins over all of them. A row that no token may continue is cut off
    there: `finished` is False.

    Args:
        no_repeat_ngram_size: no n-gram of this size occurs twice in an output (Paulus et al.
            2017 use 3); 0 is off.
        repetition_penalty: the log probability of every token that the output already has is
            multiplied by it (Keskar et al. 2019 use 1.2); above 1 repeats less, 1 is off.
            Nothing is renormalised.
        banned_ids: ids that are never chosen: `[unknown_id]` makes outputs without unknowns.
        vocabulary_mask: `mask(token_ids, length) -> allowed` for grammars and word lists.
            `token_ids` is `(rows, max_length)` int32, of which the first `length` (a scalar
            tensor) columns are chosen, the rest padding; `allowed` is boolean,
            `(rows, vocabulary_size)` or `(vocabulary_size,)`. It must be made of `keras.ops` and
            treat each row alone. To be saved it must be a function, or an object of a class with
            `get_config`, that is registered with Keras.

    Raises:
        ValueError, TypeError: if an argument is out of range, or `vocabulary_mask` no function.

    Example:

    >>> constraints = Constraints(no_repeat_ngram_size=3, banned_ids=[1])
    >>> constraints.get_config()["banned_ids"]
    [1]

    Reference:
        Paulus et al. 2017, "A Deep Reinforced Model for Abstractive Summarization", 2.5;
        Keskar et al. 2019, "CTRL", 4.1 (there on logits; log probabilities are never positive,
        so that the sign needs no case).
    """

    def __init__(
        self,
        no_repeat_ngram_size: int = 0,
        repetition_penalty: float = 1.0,
        banned_ids: Sequence[int] = (),
        vocabulary_mask: VocabularyMask | Mapping[str, Any] | None = None,
    ) -> None:
        checks.check_integer("no_repeat_ngram_size", no_repeat_ngram_size, minimum=0)
        checks.check_positive("repetition_penalty", repetition_penalty)
        if not isinstance(banned_ids, Iterable):
            raise TypeError(
                f"`banned_ids` must be a sequence of integers. Received: {banned_ids!r}."
            )
        banned_ids = tuple(banned_ids)
        for banned_id in banned_ids:
            checks.check_integer("banned_ids", banned_id, minimum=0)
        if isinstance(vocabulary_mask, Mapping):
            vocabulary_mask = keras.saving.deserialize_keras_object(dict(vocabulary_mask))
        if vocabulary_mask is not None and not callable(vocabulary_mask):
            raise TypeError(
                "`vocabulary_mask` must be a function of (token_ids, length) or None. "
                f"Received: {vocabulary_mask!r}."
            )
        self.no_repeat_ngram_size = int(no_repeat_ngram_size)
        self.repetition_penalty = float(repetition_penalty)
        self.banned_ids = [int(banned_id) for banned_id in banned_ids]
        self.vocabulary_mask = vocabulary_mask

    @property
    def reads_history(self) -> bool:
        """Whether a rule looks at the tokens chosen so far: else a beam need not carry them."""
        return bool(
            self.no_repeat_ngram_size or self.repetition_penalty != 1.0 or self.vocabulary_mask
        )

    @property
    def active(self) -> bool:
        """Whether any rule is on."""
        return self.reads_history or len(self.banned_ids) > 0

    def __call__(
        self, log_probabilities: Tensor, history: Tensor | None, position: Tensor
    ) -> Tensor:
        """Returns what the tokens rank at.

        Args:
            log_probabilities: `(rows, vocabulary_size)` float32.
            history: `(rows, max_length)` int32, the tokens chosen so far; None if no rule
                `reads_history`.
            position: scalar int32, how many those are.
        """
        ranking = log_probabilities
        if self.repetition_penalty != 1.0:
            said = said_before(history, position, ops.shape(ranking))
            ranking = ops.where(said, ranking * self.repetition_penalty, ranking)
        if self.no_repeat_ngram_size:
            repeats = would_repeat(history, position, self.no_repeat_ngram_size, ops.shape(ranking))
            ranking = ops.where(repeats, LOG_ZERO, ranking)
        if self.vocabulary_mask is not None:
            allowed = checked_mask(self.vocabulary_mask(history, position), ranking.shape[-1])
            ranking = ops.where(allowed, ranking, LOG_ZERO)
        if len(self.banned_ids):
            ranking = ops.where(is_any_of(self.banned_ids, ranking), LOG_ZERO, ranking)
        return ranking

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments.

        Raises:
            ValueError: if `vocabulary_mask` is not registered with Keras.
        """
        return {
            "no_repeat_ngram_size": self.no_repeat_ngram_size,
            "repetition_penalty": self.repetition_penalty,
            "banned_ids": list(self.banned_ids),
            "vocabulary_mask": _serialized(self.vocabulary_mask),
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Constraints":
        """Returns the constraints of a config."""
        return cls(**config)


def said_before(history: Tensor, position: Tensor, shape: tuple[Any, ...]) -> Tensor:
    """Returns which tokens of the vocabulary the first `position` columns hold.

    Args:
        history: `(rows, max_length)` int32.
        position: scalar int32.
        shape: `(rows, vocabulary_size)`, the shape of the boolean answer.
    """
    chosen = ops.arange(ops.shape(history)[1], dtype="int32") < position  # (max_length,)
    return _at_tokens(history, ops.broadcast_to(chosen, ops.shape(history)), shape)


def would_repeat(history: Tensor, position: Tensor, size: int, shape: tuple[Any, ...]) -> Tensor:
    """Returns which tokens would complete an n-gram of `size` that the history already has.

    Args:
        history: `(rows, max_length)` int32, its first `position` columns are chosen.
        position: scalar int32.
        size: n.
        shape: `(rows, vocabulary_size)`, the shape of the boolean answer.
    """
    places = ops.arange(ops.shape(history)[1], dtype="int32")  # where the n-gram's last token is
    matches = (places >= size - 1) & (places < position)  # (max_length,)
    matches = ops.broadcast_to(matches, ops.shape(history))
    for back in range(1, size):
        # Out of range only while the output is shorter than n, when nothing can match.
        recent = take(history, ops.maximum(position - back, 0)[None], axis=1)  # (rows, 1)
        matches = matches & (ops.roll(history, back, axis=1) == recent)
    return _at_tokens(history, matches, shape)


def checked_mask(allowed: Any, size: int | None) -> Tensor:
    """Returns what a vocabulary mask gave.

    Args:
        allowed: what it gave.
        size: of the vocabulary, if it is known.

    Raises:
        TypeError: if that is not boolean: numbers would be taken for the contrary of what an
            additive mask says.
        ValueError: if it has not as many columns as the vocabulary has tokens.
    """
    if allowed is not None:
        allowed = ops.convert_to_tensor(allowed)
    dtype = None if allowed is None else keras.backend.standardize_dtype(allowed.dtype)
    if allowed is None or dtype != "bool":
        raise TypeError(
            "`vocabulary_mask` must return a boolean tensor, True where a token is allowed. "
            f"Received: {dtype}."
        )
    shape = tuple(allowed.shape)
    if len(shape) > 2 or (shape and size and shape[-1] not in (None, 1, size)):
        raise ValueError(
            "`vocabulary_mask` must return (rows, vocabulary_size) or (vocabulary_size,) booleans. "
            f"Received: shape {shape}, for a vocabulary of {size}."
        )
    return allowed


def is_any_of(ids: Sequence[int], ranking: Tensor) -> Tensor:
    """Returns `(1, vocabulary_size)`, True at `ids`; ids beyond the vocabulary are nowhere."""
    vocabulary = ops.arange(ops.shape(ranking)[-1], dtype="int32")
    banned = ops.convert_to_tensor(list(ids), dtype="int32")
    return ops.any(vocabulary[None, :, None] == banned, axis=-1)


def _at_tokens(token_ids: Tensor, chosen: Tensor, shape: tuple[Any, ...]) -> Tensor:
    """Returns `shape` booleans, True at `(row, token_ids[row, i])` wherever `chosen[row, i]`."""
    rows = ops.arange(ops.shape(token_ids)[0], dtype="int32")[:, None]
    places = ops.stack([ops.broadcast_to(rows, ops.shape(token_ids)), token_ids], axis=-1)
    return ops.scatter(places, ops.cast(chosen, "int32"), shape) > 0


def _serialized(vocabulary_mask: Any) -> Any:
    if vocabulary_mask is None:
        return None
    is_function = hasattr(vocabulary_mask, "__name__")
    named = vocabulary_mask if is_function else type(vocabulary_mask)
    name = keras.saving.get_registered_name(named)
    registered = keras.saving.get_registered_object(name) is named
    if not registered or not (is_function or hasattr(vocabulary_mask, "get_config")):
        raise ValueError(
            "`vocabulary_mask` must be registered with Keras to be saved. "
            f"Received: {named.__qualname__}. Put "
            '`@keras.saving.register_keras_serializable("my_package")` above a function, '
            "or above a class with `get_config`, and pass that."
        )
    return keras.saving.serialize_keras_object(vocabulary_mask)
