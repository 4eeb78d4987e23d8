"""The flags that say how outputs are found, and the search that they make."""

import argparse
from collections.abc import Collection
from typing import TYPE_CHECKING, Any

from kerasseq import checks
from kerasseq.commands.choice_flags import CHOICES, add_choice_flags

if TYPE_CHECKING:
    from kerasseq import Translator
    from kerasseq.search import Search

# What only one kind of search has. The other flags are for all of them.
BEAM = ("num_beams", "length_penalty", "alpha", "coverage_penalty")
SAMPLING = ("temperature", "top_k", "top_p", "seed")
KINDS = {"greedy": (), "beam": BEAM, "sampling": SAMPLING}
LIMITS = ("min_length", "max_length", "min_ratio", "max_ratio", "margin")
CONSTRAINTS = ("no_repeat_ngram_size", "repetition_penalty")
WITH_ALPHA = ("gnmt", "power")
SEARCH_FLAGS = (
    *("search", "n_best", "ban", "vocabulary_mask", "replace_unknown"),
    *(*BEAM, *SAMPLING, *LIMITS, *CONSTRAINTS, *CHOICES),
)


def add_search_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags; what is not given stays as the model's file says.

    Args:
        parser: where to.
    """
    group = parser.add_argument_group(
        "search", "How outputs are found. What is not given stays as the model's file says."
    )
    add = group.add_argument
    add("--search", choices=KINDS, help="kind of search; other flags may imply it")
    add("--num_beams", type=int, metavar="N", help="beam: hypotheses that are kept")
    add("--n_best", type=int, metavar="N", help="outputs that are found of each text")
    add(
        "--length_penalty",
        choices=("gnmt", "power", "mean", "none"),
        help="beam: what a hypothesis' log probability is divided by",
    )
    add("--alpha", type=float, metavar="X", help="beam: exponent of the gnmt or power penalty")
    add("--coverage_penalty", type=float, metavar="X", help="beam: weight of unread source tokens")
    add("--temperature", type=float, metavar="X", help="sampling: below 1 is more conservative")
    add("--top_k", type=int, metavar="K", help="sampling: draw from the K likeliest tokens")
    add("--top_p", type=float, metavar="P", help="sampling: draw from the likeliest share P")
    add("--seed", type=int, metavar="N", help="sampling: the same seed draws the same outputs")
    add("--min_length", type=int, metavar="N", help="fewest tokens of an output, with its end")
    add("--max_length", type=int, metavar="N", help="most tokens of an output, with its end")
    add("--min_ratio", type=float, metavar="X", help="fewest tokens for each source token")
    add("--max_ratio", type=float, metavar="X", help="most tokens for each source token ...")
    add("--margin", type=int, metavar="N", help="... and so many more")
    add("--no_repeat_ngram_size", type=int, metavar="N", help="no N tokens in a row come twice")
    add("--repetition_penalty", type=float, metavar="X", help="above 1: tokens come again less")
    add(
        "--ban",
        action="append",
        metavar="TOKEN",
        help="a token that is never written, such as '<unk>'; may be given several times",
    )
    add(
        "--vocabulary_mask",
        metavar="NAME",
        help="a function that says which tokens may follow, by the name that it is registered "
        "with in a module that --import names: package>function",
    )
    add(
        "--replace_unknown",
        action=argparse.BooleanOptionalAction,
        help="put the source word that it attends to most in the place of an unknown token",
    )
    add_choice_flags(group)


def with_search_flags(translator: "Translator", arguments: argparse.Namespace) -> "Translator":
    """Returns a translator that searches as the flags say.

    Args:
        translator: as its file made it.
        arguments: the parsed flags.

    Raises:
        ValueError: if flags belong to different kinds of search, or a value is out of range.
    """
    flags = {name: value for name, value in vars(arguments).items() if value is not None}
    replace_unknown = flags.get("replace_unknown")
    names = {"search", "n_best", "ban", "vocabulary_mask"}
    if not names.union(BEAM, SAMPLING, LIMITS, CONSTRAINTS) & set(flags):
        if replace_unknown is None:
            return translator
        return translator.with_search(translator.search, replace_unknown)
    kind = _kind(flags, translator.search)
    options = {
        **_options_kept(kind, translator.search),
        "length_limits": {
            **translator.search.length_rule.get_config(),
            **_chosen(flags, LIMITS),
        },
        "constraints": {
            **translator.search.output_rule.get_config(),
            **_chosen(flags, CONSTRAINTS),
            **_banned(flags, translator),
            **_masked(flags),
        },
        **_chosen(flags, (*BEAM, *SAMPLING, "n_best")),
    }
    if kind is _searches()["beam"]:
        _complete_beam(options, flags)
    elif kind is _searches()["greedy"]:
        # It is 1, whatever is said of a search with several.
        checks.check_positive_integer("n_best", options.pop("n_best", 1))
    return translator.with_search(kind(**options), replace_unknown)


def _kind(flags: dict[str, Any], search: "Search") -> "type[Search]":
    """The class of the search that the flags mean."""
    given = {kind: _chosen(flags, names) for kind, names in KINDS.items()}
    implied = [kind for kind, chosen in given.items() if chosen]
    several = flags.get("n_best", 1) > 1
    wanted = flags.get("search")
    if wanted is None and len(implied) == 1:
        wanted = implied[0]
    elif wanted is None and several and type(search) is _searches()["greedy"]:
        wanted = "beam"
    for kind in implied:
        if kind != wanted:
            flag = next(iter(given[kind]))
            other = f"--search {wanted}" if wanted else f"--{next(iter(given[implied[-1]]))}"
            raise ValueError(
                f"`--{flag}` belongs to --search {kind} and cannot stand beside {other}."
            )
    if wanted == "greedy" and several:
        raise ValueError(
            f"--search greedy finds one output. Received: --n_best {flags['n_best']}. "
            "Use --search beam or --search sampling."
        )
    return type(search) if wanted is None else _searches()[wanted]


def _options_kept(kind: "type[Search]", search: "Search") -> dict[str, Any]:
    """The model's own options, as far as they are those of the search that is wanted."""
    options = search.get_config()
    if type(search) is kind:
        return options
    return {name: options[name] for name in ("start_id", "end_id", "pad_id")}


def _complete_beam(options: dict[str, Any], flags: dict[str, Any]) -> None:
    """Joins the penalty with its exponent, and keeps as many beams as are shown."""
    from kerasseq.search import LENGTH_PENALTIES, BeamSearch

    alpha = options.pop("alpha", None)
    if alpha is not None:
        penalty = flags.get("length_penalty")
        if penalty is None:
            divisor = BeamSearch(length_penalty=options.get("length_penalty", "gnmt")).divisor
            penalty = next(
                (name for name, cls in LENGTH_PENALTIES.items() if type(divisor) is cls), None
            )
        if penalty not in WITH_ALPHA:
            raise ValueError(
                "`--alpha` belongs to --length_penalty gnmt or power. "
                f"Received: --alpha {alpha}, length penalty {penalty}."
            )
        options["length_penalty"] = {"name": penalty, "alpha": alpha}
    if "num_beams" not in flags and "n_best" in flags:
        kept = options.get("num_beams", BeamSearch().num_beams)
        options["num_beams"] = max(kept, flags["n_best"])
    elif "n_best" not in flags and "n_best" in options:
        options["n_best"] = min(options["n_best"], flags.get("num_beams", options["n_best"]))


def _banned(flags: dict[str, Any], translator: "Translator") -> dict[str, Any]:
    """The ids of the tokens that are banned, besides those that the model's file bans."""
    if "ban" not in flags:
        return {}
    vocabulary = translator.target_codec.vocabulary
    for token in flags["ban"]:
        if token not in vocabulary:
            raise ValueError(
                f"`--ban` must name a token of the target vocabulary. Received: {token!r}. "
                f"It begins with {', '.join(repr(each) for each in vocabulary[:8])}."
            )
    ids = {vocabulary.index(token) for token in flags["ban"]}
    return {"banned_ids": sorted(ids.union(translator.search.output_rule.banned_ids))}


def _masked(flags: dict[str, Any]) -> dict[str, Any]:
    """The function that says which tokens may follow, by the name that Keras knows it by."""
    name = flags.get("vocabulary_mask")
    if name is None:
        return {}
    import keras

    mask = keras.saving.get_registered_object(name)
    if mask is None:
        raise ValueError(
            "`--vocabulary_mask` must name a function that is registered with Keras, such as "
            f"'my_package>my_mask', by a module that --import names. Received: {name!r}."
        )
    return {"vocabulary_mask": mask() if isinstance(mask, type) else mask}


def _chosen(flags: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {name: flags[name] for name in names if name in flags}


def _searches() -> "dict[str, type[Search]]":
    from kerasseq.search import SEARCHES

    return SEARCHES
