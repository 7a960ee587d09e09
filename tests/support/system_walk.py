"""A random life of the whole system, taken step by step by the rules and by the contracts on an anvil.

Every step goes through `Duel.step`: both take it with the same events, or both refuse it by the same error and rule.
Half of the steps are drawn to be refused, and times are drawn around the moments at which answers change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from governance.encoding.actions import encode_action
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
from governance.spec.proposals import ballots_of, eta_of, expiry_of
from governance.spec.rules import Refusal
from governance.spec.tiers import TARGETS
from governance.spec.voting import RelayedBallot
from governance.types import (
    EVERYTHING,
    ZERO_HASH,
    ActionKind,
    ConfirmStop,
    Hash32,
    ProposalId,
    ScopeId,
    SeatNumber,
    SignedBallotRecord,
    Standing,
    StopId,
    Support,
    Timestamp,
)
from spec_charter import DAY, STRANGER, WORKER, label
from walk_accounts import account_of, secret_of, sign
from walk_founding import Founding


@dataclass
class Walk(Founding):
    """One walk: its dice, both systems, and what happened."""

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
