"""Secret sharing: malformed committees, over-degree dealings and shares off the polynomial are refused."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

import pytest

from governance.crypto import vss
from governance.crypto.errors import InvalidCommittee, WrongDealing, WrongPossession, WrongShare
from governance.crypto.group import (
    G2,
    G2_GENERATOR,
    G2_IDENTITY,
    ORDER,
    Scalar,
    multiply,
)
from governance.encoding.committee import CommitteeDomain
from governance.types import Address, ChainId, Epoch, MemberIndex

DOMAIN = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(1))
MEMBERS = [MemberIndex(i) for i in (1, 2, 7, 4, 65535)]
DEALER = MemberIndex(2)
T = 3


def number(value: int) -> Scalar:
    return Scalar.from_bytes((value % ORDER).to_bytes(32, "big"))


def deal(secret: Scalar | None = None, dealer: MemberIndex = DEALER, threshold: int = T) -> vss.Dealing:
    return vss.deal(secret or Scalar.random(), threshold, MEMBERS, DOMAIN, dealer)


# ------------------------------------------------------------------------------------------------------ committees


@pytest.mark.parametrize(
    ("threshold", "members"),
    [
        (1, [1, 2, 3]),
        (0, [1, 2, 3]),
        (-1, [1, 2, 3]),
        (3, [1, 2, 3, 4]),
        (2, [1, 2]),
        (2, []),
        (2, range(1, 33)),
        (3, [1, 2, 3, 4, 0]),
        (3, [1, 2, 3, 4, -1]),
        (3, [1, 2, 3, 4, 65536]),
        (3, [1, 2, 3, 4, 4]),
    ],
)
def test_deal_refuses_what_is_no_committee(threshold: int, members: Sequence[MemberIndex]) -> None:
    with pytest.raises(InvalidCommittee) as caught:
        vss.deal(Scalar.random(), threshold, members, DOMAIN, DEALER)
    assert "n >= 2t - 1" in caught.value.advice


@pytest.mark.parametrize("dealer", [0, -1, 65536])
def test_deal_refuses_a_dealer_with_a_bad_index(dealer: int) -> None:
    with pytest.raises(InvalidCommittee):
        deal(dealer=MemberIndex(dealer))


def test_deal_refuses_a_zero_secret() -> None:
    with pytest.raises(WrongDealing):
        deal(number(0))


@pytest.mark.parametrize(("threshold", "size"), [(2, 3), (3, 5), (16, 31)])
def test_deal_accepts_the_smallest_and_the_largest_committee(threshold: int, size: int) -> None:
    members = [MemberIndex(i) for i in range(1, size + 1)]
    dealing = vss.deal(number(5), threshold, members, DOMAIN, DEALER)
    assert len(dealing.commitments) == threshold
    assert set(dealing.shares) == set(members)


def test_deal_repeats_from_the_same_randomness() -> None:
    first, second = (vss.deal(number(5), T, MEMBERS, DOMAIN, DEALER, Random(1).randbytes) for _ in range(2))
    assert first.commitments == second.commitments
    assert all(first.shares[m] == second.shares[m] for m in MEMBERS)
    assert first.commitments != deal(number(5)).commitments


def test_dealing_and_key_share_show_no_secret() -> None:
    dealing = deal()
    shown = repr(dealing) + repr(vss.KeyShare(DOMAIN.epoch, DEALER, dealing.shares[DEALER]))
    for share in dealing.shares.values():
        assert share.reveal().hex() not in shown
    assert "Scalar" not in shown
    assert "shares" not in shown


# -------------------------------------------------------------------------------------------------------- dealings


def test_dealing_verifies_as_it_was_made() -> None:
    dealing = deal()
    vss.verify_dealing(dealing.commitments, dealing.proof, T, DOMAIN, DEALER)
    for member, share in dealing.shares.items():
        vss.verify_share(dealing.commitments, T, member, share)


def test_over_degree_dealing_is_refused_though_every_share_would_pass() -> None:
    # The dealer uses a polynomial of degree t: consistent shares, but no t of them give the key.
    dealing = vss.deal(Scalar.random(), T + 1, range(1, 8), DOMAIN, DEALER)
    with pytest.raises(WrongDealing, match="4 commitments, exactly 3") as caught:
        vss.verify_dealing(dealing.commitments, dealing.proof, T, DOMAIN, DEALER)
    assert "disqualify" in caught.value.advice
    for member, share in dealing.shares.items():
        vss.verify_share(dealing.commitments, T + 1, member, share)
        with pytest.raises(WrongDealing):
            vss.verify_share(dealing.commitments, T, member, share)
    with pytest.raises(WrongDealing):
        vss.add_commitments(dict.fromkeys(MEMBERS, dealing.commitments), T)


@pytest.mark.parametrize("keep", [0, 1, 2])
def test_dealing_with_too_few_commitments_is_refused(keep: int) -> None:
    dealing = deal()
    with pytest.raises(WrongDealing):
        vss.verify_dealing(dealing.commitments[:keep], dealing.proof, T, DOMAIN, DEALER)


@pytest.mark.parametrize("position", range(T))
def test_dealing_with_an_identity_commitment_is_refused(position: int) -> None:
    commitments = list(deal().commitments)
    commitments[position] = G2_IDENTITY
    with pytest.raises(WrongDealing, match="identity"):
        vss.check_commitments(commitments, T)


def test_dealing_copied_from_another_dealer_is_refused() -> None:
    dealing = deal()
    with pytest.raises(WrongPossession):
        vss.verify_dealing(dealing.commitments, dealing.proof, T, DOMAIN, MemberIndex(1))


def test_dealing_with_a_rogue_constant_is_refused() -> None:
    # D_0 = target - D_0(honest): the dealer steers the sum without knowing its own secret
    honest, mine = deal(dealer=MemberIndex(1)), deal()
    rogue = (G2_GENERATOR - honest.commitments[0], *mine.commitments[1:])
    with pytest.raises(WrongPossession):
        vss.verify_dealing(rogue, mine.proof, T, DOMAIN, DEALER)


def test_dealing_whose_later_commitments_were_changed_is_refused() -> None:
    dealing = deal()
    changed = (*dealing.commitments[:2], dealing.commitments[2] + G2_GENERATOR)
    with pytest.raises(WrongPossession):
        vss.verify_dealing(changed, dealing.proof, T, DOMAIN, DEALER)


# ---------------------------------------------------------------------------------------------------------- shares


def test_share_of_another_member_is_refused_by_name() -> None:
    dealing = deal()
    with pytest.raises(WrongShare, match="member 7") as caught:
        vss.verify_share(dealing.commitments, T, MemberIndex(7), dealing.shares[MemberIndex(4)])
    assert "complain" in caught.value.advice


def test_share_off_by_one_is_refused() -> None:
    dealing = deal()
    with pytest.raises(WrongShare):
        vss.verify_share(dealing.commitments, T, DEALER, dealing.shares[DEALER] + number(1))


def test_wrong_share_message_shows_no_share() -> None:
    dealing = deal()
    wrong = dealing.shares[DEALER] + number(1)
    with pytest.raises(WrongShare) as caught:
        vss.verify_share(dealing.commitments, T, DEALER, wrong)
    assert wrong.reveal().hex() not in repr(caught.value.to_json())


@pytest.mark.parametrize("member", [0, -1, 65536])
def test_share_for_an_impossible_index_is_refused(member: int) -> None:
    dealing = deal()
    with pytest.raises(InvalidCommittee):  # at 0 the "share" would be the secret itself
        vss.verify_share(dealing.commitments, T, MemberIndex(member), number(1))


def test_public_key_share_is_the_share_times_the_generator() -> None:
    dealing = deal()
    for member, share in dealing.shares.items():
        assert vss.compute_public_key_share(dealing.commitments, T, member) == multiply(G2_GENERATOR, share)


def test_shares_follow_the_polynomial_by_hand() -> None:
    # f(x) = 5 + 7 x + 11 x^2
    draws = iter([7, 11])
    values = {2: 5 + 14 + 44, 65535: 5 + 7 * 65535 + 11 * 65535**2}

    def randomness(length: int) -> bytes:
        return next(draws, 1).to_bytes(length, "big")

    dealing = vss.deal(number(5), T, MEMBERS, DOMAIN, DEALER, randomness)
    for member, value in values.items():
        assert dealing.shares[MemberIndex(member)] == number(value)


# ----------------------------------------------------------------------------------- key generation and resharing


def keygen(dealers: Sequence[MemberIndex] = MEMBERS) -> tuple[Scalar, vss.Commitments, dict[MemberIndex, Scalar]]:
    secrets = {dealer: Scalar.random() for dealer in dealers}
    dealings = {dealer: deal(secret, dealer) for dealer, secret in secrets.items()}
    commitments = vss.add_commitments({d: dealing.commitments for d, dealing in dealings.items()}, T)
    shares = {m: vss.add_shares({d: dealing.shares[m] for d, dealing in dealings.items()}, T) for m in MEMBERS}
    return vss.add_shares(secrets, T), commitments, shares


def test_key_generation_gives_shares_of_the_summed_key() -> None:
    secret, commitments, shares = keygen()
    assert commitments[0] == multiply(G2_GENERATOR, secret)
    for member, share in shares.items():
        vss.verify_share(commitments, T, member, share)
    for chosen in (MEMBERS[:3], MEMBERS[2:], [MEMBERS[4], MEMBERS[0], MEMBERS[2]]):
        assert vss.combine_shares({m: shares[m] for m in chosen}, T) == secret


def test_key_generation_refuses_fewer_dealers_than_the_threshold() -> None:
    dealings = {i: deal(dealer=i) for i in MEMBERS[:2]}
    with pytest.raises(InvalidCommittee, match="2 qualified dealers, at least 3"):
        vss.add_commitments({i: d.commitments for i, d in dealings.items()}, T)
    with pytest.raises(InvalidCommittee):
        vss.add_shares({i: d.shares[DEALER] for i, d in dealings.items()}, T)
    with pytest.raises(InvalidCommittee):
        vss.add_shares({}, 0)


@pytest.mark.parametrize("dealer", [0, 65536])
def test_key_generation_refuses_a_dealer_with_an_impossible_index(dealer: int) -> None:
    with pytest.raises(InvalidCommittee):
        vss.add_shares({MemberIndex(i): number(i) for i in (1, 2, dealer)}, T)


def test_key_generation_refuses_dealings_that_cancel_out() -> None:
    one = deal(dealer=MemberIndex(1)).commitments
    two = deal(dealer=MemberIndex(2)).commitments
    opposite = tuple(G2_IDENTITY - a - b for a, b in zip(one, two, strict=True))
    with pytest.raises(WrongDealing, match="identity"):
        vss.add_commitments({MemberIndex(1): one, MemberIndex(2): two, MemberIndex(4): opposite}, T)


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5])
def test_combine_refuses_any_number_of_shares_but_the_threshold(count: int) -> None:
    shares = {m: number(m) for m in MEMBERS[:count]}
    with pytest.raises(InvalidCommittee):
        vss.combine_shares(shares, T)
    with pytest.raises(InvalidCommittee):
        vss.combine_commitments({m: deal(dealer=m).commitments for m in shares}, T, T)


def test_combine_refuses_a_threshold_of_one() -> None:
    with pytest.raises(InvalidCommittee):
        vss.combine_shares({MemberIndex(1): number(5)}, 1)


@pytest.mark.parametrize("members", [[0, 1, 2], [1, 2, 65536]])
def test_combine_refuses_impossible_indices(members: list[MemberIndex]) -> None:
    with pytest.raises(InvalidCommittee):
        vss.combine_shares({m: number(3) for m in members}, T)


def test_lagrange_refuses_a_repeated_index() -> None:
    with pytest.raises(InvalidCommittee, match="distinct"):
        vss.compute_lagrange([MemberIndex(1), MemberIndex(1), MemberIndex(2)])


def test_lagrange_of_one_two_three_is_three_minus_three_one() -> None:
    factors = vss.compute_lagrange([MemberIndex(1), MemberIndex(2), MemberIndex(3)])
    assert factors == {1: 3, 2: ORDER - 3, 3: 1}


def test_resharing_keeps_the_key_and_leaves_old_shares_useless() -> None:
    secret, old_commitments, old = keygen()
    new_domain = CommitteeDomain(DOMAIN.chain_id, DOMAIN.committee, Epoch(2))
    newcomers = [MemberIndex(i) for i in (8, 9, 10)]  # disjoint, smaller, another threshold
    leavers = MEMBERS[1:4]
    dealings = {i: vss.deal(old[i], 2, newcomers, new_domain, i) for i in leavers}
    for i, dealing in dealings.items():
        vss.verify_dealing(dealing.commitments, dealing.proof, 2, new_domain, i)
        assert dealing.commitments[0] == vss.compute_public_key_share(old_commitments, T, i)
    commitments = vss.combine_commitments({i: d.commitments for i, d in dealings.items()}, T, 2)
    new = {m: vss.combine_shares({i: d.shares[m] for i, d in dealings.items()}, T) for m in newcomers}
    assert commitments[0] == old_commitments[0]
    for member, share in new.items():
        vss.verify_share(commitments, 2, member, share)
    assert vss.combine_shares({m: new[m] for m in newcomers[:2]}, 2) == secret
    assert vss.combine_shares({newcomers[0]: new[newcomers[0]], leavers[0]: old[leavers[0]]}, 2) != secret


def commitments_of(*values: int) -> list[G2]:
    return [multiply(G2_GENERATOR, number(value)) for value in values]


def test_combine_commitments_refuses_dealings_of_unequal_degree() -> None:
    dealings = {MemberIndex(1): commitments_of(1, 2), MemberIndex(2): commitments_of(3, 4, 5)}
    with pytest.raises(WrongDealing):
        vss.combine_commitments(dealings, 2, 2)
