"""The flags that say which model, and what its file needs to be read."""

import argparse
import importlib
import os
import sys
from typing import TYPE_CHECKING

from kerasseq.commands.loading import load_ensemble, load_tensorflow

if TYPE_CHECKING:
    from kerasseq import Translator

MEANS = ("probabilities", "log_probabilities")


def add_model_flags(parser: argparse.ArgumentParser) -> None:
    """Adds the flags.

    Args:
        parser: where to.
    """
    add = parser.add_argument
    add(
        "--model",
        required=True,
        action="append",
        metavar="FILE",
        help="the model.keras of a run; several that share vocabularies are an ensemble",
    )
    add(
        "--ensemble_mean",
        choices=MEANS,
        help="of several models: whether they are averaged as probabilities (the default) or as "
        "log_probabilities",
    )
    add_import_flag(parser)


def add_import_flag(parser: argparse.ArgumentParser) -> None:
    """Adds the flag that names modules to import before a model is read.

    Args:
        parser: where to.
    """
    parser.add_argument(
        "--import",
        dest="modules",
        action="append",
        default=[],
        metavar="MODULE",
        help="a Python module, also of the current folder, that registers what the model's file "
        "names: a vocabulary mask, a layer; may be given several times",
    )


def load_model(options: argparse.Namespace) -> "Translator":
    """Returns the translator that the flags name.

    Args:
        options: the parsed flags.

    Raises:
        ValueError: if a module or a model cannot be read, or they do not belong together.
    """
    if options.ensemble_mean is not None and len(options.model) < 2:
        raise ValueError("--ensemble_mean is for several models: give --model more than once.")
    import_modules(options.modules)
    return load_ensemble(options.model, options.ensemble_mean or MEANS[0])


def import_modules(names: list[str]) -> None:
    """Imports what registers the objects of a user.

    Args:
        names: the modules, of the current folder too.

    Raises:
        ValueError: if there is no such module.
    """
    if names:
        load_tensorflow()
        sys.path.append(os.getcwd())
    for name in names:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError as error:
            if error.name != name:  # it is there, and lacks something itself
                raise
            raise ValueError(f"--import finds no module {name!r}, nor in {os.getcwd()}.") from error
