"""Room 12: arrays -> pictures.

What comes in: attention weights with their tokens, the columns of a history, a trace of what a
network did. What goes out: a `matplotlib` figure that belongs to no window and no global state,
and files: pictures, GIFs, pages that play. Start at `plot_attention`; an animation's numbers are
in `frames.py`, where they stand in `stage.py`. matplotlib loads with the first picture.
"""

from kerasseq.visualization.animation import save_animation
from kerasseq.visualization.attention_map import AttentionMap, plot_attention, plot_attentions
from kerasseq.visualization.attention_steps import plot_steps
from kerasseq.visualization.beam_tree import plot_beam_tree
from kerasseq.visualization.figure import encode_figure, save_figure
from kerasseq.visualization.frames import Frame, animation_frames
from kerasseq.visualization.history import plot_history, read_history
from kerasseq.visualization.lengths import plot_lengths
from kerasseq.visualization.trials import plot_trials

__all__ = [
    "AttentionMap",
    "Frame",
    "animation_frames",
    "encode_figure",
    "plot_attention",
    "plot_attentions",
    "plot_beam_tree",
    "plot_history",
    "plot_lengths",
    "plot_steps",
    "plot_trials",
    "read_history",
    "save_animation",
    "save_figure",
]
