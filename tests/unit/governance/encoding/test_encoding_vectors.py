"""Python's bytes are those of foundry's cast, committed in tests/vectors/encoding."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from governance.encoding import actions, charter, ledger, releases
from governance.encoding.abi import from_plain
from governance.encoding.structs import SCHEMAS, Array
from governance.types import (
    ACTION_OF_KIND,
    ActionKind,
    Address,
    Bounds,
    ChainId,
    ConstraintId,
    Direction,
    Epoch,
    Hash32,
    LedgerEntry,
    Mode,
    ModelId,
    Parameters,
    ProposalId,
    ReleaseId,
    SeatGrant,
    ShortName,
    Timestamp,
)

VECTORS = json.loads((Path(__file__).parents[3] / "vectors" / "encoding" / "actions.json").read_text())
HASHES = {name: bytes.fromhex(value[2:]) for name, value in VECTORS["hashes"].items()}
CHAIN = ChainId(31337)
A1 = Address("0x5FbDB2315678afecb367f032d93F642f64180aa3")
A2 = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
H1, H2, H3 = (Hash32(bytes([digit * 0x11]) * 32) for digit in (1, 2, 3))
KEY = ShortName(b"max_output_tokens".ljust(32, b"\0"))


def build(schema: Any, value: Any) -> Any:
    """The dataclass that a vector's JSON spells."""
    return from_plain(schema, _bytes(schema, value))


def _bytes(schema: Any, value: Any) -> Any:
    if isinstance(schema, Array):
        return [_bytes(schema.item, item) for item in value]
    if isinstance(schema, str):
        return bytes.fromhex(value[2:]) if schema.startswith("bytes") else value
    if schema in SCHEMAS:
        return [_bytes(member, item) for member, item in zip(SCHEMAS[schema], value, strict=True)]
    return value


@pytest.mark.parametrize("vector", VECTORS["actions"], ids=lambda vector: vector["kind"])
def test_action_bytes_hash_and_id_equal_those_of_cast(vector: dict[str, Any]) -> None:
    kind = ActionKind[vector["kind"]]
    struct = ACTION_OF_KIND[kind]
    value = [vector["value"]] if kind is ActionKind.SET_PARAMETERS else vector["value"]
    action, data = build(struct, value), bytes.fromhex(vector["encoding"][2:])

    assert actions.encode_action(action) == data
    assert actions.decode_action(kind, data) == action
    assert actions.compute_action_hash(kind, data).hex() == vector["action_hash"][2:]
    assert actions.compute_proposal_id(CHAIN, A1, A2, 5, kind, data) == int(vector["proposal_id"])


def test_every_kind_of_action_has_a_vector() -> None:
    assert {vector["kind"] for vector in VECTORS["actions"]} == {kind.name for kind in ACTION_OF_KIND}


def parameters() -> Parameters:
    (value,) = (vector["value"] for vector in VECTORS["actions"] if vector["kind"] == "SET_PARAMETERS")
    return build(Parameters, value)


def test_charter_hash_binds_legal_text_seats_and_numbers() -> None:
    zero = "0x" + "00" * 32
    duty = "0x" + b"duty".ljust(32, b"\0").hex()
    grants = [
        build(SeatGrant, ["Alpha", 1, "0x4445", "0x" + H1.hex(), duty, 1, A1, A2, "0x" + H2.hex()]),
        build(SeatGrant, ["Beta", 0, "0x4652", "0x" + H2.hex(), zero, 1, A2, A1, "0x" + H3.hex()]),
    ]
    names = [ShortName(H1), ShortName(H2), ShortName(H3)]
    genesis = charter.compute_genesis_hash(names, grants)
    numbers = charter.compute_parameters_hash(parameters(), Bounds(parameters(), parameters()))

    assert genesis == HASHES["genesis"]
    assert numbers == HASHES["parameters"]
    assert charter.compute_charter_hash(H1, genesis, numbers) == HASHES["charter"]


def test_ledger_hashes_equal_those_of_cast() -> None:
    genesis = ledger.compute_genesis_head(CHAIN, A1, Hash32(HASHES["charter"]))
    change = ledger.compute_parameter_hash(KEY, Direction.MAX, 100, -5)
    entry = LedgerEntry(
        head=Hash32(HASHES["head"]),
        kind=ActionKind.TIGHTEN_PARAMETER,
        constraint_id=ConstraintId(H1),
        document_hash=change,
        parent=H2,
        tier=1,
        proposal_id=ProposalId(12345),
        time=Timestamp(1795000000),
    )

    assert genesis == HASHES["genesis_head"]
    assert change == HASHES["parameter_change"]
    assert ledger.fold_entry(genesis, 0, entry) == HASHES["head"]
    assert ledger.fold_entry(genesis, 1, entry) != HASHES["head"]


def test_model_identity_and_request_ids_equal_those_of_cast() -> None:
    model = releases.compute_model_id(A1, 7)

    assert model == HASHES["model"]
    assert releases.compute_identity(CHAIN, A1, H3, model, Mode.MPC, 2) == HASHES["identity"]
    assert releases.compute_request_id(CHAIN, A1, Epoch(9), ReleaseId(H1), A2, H2) == HASHES["request"]
    assert releases.compute_identity(CHAIN, A1, H3, ModelId(H1), Mode.MPC, 2) != HASHES["identity"]


def test_created_addresses_equal_those_of_cast() -> None:
    nonces = (0, 1, 127, 128, 255, 256, 70000)
    assert [charter.compute_create_address(A2, nonce) for nonce in nonces] == VECTORS["creations"]


def test_system_stands_at_consecutive_nonces() -> None:
    system = charter.compute_system(A2, 0)
    assert [system.seats, system.council] == VECTORS["creations"][:2]
    assert system.committee == charter.compute_create_address(A2, 5)


def test_parameter_words_stand_under_their_names() -> None:
    words = dict(zip(charter.parameter_names(), charter.parameter_words(parameters()), strict=True))
    assert (words["tier1.timelock"], words["tier4.overall_num"], words["objection_window"]) == (0, 4, 1)
    assert (words["open_proposals"], words["document_bytes"]) == (3, 2**32 - 1)
