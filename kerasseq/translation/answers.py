"""Tensors of a batch -> one `Translation` or `TargetScore` a row."""

import logging
from collections.abc import Iterator, Sequence

import numpy as np

from kerasseq.search.search_result import LOG_FLOOR
from kerasseq.translation.pipeline import Answers
from kerasseq.translation.translation import Alternative, TargetScore, Translation
from kerasseq.typing import Tensor

logger = logging.getLogger(__name__)


def read_translations(texts: Tensor, answers: Answers) -> Iterator[Translation]:
    """Yields the translations of a batch.

    Args:
        texts: `(batch,)` strings.
        answers: what `pipeline.translate` or `pipeline.complete` gave for them.
    """
    values = {name: tensor.numpy() for name, tensor in answers.items()}
    lengths = values["alternative_lengths"]
    for row, text in enumerate(texts.numpy()):
        source_length = int(values["source_lengths"][row])
        yield Translation(
            source=_string(text),
            truncated=bool(values["truncated"][row]),
            source_tokens=_strings(values["source_tokens"][row, :source_length]),
            alternatives=[
                _read_alternative(values, row, rank, source_length)
                for rank in range(lengths.shape[1])
                # The best is always there, be it empty; further ones may not exist.
                if rank == 0 or lengths[row, rank] > 0
            ],
        )


def _read_alternative(
    values: dict[str, np.ndarray], row: int, rank: int, source_length: int
) -> Alternative:
    length = int(values["alternative_lengths"][row, rank])
    weights = values["alternative_attention_weights"][row, rank, :length, :source_length]
    return Alternative(
        text=_string(values["alternatives"][row, rank]),
        score=float(values["alternative_scores"][row, rank]),
        finished=bool(values["alternative_finished"][row, rank]),
        target_tokens=_strings(values["alternative_tokens"][row, rank, :length]),
        # Copies: views would keep the arrays of the whole batch alive.
        token_scores=np.array(values["alternative_token_scores"][row, rank, :length]),
        attention_weights=np.array(weights),
    )


def read_scores(texts: Tensor, targets: Tensor, answers: Answers) -> Iterator[TargetScore]:
    """Yields the scores of a batch of pairs.

    Args:
        texts: `(batch,)` strings.
        targets: `(batch,)` strings.
        answers: what `pipeline.score` gave for them.
    """
    values = {name: tensor.numpy() for name, tensor in answers.items()}
    for row, (text, target) in enumerate(zip(texts.numpy(), targets.numpy(), strict=True)):
        length = int(values["lengths"][row])
        yield TargetScore(
            source=_string(text),
            target=_string(target),
            score=float(values["score"][row]),
            truncated=bool(values["truncated"][row]),
            target_tokens=_strings(values["target_tokens"][row, :length]),
            token_scores=np.array(values["token_scores"][row, :length]),
        )


def _string(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _strings(tokens: np.ndarray) -> list[str]:
    return [_string(token) for token in tokens]


def perplexity_of(scores: Sequence[TargetScore]) -> float:
    """Returns exp of the mean of -log p(token) over all tokens of given targets.

    Args:
        scores: those of the targets, at least one.

    Raises:
        ValueError: if there is none.
    """
    if not scores:
        raise ValueError("`pairs` must hold at least one pair. Received: none.")
    cut = sum(each.truncated for each in scores)
    if cut:
        logger.warning("%d of %d pairs are longer than what is read, and cut.", cut, len(scores))
    tokens = sum(len(each.target_tokens) for each in scores)
    # Many tokens would hide one that is impossible, which `LOG_FLOOR` stands for.
    if any(each.score <= LOG_FLOOR for each in scores):
        return float("inf")
    with np.errstate(over="ignore"):
        return float(np.exp(-sum(each.score for each in scores) / tokens))
