// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {KeyKind} from "../types/Actions.sol";
import {IActionTarget} from "./IActionTarget.sol";

/// @notice Organisations, seats, chambers, and the keys that vote for them.
interface ISeats is IActionTarget {
    enum Standing {
        None, // never granted, or removed
        Live,
        Suspended
    }

    struct Seat {
        bytes32 organisationId;
        bytes32 affiliation;
        bytes32 framework;
        address votingKey;
        address recoveryKey;
        bytes2 jurisdiction;
        uint8 chamber;
        KeyKind kind;
        Standing standing;
        uint40 grantedAt; // [Unix seconds]
        uint40 vacatedAt; // removal; the number is reused only after every proposal that could count it is dead
    }

    struct Rotation {
        address newKey;
        uint40 readyAt; // [Unix seconds], 0 = none pending
    }

    event SeatGranted(
        uint8 indexed seat,
        bytes32 indexed organisationId,
        uint8 indexed chamber,
        string organisation,
        bytes2 jurisdiction,
        bytes32 affiliation,
        bytes32 framework,
        KeyKind kind,
        address votingKey,
        address recoveryKey,
        bytes32 evidenceHash
    );
    event SeatRemoved(uint8 indexed seat, bytes32 indexed organisationId);
    event SeatSuspended(uint8 indexed seat, bytes32 indexed organisationId, bytes32 evidenceHash);
    event RotationStarted(uint8 indexed seat, address indexed newKey, uint40 readyAt);
    event RotationCancelled(uint8 indexed seat, address indexed newKey);
    event KeyRotated(uint8 indexed seat, address indexed oldKey, address indexed newKey, bool byRecoveryKey);
    event RosterChanged(uint32 indexed version, uint64 seats, uint64 live);

    /// @notice R-Seats-01: that organisation already holds a seat.
    error OrganisationSeated(bytes32 organisationId, uint8 seat);
    /// @notice R-Seats-02: two seats would belong to one affiliation group.
    error AffiliationSeated(bytes32 affiliation, uint8 seat, uint8 otherSeat);
    /// @notice R-Seats-03: a chamber would have fewer seats than it needs.
    error ChamberTooSmall(uint8 chamber, uint256 actual, uint256 required);
    /// @notice R-Seats-04: a chamber would hold more than half of all seats.
    error ChamberTooLarge(uint8 chamber, uint256 actual, uint256 allowed);
    /// @notice R-Seats-05: a jurisdiction would hold more than half of a chamber.
    error JurisdictionTooLarge(uint8 chamber, bytes2 jurisdiction, uint256 actual, uint256 allowed);
    /// @notice R-Seats-06: no seat number is free: at most 64 seats, and a vacated number rests until no old proposal can count it.
    error NoFreeSeat();
    /// @notice R-Seats-07: that key is zero, or belonged to a seat before.
    error KeyUsed(address key);
    /// @notice R-Seats-08: the new key did not sign for this rotation.
    error PossessionNotProven(address newKey, address recovered);
    /// @notice R-Seats-09: no rotation of that seat is ready.
    error RotationNotReady(uint8 seat, uint40 readyAt, uint256 nowAt);
    /// @notice R-Seats-10: the caller holds neither the key that this call needs.
    error NotSeatKey(uint8 seat, address caller);
    /// @notice R-Seats-12: the live seats could no longer pass every tier: with that seat suspended, or (seat 255) after that batch.
    error WouldDeadlock(uint8 seat, uint8 tier);
    /// @notice R-Seats-13: the seat is not in the standing that this needs.
    error UnexpectedStanding(uint8 seat, Standing actual, Standing required);
    /// @notice R-Seats-14: there are three or four chambers, each with a name of its own.
    error BadChambers(uint256 actual);
    /// @notice R-Seats-15: the grant is malformed: unknown chamber, empty name, missing label or unsupported key kind.
    error MalformedGrant(string organisation);
    /// @notice R-Seats-16: the batch changes nothing.
    error EmptyBatch();

    /// @notice keccak256(abi.encode(chamberNames, genesis grants)): what the charter hash binds.
    function genesisHash() external view returns (bytes32);

    function chamberCount() external view returns (uint8);

    function chamberName(uint8 chamber) external view returns (bytes32);

    /// @notice Seat number and standing of a voting key; standing None if the key votes for no seat now.
    function seatOf(address votingKey) external view returns (uint8 seat, Standing standing);

    function getSeat(uint8 seat) external view returns (Seat memory);

    /// @notice Seat of an organisation; standing None if it holds none.
    function seatOfOrganisation(bytes32 organisationId) external view returns (uint8 seat, Standing standing);

    /// @notice Bit i is set if seat i is live (granted, not suspended, not removed). It only loses bits for seats of old proposals.
    function liveMask() external view returns (uint64);

    /// @notice The current roster: its version and the mask of all seats, suspended ones included.
    function roster() external view returns (uint32 version, uint64 seats);

    /// @notice Masks of the chambers in one word, 64 bits each, chamber 0 lowest. Rosters are append-only.
    function chamberMasks(uint32 version) external view returns (uint256);

    function pendingRotation(uint8 seat) external view returns (Rotation memory);

    /// @notice The digest that a new key signs (EIP-712: Rotation(uint8 seat,address oldKey,address newKey)).
    function rotationDigest(uint8 seat, address newKey) external view returns (bytes32);

    /// @notice By the voting key: starts a rotation that waits rotationDelay.
    function startRotation(address newKey, bytes calldata possession) external;

    /// @notice By the recovery key: ends a pending rotation.
    function cancelRotation(uint8 seat) external;

    /// @notice By anybody, once rotationDelay has passed.
    function completeRotation(uint8 seat) external;

    /// @notice By the recovery key: rotates at once and ends a pending rotation.
    function recoverKey(uint8 seat, address newKey, bytes calldata possession) external;
}
