"""Storage beside the replayed state: everything that the contracts keep and that the rules keep, value by value."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from governance.encoding.keccak import keccak256
from governance.ledger.client import Ledger
from governance.spec.brake import pending_pulls
from governance.spec.proposals import quorum_state
from governance.spec.releases import compute_releasability
from governance.spec.state import SystemState
from governance.types import ReportId, SeatNumber, StopId, Timestamp


@dataclass(frozen=True)
class Compared:
    """One value of storage beside the one that the rules make."""

    contract: str
    what: str
    expected: object
    actual: object

    @property
    def agrees(self) -> bool:
        return self.expected == self.actual

    def __str__(self) -> str:
        return f"{self.contract}: {self.what} is {_show(self.actual)}, and the rules make it {_show(self.expected)}"


def _show(value: object) -> str:
    return "0x" + value.hex() if isinstance(value, bytes) else repr(value)


def compare_storage(ledger: Ledger, state: SystemState, block: int, now: Timestamp) -> Iterator[Compared]:
    """Every comparison, in the state of `block`, whose time is `now`. Raises: RpcUnavailable."""
    yield from _compare_seats(ledger, state, block)
    yield from _compare_council(ledger, state, block, now)
    yield from _compare_constraints(ledger, state, block)
    yield from _compare_releases(ledger, state, block, now)
    yield from _compare_brake(ledger, state, block, now)
    yield from _compare_committee(ledger, state, block)


def _compare_seats(ledger: Ledger, state: SystemState, at: int) -> Iterator[Compared]:
    seats = state.seats
    numbers = [SeatNumber(number) for number in range(64)]
    for number, record in zip(numbers, ledger.seats.get_seats(numbers, at=at), strict=True):
        yield Compared("Seats", f"seat {number}", seats.get_seat(number), record)
    for number, silence in zip(numbers, ledger.seats.get_silences(numbers, at=at), strict=True):
        yield Compared("Seats", f"silence of seat {number}", seats.get_silence(number), silence)
    yield Compared("Seats", "live seats", seats.live, ledger.seats.get_live_mask(at=at))
    yield Compared("Seats", "roster", (seats.roster_version, seats.present), ledger.seats.get_roster(at=at))
    for version, masks in enumerate(seats.rosters, 1):
        yield Compared("Seats", f"roster {version}", masks, ledger.seats.get_chamber_masks(version, at=at))
    for seat, rotation in seats.rotations.items():
        yield Compared("Seats", f"rotation of seat {seat}", rotation, ledger.seats.get_rotation(seat, at=at))


def _compare_council(ledger: Ledger, state: SystemState, at: int, now: Timestamp) -> Iterator[Compared]:
    council = state.council
    yield Compared("Council", "active", council.active, ledger.council.is_active(at=at))
    yield Compared("Council", "successor", council.successor, ledger.council.get_successor(at=at))
    version, current = ledger.council.get_parameters(at=at)
    yield Compared("Council", "parameters in force", (council.version, council.parameters), (version, current))
    for number, parameters in enumerate(council.versions, 1):
        yield Compared("Council", f"parameters {number}", parameters, ledger.council.get_parameters_at(number, at=at))
    for proposer, nonce in council.nonces.items():
        yield Compared("Council", f"nonce of {proposer}", nonce, ledger.council.get_proposal_nonce(proposer, at=at))
    for proposal_id, proposal in council.proposals.items():
        what = f"proposal {proposal_id:#066x}"
        yield Compared("Council", what, proposal, ledger.council.get_proposal(proposal_id, at=at))
        quorum = ledger.council.get_quorum(proposal_id, at=at)
        yield Compared("Council", f"quorum of {what}", quorum_state(state, proposal, now), quorum)


def _compare_constraints(ledger: Ledger, state: SystemState, at: int) -> Iterator[Compared]:
    constraints = state.constraints
    yield Compared("Constraints", "predecessor", state.predecessor, ledger.constraints.get_predecessor(at=at))
    genesis, first = ledger.constraints.get_genesis_head(at=at), ledger.constraints.get_first_entry(at=at)
    yield Compared("Constraints", "genesis head", constraints.genesis_head, genesis)
    yield Compared("Constraints", "first own entry", constraints.first_entry, first)
    yield Compared("Constraints", "head", constraints.head, ledger.constraints.get_head(at=at))
    yield Compared("Constraints", "entries", constraints.entries, tuple(ledger.constraints.get_entries(at=at)))
    for identifier, record in constraints.constraints.items():
        actual = ledger.constraints.get_constraint(identifier, at=at)
        yield Compared("Constraints", f"constraint 0x{identifier.hex()}", record, actual)
    for (identifier, key), parameter in constraints.parameters.items():
        value = ledger.constraints.get_parameter(identifier, key, at=at)
        yield Compared("Constraints", f"parameter {key!r} of 0x{identifier.hex()}", parameter, value)


def _compare_releases(ledger: Ledger, state: SystemState, at: int, now: Timestamp) -> Iterator[Compared]:
    releases = state.releases
    yield Compared("Releases", "models", len(releases.models), ledger.releases.get_model_count(at=at))
    for model_id, model in releases.models.items():
        yield Compared("Releases", f"model 0x{model_id.hex()}", model, ledger.releases.get_model(model_id, at=at))
    for identity, model_id in releases.identities.items():
        actual = ledger.releases.get_model_of_identity(identity, at=at)
        yield Compared("Releases", f"identity 0x{identity.hex()}", model_id, actual)
    yield from _compare_inherited(ledger, state, at)
    yield Compared("Releases", "releases", list(releases.releases), ledger.releases.get_release_ids(at=at))
    for release_id, release in releases.releases.items():
        what = f"release 0x{release_id.hex()}"
        yield Compared("Releases", what, release, ledger.releases.get_release(release_id, at=at))
    for (release_id, worker), identity in releases.workers.items():
        what = f"worker {worker} of release 0x{release_id.hex()}"
        named = ledger.releases.get_worker_identity(release_id, worker, at=at)
        yield Compared("Releases", what, identity, named)
        expected = compute_releasability(state, release_id, worker, now)
        standing = ledger.releases.get_releasability(release_id, worker, at=at)
        yield Compared("Releases", f"standing of {what}", expected, standing)
    for (model_id, label), party in releases.parties.items():
        held = ledger.releases.get_party(model_id, label, at=at)
        yield Compared("Releases", f"party of 0x{label.hex()} in model 0x{model_id.hex()}", party, held)
    for (release_id, worker), receipts in releases.receipts.items():
        anchored = ledger.releases.get_receipts(release_id, worker, at=at)
        yield Compared("Releases", f"receipts of {worker}", receipts, anchored)


def _compare_inherited(ledger: Ledger, state: SystemState, at: int) -> Iterator[Compared]:
    """What was registered with the systems before this one, as this one knows it."""
    before = state.releases.before
    while before is not None:
        for model_id, model in before.models.items():
            known = ledger.releases.get_model(model_id, at=at)
            yield Compared("Releases", f"inherited model 0x{model_id.hex()}", model, known)
            key = model.key_commitment
            yield Compared(
                "Releases",
                f"inherited seal 0x{key.hex()}",
                model_id,
                ledger.releases.get_model_of_key(key, at=at),
            )
        for identity, model_id in before.identities.items():
            found = ledger.releases.get_model_of_identity(identity, at=at)
            yield Compared("Releases", f"inherited identity 0x{identity.hex()}", model_id, found)
        before = before.before


def _compare_brake(ledger: Ledger, state: SystemState, at: int, now: Timestamp) -> Iterator[Compared]:
    brake = state.brake
    for scope, record in brake.scopes.items():
        what = f"scope 0x{scope.hex()}"
        yield Compared("Brake", what, record, ledger.brake.get_scope(scope, at=at))
        pulls = pending_pulls(state, scope, now)
        seats, _count, _chambers = ledger.brake.get_pending_pulls(scope, at=at)
        yield Compared("Brake", f"pulls on {what}", pulls.seats, seats)
    for part in brake.successor_parts:
        code = bytes.fromhex(ledger.rpc.call("eth_getCode", part.account, hex(at)).removeprefix("0x"))
        yield Compared("Brake", f"code of the successor's {part.account}", part.code_hash, keccak256(code))
    expected = {StopId(number): stop for number, stop in enumerate(brake.stops, 1)}
    yield Compared("Brake", "stops", expected, ledger.brake.get_stops(at=at))
    reports = {ReportId(number): report for number, report in enumerate(brake.incidents, 1)}
    yield Compared("Brake", "reports", reports, ledger.brake.get_incidents(at=at))


def _compare_committee(ledger: Ledger, state: SystemState, at: int) -> Iterator[Compared]:
    committee = state.committee
    yield Compared("Committee", "epoch in force", committee.current_epoch, ledger.committee.get_current_epoch(at=at))
    yield Compared("Committee", "latest epoch", committee.latest_epoch, ledger.committee.get_latest_epoch(at=at))
    yield Compared("Committee", "key hash", committee.key_hash, ledger.committee.get_key_hash(at=at))
    for epoch, record in committee.epochs.items():
        yield Compared("Committee", f"epoch {epoch}", record, ledger.committee.get_epoch(epoch, at=at))
        members = ledger.committee.get_members(epoch, at=at)
        yield Compared("Committee", f"members of epoch {epoch}", committee.members[epoch], members)
        for place, dealing in enumerate(committee.dealings[epoch]):
            found = ledger.committee.get_dealing(epoch, place, at=at)
            yield Compared("Committee", f"dealing {place} of epoch {epoch}", dealing, found)
    for epoch, aggregate in committee.aggregates.items():
        actual = ledger.committee.get_aggregate(epoch, at=at)
        yield Compared("Committee", f"aggregate of epoch {epoch}", aggregate, actual)
    for request_id, request in committee.requests.items():
        asked = ledger.committee.get_request(request_id, at=at)
        yield Compared("Committee", f"request 0x{request_id.hex()}", request, asked)
