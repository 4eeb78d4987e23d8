"""Back from the last token of each hypothesis to its first, along the parents.

The loop of the search never moves what it has written. One walk after it finds the column that
each hypothesis has at each step; everything that was written is then gathered at once.
"""

from keras import ops

from kerasseq.search.buffers import write
from kerasseq.search.gathering import pick, take
from kerasseq.typing import Tensor


def walk_back(parents: Tensor, columns: Tensor, lengths: Tensor, steps: Tensor) -> Tensor:
    """Returns the column of every hypothesis at every step.

    Args:
        parents: `(max_length, batch, columns)` int32, the column of the step before that each
            column continues.
        columns: `(batch, n_best)` int32, where each hypothesis has its last token.
        lengths: `(batch, n_best)` int32; what stands at later positions has no meaning.
        steps: scalar int32, how many steps were taken.

    Returns:
        `(batch, n_best, max_length)` int32.
    """

    def back(position: Tensor, column: Tensor, path: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        path = write(path, position, column)
        parent = pick(take(parents, position), column)  # (batch, n_best)
        return position - 1, ops.where(position < lengths, parent, column), path

    shape = (ops.shape(parents)[0], *ops.shape(columns))
    path = ops.while_loop(
        lambda position, column, path: position >= 0,
        back,
        (steps - 1, columns, ops.zeros(shape, dtype="int32")),
    )[2]
    return ops.transpose(path, (1, 2, 0))


def gather_along(written: Tensor, path: Tensor) -> Tensor:
    """Returns what was written at the columns of a path.

    Args:
        written: `(max_length, batch, columns, ...)`.
        path: `(batch, n_best, max_length)` int32.

    Returns:
        `(batch, n_best, max_length, ...)`.
    """
    shape = ops.shape(written)
    max_length, batch, columns = shape[:3]
    position = ops.arange(max_length, dtype="int32")  # (max_length,)
    source = ops.arange(batch, dtype="int32")[:, None, None]  # (batch, 1, 1)
    places = (position * batch + source) * columns + path
    return take(ops.reshape(written, (-1, *shape[3:])), places)
