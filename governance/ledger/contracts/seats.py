"""Seats: organisations, chambers, and the keys that vote for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from governance.encoding.signatures import SigningDomain
from governance.ledger.artifacts import ContractName
from governance.ledger.codec import Call
from governance.ledger.contracts.base import Block, ContractClient
from governance.types import (
    Address,
    ChainId,
    ChamberNumber,
    Hash32,
    KeyKind,
    OrganisationId,
    RosterWord,
    RotationRecord,
    SeatMask,
    SeatNumber,
    SeatRecord,
    ShortName,
    SilenceRecord,
    Standing,
)


@dataclass(frozen=True, slots=True)
class Elector:
    """What a voting key is: its seat, the seat's standing, and how it signs."""

    seat: SeatNumber
    standing: Standing
    kind: KeyKind


class SeatsClient(ContractClient):
    """Reads and calls of Seats."""

    name: ClassVar[ContractName] = "Seats"

    def domain(self, chain_id: ChainId) -> SigningDomain:
        """What a rotation's signature is bound to."""
        return SigningDomain(chain_id, self.address)

    # --- reads

    def get_genesis_hash(self, *, at: Block = "latest") -> Hash32:
        return Hash32(self._read("genesisHash", returns=["bytes32"], at=at))

    def get_chambers(self, *, at: Block = "latest") -> list[ShortName]:
        """The chambers' names, by number."""
        count = self._read("chamberCount", returns=["uint8"], at=at)
        return self._read_many([("chamberName", [ChamberNumber(n)]) for n in range(count)], returns=["bytes32"], at=at)

    def get_seat_of(self, voting_key: Address, *, at: Block = "latest") -> tuple[SeatNumber, Standing]:
        """The seat that this key votes for; Standing.NONE if for none."""
        seat, standing = self._read("seatOf", voting_key, returns=["uint8", Standing], at=at)
        return SeatNumber(seat), Standing(standing)

    def get_elector(self, voting_key: Address, *, at: Block = "latest") -> Elector:
        """The seat that this key votes for, and how it signs."""
        word = int(self._read("electorOf", voting_key, returns=["uint256"], at=at))
        return Elector(SeatNumber(word & 0xFF), Standing(word >> 8 & 0xFF), KeyKind(word >> 24 & 0xFF))

    def get_seat(self, seat: SeatNumber, *, at: Block = "latest") -> SeatRecord:
        found: SeatRecord = self._read("getSeat", seat, returns=[SeatRecord], at=at)
        return found

    def get_seats(self, seats: Sequence[SeatNumber], *, at: Block = "latest") -> list[SeatRecord]:
        """Several seats, in one request."""
        return self._read_many([("getSeat", [seat]) for seat in seats], returns=[SeatRecord], at=at)

    def get_seat_of_organisation(
        self, organisation: OrganisationId, *, at: Block = "latest"
    ) -> tuple[SeatNumber, Standing]:
        seat, standing = self._read("seatOfOrganisation", organisation, returns=["uint8", Standing], at=at)
        return SeatNumber(seat), Standing(standing)

    def get_live_mask(self, *, at: Block = "latest") -> SeatMask:
        return SeatMask(self._read("liveMask", returns=["uint64"], at=at))

    def get_roster(self, *, at: Block = "latest") -> tuple[int, SeatMask]:
        """The roster's version and the mask of all its seats, suspended ones included."""
        version, seats = self._read("roster", returns=["uint32", "uint64"], at=at)
        return version, SeatMask(seats)

    def get_chamber_masks(self, version: int, *, at: Block = "latest") -> RosterWord:
        return RosterWord(self._read("chamberMasks", version, returns=["uint256"], at=at))

    def get_rotation(self, seat: SeatNumber, *, at: Block = "latest") -> RotationRecord:
        found: RotationRecord = self._read("pendingRotation", seat, returns=[RotationRecord], at=at)
        return found

    def get_silence(self, seat: SeatNumber, *, at: Block = "latest") -> SilenceRecord:
        """Since when the seat's silence is counted; that of a removed seat stands until its number is given again."""
        found: SilenceRecord = self._read("silenceOf", seat, returns=[SilenceRecord], at=at)
        return found

    def get_silences(self, seats: Sequence[SeatNumber], *, at: Block = "latest") -> list[SilenceRecord]:
        """Of several seats, in one request."""
        return self._read_many([("silenceOf", [seat]) for seat in seats], returns=[SilenceRecord], at=at)

    def get_recovery_rotation_digest(self, seat: SeatNumber, new_key: Address, *, at: Block = "latest") -> Hash32:
        """The digest as the contract computes it."""
        return Hash32(self._read("recoveryRotationDigest", seat, new_key, returns=["bytes32"], at=at))

    def get_rotation_digest(self, seat: SeatNumber, new_key: Address, *, at: Block = "latest") -> Hash32:
        """The digest as the contract computes it."""
        return Hash32(self._read("rotationDigest", seat, new_key, returns=["bytes32"], at=at))

    # --- calls

    def start_rotation(self, new_key: Address, possession: bytes) -> Call:
        return self._call("startRotation", new_key, possession)

    def cancel_rotation(self, seat: SeatNumber) -> Call:
        return self._call("cancelRotation", seat)

    def complete_rotation(self, seat: SeatNumber) -> Call:
        return self._call("completeRotation", seat)

    def recover_key(self, seat: SeatNumber, new_key: Address, possession: bytes) -> Call:
        return self._call("recoverKey", seat, new_key, possession)

    def rotate_recovery_key(self, seat: SeatNumber, new_key: Address, possession: bytes) -> Call:
        return self._call("rotateRecoveryKey", seat, new_key, possession)

    def count_silence(self, seat: SeatNumber) -> Call:
        return self._call("countSilence", seat)

    def challenge(self, seat: SeatNumber) -> Call:
        return self._call("challenge", seat)

    def answer(self, seat: SeatNumber) -> Call:
        return self._call("answer", seat)
