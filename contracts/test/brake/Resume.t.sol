// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IIncidents} from "../../src/interfaces/IIncidents.sol";
import {ActionKind, Resume} from "../../src/types/Actions.sol";
import {BrakeTest} from "./BrakeTest.t.sol";

/// forge-config: default.fuzz.runs = 64
/// forge-config: ci.fuzz.runs = 256
contract ResumeTest is BrakeTest {
    ActionKind private constant KIND = ActionKind.Resume;

    function test_resume_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(brake, KIND, resuming(stop(LINEAGE)), caller);
    }

    /// @dev R-Brake-06.
    function test_resume_reverts_withTooManyStopsOrNone(uint8 count) public {
        count = count == 0 ? 0 : uint8(bound(count, 33, 255));
        bytes memory action = abi.encode(Resume(new uint64[](count)));
        assertRefused(brake, KIND, action, abi.encodeWithSelector(IBrake.BadResume.selector, count));
    }

    function test_resume_reverts_withOneStopTooMany() public {
        bytes memory action = abi.encode(Resume(answered(33)));
        assertRefused(brake, KIND, action, abi.encodeWithSelector(IBrake.BadResume.selector, 33));
    }

    function test_resume_reverts_onAnUnknownStop(uint64 stopId) public {
        stop(LINEAGE);
        vm.assume(stopId != 1);
        assertRefused(brake, KIND, resuming(stopId), unexpectedStop(stopId, IBrake.StopStatus.None));
    }

    function test_resume_reverts_onceResumedOrLapsed() public {
        uint64 stopId = stop(LINEAGE);
        resume(stopId);
        assertRefused(brake, KIND, resuming(stopId), unexpectedStop(stopId, IBrake.StopStatus.Resumed));
        stopId = stop(LINEAGE);
        lapse(stopId);
        assertRefused(brake, KIND, resuming(stopId), unexpectedStop(stopId, IBrake.StopStatus.Lapsed));
    }

    /// @dev One stop named twice would lift two from the count.
    function test_resume_reverts_ifAStopIsNamedTwice(uint8 first, uint8 second) public {
        uint64[] memory ids = answered(6);
        uint256 i = bound(first, 0, 4);
        uint256 j = bound(second, i + 1, 5);
        ids[j] = ids[i];
        bytes memory err = unexpectedStop(ids[i], IBrake.StopStatus.Resumed);
        assertRefused(brake, KIND, abi.encode(Resume(ids)), err);
        assertScope(LINEAGE, 3, 0, 3);
        assertScope(EVERYTHING, 3, 0, 3);
    }

    /// @dev All or nothing: one stop that ended meanwhile refuses the whole.
    function test_resume_reverts_wholly_ifOneOfItsStopsEnded() public {
        uint64[] memory ids = answered(4);
        enact(brake, KIND, resuming(ids[2]), 3);
        bytes memory err = unexpectedStop(ids[2], IBrake.StopStatus.Resumed);
        assertRefused(brake, KIND, abi.encode(Resume(ids)), err);
        assertStatus(ids[0], IBrake.StopStatus.Standing);
    }

    /// @dev R-Brake-14. Nobody votes on a resume before somebody answered what the stop rests on.
    function test_resume_reverts_beforeTheReportIsAnswered() public {
        uint64 stopId = stop(LINEAGE);
        assertRefused(brake, KIND, resuming(stopId), unanswered(stopId, 1));
        answer(stopId);
        assertEq(brake.checkAction(KIND, resuming(stopId)), 3, "tier");
    }

    /// @dev R-Brake-14. A stop that falls on a report which was answered already asks for another answer: the seats that
    /// pulled had heard the first.
    function test_resume_reverts_onAnAnswerFromBeforeTheStop() public {
        uint64 first = stop(LINEAGE);
        answer(first);
        uint64 second = stopCiting(LINEAGE, 1);
        assertEq(brake.getStop(second).answersBefore, 1, "answers before");
        assertRefused(brake, KIND, resuming(second), unanswered(second, 1));
        uint64[] memory both = new uint64[](2);
        (both[0], both[1]) = (first, second);
        assertRefused(brake, KIND, abi.encode(Resume(both)), unanswered(second, 1));
        answer(second);
        enact(brake, KIND, abi.encode(Resume(both)), 3);
        assertFalse(brake.isStopped(LINEAGE), "stopped");
    }

    /// @dev R-Brake-06. A resume that was voted on cannot lift a stop that fell meanwhile, whatever report it cites.
    function test_resume_leavesStanding_whatItsVotersHadNotSeen() public {
        uint64 seen = stop(LINEAGE);
        answer(seen);
        uint256 proposalId = proposeAndVote(KIND, resuming(seen));
        uint64 unseen = stopCiting(LINEAGE, 1);
        warpToEta(proposalId);
        council.execute(proposalId, KIND, resuming(seen));
        assertStatus(unseen, IBrake.StopStatus.Standing);
        assertTrue(brake.isStopped(LINEAGE), "stopped");
    }

    function test_resume_needsTierThree() public {
        uint64 stopId = stop(LINEAGE);
        answer(stopId);
        assertTier(brake, KIND, resuming(stopId), 3);
    }

    function test_resume_liftsAConfirmedStop() public {
        uint64 stopId = stop(LINEAGE);
        confirm(stopId);
        resume(stopId);
        assertStatus(stopId, IBrake.StopStatus.Resumed);
        assertFalse(brake.isStopped(LINEAGE), "stopped");
    }

    /// @dev R-Brake-06. Exactly the stops that it names, of whatever scope; the generation stays, so what was stopped
    /// runs again.
    function test_resume_liftsExactlyWhatItNames(uint8 chosen) public {
        uint64[] memory all = answered(8);
        uint256 count;
        for (uint256 i; i < 8; ++i) {
            count += chosen >> i & 1;
        }
        vm.assume(count != 0);
        uint64[] memory ids = new uint64[](count);
        uint256 next;
        uint256[2] memory left; // lineage, everything
        for (uint256 i; i < 8; ++i) {
            if (chosen >> i & 1 == 1) ids[next++] = all[i];
            else ++left[i % 2];
        }
        for (uint256 i; i < count; ++i) {
            vm.expectEmit(address(brake));
            emit IBrake.StopResumed(ids[i], (ids[i] - 1) % 2 == 0 ? LINEAGE : EVERYTHING, nextProposal());
        }
        enact(brake, KIND, abi.encode(Resume(ids)), 3);

        assertScope(LINEAGE, left[0], 0, 4);
        assertScope(EVERYTHING, left[1], 0, 4);
        for (uint256 i; i < 8; ++i) {
            bool named = chosen >> i & 1 == 1;
            assertStatus(all[i], named ? IBrake.StopStatus.Resumed : IBrake.StopStatus.Standing);
        }
        assertEq(brake.isStopped(LINEAGE), left[0] + left[1] != 0, "stopped");
    }

    /// @dev As many as a resume may name.
    function test_resume_lifts32StopsAtOnce() public {
        enact(brake, KIND, abi.encode(Resume(answered(32))), 3);
        assertFalse(brake.isStopped(LINEAGE), "stopped");
    }

    function answered(uint256 count) private returns (uint64[] memory ids) {
        ids = stops(count);
        for (uint256 i; i < count; ++i) {
            answer(ids[i]);
        }
    }

    function stopCiting(bytes32 scope, uint64 reportId) private returns (uint64 stopId) {
        for (uint256 seat; seat < 3; ++seat) {
            vm.prank(voters[5 * seat]);
            stopId = brake.pullCiting(scope, reportId, "again");
        }
    }

    function unanswered(uint64 stopId, uint64 reportId) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IIncidents.Unanswered.selector, stopId, reportId);
    }

    /// @dev Stops of the lineage and of everything, in turn.
    function stops(uint256 count) private returns (uint64[] memory ids) {
        ids = new uint64[](count);
        for (uint256 i; i < count; ++i) {
            ids[i] = stop(i % 2 == 0 ? LINEAGE : EVERYTHING);
        }
    }
}
