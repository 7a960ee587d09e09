"""Workers, strangers and oracles that cheat while a model is unlocked, and stops that fall at the worst moments.

Every attempt is a transaction in a block, from the account of whoever cheats; the oracles are real processes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from barring import Barring
from catalogue import fault_case
from cheats import approve, force, make_answer, post
from committee_player import THRESHOLD, form_committee
from committee_system import Unlockable, unlockable_committee
from governance.crypto.errors import DuplicatePartial, ThresholdNotMet, WrongIdentityKey
from governance.crypto.group import Scalar
from governance.crypto.partial import TransportPublicKey, combine
from governance.crypto.points import g1_to_eip2537, g2_from_eip2537
from governance.ledger.codec import Call
from governance.ledger.signer import Signer
from governance.types import Identity, Phase, ReleaseId, RequestId
from governance.types.events.committee import PartialRefused, UnlockRequested
from oracle_fleet import OracleProcess, wait_until
from transport import make_transport, request_call

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

FLOOD = 6
LOW_ORDER = bytes(127) + b"\x02"  # (0, 2) lies on the curve of G1, and has order 3


@pytest.fixture(scope="module")
def unlockable(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Unlockable]:
    """Five running oracles, and everything that an unlock needs. A test leaves all five running."""
    with unlockable_committee(tmp_path_factory.mktemp("committee")) as made:
        yield made


def events_of(unlockable: Unlockable, kind: type) -> list:  # type: ignore[type-arg]
    return [record.event for record in unlockable.committee.system.ledger.events() if isinstance(record.event, kind)]


def request_of(unlockable: Unlockable, worker: Signer, release: ReleaseId) -> Call:
    """A request with a fresh transport key, for the identity that the true worker has."""
    ledger = unlockable.committee.system.ledger
    identity = unlockable.committee.identity(unlockable.model)
    return request_call(ledger, release, make_transport(ledger, release, worker.address, identity).public)


# --- workers and strangers


@pytest.mark.fault("UNLOCK-01", "a stranger asks for an unlock", "R-Committee-13; no request, and nobody approves")
def test_unlock_of_a_stranger_is_refused_and_nobody_approves(unlockable: Unlockable) -> None:
    committee, stranger = unlockable.committee, Signer.random()
    committee.system.fund(stranger.address)
    before = len(committee.system.ledger.events())
    call = request_of(unlockable, stranger, unlockable.release)
    assert force(committee, call, stranger).rule == "R-Committee-13"
    call = request_of(unlockable, committee.worker, ReleaseId(b"\x77" * 32))
    assert force(committee, call, committee.worker).rule == "R-Committee-13"
    committee.settle()
    assert len(committee.system.ledger.events()) == before


def another_identity(unlockable: Unlockable) -> TransportPublicKey:
    """T = tau H(id'), with the best proof there is: its answers would be shares of a key that nobody released."""
    committee = unlockable.committee
    ledger, worker = committee.system.ledger, committee.worker.address
    return make_transport(ledger, unlockable.release, worker, Identity(b"\x1d" * 32)).public


def another_workers(unlockable: Unlockable) -> TransportPublicKey:
    """A key and a proof that somebody else made for itself."""
    ledger = unlockable.committee.system.ledger
    identity = unlockable.committee.identity(unlockable.model)
    return make_transport(ledger, unlockable.release, Signer.random().address, identity).public


def as_shown(key: bytes) -> Callable[[Unlockable], Call]:
    def make(unlockable: Unlockable) -> Call:
        proof = make_transport(
            unlockable.committee.system.ledger, unlockable.release, unlockable.committee.worker.address
        ).public.proof
        return unlockable.committee.system.ledger.committee.request_unlock(unlockable.release, key, proof)

    return make


def as_made(make: Callable[[Unlockable], TransportPublicKey]) -> Callable[[Unlockable], Call]:
    return lambda made: request_call(made.committee.system.ledger, made.release, make(made))


@pytest.mark.parametrize(
    "make",
    [
        fault_case(
            "UNLOCK-02", "T is a multiple of another identity", "R-Committee-09; no request", as_made(another_identity)
        ),
        fault_case("UNLOCK-03", "T is a point of low order", "R-Committee-09; no request", as_shown(LOW_ORDER)),
        fault_case("UNLOCK-04", "T is the identity", "R-Committee-09; no request", as_shown(bytes(128))),
        fault_case(
            "UNLOCK-13", "T is what another worker posted", "R-Committee-09; no request", as_made(another_workers)
        ),
    ],
)
def test_request_with_a_transport_key_that_is_none_is_refused(
    unlockable: Unlockable, make: Callable[[Unlockable], Call]
) -> None:
    committee = unlockable.committee
    before = len(committee.system.ledger.events())
    assert force(committee, make(unlockable), committee.worker).rule == "R-Committee-09"
    assert len(committee.system.ledger.events()) == before


@pytest.mark.fault(
    "UNLOCK-05",
    "a named worker floods the bus with requests, and uses a transport key again",
    "R-Committee-14 for all but one; each oracle approves and answers once",
)
def test_flood_of_requests_from_a_named_worker_leaves_one(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    ledger, before = committee.system.ledger, len(events_of(unlockable, UnlockRequested))
    sent = [committee.transactions_of(oracle) for oracle in committee.oracles]
    with committee.oracles_frozen():  # once it is answered, another one may follow
        asked = committee.ask(unlockable.release)
        for _ in range(FLOOD):
            call = request_of(unlockable, committee.worker, unlockable.release)
            assert force(committee, call, committee.worker).rule == "R-Committee-14"
    committee.wait_for_partials(asked, THRESHOLD)
    again = request_call(ledger, unlockable.release, asked.transport.public)
    assert force(committee, again, committee.worker).rule == "R-Committee-14"
    committee.settle()
    assert len(events_of(unlockable, UnlockRequested)) == before + 1
    now = [committee.transactions_of(oracle) for oracle in committee.oracles]
    assert max(after - then for after, then in zip(now, sent, strict=True)) <= 2


# --- oracles


@pytest.mark.fault(
    "UNLOCK-06",
    "t - 1 oracles broadcast their partials without any approval",
    "R-Committee-16; what they broadcast is no key, nor with a share that is made up",
)
def test_partials_of_t_minus_1_traitors_without_approvals_open_nothing(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    public_key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    with committee.oracles_frozen():
        asked = committee.ask(unlockable.release)
        shown = []
        for traitor in committee.oracles[: THRESHOLD - 1]:
            share, verification_key = traitor.key_share(unlockable.epoch)
            shown.append(make_answer(asked, share))
            refusal = force(committee, post(committee, asked, shown[-1], verification_key), traitor.signer())
            assert refusal.rule == "R-Committee-16"
        third, _ = committee.oracles[THRESHOLD].key_share(unlockable.epoch)
        guess = make_answer(asked, replace(third, secret=Scalar.random()))
        identity = committee.identity(unlockable.model)
        with pytest.raises(ThresholdNotMet):
            combine(shown, THRESHOLD, asked.transport, identity, public_key)
        with pytest.raises(WrongIdentityKey):
            combine([*shown, guess], THRESHOLD, asked.transport, identity, public_key)
        assert committee.partials(asked) == []
    committee.wait_for_partials(asked, THRESHOLD)


@pytest.mark.fault(
    "UNLOCK-07",
    "an oracle answers with another share than its own",
    "R-Committee-17: PartialRefused names its address, every other oracle logs it; the unlock goes on",
)
def test_wrong_partial_is_on_record_with_its_oracle_and_the_unlock_goes_on(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    ledger, liar = committee.system.ledger, committee.oracles[0]
    with committee.oracles_frozen():
        asked = committee.ask(unlockable.release)
        approve(committee, asked, committee.oracles[:THRESHOLD])
        (mine, key), (other, _) = (oracle.key_share(unlockable.epoch) for oracle in committee.oracles[:2])
        wrong = make_answer(asked, replace(mine, secret=other.secret))
        receipt = ledger.send(post(committee, asked, wrong, key), liar.signer())
        culprit = receipt.find(PartialRefused)
        assert (culprit.request_id, culprit.index, culprit.oracle) == (asked.request_id, mine.member, liar.address)
        assert culprit.partial_key == g1_to_eip2537(wrong.point)
        assert committee.partials(asked) == []
    committee.wait_for_partials(asked, THRESHOLD)

    def is_told(oracle: OracleProcess) -> bool:
        said = [each for each in oracle.lines("refused") if asked.request_id.hex() in each["subject"]]
        return any(each["rule"] == "R-Committee-17" and liar.address in each["reason"] for each in said)

    wait_until(
        lambda: all(map(is_told, committee.oracles[1:])), patience=20, what="all tell", oracles=committee.oracles
    )


@pytest.mark.fault(
    "UNLOCK-08",
    "partials are replayed: an earlier request's, another member's, one's own a second time",
    "R-Committee-17 with the replaying oracle's address, or R-Committee-07; none counts",
)
def test_replayed_partial_counts_for_nothing(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    ledger, (first, second) = committee.system.ledger, committee.oracles[:2]
    earlier = committee.ask(unlockable.release)
    partials = {partial.member: partial for partial in committee.wait_for_partials(earlier, THRESHOLD)}
    committee.settle()
    with committee.oracles_frozen():
        asked = committee.ask(unlockable.release)
        approve(committee, asked, committee.oracles[:THRESHOLD])
        (mine, key), (other, other_key) = (oracle.key_share(unlockable.epoch) for oracle in (first, second))
        right, others = make_answer(asked, mine), make_answer(asked, other)
        member, replayed = next(iter(partials.items()))
        replayer = next(each for each in committee.oracles if each.key_share(unlockable.epoch)[0].member == member)
        if replayer not in committee.oracles[:THRESHOLD]:
            approve(committee, asked, [replayer])
        own_key = replayer.key_share(unlockable.epoch)[1]
        receipt = ledger.send(post(committee, asked, replayed, own_key), replayer.signer())
        assert receipt.find(PartialRefused).oracle == replayer.address
        receipt = ledger.send(post(committee, asked, others, key), first.signer())
        assert receipt.find(PartialRefused).oracle == first.address
        assert force(committee, post(committee, asked, others, other_key), first.signer()).rule == "R-Committee-17"
        assert committee.partials(asked) == []
        ledger.send(post(committee, asked, right, key), first.signer())
        assert force(committee, post(committee, asked, right, key), first.signer()).rule == "R-Committee-07"
        assert [partial.member for partial in committee.partials(asked)] == [mine.member]
    committee.wait_for_partials(asked, THRESHOLD)


@pytest.mark.fault(
    "UNLOCK-09",
    "partials of two requests are pooled, or one member's taken twice",
    "combining refuses: each is blinded for its own request",
)
def test_pooled_partials_do_not_combine(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    identity = committee.identity(unlockable.model)
    public_key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    asked = [committee.ask(release) for release in (unlockable.release, committee.grant(unlockable.model))]
    first, second = (committee.wait_for_partials(each, THRESHOLD) for each in asked)
    taken = {partial.member for partial in first[: THRESHOLD - 1]}
    pooled = [*first[: THRESHOLD - 1], next(partial for partial in second if partial.member not in taken)]
    for each in asked:
        with pytest.raises(WrongIdentityKey):
            combine(pooled, THRESHOLD, each.transport, identity, public_key)
    again = next((partial for partial in second if partial.member in taken), first[0])  # others may have answered
    twice = [*first[: THRESHOLD - 1], again]
    with pytest.raises(DuplicatePartial):
        combine(twice, THRESHOLD, asked[0].transport, identity, public_key)
    combine(first, THRESHOLD, asked[0].transport, identity, public_key)


# --- stops, and the refresh after one


def refusals_of(oracle: OracleProcess, request_id: RequestId) -> list[str]:
    subject = f"request/0x{request_id.hex()}"
    return [said["rule"] for said in oracle.lines("refused") if said["subject"] == subject]


@pytest.mark.fault(
    "UNLOCK-10",
    "a stop falls between the approvals and the partials",
    "R-Oracle-02, then R-Oracle-01: no partial leaves; the same request is answered once the quorum lifts the stop",
    deadline=120,
)
def test_stop_between_approval_and_partial_leaves_no_partial(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    release = committee.grant(unlockable.model)
    asked = committee.ask(release)
    with committee.blocks_by_hand():
        committee.mine(2)  # the request is final
        committee.wait_for_pending(5)  # five approvals
        committee.mine(1)
        assert len(committee.approvals(asked)) == 5
        committee.pull(wait=False)
        committee.mine(1)  # a stop stands at the latest block; approvals are not final yet
        assert committee.system.ledger.brake.is_stopped(unlockable.model)
        committee.look_around()
        committee.mine(1)  # approvals are final, the stop is not: any latest block that shows it suffices
        committee.look_around()
        committee.mine(3)  # and now it is
        committee.look_around()
        assert committee.partials(asked) == []
        assert int(committee.system.anvil.rpc.call("txpool_status")["pending"], 16) == 0
        for oracle in committee.oracles:
            assert set(refusals_of(oracle, asked.request_id)) == {"R-Oracle-02", "R-Oracle-01"}
    committee.resume()
    committee.wait_for_partials(asked, THRESHOLD)  # the same request, once the quorum has lifted the stop


@pytest.fixture(scope="module")
def barring(unlockable: Unlockable) -> Barring:
    return Barring(unlockable)


@pytest.mark.fault(
    "UNLOCK-11",
    "a stop falls between two partials, and is lifted",
    "R-Committee-18: the identity is barred until a refresh, and no second partial comes",
    deadline=120,
)
def test_stop_between_two_partials_bars_the_identity_after_the_stop_is_lifted(barring: Barring) -> None:
    asked, committee = barring.request(), barring.unlockable.committee
    committee.settle(10)
    assert len(committee.partials(asked)) == 1
    assert committee.is_barred(barring.unlockable.epoch, asked.event.identity)
    said = [refusals_of(oracle, asked.request_id) for oracle in committee.oracles]
    assert sum("R-Committee-18" in rules for rules in said) >= 2
    assert all(oracle.is_running for oracle in committee.oracles)


@pytest.mark.fault(
    "UNLOCK-12",
    "after a refresh an oracle answers with its share of the epoch before",
    "R-Committee-17, with its address if it claims the new key; what was barred opens with the new shares",
    deadline=150,
)
def test_partial_of_another_epoch_is_refused_after_a_refresh(unlockable: Unlockable, barring: Barring) -> None:
    """Last in this file: the key is dealt again here."""
    committee, old, barred = unlockable.committee, unlockable.epoch, barring.request().event
    ledger, liar = committee.system.ledger, committee.oracles[0]
    earlier = committee.ask(unlockable.release)
    partials = committee.wait_for_partials(earlier, THRESHOLD)
    before, old_key = liar.key_share(old)
    epoch = form_committee(committee.system, [oracle.address for oracle in committee.oracles], old)
    committee.wait_for_phase(epoch, Phase.IN_FORCE)
    committee.settle()
    with committee.oracles_frozen():
        asked = committee.ask(committee.grant(unlockable.model))
        approve(committee, asked, committee.oracles[:THRESHOLD])
        stale = make_answer(asked, before)
        assert force(committee, post(committee, asked, stale, old_key), liar.signer()).rule == "R-Committee-17"
        new_key = liar.key_share(epoch)[1]
        receipt = ledger.send(post(committee, asked, stale, new_key), liar.signer())
        assert receipt.find(PartialRefused).oracle == liar.address
        late = post(committee, earlier, partials[0], old_key)
        assert force(committee, late, liar.signer()).rule == "R-Committee-15"
    committee.wait_for_partials(asked, THRESHOLD)
    opened = committee.ask(barred.release_id)
    assert opened.event.identity == barred.identity
    committee.wait_for_partials(opened, THRESHOLD)
