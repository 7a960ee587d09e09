"""Unlock requests and partials: what gives a share away, fakes one, or mixes committees is refused, by name."""

from __future__ import annotations

import dataclasses
import pickle
from random import Random

import pytest

from governance.crypto import partial, vss
from governance.crypto.errors import (
    DuplicatePartial,
    InvalidCommittee,
    MixedEpochs,
    ThresholdNotMet,
    WrongIdentityKey,
    WrongPartial,
    WrongTransportKey,
)
from governance.crypto.group import (
    G1_GENERATOR,
    G1_IDENTITY,
    G2_GENERATOR,
    G2_IDENTITY,
    ORDER,
    Scalar,
    multiply,
)
from governance.crypto.partial import IdentityKey, Partial, TransportPublicKey
from governance.encoding.committee import CommitteeDomain
from governance.encoding.errors import NotEncodable
from governance.types import Address, ChainId, Epoch, Hash32, Identity, MemberIndex

DOMAIN = CommitteeDomain(ChainId(31337), Address("0x" + "5f" * 20), Epoch(1))
MEMBERS = [MemberIndex(i) for i in (1, 2, 7, 4, 65535)]
T = 3
SECRET = Scalar.from_wide_bytes(bytes(range(48)))
DEALING = vss.deal(SECRET, T, MEMBERS, DOMAIN, MemberIndex(1), Random(1).randbytes)
PUBLIC_KEY = DEALING.commitments[0]
PUBLIC_SHARES = {m: vss.compute_public_key_share(DEALING.commitments, T, m) for m in MEMBERS}
IDENTITY, OTHER_IDENTITY = Identity(b"\x01" * 32), Identity(b"\x02" * 32)
CONTEXT, OTHER_CONTEXT = Hash32(b"\x0c" * 32), Hash32(b"\x0d" * 32)
TRANSPORT, OTHER_TRANSPORT = (partial.generate_transport_key(IDENTITY, CONTEXT) for _ in range(2))


def key_share(member: int, epoch: int = 1) -> vss.KeyShare:
    return vss.KeyShare(Epoch(epoch), MemberIndex(member), DEALING.shares[MemberIndex(member)])


def answer(member: int, epoch: int = 1) -> Partial:
    return partial.make_partial(key_share(member, epoch), IDENTITY, TRANSPORT.public, CONTEXT)


def combine(*answers: Partial, threshold: int = T) -> IdentityKey:
    return partial.combine(answers, threshold, TRANSPORT, IDENTITY, PUBLIC_KEY)


# ------------------------------------------------------------------------------------------------- unlock requests


def bent(transport: partial.TransportKey, **changes: int) -> TransportPublicKey:
    """Its proof with another challenge or response."""
    challenge, response = (int.from_bytes(transport.public.proof[at : at + 32], "big") for at in (0, 32))
    numbers = (changes.get("challenge", challenge), changes.get("response", response))
    return dataclasses.replace(transport.public, proof=b"".join(number.to_bytes(32, "big") for number in numbers))


def response_of(transport: partial.TransportKey) -> int:
    return int.from_bytes(transport.public.proof[32:], "big")


HASHED = partial.hash_identity(IDENTITY)
BAD_REQUESTS = {
    "the identity": TransportPublicKey(G1_IDENTITY, TRANSPORT.public.proof),
    "the identity, proven": TransportPublicKey(G1_IDENTITY, bytes(64)),
    "a multiple of another identity": partial.generate_transport_key(OTHER_IDENTITY, CONTEXT).public,
    "a multiple of the generator": TransportPublicKey(G1_GENERATOR, TRANSPORT.public.proof),
    "proven for another request": partial.generate_transport_key(IDENTITY, OTHER_CONTEXT).public,
    "another key's proof": TransportPublicKey(TRANSPORT.public.point, OTHER_TRANSPORT.public.proof),
    "somebody's key, moved": TransportPublicKey(TRANSPORT.public.point + HASHED, TRANSPORT.public.proof),
    "negated": TransportPublicKey(-TRANSPORT.public.point, TRANSPORT.public.proof),
    "no proof": TransportPublicKey(TRANSPORT.public.point, bytes(64)),
    "a proof of another length": TransportPublicKey(TRANSPORT.public.point, TRANSPORT.public.proof + b"\0"),
    "another response": bent(TRANSPORT, response=(response_of(TRANSPORT) + 1) % ORDER),
    "the response in another form": bent(TRANSPORT, response=response_of(TRANSPORT) + ORDER),
    "another challenge": bent(TRANSPORT, challenge=1),
    "a challenge that is none": bent(TRANSPORT, challenge=ORDER),
}


@pytest.mark.parametrize("request_", BAD_REQUESTS.values(), ids=BAD_REQUESTS.keys())
def test_partial_is_never_made_for_a_bad_transport_key(request_: TransportPublicKey) -> None:
    with pytest.raises(WrongTransportKey) as caught:
        partial.make_partial(key_share(1), IDENTITY, request_, CONTEXT)
    assert "never answer" in caught.value.advice
    with pytest.raises(WrongTransportKey):
        partial.verify_transport_key(request_, IDENTITY, CONTEXT)


def test_transport_keys_are_fresh_and_verify() -> None:
    assert TRANSPORT.public != OTHER_TRANSPORT.public
    partial.verify_transport_key(TRANSPORT.public, IDENTITY, CONTEXT)
    partial.verify_transport_key(OTHER_TRANSPORT.public, IDENTITY, CONTEXT)


def test_proof_does_not_give_the_secret_away() -> None:
    first, second = (int.from_bytes(TRANSPORT.public.proof[at : at + 32], "big") for at in (0, 32))
    secret = int.from_bytes(TRANSPORT.secret.reveal(), "big")
    assert secret not in (first, second, second * pow(first, -1, ORDER) % ORDER)  # a nonce of zero would


@pytest.mark.parametrize("length", [0, 31, 33, 64])
def test_partial_is_never_made_for_an_identity_of_another_length(length: int) -> None:
    with pytest.raises(NotEncodable):
        partial.make_partial(key_share(1), Identity(bytes(length)), TRANSPORT.public, CONTEXT)


def test_secrets_of_transport_share_and_identity_key_do_not_show() -> None:
    key = combine(answer(1), answer(2), answer(7))
    shown = repr((TRANSPORT, key_share(1), key))
    for secret in (
        TRANSPORT.secret.reveal(),
        key_share(1).secret.reveal(),
        key.point.to_compressed()[:6],
        key.point.to_xy()[48:],
    ):
        assert secret.hex() not in shown
    for holder in (TRANSPORT, key_share(1), key):
        with pytest.raises(TypeError):
            pickle.dumps(holder)


# -------------------------------------------------------------------------------------------------------- partials


@pytest.mark.parametrize("member", MEMBERS)
def test_partial_verifies_under_its_members_public_key_share(member: MemberIndex) -> None:
    partial.verify_partial(answer(member), TRANSPORT.public, PUBLIC_SHARES[member])


def test_partial_of_another_share_is_refused_and_its_member_named() -> None:
    forged = dataclasses.replace(answer(2), member=MemberIndex(7))
    with pytest.raises(WrongPartial, match="member 7") as caught:
        partial.verify_partial(forged, TRANSPORT.public, PUBLIC_SHARES[MemberIndex(7)])
    assert caught.value.details == {"member": 7}
    assert "evidence" in caught.value.advice


def test_partial_for_another_request_is_refused() -> None:
    with pytest.raises(WrongPartial):
        partial.verify_partial(answer(1), OTHER_TRANSPORT.public, PUBLIC_SHARES[MemberIndex(1)])


def test_garbage_partial_is_refused() -> None:
    good, key = answer(1), PUBLIC_SHARES[MemberIndex(1)]
    for point in (good.point + G1_GENERATOR, -good.point, G1_IDENTITY, TRANSPORT.public.point):
        with pytest.raises(WrongPartial):
            partial.verify_partial(dataclasses.replace(good, point=point), TRANSPORT.public, key)


def test_partial_under_an_identity_public_key_share_or_for_no_transport_key_is_refused() -> None:
    # the pairing holds: 0 = 0 T, and 0 = x_i 0
    nothing = Partial(Epoch(1), MemberIndex(1), G1_IDENTITY)
    with pytest.raises(WrongPartial):
        partial.verify_partial(nothing, TRANSPORT.public, G2_IDENTITY)
    with pytest.raises(WrongPartial):
        partial.verify_partial(nothing, TransportPublicKey(G1_IDENTITY, bytes(64)), PUBLIC_SHARES[MemberIndex(1)])


def test_partial_is_the_same_each_time() -> None:
    # nothing in it is random, so nothing random can go wrong: what is posted again says no more than the first
    assert answer(1) == answer(1)


def test_partial_hides_the_share_of_the_identity_key_without_the_transport_secret() -> None:
    open_share = multiply(HASHED, key_share(1).secret)
    made = answer(1)
    assert made.point != open_share
    assert multiply(made.point, TRANSPORT.secret.inverted()) == open_share
    assert multiply(made.point, OTHER_TRANSPORT.secret.inverted()) != open_share


# --------------------------------------------------------------------------------------------------------- combine


def test_combine_gives_the_committees_secret_times_the_identity() -> None:
    key = combine(answer(65535), answer(2), answer(7))
    assert key.point == multiply(partial.hash_identity(IDENTITY), SECRET)
    assert key.identity == IDENTITY


def test_combine_uses_a_threshold_of_the_answers_and_leaves_the_rest() -> None:
    assert combine(*(answer(m) for m in MEMBERS)) == combine(answer(1), answer(4), answer(7))


@pytest.mark.parametrize("count", [0, 1, 2])
def test_combine_refuses_fewer_partials_than_the_threshold(count: int) -> None:
    with pytest.raises(ThresholdNotMet, match=f"{count} of 3 partials") as caught:
        combine(*(answer(m) for m in MEMBERS[:count]))
    assert caught.value.exit_code == 3
    assert caught.value.details == {"have": sorted(MEMBERS[:count]), "threshold": 3}
    assert "custodes committee status" in caught.value.advice


def test_combine_with_one_answer_less_and_a_lower_threshold_gives_no_key() -> None:
    with pytest.raises(WrongIdentityKey):
        combine(answer(1), answer(2), threshold=2)


@pytest.mark.parametrize("threshold", [-1, 0, 1])
def test_combine_refuses_a_threshold_that_lets_one_act_alone(threshold: int) -> None:
    with pytest.raises(InvalidCommittee):
        combine(answer(1), answer(2), threshold=threshold)


def test_combine_refuses_one_member_twice() -> None:
    with pytest.raises(DuplicatePartial, match=r"\[1\]") as caught:
        combine(answer(1), answer(1), answer(2))
    assert caught.value.details == {"members": [1]}
    assert "once" in caught.value.advice


def test_combine_refuses_partials_of_two_epochs() -> None:
    with pytest.raises(MixedEpochs, match=r"\[1, 2\]") as caught:
        combine(answer(1), answer(2), answer(7, epoch=2))
    assert caught.value.details == {"epochs": [1, 2]}
    assert "pins" in caught.value.advice


@pytest.mark.parametrize("member", [0, -1, 65536])
def test_combine_refuses_an_impossible_index(member: int) -> None:
    with pytest.raises(InvalidCommittee):
        combine(answer(1), answer(2), dataclasses.replace(answer(7), member=MemberIndex(member)))


def test_combine_refuses_list_positions_in_place_of_member_indices() -> None:
    renumbered = [dataclasses.replace(answer(m), member=MemberIndex(i)) for i, m in enumerate((2, 4, 7), start=1)]
    with pytest.raises(WrongIdentityKey):
        combine(*renumbered)


def test_combine_refuses_a_set_with_one_wrong_partial() -> None:
    wrong = dataclasses.replace(answer(7), point=answer(7).point + G1_GENERATOR)
    with pytest.raises(WrongIdentityKey) as caught:
        combine(answer(1), answer(2), wrong)
    assert "verify each partial" in caught.value.advice


def test_combine_refuses_answers_to_another_request_key_or_identity() -> None:
    answers = [answer(m) for m in (1, 2, 7)]
    for transport, identity, public_key in (
        (OTHER_TRANSPORT, IDENTITY, PUBLIC_KEY),
        (TRANSPORT, OTHER_IDENTITY, PUBLIC_KEY),
        (TRANSPORT, IDENTITY, PUBLIC_KEY + G2_GENERATOR),
    ):
        with pytest.raises(WrongIdentityKey):
            partial.combine(answers, T, transport, identity, public_key)


def test_identity_key_is_refused_under_the_identity_public_key() -> None:
    with pytest.raises(WrongIdentityKey):
        partial.verify_identity_key(IdentityKey(IDENTITY, G1_IDENTITY), G2_IDENTITY)
