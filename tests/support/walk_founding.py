"""What random steps would take too long to find: a constraint, a committee with its key, a model, a release."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from committee_members import Oracle
from governance.encoding.actions import encode_action
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_organisation_id
from governance.ledger.codec import Call
from governance.spec import council, voting
from governance.spec.outcome import Result
from governance.spec.rules import Refusal
from governance.types import (
    ZERO_HASH,
    ActionKind,
    AddConstraint,
    Address,
    Direction,
    FormCommittee,
    GrantRelease,
    IdentityRequest,
    Mode,
    ModelId,
    OracleMember,
    ParameterSetting,
    RegisterModel,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import Dealt, TransportKeyRegistered
from spec_charter import DAY, WORKER, address_of, label
from spec_world import World
from walk_draws import KEYS, NAMES, Draws


@dataclass
class Founding(Draws):
    """Steps that both systems take, and the start of a walk: a committee in force, so that models can be registered."""

    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)

    def step(self, sender: Address, call: Call, result: Result) -> None:
        self.duel.step(sender, call, result)
        if isinstance(result, Refusal):
            self.refused[result.error] += 1
        else:
            self.taken[call.function] += 1

    def constrain(self) -> None:
        """A constraint with a ceiling of 100 and a floor of 50."""
        settings = (
            ParameterSetting(KEYS[0], Direction.MAX, 100),
            ParameterSetting(KEYS[1], Direction.MIN, 50),
        )
        self.enact(ActionKind.ADD_CONSTRAINT, encode_action(AddConstraint(NAMES[0], Timestamp(0), settings, b"{}")))

    def form(self) -> None:
        """A committee whose key is in force, a model, a release: what random steps would take too long to find."""
        members = tuple(OracleMember(compute_organisation_id(f"org-{at}"), address_of("oracle", at)) for at in range(3))
        data = encode_action(FormCommittee(2, 0, members))
        self.enact(ActionKind.FORM_COMMITTEE, data)
        self.make_key()
        model = RegisterModel(
            registrar=WORKER,
            seal_nonce=100,
            parent_model=ModelId(ZERO_HASH),
            manifest_hash=label("manifest"),
            content_root=label("content root"),
            key_commitment=label("first commitment"),
            committee_key_hash=self.world.state.committee.key_hash,
            identities=tuple(IdentityRequest(*one) for one in ((Mode.PLAIN, 0), (Mode.MPC, 1), (Mode.MPC, 2))),
            name="first",
        )
        self.enact(ActionKind.REGISTER_MODEL, encode_action(model))
        worker = WorkerGrant(WORKER, 0, "org-0")
        expires_at = Timestamp(self.world.now + 90 * DAY)
        grant = GrantRelease(next(iter(self.world.state.releases.models)), Mode.PLAIN, expires_at, (worker,), b"{}")
        self.enact(ActionKind.GRANT_RELEASE, encode_action(grant))

    def enact(self, kind: ActionKind, data: bytes) -> None:
        """Voted for by all, and executed at its eta."""
        sender = self.world.key(0)
        result = council.process_propose(self.world.state, sender, kind, data, "", self.world.now)
        self.step(sender, Call("Council", "propose", (kind, data, "")), result)
        proposal_id = list(self.world.state.council.proposals)[-1]
        for seat in range(15):
            key = self.world.key(seat)
            voted = voting.process_ballot(self.world.state, key, proposal_id, 1, "", self.world.now)
            self.step(key, Call("Council", "castVote", (proposal_id, 1)), voted)
        self.world.now = Timestamp(self.world.proposal(proposal_id).closes_at + 1)
        self.world.pass_time_until_eta(proposal_id)
        executed = council.process_execute(self.world.state, sender, proposal_id, kind, data, self.world.now)
        self.step(sender, Call("Council", "execute", (proposal_id, kind, data)), executed)

    def make_key(self) -> None:
        state = self.world.state
        epoch = state.committee.latest_epoch
        records = state.committee.members[epoch]
        domain = CommitteeDomain(state.chain_id, state.system.committee, epoch)
        oracles = [Oracle(one.oracle, one.index, domain, 2, [each.index for each in records]) for one in records]
        keys_posted, dealt = {}, {}
        for oracle in oracles:
            transport = oracle.transport.public.data
            for event in self.duel.register(oracle.address, epoch, transport, oracle.dealing.commitments_hash):
                if isinstance(event, TransportKeyRegistered):
                    keys_posted[event.index] = event.transport_key
        for oracle in oracles:
            sealed = oracle.seal(keys_posted)
            for event in self.duel.deal(oracle.address, epoch, oracle.commitments, oracle.proof, sealed):
                if isinstance(event, Dealt):
                    dealt[event.dealer] = (event.commitments, event.envelopes)
        self.duel.settle(oracles[0].address, epoch, [oracle.commitments for oracle in oracles])
        for oracle in oracles:
            oracle.receive(oracles, dealt)
            self.duel.acknowledge(oracle.address, epoch, oracle.acknowledge(state_aggregate(self.world, epoch)))


def state_aggregate(world: World, epoch: int) -> bytes:
    return world.state.committee.aggregates[epoch]  # type: ignore[index]
