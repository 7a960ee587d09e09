"""Calls, answers and events to bytes and back: compared with our own encoder, hostile text included."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import get_args

import pytest
from eth_abi.abi import encode

from governance.encoding.abi import encode_values
from governance.encoding.keccak import keccak256
from governance.ledger.artifacts import CONTRACTS, ContractName, load_artifact
from governance.ledger.codec import (
    Call,
    UndecodableAnswer,
    decode_answer,
    decode_event,
    encode_call,
    encode_transaction,
    event_topic,
    signature,
)
from governance.ledger.errors import BadArtifact
from governance.types import ActionKind, Address, ProposalState, Support
from governance.types.events import EVENTS
from governance.types.events.council import VoteCast

VOTER = Address("0x52908400098527886E0F7030069857D2E4169EE7")


def vote_log(reason: bytes) -> dict[str, object]:
    return {
        "address": VOTER,
        "topics": ["0x" + event_topic("Council", "VoteCast").hex(), "0x" + VOTER[2:].lower().rjust(64, "0")],
        "data": "0x" + encode(["uint256", "uint8", "uint256", "bytes"], [7, 1, 1, reason]).hex(),
        "blockNumber": 1,
        "blockHash": "0x" + "11" * 32,
        "transactionHash": "0x" + "22" * 32,
        "transactionIndex": 0,
        "logIndex": 0,
    }


@pytest.mark.parametrize("encode_call", [encode_call, encode_transaction])
def test_call_is_encoded_as_by_our_own_encoder(encode_call: Callable[[Call], bytes]) -> None:
    call = Call("Council", "castVoteWithReason", (7, Support.ABSTAIN, "weil ä"))
    expected = keccak256(b"castVoteWithReason(uint256,uint8,string)")[:4]
    assert encode_call(call) == expected + encode_values(("uint256", "uint8", "string"), (7, 2, "weil ä"))
    call = Call("Council", "propose", (ActionKind.RESUME, b"\x01\x02", ""))
    expected = keccak256(b"propose(uint8,bytes,string)")[:4]
    assert encode_call(call) == expected + encode_values(("uint8", "bytes", "string"), (13, b"\x01\x02", ""))


@pytest.mark.parametrize("data", [b"", b"\0" * 31, b"\xff" * 32])
def test_decode_answer_raises_when_the_bytes_are_no_answer(data: bytes) -> None:
    with pytest.raises(UndecodableAnswer):
        decode_answer([ProposalState], data)


def test_decode_event_reads_a_reason_that_is_no_text() -> None:
    event = decode_event("Council", vote_log(b"no \xff\xfe\xc0"))
    assert isinstance(event, VoteCast)
    assert (event.voter, event.proposal_id, event.support) == (VOTER, 7, 1)
    assert event.reason.encode("utf-8", "surrogateescape") == b"no \xff\xfe\xc0"


def test_decode_event_raises_when_the_topic_is_unknown_or_the_data_is_cut() -> None:
    strange = vote_log(b"") | {"topics": ["0x" + "33" * 32]}
    with pytest.raises(UndecodableAnswer, match="no event"):
        decode_event("Council", strange)
    with pytest.raises(UndecodableAnswer, match="no event"):
        decode_event("Council", vote_log(b"") | {"topics": []})
    with pytest.raises(UndecodableAnswer, match="no VoteCast"):
        decode_event("Council", vote_log(b"") | {"data": "0x00"})


@pytest.mark.parametrize("name", CONTRACTS)
def test_every_event_of_a_contract_has_a_type_with_as_many_fields(name: ContractName) -> None:
    declared = {entry["name"]: entry["inputs"] for entry in load_artifact(name).abi if entry["type"] == "event"}
    known = EVENTS[name]
    assert declared.keys() == known.keys()
    for event, inputs in declared.items():
        assert len(fields(known[event])) == len(inputs), event


@pytest.mark.parametrize("name", CONTRACTS)
def test_no_contract_has_two_functions_of_one_name(name: ContractName) -> None:
    functions = [entry["name"] for entry in load_artifact(name).abi if entry["type"] == "function"]
    assert len(set(functions)) == len(functions)


def test_signature_writes_structs_as_tuples() -> None:
    entry = next(e for e in load_artifact("Council").abi if e.get("name") == "ParametersSet")
    assert signature(entry).startswith("ParametersSet(uint32,uint256,((uint16,uint16,bool,")


def test_load_artifact_raises_when_it_is_missing_or_malformed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(BadArtifact, match="missing"):
        load_artifact.__wrapped__("Nothing")  # type: ignore[arg-type]  # past the cache
    monkeypatch.setattr("governance.ledger.artifacts._read", lambda name: {"abi": []})
    with pytest.raises(BadArtifact, match="malformed"):
        load_artifact.__wrapped__("Seats")


def test_contracts_are_those_of_the_type() -> None:
    assert get_args(ContractName) == CONTRACTS
