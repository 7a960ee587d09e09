"""The key generation, played by five members in memory: what goes wrong is noticed and named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.crypto.envelope import EnvelopeKeyPair
from governance.crypto.group import G2_GENERATOR, multiply
from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.crypto.vss import add_commitments, combine_shares, compute_public_key_share
from governance.encoding.committee import ChainId, CommitteeDomain, Epoch, MemberIndex
from governance.types.enums import Phase
from oracle.dkg import (
    UNUSABLE,
    DealerFacts,
    DealingFacts,
    EpochFacts,
    MemberFacts,
    OwnDealing,
    Received,
    Step,
    accept,
    make_dealing,
    make_envelopes,
    next_step,
    open_dealings,
)

DOMAIN = CommitteeDomain(ChainId(31337), "0x" + "c0" * 20, Epoch(1))
INDICES = [MemberIndex(i) for i in (1, 2, 3, 4, 5)]


def oracle(index: int) -> str:
    return f"0x{index:040x}"


def epoch(phase: Phase, *, dealer: dict[str, bool] | None = None, **done: bool) -> EpochFacts:
    """Five members that all have done the same, and are all the dealers."""
    members = tuple(MemberFacts(i, oracle(i), **done) for i in INDICES)
    dealers = tuple(DealerFacts(i, oracle(i), **(dealer or {})) for i in INDICES)
    return EpochFacts(Epoch(1), phase, 3, 1, 1000, members, dealers, dealers_needed=3)


FACTS = epoch(Phase.ACKNOWLEDGING, registered=True, dealer={"dealt": True})
Ceremony = tuple[dict[MemberIndex, EnvelopeKeyPair], dict[MemberIndex, OwnDealing], dict[MemberIndex, list[bytes]]]


@pytest.fixture(scope="module")
def ceremony() -> Ceremony:
    pairs = {me: EnvelopeKeyPair.generate() for me in INDICES}
    dealings = {me: make_dealing(FACTS, DOMAIN, me) for me in INDICES}
    keys = [(i, pairs[i].public.data) for i in INDICES]
    return pairs, dealings, {i: make_envelopes(dealings[i], DOMAIN, i, keys) for i in INDICES}


def dealings_for(me: MemberIndex, ceremony: Ceremony) -> list[DealingFacts]:
    _, dealings, envelopes = ceremony
    return [
        DealingFacts(
            dealer,
            dealings[dealer].data,
            g1_to_eip2537(dealings[dealer].proof),
            envelopes[dealer][INDICES.index(me)],
        )
        for dealer in INDICES
    ]


def received(ceremony: Ceremony, dealings: list[DealingFacts], me: MemberIndex = INDICES[0]) -> Received:
    return open_dealings(FACTS, DOMAIN, me, ceremony[0][me], ceremony[1][me], dealings)


def test_every_member_gets_the_share_behind_its_public_key_share(ceremony: Ceremony) -> None:
    aggregate = add_commitments({i: ceremony[1][i].commitments for i in INDICES}, 3)
    for me in INDICES:
        result = accept(FACTS, DOMAIN, me, received(ceremony, dealings_for(me, ceremony), me), INDICES)
        assert g2_to_eip2537(result.public_key_share) == g2_to_eip2537(compute_public_key_share(aggregate, 3, me))


def test_share_without_a_disqualified_dealer_is_that_of_the_others(ceremony: Ceremony) -> None:
    others = [i for i in INDICES if i != 2]
    aggregate = add_commitments({i: ceremony[1][i].commitments for i in others}, 3)
    result = accept(FACTS, DOMAIN, INDICES[0], received(ceremony, dealings_for(INDICES[0], ceremony)), others)
    assert g2_to_eip2537(result.public_key) == g2_to_eip2537(aggregate[0])


def test_envelope_of_another_recipient_is_held_against_its_dealer(ceremony: Ceremony) -> None:
    dealings = dealings_for(INDICES[0], ceremony)
    dealings[2] = replace(dealings[2], envelope=ceremony[2][INDICES[2]][1])
    assert list(received(ceremony, dealings).wrong) == [INDICES[2]]


def wrong_share_of_2(ceremony: Ceremony) -> list[DealingFacts]:
    liar = ceremony[1][INDICES[1]]
    crooked = replace(liar, shares={**liar.shares, INDICES[0]: liar.shares[INDICES[3]]})
    keys = [(i, ceremony[0][i].public.data) for i in INDICES]
    dealings = dealings_for(INDICES[0], ceremony)
    dealings[1] = replace(dealings[1], envelope=make_envelopes(crooked, DOMAIN, INDICES[1], keys)[0])
    return dealings


def test_share_off_the_polynomial_is_held_against_its_dealer(ceremony: Ceremony) -> None:
    assert list(received(ceremony, wrong_share_of_2(ceremony)).wrong) == [INDICES[1]]


def test_share_that_the_dealer_revealed_is_used_if_it_is_right(ceremony: Ceremony) -> None:
    dealings = wrong_share_of_2(ceremony)
    right = ceremony[1][INDICES[1]].shares[INDICES[0]].reveal()
    answered = [*dealings[:1], replace(dealings[1], revealed=right), *dealings[2:]]
    assert not received(ceremony, answered).wrong
    lied = [*dealings[:1], replace(dealings[1], revealed=b"\xff" * 32), *dealings[2:]]
    assert list(received(ceremony, lied).wrong) == [INDICES[1]]


def test_proof_copied_from_another_dealer_is_held_against_the_copier(ceremony: Ceremony) -> None:
    dealings = dealings_for(INDICES[0], ceremony)
    dealings[3] = replace(dealings[3], commitments=dealings[4].commitments, proof=dealings[4].proof)
    assert list(received(ceremony, dealings).wrong) == [INDICES[3]]


def test_over_degree_dealing_is_held_against_its_dealer(ceremony: Ceremony) -> None:
    dealings = dealings_for(INDICES[0], ceremony)
    longer = dealings[2].commitments + dealings[1].commitments[:256]
    dealings[2] = replace(dealings[2], commitments=longer)
    assert list(received(ceremony, dealings).wrong) == [INDICES[2]]


@pytest.mark.parametrize("key", [b"\xff" * 1216, bytes(1216), b"short"])
def test_key_that_cannot_be_encrypted_to_harms_its_owner_alone(ceremony: Ceremony, key: bytes) -> None:
    keys = [(i, ceremony[0][i].public.data) for i in INDICES]
    keys[3] = (INDICES[3], key)
    envelopes = make_envelopes(ceremony[1][INDICES[0]], DOMAIN, INDICES[0], keys)
    assert envelopes[3] == UNUSABLE
    assert [len(envelope) for envelope in envelopes] == [0, 1168, 1168, 1, 1168]


def test_x25519_key_of_low_order_is_sent_no_share(ceremony: Ceremony) -> None:
    data = ceremony[0][INDICES[3]].public.data
    keys = [(i, ceremony[0][i].public.data) for i in INDICES]
    keys[3] = (INDICES[3], data[:1184] + bytes(32))
    assert make_envelopes(ceremony[1][INDICES[0]], DOMAIN, INDICES[0], keys)[3] == UNUSABLE


def test_resharing_keeps_the_key_and_gives_shares_of_another_polynomial(ceremony: Ceremony) -> None:
    """Members 1 to 5 deal to 6 to 10; dealer 2 is not among the first three valid ones."""
    old = {me: accept(FACTS, DOMAIN, me, received(ceremony, dealings_for(me, ceremony), me), INDICES) for me in INDICES}
    domain, fresh = replace(DOMAIN, epoch=Epoch(2)), [MemberIndex(i) for i in range(6, 11)]
    members = tuple(MemberFacts(i, oracle(i), registered=True) for i in fresh)
    dealers = tuple(DealerFacts(i, oracle(i), dealt=True, disqualified=i == 2) for i in INDICES)
    facts = EpochFacts(Epoch(2), Phase.ACKNOWLEDGING, 3, 1, 1000, members, dealers, Epoch(1), 3)
    first = [dealer.index for dealer in facts.qualified]
    assert first == [1, 3, 4]
    pair = EnvelopeKeyPair.generate()
    dealt = {i: make_dealing(facts, domain, i, old[i].share.secret) for i in first}
    keys = [(i, pair.public.data if i == 7 else b"") for i in fresh]
    sent = [
        DealingFacts(i, each.data, g1_to_eip2537(each.proof), make_envelopes(each, domain, i, keys)[1])
        for i, each in dealt.items()
    ]
    got = open_dealings(facts, domain, fresh[1], pair, None, sent)
    assert not got.wrong
    result = accept(facts, domain, fresh[1], got, first)
    assert g2_to_eip2537(result.public_key) == g2_to_eip2537(old[INDICES[0]].public_key)
    mixed = {INDICES[0]: old[INDICES[0]].share.secret, INDICES[2]: old[INDICES[2]].share.secret}
    together = combine_shares({**mixed, fresh[1]: result.share.secret}, 3)
    assert g2_to_eip2537(multiply(G2_GENERATOR, together)) != g2_to_eip2537(result.public_key)


def test_dealing_survives_the_store(ceremony: Ceremony) -> None:
    me = INDICES[4]
    restored = OwnDealing.from_secret(ceremony[1][me].to_secret())
    assert restored.commitments_hash == ceremony[1][me].commitments_hash
    found = open_dealings(FACTS, DOMAIN, me, ceremony[0][me], restored, dealings_for(me, ceremony))
    assert not found.wrong


def test_repr_of_a_dealing_shows_no_secret(ceremony: Ceremony) -> None:
    dealing = ceremony[1][INDICES[0]]
    shown = repr(dealing)
    for name, value in dealing.to_secret().items():
        if name.startswith("share-"):
            assert value not in shown


@pytest.mark.parametrize(
    ("facts", "now", "step"),
    [
        (epoch(Phase.REGISTERING), 10, Step.REGISTER),
        (epoch(Phase.REGISTERING, registered=True), 10, Step.NOTHING),
        (epoch(Phase.DEALING, registered=True), 10, Step.DEAL),
        (epoch(Phase.DEALING, registered=True, dealer={"dealt": True}), 10, Step.NOTHING),
        (epoch(Phase.DEALING, dealer={"may_deal": False}), 10, Step.NOTHING),
        (epoch(Phase.SETTLING, registered=True), 10, Step.SETTLE),
        (FACTS, 10, Step.ACKNOWLEDGE),
        (epoch(Phase.ACKNOWLEDGING, registered=False), 10, Step.NOTHING),
        (epoch(Phase.ACKNOWLEDGING, registered=True, acknowledged=True), 10, Step.NOTHING),
        (epoch(Phase.ACKNOWLEDGING, registered=True, complained=True), 10, Step.NOTHING),
        (epoch(Phase.ANSWERING, registered=True), 10, Step.NOTHING),
        (epoch(Phase.ANSWERING, registered=True, dealer={"owes_answer": True}), 10, Step.ANSWER),
        (epoch(Phase.CONFIRMING, registered=True, complained=True), 10, Step.ACKNOWLEDGE),
        (epoch(Phase.CONFIRMING, registered=True, acknowledged=True), 10, Step.NOTHING),
        (epoch(Phase.ACKNOWLEDGING, acknowledged=True), 1001, Step.ADVANCE),
        (epoch(Phase.REGISTERING, registered=True), 1001, Step.ADVANCE),
        (epoch(Phase.DEALING), 1000, Step.DEAL),
        (epoch(Phase.IN_FORCE), 5000, Step.NOTHING),
        (epoch(Phase.ABORTED), 5000, Step.NOTHING),
        (epoch(Phase.SUPERSEDED), 5000, Step.NOTHING),
    ],
)
def test_next_step_follows_the_board(facts: EpochFacts, now: int, step: Step) -> None:
    assert next_step(facts, oracle(1), now, patience=3) is step


def test_next_step_is_nothing_for_a_stranger() -> None:
    for phase in Phase:
        assert next_step(epoch(phase), oracle(9), 10, patience=3) is Step.NOTHING
        assert next_step(epoch(phase), oracle(9), 5000, patience=3) is Step.NOTHING


def test_next_step_lets_the_first_member_close_and_settle_before_the_others() -> None:
    facts = epoch(Phase.DEALING)
    assert next_step(facts, oracle(1), 1001, patience=3) is Step.ADVANCE
    assert next_step(facts, oracle(3), 1006, patience=3) is Step.NOTHING
    assert next_step(facts, oracle(3), 1007, patience=3) is Step.ADVANCE
    facts = epoch(Phase.SETTLING)
    assert next_step(facts, oracle(3), 10, patience=3, waited=5) is Step.NOTHING
    assert next_step(facts, oracle(3), 10, patience=3, waited=6) is Step.SETTLE


def test_leaver_deals_and_answers_and_does_nothing_else() -> None:
    facts = replace(epoch(Phase.DEALING), members=(), predecessor=Epoch(1))
    assert next_step(facts, oracle(1), 10, patience=3) is Step.DEAL
    assert next_step(facts, oracle(1), 5000, patience=3) is Step.NOTHING
    owing = replace(epoch(Phase.ANSWERING, dealer={"owes_answer": True}), members=(), predecessor=Epoch(1))
    assert next_step(owing, oracle(1), 10, patience=3) is Step.ANSWER
    assert next_step(replace(facts, phase=Phase.SETTLING), oracle(1), 10, patience=3) is Step.NOTHING
