// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev The recovery key gives its own place to another one, at once.
contract RecoveryKeyTest is SeatsTest {
    uint256 internal constant NEXT_SECRET = uint256(keccak256("next guardian")) >> 1;
    address internal next;

    function setUp() public override {
        super.setUp();
        next = vm.addr(NEXT_SECRET);
    }

    function test_rotateRecoveryKey_reverts_unlessByTheRecoveryKey(address caller, uint8 seat) public {
        seat %= 15;
        vm.assume(caller != guardians[seat]);
        bytes memory possession = possessionOf(seat);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, seat, caller));
        seats.rotateRecoveryKey(seat, next, possession);
    }

    /// @dev A stolen voting key takes the seat for a while, never for good.
    function test_rotateRecoveryKey_reverts_byTheVotingKey(uint8 seat) public {
        test_rotateRecoveryKey_reverts_unlessByTheRecoveryKey(voters[seat % 15], seat);
    }

    function test_rotateRecoveryKey_reverts_forASuspendedSeat() public {
        suspend(3);
        bytes memory possession = possessionOf(3);
        vm.prank(guardians[3]);
        vm.expectRevert(standingRefused(3, ISeats.Standing.Suspended));
        seats.rotateRecoveryKey(3, next, possession);
    }

    function test_rotateRecoveryKey_reverts_toAKeyThatServedBefore(uint8 other, bool recovery) public {
        address used = recovery ? guardians[other % 15] : voters[other % 15];
        vm.prank(guardians[3]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.KeyUsed.selector, used));
        seats.rotateRecoveryKey(3, used, "");
    }

    /// @dev What a key signed to vote does not make it a recovery key, nor the other way round.
    function test_rotateRecoveryKey_reverts_withAProofForTheOtherRole() public {
        bytes memory possession = sign(NEXT_SECRET, seats.rotationDigest(3, next));
        vm.prank(guardians[3]);
        vm.expectPartialRevert(ISeats.PossessionNotProven.selector);
        seats.rotateRecoveryKey(3, next, possession);

        possession = possessionOf(3);
        vm.prank(guardians[3]);
        vm.expectPartialRevert(ISeats.PossessionNotProven.selector);
        seats.recoverKey(3, next, possession);
    }

    function test_rotateRecoveryKey_isImmediate_andTheOldOneIsSpent(uint8 seat) public {
        seat %= 15;
        bytes memory possession = possessionOf(seat);
        vm.expectEmit(address(seats));
        emit ISeats.RecoveryKeyRotated(seat, guardians[seat], next);
        vm.prank(guardians[seat]);
        seats.rotateRecoveryKey(seat, next, possession);
        assertEq(seats.getSeat(seat).recoveryKey, next, "the new one");
        assertEq(seats.getSeat(seat).votingKey, voters[seat], "and the same voting key");
        (, ISeats.Standing standing) = seats.seatOf(next);
        assertTrue(standing == ISeats.Standing.None, "it votes for nothing");

        vm.prank(guardians[seat]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, seat, guardians[seat]));
        seats.cancelRotation(seat);
        possession = sign(NEXT_SECRET, seats.rotationDigest(seat, next));
        vm.prank(next);
        vm.expectRevert(abi.encodeWithSelector(ISeats.KeyUsed.selector, next)); // one key, one role
        seats.recoverKey(seat, next, possession);
    }

    function test_rotateRecoveryKey_leavesAPendingRotation_forTheNewOneToCancel() public {
        address key = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(3, key));
        vm.prank(voters[3]);
        seats.startRotation(key, possession);
        possession = possessionOf(3);
        vm.prank(guardians[3]);
        seats.rotateRecoveryKey(3, next, possession);
        assertEq(seats.pendingRotation(3).newKey, key, "still pending");
        vm.prank(next);
        seats.cancelRotation(3);
        assertEq(seats.pendingRotation(3).readyAt, 0, "cancelled");
    }

    function possessionOf(uint8 seat) private view returns (bytes memory) {
        return sign(NEXT_SECRET, seats.recoveryRotationDigest(seat, next));
    }
}
