// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind, AddConstraint, Direction, ParameterSetting} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

contract AddConstraintTest is ConstraintsTest {
    ActionKind private constant KIND = ActionKind.AddConstraint;

    /// @dev R-Council-19.
    function test_add_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(constraints, KIND, adding(0, limits(100, 10)), caller);
    }

    /// @dev R-Council-20.
    function test_constraints_revert_onActionsOfOtherContracts(uint8 rawKind) public {
        ActionKind kind = ActionKind(bound(rawKind, 0, uint8(type(ActionKind).max)));
        vm.assume(kind < ActionKind.AddConstraint || kind > ActionKind.AmendTighter);
        vm.assume(kind < ActionKind.LoosenParameter || kind > ActionKind.RetireConstraint);
        bytes memory action = adding(0, limits(100, 10));
        assertRefused(constraints, kind, action, abi.encodeWithSelector(IActionTarget.UnknownAction.selector, kind));
    }

    function test_add_reverts_ifTheIdIsInForce() public {
        bytes memory action = adding(0, limits(100, 10));
        add();
        assertRefused(constraints, KIND, action, abi.encodeWithSelector(IConstraints.ConstraintExists.selector, ID));
    }

    /// @dev R-Constraints-01.
    function test_add_reverts_ifTheIdWasRetired() public {
        bytes memory action = adding(0, limits(100, 10));
        add();
        retire();
        assertRefused(constraints, KIND, action, abi.encodeWithSelector(IConstraints.ConstraintExists.selector, ID));
    }

    function test_add_reverts_withoutDocument() public {
        uint256 allowed = Charter.parameters().documentBytes;
        bytes memory action = abi.encode(AddConstraint(NAME, 0, limits(100, 10), ""));
        bytes memory err = abi.encodeWithSelector(IConstraints.DocumentSize.selector, 0, allowed);
        assertRefused(constraints, KIND, action, err);
    }

    /// @dev R-Constraints-03.
    function test_add_reverts_ifTheDocumentIsTooLong(uint256 excess) public {
        uint256 allowed = Charter.parameters().documentBytes;
        excess = bound(excess, 1, 200);
        bytes memory action = abi.encode(AddConstraint(NAME, 0, limits(100, 10), new bytes(allowed + excess)));
        bytes memory err = abi.encodeWithSelector(IConstraints.DocumentSize.selector, allowed + excess, allowed);
        assertRefused(constraints, KIND, action, err);
    }

    function test_add_succeeds_withTheLongestDocument() public {
        bytes memory document = new bytes(Charter.parameters().documentBytes);
        bytes memory action = abi.encode(AddConstraint(NAME, 0, limits(100, 10), document));
        enact(constraints, KIND, action, 1);
        assertEq(constraints.getConstraint(ID).documentHash, keccak256(document), "document hash");
    }

    /// @dev R-Constraints-06.
    function test_add_reverts_ifTheExpiryIsNotInTheFuture(uint40 expiresAt) public {
        expiresAt = uint40(bound(expiresAt, 1, nowAt()));
        bytes memory action = adding(expiresAt, limits(100, 10));
        bytes memory err = abi.encodeWithSelector(IConstraints.ExpiryPast.selector, ID, expiresAt);
        assertRefused(constraints, KIND, action, err);
    }

    function test_add_reverts_ifAParameterHasNoDirection() public {
        assertRefused(constraints, KIND, adding(0, limit(Direction.None, 5)), badParameter(TOKENS));
    }

    function test_add_reverts_ifAParameterHasNoKey() public {
        ParameterSetting[] memory settings = limits(100, 10);
        settings[1].key = 0;
        assertRefused(constraints, KIND, adding(0, settings), badParameter(0));
    }

    /// @dev R-Constraints-09.
    function test_add_reverts_ifAParameterStandsTwice(uint8 size, uint8 first, uint8 second) public {
        ParameterSetting[] memory settings = new ParameterSetting[](bound(size, 2, 12));
        for (uint256 i; i < settings.length; ++i) {
            settings[i] = ParameterSetting(bytes32(i + 1), Direction.Max, int128(int256(i)));
        }
        uint256 i1 = bound(first, 0, settings.length - 2);
        uint256 i2 = bound(second, i1 + 1, settings.length - 1);
        settings[i2].key = settings[i1].key;
        // Another direction or value does not make it another parameter.
        settings[i2].direction = Direction.Min;
        assertRefused(constraints, KIND, adding(0, settings), badParameter(settings[i1].key));
    }

    function test_add_needsTierOne() public {
        assertTier(constraints, KIND, adding(0, limits(100, 10)), 1);
    }

    function test_add_keepsEverythingThatWasVoted(uint40 expiresAt, int128 tokens, int128 evaluations) public {
        expiresAt = expiresAt == 0 ? 0 : uint40(bound(expiresAt, nowAt() + 1, type(uint40).max));
        bytes32 version = add(expiresAt, limits(tokens, evaluations));

        IConstraints.Constraint memory added = constraints.getConstraint(ID);
        assertTrue(added.status == IConstraints.Status.InForce, "status");
        assertEq(added.expiresAt, expiresAt, "expiry");
        assertEq(added.documentHash, keccak256(DOCUMENT), "document hash");
        assertEq(added.version, version, "version");
        assertEq(constraints.head(), version, "the version is the head right after the change");
        assertTrue(constraints.getParameter(ID, TOKENS).direction == Direction.Max, "direction");
        assertTrue(constraints.getParameter(ID, EVALUATIONS).direction == Direction.Min, "direction");
        assertValue(TOKENS, tokens);
        assertValue(EVALUATIONS, evaluations);
        assertTrue(constraints.getParameter(ID, "unknown").direction == Direction.None, "direction");
    }

    function test_add_emitsDocumentAndParameters() public {
        uint256 proposalId = nextProposal();
        vm.expectEmit(address(constraints));
        emit IConstraints.ParameterChanged(ID, TOKENS, proposalId, Direction.Max, 0, 100);
        vm.expectEmit(address(constraints));
        emit IConstraints.ParameterChanged(ID, EVALUATIONS, proposalId, Direction.Min, 0, 10);
        vm.expectEmit(address(constraints));
        emit IConstraints.ConstraintAdded(ID, proposalId, NAME, 0, DOCUMENT);
        add();
    }
}
