"""Every hash that a contract also computes is the same in Python: asked of the contracts themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from committee_duel import Duel
from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc
from governance.encoding.actions import compute_proposal_id, encode_action
from governance.encoding.charter import compute_charter_hash, compute_genesis_hash, compute_parameters_hash
from governance.encoding.ledger import compute_genesis_head
from governance.encoding.names import make_address
from governance.encoding.releases import compute_identity, compute_model_id, compute_request_id
from governance.encoding.signatures import (
    Ballot,
    Rotation,
    SigningDomain,
    compute_ballot_digest,
    compute_rotation_digest,
)
from governance.encoding.structs import SCHEMAS, Array
from governance.ledger.codec import Call, decode_answer, encode_call
from governance.ledger.reverts import explain_revert
from governance.spec.council import process_propose
from governance.spec.rules import Refusal
from governance.spec.tiers import longest_life
from governance.types import (
    ACTION_OF_KIND,
    ActionKind,
    Epoch,
    Hash32,
    Mode,
    ModelId,
    ProposalId,
    ReleaseId,
    SeatNumber,
    Support,
)
from spec_charter import CHAIN
from walk_accounts import WALK_GENESIS as GENESIS

pytestmark = pytest.mark.chain

SYSTEM = GENESIS.system
ADDRESS_OF = {
    "Seats": SYSTEM.seats,
    "Council": SYSTEM.council,
    "Constraints": SYSTEM.constraints,
    "Releases": SYSTEM.releases,
    "Brake": SYSTEM.brake,
    "Committee": SYSTEM.committee,
}
hashes = st.binary(min_size=32, max_size=32).map(Hash32)
accounts = st.binary(min_size=20, max_size=20).map(make_address)
texts = st.text(max_size=40)


def unsigned(bits: int) -> st.SearchStrategy[int]:
    return st.integers(0, 2**bits - 1)


def read(rpc: Rpc, call: Call, returns: Sequence[Any]) -> Any:
    transaction = {"to": ADDRESS_OF[call.contract], "data": "0x" + encode_call(call).hex()}
    return decode_answer(returns, bytes.fromhex(rpc.call("eth_call", transaction, "latest")[2:]))


def values_of(schema: Any) -> st.SearchStrategy[Any]:
    """Any value of that ABI type."""
    if isinstance(schema, Array):
        size = {"min_size": schema.length or 0, "max_size": schema.length if schema.length is not None else 3}
        return st.lists(values_of(schema.item), **size).map(tuple)
    if isinstance(schema, str):
        if schema.startswith("bytes") and schema != "bytes":
            return st.binary(min_size=int(schema[5:]), max_size=int(schema[5:]))
        leaves: dict[str, st.SearchStrategy[Any]] = {
            "bytes": st.binary(max_size=70),
            "string": texts,
            "address": accounts,
            "bool": st.booleans(),
            "int128": st.integers(-(2**127), 2**127 - 1),
        }
        return leaves[schema] if schema in leaves else unsigned(int(schema[4:]))
    if schema in SCHEMAS:
        return st.builds(schema, *(values_of(member) for member in SCHEMAS[schema]))
    return st.sampled_from(list(schema))


kinds = st.sampled_from(sorted(ACTION_OF_KIND))
actions = kinds.flatmap(lambda kind: st.tuples(st.just(kind), values_of(ACTION_OF_KIND[kind])))


def test_charter_ledger_and_rest_are_those_of_the_contracts(duel: Duel) -> None:
    rpc = duel.rpc
    genesis_hash = compute_genesis_hash(GENESIS.chamber_names, GENESIS.grants)
    parameters_hash = compute_parameters_hash(GENESIS.initial, GENESIS.bounds)
    charter_hash = compute_charter_hash(GENESIS.legal_text_hash, genesis_hash, parameters_hash)
    head = compute_genesis_head(CHAIN, SYSTEM.constraints, charter_hash)
    assert read(rpc, Call("Seats", "genesisHash"), ["bytes32"]) == genesis_hash
    assert read(rpc, Call("Council", "parametersHash"), ["bytes32"]) == parameters_hash
    assert read(rpc, Call("Council", "charterHash"), ["bytes32"]) == charter_hash
    assert read(rpc, Call("Constraints", "genesisHead"), ["bytes32"]) == head
    assert read(rpc, Call("Council", "longestProposal"), ["uint40"]) == longest_life(GENESIS.bounds.max)


def test_ids_and_digests_are_those_of_the_contracts(duel: Duel) -> None:
    rpc = duel.rpc

    @settings(max_examples=60)
    @given(actions, accounts, unsigned(64))
    def proposal_ids(pair: tuple[ActionKind, Any], proposer: Any, nonce: int) -> None:
        kind, action = pair
        data = encode_action(action)
        call = Call("Council", "computeProposalId", (proposer, nonce, kind, data))
        assert read(rpc, call, ["uint256"]) == compute_proposal_id(CHAIN, SYSTEM.council, proposer, nonce, kind, data)

    @settings(max_examples=40)
    @given(unsigned(256), st.sampled_from(Support), accounts, unsigned(8), unsigned(8), texts)
    def ballots(proposal: int, support: Support, voter: Any, round_: int, count: int, reason: str) -> None:
        call = Call("Council", "ballotDigest", (proposal, support, voter, round_, count, reason))
        ballot = Ballot(ProposalId(proposal), support, voter, round_, count, reason)
        assert read(rpc, call, ["bytes32"]) == compute_ballot_digest(SigningDomain(CHAIN, SYSTEM.council), ballot)

    @settings(max_examples=20)
    @given(st.integers(0, 14), accounts)
    def rotations(seat: int, new_key: Any) -> None:
        old_key = duel.world.key(seat)
        digest = compute_rotation_digest(
            SigningDomain(CHAIN, SYSTEM.seats), Rotation(SeatNumber(seat), old_key, new_key)
        )
        assert read(rpc, Call("Seats", "rotationDigest", (seat, new_key)), ["bytes32"]) == digest

    @settings(max_examples=40)
    @given(hashes, hashes, st.sampled_from(Mode), unsigned(16), accounts, unsigned(64))
    def models(key: Hash32, model: Hash32, mode: Mode, party: int, registrar: Any, nonce: int) -> None:
        identity = compute_identity(CHAIN, SYSTEM.releases, key, ModelId(model), mode, party)
        call = Call("Releases", "computeIdentity", (key, model, mode, party))
        assert read(rpc, call, ["bytes32"]) == identity
        call = Call("Releases", "computeModelId", (registrar, nonce))
        assert read(rpc, call, ["bytes32"]) == compute_model_id(registrar, nonce)

    @settings(max_examples=20)
    @given(unsigned(64), hashes, accounts, hashes)
    def requests(epoch: int, release: Hash32, worker: Any, transport: Hash32) -> None:
        expected = compute_request_id(CHAIN, SYSTEM.committee, Epoch(epoch), ReleaseId(release), worker, transport)
        call = Call("Committee", "computeRequestId", (epoch, release, worker, transport))
        assert read(rpc, call, ["bytes32"]) == expected

    for compare in (proposal_ids, ballots, rotations, models, requests):
        compare()


def propose(duel: Duel, kind: ActionKind, data: bytes) -> tuple[str, str]:
    """Why the rules, and why the contract, refuse to put these bytes to vote: the errors' names, "" for unreadable."""
    sender = duel.world.key(0)
    result = process_propose(duel.world.state, sender, kind, data, "", duel.world.now)
    call = Call("Council", "propose", (kind, data, ""))
    transaction = {"from": sender, "to": ADDRESS_OF["Council"], "data": "0x" + encode_call(call).hex()}
    said = "accepted"
    try:
        duel.rpc.call("eth_call", transaction, "latest", {}, {"time": hex(duel.world.now)})
    except RpcError as error:
        said = explain_revert(error.data, called="propose").error
    # A panic is a refusal without a word. And which code stands at an address is the chain's to say, not the rules'.
    said = {"Panic": "", "WrongCode": "accepted"}.get(said, said)
    return (result.error if isinstance(result, Refusal) else "accepted", said)


def test_contracts_judge_any_action_as_the_rules_do(duel: Duel) -> None:
    @settings(max_examples=200)
    @given(actions)
    def judge(pair: tuple[ActionKind, Any]) -> None:
        kind, action = pair
        ours, theirs = propose(duel, kind, encode_action(action))
        assert ours == theirs != ""

    judge()


@st.composite
def damaged(draw: st.DrawFn) -> tuple[ActionKind, bytes]:
    """An action's bytes with words overwritten, cut, or added: offsets, lengths, padding, high bits."""
    kind, action = draw(actions)
    data = bytearray(encode_action(action))
    for _ in range(draw(st.integers(1, 2))):
        word = draw(st.integers(0, max(0, len(data) // 32 - 1))) * 32
        small = st.integers(0, 40).map(lambda words: (32 * words).to_bytes(32, "big"))
        flag = st.integers(0, 255).map(lambda number: number.to_bytes(32, "big"))
        data[word : word + 32] = draw(small | flag | st.binary(min_size=32, max_size=32))
    keep = draw(st.just(len(data)) | st.integers(0, len(data)))
    return kind, bytes(data[:keep]) + draw(st.just(b"") | st.binary(max_size=64))


def test_contracts_read_damaged_bytes_as_the_rules_do(duel: Duel) -> None:
    # Solidity takes other offsets, gaps and trailing bytes; a voter may propose them, and an audit must follow
    @settings(max_examples=400)
    @given(damaged())
    def read_alike(pair: tuple[ActionKind, bytes]) -> None:
        ours, theirs = propose(duel, *pair)
        assert ours == theirs

    read_alike()
