// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IIncidents} from "../../src/interfaces/IIncidents.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, SuspendSeat} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {Charter} from "../Charter.sol";
import {BrakeTest} from "./BrakeTest.t.sol";

contract PullTest is BrakeTest {
    /// @dev R-Council-16.
    function test_pull_reverts_beforeActivation() public {
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        brake.pull(EVERYTHING, REPORT, 1, "");
    }

    /// @dev R-Brake-08.
    function test_pull_reverts_onAnUnknownScope(bytes32 scope) public {
        vm.assume(scope != EVERYTHING && scope != LINEAGE);
        expectPullRefused(0, scope, REPORT, 1, abi.encodeWithSelector(IBrake.UnknownScope.selector, scope));
    }

    function test_pull_reverts_withoutReport() public {
        expectPullRefused(0, LINEAGE, 0, 1, abi.encodeWithSelector(IBrake.BadReport.selector, bytes32(0), 1));
    }

    /// @dev R-Brake-09.
    function test_pull_reverts_unlessTheSeverityIsOneToFour(uint8 severity) public {
        severity = severity == 0 ? 0 : uint8(bound(severity, 5, 255));
        expectPullRefused(
            0, LINEAGE, REPORT, severity, abi.encodeWithSelector(IBrake.BadReport.selector, REPORT, severity)
        );
    }

    /// @dev R-Brake-01.
    function test_pull_reverts_fromAnybodyWithoutASeat(address caller) public {
        for (uint256 seat; seat < Charter.SEATS; ++seat) {
            vm.assume(caller != voters[seat]);
        }
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IBrake.NotLiveSeat.selector, caller));
        brake.pull(LINEAGE, REPORT, 1, "");
    }

    function test_pull_reverts_fromARecoveryKey() public {
        vm.prank(guardians[0]);
        vm.expectRevert(abi.encodeWithSelector(IBrake.NotLiveSeat.selector, guardians[0]));
        brake.pull(LINEAGE, REPORT, 1, "");
    }

    function test_pull_reverts_fromASuspendedSeat() public {
        enact(seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(4, REPORT)), 1);
        expectPullRefused(4, LINEAGE, REPORT, 1, abi.encodeWithSelector(IBrake.NotLiveSeat.selector, voters[4]));
    }

    /// @dev R-Brake-03.
    function test_pull_reverts_whileCoolingDown() public {
        lapse(stop(LINEAGE));
        uint40 until = brake.cooldownUntil(LINEAGE, 0);
        assertEq(until, nowAt() + Charter.parameters().cooldown, "cooldown");
        bytes memory err = abi.encodeWithSelector(IBrake.CoolingDown.selector, 0, LINEAGE, until);
        expectPullRefused(0, LINEAGE, REPORT, 1, err);
        vm.warp(uint256(until) - 1);
        expectPullRefused(0, LINEAGE, REPORT, 1, err);
        vm.warp(until);
        pull(LINEAGE, 0);
    }

    /// @dev R-Brake-02. A stop exactly when k seats pulled, whatever the seats and their order, if they span two
    /// chambers.
    function test_pull_stops_exactlyWithKSeatsOfTwoChambers(uint256 seed) public {
        uint64 mask;
        uint64 stopId;
        for (uint256 i; i < 40 && stopId == 0; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint256 seat = seed % Charter.SEATS;
            mask |= uint64(1) << uint64(seat);
            stopId = pull(LINEAGE, seat);
            bool due = countOf(mask) >= k() && chambersOf(mask) >= 2;
            assertEq(stopId != 0, due, "stop");
            if (!due) assertPending(mask);
        }
        IBrake.Stop memory made = brake.getStop(stopId);
        assertEq(made.seats, mask, "who pulled it");
        assertPending(0);
        assertTrue(brake.isStopped(LINEAGE), "stopped");
        assertFalse(brake.isStopped(EVERYTHING), "everything stopped");
    }

    /// @dev One chamber alone cannot stop, however many of its seats pull.
    function test_pull_neverStops_fromOneChamber(uint8 chamber) public {
        chamber %= 3;
        for (uint256 i; i < Charter.PER_CHAMBER; ++i) {
            assertEq(pull(LINEAGE, chamber * Charter.PER_CHAMBER + i), 0, "stop by one chamber");
        }
        assertTrue(pull(LINEAGE, (chamber + 1) % 3 * Charter.PER_CHAMBER) != 0, "stop with a second chamber");
    }

    function test_pull_countsASeatOnce() public {
        for (uint256 i; i < 5; ++i) {
            assertEq(pull(LINEAGE, 0), 0, "stop by one seat");
        }
        assertPending(1);
    }

    function test_pull_countsWithinItsWindow(uint32 later) public {
        uint256 window = Charter.parameters().pullWindow;
        later = uint32(bound(later, 0, 2 * window));
        pull(LINEAGE, 0);
        pull(LINEAGE, 1);
        skip(later);
        assertPending(later <= window ? 3 : 0);
        assertEq(pull(LINEAGE, 5) != 0, later <= window, "stop");
        if (later > window) assertPending(1 << 5);
    }

    /// @dev A seat that pulls again counts from then.
    function test_pull_countsFromTheLastPullOfASeat() public {
        uint256 window = Charter.parameters().pullWindow;
        pull(LINEAGE, 0);
        skip(window);
        pull(LINEAGE, 0);
        skip(window);
        assertPending(1);
    }

    function test_pull_countsLiveSeatsOnly() public {
        pull(LINEAGE, 0);
        pull(LINEAGE, 1);
        enact(seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(1, REPORT)), 1);
        assertPending(1);
        assertEq(pull(LINEAGE, 5), 0, "stop with a suspended seat");
        assertTrue(pull(LINEAGE, 6) != 0, "stop with three live seats");
        assertEq(brake.getStop(1).seats, 1 | 1 << 5 | 1 << 6, "who pulled it");
    }

    /// @dev A number that was granted anew does not carry the pull of its former seat.
    function test_pull_isNotInherited_byTheNextHolderOfASeatNumber() public {
        pull(LINEAGE, 0);
        pull(LINEAGE, 1);
        skip(1 hours);
        grantAnew(0);
        assertPending(2);
        assertEq(pull(LINEAGE, 5), 0, "stop with an inherited pull");
    }

    function test_cooldown_isNotInherited_byTheNextHolderOfASeatNumber() public {
        lapse(stop(LINEAGE));
        assertTrue(brake.cooldownUntil(LINEAGE, 0) != 0, "cooldown of the holder");
        skip(1);
        grantAnew(0);
        assertEq(brake.cooldownUntil(LINEAGE, 0), 0, "cooldown of the next holder");
        pull(LINEAGE, 0);
    }

    function test_pull_countsForItsScopeOnly() public {
        pull(LINEAGE, 0);
        pull(EVERYTHING, 1);
        assertEq(pull(LINEAGE, 5), 0, "stop");
        assertPending(1 | 1 << 5);
    }

    function test_pull_ofEverything_stopsEveryLineage() public {
        stop(EVERYTHING);
        assertTrue(brake.isStopped(LINEAGE), "lineage");
        assertTrue(brake.isStopped(EVERYTHING), "everything");
        assertScope(LINEAGE, 0, 0, 0);
        assertScope(EVERYTHING, 1, 0, 1);
        assertEq(brake.stopsSeen(LINEAGE), 1, "stops seen by the lineage");
        stop(LINEAGE);
        assertEq(brake.stopsSeen(LINEAGE), 2, "stops seen by the lineage");
        assertEq(brake.stopsSeen(EVERYTHING), 1, "stops seen by everything");
    }

    /// @dev A stop falls under another that stands: each has its id and its own end.
    function test_pull_stops_whileAStopStands() public {
        assertEq(stop(LINEAGE), 1, "first id");
        assertEq(stop(LINEAGE), 2, "second id");
        assertScope(LINEAGE, 2, 0, 2);
        assertEq(brake.stopCount(), 2, "stops");
    }

    /// @dev What its window left behind stays behind, though a vote widens the window.
    function test_pull_countsNoPullAgain_onceItsWindowIsOver() public {
        Parameters memory terms = Charter.parameters();
        pull(LINEAGE, 0);
        skip(terms.pullWindow + 1);
        pull(LINEAGE, 1);
        terms.pullWindow *= 2;
        vm.mockCall(address(council), abi.encodeCall(ICouncil.parameters, ()), abi.encode(2, terms));
        assertPending(2);
    }

    function test_pull_takesTermsOfTheMoment() public {
        Parameters memory terms = Charter.parameters();
        (terms.pullSeats, terms.brakeTerm) = (2, 60 days);
        carry(ActionKind.SetParameters, abi.encode(terms));
        pull(LINEAGE, 0);
        uint64 stopId = pull(LINEAGE, 5);
        assertEq(stopId, 1, "two seats stop");
        assertEq(brake.getStop(stopId).lapsesAt, nowAt() + 60 days, "term");
    }

    function test_pull_keepsAndEmitsTheStop(uint8 severity, bytes32 report, string calldata statement) public {
        severity = uint8(bound(severity, 1, 4));
        vm.assume(report != 0);
        pull(LINEAGE, 0);
        pull(LINEAGE, 1);
        uint40 lapsesAt = uint40(nowAt() + Charter.parameters().brakeTerm);
        vm.expectEmit(address(brake));
        emit IBrake.Pulled(LINEAGE, 5, 0, report, severity, statement, 3, 2);
        vm.expectEmit(address(brake));
        emit IIncidents.IncidentReported(1, LINEAGE, voters[5], LINEAGE, report, severity, statement);
        vm.expectEmit(address(brake));
        emit IBrake.Stopped(1, LINEAGE, 1, 1 | 2 | 1 << 5, report, severity, lapsesAt);
        vm.prank(voters[5]);
        assertEq(brake.pull(LINEAGE, report, severity, statement), 1, "stop");

        IBrake.Stop memory made = brake.getStop(1);
        assertEq(made.scope, LINEAGE, "scope");
        assertStatus(1, IBrake.StopStatus.Standing);
        assertEq(made.pulledAt, nowAt(), "time");
        assertEq(made.lapsesAt, lapsesAt, "term");
        assertEq(made.reportHash, report, "report");
        assertEq(made.severity, severity, "severity");
        assertEq(made.reportId, 1, "the report that the stop filed");
    }

    // --- pulls that cite a report

    /// @dev R-Brake-12.
    function test_pullCiting_reverts_withoutThatReport(uint64 reportId) public {
        fileReport(LINEAGE);
        vm.assume(reportId != 1);
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.UnknownReport.selector, reportId));
        brake.pullCiting(LINEAGE, reportId, "");
    }

    /// @dev R-Brake-12. A report about one lineage stops that one, or everything, and no other.
    function test_pullCiting_reverts_onAnotherLineageThanTheReports() public {
        bytes32 other = keccak256("other");
        vm.prank(address(releases));
        brake.openScope(other);
        fileReport(LINEAGE);
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IIncidents.ReportElsewhere.selector, 1, LINEAGE, other));
        brake.pullCiting(other, 1, "");
        vm.startPrank(voters[0]);
        brake.pullCiting(LINEAGE, 1, "");
        brake.pullCiting(EVERYTHING, 1, "");
        vm.stopPrank();
    }

    function test_pullCiting_reverts_asAnyPullDoes() public {
        fileReport(EVERYTHING);
        vm.prank(STRANGER);
        vm.expectRevert(abi.encodeWithSelector(IBrake.NotLiveSeat.selector, STRANGER));
        brake.pullCiting(LINEAGE, 1, "");
        bytes32 unknown = keccak256("no lineage");
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IBrake.UnknownScope.selector, unknown));
        brake.pullCiting(unknown, 1, "");
        lapse(stop(LINEAGE));
        bytes memory err =
            abi.encodeWithSelector(IBrake.CoolingDown.selector, 0, LINEAGE, brake.cooldownUntil(LINEAGE, 0));
        vm.prank(voters[0]);
        vm.expectRevert(err);
        brake.pullCiting(LINEAGE, 1, "");
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        brake.pullCiting(EVERYTHING, 1, "");
    }

    /// @dev Pulls with and without a report count together; the stop takes the report of the last one.
    function test_pullCiting_stops_onTheReport() public {
        fileReport(EVERYTHING);
        pull(LINEAGE, 0);
        pull(LINEAGE, 1);
        vm.expectEmit(address(brake));
        emit IBrake.Pulled(LINEAGE, 5, 1, REPORT, 2, "that one", 3, 2);
        vm.prank(voters[5]);
        assertEq(brake.pullCiting(LINEAGE, 1, "that one"), 1, "stop");
        IBrake.Stop memory made = brake.getStop(1);
        assertEq(made.reportId, 1, "report");
        assertEq(made.reportHash, REPORT, "evidence");
        assertEq(made.severity, 2, "severity");
        assertEq(brake.incidentCount(), 1, "nothing else was filed");
    }

    // --- scopes

    /// @dev R-Brake-10.
    function test_openScope_reverts_fromAnybodyButReleases(address caller) public {
        vm.assume(caller != address(releases));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IBrake.OnlyReleases.selector, caller));
        brake.openScope(keccak256("other"));
    }

    function test_scopeOfEverything_isOpenFromTheStart() public view {
        assertEq(brake.getScope(EVERYTHING).openedAt, START, "openedAt");
    }

    /// @dev A question about no scope has no answer, least of all one that reads as permission.
    function test_reads_revert_onAnUnknownScope(bytes32 scope) public {
        vm.assume(scope != EVERYTHING && scope != LINEAGE);
        bytes memory err = abi.encodeWithSelector(IBrake.UnknownScope.selector, scope);
        vm.expectRevert(err);
        brake.isStopped(scope);
        vm.expectRevert(err);
        brake.stopsSeen(scope);
        vm.expectRevert(err);
        brake.lapsedAt(scope);
    }

    function test_getStop_isEmpty_ofAnUnknownId(uint64 stopId) public {
        stop(LINEAGE);
        vm.assume(stopId != 1);
        assertStatus(stopId, IBrake.StopStatus.None);
    }

    /// @dev The number has another holder since now. In truth it rests longer than any window of the test charter.
    function grantAnew(uint8 seat) private {
        ISeats.Seat memory next = seats.getSeat(seat);
        next.grantedAt = uint40(nowAt());
        vm.mockCall(address(seats), abi.encodeCall(ISeats.getSeat, (seat)), abi.encode(next));
    }

    function expectPullRefused(uint256 seat, bytes32 scope, bytes32 report, uint8 severity, bytes memory err) private {
        vm.prank(voters[seat]);
        vm.expectRevert(err);
        brake.pull(scope, report, severity, "");
    }

    function fileReport(bytes32 subject) private {
        vm.prank(voters[7]);
        brake.reportIncident(subject, REPORT, 2, "seen in the logs");
    }

    function assertPending(uint64 expected) private view {
        (uint64 mask, uint8 count, uint8 chambers) = brake.pendingPulls(LINEAGE);
        assertEq(mask, expected, "seats that pull");
        assertEq(count, countOf(expected), "count");
        assertEq(chambers, chambersOf(expected), "chambers");
    }

    function countOf(uint64 mask) private pure returns (uint256 count) {
        for (; mask != 0; mask &= mask - 1) {
            ++count;
        }
    }

    function chambersOf(uint64 mask) private pure returns (uint256) {
        return (mask & BUILDERS != 0 ? 1 : 0) + (mask & OVERSIGHT != 0 ? 1 : 0) + (mask & PUBLIC != 0 ? 1 : 0);
    }
}
