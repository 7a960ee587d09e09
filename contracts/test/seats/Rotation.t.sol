// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

contract RotationTest is SeatsTest {
    uint256 internal constant NEXT_SECRET = uint256(keccak256("next key")) >> 1;
    address internal next;

    function setUp() public override {
        super.setUp();
        next = vm.addr(NEXT_SECRET);
    }

    // --- by the voting key

    function test_startRotation_reverts_unlessByAVotingKey(address caller) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(caller != voters[i]);
        }
        bytes memory possession = possessionOf(0);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, 255, caller));
        seats.startRotation(next, possession);
    }

    function test_startRotation_reverts_forASuspendedSeat(uint8 seat) public {
        seat %= 15;
        suspend(seat);
        bytes memory possession = possessionOf(seat);
        vm.prank(voters[seat]);
        vm.expectRevert(standingRefused(seat, ISeats.Standing.Suspended));
        seats.startRotation(next, possession);
    }

    function test_startRotation_reverts_toAKeyThatServedBefore(uint8 seat, uint8 other, bool recovery) public {
        (seat, other) = (seat % 15, other % 15);
        address used = recovery ? guardians[other] : voters[other];
        vm.prank(voters[seat]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.KeyUsed.selector, used));
        seats.startRotation(used, "");
    }

    function test_startRotation_reverts_toZero() public {
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.KeyUsed.selector, address(0)));
        seats.startRotation(address(0), new bytes(65));
    }

    function test_startRotation_reverts_whenAnotherKeySigned(uint256 secret) public {
        secret = bound(secret, 1, type(uint128).max);
        bytes memory possession = sign(secret, seats.rotationDigest(0, next));
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.PossessionNotProven.selector, next, vm.addr(secret)));
        seats.startRotation(next, possession);
    }

    function test_startRotation_reverts_whenSignedForAnotherSeat(uint8 seat, uint8 other) public {
        (seat, other) = (seat % 15, other % 15);
        if (seat == other) return;
        bytes memory possession = possessionOf(other);
        vm.prank(voters[seat]);
        vm.expectPartialRevert(ISeats.PossessionNotProven.selector);
        seats.startRotation(next, possession);
    }

    function test_startRotation_reverts_withAMalformedSignature(uint256 flaw) public {
        bytes memory possession = possessionOf(0);
        flaw %= 3;
        if (flaw == 0) possession = flipS(possession);
        if (flaw == 1) possession = abi.encodePacked(possession, bytes1(0));
        if (flaw == 2) possession = "";
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.PossessionNotProven.selector, next, address(0)));
        seats.startRotation(next, possession);
    }

    function test_startRotation_waits_forItsDelay(uint8 seat, bool compact) public {
        seat %= 15;
        bytes memory possession =
            compact ? signCompact(NEXT_SECRET, seats.rotationDigest(seat, next)) : possessionOf(seat);
        uint40 readyAt = uint40(START + Charter.parameters().rotationDelay);
        vm.expectEmit(address(seats));
        emit ISeats.RotationStarted(seat, next, readyAt);
        vm.prank(voters[seat]);
        seats.startRotation(next, possession);
        assertEq(seats.pendingRotation(seat).newKey, next, "new key");
        assertEq(seats.pendingRotation(seat).readyAt, readyAt, "ready");
        assertVotes(voters[seat], seat, "the old key, meanwhile");
        assertVotesNot(next, "not yet");
    }

    function test_startRotation_replaces_aPendingOne() public {
        start(0);
        skip(1 days);
        uint256 other = 99;
        bytes memory possession = sign(other, seats.rotationDigest(0, vm.addr(other)));
        vm.expectEmit(address(seats));
        emit ISeats.RotationCancelled(0, next);
        vm.prank(voters[0]);
        seats.startRotation(vm.addr(other), possession);
        assertEq(seats.pendingRotation(0).newKey, vm.addr(other), "the later one");
        assertEq(seats.pendingRotation(0).readyAt, nowAt() + Charter.parameters().rotationDelay, "waits from now");
    }

    // --- completion

    function test_completeRotation_reverts_whenNoneIsPending(uint8 seat) public {
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, seat, 0, START));
        seats.completeRotation(seat);
    }

    function test_completeRotation_reverts_beforeItsDelay(uint256 elapsed) public {
        start(0);
        uint40 readyAt = seats.pendingRotation(0).readyAt;
        elapsed = bound(elapsed, 0, readyAt - START - 1);
        vm.warp(START + elapsed);
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, 0, readyAt, START + elapsed));
        seats.completeRotation(0);
    }

    function test_completeRotation_reverts_whenTheKeyServesElsewhereByNow() public {
        start(0);
        start(1); // two seats wait for one key
        skip(Charter.parameters().rotationDelay);
        seats.completeRotation(1);
        vm.expectRevert(abi.encodeWithSelector(ISeats.KeyUsed.selector, next));
        seats.completeRotation(0);
    }

    function test_completeRotation_movesTheVote_byAnybody(uint8 seat, address caller, uint256 elapsed) public {
        seat %= 15;
        start(seat);
        skip(bound(elapsed, Charter.parameters().rotationDelay, 365 days));
        vm.expectEmit(address(seats));
        emit ISeats.KeyRotated(seat, voters[seat], next, false);
        vm.prank(caller);
        seats.completeRotation(seat);
        assertVotes(next, seat, "the new key");
        assertVotesNot(voters[seat], "the old key");
        assertEq(seats.getSeat(seat).votingKey, next, "recorded");
        assertEq(seats.pendingRotation(seat).readyAt, 0, "none pending");
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, seat, 0, nowAt()));
        seats.completeRotation(seat);
    }

    function test_rotatedAwayKey_neverServesAgain(uint8 seat) public {
        seat %= 15;
        start(seat);
        skip(Charter.parameters().rotationDelay);
        seats.completeRotation(seat);
        vm.prank(next);
        vm.expectRevert(abi.encodeWithSelector(ISeats.KeyUsed.selector, voters[seat]));
        seats.startRotation(voters[seat], "");
        vm.prank(voters[seat]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, 255, voters[seat]));
        seats.startRotation(vm.addr(5), "");
    }

    // --- the recovery key

    function test_cancelRotation_reverts_unlessByTheRecoveryKey(uint8 seat, address caller) public {
        seat %= 15;
        vm.assume(caller != guardians[seat]);
        start(seat);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, seat, caller));
        seats.cancelRotation(seat);
    }

    function test_cancelRotation_reverts_byAnothersRecoveryKey() public {
        start(0);
        vm.prank(guardians[1]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, 0, guardians[1]));
        seats.cancelRotation(0);
    }

    function test_cancelRotation_reverts_whenNoneIsPending() public {
        vm.prank(guardians[0]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, 0, 0, START));
        seats.cancelRotation(0);
    }

    function test_cancelRotation_endsIt_evenWhenReady(uint8 seat, uint256 elapsed) public {
        seat %= 15;
        start(seat);
        skip(bound(elapsed, 0, 30 days));
        vm.expectEmit(address(seats));
        emit ISeats.RotationCancelled(seat, next);
        vm.prank(guardians[seat]);
        seats.cancelRotation(seat);
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, seat, 0, nowAt()));
        seats.completeRotation(seat);
        assertVotes(voters[seat], seat, "nothing changed");
    }

    function test_recoverKey_reverts_unlessByTheRecoveryKey(uint8 seat, address caller) public {
        seat %= 15;
        vm.assume(caller != guardians[seat]);
        bytes memory possession = possessionOf(seat);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ISeats.NotSeatKey.selector, seat, caller));
        seats.recoverKey(seat, next, possession);
    }

    function test_recoverKey_reverts_withoutPossession() public {
        bytes memory possession = sign(3, seats.rotationDigest(0, next));
        vm.prank(guardians[0]);
        vm.expectRevert(abi.encodeWithSelector(ISeats.PossessionNotProven.selector, next, vm.addr(3)));
        seats.recoverKey(0, next, possession);
    }

    function test_recoverKey_reverts_forASeatThatDoesNotVote(uint8 seat, bool removed) public {
        seat %= 15;
        if (removed) change(batch(one(seat), noGrants()));
        else suspend(seat);
        bytes memory possession = possessionOf(seat);
        vm.prank(guardians[seat]);
        vm.expectRevert(standingRefused(seat, removed ? ISeats.Standing.None : ISeats.Standing.Suspended));
        seats.recoverKey(seat, next, possession);
    }

    function test_recoverKey_movesTheVoteAtOnce_andEndsAThiefsRotation(uint8 seat) public {
        seat %= 15;
        uint256 thief = 666;
        bytes memory stolen = sign(thief, seats.rotationDigest(seat, vm.addr(thief)));
        vm.prank(voters[seat]);
        seats.startRotation(vm.addr(thief), stolen);

        bytes memory possession = possessionOf(seat);
        vm.expectEmit(address(seats));
        emit ISeats.RotationCancelled(seat, vm.addr(thief));
        vm.expectEmit(address(seats));
        emit ISeats.KeyRotated(seat, voters[seat], next, true);
        vm.prank(guardians[seat]);
        seats.recoverKey(seat, next, possession);
        assertVotes(next, seat, "the new key");
        assertVotesNot(voters[seat], "the stolen key");

        skip(365 days);
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, seat, 0, nowAt()));
        seats.completeRotation(seat);
    }

    function test_rotations_revert_beforeActivation() public {
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        bytes memory possession = possessionOf(0);
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        seats.startRotation(next, possession);
        vm.prank(guardians[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        seats.recoverKey(0, next, possession);
    }

    function test_removal_endsAPendingRotation() public {
        start(3);
        vm.expectEmit(address(seats));
        emit ISeats.RotationCancelled(3, next);
        change(batch(one(3), noGrants()));
        skip(365 days);
        vm.expectRevert(abi.encodeWithSelector(ISeats.RotationNotReady.selector, 3, 0, nowAt()));
        seats.completeRotation(3);
    }

    function test_possession_saysNothing_onAnotherChain() public {
        bytes memory possession = possessionOf(0);
        vm.chainId(4242);
        vm.prank(voters[0]);
        vm.expectPartialRevert(ISeats.PossessionNotProven.selector);
        seats.startRotation(next, possession);
    }

    // --- helpers

    function possessionOf(uint8 seat) private view returns (bytes memory) {
        return sign(NEXT_SECRET, seats.rotationDigest(seat, next));
    }

    function start(uint8 seat) private {
        bytes memory possession = possessionOf(seat);
        vm.prank(voters[seat]);
        seats.startRotation(next, possession);
    }

    function assertVotes(address key, uint8 seat, string memory what) private view {
        (uint8 actual, ISeats.Standing standing) = seats.seatOf(key);
        assertEq(actual, seat, what);
        assertTrue(standing == ISeats.Standing.Live, what);
    }

    function assertVotesNot(address key, string memory what) private view {
        (uint8 seat, ISeats.Standing standing) = seats.seatOf(key);
        assertEq(seat, 0, what);
        assertTrue(standing == ISeats.Standing.None, what);
    }
}
