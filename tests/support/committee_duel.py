"""The committee twice: as contracts on an anvil, and as rules. Every step is taken by both, and both must agree.

A step that one refuses, the other refuses by the same error and rule, with the same events otherwise. The rules get
real curve arithmetic (arkworks), the contracts theirs (the precompiles): two implementations of every check.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from governance.audit.curve import ArkworksCurve
from governance.chain.errors import RpcError
from governance.chain.rpc import Rpc, as_int
from governance.crypto.errors import InvalidPoint, WrongPartial, WrongPossession, WrongTransportKey
from governance.crypto.group import G2, ORDER, combine_points
from governance.crypto.partial import Partial, TransportPublicKey, verify_partial, verify_transport_key
from governance.crypto.points import g1_from_eip2537, g2_from_eip2537, g2_to_eip2537
from governance.crypto.possession import verify_dealer_possession, verify_share_possession
from governance.encoding.actions import encode_action
from governance.encoding.committee import CommitteeDomain, split_words
from governance.encoding.keccak import keccak256
from governance.encoding.structs import Array
from governance.ledger.artifacts import CONTRACTS, ContractName
from governance.ledger.codec import Call, decode_answer, decode_event, encode_call, encode_creation
from governance.ledger.reverts import explain_revert
from governance.spec import brake, committee, disputes, incidents, unlocks
from governance.spec.actions import execute_action
from governance.spec.outcome import Outcome, Result
from governance.spec.rules import Refusal
from governance.types import (
    EVERYTHING,
    Action,
    ActionKind,
    Address,
    DealingRecord,
    Epoch,
    EpochRecord,
    Hash32,
    Identity,
    MemberIndex,
    MemberRecord,
    ProposalId,
    ReleaseId,
    RequestId,
    RequestRecord,
    ScopeId,
    StopId,
)
from governance.types.events import Event
from spec_charter import DEPLOYER, REPORT, START
from spec_world import World

EventT = TypeVar("EventT", bound=Event)

# Of an anvil on which a Duel can be fought: time from the world's beginning, anybody's transactions.
OPTIONS = ("--timestamp", str(START - 1), "--auto-impersonate", "--gas-limit", "60000000")
POINT = 256
GAS = hex(20_000_000)
RICH = hex(10**24)


class Arkworks:
    """`governance.spec.curve.Curve` by the project's own cryptography."""

    def are_usable(self, points: bytes) -> bool:
        try:
            return all(not point.is_identity() for point in _read(points, allow_identity=False))
        except InvalidPoint:
            return False

    def combine(self, dealings: Mapping[MemberIndex, bytes], *, is_resharing: bool) -> bytes | None:
        return ArkworksCurve().combine(dealings, is_resharing=is_resharing)

    def is_share(self, points: bytes, index: MemberIndex, share: Hash32) -> bool:
        return ArkworksCurve().is_share(points, index, share)

    def evaluate(self, points: bytes, index: MemberIndex) -> bytes:
        terms = _read(points)
        return g2_to_eip2537(combine_points(terms, [pow(index, power, ORDER) for power in range(len(terms))]))

    def is_dealer_possession(
        self, domain: CommitteeDomain, dealer: MemberIndex, commitments_hash: Hash32, proof: bytes, constant: bytes
    ) -> bool:
        key = g2_from_eip2537(constant)
        try:
            verify_dealer_possession(g1_from_eip2537(proof, allow_identity=True), key, domain, dealer, commitments_hash)
        except WrongPossession:
            return False
        return True

    def is_share_possession(self, domain: CommitteeDomain, member: MemberIndex, proof: bytes, key: bytes) -> bool:
        try:
            verify_share_possession(g1_from_eip2537(proof, allow_identity=True), g2_from_eip2537(key), domain, member)
        except WrongPossession:
            return False
        return True

    def is_transport_key(self, context: Hash32, identity: Identity, transport_key: bytes, proof: bytes) -> bool:
        try:
            verify_transport_key(TransportPublicKey(g1_from_eip2537(transport_key), proof), identity, context)
        except (InvalidPoint, WrongTransportKey):
            return False
        return True

    def is_partial(self, transport_key: bytes, partial_key: bytes, key: bytes) -> bool:
        partial = Partial(Epoch(0), MemberIndex(1), g1_from_eip2537(partial_key, allow_identity=True))
        try:
            verify_partial(partial, TransportPublicKey(g1_from_eip2537(transport_key), b""), g2_from_eip2537(key))
        except WrongPartial:
            return False
        return True


def _read(points: bytes, *, allow_identity: bool = True) -> list[G2]:
    parts = [points[at : at + POINT] for at in range(0, len(points), POINT)]
    return [g2_from_eip2537(part, allow_identity=allow_identity) for part in parts]


@dataclass
class Duel:
    """One chain and one world, second by second."""

    rpc: Rpc
    world: World = field(default_factory=World)
    curve: Arkworks = field(default_factory=Arkworks)
    gas_used: dict[str, list[int]] = field(default_factory=dict)
    enacted: int = 0

    # --- the chain

    def deploy(self) -> None:
        """All six at the addresses of the world, at its time, and active."""
        self.rpc.call("anvil_setBalance", DEPLOYER, RICH)
        system, genesis = self.world.genesis.system, self.world.genesis
        charter_hash = self.world.genesis.charter_hash
        arguments: dict[ContractName, tuple[Any, ...]] = {
            "Seats": (system, genesis.chamber_names, genesis.grants),
            "Council": (system, genesis.legal_text_hash, charter_hash, genesis.initial, genesis.bounds),
            "Constraints": (system, charter_hash, genesis.predecessor),
        }
        for name in CONTRACTS:
            self._time(START)
            self._mine({"from": DEPLOYER, "data": _hex(encode_creation(name, *arguments.get(name, (system,))))})
        self._time(START)
        self._mine({"from": DEPLOYER, "to": system.council, "data": _hex(encode_call(Call("Council", "activate")))})

    def read(self, function: str, *arguments: Any, returns: Sequence[Any]) -> Any:
        """What a view of the Committee says."""
        return decode_answer(returns, self._call(self._transaction(DEPLOYER, Call("Committee", function, arguments))))

    def _transaction(self, sender: str, call: Call) -> dict[str, Any]:
        to = dict(zip(CONTRACTS, _addresses(self.world), strict=True))[call.contract]
        return {"from": sender, "to": to, "data": _hex(encode_call(call)), "gas": GAS}

    def _call(self, transaction: dict[str, Any]) -> bytes:
        answer = self.rpc.call("eth_call", transaction, "latest", {}, {"time": hex(self.world.now)})
        return bytes.fromhex(answer[2:])

    def _time(self, now: int) -> None:
        self.rpc.call("evm_setNextBlockTimestamp", hex(now))

    def _mine(self, transaction: dict[str, Any]) -> dict[str, Any]:
        sent = self.rpc.call("eth_sendTransaction", {"gas": GAS, **transaction})
        deadline = time.monotonic() + 30  # the block comes just after the answer
        while (receipt := self.rpc.call("eth_getTransactionReceipt", sent)) is None:
            assert time.monotonic() < deadline, "the transaction was not mined"
            time.sleep(0.005)
        assert isinstance(receipt, dict)
        assert as_int(receipt["status"]) == 1, "a step that eth_call took was reverted"
        return receipt

    # --- both

    def step(self, sender: Address, call: Call, result: Result) -> Refusal | tuple[Event, ...]:
        """Both take the step, or both refuse it for the same reason; returns what the rules say."""
        transaction = self._transaction(sender, call)
        try:
            self._call(transaction)
        except RpcError as error:
            refused = explain_revert(error.data, called=str(call), to=call.contract)
            assert isinstance(result, Refusal), f"the contract refuses {call}, the rules do not: {refused.message}"
            assert (refused.error, refused.rule) == (result.error, result.rule), str(call)
            return result
        assert isinstance(result, Outcome), f"the rules refuse {call}, the contract does not: {result}"
        self.rpc.call("anvil_setBalance", sender, RICH)
        self._time(self.world.now)
        receipt = self._mine(transaction)
        self.gas_used.setdefault(str(call), []).append(as_int(receipt["gasUsed"]))
        by_address = {address.lower(): name for name, address in zip(CONTRACTS, _addresses(self.world), strict=True)}
        events = tuple(decode_event(by_address[log["address"].lower()], log) for log in receipt["logs"])
        assert events == result.events, str(call)
        self.world.take(result)
        return result.events

    def took(self, kind: type[EventT], taken: Refusal | tuple[Event, ...]) -> EventT:
        """The first event of that type that a step emitted; the step must not have been refused."""
        assert not isinstance(taken, Refusal), str(taken)
        return next(event for event in taken if isinstance(event, kind))

    def compare(self) -> None:
        """Every record of the committee is the same in both."""
        state = self.world.state.committee
        for epoch, record in state.epochs.items():
            assert self.read("getEpoch", epoch, returns=[EpochRecord]) == record
            assert self.read("getMembers", epoch, returns=[Array(MemberRecord)]) == state.members[epoch]
            for place, dealing in enumerate(state.dealings[epoch]):
                assert self.read("getDealing", epoch, place, returns=[DealingRecord]) == dealing
            assert self.read("aggregate", epoch, returns=["bytes"]) == state.aggregates.get(epoch, b"")
        for request_id, request in state.requests.items():
            assert self.read("getRequest", request_id, returns=[RequestRecord]) == request
        for epoch, identity in state.answered:
            barred = unlocks.is_barred(self.world.state, epoch, identity)
            assert self.read("isBarred", epoch, identity, returns=["bool"]) == barred
        assert self.read("currentEpoch", returns=["uint64"]) == state.current_epoch
        assert self.read("keyHash", returns=["bytes32"]) == state.key_hash

    def wait(self, seconds: int = 1) -> None:
        self.world.wait(seconds)

    # --- votes, as if the Council had passed them

    def enact(self, kind: ActionKind, action: Action, contract: ContractName, tier: int = 4) -> ProposalId:
        taken = self.enact_or_refuse(kind, action, contract, tier)
        assert not isinstance(taken, Refusal), str(taken)
        return self._proposal_id()

    def enact_or_refuse(
        self, kind: ActionKind, action: Action, contract: ContractName, tier: int = 4
    ) -> Refusal | tuple[Event, ...]:
        self.enacted += 1
        proposal_id, now = self._proposal_id(), self.world.now
        call = Call(contract, "executeAction", (kind, encode_action(action), (proposal_id, tier)))
        result = execute_action(self.world.state, kind, action, proposal_id, tier, now)
        return self.step(self.world.state.system.council, call, result)

    def _proposal_id(self) -> ProposalId:
        return ProposalId(int.from_bytes(keccak256(f"proposal {self.enacted}".encode()), "big"))

    def pull(self, seat: int, scope: ScopeId = EVERYTHING) -> None:
        sender, now = self.world.key(seat), self.world.now
        call = Call("Brake", "pull", (scope, REPORT, 3, "stop"))
        self.step(sender, call, brake.process_pull(self.world.state, sender, scope, REPORT, 3, "stop", now))

    def answer(self, stop_id: StopId) -> None:
        """A seat answers the report that the stop cites."""
        report, sender = self.world.state.brake.stops[stop_id - 1].report_id, self.world.key(14)
        call = Call("Brake", "respond", (report, REPORT, "answer"))
        self.step(sender, call, incidents.process_respond(self.world.state, sender, report, REPORT, "answer"))

    # --- the board

    def register(
        self, sender: Address, epoch: Epoch, transport_key: bytes, commitments_hash: Hash32
    ) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        call = Call("Committee", "register", (epoch, transport_key, commitments_hash))
        result = committee.process_register(state, sender, epoch, transport_key, commitments_hash, now)
        return self.step(sender, call, result)

    def deal(
        self, sender: Address, epoch: Epoch, commitments: bytes, proof: bytes, envelopes: list[bytes]
    ) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        call = Call("Committee", "deal", (epoch, commitments, proof, envelopes))
        result = committee.process_deal(state, sender, epoch, commitments, proof, envelopes, now, self.curve)
        return self.step(sender, call, result)

    def acknowledge(self, sender: Address, epoch: Epoch, proof: bytes) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        result = committee.process_acknowledge(state, sender, epoch, proof, now, self.curve)
        return self.step(sender, Call("Committee", "acknowledge", (epoch, proof)), result)

    def settle(self, sender: Address, epoch: Epoch, commitments: list[bytes]) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        result = committee.process_settle(state, epoch, commitments, now, self.curve)
        return self.step(sender, Call("Committee", "settle", (epoch, commitments)), result)

    def complain(self, sender: Address, epoch: Epoch, dealers: list[MemberIndex]) -> Refusal | tuple[Event, ...]:
        result = disputes.process_complain(self.world.state, sender, epoch, dealers, self.world.now)
        return self.step(sender, Call("Committee", "complain", (epoch, dealers)), result)

    def reveal(
        self, sender: Address, epoch: Epoch, commitments: bytes, shares: list[Hash32]
    ) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        result = disputes.process_answer(state, sender, epoch, commitments, shares, now, self.curve)
        return self.step(sender, Call("Committee", "answer", (epoch, commitments, shares)), result)

    def advance(self, sender: Address, epoch: Epoch) -> Refusal | tuple[Event, ...]:
        result = committee.process_advance(self.world.state, epoch, self.world.now)
        return self.step(sender, Call("Committee", "advance", (epoch,)), result)

    # --- the bus

    def request(self, sender: Address, release_id: ReleaseId, key: bytes, proof: bytes) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        result = unlocks.process_request(state, sender, release_id, key, proof, now, self.curve)
        return self.step(sender, Call("Committee", "requestUnlock", (release_id, key, proof)), result)

    def approve(self, sender: Address, request_id: RequestId) -> Refusal | tuple[Event, ...]:
        result = unlocks.process_approve(self.world.state, sender, request_id, self.world.now)
        return self.step(sender, Call("Committee", "approve", (request_id,)), result)

    def post(
        self, sender: Address, request_id: RequestId, partial_key: bytes, transport_key: bytes, key: bytes
    ) -> Refusal | tuple[Event, ...]:
        state, now = self.world.state, self.world.now
        made = state.committee.requests.get(request_id)
        asked = (made.release_id, made.worker) if made is not None else (bytes(32), sender)
        points = (split_words(point) for point in (partial_key, transport_key, key))
        call = Call("Committee", "post", (request_id, *asked, *points))
        return self.step(sender, call, unlocks.process_post(state, sender, request_id, partial_key, now, self.curve))


def _addresses(world: World) -> tuple[Address, ...]:
    system = world.genesis.system
    return (system.seats, system.council, system.constraints, system.releases, system.brake, system.committee)


def _hex(data: bytes) -> str:
    return "0x" + data.hex()
