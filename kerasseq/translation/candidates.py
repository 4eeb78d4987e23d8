"""What every choice among a translator's outputs asks for: that there are several."""

from kerasseq.translation.translator import Translator


def check_candidates(translator: Translator) -> None:
    """Checks that a translator's search finds several outputs.

    Args:
        translator: what the candidates come from.

    Raises:
        ValueError: if its search gives one candidate only.
    """
    if translator.search.n_best < 2:
        raise ValueError(
            "`translator` must search for at least two candidates. Received: a search with "
            f"n_best={translator.search.n_best}. Use `translator.with_search(...)`."
        )
