"""`kerasseq export`: a model -> a SavedModel for TF Serving."""

import argparse
import os
from collections.abc import Sequence

from kerasseq import checks
from kerasseq.commands.loading import load_tensorflow, load_translator
from kerasseq.commands.model_flags import add_import_flag, import_modules
from kerasseq.commands.process import CommandParser, UsageError, run

DESCRIPTION = """Writes a SavedModel, string in and string out, that needs neither Keras nor
kerasseq, into a numbered folder below --output, and prints that folder."""


def export(arguments: Sequence[str] | None = None) -> int:
    """Writes a model as a SavedModel for TF Serving.

    Args:
        arguments: what stands after the command's name; `None` takes those of the process.

    Returns:
        The exit code.
    """
    return run("export", _export, arguments)


def _export(arguments: Sequence[str]) -> None:
    parser = CommandParser("export", DESCRIPTION)
    parser.add_argument("--model", required=True, metavar="FILE", help="the model.keras of a run")
    parser.add_argument(
        "--output", required=True, metavar="DIR", help="the folder that TF Serving watches"
    )
    parser.add_argument(
        "--version", type=int, metavar="N", help="the model's version (the next free number)"
    )
    parser.add_argument(
        "--serving", metavar="DIR", help="also write a folder that configures a TF Serving of it"
    )
    add_import_flag(parser)
    options = parser.parse_args(arguments)
    import_modules(options.modules)
    checks.check_folder("--output", options.output)
    if options.serving is not None:
        _check_serving(options)
    print(load_translator(options.model).export(options.output, version=options.version))
    if options.serving is not None:
        from kerasseq import serving

        print(serving.write_serving_folder(options.serving, options.output))


def _check_serving(options: argparse.Namespace) -> None:
    """Before a version is written, which a server may be watching for."""
    checks.check_folder("--serving", options.serving)
    name = os.path.basename(os.path.abspath(options.output))
    load_tensorflow()
    from kerasseq.serving.serving_folder import check_target

    try:
        check_target(options.serving, name)
    except ValueError as error:
        raise UsageError(f"--output names the model: {error}") from error
