"""Properties of the committee: what t members can do, and what fewer, mixed or lying ones cannot."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from governance.crypto import ibe, partial, vss
from governance.crypto.errors import (
    InvalidCommittee,
    MixedEpochs,
    ThresholdNotMet,
    UnwrapFailed,
    WrongIdentityKey,
    WrongPartial,
    WrongShare,
)
from governance.crypto.group import ORDER, Scalar, combine_points, multiply
from governance.crypto.partial import IdentityKey, Partial
from governance.encoding.committee import CommitteeDomain
from governance.types import Address, ChainId, Epoch, Hash32, Identity, MemberIndex

IDENTITY = Identity(b"\x21" * 32)
few = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
CONTEXT = Hash32(bytes(range(32)))
indices = st.integers(1, 65535).map(MemberIndex)
scalars = st.integers(1, ORDER - 1).map(lambda value: Scalar.from_bytes(value.to_bytes(32, "big")))


@dataclass(frozen=True)
class Committee:
    """One that was formed by t dealers of random secrets, with everything it knows."""

    threshold: int
    secret: Scalar
    commitments: vss.Commitments
    shares: dict[MemberIndex, Scalar]
    epoch: Epoch

    def answer(self, member: MemberIndex, transport: partial.TransportPublicKey) -> Partial:
        share = vss.KeyShare(self.epoch, member, self.shares[member])
        return partial.make_partial(share, IDENTITY, transport, CONTEXT)


@st.composite
def committees(draw: st.DrawFn) -> Committee:
    threshold = draw(st.integers(2, 4))
    members = draw(st.lists(indices, min_size=2 * threshold - 1, max_size=9, unique=True))
    return form(threshold, members, draw(st.binary(min_size=32, max_size=32)))


def form(threshold: int, members: list[MemberIndex], seed: bytes, epoch: int = 1) -> Committee:
    domain = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(epoch))
    randomness = Random(seed).randbytes
    dealings = {
        dealer: vss.deal(Scalar.random(randomness), threshold, members, domain, dealer, randomness)
        for dealer in members[:threshold]
    }
    shares = {m: vss.add_shares({d: x.shares[m] for d, x in dealings.items()}, threshold) for m in members}
    commitments = vss.add_commitments({d: x.commitments for d, x in dealings.items()}, threshold)
    secret = vss.combine_shares({m: shares[m] for m in members[:threshold]}, threshold)
    return Committee(threshold, secret, commitments, shares, domain.epoch)


@few
@given(committees(), st.data())
def test_any_threshold_of_members_gives_the_same_key(committee: Committee, data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(committee.shares)))
    transport = partial.generate_transport_key(IDENTITY, CONTEXT)
    answers = [committee.answer(member, transport.public) for member in order[: committee.threshold]]
    for answer in answers:
        key_share = vss.compute_public_key_share(committee.commitments, committee.threshold, answer.member)
        partial.verify_partial(answer, transport.public, key_share)
    key = partial.combine(answers, committee.threshold, transport, IDENTITY, committee.commitments[0])
    assert key.point == multiply(partial.hash_identity(IDENTITY), committee.secret)


@few
@given(committees(), st.data())
def test_fewer_than_the_threshold_never_give_the_key(committee: Committee, data: st.DataObject) -> None:
    order = data.draw(st.permutations(sorted(committee.shares)))
    transport = partial.generate_transport_key(IDENTITY, CONTEXT)
    answers = [committee.answer(member, transport.public) for member in order[: committee.threshold - 1]]
    with pytest.raises(ThresholdNotMet):
        partial.combine(answers, committee.threshold, transport, IDENTITY, committee.commitments[0])

    # What somebody who skips that check would get: Lagrange over t - 1, or with one guessed answer.
    point = transport.public.point
    guess = Partial(committee.epoch, order[-1], data.draw(scalars.map(lambda s: multiply(point, s))))
    context = ibe.WrapContext(committee.commitments[0], IDENTITY, Hash32(bytes(32)), Hash32(bytes(32)))
    wrapped = ibe.wrap(ibe.DataKey(bytes(32)), context)
    for pool in (answers, [*answers, guess]):
        factors = vss.compute_lagrange([answer.member for answer in pool])
        blinded = combine_points([answer.point for answer in pool], list(factors.values()))
        key = IdentityKey(IDENTITY, multiply(blinded, transport.secret.inverted()))
        with pytest.raises(WrongIdentityKey):
            partial.verify_identity_key(key, committee.commitments[0])
        with pytest.raises(UnwrapFailed):
            ibe.unwrap(wrapped, key, context)


@few
@given(committees(), scalars, st.data())
def test_wrong_partial_is_refused_and_named(committee: Committee, wrong: Scalar, data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(sorted(committee.shares)))
    transport = partial.generate_transport_key(IDENTITY, CONTEXT)
    forged = partial.make_partial(vss.KeyShare(committee.epoch, member, wrong), IDENTITY, transport.public, CONTEXT)
    key_share = vss.compute_public_key_share(committee.commitments, committee.threshold, member)
    with pytest.raises(WrongPartial, match=f"member {member} ") as caught:
        partial.verify_partial(forged, transport.public, key_share)
    assert caught.value.details == {"member": member}
    others = [m for m in sorted(committee.shares) if m != member][: committee.threshold - 1]
    answers = [forged, *(committee.answer(m, transport.public) for m in others)]
    with pytest.raises(WrongIdentityKey):
        partial.combine(answers, committee.threshold, transport, IDENTITY, committee.commitments[0])


@few
@given(committees(), scalars, st.data())
def test_share_off_the_polynomial_is_refused(committee: Committee, error: Scalar, data: st.DataObject) -> None:
    member = data.draw(st.sampled_from(sorted(committee.shares)))
    vss.verify_share(committee.commitments, committee.threshold, member, committee.shares[member])
    with pytest.raises(WrongShare, match=f"member {member} "):
        vss.verify_share(committee.commitments, committee.threshold, member, committee.shares[member] + error)


@few
@given(st.binary(min_size=32, max_size=32), st.data())
def test_shares_of_different_epochs_do_not_mix(seed: bytes, data: st.DataObject) -> None:
    members = [MemberIndex(i) for i in (1, 2, 3, 4, 5)]
    old = form(3, members, seed)
    # the same members reshare the same key to epoch 2
    domain = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(2))
    dealings = {i: vss.deal(old.shares[i], 3, members, domain, i) for i in members[:3]}
    commitments = vss.combine_commitments({i: x.commitments for i, x in dealings.items()}, 3, 3)
    shares = {m: vss.combine_shares({i: x.shares[m] for i, x in dealings.items()}, 3) for m in members}
    new = Committee(3, old.secret, commitments, shares, Epoch(2))
    assert new.commitments[0] == old.commitments[0]

    transport = partial.generate_transport_key(IDENTITY, CONTEXT)
    chosen = data.draw(st.permutations(members))[:3]
    split = data.draw(st.integers(1, 2))
    mixed = [(old if i < split else new).answer(m, transport.public) for i, m in enumerate(chosen)]
    with pytest.raises(MixedEpochs):
        partial.combine(mixed, 3, transport, IDENTITY, old.commitments[0])
    relabelled = [dataclasses.replace(answer, epoch=Epoch(2)) for answer in mixed]
    with pytest.raises(WrongIdentityKey):
        partial.combine(relabelled, 3, transport, IDENTITY, old.commitments[0])
    pure = [new.answer(m, transport.public) for m in chosen]
    assert partial.combine(pure, 3, transport, IDENTITY, old.commitments[0]).point == multiply(
        partial.hash_identity(IDENTITY), old.secret
    )


@few
@given(
    st.lists(st.integers(-3, 70000), max_size=40).filter(
        lambda xs: len(set(xs)) != len(xs) or not all(1 <= x <= 65535 for x in xs) or not 5 <= len(xs) <= 31
    )
)
def test_no_other_members_than_a_committee_are_dealt_to(members: list[MemberIndex]) -> None:
    domain = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(1))
    with pytest.raises(InvalidCommittee):
        vss.deal(Scalar.random(), 3, members, domain, MemberIndex(1))


@few
@given(st.lists(scalars, min_size=1, max_size=6), st.lists(indices, min_size=6, max_size=6, unique=True))
def test_lagrange_recovers_the_constant_of_any_polynomial(coefficients: list[Scalar], at: list[MemberIndex]) -> None:
    points = at[: len(coefficients)]
    factors = vss.compute_lagrange(points)
    values = [vss._evaluate(coefficients, x) for x in points]
    total = values[0].scaled(factors[points[0]])
    for x, value in list(zip(points, values, strict=True))[1:]:
        total = total + value.scaled(factors[x])
    assert total == coefficients[0]
