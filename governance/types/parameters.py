"""Every number that governs, and the immutable bounds of each.

Source: contracts/src/types/Parameters.sol.
"""

from __future__ import annotations

from dataclasses import dataclass

from governance.types.names import Seconds


@dataclass(frozen=True, slots=True)
class TierRule:
    """What a proposal of one tier needs. Fractions are cross-multiplied against all eligible seats, never turnout."""

    chamber_num: int  # 0 with strict: one yes suffices
    chamber_den: int
    chamber_strict: bool  # yes * den > num * size; otherwise >=
    chambers_required: int  # 0 = every chamber
    overall_num: int
    overall_den: int
    overall_strict: bool
    period: Seconds  # of a round
    timelock: Seconds  # from close to eta


@dataclass(frozen=True, slots=True)
class Parameters:
    tiers: tuple[TierRule, TierRule, TierRule, TierRule]  # tiers 1 to 4
    objection_window: Seconds  # between close and execution of a claimed tightening
    grace: Seconds  # an executable proposal expires after it
    late_window: Seconds  # at the end of a round: who turns it into passing then extends it to as long again
    open_proposals: int  # m: open proposals a seat; one more in the safe direction
    pull_seats: int  # k: seats that stop
    pull_window: Seconds  # pulls count within it
    brake_term: Seconds  # an unconfirmed stop can lapse after it
    cooldown: Seconds  # of the seats whose stop lapsed unconfirmed
    rotation_delay: Seconds  # of a key rotation by the voting key
    release_lifetime: Seconds  # longest release
    request_lifetime: Seconds  # of an unlock request
    dkg_phase: Seconds  # each of register, deal, acknowledge
    stall_limit: Seconds  # a chain whose latest block is older counts as stopped
    document_bytes: int  # longest document that a proposal carries
    dormancy: Seconds  # silence after which a seat may be challenged
    challenge_period: Seconds  # silence under a challenge, after which it may be replaced
    replacement_delay: Seconds  # from the close of such a replacement's vote to its eta

    def tier(self, tier: int) -> TierRule:
        """The rule of tiers 1 to 4. Tier 0 is the brake and has no vote."""
        if not 1 <= tier <= 4:
            raise ValueError(f"tiers that vote are 1 to 4, not {tier}")
        return self.tiers[tier - 1]


@dataclass(frozen=True, slots=True)
class Bounds:
    """The immutable minimum and maximum of every parameter, set by the charter."""

    min: Parameters
    max: Parameters
