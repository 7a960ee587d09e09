"""Names of the numbers and bytes that travel through Custodes, so that no `int` is mistaken for another.

They cost nothing at run time. A value of one of the bytes types has exactly the length that its comment says; who makes
one from outside input checks that first (`governance.encoding.names`).
"""

from __future__ import annotations

from typing import NewType

# --- numbers
ChainId = NewType("ChainId", int)  # EIP-155
Seconds = NewType("Seconds", int)  # a length of time
Timestamp = NewType("Timestamp", int)  # a point in time, Unix seconds, of the block that is being judged [uint40]
ProposalId = NewType("ProposalId", int)  # hash of what is proposed, by whom, where [uint256]
SeatNumber = NewType("SeatNumber", int)  # 0..63: the seat's bit in every mask
ChamberNumber = NewType("ChamberNumber", int)  # 0..3: the chamber's 64 bits in a roster word
StopId = NewType("StopId", int)  # counts from 1 [uint64]
ReportId = NewType("ReportId", int)  # of a misuse report, counts from 1; 0 = none [uint64]
Epoch = NewType("Epoch", int)  # one term of a committee, counted by the contract [uint64]
NO_EPOCH = Epoch(0)
MemberIndex = NewType("MemberIndex", int)  # permanent index of an oracle, 1..65535, never a list position, never reused
SeatMask = NewType("SeatMask", int)  # bit i is seat i [uint64]
BallotWord = NewType("BallotWord", int)  # four planes of 64 bits [uint256]
RosterWord = NewType("RosterWord", int)  # the chambers' masks, 64 bits each, chamber 0 lowest [uint256]

# --- bytes
Address = NewType("Address", str)  # 0x and 40 hex digits with the EIP-55 checksum
Hash32 = NewType("Hash32", bytes)  # 32 bytes
ShortName = NewType("ShortName", bytes)  # 32 bytes: a short ASCII name, left-aligned, zero-padded
Jurisdiction = NewType("Jurisdiction", bytes)  # 2 bytes: ISO 3166-1 alpha-2
OrganisationId = NewType("OrganisationId", bytes)  # keccak256 of the organisation's name
ConstraintId = NewType("ConstraintId", bytes)  # keccak256 of the constraint's name
ModelId = NewType("ModelId", bytes)  # from the registrar and its seal nonce
ReleaseId = NewType("ReleaseId", bytes)  # the 32 bytes of the proposal id that granted it
RequestId = NewType("RequestId", bytes)  # of an unlock request
Identity = NewType("Identity", bytes)  # 32 bytes, computed by the Releases contract, never chosen by a requester
ScopeId = NewType("ScopeId", bytes)  # what a stop covers: a lineage's root model, or 32 zero bytes for everything

ZERO_HASH = Hash32(bytes(32))
ZERO_ADDRESS = Address("0x" + "00" * 20)
EVERYTHING = ScopeId(bytes(32))  # the brake's scope that covers every lineage

MAX_SEATS = 64
MAX_CHAMBERS = 4
ALL_SEATS = SeatMask((1 << MAX_SEATS) - 1)
