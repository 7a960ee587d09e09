"""What a committee of real processes does while its oracles are killed, and what must be true when it has done it.

Each stage ends as if nobody had died: what was begun is finished, each member has sent each of its transactions once (a
transaction that fails counts, too), every share lies on the polynomial, and an old share was there until a final block
showed the new ones in force.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from committee_player import SIZE, THRESHOLD, Player, form_committee
from committee_system import CommitteeSystem, Unlockable, committee_system
from deaths import (
    ACCUSED,
    COMPLAINT,
    FIRST,
    GENERATION,
    REFRESH,
    TOGETHER,
    UNLOCK,
    VICTIM,
    Death,
    Died,
    Reaper,
    share_out,
)
from governance.crypto.partial import combine
from governance.crypto.points import g2_from_eip2537
from governance.types import Epoch, Fault, Phase
from governance.types.events.committee import DealerDisqualified, EpochInForce
from oracle_fleet import OracleProcess, wait_until

PATIENCE = 240.0  # [seconds] of a crowded machine, for many deaths in one stage
STEPS = 3  # transactions of a member: register, deal, acknowledge
LIAR = 4  # the member that a test plays where somebody has to be accused


@contextmanager
def mortals(directory: Path) -> Iterator[CommitteeSystem]:
    """Five oracles that nobody takes the turn of, and whose deadlines outlive many deaths."""
    with committee_system(directory, dkg_phase="1d", patience=3600) as committee:
        yield committee


def generate(committee: CommitteeSystem, deaths: Sequence[Death]) -> list[Died]:
    """A key is made by five oracles that die meanwhile."""
    reaper, before = _begin(committee, deaths, GENERATION)
    epoch = committee.form()
    _until_in_force(committee, reaper, epoch)
    _assert_sent(committee, before, [STEPS + (at == FIRST) for at in range(SIZE)])
    _assert_shares(committee, epoch)
    return reaper.died


def generate_together(committee: CommitteeSystem) -> list[Died]:
    """A key is made by five oracles that are killed all at once in each phase."""
    before = [committee.transactions_of(oracle) for oracle in committee.oracles]
    for oracle in committee.oracles:
        oracle.start()
    epoch = committee.form()
    died = []
    for phase in ("registering", "dealing", "settling", "acknowledging"):

        def is_there(phase: str = phase) -> bool:
            return any(said["phase"] == phase for oracle in committee.oracles for said in oracle.lines("epoch"))

        wait_until(is_there, patience=PATIENCE, what=phase, oracles=committee.oracles)
        for oracle in committee.oracles:
            oracle.kill()
            died.append(Died(Death(TOGETHER, phase, "all while"), oracle.directory.name))
        for oracle in committee.oracles:
            oracle.start()
    committee.wait_for_phase(epoch, Phase.IN_FORCE, PATIENCE)
    _assert_sent(committee, before, [STEPS + (at == FIRST) for at in range(SIZE)])
    _assert_shares(committee, epoch)
    return died


def release(committee: CommitteeSystem) -> Unlockable:
    """A model, sealed to the key in force, and a release for it."""
    model = committee.register_model()
    return Unlockable(committee, committee.system.ledger.committee.get_current_epoch(), model, committee.grant(model))


def unlock(unlockable: Unlockable, deaths: Sequence[Death]) -> list[Died]:
    """A request is answered by three oracles that die meanwhile; the two others do nothing, so that all three must."""
    committee = unlockable.committee
    speakers = range(THRESHOLD)
    reaper, before = _begin(committee, deaths, UNLOCK, speakers)
    others = committee.oracles[THRESHOLD:]
    for oracle in others:
        oracle.freeze()
    asked = committee.ask(unlockable.release)
    reaper.until(lambda: len(committee.partials(asked)) >= THRESHOLD, patience=PATIENCE, what="the unlock")
    for oracle in others:
        oracle.thaw()
    committee.settle(6)
    assert len(committee.approvals(asked)) == len(set(committee.approvals(asked))) == THRESHOLD
    assert sorted({partial.member for partial in committee.partials(asked)}) == _indices(committee, speakers)
    _assert_sent(committee, before, [2 if at in speakers else 0 for at in range(SIZE)])
    identity = committee.identity(unlockable.model)
    key = g2_from_eip2537(committee.system.ledger.committee.get_key())
    combine(committee.partials(asked), THRESHOLD, asked.transport, identity, key)
    return reaper.died


def refresh(committee: CommitteeSystem, deaths: Sequence[Death]) -> list[Died]:
    """The same five deal their key again, and die meanwhile: the old shares outlive every death before finality."""
    ledger = committee.system.ledger
    old, key = ledger.committee.get_current_epoch(), ledger.committee.get_key()

    def is_final() -> bool:
        made = [(each.event, each.block) for each in ledger.events() if isinstance(each.event, EpochInForce)]
        final = int(ledger.rpc.call("eth_getBlockByNumber", "finalized", False)["number"], 16)
        return any(event.epoch > old and block <= final for event, block in made)

    def look_at_the_dead(oracle: OracleProcess) -> None:
        if oracle.store().get(f"share-{old}") is None:
            assert is_final(), f"{oracle.directory.name} has lost its old share before the new ones are final"

    reaper, before = _begin(committee, deaths, REFRESH, on_death=look_at_the_dead)
    epoch = form_committee(committee.system, [oracle.address for oracle in committee.oracles], old)
    _until_in_force(committee, reaper, epoch)
    assert ledger.committee.get_key() == key
    _assert_sent(committee, before, [STEPS + (at == FIRST) for at in range(SIZE)])
    _assert_shares(committee, epoch)
    return reaper.died


def dispute(committee: CommitteeSystem, deaths: Sequence[Death]) -> list[Died]:
    """A key is made although one member deals a wrong share and accuses falsely, and the others die meanwhile."""
    honest, ledger = range(LIAR), committee.system.ledger
    reaper, before = _begin(committee, deaths, COMPLAINT, honest)
    epoch = committee.form()

    def wait_for(phase: Phase) -> None:
        reaper.until(
            lambda: ledger.committee.get_epoch(epoch).phase is phase, patience=PATIENCE, what=phase.name, all_died=False
        )

    liar = Player(committee.system, committee.oracles[LIAR].signer(), epoch)
    victim, accused = liar.facts.members[VICTIM], liar.facts.members[ACCUSED]
    liar.register()
    wait_for(Phase.DEALING)
    liar.deal(wrong_share_for=victim.index)
    wait_for(Phase.ACKNOWLEDGING)
    liar.complain(accused.index)
    wait_for(Phase.ANSWERING)
    liar.answer(bytes(31) + b"\x01")
    wait_for(Phase.CONFIRMING)
    reaper.until(
        lambda: ledger.committee.get_epoch(epoch).acknowledged == LIAR, patience=PATIENCE, what="4 acknowledge"
    )
    committee.system.warp(ledger.committee.get_epoch(epoch).phase_ends_at - ledger.now() + 1)
    wait_until(lambda: ledger.committee.get_epoch(epoch).phase is Phase.IN_FORCE, patience=60, what="in force")
    culprits = [e.event for e in ledger.events() if isinstance(e.event, DealerDisqualified)]
    assert [(each.oracle, each.fault) for each in culprits] == [(liar.signer.address, Fault.WRONG_SHARE)]
    # Register, deal, acknowledge; the victim complains first; the others acknowledge other sums than at first.
    settled, closed = 2, 1
    _assert_sent(committee, before, [4 + settled + closed, 4, 5, 4])
    _assert_shares(committee, epoch, honest)
    return reaper.died


def _begin(
    committee: CommitteeSystem,
    deaths: Sequence[Death],
    stage: str,
    members: Sequence[int] = range(SIZE),
    on_death: Callable[[OracleProcess], None] = lambda oracle: None,
) -> tuple[Reaper, list[int]]:
    """Those members run by their plan; how many transactions each has sent before."""
    reaper = Reaper(committee.oracles, share_out(deaths, stage, members), on_death)
    reaper.start()
    return reaper, [committee.transactions_of(oracle) for oracle in committee.oracles]


def _until_in_force(committee: CommitteeSystem, reaper: Reaper, epoch: Epoch) -> None:
    """In force, and nothing is left in any store but the shares of this epoch."""
    phase_of = committee.system.ledger.committee.get_epoch

    def is_done() -> bool:
        stores = (oracle.directory / "secrets" for oracle in committee.oracles)
        names = {tuple(path.name for path in store.glob("*.sealed")) for store in stores}
        return phase_of(epoch).phase is Phase.IN_FORCE and names == {(f"share-{epoch}.sealed",)}

    reaper.until(is_done, patience=PATIENCE, what=f"epoch {epoch}")
    committee.settle(6)


def _assert_sent(committee: CommitteeSystem, before: Sequence[int], expected: Sequence[int]) -> None:
    """How many transactions the first members have sent in this stage: none twice."""
    now = [committee.transactions_of(oracle) for oracle in committee.oracles]
    assert [after - then for after, then in zip(now, before, strict=True)][: len(expected)] == list(expected)


def _assert_shares(committee: CommitteeSystem, epoch: Epoch, members: Sequence[int] = range(SIZE)) -> None:
    """Every share lies on the polynomial, and no file of a death is left once its oracle is back."""
    for at in members:
        oracle = committee.oracles[at]
        share, verification_key = oracle.key_share(epoch)
        assert verification_key == committee.system.ledger.committee.get_verification_key(epoch, share.member)
        secrets = oracle.directory / "secrets"
        wait_until(
            lambda secrets=secrets: not list(secrets.glob(".*")), patience=60, what="nothing is left", oracles=[oracle]
        )


def _indices(committee: CommitteeSystem, places: Sequence[int]) -> list[int]:
    ledger = committee.system.ledger
    members = ledger.committee.get_members(ledger.committee.get_current_epoch())
    return sorted(members[place].index for place in places)
