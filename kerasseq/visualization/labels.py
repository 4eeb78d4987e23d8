"""What a token looks like at the edge of a map."""

import unicodedata

# The last one is the joint of word tokens, which few fonts have.
MARKS = {"": "∅", " ": "␣", "\n": "↵", "\r": "␍", "\t": "⇥", "￭": "▪"}
LONGEST = 32


def visible(token: str) -> str:
    """Returns the token with a mark for what would not be seen.

    White space and control characters get a sign or their number, and so do joiners and other
    format characters with nothing beside them; a lone combining mark gets its dotted circle. A
    token of more than 32 characters is cut with "…". All else, SentencePiece's "▁" too, stays as
    it is.

    Example:

    >>> tokens = ["▁hus", "￭,", " ", "a\\tb", "\\x07", "\\u200c", "\\u0301", ""]
    >>> [visible(token) for token in tokens]
    ['▁hus', '▪,', '␣', 'a⇥b', 'U+0007', 'U+200C', '◌\\u0301', '∅']
    """
    if token in MARKS:
        return MARKS[token]
    if len(token) > LONGEST:
        token = f"{token[: LONGEST - 1]}…"
    if all(unicodedata.category(character) == "Cf" for character in token):
        return "".join(map(_number, token))
    if unicodedata.category(token[0]).startswith("M"):
        token = f"◌{token}"
    return "".join(_visible_character(character) for character in token)


def visible_title(title: str) -> str:
    """Returns a title with a mark for what would not be seen; white space is a space.

    Line breaks stay.

    Example:

    >>> visible_title("a\\tb\\u3000c\\x07")
    'a b cU+0007'
    """
    lines = title.split("\n")
    return "\n".join("".join(map(_visible_in_title, line)) for line in lines)


def _visible_in_title(character: str) -> str:
    return " " if character.isspace() else _visible_character(character)


def _visible_character(character: str) -> str:
    if character in MARKS:
        return MARKS[character]
    if unicodedata.category(character) in ("Cc", "Cs", "Zs", "Zl", "Zp"):
        return _number(character)
    return character


def _number(character: str) -> str:
    return f"U+{ord(character):04X}"
