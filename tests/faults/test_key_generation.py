"""Members that cheat, or are silent, while a key is made: the four honest ones make it without the fifth, or end it.

The honest members are real processes; what the fifth does are transactions from its own account.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from catalogue import fault_case
from cheats import force
from committee_player import SIZE, THRESHOLD, Player, form_committee
from committee_system import CommitteeSystem, committee_system
from governance.crypto.group import Scalar
from governance.crypto.points import g1_to_eip2537, g2_to_eip2537
from governance.crypto.vss import deal
from governance.ledger.signer import Signer
from governance.types import Epoch, Fault, MemberIndex, Phase
from governance.types.events.committee import (
    DealerAccused,
    DealerDisqualified,
    Dealt,
    EpochAborted,
    ShareRevealed,
)
from oracle.dkg import UNUSABLE
from oracle_fleet import wait_until

pytestmark = [pytest.mark.chain, pytest.mark.timeout(300)]

IMPOSTOR = 4
X25519 = 32  # bytes at the end of an envelope key


@pytest.fixture(scope="module")
def troubled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CommitteeSystem]:
    """Four honest oracles that run, and a fifth whose part a test plays. The last test puts a key in force."""
    with committee_system(tmp_path_factory.mktemp("committee")) as committee:
        for oracle in committee.oracles[:IMPOSTOR]:
            oracle.start()
        yield committee


@dataclass
class Visit:
    """An impostor in one key generation, from one case to the next: each finds what those before it have left."""

    committee: CommitteeSystem
    impostor: Player | None = None

    def registering(self) -> Player:
        """It has registered, with an envelope key of low order, while the others slept."""
        if self.impostor is None:
            honest = self.committee.oracles[:IMPOSTOR]
            for oracle in honest:
                oracle.freeze()
            self.impostor = Player(
                self.committee.system, self.committee.oracles[IMPOSTOR].signer(), self.committee.form()
            )
            self.impostor.register(transport_key=self.impostor.envelope_key.public.data[:-X25519] + bytes(X25519))
        return self.impostor

    def dealing(self) -> Player:
        """All others have dealt."""
        impostor, ledger = self.registering(), self.committee.system.ledger
        for oracle in self.committee.oracles[:IMPOSTOR]:
            oracle.thaw()
        wait_until(
            lambda: ledger.committee.get_epoch(impostor.epoch).dealt == IMPOSTOR,
            patience=60,
            what="four deal",
            oracles=self.committee.oracles,
        )
        return impostor


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Visit]:
    with committee_system(tmp_path_factory.mktemp("visit")) as committee:
        for oracle in committee.oracles[:IMPOSTOR]:
            oracle.start()
            oracle.wait_ready()
        yield Visit(committee)


def wait_for_abort(committee: CommitteeSystem, epoch: Epoch) -> str:
    """The epoch is aborted; returns why."""
    committee.wait_for_phase(epoch, Phase.ABORTED)
    events = [record.event for record in committee.system.ledger.events()]
    return next(event.reason for event in events if isinstance(event, EpochAborted) and event.epoch == epoch)


def miss_the_deadline(committee: CommitteeSystem, epoch: Epoch) -> None:
    ledger = committee.system.ledger
    committee.system.warp(ledger.committee.get_epoch(epoch).phase_ends_at - ledger.now() + 1)


def events_of(committee: CommitteeSystem, kind: type) -> list:  # type: ignore[type-arg]
    return [record.event for record in committee.system.ledger.events() if isinstance(record.event, kind)]


@contextmanager
def four_and_a_liar(directory: Path) -> Iterator[tuple[CommitteeSystem, Player]]:
    """A key generation in which all five have registered, and the fifth is to deal by a test's hand."""
    with committee_system(directory) as committee:
        for oracle in committee.oracles[:IMPOSTOR]:
            oracle.start()
        liar = Player(committee.system, committee.oracles[IMPOSTOR].signer(), committee.form())
        liar.register()
        get_epoch = committee.system.ledger.committee.get_epoch
        wait_until(lambda: get_epoch(liar.epoch).phase is Phase.DEALING, patience=60, what="dealing")
        yield committee, liar


def assert_made_without(committee: CommitteeSystem, liar: Player, fault: Fault) -> None:
    """The liar is out by that fault and has revealed nothing; the four others confirm, and have the key."""
    ledger, epoch = committee.system.ledger, liar.epoch
    committee.wait_for_phase(epoch, Phase.CONFIRMING)
    wait_until(lambda: ledger.committee.get_epoch(epoch).acknowledged == IMPOSTOR, patience=60, what="4 confirm")
    miss_the_deadline(committee, epoch)
    committee.wait_for_phase(epoch, Phase.IN_FORCE)
    culprits = [(event.oracle, event.fault) for event in events_of(committee, DealerDisqualified)]
    assert culprits == [(liar.signer.address, fault)]
    assert events_of(committee, ShareRevealed) == []
    assert_shares(committee, epoch)


def assert_shares(committee: CommitteeSystem, epoch: Epoch) -> None:
    """Each honest oracle holds its share of the key in force, and nothing else."""
    honest = committee.oracles[:IMPOSTOR]
    wait_until(lambda: all(o.store().names() == [f"share-{epoch}"] for o in honest), patience=20, what="only shares")
    for oracle in honest:
        share, verification_key = oracle.key_share(epoch)
        assert verification_key == committee.system.ledger.committee.get_verification_key(epoch, share.member)


@pytest.mark.fault(
    "DKG-01",
    "too few members register",
    "too few registered: the epoch aborts at its deadline, by anybody, and the secrets are erased",
    deadline=120,
)
def test_too_few_that_register_lead_to_an_abort_at_the_deadline_by_anybody(troubled: CommitteeSystem) -> None:
    honest, ledger = troubled.oracles[:2], troubled.system.ledger
    strangers = [Signer.random().address for _ in range(SIZE - 2)]
    epoch = form_committee(troubled.system, [*(oracle.address for oracle in honest), *strangers])
    wait_until(lambda: ledger.committee.get_epoch(epoch).registered == 2, patience=60, what="2 register")
    miss_the_deadline(troubled, epoch)
    assert wait_for_abort(troubled, epoch) == "too few registered"
    wait_until(lambda: all(not o.store().names() for o in honest), patience=20, what="the secrets are erased")
    assert all(oracle.is_running for oracle in honest)


@pytest.mark.fault(
    "DKG-02",
    "a dealer deals a wrong share, reveals another wrong one, and accuses an honest dealer",
    "R-Committee-23: DealerDisqualified names its address, wrong share; the accused is cleared, the key is made",
    deadline=120,
)
def test_one_traitor_of_five_cannot_end_a_key_generation(troubled: CommitteeSystem) -> None:
    """It sends one member a wrong share and falsely complains of another; the four others make the key without it."""
    epoch = troubled.form()
    honest, ledger = troubled.oracles[:IMPOSTOR], troubled.system.ledger
    liar = Player(troubled.system, troubled.oracles[IMPOSTOR].signer(), epoch)
    victim, slandered = liar.facts.members[1], liar.facts.members[2]
    liar.register()
    wait_until(lambda: ledger.committee.get_epoch(epoch).phase is Phase.DEALING, patience=60, what="dealing")
    liar.deal(wrong_share_for=victim.index)
    troubled.wait_for_phase(epoch, Phase.ACKNOWLEDGING)
    liar.complain(slandered.index)
    troubled.wait_for_phase(epoch, Phase.ANSWERING)
    wait_until(lambda: ledger.committee.get_dealing(epoch, 2).answered, patience=60, what="the slandered answers")
    liar.answer(bytes(31) + b"\x01")  # no share of its polynomial
    troubled.wait_for_phase(epoch, Phase.CONFIRMING)
    wait_until(lambda: ledger.committee.get_epoch(epoch).acknowledged == IMPOSTOR, patience=60, what="4 acknowledge")
    miss_the_deadline(troubled, epoch)
    troubled.wait_for_phase(epoch, Phase.IN_FORCE)
    events = [record.event for record in ledger.events()]
    accused = [(event.dealer, event.accuser) for event in events if isinstance(event, DealerAccused)]
    assert sorted(accused) == sorted([(liar.index, victim.index), (slandered.index, liar.index)])
    culprits = [(event.oracle, event.fault) for event in events if isinstance(event, DealerDisqualified)]
    assert culprits == [(liar.signer.address, Fault.WRONG_SHARE)]
    assert any(str(liar.index) in said["reason"] for said in troubled.oracles[1].lines("refused"))
    wait_until(lambda: all(o.store().names() == [f"share-{epoch}"] for o in honest), patience=20, what="only shares")
    for oracle in honest:
        share, verification_key = oracle.key_share(epoch)
        assert verification_key == ledger.committee.get_verification_key(epoch, share.member)


@pytest.mark.fault(
    "DKG-03", "a member registers twice, with other commitments", "R-Committee-07: the first registration stands"
)
def test_second_registration_is_refused(visit: Visit) -> None:
    impostor = visit.registering()
    other = Player(visit.committee.system, impostor.signer, impostor.epoch)
    key, committed = other.envelope_key.public.data, other.dealing.commitments_hash
    assert committed != impostor.dealing.commitments_hash
    call = visit.committee.system.ledger.committee.register(impostor.epoch, key, committed)
    assert force(visit.committee, call, impostor.signer).rule == "R-Committee-07"


@pytest.mark.parametrize(
    "kind",
    [
        fault_case(
            "DKG-04",
            "a dealer reveals another polynomial than it committed to",
            "R-Committee-08",
            "other",
            deadline=120,
        ),
        fault_case(
            "DKG-05", "a dealer reveals a polynomial of too high a degree", "R-Committee-08", "longer", deadline=120
        ),
        fault_case("DKG-06", "a dealer reveals a copy of another's dealing", "R-Committee-08", "copy", deadline=120),
    ],
)
def test_dealing_that_was_not_committed_to_is_refused(visit: Visit, kind: str) -> None:
    impostor = visit.dealing()
    if kind == "copy":
        copied = events_of(visit.committee, Dealt)[0]
        commitments, proof = copied.commitments, copied.proof
    else:
        threshold, more = (THRESHOLD + 1, [MemberIndex(98), MemberIndex(99)]) if kind == "longer" else (THRESHOLD, [])
        dealt = deal(Scalar.random(), threshold, [*impostor.facts.indices, *more], impostor.domain, impostor.index)
        commitments, proof = b"".join(map(g2_to_eip2537, dealt.commitments)), g1_to_eip2537(dealt.proof)
    envelopes = [b"" if place == IMPOSTOR else b"envelope" for place in range(SIZE)]
    call = visit.committee.system.ledger.committee.deal(impostor.epoch, commitments, proof, envelopes)
    assert force(visit.committee, call, impostor.signer).rule == "R-Committee-08"


@pytest.mark.fault(
    "DKG-07",
    "a member registers an envelope key of low order, and is silent from then on",
    "the key is made by the four others after the deadlines; the member holds no share",
    deadline=120,
)
def test_silent_member_is_left_out(visit: Visit) -> None:
    """Last with this committee."""
    impostor, committee = visit.dealing(), visit.committee
    ledger, epoch = committee.system.ledger, impostor.epoch
    miss_the_deadline(committee, epoch)
    wait_until(lambda: ledger.committee.get_epoch(epoch).acknowledged == IMPOSTOR, patience=60, what="4 acknowledge")
    miss_the_deadline(committee, epoch)
    committee.wait_for_phase(epoch, Phase.IN_FORCE)
    assert events_of(committee, DealerDisqualified) == []
    envelopes = [event.envelopes[IMPOSTOR] for event in events_of(committee, Dealt)]
    assert set(envelopes) == {UNUSABLE}
    assert_shares(committee, epoch)


@pytest.mark.fault(
    "DKG-08",
    "a dealer deals a wrong share to every other member, so that t complain of it",
    "R-Committee-23: DealerDisqualified names its address, many complaints; it reveals nothing, the key is made",
    deadline=120,
)
def test_dealer_that_t_members_accuse_is_out_and_reveals_nothing(tmp_path: Path) -> None:
    with four_and_a_liar(tmp_path) as (committee, liar):
        ledger, epoch = committee.system.ledger, liar.epoch
        liar.deal(wrong_shares_for=liar.facts.indices[:IMPOSTOR])
        committee.wait_for_phase(epoch, Phase.ACKNOWLEDGING)
        wait_until(lambda: ledger.committee.get_epoch(epoch).complained == IMPOSTOR, patience=60, what="4 complain")
        miss_the_deadline(committee, epoch)  # the liar neither acknowledges nor complains
        assert_made_without(committee, liar, Fault.MANY_COMPLAINTS)
        for oracle in committee.oracles[:IMPOSTOR]:
            assert any(f"member {liar.index} is wrong" in said["reason"] for said in oracle.lines("refused"))


@pytest.mark.fault(
    "DKG-09",
    "a dealer deals one member a wrong share, and reveals nothing when it is accused",
    "R-Committee-23: after the deadline DealerDisqualified names its address, silent; the key is made without it",
    deadline=120,
)
def test_dealer_that_is_accused_and_reveals_nothing_is_out(tmp_path: Path) -> None:
    with four_and_a_liar(tmp_path) as (committee, liar):
        ledger, epoch = committee.system.ledger, liar.epoch
        liar.deal(wrong_share_for=liar.facts.indices[1])
        committee.wait_for_phase(epoch, Phase.ACKNOWLEDGING)
        wait_until(lambda: ledger.committee.get_epoch(epoch).complained == 1, patience=60, what="a complaint")
        miss_the_deadline(committee, epoch)
        committee.wait_for_phase(epoch, Phase.ANSWERING)
        assert events_of(committee, DealerDisqualified) == []
        miss_the_deadline(committee, epoch)
        assert_made_without(committee, liar, Fault.SILENT)
