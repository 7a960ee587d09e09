"""Every error that a user may see has a hint of its own; those of the ledger and the commands are named by a test."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMED = (
    "governance/chain/anvil",
    "governance/chain/devnet",
    "governance/chain/errors",
    "governance/chain/tools",
    "governance/charter/",
    "governance/cli/",
    "governance/encoding/",
    "governance/ledger/",
)
KINDS = {"VerificationError", "InvalidInput", "Unavailable", "Refused"}


def collect() -> dict[str, tuple[ast.ClassDef, set[str], Path]]:
    """Class name -> (definition, names of its bases, file), of every class below CustodesError but the kinds."""
    classes: dict[str, tuple[ast.ClassDef, set[str], Path]] = {}
    for package in ("governance", "oracle", "inference"):
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ClassDef):
                    classes[node.name] = (node, {base.id for base in node.bases if isinstance(base, ast.Name)}, path)
    known = {"CustodesError", *KINDS}
    while True:
        found = {name for name, (_, bases, _) in classes.items() if bases & known} - known
        if not found:
            break
        known |= found
    return {name: classes[name] for name in known - KINDS - {"CustodesError"} if name in classes}


ERRORS = collect()


def test_errors_are_found() -> None:
    assert {"RpcUnavailable", "LedgerRefused", "UnsoundCharter", "NotConfirmed"} <= ERRORS.keys()


@pytest.mark.parametrize("name", sorted(ERRORS))
def test_error_has_a_sentence_and_a_hint_of_its_own(name: str) -> None:
    definition, _, path = ERRORS[name]
    assert ast.get_docstring(definition), f"{path}: {name} says nothing"
    targets = [node.target for node in definition.body if isinstance(node, ast.AnnAssign)]
    targets += [target for node in definition.body if isinstance(node, ast.Assign) for target in node.targets]
    assigned = {target.id for target in targets if isinstance(target, ast.Name)}
    is_base = any(name in bases for _, bases, _ in ERRORS.values())
    assert "hint" in assigned or is_base, f"{path}: {name} has no hint of its own"


@pytest.mark.parametrize(
    "name", sorted(name for name, (_, _, path) in ERRORS.items() if str(path.relative_to(ROOT)).startswith(NAMED))
)
def test_error_is_named_by_a_test(name: str) -> None:
    said = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.py") if path != Path(__file__))
    transcripts = "\n".join(path.read_text() for path in (ROOT / "tests").rglob("*.txt"))
    assert name in said or name in transcripts, f"{ERRORS[name][2]}: no test raises {name}"
