"""Unlocking by a committee of real processes: what it gives, to whom, and what it never gives."""

from __future__ import annotations

import pytest

from committee_player import THRESHOLD
from committee_system import Asked, Unlockable
from governance.crypto.errors import ThresholdNotMet, UnwrapFailed, WrongIdentityKey
from governance.crypto.group import combine_points, multiply
from governance.crypto.ibe import unwrap
from governance.crypto.partial import IdentityKey, combine, hash_identity, verify_identity_key
from governance.crypto.points import g2_from_eip2537
from governance.crypto.vss import compute_lagrange
from oracle_fleet import wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

DATA_KEY = bytes(range(32))


def open_data_key(unlockable: Unlockable, asked: Asked) -> bytes:
    """The data key, by the partials on the chain, as a worker gets it."""
    committee = unlockable.committee
    identity = committee.identity(unlockable.model)
    public_key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    wrapped, context = committee.wrap_data_key(DATA_KEY, unlockable.model)
    key = combine(committee.partials(asked), THRESHOLD, asked.transport, identity, public_key)
    return unwrap(wrapped, key, context)


def test_unlock_gives_a_named_worker_exactly_the_needed_partials(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    asked = committee.ask(unlockable.release)
    committee.wait_for_partials(asked, THRESHOLD)
    committee.settle()
    assert len(committee.partials(asked)) == THRESHOLD
    assert open_data_key(unlockable, asked) == DATA_KEY


def test_unlock_works_with_two_of_five_oracles_dead(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    for oracle in committee.oracles[1:3]:
        oracle.kill()
    asked = committee.ask(unlockable.release)
    committee.wait_for_partials(asked, THRESHOLD)
    assert open_data_key(unlockable, asked) == DATA_KEY
    for oracle in committee.oracles[1:3]:
        oracle.start()


def test_unlock_waits_for_a_third_oracle_with_three_of_five_dead(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    for oracle in committee.oracles[2:]:
        oracle.kill()
    asked = committee.ask(unlockable.release)
    wait_until(lambda: len(committee.approvals(asked)) == 2, patience=30, what="2 approvals", oracles=committee.oracles)
    committee.settle(12)
    assert len(committee.approvals(asked)) == 2
    assert committee.partials(asked) == []
    committee.oracles[4].start()
    committee.wait_for_partials(asked, THRESHOLD)
    assert open_data_key(unlockable, asked) == DATA_KEY
    for oracle in committee.oracles[2:4]:
        oracle.start()


def test_fewer_than_t_key_shares_cannot_make_the_identity_key(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    identity = committee.identity(unlockable.model)
    public_key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    wrapped, context = committee.wrap_data_key(DATA_KEY, unlockable.model)

    def key_of(count: int) -> IdentityKey:
        shares = [oracle.key_share(unlockable.epoch)[0] for oracle in committee.oracles[:count]]
        points = [multiply(hash_identity(identity), share.secret) for share in shares]
        factors = compute_lagrange([share.member for share in shares])
        return IdentityKey(identity, combine_points(points, list(factors.values())))

    with pytest.raises(WrongIdentityKey):
        verify_identity_key(key_of(THRESHOLD - 1), public_key)
    with pytest.raises(UnwrapFailed):
        unwrap(wrapped, key_of(THRESHOLD - 1), context)
    assert unwrap(wrapped, key_of(THRESHOLD), context) == DATA_KEY  # one more, and it is the key


def test_fewer_than_t_partials_do_not_combine(unlockable: Unlockable) -> None:
    committee = unlockable.committee
    asked = committee.ask(unlockable.release)
    partials = committee.wait_for_partials(asked, THRESHOLD)
    identity = committee.identity(unlockable.model)
    public_key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    with pytest.raises(ThresholdNotMet):
        combine(partials[: THRESHOLD - 1], THRESHOLD, asked.transport, identity, public_key)
