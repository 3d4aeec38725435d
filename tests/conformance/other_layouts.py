"""Converts random models between the layouts that standard mappings know beside OLMo-core's families, and compares: the
logits that a layout's own tensors give with those that Transformers or OLMo-core computes from what olmoc wrote, and
every bit of what comes back with what was there. No mapping is named: each checkpoint is recognised.

Usage: other_layouts.py OLMOC FIXTURES
"""

import sys
import tempfile
from pathlib import Path

from transformers.utils import logging

import layouts_in_memory
import layouts_of_llama
import layouts_of_olmo
import layouts_of_olmo_core
from workplace import Workplace


def main() -> int:
    olmoc = Path(sys.argv[1]).resolve()
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        work = Workplace(olmoc, Path(folder))
        for layouts in (layouts_of_olmo_core, layouts_of_olmo, layouts_of_llama, layouts_in_memory):
            layouts.check(work)
    return 1 if work.problems else 0


if __name__ == "__main__":
    sys.exit(main())
