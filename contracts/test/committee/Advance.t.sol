// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev What becomes of an epoch at each deadline: it goes on with those who did their part, comes in force, or aborts.
contract AdvanceTest is CommitteeTest {
    function test_advance_reverts_beforeEachDeadline() public {
        form();
        assertNotYet();
        for (uint256 member = 1; member <= SIZE; ++member) {
            register(member);
        }
        assertNotYet();
        for (uint256 member = 1; member <= SIZE; ++member) {
            deal(member);
        }
        assertNotYet();
        settle(0);
        assertNotYet();
        complain(1, 2);
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        assertPhase(ICommittee.Phase.Answering, "phase");
        assertNotYet();
    }

    function test_advance_reverts_onAnEpochThatIsNotBeingMade() public {
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.None, ICommittee.Phase.Registering));
        committee.advance(EPOCH);
        toInForce();
        skip(1000 days);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.InForce, ICommittee.Phase.Registering));
        committee.advance(EPOCH);
    }

    function test_advance_reverts_onceAborted() public {
        form();
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Aborted, ICommittee.Phase.Registering));
        committee.advance(EPOCH);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Aborted, ICommittee.Phase.Registering));
        register(1);
    }

    function test_advance_aborts_ifTooFewRegistered() public {
        form();
        for (uint256 member = 1; member < THRESHOLD + SLACK; ++member) {
            register(member);
        }
        assertAborts(ICommittee.Phase.Registering, "too few registered");
    }

    function test_advance_goesOnWithThoseWhoRegistered() public {
        form();
        for (uint256 member = 1; member < SIZE; ++member) {
            register(member);
        }
        vm.warp(phaseEndsAt() + 1);
        vm.prank(STRANGER);
        committee.advance(EPOCH);
        assertPhase(ICommittee.Phase.Dealing, "phase");
        assertEq(phaseEndsAt(), nowAt() + 1 days, "a phase of its own");
    }

    function test_advance_aborts_ifTooFewDealt() public {
        toDealing();
        for (uint256 member = 1; member < THRESHOLD; ++member) {
            deal(member);
        }
        assertAborts(ICommittee.Phase.Dealing, "too few dealt");
    }

    function test_advance_goesOnWithThoseWhoDealt() public {
        toDealing();
        for (uint256 member = 2; member <= SIZE; ++member) {
            deal(member);
        }
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        settle(1);
        assertEq(committee.getEpoch(EPOCH).qualified, 30, "all but the first");
        assertPhase(ICommittee.Phase.Acknowledging, "phase");
    }

    function test_advance_aborts_ifTooFewAcknowledged() public {
        toAcknowledging();
        for (uint256 member = 1; member < THRESHOLD + SLACK; ++member) {
            acknowledge(member);
        }
        assertAborts(ICommittee.Phase.Acknowledging, "too few acknowledged");
    }

    function test_advance_putsTheKeyInForce() public {
        toAcknowledging();
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        vm.warp(phaseEndsAt() + 1);
        vm.prank(STRANGER);
        committee.advance(EPOCH);
        assertPhase(ICommittee.Phase.InForce, "phase");
        assertEq(committee.currentEpoch(), EPOCH, "epoch");
        assertEq(committee.getMembers(EPOCH)[0].verificationKeyHash, bytes32(0), "member 1 proved nothing");
    }

    /// @dev Nobody is blamed, and nothing comes in force, for what a stop kept the members from.
    function test_advance_onlyAborts_whileEverythingIsStopped() public {
        toAcknowledging();
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        stop(0);
        assertAborts(ICommittee.Phase.Acknowledging, "everything is stopped");
    }

    // --- helpers

    function assertNotYet() private {
        uint256 start = nowAt();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt);
        vm.expectRevert(phaseDeadline(endsAt));
        committee.advance(EPOCH);
        vm.warp(start);
    }

    function assertAborts(ICommittee.Phase phase, string memory reason) private {
        vm.warp(phaseEndsAt() + 1);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochAborted(EPOCH, phase, reason);
        vm.prank(STRANGER);
        committee.advance(EPOCH);
        assertPhase(ICommittee.Phase.Aborted, "phase");
        assertEq(committee.currentEpoch(), 0, "none in force");
        assertEq(committee.key().length, 0, "no key");
    }
}
