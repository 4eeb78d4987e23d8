"""Room 11, serving: a translator -> a SavedModel that TF Serving loads.

What comes in: a `Translator`. What goes out: `path/<version>/` with graph, weights, warm-up records
and a model card, and a folder that configures a server. Start at `export.py`; `signatures.py` says
what a served model can be asked, `verification.py` checks a version without Keras and kerasseq.
"""

from kerasseq.serving.export import export
from kerasseq.serving.measurement import measure_export
from kerasseq.serving.serving_folder import write_serving_folder
from kerasseq.serving.verification import Verification, verify_export

__all__ = ["Verification", "export", "measure_export", "verify_export", "write_serving_folder"]
