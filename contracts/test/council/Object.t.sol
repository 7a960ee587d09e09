// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {FLAG_ESCALATED, Proposal, ProposalState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract ObjectTest is CouncilTest {
    bytes32 internal constant COUNTEREXAMPLE = keccak256("a request that the new rule permits");

    function test_object_reverts_byAStranger(address account) public {
        for (uint256 i; i < 15; ++i) {
            vm.assume(account != voters[i]);
        }
        uint256 id = proposeAmendment();
        vm.prank(account);
        vm.expectRevert(notLive(account));
        council.object(id, COUNTEREXAMPLE, "");
    }

    function test_object_reverts_forAnUnknownProposal(uint256 id) public {
        vm.expectRevert(unknown(id));
        objectAs(0, id);
    }

    function test_object_reverts_byASeatThatCameLater() public {
        bytes memory action = grantSeat(grantOf(15, 0, "NZ"));
        addRule();
        uint256 change = proposeAs(1, ActionKind.ChangeSeats, action);
        voteFor(change, EVERYONE);
        warpToEta(change);
        uint256 id = propose(ActionKind.AmendTighter, amendment());
        council.execute(change, ActionKind.ChangeSeats, action);
        vm.prank(grantOf(15, 0, "NZ").votingKey);
        vm.expectRevert(notEligible(id, 15));
        council.object(id, COUNTEREXAMPLE, "");
    }

    function test_object_reverts_forAnyOtherKind() public {
        addRule();
        uint256 added = propose(ActionKind.AddConstraint, addConstraint("x"));
        uint256 tightened = propose(ActionKind.TightenParameter, setParameter(99));
        uint256 loosened = propose(ActionKind.LoosenParameter, setParameter(101));
        uint256 amended = proposeAs(1, ActionKind.AmendLooser, amendment());
        assertNotObjectable(added, ActionKind.AddConstraint, 1);
        assertNotObjectable(tightened, ActionKind.TightenParameter, 1);
        assertNotObjectable(loosened, ActionKind.LoosenParameter, 1);
        assertNotObjectable(amended, ActionKind.AmendLooser, 1);
    }

    /// @dev Invariant 19: an escalation happens once.
    function test_object_reverts_theSecondTime(uint256 elapsed) public {
        uint256 id = proposeAmendment();
        objectAs(3, id);
        skip(bound(elapsed, 0, 365 days));
        assertNotObjectable(id, ActionKind.AmendTighter, 2);
    }

    function test_object_reverts_whenDefeated() public {
        uint256 id = proposeAmendment();
        warpPastClose(id);
        vm.expectRevert(unexpected(id, ProposalState.Defeated, ProposalState.Queued));
        objectAs(3, id);
    }

    function test_object_reverts_whenCancelled() public {
        uint256 id = proposeAmendment();
        vm.prank(voters[0]);
        council.cancel(id);
        vm.expectRevert(unexpected(id, ProposalState.Canceled, ProposalState.Queued));
        objectAs(3, id);
    }

    function test_object_reverts_whenExecutedOrExpired(bool executed) public {
        uint256 id = proposeAmendment();
        voteFor(id, EVERYONE);
        warpToEta(id);
        if (executed) council.execute(id, ActionKind.AmendTighter, amendment());
        else warpPastGrace(id);
        vm.expectRevert(unexpected(id, executed ? ProposalState.Executed : ProposalState.Expired, ProposalState.Queued));
        objectAs(3, id);
    }

    /// @dev Open from the first second to the last before execution, the grace included.
    function test_object_escalates_untilExecution(uint8 seat, uint256 elapsed) public {
        seat %= 15;
        uint256 id = proposeAmendment();
        voteFor(id, EVERYONE);
        uint256 proposed = nowAt();
        vm.warp(bound(elapsed, proposed, council.quorumState(id).expiresAt));
        uint256 closesAt = nowAt() + rule(3).period;

        vm.expectEmit(address(council));
        emit ICouncil.Objected(id, seat, COUNTEREXAMPLE, "look", uint40(closesAt), uint40(closesAt + rule(3).timelock));
        vm.prank(voters[seat]);
        council.object(id, COUNTEREXAMPLE, "look");

        Proposal memory p = council.getProposal(id);
        assertEq(p.tier, 3, "tier");
        assertEq(p.round, 2, "round");
        assertEq(p.closesAt, closesAt, "a full period");
        assertEq(p.flags, FLAG_ESCALATED, "flags");
        assertEq(p.ballots[1], 0, "empty ballots");
        assertEq(p.parametersVersion, 1, "frozen parameters");
        assertEq(p.eligible, EVERYONE, "frozen seats");
        assertEq(p.proposer, voters[0], "proposer");
        assertEq(p.createdAt, proposed, "created");
        assertState(id, ProposalState.Active, "active again");
        assertFalse(council.hasVoted(id, voters[5]), "voted in round 2");
    }

    function test_escalated_needsTier3_andItsDelay() public {
        uint256 id = proposeAmendment();
        voteFor(id, TIER_1);
        warpToEta(id);
        assertState(id, ProposalState.Succeeded, "about to be executed");
        objectAs(12, id);
        // the ballots of round 1 are worth nothing now
        warpPastClose(id);
        assertState(id, ProposalState.Defeated, "defeated");
    }

    function test_escalated_isDefeated_byWhatCarriedTheFirstRound() public {
        uint256 id = proposeAmendment();
        objectAs(12, id);
        voteFor(id, TIER_2);
        warpPastClose(id);
        assertState(id, ProposalState.Defeated, "defeated");
    }

    function test_escalated_executes_afterTier3() public {
        uint256 id = proposeAmendment();
        voteMask(id, OVERSIGHT, Support.Against);
        objectAs(12, id);
        voteFor(id, TIER_3);
        warpPastClose(id);
        assertState(id, ProposalState.Queued, "queued");
        uint256 eta = council.proposalEta(id);
        assertEq(eta, council.proposalDeadline(id) + rule(3).timelock, "tier 3's timelock");
        bytes memory action = amendment();
        vm.warp(eta - 1);
        vm.expectRevert(unexpected(id, ProposalState.Queued, ProposalState.Succeeded));
        council.execute(id, ActionKind.AmendTighter, action);
        vm.warp(eta);
        vm.expectEmit(address(council));
        emit ICouncil.ActionExecuted(id, ActionKind.AmendTighter, 3, address(this));
        council.execute(id, ActionKind.AmendTighter, action);
        assertEq(constraints.entry(1).tier, 3, "the ledger knows");
    }

    function test_amendment_waitsOutItsObjectionWindow_thoughTier1HasNoTimelock() public {
        uint256 id = proposeAmendment();
        voteFor(id, EVERYONE);
        uint256 eta = council.proposalDeadline(id) + Charter.parameters().objectionWindow;
        assertEq(council.proposalEta(id), eta, "eta");
        vm.warp(eta - 1);
        assertState(id, ProposalState.Queued, "queued");
        vm.warp(eta);
        council.execute(id, ActionKind.AmendTighter, amendment());
    }

    function objectAs(uint8 seat, uint256 id) private {
        vm.prank(voters[seat]);
        council.object(id, COUNTEREXAMPLE, "");
    }

    function assertNotObjectable(uint256 id, ActionKind kind, uint8 round) private {
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotObjectable.selector, id, kind, round));
        objectAs(4, id);
    }
}
