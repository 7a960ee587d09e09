"""A random life of the whole system, taken step by step by the rules and by the contracts on an anvil.

Every step goes through `Duel.step`: both take it with the same events, or both refuse it by the same error and rule.
Half of the steps are drawn to be refused, and times are drawn around the moments at which answers change.
"""

from __future__ import annotations

import dataclasses
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field

from eth_keys.datatypes import PrivateKey

from committee_duel import Duel
from committee_members import Oracle
from governance.encoding.actions import encode_action
from governance.encoding.committee import CommitteeDomain
from governance.encoding.keccak import keccak256
from governance.encoding.names import (
    compute_constraint_id,
    compute_organisation_id,
    make_address,
    make_jurisdiction,
    make_short_name,
)
from governance.encoding.signatures import (
    Ballot,
    Rotation,
    SigningDomain,
    compute_ballot_digest,
    compute_rotation_digest,
)
from governance.ledger.codec import Call
from governance.spec import brake, council, dormancy, incidents, keys, releases, voting
from governance.spec.ballots import count_of
from governance.spec.genesis import Genesis
from governance.spec.outcome import Result
from governance.spec.proposals import OPEN_STATES, ballots_of, eta_of, expiry_of
from governance.spec.rules import Refusal
from governance.spec.tiers import TARGETS
from governance.spec.voting import RelayedBallot
from governance.types import (
    EVERYTHING,
    ZERO_HASH,
    Action,
    ActionKind,
    AddConstraint,
    Address,
    AmendConstraint,
    ChamberNumber,
    ChangeSeats,
    ConfirmStop,
    Direction,
    FormCommittee,
    GrantRelease,
    Hash32,
    IdentityRequest,
    Mode,
    ModelId,
    NameSuccessor,
    OracleMember,
    Parameters,
    ParameterSetting,
    PinnedCode,
    ProposalId,
    Reclassify,
    RegisterModel,
    ReleaseId,
    RenewRelease,
    ReplaceSeat,
    ReportId,
    Resume,
    RetireConstraint,
    RevokeRelease,
    ScopeId,
    SeatGrant,
    SeatNumber,
    Seconds,
    SetParameter,
    SetParameters,
    SignedBallotRecord,
    Standing,
    StopId,
    Support,
    SuspendSeat,
    Timestamp,
    WorkerGrant,
)
from governance.types.events.committee import Dealt, TransportKeyRegistered
from spec_world import DAY, GENESIS, PARAMETERS, STRANGER, WORKER, World, address_of, label, make_grant

NAMES = ("no weapons", "short answers", "")
KEYS = (make_short_name("max_output_tokens"), make_short_name("min_reviewers"), make_short_name("unknown"))


def secret_of(*values: object) -> bytes:
    return keccak256(repr(("secret", *values)).encode())


def account_of(*values: object) -> Address:
    """The account of a secret that anybody can derive."""
    return make_address(PrivateKey(secret_of(*values)).public_key.to_address())


def grant_of(organisation: int, chamber: int, jurisdiction: str | None = None) -> SeatGrant:
    """A grant to keys that can sign."""
    return dataclasses.replace(
        make_grant(organisation, chamber, jurisdiction),
        voting_key=account_of("voting", organisation),
        recovery_key=account_of("recovery", organisation),
    )


WALK_GENESIS: Genesis = dataclasses.replace(
    GENESIS,
    grants=tuple(grant_of(index, index // 5) for index in range(15)),
    # a seat silent for days would end every walk: pulls count for weeks, and a number rests not for years
    initial=dataclasses.replace(PARAMETERS, pull_window=Seconds(3 * DAY), open_proposals=4),
)


@dataclass
class Walk:
    """One walk: its dice, both systems, and what happened."""

    duel: Duel
    dice: random.Random
    secrets: dict[Address, bytes] = field(default_factory=dict)
    taken: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    names: int = 20

    def __post_init__(self) -> None:
        for organisation in range(15):
            for role in ("voting", "recovery"):
                self.secrets[account_of(role, organisation)] = secret_of(role, organisation)

    @property
    def world(self) -> World:
        return self.duel.world

    # --- one step

    def go(self, steps: int) -> None:
        moves: list[tuple[int, Callable[[], object]]] = [
            (9, self.propose),
            (8, self.ballot),
            (5, self.signed_ballot),
            (3, self.signed_ballots),
            (2, self.veto),
            (7, self.carry),
            (4, self.execute),
            (5, self.object),
            (3, self.cancel),
            (4, self.wait),
            (5, self.pull),
            (2, self.lapse),
            (3, self.report),
            (4, self.respond),
            (5, self.rotate),
            (3, self.anchor),
            (4, self.silence),
        ]
        for _ in range(steps):
            (move,) = self.dice.choices([move for _, move in moves], [weight for weight, _ in moves])
            move()

    def step(self, sender: Address, call: Call, result: Result) -> None:
        self.duel.step(sender, call, result)
        if isinstance(result, Refusal):
            self.refused[result.error] += 1
        else:
            self.taken[call.function] += 1

    # --- who and what

    def anybody(self) -> Address:
        """Mostly a live seat's key, sometimes somebody else's."""
        number = SeatNumber(self.dice.randrange(18))
        seat = self.world.state.seats.get_seat(number)
        if self.dice.random() < 0.06:
            return self.dice.choice([STRANGER, WORKER, seat.recovery_key if int(seat.recovery_key, 16) else STRANGER])
        return seat.voting_key if seat.voting_key in self.secrets else self.world.key(0)

    def some_proposal(self) -> ProposalId:
        """Mostly one that is open."""
        proposals = self.world.state.council.proposals
        still_open = [one for one in proposals if self.world.state_of(one) in OPEN_STATES]
        if still_open and self.chance(0.85):
            return self.dice.choice(still_open)
        known = list(proposals)[-5:]
        return self.dice.choice(known) if known and self.chance(0.95) else ProposalId(self.dice.getrandbits(256))

    def chance(self, odds: float) -> bool:
        return self.dice.random() < odds

    # --- the Council

    def propose(self) -> ProposalId | None:
        for _ in range(self.dice.choice([1, 12, 12, 12])):  # mostly until something makes sense
            kind = self.dice.choice([*TARGETS, ActionKind.AMEND_TIGHTER])
            sender, data = self.anybody(), encode_action(self.action(kind))
            result = council.process_propose(self.world.state, sender, kind, data, "because", self.world.now)
            if not isinstance(result, Refusal):
                break
        self.step(sender, Call("Council", "propose", (kind, data, "because")), result)
        if isinstance(result, Refusal):
            return None
        return list(self.world.state.council.proposals)[-1]

    def ballot(self) -> None:
        sender, proposal_id = self.anybody(), self.some_proposal()
        support = self.dice.choice([0, 1, 1, 1, 2, 3])
        result = voting.process_ballot(self.world.state, sender, proposal_id, support, "why", self.world.now)
        self.step(sender, Call("Council", "castVoteWithReason", (proposal_id, support, "why")), result)

    def signed_ballot(self) -> None:
        proposal_id = self.some_proposal()
        ballot, signature = self.sign_ballot(proposal_id)
        result = voting.process_signed_ballot(self.world.state, proposal_id, ballot, self.world.now)
        arguments = (
            proposal_id, ballot.support, ballot.voter, ballot.round, ballot.count, ballot.reason, signature,
        )  # fmt: skip
        self.step(STRANGER, Call("Council", "castSignedVote", arguments), result)

    def signed_ballots(self) -> None:
        """A batch of good ballots and bad ones, a copy among them."""
        proposal_id = self.some_proposal()
        signed = [self.sign_ballot(proposal_id) for _ in range(self.dice.randrange(7))]
        signed += signed[:1]
        ballots = [ballot for ballot, _ in signed]
        result = voting.process_signed_ballots(self.world.state, proposal_id, ballots, self.world.now)
        batch = tuple(SignedBallotRecord(b.voter, b.support, b.round, b.count, b.reason, s) for b, s in signed)
        self.step(STRANGER, Call("Council", "castSignedVotes", (proposal_id, batch)), result)

    def sign_ballot(self, proposal_id: ProposalId) -> tuple[RelayedBallot, bytes]:
        """Somebody's ballot, right or wrong in one of the ways in which one can be."""
        voter = self.anybody()
        support = self.dice.choice([0, 1, 2, 3])
        seat, _ = self.world.state.seats.seat_of(voter)
        proposal = self.world.state.council.proposals.get(proposal_id)
        round_, count = (1, 0) if proposal is None else (proposal.round, count_of(ballots_of(proposal), seat))
        if self.chance(0.2):
            round_, count = self.dice.randrange(3), self.dice.randrange(4)
        domain = SigningDomain(self.world.state.chain_id, self.world.state.system.council)
        ballot = Ballot(proposal_id, Support(min(support, 2)), voter, round_, count, "signed")
        secret = self.secrets.get(voter, secret_of("nobody"))
        is_signed = voter in self.secrets and support < 3
        if self.chance(0.15):
            secret, is_signed = secret_of("forger"), False
        signature = sign(secret, compute_ballot_digest(domain, ballot), compact=self.chance(0.5))
        return RelayedBallot(voter, support, round_, count, "signed", is_signed), signature

    def carry(self, proposal_id: ProposalId | None = None) -> None:
        """Everybody but a few vote for a proposal, and it is executed around its eta."""
        proposal_id = self.propose() if proposal_id is None else proposal_id
        if proposal_id is None:
            return
        seats = self.world.state.seats
        for number, seat in seats.seats.items():
            if seat.standing is Standing.LIVE and self.chance(0.93):
                key = self.world.key(number)
                result = voting.process_ballot(self.world.state, key, proposal_id, 1, "", self.world.now)
                self.step(key, Call("Council", "castVote", (proposal_id, 1)), result)
        if self.chance(0.9):
            eta = eta_of(self.world.state, self.world.proposal(proposal_id))
            self.world.now = Timestamp(max(self.world.now, eta + self.dice.choice([-1, 0, 0, 1, 60])))
        self.execute(proposal_id)

    def execute(self, proposal_id: ProposalId | None = None) -> None:
        proposal_id = self.some_proposal() if proposal_id is None else proposal_id
        action = self.world.state.council.actions.get(proposal_id)
        kind, data = (ActionKind.CONFIRM_STOP, bytes(32)) if action is None else (action.kind, action.data)
        if self.chance(0.05):
            data = encode_action(ConfirmStop(StopId(9)))
        sender = self.anybody()
        result = council.process_execute(self.world.state, sender, proposal_id, kind, data, self.world.now)
        self.step(sender, Call("Council", "execute", (proposal_id, kind, data)), result)

    def object(self) -> None:
        sender, proposal_id = self.anybody(), self.some_proposal()
        proposals = self.world.state.council.proposals
        amendments = [one for one, made in proposals.items() if made.kind is ActionKind.AMEND_TIGHTER]
        if amendments and self.chance(0.7):
            proposal_id = self.dice.choice(amendments[-2:])
        result = council.process_object(self.world.state, sender, proposal_id, label("c"), "no", self.world.now)
        self.step(sender, Call("Council", "object", (proposal_id, label("c"), "no")), result)

    def cancel(self) -> None:
        proposal_id = self.some_proposal()
        proposal = self.world.state.council.proposals.get(proposal_id)
        sender = self.anybody() if proposal is None or self.chance(0.3) else proposal.proposer
        result = council.process_cancel(self.world.state, sender, proposal_id, self.world.now)
        self.step(sender, Call("Council", "cancel", (proposal_id,)), result)

    def veto(self) -> None:
        """Seats of one chamber, so that some vetoes are complete."""
        proposal_id = self.some_proposal()
        chamber, seats = self.dice.randrange(3), self.world.state.seats
        for number, seat in seats.seats.items():
            if self.chance(0.05) or (seat.chamber == chamber and self.chance(0.6)):
                key = self.world.key(number)
                result = council.process_veto(self.world.state, key, proposal_id, "think again", self.world.now)
                self.step(key, Call("Council", "veto", (proposal_id, "think again")), result)

    def wait(self) -> None:
        """To about a moment at which some answer changes."""
        state, now = self.world.state, self.world.now
        moments = [now + 1, now + DAY]
        for proposal in list(state.council.proposals.values())[-4:]:
            moments += [
                proposal.closes_at - proposal.late_window,
                proposal.closes_at,
                eta_of(state, proposal),
                expiry_of(state, proposal),
            ]
        moments += [stop.lapses_at for stop in state.brake.stops]
        moments += [rotation.ready_at for rotation in state.seats.rotations.values()]
        moments += [release.expires_at for release in state.releases.releases.values()]
        moments += [cooldown.until for cooldown in state.brake.cooldowns.values()]
        later = [moment for moment in moments if now < moment < now + 60 * DAY]
        self.world.now = Timestamp(max(now, self.dice.choice(later) + self.dice.choice([-1, 0, 1])))

    # --- the brake

    def pull(self) -> None:
        scopes = [*self.world.state.brake.scopes, ScopeId(label("no lineage"))]
        scope = self.dice.choice([EVERYTHING, *scopes])
        if self.chance(0.3):
            self.pull_citing(scope)
            return
        for _ in range(self.dice.choice([1, 1, 3, 4])):
            sender = self.anybody()
            report, severity = self.dice.choice([(label("r"), 2)] * 9 + [(ZERO_HASH, 2), (label("r"), 5)])
            now = self.world.now
            result = brake.process_pull(self.world.state, sender, scope, report, severity, "seen", now)
            self.step(sender, Call("Brake", "pull", (scope, report, severity, "seen")), result)

    def pull_citing(self, scope: ScopeId) -> None:
        report = self.some_report()
        for _ in range(self.dice.choice([1, 3, 4])):
            sender = self.anybody()
            result = brake.process_pull_citing(self.world.state, sender, scope, report, "that", self.world.now)
            self.step(sender, Call("Brake", "pullCiting", (scope, report, "that")), result)

    def report(self) -> None:
        sender, subject = self.anybody(), Hash32(self.dice.choice([EVERYTHING, self.some_model(), self.some_release()]))
        evidence, severity = self.dice.choice([(label("e"), 3)] * 9 + [(ZERO_HASH, 3), (label("e"), 0)])
        if self.chance(0.4):
            sender = WORKER
        now = self.world.now
        result = incidents.process_report(self.world.state, sender, subject, evidence, severity, "seen", now)
        self.step(sender, Call("Brake", "reportIncident", (subject, evidence, severity, "seen")), result)

    def respond(self) -> None:
        sender, report = self.anybody(), self.some_report()
        answer = self.dice.choice([label("a")] * 9 + [ZERO_HASH])
        result = incidents.process_respond(self.world.state, sender, report, answer, "mended")
        self.step(sender, Call("Brake", "respond", (report, answer, "mended")), result)

    def lapse(self) -> None:
        stop_id = StopId(self.dice.randrange(len(self.world.state.brake.stops) + 2))
        result = brake.process_lapse(self.world.state, stop_id, self.world.now)
        self.step(STRANGER, Call("Brake", "lapse", (stop_id,)), result)

    # --- keys and receipts

    def rotate(self) -> None:
        seat = SeatNumber(self.dice.randrange(17))
        record = self.world.state.seats.get_seat(seat)
        state, now = self.world.state, self.world.now
        self.names += 1
        new_key, secret = account_of("rotated", self.names), secret_of("rotated", self.names)
        if self.chance(0.15):
            new_key = self.world.key(self.dice.randrange(15))
        domain = SigningDomain(state.chain_id, state.system.seats)
        digest = compute_rotation_digest(domain, Rotation(seat, record.voting_key, new_key))
        signature = sign(secret, digest)
        possessed = new_key == account_of("rotated", self.names)
        match self.dice.randrange(5):
            case 0 | 1:
                result = keys.process_start_rotation(state, record.voting_key, new_key, now, possessed=possessed)
                self.step(record.voting_key, Call("Seats", "startRotation", (new_key, signature)), result)
            case 2:
                result = keys.process_complete_rotation(state, seat, now)
                self.step(STRANGER, Call("Seats", "completeRotation", (seat,)), result)
            case 3:
                caller = self.dice.choice([record.recovery_key, record.voting_key])
                result = keys.process_cancel_rotation(state, caller, seat, now)
                self.step(caller, Call("Seats", "cancelRotation", (seat,)), result)
            case _:
                caller = self.dice.choice([record.recovery_key, record.recovery_key, record.voting_key])
                result = keys.process_recover_key(state, caller, seat, new_key, possessed=possessed)
                self.step(caller, Call("Seats", "recoverKey", (seat, new_key, signature)), result)
        self.secrets[new_key] = self.secrets.get(new_key, secret)

    def silence(self) -> None:
        """Somebody counts somebody's silence; what that one does next ends it."""
        sender, seat = self.anybody(), SeatNumber(self.dice.randrange(16))
        state, now = self.world.state, self.world.now
        counted = dormancy.process_count_silence(state, sender, seat, now)
        self.step(sender, Call("Seats", "countSilence", (seat,)), counted)

    def anchor(self) -> None:
        release = self.some_release()
        sender = self.dice.choice([WORKER, STRANGER])
        result = releases.process_anchor_receipts(self.world.state, sender, release, label("root"), 7)
        self.step(sender, Call("Releases", "anchorReceipts", (release, label("root"), 7)), result)

    # --- actions, half of which make sense

    def some_release(self) -> ReleaseId:
        return self.dice.choice([*self.world.state.releases.releases, ReleaseId(label("no release"))])

    def some_model(self) -> ModelId:
        return self.dice.choice([*self.world.state.releases.models, ModelId(label("no model"))])

    def some_stop(self) -> StopId:
        return StopId(self.dice.randrange(len(self.world.state.brake.stops) + 2))

    def some_report(self) -> ReportId:
        known = len(self.world.state.brake.incidents)
        return ReportId(self.dice.choice([known, known, self.dice.randrange(known + 2)]))

    def some_expiry(self) -> Timestamp:
        return Timestamp(self.world.now + self.dice.choice([-1, 0, 1, 40 * DAY, 80 * DAY, 90 * DAY, 90 * DAY + 1]))

    def action(self, kind: ActionKind) -> Action:
        state, dice = self.world.state, self.dice
        name = dice.choice([NAMES[0], *NAMES])
        identifier = compute_constraint_id(name) if name else compute_constraint_id("other")
        record = state.constraints.constraints.get(identifier)
        parent = label("stale") if record is None or self.chance(0.05) else record.version
        value = dice.choice([-5, 0, 49, 50, 51, 99, 100, 101])
        expiry = Timestamp(dice.choice([0, 0, 0, self.some_expiry(), self.world.now + 300 * DAY]))
        document = dice.choice([b"{}", b"[]", b'{"a":1}', b"", bytes(PARAMETERS.document_bytes + 1)])
        match kind:
            case ActionKind.ADD_CONSTRAINT:
                settings = tuple(
                    ParameterSetting(dice.choice(KEYS[:2]), dice.choice([Direction.MAX, Direction.MIN]), value)
                    for _ in range(dice.randrange(3))
                )
                return AddConstraint(name, expiry, settings, document)
            case ActionKind.TIGHTEN_PARAMETER | ActionKind.LOOSEN_PARAMETER:
                return SetParameter(identifier, parent, dice.choice(KEYS), value)
            case ActionKind.AMEND_TIGHTER | ActionKind.AMEND_LOOSER:
                return AmendConstraint(identifier, parent, expiry, document)
            case ActionKind.RETIRE_CONSTRAINT:
                return RetireConstraint(identifier, parent if self.chance(0.3) else label("stale"))
            case ActionKind.REVOKE_RELEASE:
                return RevokeRelease(self.some_release(), "misuse")
            case ActionKind.RENEW_RELEASE:
                known = state.releases.releases.get(release := self.some_release())
                extended = self.world.now if known is None else known.expires_at + 1
                return RenewRelease(release, dice.choice([self.some_expiry(), Timestamp(extended)]))
            case ActionKind.CONFIRM_STOP:
                return ConfirmStop(self.some_stop())
            case ActionKind.RESUME:
                return Resume(tuple(self.some_stop() for _ in range(dice.choice([0, 1, 1, 2, 33]))))
            case ActionKind.SUSPEND_SEAT:
                return SuspendSeat(SeatNumber(dice.randrange(20)), label("evidence"))
            case ActionKind.REGISTER_MODEL:
                return self.model()
            case ActionKind.GRANT_RELEASE:
                return self.release()
            case ActionKind.CHANGE_SEATS:
                return self.batch()
            case ActionKind.FORM_COMMITTEE:
                return self.committee()
            case ActionKind.NAME_SUCCESSOR:  # none that could pass: a successor ends every walk
                own = dice.choice([self.world.state.system.seats, self.world.state.system.brake])
                return NameSuccessor((PinnedCode(own, label("code")),) * dice.choice([0, 1, 16, 17]))
            case ActionKind.RECLASSIFY:
                place = make_jurisdiction(dice.choice(["DE", "US", "JP"]))
                affiliation = label("group", dice.randrange(18))
                seat = SeatNumber(dice.randrange(18))
                return Reclassify(seat, place, affiliation, make_short_name("rights"), label("evidence"))
            case ActionKind.REPLACE_SEAT:
                return ReplaceSeat(SeatNumber(dice.randrange(18)), grant_of(90 + dice.randrange(9), dice.randrange(3)))
            case _:
                return SetParameters(self.parameters())

    def model(self) -> RegisterModel:
        dice = self.dice
        parties = [IdentityRequest(Mode.MPC, party) for party in range(dice.randrange(3))]
        plain = [IdentityRequest(dice.choice([Mode.PLAIN, Mode.EVAL, Mode.NONE]), dice.choice([0, 0, 0, 1]))]
        nonce = dice.randrange(12)
        return RegisterModel(
            registrar=WORKER,
            seal_nonce=nonce,
            parent_model=dice.choice([ModelId(ZERO_HASH), ModelId(ZERO_HASH), self.some_model()]),
            manifest_hash=dice.choice([label("manifest"), label("manifest"), ZERO_HASH]),
            content_root=label("root", nonce),
            key_commitment=label("commitment", dice.choice([nonce, nonce, nonce, 3])),
            committee_key_hash=dice.choice([self.world.state.committee.key_hash] * 9 + [label("other key")]),
            identities=tuple(plain + parties),
            name="model",
        )

    def release(self) -> GrantRelease:
        dice = self.dice
        workers = tuple(
            WorkerGrant(dice.choice([WORKER, STRANGER, address_of("w")]), dice.choice([0, 0, 0, 1, 2]), organisation)
            for organisation in dice.choices(
                ["org-0", "org-1", "org-7", "org-8", "nobody"], k=dice.choice([1, 1, 2, 0])
            )
        )
        mode = dice.choice([Mode.PLAIN, Mode.PLAIN, Mode.EVAL, Mode.MPC])
        return GrantRelease(self.some_model(), mode, self.some_expiry(), workers, dice.choice([b"{}", b"{}", b""]))

    def batch(self) -> ChangeSeats:
        dice = self.dice
        removals = tuple(SeatNumber(dice.randrange(18)) for _ in range(dice.choice([0, 1, 1, 2])))
        grants = []
        for _ in range(dice.choice([0, 1, 1, 2])):
            self.names += 1
            grant = grant_of(self.names, dice.randrange(3), dice.choice(["DE", "US", "PL", "NO", "SE", "BR"]))
            for role in ("voting", "recovery"):
                self.secrets[account_of(role, self.names)] = secret_of(role, self.names)
            spoiled = dice.choice(
                [{}] * 6
                + [
                    {"organisation": "org-3"},
                    {"affiliation": label("group", 2)},
                    {"voting_key": self.world.key(1)},
                    {"chamber": ChamberNumber(3)},
                    {"jurisdiction": make_jurisdiction("JP"), "recovery_key": account_of("voting", self.names)},
                ]
            )
            grants.append(dataclasses.replace(grant, **spoiled))  # type: ignore[arg-type]
        return ChangeSeats(removals, tuple(grants))

    def committee(self) -> FormCommittee:
        dice = self.dice
        seats = dice.sample(range(16), dice.choice([3, 4, 5, 5]))
        members = tuple(
            OracleMember(
                compute_organisation_id(f"org-{seat}"), address_of("oracle", seat // dice.choice([1, 1, 1, 2]))
            )
            for seat in seats
        )
        return FormCommittee(dice.choice([1, 2, 2, 3]), dice.choice([0, 1]), members)

    def parameters(self) -> Parameters:
        dice, current = self.dice, self.world.state.parameters
        changes = {
            dice.choice(["grace", "pull_window", "brake_term", "cooldown", "objection_window", "document_bytes"]):
            dice.choice([0, 1, 20 * DAY, 40 * DAY, 50 * DAY, 500 * DAY])
        }  # fmt: skip
        if self.chance(0.2):
            changes = {"late_window": dice.choice([0, 1, DAY, 2 * DAY, 3 * DAY, 100 * DAY])}
        tier = dice.randrange(4)
        change = dice.choice(
            [
                {"chamber_num": dice.randrange(4)},
                {"chamber_strict": True},
                {"overall_den": dice.randrange(1, 8)},
                {"chambers_required": dice.randrange(5)},
                {"timelock": dice.choice([0, 10 * DAY, 20 * DAY])},
                {"period": dice.choice([0, DAY, 12 * DAY])},
                {},
                {},
            ]
        )
        tiers = list(current.tiers)
        tiers[tier] = dataclasses.replace(tiers[tier], **change)  # type: ignore[arg-type]
        return dataclasses.replace(current, tiers=tuple(tiers), **(changes if self.chance(0.6) else {}))  # type: ignore[arg-type]

    # --- a committee in force, so that models can be registered

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


def sign(secret: bytes, digest: Hash32, *, compact: bool = False) -> bytes:
    """65 bytes (r, s, v), or 64 (EIP-2098)."""
    v, r, s = PrivateKey(secret).sign_msg_hash(digest).vrs
    if compact:
        return r.to_bytes(32, "big") + (s | v << 255).to_bytes(32, "big")
    return r.to_bytes(32, "big") + s.to_bytes(32, "big") + bytes([27 + v])
