"""Room 12: arrays -> pictures.

What comes in: attention weights with their tokens, or the columns of a history. What goes out: a
`matplotlib` figure that belongs to no window and no global state, and files. Start at
`plot_attention`. matplotlib loads with the first picture.
"""

from kerasseq.visualization.attention_map import AttentionMap, plot_attention, plot_attentions
from kerasseq.visualization.figure import save_figure
from kerasseq.visualization.history import plot_history, read_history
from kerasseq.visualization.trials import plot_trials

__all__ = [
    "AttentionMap",
    "plot_attention",
    "plot_attentions",
    "plot_history",
    "plot_trials",
    "read_history",
    "save_figure",
]
