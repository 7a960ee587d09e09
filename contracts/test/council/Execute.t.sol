// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {FLAG_EXECUTED, ProposalState} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract ExecuteTest is CouncilTest {
    function test_execute_reverts_forAnUnknownProposal(uint256 id) public {
        vm.expectRevert(unknown(id));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_execute_reverts_whileBallotsAreAccepted(uint256 elapsed) public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE);
        skip(bound(elapsed, 0, rule(4).period));
        vm.expectRevert(unexpected(id, ProposalState.Active, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_execute_reverts_beforeItsEta(uint256 elapsed) public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE);
        vm.warp(council.proposalDeadline(id) + bound(elapsed, 1, rule(4).timelock - 1));
        vm.expectRevert(unexpected(id, ProposalState.Queued, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_execute_reverts_afterItsGrace(uint256 elapsed) public {
        uint256 id = proposeTier4();
        voteFor(id, EVERYONE);
        uint256 last = council.proposalEta(id) + Charter.parameters().grace;
        vm.warp(last + bound(elapsed, 1, 3650 days));
        vm.expectRevert(unexpected(id, ProposalState.Expired, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_execute_reverts_whenDefeated(uint64 mask) public {
        mask &= TIER_4 & ~uint64(1); // one short at least
        uint256 id = proposeTier4();
        voteFor(id, mask);
        vm.warp(council.proposalEta(id));
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_execute_reverts_whenCancelled() public {
        uint256 id = proposeTier4();
        vm.prank(voters[0]);
        council.cancel(id);
        vm.warp(council.proposalEta(id));
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    /// @dev Invariant 6: at most one execution.
    function test_execute_reverts_theSecondTime(uint256 elapsed) public {
        uint256 id = carry(ActionKind.SetParameters, setParameters());
        skip(bound(elapsed, 0, 365 days));
        vm.expectRevert(unexpected(id, ProposalState.Executed, ProposalState.Succeeded));
        council.execute(id, ActionKind.SetParameters, setParameters());
    }

    function test_execute_reverts_withAnotherAction(bytes memory other) public {
        bytes memory action = addConstraint("x");
        vm.assume(keccak256(other) != keccak256(action));
        uint256 id = propose(ActionKind.AddConstraint, action);
        voteFor(id, EVERYONE);
        warpToEta(id);
        uint256 computed = council.computeProposalId(voters[0], 0, ActionKind.AddConstraint, other);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.ActionMismatch.selector, id, computed));
        council.execute(id, ActionKind.AddConstraint, other);
    }

    function test_execute_reverts_withAnotherKind(uint8 kind) public {
        kind = uint8(bound(kind, 0, uint8(ActionKind.SetParameters)));
        if (ActionKind(kind) == ActionKind.AddConstraint) return;
        bytes memory action = addConstraint("x");
        uint256 id = propose(ActionKind.AddConstraint, action);
        voteFor(id, EVERYONE);
        warpToEta(id);
        uint256 computed = council.computeProposalId(voters[0], 0, ActionKind(kind), action);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.ActionMismatch.selector, id, computed));
        council.execute(id, ActionKind(kind), action);
    }

    function test_execute_reverts_withTheReason_whenItsPreconditionFell() public {
        bytes memory action = addConstraint("x");
        uint256 id = propose(ActionKind.AddConstraint, action);
        uint256 rival = proposeAs(1, ActionKind.AddConstraint, action);
        voteFor(id, EVERYONE);
        voteFor(rival, EVERYONE);
        warpToEta(id);
        council.execute(rival, ActionKind.AddConstraint, action);
        vm.expectRevert(abi.encodeWithSelector(IConstraints.ConstraintExists.selector, keccak256("x")));
        council.execute(id, ActionKind.AddConstraint, action);
        assertState(id, ProposalState.Succeeded, "not executed");
    }

    function test_execute_reverts_whenItsTargetNeedsAHigherTierNow(uint8 tier) public {
        tier = uint8(bound(tier, 2, 4));
        bytes memory action = addConstraint("x");
        uint256 id = propose(ActionKind.AddConstraint, action);
        voteFor(id, EVERYONE);
        warpToEta(id);
        vm.mockCall(sys.constraints, abi.encodeWithSignature("checkAction(uint8,bytes)"), abi.encode(tier));
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TierTooLow.selector, id, 1, tier));
        council.execute(id, ActionKind.AddConstraint, action);
    }

    /// @dev Whatever a target says, no kind is easier than its floor: loosening never passes as tightening.
    function test_propose_takesTheFloorOfItsKind_whenItsTargetSaysLess(uint8 said) public {
        said %= 3;
        addRule();
        vm.mockCall(sys.constraints, abi.encodeWithSignature("checkAction(uint8,bytes)"), abi.encode(said));
        uint256 id = propose(ActionKind.LoosenParameter, setParameter(101));
        assertEq(council.getProposal(id).tier, 3, "tier");
    }

    function test_execute_carriesOut_byAnybody_inItsWindow(address caller, uint256 elapsed) public {
        bytes memory action = setParameters();
        uint256 id = proposeTier4();
        voteFor(id, TIER_4);
        vm.warp(council.proposalEta(id) + bound(elapsed, 0, Charter.parameters().grace));
        assertState(id, ProposalState.Succeeded, "succeeded");
        vm.expectEmit(address(council));
        emit ICouncil.ActionExecuted(id, ActionKind.SetParameters, 4, caller);
        vm.expectEmit(address(council));
        emit ICouncil.ProposalExecuted(id);
        vm.expectEmit(address(council));
        emit ICouncil.ParametersSet(2, id, Charter.parameters());
        vm.prank(caller);
        council.execute(id, ActionKind.SetParameters, action);
        assertState(id, ProposalState.Executed, "executed");
        assertEq(council.getProposal(id).flags, FLAG_EXECUTED, "flags");
        skip(3650 days);
        assertState(id, ProposalState.Executed, "for ever");
    }
}
