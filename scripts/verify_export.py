"""Checks an exported model where it is served: see `python scripts/verify_export.py --help`.

Needs TensorFlow, and tensorflow-text if the model does, but neither Keras nor kerasseq: the check
stands in one file of kerasseq, which is read by its path.
"""

import argparse
import json
import os
import runpy
import sys
from pathlib import Path

CHECK = Path(__file__).resolve().parent.parent / "kerasseq" / "serving" / "verification.py"
DAMAGED = 2

DESCRIPTION = """Checks the sums of an exported version, loads it, runs its warm-up requests,
compares with the recorded answers, and prints which ops it has, whether they need tensorflow-text,
and the oldest TF Serving that links them."""


def main() -> int:
    """Returns the exit code: 0 for a sound version, 2 for a damaged one."""
    parser = argparse.ArgumentParser(description=DESCRIPTION)
    parser.add_argument("folder", metavar="DIR", help="a version, with saved_model.pb in it")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # errors alone, not TensorFlow's banner
    check = runpy.run_path(str(CHECK))
    try:
        found = check["verify_export"](arguments.folder)
    except ValueError as error:
        print(f"verify_export.py: {error}", file=sys.stderr)
        return DAMAGED
    if arguments.json:
        operations = [operation._asdict() for operation in found.operations]
        print(json.dumps({**found._asdict(), "operations": operations}))
    else:
        print("\n".join(check["describe"](found)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
