"""Room 4, models: layers -> one `keras.Model`.

What comes in: symbolic tensors of a functional graph, or the name of a network of the catalogue.
What goes out: a network that trains with `fit` and takes one step for search. Start at
`sequence_to_sequence.py`; `parts.py` cuts the graph, `search_step.py` runs the parts for one step,
`catalogue.py` holds the named networks.
"""

from kerasseq.models.catalogue import CATALOGUE, build
from kerasseq.models.sequence_to_sequence import SequenceToSequence

__all__ = ["CATALOGUE", "SequenceToSequence", "build"]
