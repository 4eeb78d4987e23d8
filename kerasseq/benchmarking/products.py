"""Which matrix products the reference work consists of, for `floor.py` to run."""

from typing import NamedTuple

from kerasseq.benchmarking.reference import Reference


class Product(NamedTuple):
    """`(rows, inner)` times `(inner, columns)`; with `batch`, so many of them side by side."""

    rows: int
    inner: int
    columns: int
    batch: int | None = None


class Phase(NamedTuple):
    """Products that are repeated in turn for a number of steps."""

    steps: int
    products: tuple[Product, ...]


class Shape(NamedTuple):
    """The shape of a batch.

    Attributes:
        batch: sources.
        source_length: width of the sources.
        target_length: width of the targets, or the steps of a search.
    """

    batch: int
    source_length: int
    target_length: int


def encoder_phases(reference: Reference, shape: Shape) -> list[Phase]:
    """Returns the products of encoder and keys."""
    size, units = reference.embedding_units, reference.encoder_units
    positions = shape.batch * shape.source_length
    direction = Product(shape.batch, units, 4 * units)
    return [
        Phase(1, (Product(positions, size, 8 * units),)),
        Phase(shape.source_length, (direction, direction)),
        Phase(1, (Product(positions, 2 * units, reference.decoder_units),)),
    ]


def training_phases(reference: Reference, shape: Shape, input_feeding: bool) -> list[Phase]:
    """Returns the forward products of a training step."""
    units, size = reference.decoder_units, reference.embedding_units
    batch, steps = shape.batch, shape.target_length
    attention = _attention(reference, shape, 1 if input_feeding else steps)
    if input_feeding:
        loop: tuple[Product, ...] = (
            Product(batch, 2 * units, 4 * units),  # the state and the last readout
            *attention,
            Product(batch, 2 * units, units),
        )
        after: tuple[Product, ...] = ()
    else:
        loop = (Product(batch, units, 4 * units),)
        after = (*attention, Product(batch * steps, 2 * units, units))
    head = Product(batch * steps, units, reference.target_vocabulary_size)
    return [
        *encoder_phases(reference, shape),
        Phase(1, (Product(batch * steps, size, 4 * units),)),
        Phase(steps, loop),
        Phase(1, (*after, head)),
    ]


def search_phases(
    reference: Reference, shape: Shape, live: int, beams: int, states: int
) -> list[Phase]:
    """Returns the products of a search with input feeding.

    Args:
        reference: the sizes of the network.
        shape: of the sources, and the steps.
        live: how many sources a step computes, on average.
        beams: rows a source.
        states: how many distinct states a step goes on from, on average.
    """
    units, size = reference.decoder_units, reference.embedding_units
    rows = live * beams
    if states < rows:  # the token apart from the state and the last readout
        cell = [Product(rows, size, 4 * units), Product(states, 2 * units, 4 * units)]
    else:
        cell = [Product(rows, size + 2 * units, 4 * units)]
    step = (
        *cell,
        *_attention(reference, shape._replace(batch=live), beams),
        Product(rows, 2 * units, units),
        Product(rows, units, reference.target_vocabulary_size),
    )
    return [*encoder_phases(reference, shape), Phase(shape.target_length, step)]


def _attention(reference: Reference, shape: Shape, queries: int) -> tuple[Product, Product]:
    units, length = reference.decoder_units, shape.source_length
    return (
        Product(queries, units, length, batch=shape.batch),
        Product(queries, length, units, batch=shape.batch),
    )
