// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {ICouncil} from "./interfaces/ICouncil.sol";
import {ISeats} from "./interfaces/ISeats.sol";
import {ActionTarget} from "./libraries/ActionTarget.sol";
import {Eip712} from "./libraries/Eip712.sol";
import {Independence, Member} from "./libraries/Independence.sol";
import {Signatures} from "./libraries/Signatures.sol";
import {Tally} from "./libraries/Tally.sol";
import {ActionKind, ChangeSeats, KeyKind, SeatGrant, SuspendSeat} from "./types/Actions.sol";
import {Parameters} from "./types/Parameters.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title Seats
/// @notice Organisations, their seats in the chambers, and the keys that vote for them.
/// @dev A vote reads one slot here, that of its key. Rosters are append-only, so that a proposal counts against the one
/// that it was made under; liveMask is the present one, and never regains a bit that an open proposal could count.
contract Seats is ISeats, ActionTarget, Eip712 {
    uint8 internal constant MAX_SEATS = 64;
    uint8 internal constant MIN_CHAMBERS = 3;

    /// @dev Where an error has to name a seat, and there is none.
    uint8 internal constant NO_SEAT = type(uint8).max;

    bytes32 internal constant ROTATION_TYPEHASH = keccak256("Rotation(uint8 seat,address oldKey,address newKey)");

    /// @dev A key serves one seat in one role, once: what it signed can never speak for another.
    struct Key {
        bool used;
        uint8 seat;
        Standing standing; // of the seat while it votes for it; None for a recovery key or a former key
    }

    struct Roster {
        uint32 version;
        uint64 seats; // suspended ones included
        uint64 live;
    }

    bytes32 public immutable genesisHash;
    uint8 public immutable chamberCount;

    mapping(uint8 chamber => bytes32) public chamberName;
    mapping(uint32 version => uint256) public chamberMasks;

    Roster private _roster;
    mapping(uint8 seat => Seat) private _seats;
    mapping(uint8 seat => Rotation) private _rotations;
    mapping(address key => Key) private _keys;
    mapping(bytes32 organisationId => uint8) private _seatOfOrganisation; // seat + 1

    constructor(System memory sys, bytes32[] memory chamberNames, SeatGrant[] memory genesis) ActionTarget(sys) {
        genesisHash = keccak256(abi.encode(chamberNames, genesis));
        uint256 chambers = chamberNames.length;
        if (chambers < MIN_CHAMBERS || chambers > Tally.CHAMBERS) revert BadChambers(chambers); // R-Seats-14
        chamberCount = uint8(chambers);
        for (uint8 c; c < chambers; ++c) {
            chamberName[c] = chamberNames[c];
            for (uint8 other; other < c; ++other) {
                if (chamberNames[other] == chamberNames[c]) revert BadChambers(chambers); // R-Seats-14
            }
            if (chamberNames[c] == 0) revert BadChambers(chambers); // R-Seats-14
        }
        ChangeSeats memory batch = ChangeSeats(new uint8[](0), genesis);
        (uint8[] memory numbers, uint256 masks) = _judge(batch, uint8(chambers));
        _apply(batch, numbers, masks);
    }

    // --- votes change the roster

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        if (kind == ActionKind.SuspendSeat) {
            _judgeSuspension(abi.decode(action, (SuspendSeat)).seat);
            return 1;
        }
        if (kind != ActionKind.ChangeSeats) revert UnknownAction(kind); // R-Council-20
        _judgeBatch(abi.decode(action, (ChangeSeats)));
        return 4;
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata) external onlyCouncil {
        if (kind == ActionKind.SuspendSeat) {
            SuspendSeat memory suspension = abi.decode(action, (SuspendSeat));
            _judgeSuspension(suspension.seat);
            _suspend(suspension.seat, suspension.evidenceHash);
            return;
        }
        if (kind != ActionKind.ChangeSeats) revert UnknownAction(kind); // R-Council-20
        ChangeSeats memory batch = abi.decode(action, (ChangeSeats));
        (uint8[] memory numbers, uint256 masks) = _judgeBatch(batch);
        _apply(batch, numbers, masks);
    }

    // --- keys

    /// @inheritdoc ISeats
    function startRotation(address newKey, bytes calldata possession) external {
        Key memory key = _keys[msg.sender];
        if (key.standing == Standing.None) revert NotSeatKey(NO_SEAT, msg.sender); // R-Seats-10
        _requireRotatable(key.seat);
        _requirePossession(key.seat, newKey, possession);

        Parameters memory current = _parameters();
        uint40 readyAt = uint40(block.timestamp + current.rotationDelay);
        _rotations[key.seat] = Rotation(newKey, readyAt);
        emit RotationStarted(key.seat, newKey, readyAt);
    }

    /// @inheritdoc ISeats
    function cancelRotation(uint8 seat) external {
        _requireRecoveryKey(seat);
        uint40 readyAt = _rotations[seat].readyAt;
        if (readyAt == 0) revert RotationNotReady(seat, 0, block.timestamp); // R-Seats-09
        _dropRotation(seat);
    }

    /// @inheritdoc ISeats
    function completeRotation(uint8 seat) external {
        Rotation memory rotation = _rotations[seat];
        if (rotation.readyAt == 0 || block.timestamp < rotation.readyAt) {
            revert RotationNotReady(seat, rotation.readyAt, block.timestamp); // R-Seats-09
        }
        delete _rotations[seat];
        _rotate(seat, rotation.newKey, false);
    }

    /// @inheritdoc ISeats
    function recoverKey(uint8 seat, address newKey, bytes calldata possession) external {
        _requireRecoveryKey(seat);
        _requireRotatable(seat);
        _requirePossession(seat, newKey, possession);
        _dropRotation(seat);
        _rotate(seat, newKey, true);
    }

    // --- reads

    /// @inheritdoc ISeats
    function seatOf(address votingKey) external view returns (uint8 seat, Standing standing) {
        Key storage key = _keys[votingKey];
        standing = key.standing;
        seat = standing == Standing.None ? 0 : key.seat;
    }

    /// @inheritdoc ISeats
    function getSeat(uint8 seat) external view returns (Seat memory) {
        return _seats[seat];
    }

    /// @inheritdoc ISeats
    function seatOfOrganisation(bytes32 organisationId) external view returns (uint8 seat, Standing standing) {
        uint8 next = _seatOfOrganisation[organisationId];
        if (next != 0) (seat, standing) = (next - 1, _seats[next - 1].standing);
    }

    /// @inheritdoc ISeats
    function liveMask() external view returns (uint64) {
        return _roster.live;
    }

    /// @inheritdoc ISeats
    function roster() external view returns (uint32 version, uint64 seats) {
        return (_roster.version, _roster.seats);
    }

    /// @inheritdoc ISeats
    function pendingRotation(uint8 seat) external view returns (Rotation memory) {
        return _rotations[seat];
    }

    /// @inheritdoc ISeats
    function rotationDigest(uint8 seat, address newKey) public view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(ROTATION_TYPEHASH, seat, _seats[seat].votingKey, newKey)));
    }

    // --- judging

    /// @dev A voted batch: independent, and such that its live seats can still pass every tier.
    function _judgeBatch(ChangeSeats memory batch) private view returns (uint8[] memory numbers, uint256 masks) {
        (numbers, masks) = _judge(batch, chamberCount);
        uint64 live = _roster.live;
        for (uint256 i; i < batch.removals.length; ++i) {
            live &= ~_bit(batch.removals[i]);
        }
        for (uint256 i; i < numbers.length; ++i) {
            live |= _bit(numbers[i]);
        }
        _requirePassable(masks, live, NO_SEAT);
    }

    /// @dev The numbers that the grants would get and the masks of the resulting chambers. The number of chambers is an
    /// argument because the constructor cannot read an immutable.
    function _judge(ChangeSeats memory batch, uint8 chambers)
        private
        view
        returns (uint8[] memory numbers, uint256 masks)
    {
        uint256 grants = batch.grants.length;
        if (grants == 0 && batch.removals.length == 0) revert EmptyBatch(); // R-Seats-16

        uint64 staying = _roster.seats;
        numbers = _freeNumbers(staying, grants); // before the removals: a number that is vacated now rests
        for (uint256 i; i < batch.removals.length; ++i) {
            uint8 seat = batch.removals[i];
            if (staying & _bit(seat) == 0) revert UnexpectedStanding(seat, Standing.None, Standing.Live); // R-Seats-13
            staying &= ~_bit(seat);
        }

        Member[] memory members = new Member[](Tally.countSeats(staying) + grants);
        uint256 n;
        for (uint8 seat; seat < MAX_SEATS; ++seat) {
            if (staying & _bit(seat) == 0) continue;
            Seat storage s = _seats[seat];
            members[n++] = Member(s.organisationId, s.affiliation, s.jurisdiction, seat, s.chamber, false);
        }
        for (uint256 i; i < grants; ++i) {
            SeatGrant memory grant = batch.grants[i];
            _judgeGrant(batch.grants, i, chambers);
            bytes32 organisationId = keccak256(bytes(grant.organisation));
            members[n++] =
                Member(organisationId, grant.affiliation, grant.jurisdiction, numbers[i], grant.chamber, true);
        }
        masks = Independence.judge(members, chambers);
    }

    function _judgeGrant(SeatGrant[] memory grants, uint256 index, uint8 chambers) private view {
        SeatGrant memory grant = grants[index];
        if (
            grant.chamber >= chambers || bytes(grant.organisation).length == 0 || grant.jurisdiction == 0
                || grant.affiliation == 0 || grant.kind != KeyKind.EOA
        ) revert MalformedGrant(grant.organisation); // R-Seats-15

        _requireUnused(grant.votingKey);
        _requireUnused(grant.recoveryKey);
        if (grant.votingKey == grant.recoveryKey) revert KeyUsed(grant.votingKey); // R-Seats-07
        for (uint256 i; i < index; ++i) {
            SeatGrant memory other = grants[i];
            if (grant.votingKey == other.votingKey || grant.votingKey == other.recoveryKey) {
                revert KeyUsed(grant.votingKey); // R-Seats-07
            }
            if (grant.recoveryKey == other.votingKey || grant.recoveryKey == other.recoveryKey) {
                revert KeyUsed(grant.recoveryKey); // R-Seats-07
            }
        }
    }

    /// @dev The lowest numbers that nobody holds and no living proposal can count.
    function _freeNumbers(uint64 taken, uint256 count) private view returns (uint8[] memory numbers) {
        numbers = new uint8[](count);
        uint256 rest; // [seconds], read when the first vacated number is met
        uint8 seat;
        for (uint256 i; i < count; ++seat) {
            if (seat == MAX_SEATS) revert NoFreeSeat(); // R-Seats-06
            if (taken & _bit(seat) != 0) continue;
            uint256 vacatedAt = _seats[seat].vacatedAt;
            if (vacatedAt != 0) {
                if (rest == 0) rest = COUNCIL.longestProposal();
                if (block.timestamp <= vacatedAt + rest) continue;
            }
            numbers[i++] = seat;
        }
    }

    function _judgeSuspension(uint8 seat) private view {
        Standing standing = _seats[seat].standing;
        if (standing != Standing.Live) revert UnexpectedStanding(seat, standing, Standing.Live); // R-Seats-13
        _requirePassable(chamberMasks[_roster.version], _roster.live & ~_bit(seat), seat);
    }

    /// @dev Nobody may vote the system into a state that no vote leads out of.
    function _requirePassable(uint256 masks, uint64 live, uint8 seat) private view {
        Parameters memory current = _parameters();
        for (uint8 tier = 1; tier <= 4; ++tier) {
            if (!Tally.passes(current.tiers[tier - 1], masks, live)) revert WouldDeadlock(seat, tier); // R-Seats-12
        }
    }

    // --- applying

    function _apply(ChangeSeats memory batch, uint8[] memory numbers, uint256 masks) private {
        Roster memory next = _roster;
        for (uint256 i; i < batch.removals.length; ++i) {
            uint8 seat = batch.removals[i];
            next.seats &= ~_bit(seat);
            next.live &= ~_bit(seat);
            _remove(seat);
        }
        for (uint256 i; i < numbers.length; ++i) {
            next.seats |= _bit(numbers[i]);
            next.live |= _bit(numbers[i]);
            _grant(numbers[i], batch.grants[i]);
        }
        ++next.version;
        _roster = next;
        chamberMasks[next.version] = masks;
        emit RosterChanged(next.version, next.seats, next.live);
    }

    function _grant(uint8 seat, SeatGrant memory grant) private {
        bytes32 organisationId = keccak256(bytes(grant.organisation));
        _seats[seat] = Seat({
            organisationId: organisationId,
            affiliation: grant.affiliation,
            framework: grant.framework,
            votingKey: grant.votingKey,
            recoveryKey: grant.recoveryKey,
            jurisdiction: grant.jurisdiction,
            chamber: grant.chamber,
            kind: grant.kind,
            standing: Standing.Live,
            grantedAt: uint40(block.timestamp),
            vacatedAt: 0
        });
        _seatOfOrganisation[organisationId] = seat + 1;
        _keys[grant.votingKey] = Key(true, seat, Standing.Live);
        _keys[grant.recoveryKey] = Key(true, seat, Standing.None);
        emit SeatGranted(
            seat,
            organisationId,
            grant.chamber,
            grant.organisation,
            grant.jurisdiction,
            grant.affiliation,
            grant.framework,
            grant.kind,
            grant.votingKey,
            grant.recoveryKey,
            grant.evidenceHash
        );
    }

    function _remove(uint8 seat) private {
        Seat storage s = _seats[seat];
        _dropRotation(seat);
        s.standing = Standing.None;
        s.vacatedAt = uint40(block.timestamp);
        _keys[s.votingKey].standing = Standing.None;
        delete _seatOfOrganisation[s.organisationId];
        emit SeatRemoved(seat, s.organisationId);
    }

    function _suspend(uint8 seat, bytes32 evidenceHash) private {
        Seat storage s = _seats[seat];
        _dropRotation(seat);
        s.standing = Standing.Suspended;
        _keys[s.votingKey].standing = Standing.Suspended;
        _roster.live &= ~_bit(seat);
        emit SeatSuspended(seat, s.organisationId, evidenceHash);
    }

    // --- key helpers

    function _rotate(uint8 seat, address newKey, bool byRecoveryKey) private {
        _requireUnused(newKey); // again: two seats may have waited for one key
        Seat storage s = _seats[seat];
        address oldKey = s.votingKey;
        s.votingKey = newKey;
        _keys[oldKey].standing = Standing.None;
        _keys[newKey] = Key(true, seat, Standing.Live);
        emit KeyRotated(seat, oldKey, newKey, byRecoveryKey);
    }

    function _dropRotation(uint8 seat) private {
        address newKey = _rotations[seat].newKey;
        if (newKey == address(0)) return;
        delete _rotations[seat];
        emit RotationCancelled(seat, newKey);
    }

    function _requireRecoveryKey(uint8 seat) private view {
        if (msg.sender != _seats[seat].recoveryKey) revert NotSeatKey(seat, msg.sender); // R-Seats-10
    }

    function _requireRotatable(uint8 seat) private view {
        if (!COUNCIL.active()) revert ICouncil.NotActive(); // R-Council-16
        Standing standing = _seats[seat].standing;
        if (standing != Standing.Live) revert UnexpectedStanding(seat, standing, Standing.Live); // R-Seats-13
    }

    function _requirePossession(uint8 seat, address newKey, bytes calldata possession) private view {
        _requireUnused(newKey);
        address recovered = Signatures.recover(rotationDigest(seat, newKey), possession);
        if (recovered != newKey) revert PossessionNotProven(newKey, recovered); // R-Seats-08
    }

    function _requireUnused(address key) private view {
        if (key == address(0) || _keys[key].used) revert KeyUsed(key); // R-Seats-07
    }

    /// @dev Zero for a number that no seat can have.
    function _bit(uint8 seat) private pure returns (uint64) {
        return seat < MAX_SEATS ? uint64(1) << seat : 0;
    }
}
