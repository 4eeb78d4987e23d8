"""Room 4, models: layers -> one `keras.Model`.

What comes in: symbolic tensors of a functional graph. What goes out: a network that trains with
`fit` and takes one step for search. Start at `sequence_to_sequence.py`.
"""

from kerasseq.models.sequence_to_sequence import SequenceToSequence

__all__ = ["SequenceToSequence"]
