"""The charter of a small consortium: fifteen seats, five a chamber, the thresholds of the design.

The same one stands in contracts/test/Charter.sol.
"""

from __future__ import annotations

import dataclasses

from governance.encoding.charter import compute_system
from governance.encoding.keccak import keccak256
from governance.encoding.names import make_address, make_jurisdiction, make_short_name
from governance.spec.genesis import Genesis
from governance.types import (
    ZERO_HASH,
    Address,
    Bounds,
    ChainId,
    ChamberNumber,
    Hash32,
    KeyKind,
    Parameters,
    SeatGrant,
    Seconds,
    ShortName,
    TierRule,
    Timestamp,
)

HOUR, DAY = 3600, 86400
CHAIN = ChainId(31337)
DEPLOYER = make_address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
START = Timestamp(1_790_000_000)
SEATS, PER_CHAMBER = 15, 5
CHAMBERS = tuple(make_short_name(name) for name in ("builders", "oversight", "public"))
JURISDICTIONS = ("DE", "JP", "BR", "KE", "CA", "IN", "FR", "ZA")
STRANGER = make_address("0x" + "99" * 20)
WORKER = make_address("0x" + "77" * 20)
LEGAL_TEXT_HASH = Hash32(keccak256(b"legal text"))
REPORT = Hash32(keccak256(b"misuse report"))


def label(*values: object) -> Hash32:
    """A hash that stands for something."""
    return Hash32(keccak256(repr(values).encode()))


def address_of(*values: object) -> Address:
    """An account that stands for somebody."""
    return make_address(label(*values)[:20])


def make_grant(organisation: int, chamber: int, jurisdiction: str | None = None) -> SeatGrant:
    """A grant that breaks no rule by itself."""
    return SeatGrant(
        organisation=f"org-{organisation}",
        chamber=ChamberNumber(chamber),
        jurisdiction=make_jurisdiction(jurisdiction or JURISDICTIONS[organisation % len(JURISDICTIONS)]),
        affiliation=label("group", organisation),
        framework=make_short_name("duty") if chamber == 1 else ShortName(ZERO_HASH),
        kind=KeyKind.EOA,
        voting_key=address_of("voting", organisation),
        recovery_key=address_of("recovery", organisation),
        evidence_hash=label("evidence", organisation),
    )


def make_tier(
    chamber: tuple[int, int, bool], chambers: int, overall: tuple[int, int, bool], period: int, timelock: int
) -> TierRule:
    return TierRule(*chamber, chambers, *overall, Seconds(period), Seconds(timelock))


PARAMETERS = Parameters(
    tiers=(
        make_tier((0, 1, True), 2, (1, 2, True), 3 * DAY, 0),
        make_tier((1, 2, True), 0, (2, 3, False), 7 * DAY, 7 * DAY),
        make_tier((2, 3, False), 0, (3, 4, False), 10 * DAY, 14 * DAY),
        make_tier((2, 3, False), 0, (4, 5, False), 14 * DAY, 30 * DAY),
    ),
    objection_window=Seconds(5 * DAY),
    grace=Seconds(14 * DAY),
    late_window=Seconds(DAY),
    open_proposals=3,
    pull_seats=3,
    pull_window=Seconds(DAY),
    brake_term=Seconds(45 * DAY),
    cooldown=Seconds(30 * DAY),
    rotation_delay=Seconds(3 * DAY),
    release_lifetime=Seconds(90 * DAY),
    request_lifetime=Seconds(HOUR),
    dkg_phase=Seconds(DAY),
    stall_limit=Seconds(600),
    document_bytes=16384,
    dormancy=Seconds(180 * DAY),
    challenge_period=Seconds(30 * DAY),
    replacement_delay=Seconds(90 * DAY),
)
_LOW_TIER = make_tier((0, 1, False), 0, (1, 1, False), HOUR, 0)
_HIGH_TIER = make_tier((100, 100, True), 4, (100, 100, True), 30 * DAY, 60 * DAY)
BOUNDS = Bounds(
    min=Parameters((_LOW_TIER,) * 4, *(Seconds(1),) * 2, Seconds(0), 1, 2, *(Seconds(1),) * 8, 64, *(Seconds(1),) * 3),  # type: ignore[arg-type]
    max=Parameters(
        (_HIGH_TIER,) * 4,
        Seconds(30 * DAY),
        Seconds(60 * DAY),
        Seconds(3 * DAY),
        10,
        10,
        *(Seconds(400 * DAY),) * 8,
        65536,  # type: ignore[arg-type]
        *(Seconds(400 * DAY),) * 2,
        Seconds(180 * DAY),
    ),
)
GENESIS = Genesis(
    chain_id=CHAIN,
    system=compute_system(DEPLOYER, 0),
    legal_text_hash=LEGAL_TEXT_HASH,
    chamber_names=CHAMBERS,
    grants=tuple(make_grant(index, index // PER_CHAMBER) for index in range(SEATS)),
    initial=PARAMETERS,
    bounds=BOUNDS,
)


def with_parameters(**changes: object) -> Genesis:
    """The charter with other numbers."""
    return dataclasses.replace(GENESIS, initial=dataclasses.replace(PARAMETERS, **changes))  # type: ignore[arg-type]
