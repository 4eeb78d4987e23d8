"""The four ids that are no text, the same in every codec."""

PAD_ID = 0
"""Fills a row up to the width of its batch."""

UNKNOWN_ID = 1
"""Stands for a piece of text that the vocabulary does not hold."""

START_ID = 2
"""What a decoder reads before its first token."""

END_ID = 3
"""What ends a sequence; nothing behind it counts."""

SPECIAL_TOKENS = ("<pad>", "<unk>", "<s>", "</s>")
"""How the four are displayed: the first entries of every vocabulary, in the order of their ids."""

UNKNOWN_MARKER = "\N{DOUBLE QUESTION MARK}"
"""What `TextCodec.decode` writes for an unknown id: U+2047, as SentencePiece does."""
