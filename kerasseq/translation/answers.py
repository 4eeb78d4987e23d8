"""Tensors of a batch -> one `Translation` or `TargetScore` a row."""

from collections.abc import Iterator

import numpy as np

from kerasseq.translation.pipeline import Answers
from kerasseq.translation.translation import Alternative, TargetScore, Translation
from kerasseq.typing import Tensor


def read_translations(texts: Tensor, answers: Answers) -> Iterator[Translation]:
    """Yields the translations of a batch.

    Args:
        texts: `(batch,)` strings.
        answers: what `pipeline.translate` or `pipeline.complete` gave for them.
    """
    values = {name: tensor.numpy() for name, tensor in answers.items()}
    for row, text in enumerate(texts.numpy()):
        source_length = int(values["source_lengths"][row])
        target_length = int(values["target_lengths"][row])
        alternatives = [
            Alternative(_string(output), float(score))
            for output, score in zip(
                values["alternatives"][row], values["alternative_scores"][row], strict=True
            )
        ]
        yield Translation(
            source=_string(text),
            text=alternatives[0].text,
            score=alternatives[0].score,
            finished=bool(values["finished"][row]),
            truncated=bool(values["truncated"][row]),
            alternatives=alternatives,
            source_tokens=_strings(values["source_tokens"][row, :source_length]),
            target_tokens=_strings(values["target_tokens"][row, :target_length]),
            # A copy: a view would keep the weights of the whole batch alive.
            attention_weights=np.array(
                values["attention_weights"][row, :target_length, :source_length]
            ),
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
