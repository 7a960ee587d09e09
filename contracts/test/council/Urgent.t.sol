// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind, ConfirmStop} from "../../src/types/Actions.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

/// @dev R-Council-10. Revocations and confirmations of a stop do not wait for the close of their vote.
contract UrgentTest is CouncilTest {
    bytes internal action = abi.encode(ConfirmStop(1));

    function setUp() public override {
        super.setUp();
        for (uint256 i; i < 3; ++i) {
            vm.prank(voters[4 * i]); // seats 0, 4 and 8: two chambers
            brake.pull(0, keccak256("report"), 4, "");
        }
        assertTrue(brake.isStopped(0), "stopped");
    }

    function test_urgent_reverts_beforeItPasses() public {
        uint256 id = propose(ActionKind.ConfirmStop, action);
        voteFor(id, TIER_1 & ~uint64(1));
        assertState(id, ProposalState.Active, "one short");
        vm.expectRevert(unexpected(id, ProposalState.Active, ProposalState.Succeeded));
        council.execute(id, ActionKind.ConfirmStop, action);
    }

    function test_urgent_reverts_whenItNeverPassed() public {
        uint256 id = propose(ActionKind.ConfirmStop, action);
        voteFor(id, TIER_1 & ~uint64(1));
        warpPastClose(id);
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Succeeded));
        council.execute(id, ActionKind.ConfirmStop, action);
    }

    function test_urgent_executes_inTheSecondInWhichItPasses() public {
        uint256 id = propose(ActionKind.ConfirmStop, action);
        voteFor(id, TIER_1);
        assertState(id, ProposalState.Succeeded, "succeeded");
        council.execute(id, ActionKind.ConfirmStop, action);
        assertState(id, ProposalState.Executed, "executed");
    }

    function test_urgent_takesBallots_whileItPasses() public {
        uint256 id = propose(ActionKind.ConfirmStop, action);
        voteFor(id, TIER_1);
        vote(id, 14, Support.Against);
        vote(id, 0, Support.Against);
        assertState(id, ProposalState.Active, "no longer passing");
        vote(id, 8, Support.For);
        assertState(id, ProposalState.Succeeded, "passing again");
    }

    function test_urgent_reverts_ballotsAfterExecution() public {
        uint256 id = propose(ActionKind.ConfirmStop, action);
        voteFor(id, TIER_1);
        council.execute(id, ActionKind.ConfirmStop, action);
        vm.expectRevert(unexpected(id, ProposalState.Executed, ProposalState.Active));
        vote(id, 14, Support.Against);
    }

    function test_urgent_staysExecutable_untilItsGraceEnds(uint256 elapsed) public {
        uint256 id = propose(ActionKind.ConfirmStop, action);
        voteFor(id, TIER_1);
        uint256 last = council.quorumState(id).expiresAt;
        vm.warp(bound(elapsed, START, last));
        assertState(id, ProposalState.Succeeded, "succeeded");
        vm.warp(last + 1);
        assertState(id, ProposalState.Expired, "expired");
    }
}
