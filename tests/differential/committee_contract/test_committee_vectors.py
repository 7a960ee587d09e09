"""The vectors that forge reads are those that their generator makes of today's cryptography and encodings."""

from __future__ import annotations

import importlib.util
from pathlib import Path


def test_dkg_vectors_are_what_their_generator_makes(repository: Path) -> None:
    path = repository / "contracts" / "test" / "vectors" / "make_dkg.py"
    spec = importlib.util.spec_from_file_location("make_dkg", path)
    assert spec is not None
    assert spec.loader is not None
    generator = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(generator)
    generator.check()
    assert generator.render() == generator.OUTPUT.read_text()
