"""Reverts become refusals with a name, arguments, a rule and a sentence; whatever the bytes, nothing is raised."""

from __future__ import annotations

import re

import pytest
from eth_abi.abi import encode

from governance.encoding.keccak import keccak256
from governance.ledger.artifacts import CONTRACTS
from governance.ledger.reverts import all_errors, explain_revert
from governance.types import ProposalState

UNEXPECTED_STATE = keccak256(b"UnexpectedState(uint256,uint8,uint8)")[:4]


def test_explain_revert_names_rule_arguments_and_what_is_required() -> None:
    data = UNEXPECTED_STATE + encode(
        ["uint256", "uint8", "uint8"], [2**200, ProposalState.DEFEATED, ProposalState.ACTIVE]
    )
    refusal = explain_revert(data, called="Council.castVote", to="Council")
    assert (refusal.error, refusal.contract, refusal.rule) == ("UnexpectedState", "Council", "R-Council-05")
    assert refusal.arguments == {"proposalId": 2**200, "actual": "defeated", "required": "active"}
    assert refusal.message.startswith("the proposal is in defeated, and this call needs active")
    assert refusal.exit_code == 4
    assert refusal.to_json()["details"] == {
        "error": "UnexpectedState",
        "contract": "Council",
        "arguments": {"proposalId": str(2**200), "actual": "defeated", "required": "active"},
    }


@pytest.mark.parametrize(("to", "rule"), [("Council", "R-Council-01"), ("Brake", "R-Brake-01")])
def test_explain_revert_takes_the_rule_of_the_contract_that_was_called_when_two_share_an_error(
    to: str, rule: str
) -> None:
    data = keccak256(b"NotLiveSeat(address)")[:4] + encode(["address"], ["0x" + "11" * 20])
    assert explain_revert(data, called="a call", to=to).rule == rule


@pytest.mark.parametrize("data", [None, b""])
def test_explain_revert_says_so_when_no_reason_was_given(data: bytes | None) -> None:
    assert "without a reason" in explain_revert(data, called="Council.activate").message


def test_explain_revert_reads_plain_text_and_panics() -> None:
    text = bytes.fromhex("08c379a0") + encode(["string"], ["too late"])
    assert "too late" in explain_revert(text, called="f").message
    assert "no reason that can be read" in explain_revert(text[:40], called="f").message
    panic = bytes.fromhex("4e487b71") + encode(["uint256"], [0x11])
    assert "panic 0x11" in explain_revert(panic, called="f").message


@pytest.mark.parametrize("tail", [b"", b"\x01", b"\xff" * 32, b"\xff" * 96])
def test_explain_revert_refuses_without_arguments_when_the_bytes_are_cut_or_forged(tail: bytes) -> None:
    refusal = explain_revert(UNEXPECTED_STATE + tail, called="f", to="Council")
    assert refusal.error == "UnexpectedState"
    assert refusal.arguments == {} or tail == b"\xff" * 96


def test_explain_revert_names_the_selector_when_the_error_is_unknown() -> None:
    assert explain_revert(b"\xde\xad\xbe\xef", called="f").error == "0xdeadbeef"


def test_every_custom_error_of_a_contract_tells_its_rule_in_a_sentence() -> None:
    errors = [error for error in all_errors() if error.contract in CONTRACTS]
    assert len(errors) > 50
    without = sorted({error.abi["name"] for error in errors if error.rule is None})
    assert without == []
    for error in errors:
        assert re.fullmatch(r"R-[A-Za-z]+-\d+: .+\.", error.notice), error.notice
