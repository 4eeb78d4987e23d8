from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.layers.cells.cell_stack import split_columns
from kerasseq.layers.decoders.decoder import (
    check_initial_state,
    check_inputs,
    initial_cell_states,
)
from kerasseq.layers.decoders.factors import draw_decoder_factors
from kerasseq.layers.decoders.recurrent_loop import BoundStack, bind_stack, run_step, run_target
from kerasseq.layers.decoders.stacked_decoder import StackedDecoder, state_spec
from kerasseq.serialization import register
from kerasseq.typing import Shape, SharedStates, State, Tensor

CONTEXTS = ("initial_state", "input", "both")


@register
class RecurrentDecoder(StackedDecoder):
    """A recurrent decoder without attention: all it knows of the source is one context vector.

    The memory is not read; the attention weights are zeros.

    Args:
        units: size of the cells' state.
        cell: `"lstm"`, `"gru"`, another name or config of the family, a `RecurrentCell`, or a
            cell of Keras.
        num_layers: cells above one another.
        context: how the source enters. `"initial_state"`: the decoder starts from the given state
            (Sutskever et al. 2014). `"input"`: the given state is one vector `c` of any size, which
            the lowest cell reads at every step; the decoder starts from zeros. `"both"`: it also
            starts from it, `s_0 = tanh(V c + b)` (Cho et al. 2014).
        readout: `"hidden"`, the top cell's output as it is; `"deep"`, `g(y_{t-1}, s_t, c)` with
            maxout (Cho et al. 2014); another name or config of the family, or a `Readout`. Those
            that read the context need it at every step.
        readout_units: size of the output; `None` means `units`.
        dropout: share dropped between the layers and of the output, in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        residual_from: the first layer, counted from 0, that adds its input to its output; the
            lowest never does. `None` for none.
        seed: seed of the dropout.

    See `Decoder` for calls.

    Raises:
        ValueError: if an argument is out of range, or the initial state does not fit.

    Example:

    >>> decoder = RecurrentDecoder(8, cell="gru")
    >>> inputs, memory = keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 5, 6))
    >>> outputs, state, weights = decoder(inputs, memory, [keras.ops.ones((2, 8))])
    >>> tuple(outputs.shape)
    (2, 3, 8)

    Reference:
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014; Cho et al.,
        Learning Phrase Representations using RNN Encoder-Decoder, 2014.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        context: str = "initial_state",
        readout: Any = "hidden",
        readout_units: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        residual_from: int | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            units,
            cell,
            num_layers,
            readout=readout,
            readout_units=readout_units,
            dropout=dropout,
            recurrent_dropout=recurrent_dropout,
            residual_from=residual_from,
            seed=seed,
            **kwargs,
        )
        checks.check_one_of("context", context, CONTEXTS)
        self.context = context
        self.cells = self.make_cells(num_layers, "cell")
        self.readout_layer = self.make_readout(readout)
        if self.readout_layer.reads_context and not self.reads_context:
            raise ValueError(
                f"`readout={readout!r}` reads the context at every step, and "
                "`context='initial_state'` has it at the first alone. Use `context='both'`, or "
                "`readout='hidden'`."
            )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "context": self.context}

    @property
    def reads_context(self) -> bool:
        """Whether the context is read at every step."""
        return self.context != "initial_state"

    def build(
        self,
        inputs_shape: Shape,
        memory_shape: Shape,
        initial_state_shape: list[Shape] | None = None,
        inputs_mask_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        check_inputs(self, inputs_shape, memory_shape, initial_state_shape)
        context_size = self._context_size(initial_state_shape)
        width = inputs_shape[-1] + context_size
        for cell in self.cells:
            if not cell.built:
                cell.build((None, width))
            width = self.units
        if self.context == "both":
            columns = sum(size for cell in self.cells for size in cell.state_sizes)
            self.initial_kernel = self.add_weight(
                (context_size, columns), "glorot_uniform", name="initial_kernel"
            )
            self.initial_bias = self.add_weight((columns,), "zeros", name="initial_bias")
        if not self.readout_layer.built:
            self.readout_layer.build(
                (None, inputs_shape[-1]), (None, self.units), (None, context_size)
            )
        self.built = True

    def _context_size(self, initial_state_shape: list[Shape] | None) -> int:
        """Size of the context that is read at every step, 0 if there is none."""
        if not self.reads_context:
            if initial_state_shape is not None:
                check_initial_state(self, self.cells, initial_state_shape)
            return 0
        sizes = [shape[-1] for shape in initial_state_shape or []]
        self._check_context(sizes)
        return int(sizes[0])

    def _check_context(self, sizes: list[Any]) -> None:
        """Raises unless those are the sizes of one tensor, the context."""
        if len(sizes) != 1:
            raise ValueError(
                f"`initial_state` of a decoder with `context={self.context!r}` must be one tensor, "
                f"the context. Received: sizes {tuple(sizes)}. Make the bridge with "
                "`cell='simple'` and `num_layers=1`, whatever the cells of the decoder."
            )

    def prepare(self, memory: Tensor, memory_mask: Tensor | None = None) -> list[Tensor]:
        # Keras refuses `None` among outputs, so the weights are zeros as wide as the source.
        return [ops.zeros(ops.shape(memory)[:2], "float32")]

    def start(
        self, initial_state: State | None, prepared: list[Tensor], max_length: Tensor
    ) -> State:
        batch = ops.shape(prepared[0])[0]
        if not self.reads_context:
            return initial_cell_states(self.cells, initial_state, batch)
        given = initial_state or []
        self._check_context([tensor.shape[-1] for tensor in given])
        context = ops.cast(given[0], "float32")
        if self.context == "input":
            return [*initial_cell_states(self.cells, None, batch), context]
        made = ops.matmul(ops.cast(context, self.compute_dtype), self._read(self.initial_kernel))
        bias = ops.cast(self.initial_bias, "float32")
        made = ops.tanh(ops.cast(made, "float32") + bias)
        sizes = [size for cell in self.cells for size in cell.state_sizes]
        return [*split_columns(made, sizes), context]

    def bind_step(self) -> BoundStack:
        return bind_stack(self)

    def step(
        self,
        inputs: Tensor,
        state: State,
        prepared: list[Tensor],
        bound: BoundStack | None = None,
        shared: SharedStates | None = None,
    ) -> tuple[Tensor, State, Tensor]:
        inputs = ops.cast(inputs, self.compute_dtype)
        outputs, state = run_step(self, bound or self.bind_step(), inputs, state, shared)
        weights = ops.zeros((ops.shape(inputs)[0], ops.shape(prepared[0])[1]), "float32")
        return outputs, state, weights

    def call(
        self,
        inputs: Tensor,
        memory: Tensor,
        initial_state: State | None = None,
        inputs_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        training: bool | None = None,
    ) -> tuple[Tensor, State, Tensor]:
        inputs = ops.cast(inputs, self.compute_dtype)
        batch, length = ops.shape(inputs)[0], ops.shape(inputs)[1]
        state = self.start(initial_state, self.prepare(memory, memory_mask), length)
        factors = draw_decoder_factors(self, inputs, self.cells, self.output_size, training)
        outputs, state = run_target(self, inputs, state, factors)
        weights = ops.zeros((batch, length, ops.shape(memory)[1]), "float32")
        return outputs, state, weights

    def compute_output_spec(
        self,
        inputs: Tensor,
        memory: Tensor,
        initial_state: State | None = None,
        *arguments: Any,
        **options: Any,
    ) -> tuple[Tensor, State, Tensor]:
        context = []
        if self.reads_context and initial_state is not None:
            context.append(state_spec(inputs.shape[0], initial_state[0].shape[-1]))
        return self.output_spec(inputs, memory, context)
