"""The ledger's client on real contracts: refusals first, then every read and write of the voting path."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from governance.chain.anvil import mine
from governance.charter.document import parse_charter
from governance.charter.templates import read_template
from governance.encoding.actions import compute_proposal_id, encode_action
from governance.encoding.names import compute_constraint_id, compute_organisation_id, make_short_name
from governance.encoding.signatures import Ballot, Rotation, make_rotation_typed_data
from governance.ledger.ballots import SignedBallot
from governance.ledger.deployment import Deployment
from governance.ledger.errors import (
    BadDeployment,
    DeploymentMismatch,
    LedgerRefused,
    TransactionPending,
    TransactionRejected,
    UnknownName,
)
from governance.ledger.history import History
from governance.ledger.signer import Signer
from governance.ledger.transactions import await_mined, send, submit, transfer
from governance.types import (
    EVERYTHING,
    ActionKind,
    AddConstraint,
    Choice,
    ConstraintStatus,
    Direction,
    Hash32,
    ParameterSetting,
    ProposalState,
    SeatNumber,
    Standing,
    StopStatus,
    Support,
    Timestamp,
)
from governance.types.events.brake import Stopped
from governance.types.events.constraints import LedgerAdvanced
from live_system import CHAMBER, LiveSystem, live_system

pytestmark = pytest.mark.chain

CONSTRAINT = AddConstraint(
    name="no-bioweapons",
    expires_at=Timestamp(0),
    parameters=(ParameterSetting(make_short_name("max_output_tokens"), Direction.MAX, 512),),
    document=b'{"name":"no-bioweapons"}',
)


@pytest.fixture
def system(tmp_path: Path) -> Iterator[LiveSystem]:
    with live_system(tmp_path) as system:
        yield system


def propose(system: LiveSystem, by: int = 0) -> int:
    return system.propose(ActionKind.ADD_CONSTRAINT, CONSTRAINT, by=by)


# --- the deployment


@pytest.mark.parametrize("field", ["chain_id", "genesis_hash", "charter_hash", "code_hashes", "addresses"])
def test_send_raises_before_anything_is_signed_when_the_deployment_is_another(system: LiveSystem, field: str) -> None:
    real = system.ledger.deployment
    other = {
        "chain_id": 1,
        "genesis_hash": Hash32(b"\x01" * 32),
        "charter_hash": Hash32(b"\x01" * 32),
        "code_hashes": {**real.code_hashes, "Brake": Hash32(b"\x01" * 32)},
        "addresses": {**real.addresses, "Seats": real.addresses["Brake"]},
    }
    ledger = type(system.ledger)(system.anvil.rpc, dataclasses.replace(real, **{field: other[field]}))
    before = system.anvil.rpc.call("eth_getTransactionCount", system.seats[0].address, "latest")
    with pytest.raises(DeploymentMismatch):
        ledger.send(ledger.council.propose(ActionKind.ADD_CONSTRAINT, CONSTRAINT, ""), system.seats[0])
    assert system.anvil.rpc.call("eth_getTransactionCount", system.seats[0].address, "latest") == before


@pytest.mark.parametrize("code", ["0x", "0x6000", "0xef0100" + "11" * 20])
def test_verify_raises_when_the_code_was_replaced_or_delegated(system: LiveSystem, code: str) -> None:
    system.anvil.rpc.call("anvil_setCode", system.ledger.deployment.addresses["Releases"], code)
    with pytest.raises(DeploymentMismatch, match="Releases"):
        system.ledger.verify()
    with pytest.raises(DeploymentMismatch, match="Releases"):
        system.ledger.deployment.verify_sources(system.anvil.rpc)


def test_deployment_survives_its_file_and_a_broken_file_is_refused(system: LiveSystem, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "deployment.json"
    system.ledger.deployment.write(path)
    assert Deployment.read(path) == system.ledger.deployment
    good = system.ledger.deployment.to_json()
    for broken in (
        [],
        {},
        good | {"schema": "custodes.deployment/9"},
        good | {"chainId": "31337"},
        good | {"block": True},
        good | {"charterHash": "0x00"},
        good | {"contracts": {}},
    ):
        with pytest.raises(BadDeployment):
            Deployment.from_json(broken)
    path.write_text("{")
    for wrong in (path, tmp_path / "absent.json"):
        with pytest.raises(BadDeployment):
            Deployment.read(wrong)


def test_deployed_code_is_what_the_package_holds_and_the_deployer_has_no_power(system: LiveSystem) -> None:
    system.ledger.deployment.verify_sources(system.anvil.rpc)
    assert system.ledger.council.is_active()
    charter = parse_charter(read_template("devnet"))
    assert system.ledger.council.get_parameters()[1].document_bytes == charter.parameters.document_bytes


# --- refusals


def test_send_raises_and_spends_nothing_when_the_ledger_refuses(system: LiveSystem) -> None:
    stranger = Signer.random()
    system.fund(stranger.address)
    with pytest.raises(LedgerRefused) as caught:
        system.ledger.send(system.ledger.council.propose(ActionKind.ADD_CONSTRAINT, CONSTRAINT, ""), stranger)
    assert (caught.value.error, caught.value.rule) == ("NotLiveSeat", "R-Council-01")
    assert caught.value.arguments == {"account": stranger.address.lower()} or caught.value.arguments == {
        "account": stranger.address
    }
    assert system.anvil.rpc.call("eth_getTransactionCount", stranger.address, "latest") == "0x0"


def test_read_raises_a_refusal_when_the_getter_reverts(system: LiveSystem) -> None:
    with pytest.raises(LedgerRefused) as caught:
        system.ledger.council.get_quorum(7)  # type: ignore[arg-type]
    assert caught.value.rule == "R-Council-17"


def test_send_raises_rejected_when_the_account_has_no_ether(system: LiveSystem) -> None:
    proposal = propose(system)
    voter = system.seats[3]
    system.anvil.rpc.call("anvil_setBalance", voter.address, "0x0")
    with pytest.raises(TransactionRejected):
        system.ledger.send(system.ledger.council.vote(proposal, Support.FOR), voter)  # type: ignore[arg-type]


def test_send_raises_pending_when_no_block_comes_and_names_the_transaction(system: LiveSystem) -> None:
    proposal = propose(system)
    system.anvil.rpc.call("evm_setAutomine", False)
    call = system.ledger.council.vote(proposal, Support.FOR)  # type: ignore[arg-type]
    with pytest.raises(TransactionPending) as caught:
        system.ledger.send(call, system.seats[3], patience=0.3)
    mine(system.anvil.rpc, 1)
    sent = caught.value.details["transaction"]
    assert system.anvil.rpc.call("eth_getTransactionReceipt", sent)["status"] == "0x1"


def test_failure_in_its_block_is_explained_when_the_state_has_moved_meanwhile(system: LiveSystem) -> None:
    proposal = propose(system)
    rpc, council = system.anvil.rpc, system.ledger.council
    cancel = council.cancel(proposal)  # type: ignore[arg-type]
    drafted = system.ledger.try_call(cancel, system.seats[0].address)  # it would succeed now
    system.vote(proposal, [1])  # type: ignore[arg-type]
    with pytest.raises(LedgerRefused) as caught:
        send(rpc, system.seats[0], drafted, what="the cancellation")
    assert caught.value.error == "NotCancellable"


def test_submit_raises_rejected_when_the_nonce_was_used(system: LiveSystem) -> None:
    proposal = propose(system)
    call = system.ledger.council.vote(proposal, Support.FOR)  # type: ignore[arg-type]
    drafted = system.ledger.try_call(call, system.seats[4].address)
    send(system.anvil.rpc, system.seats[4], drafted, what="the vote")
    with pytest.raises(TransactionRejected, match="was not taken"):
        submit(system.anvil.rpc, system.seats[4], drafted, what="the vote")


def test_await_mined_keeps_waiting_while_the_node_is_silent(system: LiveSystem) -> None:
    proposal = propose(system)
    call = system.ledger.council.vote(proposal, Support.FOR)  # type: ignore[arg-type]
    drafted = system.ledger.try_call(call, system.seats[4].address)
    sent = submit(system.anvil.rpc, system.seats[4], drafted, what="the vote")
    mined = await_mined(system.anvil.rpc, system.seats[4].address, drafted, sent, what="the vote")
    assert mined.hash.hex() == sent[2:]
    assert 0 < mined.gas_used <= drafted.gas
    assert drafted.cost >= mined.gas_used


# --- the path of a proposal


def test_proposal_is_voted_executed_and_told_from_events(system: LiveSystem) -> None:
    ledger = system.ledger
    proposal = system.propose(ActionKind.ADD_CONSTRAINT, CONSTRAINT, by=5, description="why")
    assert proposal == compute_proposal_id(
        ledger.chain_id, ledger.deployment.addresses["Council"], system.seats[5].address, 0,
        ActionKind.ADD_CONSTRAINT, encode_action(CONSTRAINT),
    )  # fmt: skip
    system.vote(proposal, [0, 1, 2, 6, 7])
    system.vote(proposal, [8], Support.AGAINST)
    ledger.send(ledger.council.vote(proposal, Support.FOR, "good"), system.seats[10])
    voter = system.seats[11]
    ballot = Ballot(proposal, Support.FOR, voter.address, 1, 0, "signed off line")
    assert (
        ledger.council.get_ballot_digest(ballot)
        == SignedBallot.sign(ledger.council.domain(ledger.chain_id), ballot, voter).digest
    )
    signed = SignedBallot.sign(ledger.council.domain(ledger.chain_id), ballot, voter)
    ledger.send(ledger.council.vote_signed(signed.ballot, signed.signature), system.seats[0])
    ledger.send(ledger.council.vote(proposal, Support.FOR), system.seats[8])  # changes its mind

    quorum = ledger.council.get_quorum(proposal)
    assert (quorum.state, quorum.yes, quorum.needed, quorum.passing) == (ProposalState.ACTIVE, 8, 8, True)
    assert [tally.yes for tally in quorum.chambers] == [3, 3, 2]
    assert ledger.council.get_ballot(proposal, SeatNumber(8)) == (Choice.FOR, 1, 2)
    system.warp_to_eta(proposal)
    assert ledger.council.get_state(proposal) is ProposalState.SUCCEEDED
    receipt = system.execute(proposal, ActionKind.ADD_CONSTRAINT, CONSTRAINT)
    assert receipt.find(LedgerAdvanced).head == ledger.constraints.get_head()
    with pytest.raises(LookupError):
        receipt.find(Stopped)

    history = History.of(ledger)
    (entry,) = history.proposals
    assert history.find_proposal("1") is entry
    assert history.find_proposal(f"0x{proposal:064x}"[:14]) is entry
    assert history.find_proposal(str(proposal)) is entry
    assert (entry.number, entry.id, entry.description, entry.action) == (1, proposal, "why", CONSTRAINT)
    assert entry.proposer == system.seats[5].address
    assert entry.executed is not None
    assert {seat: b.support for seat, b in entry.current_ballots(1).items()}[SeatNumber(8)] is Support.FOR
    assert {b.seat: b.reason for b in entry.ballots}[SeatNumber(11)] == "signed off line"
    assert {b.seat: b.reason for b in entry.ballots}[SeatNumber(10)] == "good"

    record = ledger.constraints.get_constraint(compute_constraint_id("no-bioweapons"))
    assert (record.status, record.version) == (ConstraintStatus.IN_FORCE, ledger.constraints.get_head())
    parameter = ledger.constraints.get_parameter(
        compute_constraint_id("no-bioweapons"), make_short_name("max_output_tokens")
    )
    assert (parameter.direction, parameter.value) == (Direction.MAX, 512)
    (logged,) = ledger.constraints.get_entries()
    assert logged.proposal_id == proposal


def test_brake_stops_everything_after_the_third_pull_and_its_state_is_read(system: LiveSystem) -> None:
    brake = system.ledger.brake
    for seat in (0, 1):
        system.ledger.send(brake.pull(EVERYTHING, Hash32(b"\x02" * 32), 3, "leak"), system.seats[seat])
    assert brake.get_pending_pulls(EVERYTHING) == (0b11, 2, 1)
    receipt = system.ledger.send(brake.pull(EVERYTHING, Hash32(b"\x02" * 32), 3, "leak"), system.seats[5])
    stop = receipt.find(Stopped).stop_id
    assert brake.get_stop(stop).status is StopStatus.STANDING
    assert brake.get_stops() == {stop: brake.get_stop(stop)}
    assert brake.get_scope(EVERYTHING).standing == 1
    with pytest.raises(LedgerRefused) as caught:
        system.ledger.send(brake.lapse(stop), system.seats[0])
    assert caught.value.rule == "R-Brake-05"


def test_key_rotates_with_its_possession_proven_and_the_new_key_has_a_name(system: LiveSystem) -> None:
    ledger, seat, fresh = system.ledger, SeatNumber(7), Signer.random()
    rotation = Rotation(seat, system.seats[7].address, fresh.address)
    typed = make_rotation_typed_data(ledger.seats.domain(ledger.chain_id), rotation)
    possession = fresh.sign_typed_data(typed)
    ledger.send(ledger.seats.recover_key(seat, fresh.address, possession), system.recovery[7])
    assert ledger.seats.get_seat_of(fresh.address) == (seat, Standing.LIVE)
    assert ledger.seats.get_seat_of(system.seats[7].address)[1] is Standing.NONE
    assert History.of(ledger).names.of_account(fresh.address) == system.organisations[7]


def test_seats_are_read_as_the_charter_names_them(system: LiveSystem) -> None:
    seats = system.ledger.seats
    names = History.of(system.ledger).names
    assert [names.of_seat(SeatNumber(n)) for n in range(15)] == list(system.organisations)
    records = seats.get_seats([SeatNumber(n) for n in range(15)])
    assert [record.chamber for record in records] == [n for n, _ in enumerate(CHAMBER) for _ in range(5)]
    assert seats.get_roster() == (1, 2**15 - 1)
    assert seats.get_live_mask() == 2**15 - 1
    organisation = compute_organisation_id(system.organisations[9])
    assert seats.get_seat_of_organisation(organisation) == (9, Standing.LIVE)
    assert names.find_seat(system.organisations[9]) == names.find_seat("9") == 9
    assert names.find_organisation(system.organisations[9].upper().replace(" ", "-")) == organisation
    with pytest.raises(UnknownName, match="no organisation") as caught:
        names.find_organisation("Fides Institut")
    assert "Fides Institute" in caught.value.advice


@pytest.mark.parametrize("text", ["0", "2", "0xdeadbeef", "seven", "0x12"])
def test_find_proposal_raises_when_none_has_that_number_or_id(system: LiveSystem, text: str) -> None:
    propose(system)
    with pytest.raises(UnknownName):
        History.of(system.ledger).find_proposal(text)


def test_committee_and_releases_read_empty_before_anything_happened(system: LiveSystem) -> None:
    committee, releases = system.ledger.committee, system.ledger.releases
    assert committee.get_current_epoch() == committee.get_latest_epoch() == 0
    assert committee.get_key() == b""
    assert not any(committee.get_key_hash())
    assert releases.get_model_count() == 0


def test_transfer_moves_ether(system: LiveSystem) -> None:
    stranger = Signer.random()
    transfer(system.anvil.rpc, system.seats[0], stranger.address, 12_345)
    assert int(system.anvil.rpc.call("eth_getBalance", stranger.address, "latest"), 16) == 12_345
