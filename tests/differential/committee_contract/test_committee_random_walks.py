"""Random walks over board and bus: members, strangers, workers, stops and time, right and wrong steps in any order.

Whatever happens, the contract and the rules take or refuse the same steps for the same reason, and keep the same
records. Wrong steps are well-formed points in the wrong place; malformed encodings are tried by forge.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from committee_duel import OPTIONS, Duel
from committee_members import Oracle
from governance.chain.rpc import Rpc
from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.group import G2_GENERATOR, Scalar
from governance.crypto.partial import TransportKey, generate_transport_key
from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.crypto.vss import KeyShare
from governance.encoding.committee import CommitteeDomain
from governance.encoding.names import compute_organisation_id
from governance.encoding.releases import compute_model_id, compute_transport_context
from governance.spec.phases import select_dealers
from governance.spec.rules import Refusal
from governance.types import (
    EVERYTHING,
    ActionKind,
    Address,
    DealingRecord,
    Epoch,
    FormCommittee,
    Hash32,
    Identity,
    MemberIndex,
    OracleMember,
    Phase,
    ReleaseId,
    RequestId,
    Resume,
    RevokeRelease,
    ScopeId,
    StopId,
    StopStatus,
)
from governance.types.events import Event
from governance.types.events.committee import PartialRefused, UnlockRequested
from spec_charter import STRANGER, WORKER, address_of, label
from transport import multiply_share

SIZE, THRESHOLD = 5, 3
WALKS, STEPS = 8, 160
EXPECTED = {
    *("form", "register", "deal", "settle", "acknowledge", "complain", "answer", "end", "request", "approve", "post"),
    *("MalformedCommittee", "BadOrganisation", "UnexpectedPhase", "PhaseDeadline", "NotMember", "AlreadyDone"),
    *("CommitmentMismatch", "BadProof", "CommitteeBusy", "EverythingStopped", "NotReleasable", "RequestOpen"),
    *(
        "NoOpenRequest",
        "NotApproved",
        "PartialRefused",
        "BadPoint",
        "IdentityBarred",
        "NoDealing",
        "WrongDealings",
    ),
}
StartAnvil = Callable[..., Any]
Taken = Refusal | tuple[Event, ...]

pytestmark = pytest.mark.chain


class Walker:
    """Somebody with every key, who does the right thing mostly and something else often."""

    def __init__(self, duel: Duel, seed: int) -> None:
        self.duel, self.dice = duel, random.Random(seed)
        self.oracles: dict[Epoch, list[Oracle]] = {}
        self.keys: dict[RequestId, TransportKey] = {}
        self.releases: list[ReleaseId] = []
        self.models = 0
        self.outcomes: Counter[str] = Counter()
        self.spare = EnvelopeKeyPair.generate().public.data

    # --- where we are

    @property
    def epoch(self) -> Epoch:
        return self.duel.world.state.committee.latest_epoch

    @property
    def phase(self) -> Phase:
        record = self.duel.world.state.committee.epochs.get(self.epoch)
        return Phase.NONE if record is None else record.phase

    def somebody(self, done: str = "") -> Oracle:
        """A member; mostly one whose record says that it has not done this yet."""
        oracles, records = self.oracles[self.epoch], self.duel.world.state.committee.members[self.epoch]
        if not done or self.dice.random() < 0.1:
            return self.dice.choice(oracles)
        left = [one for one, record in zip(oracles, records, strict=True) if not any(getattr(record, done))]
        return self.dice.choice(left or oracles)

    def is_odd(self) -> bool:
        """Whether this step is to be a wrong one."""
        return self.dice.random() < 0.25

    def is_late(self) -> bool:
        record = self.duel.world.state.committee.epochs[self.epoch]
        return self.phase.name not in ("IN_FORCE", "ABORTED") and self.duel.world.now > record.phase_ends_at

    def is_half_answered(self) -> bool:
        """Whether an identity key is partly out: the moment at which a stop bars."""
        answered = self.duel.world.state.committee.answered.values()
        return any(0 < one.members.bit_count() < THRESHOLD for one in answered)

    def sender(self, oracle: Oracle) -> Address:
        return self.dice.choice([STRANGER, self.somebody().address]) if self.dice.random() < 0.1 else oracle.address

    # --- steps

    def walk(self) -> None:
        for _ in range(STEPS):
            self.duel.wait(self.dice.choice([1, 1, 5, 60]))
            step = self.dice.choices(*zip(*self.choices(), strict=True))[0]
            if (taken := step()) is not None:
                self.outcomes[_name(step, taken)] += 1
        self.duel.compare()

    def choices(self) -> list[tuple[Callable[[], Taken | None], float]]:
        """What may come next, and how likely it is."""
        board: dict[Phase, Callable[[], Taken | None]] = {
            Phase.REGISTERING: self.register,
            Phase.DEALING: self.deal,
            Phase.SETTLING: self.settle,
            Phase.ACKNOWLEDGING: self.acknowledge,
            Phase.ANSWERING: self.answer,
            Phase.CONFIRMING: self.acknowledge,
        }
        forming = 10.0 if self.phase in (Phase.NONE, Phase.ABORTED) else 0.2
        stopping = 3.0 if self.is_half_answered() else 0.2
        choices: list[tuple[Callable[[], Taken | None], float]] = [(self.form, forming), (self.stop, stopping)]
        if self.stops():
            choices.append((self.resume, 6))
        if self.epoch:
            choices += [(step, 12.0 if self.phase is phase else 0.1) for phase, step in board.items()]
            choices += [
                (self.complain, 2.5 if self.phase is Phase.ACKNOWLEDGING else 0.2),
                (self.end, 30 if self.is_late() else 0.3),
                (self.miss_the_deadline, 0.1),
            ]
        if self.duel.world.state.committee.current_epoch:
            choices += [(self.release, 4 if len(self.releases) < 3 else 0.2), (self.revoke, 0.2), (self.request, 4)]
            choices += [(self.approve, 8), (self.post, 8), (self.outlive_requests, 0.3)]
        return choices

    def form(self) -> Taken:
        odd = self.dice.choice([self.dice.choices(range(16), k=SIZE), [0, 1, 2, 3, 15]])  # 15 holds no seat
        seats = odd if self.is_odd() else self.dice.sample(range(5), SIZE)
        threshold = THRESHOLD if not self.is_odd() else self.dice.randrange(5)
        members = tuple(
            OracleMember(compute_organisation_id(f"org-{seat}"), address_of("oracle", seat)) for seat in seats
        )
        action, before = FormCommittee(threshold, self.dice.randrange(3), members), self.epoch
        taken = self.duel.enact_or_refuse(ActionKind.FORM_COMMITTEE, action, "Committee")
        if self.epoch != before:
            state = self.duel.world.state
            domain = CommitteeDomain(state.chain_id, state.system.committee, self.epoch)
            records = state.committee.members[self.epoch]
            indices = [record.index for record in records]
            self.oracles[self.epoch] = [
                Oracle(record.oracle, record.index, domain, threshold, indices) for record in records
            ]
        return taken

    def register(self) -> Taken:
        oracle, key = self.somebody("commitments_hash"), self.spare
        committed = oracle.committed
        if self.is_odd():
            committed = self.dice.choice([self.somebody().committed, Hash32(bytes(32))])
            key = self.dice.choice([key, key[1:], key + b"\0"])
        return self.duel.register(self.sender(oracle), self.epoch, key, committed)

    def deal(self) -> Taken:
        oracle = self.dealer(lambda dealing: not any(dealing.dealing_hash))
        source = self.somebody() if self.is_odd() else oracle
        proof = self.somebody().proof if self.is_odd() else source.proof
        place = list(oracle.members).index(oracle.index)
        records = self.duel.world.state.committee.members[self.epoch]
        envelopes = [
            b"" if at == place or not any(record.transport_key_hash) else label("envelope", at)
            for at, record in enumerate(records)
        ]
        if self.is_odd():
            envelopes = self.dice.choice([envelopes[1:], [b"x"] * SIZE, [b""] * SIZE])
        points = source.commitments if not self.is_odd() else source.commitments[256:]
        return self.duel.deal(self.sender(oracle), self.epoch, points, proof, envelopes)

    def acknowledge(self) -> Taken:
        oracle = self.somebody("verification_key_hash")
        shares = [self.share(oracle), self.share(self.somebody()), Scalar.random()]
        oracle.share = self.dice.choice(shares) if self.is_odd() else shares[0]
        aggregate = self.duel.world.state.committee.aggregates.get(self.epoch)
        proof = oracle.acknowledge(aggregate) if aggregate else oracle.proof
        return self.duel.acknowledge(self.sender(oracle), self.epoch, proof)

    def dealer(self, is_due: Callable[[DealingRecord], bool]) -> Oracle:
        """A dealer; mostly one whose dealing is like that."""
        oracles = self.oracles[self.epoch]
        dealings = self.duel.world.state.committee.dealings[self.epoch]
        left = [one for one, dealing in zip(oracles, dealings, strict=True) if is_due(dealing)]
        return self.dice.choice(left if left and self.dice.random() < 0.9 else oracles)

    def settle(self) -> Taken:
        state = self.duel.world.state.committee
        selected = select_dealers(state, self.epoch)
        dealt = [oracle.commitments for place, oracle in enumerate(self.oracles[self.epoch]) if selected >> place & 1]
        if self.is_odd() and dealt:
            dealt = self.dice.choice([dealt[1:], [*dealt[1:], dealt[0]]])
        return self.duel.settle(STRANGER, self.epoch, dealt)

    def complain(self) -> Taken:
        own = self.somebody("verification_key_hash")
        others = [oracle.index for oracle in self.oracles[self.epoch] if oracle is not own]
        named = sorted(self.dice.sample(others, self.dice.choice([1, 1, 2])))
        if self.is_odd():
            named = self.dice.choice([[], [own.index], [*named, *named], [MemberIndex(60000)]])
        return self.duel.complain(self.sender(own), self.epoch, named)

    def answer(self) -> Taken:
        accused = self.dealer(lambda dealing: bool(dealing.complainants) and not dealing.answered)
        accused = self.somebody() if self.dice.random() < 0.4 else accused
        place = next(at for at, one in enumerate(self.oracles[self.epoch]) if one is accused)
        mask = self.duel.world.state.committee.dealings[self.epoch][place].complainants
        recipients = [one for at, one in enumerate(self.oracles[self.epoch]) if mask >> at & 1]
        shares = [Hash32(accused.dealing.shares[one.index].reveal()) for one in recipients]
        if self.is_odd() and shares:
            shares = self.dice.choice([shares[1:], [label("no share"), *shares[1:]]])
        return self.duel.reveal(self.sender(accused), self.epoch, accused.commitments, shares)

    def end(self) -> Taken:
        return self.duel.advance(STRANGER, self.epoch)

    def miss_the_deadline(self) -> None:
        self.duel.wait(self.duel.world.state.parameters.dkg_phase)

    def outlive_requests(self) -> None:
        self.duel.wait(self.duel.world.state.parameters.request_lifetime)

    def stop(self) -> None:
        models = list(self.duel.world.state.releases.models)
        scope = ScopeId(self.dice.choice([EVERYTHING, *models]))
        for seat in (0, 1, 5):
            self.duel.pull(seat, scope)

    def stops(self) -> list[StopId]:
        stops = enumerate(self.duel.world.state.brake.stops, start=1)
        return [StopId(stop_id) for stop_id, stop in stops if stop.status is StopStatus.STANDING]

    def resume(self) -> None:
        for stop_id in self.stops():
            self.duel.answer(stop_id)
        self.duel.enact(ActionKind.RESUME, Resume(tuple(self.stops())), "Brake")

    def release(self) -> None:
        if not self.models:
            self.models += 1
            self.duel.enact(ActionKind.REGISTER_MODEL, self.duel.world.make_model(), "Releases")
        model = self.duel.world.make_model()
        grant = self.duel.world.make_release(compute_model_id(model.registrar, model.seal_nonce))
        proposal = self.duel.enact(ActionKind.GRANT_RELEASE, grant, "Releases")
        self.releases.append(ReleaseId(proposal.to_bytes(32, "big")))

    def revoke(self) -> None:
        if len(self.releases) > 1:
            action = RevokeRelease(self.releases.pop(0), "for a test")
            self.duel.enact_or_refuse(ActionKind.REVOKE_RELEASE, action, "Releases")

    def request(self) -> Taken:
        release_id = self.dice.choice([*self.releases, ReleaseId(label("no release"))])
        worker = self.dice.choice([WORKER, WORKER, WORKER, STRANGER])
        meant = STRANGER if self.is_odd() else worker  # a proof that was made for another one is none
        state = self.duel.world.state
        identity = state.releases.workers.get((release_id, worker), Identity(label("no identity")))
        bus = state.system.committee
        key = generate_transport_key(
            identity, compute_transport_context(state.chain_id, bus, release_id, meant, identity)
        )
        taken = self.duel.request(worker, release_id, g1_to_eip2537(key.public.point), key.public.proof)
        if not isinstance(taken, Refusal):
            self.keys[self.duel.took(UnlockRequested, taken).request_id] = key
        return taken

    def approve(self) -> Taken:
        requests = [*list(self.keys)[-2:], RequestId(label("no request"))]
        request_id = self.dice.choice(requests)
        request = self.duel.world.state.committee.requests.get(request_id)
        oracle = self.oracle_for(request.approvals) if request is not None else self.somebody()
        return self.duel.approve(self.sender(oracle), request_id)

    def post(self) -> Taken | None:
        if not self.keys:
            return None
        request_id = self.dice.choice(list(self.keys)[-2:])
        request = self.duel.world.state.committee.requests[request_id]
        oracle = self.oracle_for(~request.approvals | request.partials)
        share = Scalar.random() if self.is_odd() else self.share(oracle)
        answered = self.dice.choice(list(self.keys)) if self.is_odd() else request_id
        member = KeyShare(request.epoch, oracle.index, share)
        partial = multiply_share(member, self.keys[answered].public)
        transport = self.keys[request_id].public
        verification_keys = self.duel.world.state.committee.verification_keys
        return self.duel.post(
            oracle.address if not self.is_odd() else STRANGER,
            request_id,
            g1_to_eip2537(partial.point),
            g1_to_eip2537(transport.point),
            verification_keys.get((request.epoch, oracle.index), g2_to_eip2537(G2_GENERATOR)),
        )

    def oracle_for(self, mask: int) -> Oracle:
        """A member of the epoch in force, mostly one whose bit is not set."""
        oracles = self.oracles[self.duel.world.state.committee.current_epoch]
        left = [oracle for place, oracle in enumerate(oracles) if not mask >> place & 1]
        return self.dice.choice(left if left and self.dice.random() < 0.9 else oracles)

    def share(self, member: Oracle) -> Scalar:
        """What the dealers that qualified in its epoch gave that member, envelopes left out."""
        epoch = member.domain.epoch
        qualified = self.duel.world.state.committee.epochs[epoch].qualified
        dealers = [oracle for place, oracle in enumerate(self.oracles[epoch]) if qualified >> place & 1]
        first, *rest = (oracle.dealing.shares[member.index] for oracle in dealers or self.oracles[epoch])
        for dealt in rest:
            first = first + dealt
        return first


def _name(step: Callable[[], Taken | None], taken: Taken) -> str:
    if isinstance(taken, Refusal):
        return taken.error
    return "PartialRefused" if any(isinstance(event, PartialRefused) for event in taken) else step.__name__


def test_committee_agrees_with_the_rules_on_random_walks(start_anvil: StartAnvil) -> None:
    outcomes: Counter[str] = Counter()
    for seed in range(WALKS):
        with Rpc(start_anvil(*OPTIONS).url) as rpc:
            duel = Duel(rpc)
            duel.deploy()
            walker = Walker(duel, seed)
            walker.walk()
            outcomes += walker.outcomes
    # The walks are worth something only if they come everywhere.
    assert set(outcomes) >= EXPECTED, f"never happened: {EXPECTED - set(outcomes)}"
