// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {Charter} from "../Charter.sol";
import {BrakeTest} from "./BrakeTest.t.sol";

contract LapseTest is BrakeTest {
    function test_lapse_reverts_onAnUnknownStop(uint64 stopId) public {
        vm.expectRevert(unexpectedStop(stopId, IBrake.StopStatus.None));
        brake.lapse(stopId);
    }

    /// @dev R-Brake-05.
    function test_lapse_reverts_beforeTheTermIsOver(uint40 time) public {
        uint64 stopId = stop(LINEAGE);
        uint40 lapsesAt = brake.getStop(stopId).lapsesAt;
        vm.warp(bound(time, nowAt(), uint256(lapsesAt) - 1));
        vm.expectRevert(abi.encodeWithSelector(IBrake.TermNotOver.selector, stopId, lapsesAt, nowAt()));
        brake.lapse(stopId);
    }

    /// @dev R-Brake-05.
    function test_lapse_reverts_onceConfirmed() public {
        uint64 stopId = stop(LINEAGE);
        confirm(stopId);
        vm.warp(nowAt() + 3650 days);
        vm.expectRevert(unexpectedStop(stopId, IBrake.StopStatus.Confirmed));
        brake.lapse(stopId);
        assertTrue(brake.isStopped(LINEAGE), "stopped");
    }

    function test_lapse_reverts_onceResumedOrLapsed() public {
        uint64 first = stop(LINEAGE);
        uint64 second = stop(LINEAGE);
        resume(first);
        vm.warp(brake.getStop(second).lapsesAt);
        vm.expectRevert(unexpectedStop(first, IBrake.StopStatus.Resumed));
        brake.lapse(first);
        brake.lapse(second);
        vm.expectRevert(unexpectedStop(second, IBrake.StopStatus.Lapsed));
        brake.lapse(second);
    }

    /// @dev The term passes by itself, the stop does not: it stands until somebody says that it lapsed.
    function test_stop_stands_untilItsLapseIsCalled() public {
        uint64 stopId = stop(LINEAGE);
        vm.warp(nowAt() + 3650 days);
        assertTrue(brake.isStopped(LINEAGE), "stopped");
        confirm(stopId);
        assertStatus(stopId, IBrake.StopStatus.Confirmed);
    }

    /// @dev R-Brake-07.
    function test_lapse_isCalledByAnybody_andBarsWhatRanBefore(address caller, uint32 later) public {
        uint64 stopId = stop(LINEAGE);
        vm.warp(uint256(brake.getStop(stopId).lapsesAt) + later);
        uint40 until = uint40(nowAt() + Charter.parameters().cooldown);
        vm.expectEmit(address(brake));
        emit IBrake.StopLapsed(stopId, LINEAGE, 1 | 2 | 1 << 5, until);
        vm.prank(caller);
        brake.lapse(stopId);

        assertStatus(stopId, IBrake.StopStatus.Lapsed);
        assertScope(LINEAGE, 0, 1, 1);
        assertScope(EVERYTHING, 0, 0, 0);
        assertFalse(brake.isStopped(LINEAGE), "stopped");
        assertEq(brake.lapsedAt(LINEAGE), nowAt(), "time of the lapse");
        assertEq(brake.lapsedAt(EVERYTHING), 0, "lapse of everything");
    }

    /// @dev The cooldown binds who pulled, on that scope alone.
    function test_lapse_coolsDown_thosePullersOnThatScope() public {
        lapse(stop(LINEAGE));
        uint256 until = nowAt() + Charter.parameters().cooldown;
        for (uint8 seat; seat < Charter.SEATS; ++seat) {
            bool pulled = seat == 0 || seat == 1 || seat == 5;
            assertEq(brake.cooldownUntil(LINEAGE, seat), pulled ? until : 0, "cooldown");
            assertEq(brake.cooldownUntil(EVERYTHING, seat), 0, "cooldown on everything");
        }
        assertTrue(stop(EVERYTHING) != 0, "the same seats still stop everything");
    }

    /// @dev Invariant 11: others can stop at once.
    function test_lapse_leavesTheOthersFreeToStop() public {
        lapse(stop(LINEAGE));
        pull(LINEAGE, 2);
        pull(LINEAGE, 6);
        assertEq(pull(LINEAGE, 10), 2, "second stop");
    }

    function test_lapse_ofOneStop_leavesTheOtherStanding() public {
        uint64 first = stop(LINEAGE);
        skip(1 days);
        uint64 second = stop(LINEAGE);
        lapse(first);
        assertScope(LINEAGE, 1, 1, 2);
        assertTrue(brake.isStopped(LINEAGE), "stopped");
        assertStatus(second, IBrake.StopStatus.Standing);
    }

    function test_lapsedAt_isTheLatest_ofLineageAndEverything() public {
        uint64 ofEverything = stop(EVERYTHING);
        skip(1 days);
        uint64 ofLineage = stop(LINEAGE);
        lapse(ofEverything);
        assertEq(brake.lapsedAt(LINEAGE), nowAt(), "everything covers the lineage");
        lapse(ofLineage);
        assertEq(brake.lapsedAt(LINEAGE), nowAt(), "the later one");
        assertEq(brake.lapsedAt(EVERYTHING), nowAt() - 1 days, "everything");
    }

    function test_cooldown_takesTermsOfTheLapse() public {
        uint64 stopId = stop(LINEAGE);
        Parameters memory terms = Charter.parameters();
        terms.cooldown = 2 days;
        carry(ActionKind.SetParameters, abi.encode(terms));
        lapse(stopId);
        assertEq(brake.cooldownUntil(LINEAGE, 0), nowAt() + 2 days, "cooldown");
    }
}
