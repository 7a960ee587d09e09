"""A small consortium that lives by the rules alone, under the charter of `spec_charter`.

It is a simulator, no mock: every step goes through `governance.spec`, and what it emits is kept as a chain keeps it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from governance.encoding.abi import encode_values
from governance.encoding.actions import encode_action
from governance.encoding.keccak import keccak256
from governance.encoding.names import compute_organisation_id, release_id_of
from governance.encoding.releases import compute_model_id
from governance.spec import brake, committee, council, dormancy, incidents, unlocks, voting
from governance.spec.genesis import Genesis, process_genesis
from governance.spec.outcome import Outcome, Result
from governance.spec.proposals import eta_of, state_of
from governance.spec.rules import Refusal
from governance.spec.state import SystemState
from governance.spec.steps import Logged
from governance.types import (
    EVERYTHING,
    ZERO_HASH,
    Action,
    ActionKind,
    Address,
    Epoch,
    FormCommittee,
    GrantRelease,
    Hash32,
    IdentityRequest,
    MemberIndex,
    Mode,
    ModelId,
    OracleMember,
    ProposalId,
    ProposalRecord,
    ProposalState,
    RegisterModel,
    ReleaseId,
    RequestId,
    ScopeId,
    SeatNumber,
    Timestamp,
    WorkerGrant,
)
from spec_charter import DAY, DEPLOYER, GENESIS, REPORT, START, STRANGER, WORKER, address_of, label


class Refused(AssertionError):
    """A step that a test takes for granted was refused."""


@dataclass
class World:
    """The state, the time, and every event so far."""

    genesis: Genesis = GENESIS
    now: Timestamp = START
    logs: list[Logged] = field(default_factory=list)
    state: SystemState = field(init=False)
    transactions: int = 0
    before: World | None = None  # that ended for this one

    def __post_init__(self) -> None:
        self.take(process_genesis(self.genesis, self.now))
        self.take(council.process_activate(self.state, self.now, None if self.before is None else self.before.state))

    # --- steps

    def take(self, result: Result) -> Outcome:
        """The step is taken; its events are on the chain."""
        if isinstance(result, Refusal):
            raise Refused(str(result))
        self.transactions += 1
        self.logs += [Logged(event, self.now, self.transactions, hex(self.transactions)) for event in result.events]
        self.state = result.state
        return result

    def wait(self, seconds: int) -> World:
        self.now = Timestamp(self.now + seconds)
        return self

    def key(self, seat: int) -> Address:
        """The voting key of a seat."""
        return self.state.seats.get_seat(SeatNumber(seat)).voting_key

    def recovery(self, seat: int) -> Address:
        return self.state.seats.get_seat(SeatNumber(seat)).recovery_key

    def propose(self, kind: ActionKind, action: Action, seat: int = 0) -> ProposalId:
        outcome = self.take(self.try_propose(kind, action, seat))
        return outcome.events[0].proposal_id  # type: ignore[union-attr]

    def try_propose(self, kind: ActionKind, action: Action, seat: int = 0) -> Result:
        return council.process_propose(self.state, self.key(seat), kind, encode_action(action), "", self.now)

    def vote(self, proposal_id: ProposalId, seats: range | list[int], support: int = 1) -> None:
        for seat in seats:
            self.take(voting.process_ballot(self.state, self.key(seat), proposal_id, support, "", self.now))

    def try_execute(self, proposal_id: ProposalId, caller: Address = STRANGER) -> Result:
        action = self.state.council.actions[proposal_id]
        return council.process_execute(self.state, caller, proposal_id, action.kind, action.data, self.now)

    def pass_time_until_eta(self, proposal_id: ProposalId) -> None:
        self.now = max(self.now, eta_of(self.state, self.proposal(proposal_id)))

    def carry(self, kind: ActionKind, action: Action, seats: range | list[int] | None = None) -> ProposalId:
        """Proposed, voted for by these seats (all that are live), waited for, executed."""
        live = [seat for seat in range(64) if self.state.seats.live >> seat & 1]
        proposal_id = self.propose(kind, action, live[0])
        self.vote(proposal_id, live if seats is None else seats)
        if self.state_of(proposal_id) is not ProposalState.SUCCEEDED:
            self.now = Timestamp(self.proposal(proposal_id).closes_at + 1)
            self.pass_time_until_eta(proposal_id)
        self.take(self.try_execute(proposal_id))
        return proposal_id

    # --- reads

    def proposal(self, proposal_id: ProposalId) -> ProposalRecord:
        return self.state.council.proposals[proposal_id]

    def state_of(self, proposal_id: ProposalId) -> ProposalState:
        return state_of(self.state, self.proposal(proposal_id), self.now)

    # --- silence

    def make_dormant(self, seats: list[int], by: int = 0) -> None:
        """These seats have been silent through their count and their challenge."""
        for seat in map(SeatNumber, seats):
            self.take(dormancy.process_count_silence(self.state, self.key(by), seat, self.now))
        self.wait(self.state.parameters.dormancy)
        for seat in map(SeatNumber, seats):
            self.take(dormancy.process_challenge(self.state, self.key(by), seat, self.now))
        self.wait(self.state.parameters.challenge_period)

    # --- the brake

    def pull(self, seats: list[int], scope: ScopeId = EVERYTHING) -> None:
        for seat in seats:
            self.take(brake.process_pull(self.state, self.key(seat), scope, REPORT, 3, "", self.now))

    def answer(self, seat: int = 14) -> None:
        """A seat answers the report that the newest stop cites."""
        report = self.state.brake.stops[-1].report_id
        self.take(incidents.process_respond(self.state, self.key(seat), report, label("answer"), ""))

    # --- committee, models, releases

    def form_committee(self, threshold: int = 3, size: int = 5, slack: int = 1) -> Epoch:
        """A committee whose key is in force; the points are stand-ins, since the rules do not compute with them."""
        members = tuple(
            OracleMember(compute_organisation_id(f"org-{seat}"), address_of("oracle", seat))
            for seat in range(0, 3 * size, 3)
        )
        self.carry(ActionKind.FORM_COMMITTEE, FormCommittee(threshold, slack, members))
        epoch = self.state.committee.latest_epoch
        for place in range(size):
            self.register(epoch, place)
        for place in range(size):
            self.deal(epoch, place)
        self.settle(epoch)
        for place in range(size):
            self.acknowledge(epoch, place)
        return epoch

    def oracle(self, place: int, epoch: Epoch | None = None) -> Address:
        epoch = self.state.committee.latest_epoch if epoch is None else epoch
        return self.state.committee.members[epoch][place].oracle

    def register(self, epoch: Epoch, place: int) -> None:
        self.take(
            committee.process_register(
                self.state, self.oracle(place), epoch, bytes(1216), self.committed(epoch, place), self.now
            )
        )

    def committed(self, epoch: Epoch, place: int) -> Hash32:
        """What the member registers: nothing in a resharing."""
        is_resharing = self.state.committee.epochs[epoch].predecessor
        return ZERO_HASH if is_resharing else self.commitments_hash(epoch, place)

    def committee_key(self, epoch: Epoch) -> bytes:
        """The stand-in of the committee's key, which a resharing leaves as it is."""
        predecessor = self.state.committee.epochs[epoch].predecessor
        return self.committee_key(predecessor) if predecessor else label("key", epoch) * 8

    def settle(self, epoch: Epoch) -> None:
        key_hash = Hash32(keccak256(self.committee_key(epoch)))
        self.take(committee.process_settle(self.state, epoch, None, self.now, key_hash=key_hash))

    def commitments(self, epoch: Epoch, place: int) -> bytes:
        term = self.state.committee.epochs[epoch]
        points = [label("point", epoch, place, at) * 8 for at in range(term.threshold)]
        if term.predecessor:
            points[0] = label("key share", term.predecessor, place) * 8
        return b"".join(points)

    def commitments_hash(self, epoch: Epoch, place: int) -> Hash32:
        index = self.state.committee.members[epoch][place].index
        return bind(self.state, epoch, index, self.commitments(epoch, place))

    def envelopes(self, epoch: Epoch, place: int) -> list[bytes]:
        size = self.state.committee.epochs[epoch].size
        return [b"" if at == place else b"envelope" for at in range(size)]

    def deal(self, epoch: Epoch, place: int) -> None:
        points, envelopes = self.commitments(epoch, place), self.envelopes(epoch, place)
        self.take(committee.process_deal(self.state, self.oracle(place), epoch, points, b"proof", envelopes, self.now))

    def acknowledge(self, epoch: Epoch, place: int) -> None:
        self.take(
            committee.process_acknowledge(
                self.state,
                self.oracle(place),
                epoch,
                None,
                self.now,
                verification_key=label("key share", epoch, place) * 8,
                key=self.committee_key(epoch),
            )
        )

    def make_model(self, nonce: int = 1, parent: ModelId | None = None) -> RegisterModel:
        return RegisterModel(
            registrar=DEPLOYER,
            seal_nonce=nonce,
            parent_model=ModelId(ZERO_HASH) if parent is None else parent,
            manifest_hash=label("manifest", nonce),
            content_root=label("root", nonce),
            key_commitment=label("commitment", nonce),
            committee_key_hash=self.state.committee.key_hash,
            identities=(
                IdentityRequest(Mode.PLAIN, 0),
                IdentityRequest(Mode.MPC, 1),
                IdentityRequest(Mode.MPC, 2),
            ),
            name=f"model-{nonce}",
        )

    def register_model(self, nonce: int = 1, parent: ModelId | None = None) -> ModelId:
        action = self.make_model(nonce, parent)
        self.carry(ActionKind.REGISTER_MODEL, action)
        return compute_model_id(action.registrar, action.seal_nonce)

    def make_release(self, model_id: ModelId, lifetime: int = 60 * DAY) -> GrantRelease:
        return GrantRelease(
            model_id=model_id,
            mode=Mode.PLAIN,
            expires_at=Timestamp(self.now + lifetime),
            workers=(WorkerGrant(WORKER, 0, "org-0"),),
            scope=b'{"capabilities":["chat"]}',
        )

    def grant_release(self, model_id: ModelId) -> ReleaseId:
        return release_id_of(self.carry(ActionKind.GRANT_RELEASE, self.make_release(model_id, 90 * DAY)))

    def try_request(self, release_id: ReleaseId, key: int = 0, worker: Address = WORKER) -> Result:
        transport_key, proof = label("transport key", key) * 4, label("proof", key) * 2
        return unlocks.process_request(self.state, worker, release_id, transport_key, proof, self.now)

    def request(self, release_id: ReleaseId, key: int = 0) -> RequestId:
        return self.take(self.try_request(release_id, key)).events[0].request_id  # type: ignore[union-attr]

    def try_approve(self, request_id: RequestId, place: int) -> Result:
        return unlocks.process_approve(self.state, self.oracle(place), request_id, self.now)

    def try_post(self, request_id: RequestId, place: int) -> Result:
        return unlocks.process_post(self.state, self.oracle(place), request_id, b"partial", self.now)


def bind(state: SystemState, epoch: Epoch, index: MemberIndex, content: bytes) -> Hash32:
    """What a dealer commits to, written out."""
    values = (state.chain_id, state.system.committee, epoch, index, keccak256(content))
    return Hash32(keccak256(encode_values(("uint256", "address", "uint64", "uint16", "bytes32"), values)))
