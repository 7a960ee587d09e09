// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../interfaces/ISeats.sol";
import {Eip712} from "../libraries/Eip712.sol";
import {Signatures} from "../libraries/Signatures.sol";
import {KeyKind} from "../types/Actions.sol";
import {Dormancy} from "./Dormancy.sol";

/// @dev A seat's keys. The voting key rotates itself after a delay in which the organisation's recovery key can object;
/// the recovery key rotates at once, itself too. A new key proves that somebody holds it. Each of this is a sign of life.
abstract contract Keys is Dormancy, Eip712 {
    bytes32 internal constant ROTATION_TYPEHASH = keccak256("Rotation(uint8 seat,address oldKey,address newKey)");
    bytes32 internal constant RECOVERY_TYPEHASH =
        keccak256("RecoveryRotation(uint8 seat,address oldKey,address newKey)");

    /// @inheritdoc ISeats
    function startRotation(address newKey, bytes calldata possession) external {
        Key memory key = keys[msg.sender];
        if (key.standing == Standing.None) revert NotSeatKey(NO_SEAT, msg.sender); // R-Seats-10
        _requireActing(key.seat);
        _requirePossession(records[key.seat].kind, rotationDigest(key.seat, newKey), newKey, possession);

        _endSilence(key.seat);
        _dropRotation(key.seat);
        uint40 readyAt = uint40(block.timestamp + _parameters().rotationDelay);
        rotations[key.seat] = Rotation(newKey, readyAt);
        emit RotationStarted(key.seat, newKey, readyAt);
    }

    /// @inheritdoc ISeats
    function cancelRotation(uint8 seat) external {
        _requireRecoveryKey(seat);
        uint40 readyAt = rotations[seat].readyAt;
        if (readyAt == 0) revert RotationNotReady(seat, 0, block.timestamp); // R-Seats-09
        _endSilence(seat);
        _dropRotation(seat);
    }

    /// @inheritdoc ISeats
    function completeRotation(uint8 seat) external {
        Rotation memory rotation = rotations[seat];
        if (rotation.readyAt == 0 || block.timestamp < rotation.readyAt) {
            revert RotationNotReady(seat, rotation.readyAt, block.timestamp); // R-Seats-09
        }
        delete rotations[seat];
        _rotate(seat, rotation.newKey, false);
    }

    /// @inheritdoc ISeats
    function recoverKey(uint8 seat, address newKey, bytes calldata possession) external {
        _requireRecoveryKey(seat);
        _requireActing(seat);
        _requirePossession(records[seat].kind, rotationDigest(seat, newKey), newKey, possession);
        _endSilence(seat);
        _dropRotation(seat);
        _rotate(seat, newKey, true);
    }

    /// @inheritdoc ISeats
    function rotateRecoveryKey(uint8 seat, address newKey, bytes calldata possession) external {
        _requireRecoveryKey(seat);
        _requireActing(seat);
        _requirePossession(KeyKind.EOA, recoveryRotationDigest(seat, newKey), newKey, possession);
        _endSilence(seat);
        records[seat].recoveryKey = newKey;
        _spendKey(newKey); // it votes for nothing, like the old one
        emit RecoveryKeyRotated(seat, msg.sender, newKey);
    }

    /// @inheritdoc ISeats
    function rotationDigest(uint8 seat, address newKey) public view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(ROTATION_TYPEHASH, seat, records[seat].votingKey, newKey)));
    }

    /// @inheritdoc ISeats
    function recoveryRotationDigest(uint8 seat, address newKey) public view returns (bytes32) {
        return _typedDigest(keccak256(abi.encode(RECOVERY_TYPEHASH, seat, records[seat].recoveryKey, newKey)));
    }

    function _dropRotation(uint8 seat) internal {
        address newKey = rotations[seat].newKey;
        if (newKey == address(0)) return;
        delete rotations[seat];
        emit RotationCancelled(seat, newKey);
    }

    function _rotate(uint8 seat, address newKey, bool byRecoveryKey) private {
        _requireUnused(newKey); // again: two seats may have waited for one key
        Seat storage s = records[seat];
        address oldKey = s.votingKey;
        s.votingKey = newKey;
        _spendKey(oldKey);
        _seatKey(newKey, seat, Standing.Live);
        emit KeyRotated(seat, oldKey, newKey, byRecoveryKey);
    }

    /// @dev Here, because a rotation that is under way ends with it.
    function _suspend(uint8 seat, bytes32 evidenceHash) internal {
        Seat storage s = records[seat];
        _endSilence(seat); // it could not end it itself any more
        _dropRotation(seat);
        s.standing = Standing.Suspended;
        _seatKey(s.votingKey, seat, Standing.Suspended);
        // R-Seats-11: it stays in the roster, so that no bar falls. R-Seats-18: nothing sets this bit again but a new grant,
        // after the number has rested.
        current.live &= ~_bit(seat);
        emit SeatSuspended(seat, s.organisationId, evidenceHash);
    }

    function _requireRecoveryKey(uint8 seat) private view {
        if (msg.sender != records[seat].recoveryKey) revert NotSeatKey(seat, msg.sender); // R-Seats-10
    }

    function _requirePossession(KeyKind kind, bytes32 digest, address newKey, bytes calldata possession) private view {
        _requireUnused(newKey);
        if (Signatures.isBy(kind, newKey, digest, possession)) return;
        revert PossessionNotProven(newKey, Signatures.recover(digest, possession)); // R-Seats-08
    }
}
