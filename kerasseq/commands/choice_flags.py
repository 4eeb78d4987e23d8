"""The flags that say what of its outputs a translator answers: how they begin, which is chosen."""

import argparse
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from kerasseq.commands.loading import load_translator
from kerasseq.commands.process import UsageError, real_text

if TYPE_CHECKING:
    from kerasseq import Translation, Translator

WAYS = ("prefix", "minimum_bayes_risk", "rerank_with")
CHOICES = (*WAYS, "rerank_weight", "rerank_backwards")


def add_choice_flags(group: argparse._ArgumentGroup) -> None:
    """Adds the flags; without any, the search's best output is the answer.

    Args:
        group: where to.
    """
    add = group.add_argument
    add("--prefix", metavar="TEXT", help="how each output must begin")
    add(
        "--minimum_bayes_risk",
        choices=("even", "probability"),
        help="choose the output that agrees best with the other --n_best ones, by chrF: each "
        "counts the same (for sampling) or by its probability (for beam)",
    )
    add(
        "--rerank_with",
        metavar="FILE",
        help="order the --n_best outputs by the log probability that this model gives them too",
    )
    add(
        "--rerank_weight",
        type=float,
        metavar="X",
        help="how much that model counts beside --model (1)",
    )
    add(
        "--rerank_backwards",
        action="store_true",
        default=None,
        help="that model reads the other way round: it scores the source given the output",
    )


def choosing(
    translator: "Translator", arguments: argparse.Namespace
) -> 'Callable[[Sequence[str], int], list["Translation"]]':
    """Returns what translates, begins and chooses as the flags say.

    Args:
        translator: with its search as it is wanted.
        arguments: the parsed flags.

    Raises:
        UsageError: if flags exclude each other.
        ValueError: if there is nothing to choose from.
    """
    _check_choice(translator, arguments)
    if arguments.prefix is not None:
        begin = real_text(arguments.prefix)
        return lambda texts, size: translator.complete(texts, [begin] * len(texts), size)
    if arguments.minimum_bayes_risk is not None:
        from kerasseq.translation import MinimumBayesRisk

        return MinimumBayesRisk(translator, arguments.minimum_bayes_risk)
    if arguments.rerank_with is not None:
        from kerasseq.translation import Reranker

        weight = 1.0 if arguments.rerank_weight is None else arguments.rerank_weight
        judge = load_translator(arguments.rerank_with)
        return Reranker(translator, judge, weight, bool(arguments.rerank_backwards))
    return translator


def _check_choice(translator: "Translator", arguments: argparse.Namespace) -> None:
    """Refuses choices that exclude each other, or have nothing to choose from."""
    given = [name for name in WAYS if getattr(arguments, name) is not None]
    if len(given) > 1:
        raise UsageError(f"--{given[0]} and --{given[1]} exclude each other.")
    if given and given != ["prefix"] and translator.search.n_best < 2:
        raise ValueError(f"--{given[0]} chooses among outputs: --n_best must be above 1.")
    for name in ("rerank_weight", "rerank_backwards"):
        if getattr(arguments, name) is not None and arguments.rerank_with is None:
            raise ValueError(f"--{name} belongs to --rerank_with.")
