"""Refusals that a random life seldom meets: by the same error in the contract and in the rules, one by one."""

from __future__ import annotations

import dataclasses
import random

import pytest

from committee_duel import Duel
from governance.encoding.actions import encode_action
from governance.encoding.keccak import keccak256
from governance.encoding.names import compute_constraint_id, make_jurisdiction
from governance.encoding.releases import compute_model_id
from governance.ledger.codec import Call, encode_call
from governance.spec import brake, council, incidents, keys, voting
from governance.spec.releases import compute_releasability
from governance.spec.replay import replay
from governance.spec.rules import Refusal, refuse
from governance.types import (
    EVERYTHING,
    ZERO_HASH,
    Action,
    ActionKind,
    AddConstraint,
    Address,
    ChamberNumber,
    ChangeSeats,
    ConfirmStop,
    GrantRelease,
    Hash32,
    IdentityRequest,
    Mode,
    ModelId,
    NameSuccessor,
    PinnedCode,
    ProposalId,
    ProposalState,
    RegisterModel,
    Releasability,
    ReleaseId,
    RenewRelease,
    ReportId,
    Resume,
    ScopeId,
    SeatNumber,
    SetParameter,
    StopId,
    Timestamp,
    WorkerGrant,
)
from spec_charter import DAY, STRANGER, WORKER, address_of, label
from system_walk import Walk
from walk_accounts import account_of, grant_of, secret_of, sign
from walk_draws import KEYS, NAMES

pytestmark = pytest.mark.chain
HASH = label("hash of a file")


@pytest.fixture
def walk(duel: Duel) -> Walk:
    """A constraint, a committee, a model, a release."""
    walk = Walk(duel, random.Random(0))
    walk.constrain()
    walk.form()
    return walk


def propose(walk: Walk, kind: ActionKind, action: Action, seat: int = 0) -> str:
    """What both say: the error's name, or nothing."""
    data, sender = encode_action(action), walk.world.key(seat)
    result = council.process_propose(walk.world.state, sender, kind, data, "", walk.world.now)
    walk.step(sender, Call("Council", "propose", (kind, data, "")), result)
    return result.error if isinstance(result, Refusal) else ""


def test_seat_changes_are_refused_alike(walk: Walk) -> None:
    def change(removals: list[int], *grants: dict[str, object]) -> str:
        made = [dataclasses.replace(grant_of(40 + at, 2), **grant) for at, grant in enumerate(grants)]  # type: ignore[arg-type]
        return propose(walk, ActionKind.CHANGE_SEATS, ChangeSeats(tuple(map(SeatNumber, removals)), tuple(made)))

    chamber = ChamberNumber(0)
    letters = [{"chamber": chamber, "jurisdiction": make_jurisdiction(f"Z{letter}")} for letter in "ABCDEF"]
    assert change([], {"organisation": "org-3"}) == "OrganisationSeated"
    assert change([], {"affiliation": label("group", 3)}) == "AffiliationSeated"
    assert change([0, 1, 2]) == "ChamberTooSmall"
    assert change([], *letters) == "ChamberTooLarge"
    assert change([14], *[{"jurisdiction": make_jurisdiction("BR")}] * 3) == "JurisdictionTooLarge"
    assert change([3, 3]) == "UnexpectedStanding"
    assert change([255]) == "UnexpectedStanding"
    assert change([]) == "EmptyBatch"
    assert change([14], {"organisation": ""}) == "MalformedGrant"
    assert change([14], {"voting_key": account_of("recovery", 14)}) == "KeyUsed"
    assert change([], {}, {"voting_key": account_of("recovery", 40)}) == "KeyUsed"
    assert change([14], {}) == ""


def test_models_and_releases_are_refused_alike(walk: Walk) -> None:
    state = walk.world.state
    model_id = next(iter(state.releases.models))
    model = RegisterModel(
        registrar=WORKER,
        seal_nonce=7,
        parent_model=model_id,
        manifest_hash=label("m"),
        content_root=label("r"),
        key_commitment=label("c"),
        committee_key_hash=state.committee.key_hash,
        identities=(IdentityRequest(Mode.PLAIN, 0),),
        name="",
    )

    def register(**changes: object) -> str:
        return propose(walk, ActionKind.REGISTER_MODEL, dataclasses.replace(model, **changes))  # type: ignore[arg-type]

    assert register(identities=model.identities * 2) == "IdentityRegisteredBefore"
    assert register(committee_key_hash=label("other")) == "WrongCommitteeKey"
    assert register(seal_nonce=100) == "ModelExists"
    assert register(key_commitment=label("first commitment")) == "ModelExists"
    assert register(parent_model=ModelId(label("none"))) == "UnknownModel"
    assert register(identities=()) == "BadCount"
    assert register(identities=(IdentityRequest(Mode.MPC, 0),)) == "MalformedModel"
    assert register() == ""
    assert compute_model_id(WORKER, 7) not in walk.world.state.releases.models

    def grant(mode: Mode, *parties: tuple[int, str]) -> str:
        workers = tuple(WorkerGrant(address_of("worker", at), party, name) for at, (party, name) in enumerate(parties))
        expires_at = Timestamp(walk.world.now + DAY)
        return propose(walk, ActionKind.GRANT_RELEASE, GrantRelease(model_id, mode, expires_at, workers, b"{}"), 1)

    assert grant(Mode.MPC, (1, "org-0"), (2, "nobody")) == "PartyWithoutSeat"
    assert grant(Mode.MPC, (1, "org-0"), (2, "org-8")) == "DependentParties"
    assert grant(Mode.MPC, (1, "org-0"), (2, "org-0")) == "DependentParties"
    assert grant(Mode.EVAL, (0, "org-0")) == "BadWorker"
    assert grant(Mode.NONE, (0, "org-0")) == "BadWorker"
    assert grant(Mode.MPC, (1, "org-0"), (1, "org-0"), (2, "org-1")) == ""

    # R-Releases-13: from one release to the next
    workers = (WorkerGrant(address_of("first"), 1, "org-0"), WorkerGrant(address_of("second"), 2, "org-1"))
    first = GrantRelease(model_id, Mode.MPC, Timestamp(walk.world.now + DAY), workers, b"{}")
    walk.duel.enact(ActionKind.GRANT_RELEASE, first, "Releases")
    assert grant(Mode.MPC, (2, "org-0"), (1, "org-2")) == "PartyHeld"
    assert grant(Mode.MPC, (1, "org-3"), (2, "org-8")) == "PartyHeld"  # the jurisdiction of org-0
    assert grant(Mode.MPC, (1, "org-8"), (2, "org-1")) == ""
    held = (walk.world.state.seats.get_seat(SeatNumber(0)).affiliation, 1)
    call = Call("Releases", "partyOf", (model_id, held[0]))
    answer = walk.duel.rpc.call(
        "eth_call", {"to": state.system.releases, "data": "0x" + encode_call(call).hex()}, "latest"
    )
    assert (held[0], int(answer, 16)) == held


def test_parameters_are_refused_alike(walk: Walk) -> None:
    identifier = compute_constraint_id(NAMES[0])

    def change(kind: ActionKind, key: int, value: int) -> str:
        version = walk.world.state.constraints.constraints[identifier].version
        return propose(walk, kind, SetParameter(identifier, version, KEYS[key], value), seat=2)

    assert change(ActionKind.TIGHTEN_PARAMETER, 0, 100) == "NotTighter"
    assert change(ActionKind.LOOSEN_PARAMETER, 0, 99) == "NotLooser"
    assert change(ActionKind.LOOSEN_PARAMETER, 1, 50) == "NotLooser"
    assert change(ActionKind.TIGHTEN_PARAMETER, 1, 50) == "NotTighter"
    assert change(ActionKind.LOOSEN_PARAMETER, 2, 1) == "BadParameter"
    assert change(ActionKind.LOOSEN_PARAMETER, 1, 49) == ""
    assert change(ActionKind.TIGHTEN_PARAMETER, 1, 51) == ""


def test_open_proposals_are_limited_alike(walk: Walk) -> None:
    action = ChangeSeats((SeatNumber(14),), (grant_of(40, 2),))
    said = [propose(walk, ActionKind.CHANGE_SEATS, action, seat=3) for _ in range(6)]
    assert said == ["", "", "", "", "TooManyOpenProposals", "TooManyOpenProposals"]


def test_release_under_a_stop_is_refused_alike(walk: Walk) -> None:
    world = walk.world
    release = next(iter(world.state.releases.releases))
    renewal = RenewRelease(release, Timestamp(world.state.releases.releases[release].expires_at + 1))
    data = encode_action(renewal)
    assert propose(walk, ActionKind.RENEW_RELEASE, renewal) == ""
    proposal_id = list(world.state.council.proposals)[-1]
    for seat in range(15):
        voted = voting.process_ballot(world.state, world.key(seat), proposal_id, 1, "", world.now)
        walk.step(world.key(seat), Call("Council", "castVote", (proposal_id, 1)), voted)
    world.pass_time_until_eta(proposal_id)
    for seat in (0, 5, 10):
        pulled = brake.process_pull(world.state, world.key(seat), EVERYTHING, label("r"), 2, "", world.now)
        walk.step(world.key(seat), Call("Brake", "pull", (EVERYTHING, label("r"), 2, "")), pulled)
    executed = council.process_execute(
        world.state, world.key(0), proposal_id, ActionKind.RENEW_RELEASE, data, world.now
    )
    walk.step(world.key(0), Call("Council", "execute", (proposal_id, ActionKind.RENEW_RELEASE, data)), executed)
    assert walk.refused["TierTooLow"] == 1

    world.wait(world.state.parameters.brake_term)
    lapsed = brake.process_lapse(world.state, StopId(1), world.now)
    walk.step(world.key(0), Call("Brake", "lapse", (StopId(1),)), lapsed)
    again = RenewRelease(release, Timestamp(world.now + 80 * DAY))
    assert propose(walk, ActionKind.RENEW_RELEASE, again) == "ReleaseNotAlive"
    assert (
        propose(walk, ActionKind.RENEW_RELEASE, RenewRelease(ReleaseId(ZERO_HASH), Timestamp(1))) == "ReleaseNotAlive"
    )


def test_reports_and_answers_are_refused_alike(walk: Walk) -> None:
    """Each of the refusals of the incident path, by rules and contracts alike, and the path itself."""
    world = walk.world
    release = Hash32(next(iter(world.state.releases.releases)))
    model = ScopeId(next(iter(world.state.releases.models)))

    def report(sender: Address, subject: Hash32, evidence: Hash32 = HASH, severity: int = 2) -> str:
        result = incidents.process_report(world.state, sender, subject, evidence, severity, "seen", world.now)
        walk.step(sender, Call("Brake", "reportIncident", (subject, evidence, severity, "seen")), result)
        return result.error if isinstance(result, Refusal) else ""

    def respond(sender: Address, report_id: int, answer: Hash32 = HASH) -> str:
        result = incidents.process_respond(world.state, sender, ReportId(report_id), answer, "mended")
        walk.step(sender, Call("Brake", "respond", (report_id, answer, "mended")), result)
        return result.error if isinstance(result, Refusal) else ""

    def cite(seat: int, scope: ScopeId, report_id: int) -> str:
        sender = world.key(seat)
        result = brake.process_pull_citing(world.state, sender, scope, ReportId(report_id), "that", world.now)
        walk.step(sender, Call("Brake", "pullCiting", (scope, report_id, "that")), result)
        return result.error if isinstance(result, Refusal) else ""

    assert report(world.key(0), release, ZERO_HASH) == "BadReport"
    assert report(world.key(0), release, severity=5) == "BadReport"
    assert report(world.key(0), label("nothing")) == "UnknownSubject"
    assert report(STRANGER, release) == "NotReporter"
    assert report(WORKER, Hash32(model)) == "NotReporter"
    assert report(WORKER, release) == ""
    assert report(WORKER, release) == "ReportPending"
    assert respond(world.key(0), 2) == "UnknownReport"
    assert respond(world.key(0), 1, ZERO_HASH) == "EmptyAnswer"
    assert respond(STRANGER, 1) == "NotConcerned"
    assert cite(0, model, 2) == "UnknownReport"
    assert [cite(seat, model, 1) for seat in (0, 5, 10)] == ["", "", ""]
    assert propose(walk, ActionKind.RESUME, Resume((StopId(1),))) == "Unanswered"
    assert respond(WORKER, 1) == ""
    assert report(WORKER, release) == ""
    assert propose(walk, ActionKind.RESUME, Resume((StopId(1),))) == ""
    assert replay(walk.world.genesis, walk.world.logs).brake == walk.world.state.brake


def test_system_ends_alike_for_the_successor_that_was_voted_for(walk: Walk) -> None:
    world, account, code = walk.world, address_of("next council"), b"\x60\x01\x60\x00\xf3"
    walk.duel.rpc.call("anvil_setCode", account, "0x" + code.hex())
    hashed = Hash32(keccak256(code))
    good = NameSuccessor((PinnedCode(account, hashed),))
    swapped = encode_action(NameSuccessor((PinnedCode(account, label("other code")),)))
    own = NameSuccessor((PinnedCode(world.state.system.brake, hashed),))
    adding = encode_action(AddConstraint("late", Timestamp(0), (), b"{}"))
    release = next(iter(world.state.releases.releases))

    def vote(proposal_id: ProposalId) -> None:
        for seat in range(15):
            voted = voting.process_ballot(world.state, world.key(seat), proposal_id, 1, "", world.now)
            walk.step(world.key(seat), Call("Council", "castVote", (proposal_id, 1)), voted)

    def execute(proposal_id: ProposalId, kind: ActionKind, data: bytes) -> str:
        executed = council.process_execute(world.state, world.key(0), proposal_id, kind, data, world.now)
        walk.step(world.key(0), Call("Council", "execute", (proposal_id, kind, data)), executed)
        return executed.error if isinstance(executed, Refusal) else ""

    assert propose(walk, ActionKind.NAME_SUCCESSOR, NameSuccessor(())) == "BadSuccessor"
    assert propose(walk, ActionKind.NAME_SUCCESSOR, own) == "OwnPart"
    # What stands at an address is the chain's to say: the rules alone would let this one pass.
    wrong = refuse("R-Brake-15", "WrongCode", "")
    walk.step(world.key(0), Call("Council", "propose", (ActionKind.NAME_SUCCESSOR, swapped, "")), wrong)
    assert propose(walk, ActionKind.NAME_SUCCESSOR, good) == ""
    naming = list(world.state.council.proposals)[-1]
    vote(naming)
    world.pass_time_until_eta(naming)
    assert propose(walk, ActionKind.ADD_CONSTRAINT, AddConstraint("late", Timestamp(0), (), b"{}")) == ""
    late = list(world.state.council.proposals)[-1]
    vote(late)
    assert execute(naming, ActionKind.NAME_SUCCESSOR, encode_action(good)) == ""
    assert world.state.council.successor == account
    assert compute_releasability(world.state, release, WORKER, world.now) is Releasability.BARRED
    world.pass_time_until_eta(late)
    world.wait(1)
    assert execute(late, ActionKind.ADD_CONSTRAINT, adding) == "UnexpectedState"
    assert world.state_of(late) is ProposalState.EXPIRED
    assert propose(walk, ActionKind.NAME_SUCCESSOR, good) == "HasSuccessor"
    for seat in (0, 5, 10):
        pulled = brake.process_pull(world.state, world.key(seat), EVERYTHING, HASH, 2, "", world.now)
        walk.step(world.key(seat), Call("Brake", "pull", (EVERYTHING, HASH, 2, "")), pulled)
    assert propose(walk, ActionKind.CONFIRM_STOP, ConfirmStop(StopId(1))) == ""
    assert replay(world.genesis, world.logs).brake == world.state.brake


def test_rotation_without_possession_is_refused_alike(walk: Walk) -> None:
    state, new_key = walk.world.state, account_of("rotated")
    forged = sign(secret_of("somebody else"), label("whatever"))
    for signature in (forged, b"", forged[:64], bytes(65)):
        refused = keys.process_start_rotation(state, walk.world.key(3), new_key, walk.world.now, possessed=False)
        walk.step(walk.world.key(3), Call("Seats", "startRotation", (new_key, signature)), refused)
    assert walk.refused["PossessionNotProven"] == 4
