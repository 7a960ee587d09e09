// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, Direction} from "../../src/types/Actions.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

/// @dev Attacks on the ratchet, by proposals that pass the Council.
contract RatchetTest is ConstraintsTest {
    bytes32 private version;

    function setUp() public override {
        super.setUp();
        carry(ActionKind.AddConstraint, adding(0, limits(100, 10)));
        version = versionNow();
    }

    /// @dev Both tighten 100. Carried out one after the other, the second would loosen 50 to 80.
    function test_ratchet_holds_againstTwoConcurrentTightenings() public {
        bytes memory toFifty = changing(version, TOKENS, 50);
        bytes memory toEighty = changing(version, TOKENS, 80);
        uint256 first = proposeAndVote(ActionKind.TightenParameter, toFifty);
        uint256 second = proposeAndVote(ActionKind.TightenParameter, toEighty);
        warpToEta(second);

        council.execute(first, ActionKind.TightenParameter, toFifty);
        assertTrue(council.state(second) == ProposalState.Succeeded, "the vote itself was valid");
        vm.expectRevert(unexpectedParent(versionNow(), version));
        council.execute(second, ActionKind.TightenParameter, toEighty);
        assertValue(TOKENS, 50);

        // Written against the present version, it is seen for what it is.
        bytes memory rewritten = changing(versionNow(), TOKENS, 80);
        vm.prank(voters[0]);
        vm.expectRevert(
            abi.encodeWithSelector(IConstraints.NotTighter.selector, ID, TOKENS, Direction.Max, int128(50), int128(80))
        );
        council.propose(ActionKind.TightenParameter, rewritten, "");
    }

    /// @dev Whatever the two values: once one is carried out, the other is not, so the parameter never moves back.
    function test_ratchet_neverMovesBack_whateverTwoTighteningsRace(uint64 one, uint64 two) public {
        int128 first = 99 - int128(uint128(one));
        int128 second = 99 - int128(uint128(two));
        enact(constraints, ActionKind.TightenParameter, changing(version, TOKENS, first), 1);
        bytes memory other = changing(version, TOKENS, second);
        assertRefused(constraints, ActionKind.TightenParameter, other, unexpectedParent(versionNow(), version));
        assertValue(TOKENS, first);
    }

    function test_ratchet_refusesALooserValue_passedOffAsTighter() public {
        bytes memory looser = changing(version, TOKENS, 101);
        vm.prank(voters[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConstraints.NotTighter.selector, ID, TOKENS, Direction.Max, int128(100), int128(101)
            )
        );
        council.propose(ActionKind.TightenParameter, looser, "a tightening, honestly");

        uint256 proposalId = proposeAndVote(ActionKind.LoosenParameter, looser);
        assertEq(council.getProposal(proposalId).tier, 3, "the same value, named rightly, is tier 3");
    }

    /// @dev An addition under a second name cannot undo the first: both stay in force and conjoin.
    function test_ratchet_keepsTheFirst_whenALooserOneIsAdded() public {
        enact(constraints, ActionKind.TightenParameter, changing(version, TOKENS, 50), 1);
        bytes32 before = versionNow();
        bytes memory again = adding(0, limits(1000, 0));
        assertRefused(
            constraints,
            ActionKind.AddConstraint,
            again,
            abi.encodeWithSelector(IConstraints.ConstraintExists.selector, ID)
        );
        assertEq(versionNow(), before, "version");
    }

    /// @dev An amendment that races a tightening cannot bring back the text that it was written against.
    function test_ratchet_refusesAnAmendment_writtenBeforeATightening() public {
        bytes memory amendment = amending(version, 0);
        uint256 proposalId = proposeAndVote(ActionKind.AmendTighter, amendment);
        enact(constraints, ActionKind.TightenParameter, changing(version, TOKENS, 50), 1);
        warpToEta(proposalId);
        vm.expectRevert(unexpectedParent(versionNow(), version));
        council.execute(proposalId, ActionKind.AmendTighter, amendment);
    }

    /// @dev One objection takes a claimed tightening to tier 3, and the ledger says so.
    function test_ledger_recordsTheEffectiveTier_ofAnEscalatedAmendment() public {
        bytes memory amendment = amending(version, 0);
        uint256 proposalId = proposeAndVote(ActionKind.AmendTighter, amendment);
        vm.prank(voters[3]);
        council.object(proposalId, keccak256("counterexample"), "it permits what was forbidden");
        voteFor(proposalId, EVERYONE);
        warpToEta(proposalId);
        council.execute(proposalId, ActionKind.AmendTighter, amendment);
        IConstraints.Entry memory last = constraints.entry(constraints.entryCount() - 1);
        assertEq(last.tier, 3, "tier");
        assertTrue(last.kind == ActionKind.AmendTighter, "kind");
        assertEq(last.proposalId, proposalId, "proposal");
    }

    function test_ratchet_executesNoVote_belowItsTier() public {
        bytes memory action = changing(version, TOKENS, 101);
        bytes memory err = abi.encodeWithSelector(ICouncil.TierTooLow.selector, nextProposal(), 2, 3);
        assertRefusedAtExecution(constraints, ActionKind.LoosenParameter, action, 2, err);
    }
}
