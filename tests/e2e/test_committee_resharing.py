"""The key in force is dealt again by real oracles: to themselves, and to five others while one of them is gone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from committee_player import SIZE, THRESHOLD, form_committee
from committee_system import CommitteeSystem, committee_system
from governance.crypto.group import G2_GENERATOR, multiply
from governance.crypto.partial import combine
from governance.crypto.points import g2_from_eip2537, g2_to_eip2537
from governance.crypto.vss import KeyShare, combine_shares
from governance.types import Epoch, ModelId, Phase, ReleaseId
from oracle_fleet import OracleProcess, make_oracles, wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def committee(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommitteeSystem]:
    with committee_system(tmp_path_factory.mktemp("committee")) as made:
        yield made


def shares_of(oracles: list[OracleProcess], epoch: Epoch) -> list[KeyShare]:
    return [oracle.key_share(epoch)[0] for oracle in oracles]


def public_key(shares: list[KeyShare]) -> bytes:
    """The key that these shares make."""
    secret = combine_shares({share.member: share.secret for share in shares}, THRESHOLD)
    return g2_to_eip2537(multiply(G2_GENERATOR, secret))


def unlock(committee: CommitteeSystem, release: ReleaseId, model: ModelId) -> None:
    """A worker asks, and t answers make the identity's key."""
    asked = committee.ask(release)
    partials = committee.wait_for_partials(asked, THRESHOLD)
    key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    combine(partials[:THRESHOLD], THRESHOLD, asked.transport, committee.identity(model), key)


def test_refresh_and_resharing_keep_the_key_and_end_the_old_shares(committee: CommitteeSystem, tmp_path: Path) -> None:
    ledger, first_five = committee.system.ledger, committee.oracles
    for oracle in first_five:
        oracle.start()
    first = committee.form()
    committee.wait_for_phase(first, Phase.IN_FORCE)
    key = ledger.committee.get_key()
    model = committee.register_model()
    release = committee.grant(model)
    unlock(committee, release, model)
    old = shares_of(first_five, first)
    assert public_key(old[:THRESHOLD]) == key

    # A refresh: the same five, other shares.
    second = form_committee(committee.system, [oracle.address for oracle in first_five], first)
    committee.wait_for_phase(second, Phase.IN_FORCE)
    committee.wait_for_phase(first, Phase.SUPERSEDED)
    assert ledger.committee.get_key() == key
    wait_until(
        lambda: all(oracle.store().names() == [f"share-{second}"] for oracle in first_five),
        patience=30,
        what="the old shares are erased",
        oracles=first_five,
    )
    fresh = shares_of(first_five, second)
    assert public_key(fresh[2:]) == key
    assert public_key([*old[: THRESHOLD - 1], fresh[THRESHOLD - 1]]) != key  # useless with new ones
    unlock(committee, release, model)

    # Five others; one of the old ones is gone for ever.
    gone = first_five[1]
    gone.kill()
    deployment = tmp_path / "deployment.json"
    ledger.deployment.write(deployment)
    others = make_oracles(tmp_path, SIZE, committee.system.anvil.url, deployment)
    committee.system.fund(*(oracle.address for oracle in others))
    committee.oracles = [*first_five, *others]  # their end is the fixture's business
    for oracle in others:
        oracle.start()
    third = form_committee(committee.system, [oracle.address for oracle in others], second)
    wait_until(lambda: ledger.committee.get_epoch(third).dealt == SIZE - 1, patience=90, what="four leavers deal")
    committee.system.warp(ledger.committee.get_epoch(third).phase_ends_at - ledger.now() + 1)
    committee.wait_for_phase(third, Phase.IN_FORCE)
    assert ledger.committee.get_key() == key
    assert public_key(shares_of(others, third)[:THRESHOLD]) == key
    leavers = [oracle for oracle in first_five if oracle is not gone]
    wait_until(
        lambda: not any(oracle.store().names() for oracle in leavers),
        patience=30,
        what="the leavers erase what they held",
        oracles=leavers,
    )
    for oracle in leavers:
        assert oracle.stop() == 0
    unlock(committee, release, model)
