"""What a charter is worth before anybody deploys it: which rules it breaks, and how many absences each tier tolerates.

The judgement is the one of `governance.spec`, which is the one of the contracts: what passes here, deploys.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.charter.document import Charter, Organisation
from governance.charter.errors import UnsoundCharter
from governance.charter.genesis import NOWHERE, compute_charter_hash, compute_genesis
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address
from governance.spec.independence import check_chambers
from governance.spec.rules import Refusal
from governance.spec.seats import Judged, judge_set
from governance.spec.state import SeatsState
from governance.spec.tally import chambers_of, compute_needed
from governance.spec.tiers import Absences, check_bounds, check_sound, compute_absences
from governance.types import (
    ALL_SEATS,
    Address,
    ChainId,
    ChangeSeats,
    Hash32,
    SeatMask,
    Seconds,
    TierRule,
    Timestamp,
)


@dataclass(frozen=True)
class TierReport:
    """What one tier needs of these chambers, and what it tolerates."""

    tier: int
    chambers_required: int
    needed_in_chamber: tuple[int, ...]
    needed_of_all: int
    period: Seconds
    timelock: Seconds
    absences: Absences | None  # None: not even all seats together pass it


@dataclass(frozen=True)
class CharterReport:
    """The outcome of a check."""

    refusals: tuple[Refusal, ...]
    chamber_sizes: dict[str, int]
    tiers: tuple[TierReport, ...]
    keyless: tuple[str, ...]  # organisations without keys: nothing can be deployed yet
    charter_hash: Hash32 | None

    @property
    def is_sound(self) -> bool:
        return not self.refusals

    def verify(self) -> None:
        """Raises: UnsoundCharter, with the first rule that is broken."""
        if self.refusals:
            first = self.refusals[0]
            raise UnsoundCharter(str(first), rule=first.rule, details={"refusals": [str(r) for r in self.refusals]})


def check_charter(charter: Charter) -> CharterReport:
    """The report on this charter. Organisations without keys are judged as if they had some."""
    keyless = tuple(o.name for o in charter.organisations if o.keys is None)
    genesis = compute_genesis(_with_placeholders(charter), ChainId(0), NOWHERE)
    refusals = [check_chambers(genesis.chamber_names)]
    seats = SeatsState(chamber_names=genesis.chamber_names, genesis_hash=genesis.genesis_hash)
    judged = judge_set(seats, ChangeSeats((), genesis.grants), Timestamp(0), rest=0)
    refusals.append(check_bounds(genesis.initial, genesis.bounds))
    tiers: tuple[TierReport, ...] = ()
    if isinstance(judged, Judged):
        masks = judged.roster
        live = SeatMask(sum(mask for mask in chambers_of(masks)) & ALL_SEATS)
        refusals.append(check_sound(genesis.initial, masks, live))
        tiers = tuple(_report_tier(genesis.initial.tier(tier), tier, judged) for tier in range(1, 5))
    else:
        refusals.append(judged)
    return CharterReport(
        refusals=tuple(refusal for refusal in refusals if refusal is not None),
        chamber_sizes={name: sum(o.chamber == name for o in charter.organisations) for name in charter.chambers},
        tiers=tiers,
        keyless=keyless,
        charter_hash=None if keyless else compute_charter_hash(charter),
    )


def _report_tier(rule: TierRule, tier: int, judged: Judged) -> TierReport:
    sizes = [mask.bit_count() for mask in chambers_of(judged.roster)]
    return TierReport(
        tier=tier,
        chambers_required=rule.chambers_required or len(sizes),
        needed_in_chamber=tuple(
            compute_needed(size, rule.chamber_num, rule.chamber_den, strict=rule.chamber_strict) for size in sizes
        ),
        needed_of_all=compute_needed(sum(sizes), rule.overall_num, rule.overall_den, strict=rule.overall_strict),
        period=rule.period,
        timelock=rule.timelock,
        absences=compute_absences(rule, judged.roster),
    )


def _with_placeholders(charter: Charter) -> Charter:
    organisations = [
        organisation.model_copy(
            update={
                "voting_key": organisation.voting_key or _placeholder(organisation, "voting"),
                "recovery_key": organisation.recovery_key or _placeholder(organisation, "recovery"),
            }
        )
        for organisation in charter.organisations
    ]
    return charter.model_copy(update={"organisations": organisations})


def _placeholder(organisation: Organisation, role: str) -> Address:
    """An address that nobody holds the key of, another one for each organisation and role."""
    return make_address(keccak256(f"placeholder {role} {organisation.name}".encode())[12:])
