// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Direction,
    ParameterSetting,
    SetParameter,
    SuspendSeat
} from "../../src/types/Actions.sol";
import {TierRule} from "../../src/types/Parameters.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {ActionContext} from "../../src/types/System.sol";
import {Base} from "../Base.t.sol";
import {Charter} from "../Charter.sol";

/// @dev Proposals of every tier that are easy to make, and refusals that are easy to name.
abstract contract CouncilTest is Base {
    bytes32 internal constant RULE_ID = keccak256("rule");
    bytes32 internal constant KEY = "max_tokens";

    // --- proposals of each tier

    /// @dev Tier 1, no timelock, nothing that must stand before.
    function proposeTier1() internal returns (uint256) {
        return propose(ActionKind.AddConstraint, addConstraint("tier 1"));
    }

    /// @dev Tier 4.
    function proposeTier4() internal returns (uint256) {
        return propose(ActionKind.SetParameters, setParameters());
    }

    /// @dev A change of parameters that changes nothing.
    function setParameters() internal pure returns (bytes memory) {
        return abi.encode(Charter.parameters());
    }

    function rule(uint8 tier) internal pure returns (TierRule memory) {
        return Charter.parameters().tiers[tier - 1];
    }

    /// @dev A constraint in force, "rule", that says KEY <= 100.
    function addRule() internal {
        ParameterSetting[] memory settings = new ParameterSetting[](1);
        settings[0] = ParameterSetting(KEY, Direction.Max, 100);
        carry(ActionKind.AddConstraint, abi.encode(AddConstraint("rule", 0, settings, "{}")));
    }

    function setParameter(int128 value) internal view returns (bytes memory) {
        return abi.encode(SetParameter(RULE_ID, constraints.getConstraint(RULE_ID).version, KEY, value));
    }

    function amendment() internal view returns (bytes memory) {
        return abi.encode(AmendConstraint(RULE_ID, constraints.getConstraint(RULE_ID).version, 0, "{\"v\":2}"));
    }

    /// @dev A claimed tightening of "rule".
    function proposeAmendment() internal returns (uint256) {
        addRule();
        return propose(ActionKind.AmendTighter, amendment());
    }

    /// @dev Suspends the seat by a vote of everyone.
    function suspend(uint8 seat) internal {
        carryWith(EVERYONE & ~(uint64(1) << seat), ActionKind.SuspendSeat, abi.encode(SuspendSeat(seat, 0)));
    }

    /// @dev Carried out at once, as if the Council had passed it long ago.
    function targetAs(address target, ActionKind kind, bytes memory action, uint8 tier) internal {
        vm.prank(sys.council);
        IActionTarget(target).executeAction(kind, action, ActionContext(uint256(keccak256(action)), tier));
    }

    // --- refusals

    function notLive(address account) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.NotLiveSeat.selector, account);
    }

    function unexpected(uint256 id, ProposalState actual, ProposalState required) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.UnexpectedState.selector, id, actual, required);
    }

    function unknown(uint256 id) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.UnknownProposal.selector, id);
    }

    function notEligible(uint256 id, uint8 seat) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.NotEligible.selector, id, seat);
    }

    // --- assertions

    function assertBallot(uint256 id, uint8 seat, uint8 choice, uint8 round, uint8 count) internal view {
        (uint8 actualChoice, uint8 actualRound, uint8 actualCount) = council.ballotOf(id, seat);
        assertEq(actualChoice, choice, "choice");
        assertEq(actualRound, round, "round");
        assertEq(actualCount, count, "count");
    }

    function choiceOf(Support support) internal pure returns (uint8) {
        return uint8(support) + 1;
    }
}
