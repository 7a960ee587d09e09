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

    struct Silence {
        uint40 since; // counted from [Unix seconds]; 0 = not counted
        uint40 answerBy; // a challenge that lasts until then [Unix seconds]; 0 = none
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
    event SeatReclassified(
        uint8 indexed seat,
        bytes32 indexed organisationId,
        bytes2 jurisdiction,
        bytes32 affiliation,
        bytes32 framework,
        bytes32 evidenceHash
    );
    /// @dev A reclassification breached independence, and without that seat the live ones could not pass the tier.
    event SuspensionWithheld(uint8 indexed seat, uint8 tier);
    event SilenceCounted(uint8 indexed seat, uint8 indexed by, uint40 challengeableAt);
    event SeatChallenged(uint8 indexed seat, uint8 indexed by, uint40 answerBy);
    event SilenceEnded(uint8 indexed seat);
    event RotationStarted(uint8 indexed seat, address indexed newKey, uint40 readyAt);
    event RotationCancelled(uint8 indexed seat, address indexed newKey);
    event KeyRotated(uint8 indexed seat, address indexed oldKey, address indexed newKey, bool byRecoveryKey);
    event RecoveryKeyRotated(uint8 indexed seat, address indexed oldKey, address indexed newKey);
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
    /// @notice R-Seats-15: the labels are malformed: no jurisdiction, or no affiliation.
    error MalformedLabels(uint8 seat);
    /// @notice R-Seats-16: the batch changes nothing.
    error EmptyBatch();
    /// @notice R-Seats-20: the silence of that seat is not counted.
    error SilenceNotCounted(uint8 seat);
    /// @notice R-Seats-20: the silence of that seat is counted already.
    error SilenceCountedAlready(uint8 seat, uint40 since);
    /// @notice R-Seats-22: the seat has not been silent for long enough to be challenged.
    error NotSilentEnough(uint8 seat, uint256 challengeableAt, uint256 nowAt);
    /// @notice R-Seats-22: the seat is challenged already.
    error ChallengedAlready(uint8 seat, uint40 answerBy);
    /// @notice R-Seats-23: the seat did not stay silent through a whole challenge before that time.
    error NotDormant(uint8 seat, uint40 answerBy, uint256 required);
    /// @notice R-Seats-23: a seat is replaced in its own chamber.
    error OtherChamber(uint8 seat, uint8 actual, uint8 required);

    /// @notice keccak256(abi.encode(chamberNames, genesis grants)): what the charter hash binds.
    function genesisHash() external view returns (bytes32);

    function chamberCount() external view returns (uint8);

    function chamberName(uint8 chamber) external view returns (bytes32);

    /// @notice Seat number and standing of a voting key; standing None if the key votes for no seat now.
    function seatOf(address votingKey) external view returns (uint8 seat, Standing standing);

    /// @notice The same in one word, and how the key signs (fixed when its seat was granted): from low to high 8 bits of seat,
    /// of standing, whether its silence is counted, of KeyKind. It is what every ballot reads.
    function electorOf(address votingKey) external view returns (uint256 elector);

    function getSeat(uint8 seat) external view returns (Seat memory);

    /// @notice Seat of an organisation; standing None if it holds none.
    function seatOfOrganisation(bytes32 organisationId) external view returns (uint8 seat, Standing standing);

    /// @notice Reverts with the Committee's errors unless abi.encode(FormCommittee) is well formed, each oracle belongs to
    /// another organisation with a live seat, and no affiliation group and no jurisdiction holds t of them.
    function requireIndependentOracles(bytes calldata formation) external view;

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

    /// @notice The digest that a new recovery key signs (EIP-712: RecoveryRotation(uint8 seat,address oldKey,address newKey)).
    function recoveryRotationDigest(uint8 seat, address newKey) external view returns (bytes32);

    /// @notice By the recovery key: another one takes its place at once.
    function rotateRecoveryKey(uint8 seat, address newKey, bytes calldata possession) external;

    /// @notice Since when a seat's silence is counted, and until when it may answer a challenge. That of a removed seat
    /// stands until its number is given again.
    function silenceOf(uint8 seat) external view returns (Silence memory);

    /// @notice By a live seat: from now on the other one's silence is counted. Anything that it does ends that.
    function countSilence(uint8 seat) external;

    /// @notice By a live seat: the other one, silent for the dormancy, has the challenge period to do anything at all.
    function challenge(uint8 seat) external;

    /// @notice By the seat's voting or recovery key: it is there.
    function answer(uint8 seat) external;

    /// @notice seatOf, for whoever acts with that key. By the Council or the brake it ends the seat's silence; by anybody
    /// else it changes nothing.
    function act(address votingKey) external returns (uint8 seat, Standing standing);

    /// @notice What a replacement proposed at that time is counted against: the chambers without the seats that have
    /// been dormant since then or longer, and the lanes of those chambers (their lowest bits) that need not agree, since
    /// most of their seats are dormant. Unless two chambers are mostly awake, nobody is left out.
    function replacementRoster(uint32 version, uint40 proposedAt)
        external
        view
        returns (uint256 chamberMasks, uint256 exempt);
}
