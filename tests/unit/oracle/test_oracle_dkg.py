"""The key generation, played by five members in memory: what goes wrong is noticed and named."""

from __future__ import annotations

from dataclasses import replace

import pytest

from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.crypto.vss import add_commitments, compute_public_key_share
from governance.encoding.committee import ChainId, CommitteeDomain, Epoch, MemberIndex
from governance.types.enums import Phase
from oracle.dkg import (
    Accepted,
    Accused,
    DealingFacts,
    EpochFacts,
    MemberFacts,
    Registration,
    Step,
    make_envelopes,
    make_registration,
    next_step,
    open_dealings,
)
from oracle.errors import UnusableKey

DOMAIN = CommitteeDomain(ChainId(31337), "0x" + "c0" * 20, Epoch(1))
INDICES = [MemberIndex(i) for i in (1, 2, 3, 4, 5)]


def oracle(index: int) -> str:
    return f"0x{index:040x}"


def epoch(phase: Phase, **done: bool) -> EpochFacts:
    flags = {"registered": False, "dealt": False, "acknowledged": False, **done}
    return EpochFacts(1, phase, 3, 1, 1000, tuple(MemberFacts(i, oracle(i), **flags) for i in INDICES))


FACTS = epoch(Phase.ACKNOWLEDGING, registered=True, dealt=True)


@pytest.fixture(scope="module")
def ceremony() -> tuple[dict[MemberIndex, Registration], dict[MemberIndex, list[bytes]]]:
    registrations = {me: make_registration(FACTS, DOMAIN, me) for me in INDICES}
    keys = [(i, registrations[i].envelope_key.public.data) for i in INDICES]
    return registrations, {i: make_envelopes(registrations[i], DOMAIN, i, keys) for i in INDICES}


def dealings_for(me: MemberIndex, ceremony: tuple[dict, dict]) -> list[DealingFacts]:  # type: ignore[type-arg]
    registrations, envelopes = ceremony
    return [
        DealingFacts(
            dealer,
            b"".join(g2_to_eip2537(point) for point in registrations[dealer].commitments),
            g1_to_eip2537(registrations[dealer].proof),
            envelopes[dealer][INDICES.index(me)],
        )
        for dealer in INDICES
    ]


def test_every_member_gets_the_share_behind_its_public_key_share(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    registrations, _ = ceremony
    aggregate = add_commitments({i: registrations[i].commitments for i in INDICES}, 3)
    for me in INDICES:
        result = open_dealings(FACTS, DOMAIN, me, registrations[me], dealings_for(me, ceremony))
        assert isinstance(result, Accepted)
        assert g2_to_eip2537(result.public_key_share) == g2_to_eip2537(compute_public_key_share(aggregate, 3, me))


def test_envelope_of_another_recipient_accuses_its_dealer(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    dealings = dealings_for(INDICES[0], ceremony)
    dealings[2] = replace(dealings[2], envelope=ceremony[1][INDICES[2]][1])
    result = open_dealings(FACTS, DOMAIN, INDICES[0], ceremony[0][INDICES[0]], dealings)
    assert isinstance(result, Accused)
    assert result.dealer == INDICES[2]


def test_share_off_the_polynomial_accuses_its_dealer(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    registrations, _ = ceremony
    liar = registrations[INDICES[1]]
    crooked = replace(liar, shares={**liar.shares, INDICES[0]: liar.shares[INDICES[3]]})
    keys = [(i, registrations[i].envelope_key.public.data) for i in INDICES]
    dealings = dealings_for(INDICES[0], ceremony)
    dealings[1] = replace(dealings[1], envelope=make_envelopes(crooked, DOMAIN, INDICES[1], keys)[0])
    result = open_dealings(FACTS, DOMAIN, INDICES[0], registrations[INDICES[0]], dealings)
    assert isinstance(result, Accused)
    assert result.dealer == INDICES[1]


def test_proof_copied_from_another_dealer_accuses_the_copier(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    dealings = dealings_for(INDICES[0], ceremony)
    dealings[3] = replace(dealings[3], commitments=dealings[4].commitments, proof=dealings[4].proof)
    result = open_dealings(FACTS, DOMAIN, INDICES[0], ceremony[0][INDICES[0]], dealings)
    assert isinstance(result, Accused)
    assert result.dealer == INDICES[3]


def test_over_degree_dealing_accuses_its_dealer(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    dealings = dealings_for(INDICES[0], ceremony)
    longer = dealings[2].commitments + dealings[1].commitments[:256]
    dealings[2] = replace(dealings[2], commitments=longer)
    result = open_dealings(FACTS, DOMAIN, INDICES[0], ceremony[0][INDICES[0]], dealings)
    assert isinstance(result, Accused)
    assert result.dealer == INDICES[2]


def test_key_that_cannot_be_encrypted_to_names_its_member(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    registrations, _ = ceremony
    keys = [(i, registrations[i].envelope_key.public.data) for i in INDICES]
    keys[3] = (INDICES[3], b"\xff" * len(keys[3][1]))
    with pytest.raises(UnusableKey, match=f"member {INDICES[3]} "):
        make_envelopes(registrations[INDICES[0]], DOMAIN, INDICES[0], keys)


def test_registration_survives_the_store(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    me = INDICES[4]
    restored = Registration.from_secret(ceremony[0][me].to_secret())
    assert restored.commitments_hash == ceremony[0][me].commitments_hash
    assert isinstance(open_dealings(FACTS, DOMAIN, me, restored, dealings_for(me, ceremony)), Accepted)


def test_repr_of_a_registration_shows_no_secret(ceremony: tuple[dict, dict]) -> None:  # type: ignore[type-arg]
    registration = ceremony[0][INDICES[0]]
    shown = repr(registration)
    for name, value in registration.to_secret().items():
        if name == "envelope_key" or name.startswith("share-"):
            assert value not in shown


@pytest.mark.parametrize(
    ("facts", "now", "step"),
    [
        (epoch(Phase.REGISTERING), 10, Step.REGISTER),
        (epoch(Phase.REGISTERING, registered=True), 10, Step.NOTHING),
        (epoch(Phase.DEALING, registered=True), 10, Step.DEAL),
        (epoch(Phase.DEALING, registered=True, dealt=True), 10, Step.NOTHING),
        (FACTS, 10, Step.ACKNOWLEDGE),
        (epoch(Phase.ACKNOWLEDGING, acknowledged=True), 10, Step.NOTHING),
        (epoch(Phase.ACKNOWLEDGING, acknowledged=True), 1001, Step.FINALISE),
        (epoch(Phase.REGISTERING, registered=True), 1001, Step.ABORT),
        (epoch(Phase.DEALING), 1001, Step.ABORT),
        (epoch(Phase.DEALING), 1000, Step.DEAL),
        (epoch(Phase.IN_FORCE), 5000, Step.NOTHING),
        (epoch(Phase.ABORTED), 5000, Step.NOTHING),
    ],
)
def test_next_step_follows_the_board(facts: EpochFacts, now: int, step: Step) -> None:
    assert next_step(facts, oracle(1), now, patience=3) is step


def test_next_step_is_nothing_for_a_stranger() -> None:
    assert next_step(epoch(Phase.REGISTERING), oracle(9), 10, patience=3) is Step.NOTHING


def test_next_step_lets_the_first_member_close_before_the_others() -> None:
    facts = epoch(Phase.DEALING)
    assert next_step(facts, oracle(1), 1001, patience=3) is Step.ABORT
    assert next_step(facts, oracle(3), 1006, patience=3) is Step.NOTHING
    assert next_step(facts, oracle(3), 1007, patience=3) is Step.ABORT
