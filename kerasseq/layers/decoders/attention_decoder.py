from typing import Any

from keras import ops

from kerasseq import checks
from kerasseq.layers.attention import get_attention
from kerasseq.layers.attention.attention import Attention
from kerasseq.layers.decoders.attention_loop import AttentionLoop
from kerasseq.layers.decoders.attention_penalty import doubly_stochastic_penalty
from kerasseq.layers.decoders.attention_step import AttentionStep, BoundLayers, bind_layers
from kerasseq.layers.decoders.decoder import (
    check_initial_state,
    check_inputs,
    initial_cell_states,
)
from kerasseq.layers.decoders.factors import draw_decoder_factors, no_factors
from kerasseq.layers.decoders.stacked_decoder import StackedDecoder, state_spec
from kerasseq.layers.decoders.wirings import WIRINGS
from kerasseq.layers.given_layers import config_of, kept
from kerasseq.serialization import register
from kerasseq.typing import Shape, SharedStates, State, Tensor

ATTENTION_LAYERS = ("top", "first")


@register
class AttentionDecoder(StackedDecoder):
    """A recurrent decoder that attends to the memory at every step.

    What does not depend on the step before leaves the loop: the input products always; without
    input feeding also the readout, every layer that the attention does not wait for, and with
    Luong wiring the attention itself.

    Args:
        units: size of the cells' state.
        cell: `"lstm"`, `"gru"`, another name or config of the family, a `RecurrentCell`, or a
            cell of Keras.
        num_layers: cells above one another.
        attention: `"general"`, `"dot"`, `"additive"`, another name or config of the family, or an
            `Attention`.
        wiring: `"luong"`: the cell runs, then attends (`c_t` from `s_t`); `"bahdanau"`: it attends
            with `s_{t-1}`, then the lowest cell sees the context, `s_t = f(s_{t-1}, y_{t-1}, c_t)`;
            `"conditional"`: a first cell runs, then it attends, then a second cell sees the
            context, `s' = f_1(s_{t-1}, y_{t-1})`, `s_t = f_2(s', c_t)`.
        attention_layer: `"top"` or `"first"`: the layer whose state is the query. The layers above
            the first one then read the context too, as in Wu et al. 2016.
        input_feeding: whether the lowest cell also reads the output of the step before (Luong et
            al. 2015, section 3.3).
        readout: `"attentional"`, `tanh(W [c; s])`; `"deep"`, `g(y_{t-1}, s_t, c_t)` with maxout;
            `"hidden"`, the top cell's output as it is; a config or a `Readout`.
        readout_units: size of the output; `None` means `units`.
        attention_units: size of the hidden layer of a score that has one; `None` means `units`.
        dropout: share dropped between the layers and of the output, in training.
        recurrent_dropout: share of the state dropped in the recurrent product, the same at every
            step (Gal & Ghahramani 2016).
        residual_from: the first layer, counted from 0, that adds its input to its output; the
            lowest never does. `None` for none.
        doubly_stochastic: weight of a penalty, in training, on source positions that get much less
            or much more than one target position's attention in all (Xu et al. 2015). It is added
            to the model's losses.
        seed: seed of the dropout.

    See `Decoder` for calls.

    Raises:
        ValueError: if an argument is out of range, the initial state does not fit the cells, or
            nothing would read the context.

    Example:

    >>> decoder = AttentionDecoder(8, cell="gru", attention="additive", wiring="bahdanau")
    >>> outputs, state, weights = decoder(keras.ops.ones((2, 3, 4)), keras.ops.ones((2, 5, 6)))
    >>> tuple(outputs.shape), tuple(weights.shape)
    ((2, 3, 8), (2, 3, 5))

    Reference:
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015;
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015;
        Sennrich et al., Nematus: a Toolkit for Neural Machine Translation, 2017;
        Wu et al., Google's Neural Machine Translation System, 2016.
    """

    def __init__(
        self,
        units: int,
        cell: Any = "lstm",
        num_layers: int = 1,
        attention: Any = "general",
        wiring: str = "luong",
        attention_layer: str = "top",
        input_feeding: bool = False,
        readout: Any = "attentional",
        readout_units: int | None = None,
        attention_units: int | None = None,
        dropout: float = 0.0,
        recurrent_dropout: float = 0.0,
        residual_from: int | None = None,
        doubly_stochastic: float = 0.0,
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
        checks.check_one_of("wiring", wiring, tuple(WIRINGS))
        checks.check_one_of("attention_layer", attention_layer, ATTENTION_LAYERS)
        checks.check_boolean("input_feeding", input_feeding)
        checks.check_number("doubly_stochastic", doubly_stochastic, minimum=0)
        if attention_units is not None:
            checks.check_positive_integer("attention_units", attention_units)
        self.attention = kept(attention)
        self.wiring = wiring
        self.attention_layer = attention_layer
        self.input_feeding = input_feeding
        self.attention_units = attention_units
        self.doubly_stochastic = doubly_stochastic
        self._make_parts(attention)
        self.readout_layer = self.make_readout(readout)
        self._check_context_is_read()

    def _make_parts(self, attention: Any) -> None:
        self.order = WIRINGS[self.wiring]()
        self.input_size: int | None = None
        self.cells = self.make_cells(self.num_layers, "cell")
        self.second_cells = self.make_cells(int(self.order.has_second_cell), "second_cell")
        units = self.units if self.attention_units is None else self.attention_units
        self.attention_mechanism: Attention = get_attention(attention, units, **self.part_options)
        if self.attention_units is not None:
            self._check_attention_units(self.attention_units)
        self.attending = 0 if self.attention_layer == "first" else self.num_layers - 1

    def _check_attention_units(self, units: int) -> None:
        """Raises unless the attention has a hidden layer, and of that size."""
        attention = self.attention_mechanism
        if not attention.has_units:
            raise ValueError(
                f"`attention_units` has no meaning with `{type(attention).__name__}`, which has no "
                f"hidden layer. Received: {units}. Leave it out, or use `attention='additive'`."
            )
        own = getattr(attention, "units", units)
        if own != units:
            raise ValueError(
                "`attention_units` must be the `units` of the attention, where that says its own. "
                f"Received: {units}, and an attention of {own}. Leave one of the two out."
            )

    def _check_context_is_read(self) -> None:
        in_cells = self.order.lowest_reads_context or self.order.has_second_cell
        above = self.attending < self.num_layers - 1
        if not (in_cells or above or self.readout_layer.reads_context):
            raise ValueError(
                f"Nothing would read the context. Received: `wiring={self.wiring!r}` with a "
                f"`{type(self.readout_layer).__name__}`. Use `readout='attentional'`, or a wiring "
                "in which the cells see the context."
            )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "attention": config_of(self.attention, self.attention_mechanism),
            "wiring": self.wiring,
            "attention_layer": self.attention_layer,
            "input_feeding": self.input_feeding,
            "attention_units": self.attention_units,
            "doubly_stochastic": self.doubly_stochastic,
        }

    def build(
        self,
        inputs_shape: Shape,
        memory_shape: Shape,
        initial_state_shape: list[Shape] | None = None,
        inputs_mask_shape: Shape | None = None,
        memory_mask_shape: Shape | None = None,
    ) -> None:
        check_inputs(self, inputs_shape, memory_shape, initial_state_shape)
        if initial_state_shape is not None:
            check_initial_state(self, self.cells, initial_state_shape)
        self.input_size = inputs_shape[-1]
        self._build_cells(inputs_shape[-1], memory_shape[-1])
        attending = self.cells[self.attending]
        query_size = attending.state_sizes[0] if self.order.looks_back else self.units
        if not self.attention_mechanism.built:
            self.attention_mechanism.build((None, None, query_size), (None, *memory_shape[1:]))
        if not self.readout_layer.built:
            self.readout_layer.build(
                (None, inputs_shape[-1]), (None, self.units), (None, memory_shape[-1])
            )
        self.built = True

    def _build_cells(self, input_size: int, memory_size: int) -> None:
        width = input_size + (self.output_size if self.input_feeding else 0)
        width += memory_size if self.order.lowest_reads_context else 0
        for index, cell in enumerate(self.cells):
            if not cell.built:
                cell.build((None, width))
            width = self.units + (memory_size if index >= self.attending else 0)
        for cell in self.second_cells:
            if not cell.built:
                cell.build((None, memory_size))

    @property
    def fed_back(self) -> range:
        """The columns of the lowest cell's input that are the output of the step before."""
        size = self.output_size if self.input_feeding else 0
        return range(self.input_size or 0, (self.input_size or 0) + size)

    def prepare(self, memory: Tensor, memory_mask: Tensor | None = None) -> list[Tensor]:
        return self.attention_mechanism.prepare(memory, memory_mask)

    def start(
        self, initial_state: State | None, prepared: list[Tensor], max_length: Tensor
    ) -> State:
        batch = ops.shape(prepared[1])[0]
        state = initial_cell_states(self.cells, initial_state, batch)
        if self.input_feeding:
            state.append(ops.zeros((batch, self.output_size), self.compute_dtype))
        return state + self.attention_mechanism.initial_past(prepared)

    def bind_step(self) -> BoundLayers:
        return bind_layers(self, range(self.num_layers), 0, no_factors(self.num_layers + 1))

    def step(
        self,
        inputs: Tensor,
        state: State,
        prepared: list[Tensor],
        bound: BoundLayers | None = None,
        shared: SharedStates | None = None,
    ) -> tuple[Tensor, State, Tensor]:
        at_step = AttentionStep(self, prepared, bound or self.bind_step())
        return at_step.run_alone(ops.cast(inputs, self.compute_dtype), state, shared)

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
        prepared = self.prepare(memory, memory_mask)
        state = self.start(initial_state, prepared, ops.shape(inputs)[1])
        factors = draw_decoder_factors(
            self, inputs, [*self.cells, *self.second_cells], self.output_size, training
        )
        loop = AttentionLoop(self, prepared, factors)
        outputs, state, weights = loop.run_target(inputs, state)
        if training and self.doubly_stochastic:
            penalty = doubly_stochastic_penalty(weights, inputs_mask, prepared[1])
            self.add_loss(self.doubly_stochastic * penalty)
        return outputs, state, weights

    def compute_output_spec(
        self, inputs: Tensor, memory: Tensor, *arguments: Any, **options: Any
    ) -> tuple[Tensor, State, Tensor]:
        batch = inputs.shape[0]
        fed = [state_spec(batch, self.output_size, self.compute_dtype)] * self.input_feeding
        past = self.attention_mechanism.past_spec(batch, memory.shape[1])
        return self.output_spec(inputs, memory, [*fed, *past])
