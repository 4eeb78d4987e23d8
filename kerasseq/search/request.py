"""What one call of a search asks for."""

from typing import NamedTuple

from kerasseq.search.buffers import repeat, repeat_all
from kerasseq.search.live_sources import LiveSources
from kerasseq.typing import State, StepFunction, Tensor


class Request(NamedTuple):
    """What one call asks for, checked: tensors of the right type, one row a source.

    Attributes:
        step: the step function.
        state: a flat list of `(batch, ...)` tensors.
        max_lengths: `(batch,)` int32.
        source_length: scalar, the width of the attention weights.
        width: scalar, how many positions the results have, at least 1 and every row's limit.
        min_lengths: `(batch,)` int32, or None.
        source_mask: `(batch, source_length)` boolean, or None: all real.
        prefix_ids: `(batch, prefix_length)` int32, or None.
        prefix_lengths: `(batch,)` int32, or None.
        row_keys: `(batch,)` int32, or None.
        times: how many rows each source of the step has.
    """

    step: StepFunction
    state: State
    max_lengths: Tensor
    source_length: Tensor
    width: Tensor
    min_lengths: Tensor | None = None
    source_mask: Tensor | None = None
    prefix_ids: Tensor | None = None
    prefix_lengths: Tensor | None = None
    row_keys: Tensor | None = None
    times: Tensor = 1

    def repeated(self, times: int) -> "Request":
        """Returns the request with `times` rows a source, side by side."""
        rows = {name: repeat(tensor, times) for name, tensor in self._per_row().items()}
        return self._replace(state=repeat_all(self.state, times), times=times, **rows)

    def of(self, live: LiveSources) -> "Request":
        """Returns the request of some sources, their state aside, which the loop carries."""
        rows = live.narrow(self._per_row(), self.times)
        step = self.step.bind(live.prepared)  # type: ignore[attr-defined]
        return self._replace(step=step, **rows)

    def _per_row(self) -> dict[str, Tensor]:
        """The tensors that are given and have a row for each of the request's."""
        names = ("min_lengths", "source_mask", "prefix_ids", "prefix_lengths", "row_keys")
        given = {name: getattr(self, name) for name in ("max_lengths", *names)}
        return {name: tensor for name, tensor in given.items() if tensor is not None}
