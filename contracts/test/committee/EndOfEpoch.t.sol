// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev How an epoch that is being made ends: accused, aborted, or finalised without all acknowledgements.
contract EndOfEpochTest is CommitteeTest {
    // --- accuse

    function test_accuse_reverts_beforeDealing() public {
        form();
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Registering, ICommittee.Phase.Acknowledging));
        accuse(1, 2);
    }

    function test_accuse_reverts_onceTheKeyIsInForce() public {
        toInForce();
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.InForce, ICommittee.Phase.Acknowledging));
        accuse(1, 2);
    }

    /// @dev Otherwise one member could end what enough have acknowledged, in the last moment and without a reason.
    function test_accuse_reverts_afterTheDeadline() public {
        toAcknowledging();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt + 1);
        vm.expectRevert(phaseDeadline(endsAt));
        accuse(1, 2);
    }

    function test_accuse_reverts_fromAStranger() public {
        toAcknowledging();
        vm.expectRevert(notMember(STRANGER));
        vm.prank(STRANGER);
        committee.accuse(EPOCH, 2);
    }

    /// forge-config: default.fuzz.runs = 16
    function test_accuse_reverts_ifNobodyHasThatIndex(uint16 index) public {
        toAcknowledging();
        vm.assume(index == 0 || index > SIZE);
        vm.expectRevert(noDealing(index));
        accuse(1, index);
    }

    function test_accuse_reverts_ifTheDealerHasNotDealt() public {
        toDealing();
        deal(1);
        vm.expectRevert(noDealing(2));
        accuse(1, 2);
    }

    function test_accuse_abortsTheEpoch_whileDealing() public {
        toDealing();
        deal(2);
        vm.expectEmit(address(committee));
        emit ICommittee.DealerAccused(EPOCH, 2, 1);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochAborted(EPOCH, ICommittee.Phase.Dealing, "a dealer was accused");
        accuse(1, 2);
        assertAborted();
    }

    function test_accuse_abortsTheEpoch_evenAfterAcknowledging() public {
        toAcknowledging();
        for (uint256 member = 1; member < SIZE; ++member) {
            acknowledge(member);
        }
        accuse(1, 5);
        assertAborted();
    }

    /// @dev A stop over the rest of the phase must not keep a cheated member from speaking.
    function test_accuse_succeeds_whileEverythingIsStopped() public {
        toAcknowledging();
        stop(0);
        accuse(1, 5);
        assertAborted();
    }

    // --- abort

    function test_abort_reverts_beforeTheDeadline() public {
        form();
        assertNotYetAbortable();
        for (uint256 member = 1; member <= SIZE; ++member) {
            register(member);
        }
        assertNotYetAbortable();
        for (uint256 member = 1; member <= SIZE; ++member) {
            deal(member);
        }
        assertNotYetAbortable();
    }

    function test_abort_reverts_onAnEpochThatIsNotBeingMade() public {
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.None, ICommittee.Phase.Registering));
        committee.abort(EPOCH);
        toInForce();
        skip(1000 days);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.InForce, ICommittee.Phase.Registering));
        committee.abort(EPOCH);
    }

    function test_abort_reverts_aSecondTime() public {
        form();
        vm.warp(phaseEndsAt() + 1);
        committee.abort(EPOCH);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Aborted, ICommittee.Phase.Registering));
        committee.abort(EPOCH);
    }

    /// @dev Nobody may throw away what anybody may put in force.
    function test_abort_reverts_ifEnoughAcknowledged() public {
        toAcknowledging();
        for (uint256 member = 1; member <= THRESHOLD + SLACK; ++member) {
            acknowledge(member);
        }
        vm.warp(phaseEndsAt() + 1);
        vm.expectRevert(acknowledgements(4));
        committee.abort(EPOCH);
    }

    function test_abort_succeeds_ifSomebodyDidNotRegister() public {
        form();
        for (uint256 member = 1; member < SIZE; ++member) {
            register(member);
        }
        assertAbortedByAnybody(ICommittee.Phase.Registering);
    }

    function test_abort_succeeds_ifSomebodyDidNotDeal() public {
        toDealing();
        for (uint256 member = 1; member < SIZE; ++member) {
            deal(member);
        }
        assertAbortedByAnybody(ICommittee.Phase.Dealing);
    }

    function test_abort_succeeds_ifTooFewAcknowledged() public {
        toAcknowledging();
        for (uint256 member = 1; member < THRESHOLD + SLACK; ++member) {
            acknowledge(member);
        }
        assertAbortedByAnybody(ICommittee.Phase.Acknowledging);
    }

    function test_abort_succeeds_whileEverythingIsStopped() public {
        form();
        stop(0);
        assertAbortedByAnybody(ICommittee.Phase.Registering);
    }

    function test_abort_endsEveryStep() public {
        toDealing();
        vm.warp(phaseEndsAt() + 1);
        committee.abort(EPOCH);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Aborted, ICommittee.Phase.Dealing));
        deal(1);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Aborted, ICommittee.Phase.Acknowledging));
        acknowledge(1);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Aborted, ICommittee.Phase.Acknowledging));
        accuse(1, 2);
    }

    // --- finalise

    function test_finalise_reverts_beforeTheDeadline() public {
        toAcknowledging();
        for (uint256 member = 1; member <= THRESHOLD + SLACK; ++member) {
            acknowledge(member);
        }
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt);
        vm.expectRevert(phaseDeadline(endsAt));
        committee.finalise(EPOCH);
    }

    function test_finalise_reverts_inAnotherPhase() public {
        toDealing();
        vm.warp(phaseEndsAt() + 1);
        vm.expectRevert(unexpectedPhase(ICommittee.Phase.Dealing, ICommittee.Phase.Acknowledging));
        committee.finalise(EPOCH);
    }

    function test_finalise_reverts_ifTooFewAcknowledged() public {
        toAcknowledging();
        for (uint256 member = 1; member < THRESHOLD + SLACK; ++member) {
            acknowledge(member);
        }
        vm.warp(phaseEndsAt() + 1);
        vm.expectRevert(acknowledgements(3));
        committee.finalise(EPOCH);
    }

    function test_finalise_reverts_whileEverythingIsStopped() public {
        toAcknowledging();
        for (uint256 member = 1; member <= THRESHOLD + SLACK; ++member) {
            acknowledge(member);
        }
        vm.warp(phaseEndsAt() + 1);
        uint64 stopId = stop(0);
        vm.expectRevert(everythingStopped());
        committee.finalise(EPOCH);
        resume(stopId);
        committee.finalise(EPOCH);
    }

    function test_finalise_putsTheKeyInForce() public {
        toAcknowledging();
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        vm.warp(phaseEndsAt() + 1);
        vm.prank(STRANGER);
        committee.finalise(EPOCH);
        assertPhase(ICommittee.Phase.InForce, "phase");
        assertEq(committee.currentEpoch(), EPOCH, "epoch");
        assertEq(committee.getMembers(EPOCH)[0].verificationKeyHash, bytes32(0), "member 1 proved nothing");
    }

    // --- helpers

    function accuse(uint256 accuser, uint16 dealer) private {
        vm.prank(oracle(accuser));
        committee.accuse(EPOCH, dealer);
    }

    function assertNotYetAbortable() private {
        uint256 start = nowAt();
        uint40 endsAt = phaseEndsAt();
        vm.warp(endsAt);
        vm.expectRevert(phaseDeadline(endsAt));
        committee.abort(EPOCH);
        vm.warp(start);
    }

    function assertAbortedByAnybody(ICommittee.Phase phase) private {
        vm.warp(phaseEndsAt() + 1);
        vm.expectEmit(address(committee));
        emit ICommittee.EpochAborted(EPOCH, phase, "a deadline was missed");
        vm.prank(STRANGER);
        committee.abort(EPOCH);
        assertAborted();
    }

    /// @dev What was in force before, nothing, still is; and the next committee can be formed.
    function assertAborted() private view {
        assertPhase(ICommittee.Phase.Aborted, "phase");
        assertEq(committee.currentEpoch(), 0, "none in force");
        assertEq(committee.key().length, 0, "no key");
    }

    function noDealing(uint16 dealer) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.NoDealing.selector, EPOCH, dealer);
    }

    function acknowledgements(uint256 actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.Acknowledgements.selector, EPOCH, actual, THRESHOLD + SLACK);
    }
}
