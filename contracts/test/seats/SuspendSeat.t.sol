// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

contract SuspendSeatTest is SeatsTest {
    function test_suspendSeat_reverts_unlessFromTheCouncil(address caller) public {
        assertOnlyCouncil(seats, ActionKind.SuspendSeat, suspension(0), caller);
    }

    function test_suspendSeat_needsTier1() public {
        assertTier(seats, ActionKind.SuspendSeat, suspension(0), 1);
    }

    function test_suspendSeat_reverts_whenNobodyHoldsIt(uint8 seat) public {
        seat = uint8(bound(seat, 15, 255));
        assertRefused(seats, ActionKind.SuspendSeat, suspension(seat), standingRefused(seat, ISeats.Standing.None));
    }

    function test_suspendSeat_reverts_whenSuspendedOrRemoved(uint8 seat) public {
        seat %= 15;
        suspend(seat);
        assertRefused(seats, ActionKind.SuspendSeat, suspension(seat), standingRefused(seat, ISeats.Standing.Suspended));
        change(batch(one(seat), noGrants()));
        assertRefused(seats, ActionKind.SuspendSeat, suspension(seat), standingRefused(seat, ISeats.Standing.None));
    }

    function test_suspendSeat_reverts_whenAChamberCouldNoLongerAgree(uint8 chamber) public {
        chamber %= 3;
        suspend(5 * chamber);
        // four of five must agree at tier 3, and only three would be live
        assertRefused(seats, ActionKind.SuspendSeat, suspension(5 * chamber + 1), deadlock(5 * chamber + 1, 3));
    }

    function test_suspendSeat_reverts_whenAllTogetherCouldNoLongerAgree() public {
        // 3 + 5 + 5 seats; every chamber can still spare one
        change(batch(two(0, 1), noGrants()));
        suspend(5);
        suspend(10);
        // of the thirteen, eleven must agree at tier 4, and ten would be live
        assertRefused(seats, ActionKind.SuspendSeat, suspension(2), deadlock(2, 4));
    }

    function test_suspendSeat_takesTheVote_andLeavesTheBar(uint8 seat) public {
        seat %= 15;
        vm.expectEmit(address(seats));
        emit ISeats.SeatSuspended(seat, seats.getSeat(seat).organisationId, EVIDENCE);
        suspend(seat);
        assertStanding(seat, ISeats.Standing.Suspended, "suspended");
        (uint8 number, ISeats.Standing standing) = seats.seatOf(voters[seat]);
        assertEq(number, seat, "still its key");
        assertTrue(standing == ISeats.Standing.Suspended, "which does not vote");
        assertEq(seats.liveMask(), EVERYONE & ~(uint64(1) << seat), "not live");
        (uint32 version, uint64 roster) = seats.roster();
        assertEq(version, 1, "the roster is the same");
        assertEq(roster, EVERYONE, "and as large");
    }

    function test_suspendSeat_endsAPendingRotation() public {
        address next = vm.addr(77);
        bytes memory possession = sign(77, seats.rotationDigest(3, next));
        vm.prank(voters[3]);
        seats.startRotation(next, possession);
        vm.expectEmit(address(seats));
        emit ISeats.RotationCancelled(3, next);
        suspend(3);
        assertEq(seats.pendingRotation(3).readyAt, 0, "none pending");
    }
}
