// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../src/interfaces/IActionTarget.sol";
import {ICouncil} from "../src/interfaces/ICouncil.sol";
import {ActionKind, Resume} from "../src/types/Actions.sol";
import {ActionContext} from "../src/types/System.sol";
import {Base} from "./Base.t.sol";
import {Charter} from "./Charter.sol";

/// @dev A target on its own: actions arrive as if the Council had passed them, so that every precondition can be tried.
/// Tests that need a vote, its delay or its proposal go through the Council itself (Base).
abstract contract Targets is Base {
    uint256 private enacted;

    /// @dev The action is carried out, under a proposal id of its own.
    function enact(IActionTarget target, ActionKind kind, bytes memory action, uint8 tier)
        internal
        returns (uint256 proposalId)
    {
        proposalId = _takeProposal();
        vm.prank(address(council));
        target.executeAction(kind, action, ActionContext(proposalId, tier));
    }

    /// @dev The proposal id of the next action that is enacted or refused.
    function nextProposal() internal view returns (uint256) {
        return uint256(keccak256(abi.encode("proposal of a test", enacted)));
    }

    /// @dev A yes of every seat, not executed yet.
    function proposeAndVote(ActionKind kind, bytes memory action) internal returns (uint256 proposalId) {
        proposalId = propose(kind, action);
        voteFor(proposalId, EVERYONE);
    }

    // --- refusals

    /// @dev Refused with that error when it is proposed and when it is carried out, whatever the tier.
    function assertRefused(IActionTarget target, ActionKind kind, bytes memory action, bytes memory err) internal {
        vm.expectRevert(err);
        target.checkAction(kind, action);
        assertRefusedAtExecution(target, kind, action, 4, err);
    }

    function assertRefusedAtExecution(
        IActionTarget target,
        ActionKind kind,
        bytes memory action,
        uint8 tier,
        bytes memory err
    ) internal {
        ActionContext memory context = ActionContext(_takeProposal(), tier);
        vm.prank(address(council));
        vm.expectRevert(err);
        target.executeAction(kind, action, context);
    }

    /// @dev The action needs exactly this tier now: the check says so, and the one below is refused.
    function assertTier(IActionTarget target, ActionKind kind, bytes memory action, uint8 required) internal {
        assertEq(target.checkAction(kind, action), required, "tier that the check names");
        uint8 below = required - 1;
        bytes memory err = abi.encodeWithSelector(ICouncil.TierTooLow.selector, nextProposal(), below, required);
        assertRefusedAtExecution(target, kind, action, below, err);
    }

    function assertOnlyCouncil(IActionTarget target, ActionKind kind, bytes memory action, address caller) internal {
        vm.assume(caller != address(council));
        ActionContext memory context = ActionContext(_takeProposal(), 4);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IActionTarget.OnlyCouncil.selector, caller));
        target.executeAction(kind, action, context);
    }

    // --- the brake

    function pull(bytes32 scope, uint256 seat) internal returns (uint64 stopId) {
        vm.prank(voters[seat]);
        return brake.pull(scope, keccak256("report"), 3, "it plans around its limits");
    }

    /// @dev A stop stands on the scope: k seats of two chambers pulled, k - 1 of the builders and one of oversight.
    function stop(bytes32 scope) internal returns (uint64 stopId) {
        uint256 k = Charter.parameters().pullSeats;
        for (uint256 seat; seat + 1 < k; ++seat) {
            assertEq(pull(scope, seat), 0, "no stop before the k-th pull");
        }
        stopId = pull(scope, Charter.PER_CHAMBER);
        assertTrue(stopId != 0, "a stop with the k-th pull");
    }

    /// @dev The report that the stop cites is answered, by a seat.
    function answer(uint64 stopId) internal {
        uint64 reportId = brake.getStop(stopId).reportId;
        vm.prank(voters[Charter.SEATS - 1]);
        brake.respond(reportId, keccak256("answer"), "the filter is mended");
    }

    /// @dev Answered, and lifted by a vote.
    function resume(uint64 stopId) internal {
        answer(stopId);
        enact(brake, ActionKind.Resume, resuming(stopId), 3);
    }

    function resuming(uint64 stopId) internal pure returns (bytes memory) {
        uint64[] memory ids = new uint64[](1);
        ids[0] = stopId;
        return abi.encode(Resume(ids));
    }

    /// @dev Nobody confirmed the stop within its term.
    function lapse(uint64 stopId) internal {
        vm.warp(brake.getStop(stopId).lapsesAt);
        brake.lapse(stopId);
    }

    function _takeProposal() private returns (uint256 proposalId) {
        proposalId = nextProposal();
        ++enacted;
    }
}
