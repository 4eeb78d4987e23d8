"""Networks by name: the landmarks of the field, each with the options that make it.

`build` composes the same layers that a user composes by hand; `composition.py` says how.
"""

from typing import Any

from kerasseq import checks
from kerasseq.models.composition import compose
from kerasseq.models.sequence_to_sequence import SequenceToSequence

DEFAULTS: dict[str, Any] = {
    "embedding_units": 256,
    "encoder": "recurrent",
    "encoder_units": 256,
    "encoder_layers": 1,
    "bidirectional": True,
    "reverse_source": False,
    "cell": "lstm",
    "bridge": "dense",
    "decoder": "attention",
    "decoder_units": 512,
    "decoder_layers": 1,
    "context": "initial_state",
    "attention": "general",
    "attention_units": None,
    "attention_layer": "top",
    "wiring": "luong",
    "input_feeding": False,
    "readout": None,
    "readout_units": None,
    "residual_from": None,
    "dropout": 0.2,
    "recurrent_dropout": 0.0,
    "word_dropout": 0.0,
    "tie": "none",
    "doubly_stochastic": 0.0,
    "scheduled_sampling": 0.0,
}

CATALOGUE: dict[str, dict[str, Any]] = {
    "bahdanau_2015": {
        "cell": "gru",
        "bridge": {"name": "dense", "direction": "backward"},
        "attention": "additive",
        "wiring": "bahdanau",
        "readout": "deep",
    },
    "bidirectional_luong": {"attention": "additive", "input_feeding": True},
    "cho_2014": {
        "cell": "gru",
        "bidirectional": False,
        "decoder": "recurrent",
        "context": "both",
        "readout": "deep",
    },
    "gnmt_2016": {
        "encoder_units": 512,
        "encoder_layers": 8,
        "decoder_layers": 8,
        "bidirectional": "first",
        "residual_from": 2,
        "bridge": "zero",
        "attention": "additive",
        "attention_layer": "first",
        "wiring": "bahdanau",
        "readout": "hidden",
    },
    "luong_2015": {
        "encoder_units": 512,
        "encoder_layers": 4,
        "decoder_layers": 4,
        "bidirectional": False,
        "reverse_source": True,
        "bridge": "last_state",
        "input_feeding": True,
    },
    "sutskever_2014": {
        "encoder_units": 512,
        "encoder_layers": 4,
        "decoder_layers": 4,
        "bidirectional": False,
        "reverse_source": True,
        "bridge": "last_state",
        "decoder": "recurrent",
    },
}


def build(
    name: str, source_vocabulary_size: int, target_vocabulary_size: int, **options: Any
) -> SequenceToSequence:
    """Builds a network of the catalogue.

    The landmarks have the papers' layers and connections, and their depth. Their width is
    ours, for small data: the papers' own was 1000 units and more. Dropout is ours too (0.2; only
    Luong and Wu had any), and gated units reset after the recurrent product, where the
    papers before 2015 reset before it.

    - `"cho_2014"`: one layer of gated units reads the source; its last state becomes one vector
      `c`, from which the decoder starts and which it and the maxout output read at every step.
    - `"sutskever_2014"`: four layers of LSTM read the reversed source, four write the target from
      their last states.
    - `"bahdanau_2015"`: a bidirectional encoder; the decoder starts from its backward state and
      attends with an additive score before each step; a maxout output. `g` reads `s_i` as in
      section 3.1, not `s_{i-1}` as in the appendix.
    - `"luong_2015"`: four layers of LSTM on both sides, the source reversed; global attention with
      a general score of the top layer, an attentional vector, input feeding.
    - `"gnmt_2016"`: eight layers on both sides, the encoder's first in both directions, residual
      from the third on; the decoder's first layer attends and all its layers read the context.
      The paper does not say what the decoder starts from: zeros here.
    - `"bidirectional_luong"`: no landmark, but what a small data set is best begun with: Luong's
      decoder behind one bidirectional layer, joined by a dense bridge. Its score is additive,
      which learns to align sooner than a general one (`docs/ladder.md`).

    Args:
        name: a network of `CATALOGUE`.
        source_vocabulary_size: number of source token ids.
        target_vocabulary_size: number of target token ids.
        **options: what differs from the named network; `DEFAULTS` has the names, and the
            values where the named network says nothing. What is one of a family (`encoder`, `cell`,
            `bridge`, `decoder`, `attention`, `readout`) is a name, a config `{"name": ...}` with
            options, or an object. `reverse_source` reads the source from its last word to the
            first, the end in its place; attention weights stay in the order of the text.
            `readout=None` is the decoder's own default. Layers from `residual_from` on, counted
            from 0, add their input to their output. `word_dropout` replaces tokens of both sides.
            `tie` is `"none"`, `"target"` (target embedding and output share a table) or
            `"three_way"` (the source embedding too). `scheduled_sampling` is a number or a
            function of the updates made so far.

    Raises:
        ValueError: if no network has that name, or an option is out of range or is not one of the
            chosen encoder or decoder.
        TypeError: if an option is unknown.

    Example:

    >>> network = build("bahdanau_2015", 20, 30, encoder_units=8, decoder_units=8)
    >>> network.vocabulary_size
    30

    Reference:
        Cho et al., Learning Phrase Representations using RNN Encoder-Decoder, 2014;
        Sutskever et al., Sequence to Sequence Learning with Neural Networks, 2014;
        Bahdanau et al., Neural Machine Translation by Jointly Learning to Align and
        Translate, 2015;
        Luong et al., Effective Approaches to Attention-based Neural Machine Translation, 2015;
        Wu et al., Google's Neural Machine Translation System, 2016.
    """
    checks.check_one_of("name", name, tuple(CATALOGUE))
    unknown = set(options) - set(DEFAULTS)
    if unknown:
        raise TypeError(
            f"`build` takes the options {', '.join(sorted(DEFAULTS))}. "
            f"Received: {', '.join(sorted(unknown))}."
        )
    chosen = {**DEFAULTS, **CATALOGUE[name], **options}
    inputs, logits = compose(
        source_vocabulary_size, target_vocabulary_size, chosen, explicit=set(options)
    )
    return SequenceToSequence(
        *inputs, logits, scheduled_sampling=chosen["scheduled_sampling"], name=name
    )
