// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IIncidents} from "../../src/interfaces/IIncidents.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {Charter} from "../Charter.sol";
import {BrakeHandler} from "./BrakeHandler.t.sol";
import {Campaign} from "./Campaign.t.sol";

/// forge-config: default.invariant.runs = 10
/// forge-config: default.invariant.depth = 64
/// forge-config: ci.invariant.runs = 64
/// forge-config: ci.invariant.depth = 96
contract BrakeInvariantTest is Campaign {
    bytes32 private constant LINEAGE = keccak256("lineage");

    BrakeHandler private handler;

    function setUp() public override {
        super.setUp();
        vm.prank(address(releases));
        brake.openScope(LINEAGE);
        handler = new BrakeHandler(sys, LINEAGE, keys());
    }

    function targetContracts() public view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @dev A scope counts what its stops say: how many stand, lapsed, ever fell.
    function invariant_scopesCountTheirStops() public view {
        uint32[3][2] memory counts; // of the lineage, of everything: standing, lapsed, ever
        for (uint64 id = 1; id <= brake.stopCount(); ++id) {
            IBrake.Stop memory stop = brake.getStop(id);
            uint32[3] memory of_ = counts[stop.scope == LINEAGE ? 0 : 1];
            IBrake.StopStatus status = stop.status;
            if (status == IBrake.StopStatus.Standing || status == IBrake.StopStatus.Confirmed) ++of_[0];
            if (status == IBrake.StopStatus.Lapsed) ++of_[1];
            ++of_[2];
        }
        for (uint256 i; i < 2; ++i) {
            IBrake.Scope memory scope = brake.getScope(i == 0 ? LINEAGE : bytes32(0));
            assertEq(scope.standing, counts[i][0], "standing");
            assertEq(scope.generation, counts[i][1], "generation");
            assertEq(scope.pulled, counts[i][2], "stops ever");
            assertTrue(scope.openedAt != 0, "open");
        }
        assertEq(brake.isStopped(LINEAGE), counts[0][0] + counts[1][0] != 0, "stopped");
        assertEq(brake.isStopped(0), counts[1][0] != 0, "everything stopped");
    }

    /// @dev R-Brake-14. What a vote lifted had been answered since it fell; every stop rests on a report of its scope.
    function invariant_nothingIsLiftedUnanswered() public view {
        for (uint64 id = 1; id <= brake.stopCount(); ++id) {
            IBrake.Stop memory stop = brake.getStop(id);
            IIncidents.Incident memory report = brake.getIncident(stop.reportId);
            assertTrue(report.reportedAt != 0 && report.reportedAt <= stop.pulledAt, "a report before the stop");
            assertTrue(report.scope == stop.scope || report.scope == 0 || stop.scope == 0, "of its scope");
            assertTrue(report.answers >= stop.answersBefore, "answers only grow");
            if (stop.status == IBrake.StopStatus.Resumed) {
                assertTrue(report.answers > stop.answersBefore, "answered before it was lifted");
            }
        }
    }

    /// @dev Pulls count within the window, from seats that are live now, until they made a stop.
    function invariant_pullsAreCountedFromTheList() public view {
        uint256 window = Charter.parameters().pullWindow;
        for (uint256 i; i < 2; ++i) {
            bytes32 scope = i == 0 ? LINEAGE : bytes32(0);
            (uint64 mask, uint8 count, uint8 chambers) = brake.pendingPulls(scope);
            assertEq(mask, handler.recount(scope, window), "seats that pull");
            assertTrue(count < Charter.parameters().pullSeats || chambers < 2, "a stop is not pending");
        }
    }

    /// @dev 11. k live seats of two chambers, not in cooldown, can always stop, in every state.
    function invariant_11_kFreeSeatsCanStop() public {
        uint256 snapshot = vm.snapshotState();
        for (uint256 i; i < 2; ++i) {
            bytes32 scope = i == 0 ? LINEAGE : bytes32(0);
            uint64 before = brake.stopCount();
            uint64 free = freeSeats(scope);
            bool possible = countOf(free) >= Charter.parameters().pullSeats && chambersOf(free) >= 2;
            for (uint256 seat; seat < Charter.SEATS && brake.stopCount() == before; ++seat) {
                if (free >> seat & 1 == 0) continue;
                vm.prank(voters[seat]);
                brake.pull(scope, "report", 1, "");
            }
            if (possible) {
                assertEq(brake.stopCount(), before + 1, "a stop");
                assertTrue(brake.isStopped(scope), "stopped");
            }
        }
        vm.revertToState(snapshot);
    }

    /// @dev The proof that the campaigns reach what they are meant to judge: stops in each of their conditions, seats that
    /// cool down, suspended ones. A fixed course of the same moves.
    function test_handler_reachesDeepStates() public {
        uint256 seed = 3;
        for (uint256 i; i < 240; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            try this.step(seed % 9, seed >> 8) {} catch {} // as in a campaign, a move may be refused
        }
        uint256[5] memory reached;
        for (uint64 id = 1; id <= brake.stopCount(); ++id) {
            ++reached[uint256(brake.getStop(id).status)];
        }
        assertReached("standing", reached[uint256(IBrake.StopStatus.Standing)]);
        assertReached("confirmed", reached[uint256(IBrake.StopStatus.Confirmed)]);
        assertReached("lapsed", reached[uint256(IBrake.StopStatus.Lapsed)]);
        assertReached("resumed", reached[uint256(IBrake.StopStatus.Resumed)]);
        assertReached("suspended", Charter.SEATS - countOf(seats.liveMask()));
        invariant_scopesCountTheirStops();
        invariant_nothingIsLiftedUnanswered();
        invariant_pullsAreCountedFromTheList();
        invariant_11_kFreeSeatsCanStop();
    }

    function step(uint256 move, uint256 a) external {
        bool everything = a % 3 == 0;
        if (move == 0) handler.pull(everything, uint8(a >> 8));
        else if (move < 3) handler.stop(everything, uint8(a >> 8));
        else if (move == 3) handler.lapse(uint64(a));
        else if (move == 4) handler.confirm(uint64(a));
        else if (move == 5) handler.respond(uint64(a), uint8(a >> 8));
        else if (move == 6) handler.resumeOne(uint64(a));
        else if (move == 7) handler.suspend(uint8(a));
        else if (a % 4 == 0) handler.report(everything, uint8(a >> 8));
        else handler.wait(uint32(a));
    }

    function freeSeats(bytes32 scope) private view returns (uint64 free) {
        for (uint8 seat; seat < Charter.SEATS; ++seat) {
            bool live = seats.getSeat(seat).standing == ISeats.Standing.Live;
            if (live && nowAt() >= brake.cooldownUntil(scope, seat)) free |= uint64(1) << seat;
        }
    }

    function countOf(uint64 mask) private pure returns (uint256 ones) {
        for (; mask != 0; mask &= mask - 1) {
            ++ones;
        }
    }

    function chambersOf(uint64 mask) private pure returns (uint256) {
        return (mask & BUILDERS != 0 ? 1 : 0) + (mask & OVERSIGHT != 0 ? 1 : 0) + (mask & PUBLIC != 0 ? 1 : 0);
    }
}
