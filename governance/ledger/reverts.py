"""Why a contract refused: the custom error in a revert's bytes, its arguments, its rule, and its sentence.

One decoder knows the errors of all six, because an error bubbles through the contract that was called.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from governance.ledger.artifacts import CONTRACTS, load_artifact, load_shared_abi
from governance.ledger.codec import UndecodableAnswer, decode_arguments, selector, signature
from governance.ledger.errors import LedgerRefused
from governance.types import (
    ActionKind,
    Address,
    ConstraintStatus,
    Direction,
    Phase,
    ProposalState,
    Releasability,
    Standing,
    StopStatus,
)

REVERT_TEXT = bytes.fromhex("08c379a0")  # Error(string)
PANIC = bytes.fromhex("4e487b71")  # Panic(uint256)
_RULE = re.compile(r"^(R-[A-Za-z]+-\d+): ")
_ENUMS: dict[str, type[Any]] = {
    "enum ActionKind": ActionKind,
    "enum Direction": Direction,
    "enum ProposalState": ProposalState,
    "enum IConstraints.Status": ConstraintStatus,
    "enum IReleases.Releasability": Releasability,
    "enum IBrake.StopStatus": StopStatus,
    "enum ICommittee.Phase": Phase,
    "enum ISeats.Standing": Standing,
}


# What to do next, where it is more than reading the rule.
_HINTS = {
    "ActionMismatch": "execute it with the bytes that were proposed: custodes proposal execute ID does",
    "NotLiveSeat": "custodes seat list shows which keys vote; choose yours with --key",
    "NotReleasable": "custodes release list says why",
    "StaleBallot": "sign it again: custodes vote ID for|against|abstain --sign-only",
    "TooManyOpenProposals": "wait until one of yours is decided, or cancel it: custodes proposal list",
    "UnexpectedParent": "the constraint has changed since: custodes constraint show NAME, then propose again",
    "UnexpectedState": "custodes explain ID says where the proposal stands and what comes next",
    "UnknownProposal": "custodes proposal list shows them",
}


@dataclass(frozen=True)
class KnownError:
    """A custom error: where it is declared, and what its NatSpec says."""

    contract: str
    abi: dict[str, Any]
    notice: str
    rule: str | None


def explain_revert(data: bytes | None, *, called: str, to: str | None = None) -> LedgerRefused:
    """The refusal that these bytes are; `called` is the function that was called, `to` its contract."""
    if not data:
        return LedgerRefused(f"{called} was refused without a reason", error="")
    head, rest = data[:4], data[4:]
    if head == REVERT_TEXT:
        return LedgerRefused(f"{called} was refused: {_text(rest)}", error="Error")
    if head == PANIC:
        code = int.from_bytes(rest[-1:], "big")
        return LedgerRefused(f"{called} failed an assertion of the contract (panic 0x{code:02x})", error="Panic")
    candidates = _errors_by_selector().get(head, [])
    known = next((error for error in candidates if error.contract == to), candidates[0] if candidates else None)
    if known is None:
        return LedgerRefused(f"{called} was refused with an unknown error 0x{head.hex()}", error="0x" + head.hex())
    try:
        arguments = _named(known.abi, decode_arguments(known.abi, rest))
    except UndecodableAnswer:
        arguments = {}
    name = known.abi["name"]
    return LedgerRefused(
        _tell(_RULE.sub("", known.notice or name).rstrip("."), arguments),
        error=name,
        arguments=arguments,
        rule=known.rule,
        contract=known.contract,
        hint=_HINTS.get(name) or (f"custodes explain {known.rule} says what the rule is for" if known.rule else None),
    )


def all_errors() -> list[KnownError]:
    """Every custom error of the system, those of libraries included."""
    return [error for errors in _errors_by_selector().values() for error in errors]


@cache
def _errors_by_selector() -> dict[bytes, list[KnownError]]:
    found: dict[bytes, list[KnownError]] = {}
    for name in CONTRACTS:
        artifact = load_artifact(name)
        documented = artifact.userdoc.get("errors", {})
        for entry in artifact.abi:
            if entry["type"] == "error":
                notices = documented.get(signature(entry), [])
                notice = str(notices[0].get("notice", "")) if notices else ""
                rule = _RULE.match(notice)
                error = KnownError(name, entry, notice, rule[1] if rule else None)
                found.setdefault(selector(entry), []).append(error)
    for entry in load_shared_abi():
        if entry["type"] == "error":
            found.setdefault(selector(entry), []).append(KnownError("Shared", entry, "", None))
    return found


def _named(abi: dict[str, Any], arguments: dict[str, Any]) -> dict[str, Any]:
    """Enums as their names."""
    named = dict(arguments)
    for parameter in abi["inputs"]:
        enum = _ENUMS.get(parameter.get("internalType", ""))
        if enum is not None:
            named[parameter["name"]] = enum(arguments[parameter["name"]]).name.lower()
    return named


def _tell(sentence: str, arguments: dict[str, Any]) -> str:
    """`the proposal is in defeated, and this call needs active (proposalId 0x…)`."""
    rest = dict(arguments)
    for name in ("actual", "required"):
        pattern = rf"\b{name}\b"
        if name in rest and re.search(pattern, sentence):
            sentence = re.sub(pattern, _word(rest.pop(name)), sentence)
    told = ", ".join(f"{name} {_word(value)}" for name, value in rest.items())
    return f"{sentence} ({told})" if told else sentence


def _word(value: Any) -> str:
    if isinstance(value, bytes):
        value = value.rstrip(b"\0") if len(value) <= 2 else value
        return value.decode("ascii", "replace") if len(value) <= 2 else f"0x{value.hex()[:16]}…"
    if isinstance(value, int) and value >= 2**64:
        return f"0x{value:064x}"[:18] + "…"
    return str(Address(value)) if isinstance(value, str) and value.startswith("0x") else repr(value).strip("'")


def _text(data: bytes) -> str:
    try:
        text = decode_arguments({"name": "Error", "inputs": [{"name": "text", "type": "string"}]}, data)["text"]
    except UndecodableAnswer:
        return "no reason that can be read"
    return str(text)[:200]
