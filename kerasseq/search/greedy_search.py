"""The likeliest token at every step."""

from kerasseq.search.paths import follow
from kerasseq.search.request import Request
from kerasseq.search.search import Search
from kerasseq.search.search_result import SearchResult
from kerasseq.serialization import register


@register
class GreedySearch(Search):
    """Takes the likeliest token at every step: the fastest search, and beam search of one beam.

    Of equally likely tokens the lower id wins.

    Args:
        length_limits: see `Search`.
        constraints: see `Search`.
        start_id: see `Search`.
        end_id: see `Search`.
        pad_id: see `Search`.

    Call arguments:
        As of `Search`.

    Returns:
        A `SearchResult` of one hypothesis a source.

    Example:

    >>> table = np.log([[0.1, 0.6, 0.1, 0.2], [0.1, 0.1, 0.1, 0.7], [0.1, 0.8, 0.05, 0.05]])
    >>> def step(token_ids, state):  # 2 starts, 3 ends
    ...     log_probabilities = keras.ops.take(table, token_ids, axis=0)
    ...     return log_probabilities, state, keras.ops.zeros_like(log_probabilities[:, :1])
    >>> result = GreedySearch()(step, [], max_lengths=[5], source_length=1)
    >>> keras.ops.convert_to_numpy(result.token_ids).tolist()
    [[[1, 3, 0, 0, 0]]]
    """

    n_best = 1

    def search(self, request: Request) -> SearchResult:
        """Returns one hypothesis a source."""
        return follow(
            request,
            lambda ranking, given: ranking.best(1),
            self.rules(request),
            self.start_id,
            self.pad_id,
            best_only=True,
        )
