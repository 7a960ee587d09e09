// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISuccession} from "../../src/interfaces/ISuccession.sol";
import {ActionKind, Direction, NameSuccessor, PinnedCode} from "../../src/types/Actions.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {AttackTest} from "./AttackTest.t.sol";

/// @dev Attacks on what is voted: other content than what was shown, a loosening under another name, safety stalled.
contract ContentAttacks is AttackTest {
    /// @dev Tornado Cash, 2023: an approved proposal, and other code behind it when it is executed.
    function test_tornadoCash_otherContentBehindAnApprovedProposal() public {
        addRule();
        uint256 id = propose(ActionKind.TightenParameter, setParameter(99));
        voteFor(id, EVERYONE);
        warpToEta(id);
        bytes memory meant = setParameter(1);
        uint64 nonce = council.proposalNonce(voters[0]) - 1;
        uint256 computed = council.computeProposalId(voters[0], nonce, ActionKind.TightenParameter, meant);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.ActionMismatch.selector, id, computed));
        council.execute(id, ActionKind.TightenParameter, meant);
    }

    /// @dev ... or other code at the address that they approved as their successor.
    function test_tornadoCash_otherCodeBehindAnApprovedSuccessor() public {
        address next = address(0x5ccce5504);
        vm.etch(next, hex"60016000f3");
        NameSuccessor memory naming = NameSuccessor(new PinnedCode[](1));
        bytes32 shown = next.codehash;
        naming.parts[0] = PinnedCode(next, shown);
        bytes memory action = abi.encode(naming);
        uint256 id = propose(ActionKind.NameSuccessor, action);
        voteFor(id, EVERYONE);
        warpToEta(id);
        vm.etch(next, hex"60026000f3"); // destroyed, and created again with other code
        vm.expectRevert(abi.encodeWithSelector(ISuccession.WrongCode.selector, next, next.codehash, shown));
        council.execute(id, ActionKind.NameSuccessor, action);
    }

    /// @dev The proposer labels a loosening as a tightening. The contract compares, whatever the label says.
    function test_mislabelled_looseningAsATightening() public {
        addRule();
        bytes memory action = setParameter(101);
        vm.prank(voters[0]);
        vm.expectRevert(
            abi.encodeWithSelector(
                IConstraints.NotTighter.selector, RULE_ID, KEY, Direction.Max, int128(100), int128(101)
            )
        );
        council.propose(ActionKind.TightenParameter, action, "a tightening, honestly");
    }

    /// @dev Two tightenings, each written against 100: after the first, the second would loosen from 50 to 60.
    function test_concurrentTightenings_togetherLoosen() public {
        addRule();
        bytes32 old = constraints.getConstraint(RULE_ID).version;
        (bytes memory a, bytes memory b) = (setParameter(50), setParameter(40));
        uint256 first = propose(ActionKind.TightenParameter, a);
        uint256 second = proposeAs(1, ActionKind.TightenParameter, b);
        voteFor(first, EVERYONE);
        voteFor(second, EVERYONE);
        warpToEta(first);
        council.execute(first, ActionKind.TightenParameter, a);
        bytes32 new_ = constraints.getConstraint(RULE_ID).version;
        vm.expectRevert(abi.encodeWithSelector(IConstraints.UnexpectedParent.selector, RULE_ID, new_, old));
        council.execute(second, ActionKind.TightenParameter, b);
    }

    /// @dev R-Council-12. An amendment is passed and executed before anyone could object.
    function test_amendment_executedBeforeAnyoneCouldObject() public {
        uint256 id = proposeAmendment();
        bytes memory action = amendment();
        voteFor(id, EVERYONE);
        warpPastClose(id);
        assertNotExecuted(id, ActionKind.AmendTighter, action, ProposalState.Queued);
        vm.warp(council.proposalEta(id)); // the window is over, and one objection is in time until it is executed
        objectAs(14, id);
        assertNotExecuted(id, ActionKind.AmendTighter, action, ProposalState.Active);
    }

    /// @dev One seat objects to everything, to stall safety. What tightens provably cannot be objected to at all, and an
    /// amendment only once.
    function test_objectionFlood_stallsSafety() public {
        addRule();
        uint256 added = propose(ActionKind.AddConstraint, addConstraint("x"));
        uint256 tightened = propose(ActionKind.TightenParameter, setParameter(50));
        uint256 amended = propose(ActionKind.AmendTighter, amendment());
        assertNotObjectable(14, added, ActionKind.AddConstraint, 1);
        assertNotObjectable(14, tightened, ActionKind.TightenParameter, 1);
        objectAs(14, amended);
        for (uint8 seat; seat < 15; ++seat) {
            assertNotObjectable(seat, amended, ActionKind.AmendTighter, 2);
        }
        voteFor(added, EVERYONE);
        voteFor(amended, EVERYONE);
        warpToEta(added);
        council.execute(added, ActionKind.AddConstraint, addConstraint("x"));
        warpToEta(amended);
        assertState(amended, ProposalState.Succeeded, "a seat delays it once");
    }

    function assertNotObjectable(uint8 seat, uint256 id, ActionKind kind, uint8 round) private {
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotObjectable.selector, id, kind, round));
        objectAs(seat, id);
    }
}
