"""From the charter's words to the constructors' arguments and to the charter hash."""

from __future__ import annotations

from dataclasses import fields

from governance.charter.document import Charter, Limits, Tier
from governance.charter.errors import CharterIncomplete
from governance.encoding.keccak import keccak256
from governance.encoding.names import compute_affiliation, make_jurisdiction, make_short_name
from governance.spec.genesis import Genesis
from governance.types import (
    ZERO_ADDRESS,
    ZERO_HASH,
    Bounds,
    ChainId,
    ChamberNumber,
    Hash32,
    KeyKind,
    Parameters,
    SeatGrant,
    Seconds,
    System,
    TierRule,
)

NOWHERE = System(*(ZERO_ADDRESS,) * 6)
_NUMBERS = tuple(field.name for field in fields(Parameters) if field.name != "tiers")


def compute_genesis(charter: Charter, chain_id: ChainId, system: System) -> Genesis:
    """What a deployment of this charter is made of. Raises: CharterIncomplete, if an organisation has no keys yet."""
    return Genesis(
        chain_id=chain_id,
        system=system,
        legal_text_hash=charter.legal_text_hash,
        chamber_names=tuple(make_short_name(name) for name in charter.chambers),
        grants=_grants(charter),
        initial=compute_parameters(charter),
        bounds=compute_bounds(charter.bounds),
    )


def compute_charter_hash(charter: Charter) -> Hash32:
    """What every part of a deployment of this charter is bound to, on any chain. Raises: CharterIncomplete."""
    return compute_genesis(charter, ChainId(0), NOWHERE).charter_hash


def compute_parameters(charter: Charter) -> Parameters:
    """The numbers of the beginning."""
    tiers = [_tier_rule(charter.tiers[tier]) for tier in ("1", "2", "3", "4")]
    return Parameters(
        tiers=(tiers[0], tiers[1], tiers[2], tiers[3]), **{name: getattr(charter.parameters, name) for name in _NUMBERS}
    )


def compute_bounds(limits: Limits) -> Bounds:
    """How far votes can move them."""
    lowest = _extreme(limits, "lowest", TierRule(0, 1, False, 0, 1, 1, False, Seconds(0), Seconds(0)))
    den = limits.denominator
    highest = _extreme(limits, "highest", TierRule(den, den, True, 4, den, den, True, Seconds(0), Seconds(0)))
    return Bounds(min=lowest, max=highest)


def _extreme(limits: Limits, side: str, fractions: TierRule) -> Parameters:
    tier = TierRule(
        chamber_num=fractions.chamber_num,
        chamber_den=fractions.chamber_den,
        chamber_strict=fractions.chamber_strict,
        chambers_required=fractions.chambers_required,
        overall_num=fractions.overall_num,
        overall_den=fractions.overall_den,
        overall_strict=fractions.overall_strict,
        period=getattr(limits.period, side),
        timelock=getattr(limits.timelock, side),
    )
    return Parameters(tiers=(tier,) * 4, **{name: getattr(getattr(limits, name), side) for name in _NUMBERS})


def _tier_rule(tier: Tier) -> TierRule:
    chamber, required = tier.chamber_bar()
    seats = tier.seats_bar()
    return TierRule(
        chamber_num=chamber.num,
        chamber_den=chamber.den,
        chamber_strict=chamber.strict,
        chambers_required=required,
        overall_num=seats.num,
        overall_den=seats.den,
        overall_strict=seats.strict,
        period=Seconds(tier.period),
        timelock=Seconds(tier.timelock),
    )


def _grants(charter: Charter) -> tuple[SeatGrant, ...]:
    keyless = [organisation.name for organisation in charter.organisations if organisation.keys is None]
    if keyless:
        raise CharterIncomplete(f"no voting or recovery key: {', '.join(keyless)}", details={"organisations": keyless})
    return tuple(
        SeatGrant(
            organisation=organisation.name,
            chamber=ChamberNumber(charter.chambers.index(organisation.chamber)),
            jurisdiction=make_jurisdiction(organisation.jurisdiction),
            affiliation=compute_affiliation(organisation.affiliation or organisation.name),
            framework=make_short_name(organisation.framework or ""),
            kind=KeyKind[organisation.key.upper()],
            voting_key=organisation.keys[0],
            recovery_key=organisation.keys[1],
            evidence_hash=Hash32(keccak256(organisation.evidence.encode())) if organisation.evidence else ZERO_HASH,
        )
        for organisation in charter.organisations
        if organisation.keys is not None
    )
