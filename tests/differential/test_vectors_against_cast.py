"""The committed vectors are what foundry's cast makes today."""

from __future__ import annotations

import json
import runpy
from pathlib import Path

VECTORS = Path(__file__).parents[1] / "vectors" / "encoding"


def test_encoding_vectors_are_those_that_cast_makes() -> None:
    made = runpy.run_path(str(VECTORS / "regenerate.py"))["make"]()
    assert json.loads((VECTORS / "actions.json").read_text()) == json.loads(json.dumps(made))
