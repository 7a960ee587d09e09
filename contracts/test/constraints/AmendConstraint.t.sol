// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind, AmendConstraint} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

/// @dev What holds for an amendment whichever way it claims to go.
abstract contract AmendConstraintTest is ConstraintsTest {
    function kindOf() internal pure virtual returns (ActionKind);

    function tierOf() internal pure virtual returns (uint8);

    function test_amend_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(constraints, kindOf(), amending(add(), 0), caller);
    }

    function test_amend_reverts_unlessInForce() public {
        assertNeedsInForce(kindOf(), amending(0, 0));
    }

    function test_amend_reverts_onAnotherParent(bytes32 parent) public {
        bytes32 version = add();
        vm.assume(parent != version);
        assertRefused(constraints, kindOf(), amending(parent, 0), unexpectedParent(version, parent));
    }

    function test_amend_reverts_withoutDocument() public {
        bytes memory action = abi.encode(AmendConstraint(ID, add(), 0, ""));
        bytes memory err =
            abi.encodeWithSelector(IConstraints.DocumentSize.selector, 0, uint256(Charter.parameters().documentBytes));
        assertRefused(constraints, kindOf(), action, err);
    }

    function test_amend_reverts_ifTheDocumentIsTooLong() public {
        uint256 allowed = Charter.parameters().documentBytes;
        bytes memory action = abi.encode(AmendConstraint(ID, add(), 0, new bytes(allowed + 1)));
        bytes memory err = abi.encodeWithSelector(IConstraints.DocumentSize.selector, allowed + 1, allowed);
        assertRefused(constraints, kindOf(), action, err);
    }

    function test_amend_reverts_ifTheExpiryIsNotInTheFuture(uint40 expiresAt) public {
        expiresAt = uint40(bound(expiresAt, 1, nowAt()));
        assertRefused(constraints, kindOf(), amending(add(), expiresAt), expiryPast(expiresAt));
    }

    function test_amend_needsItsTier() public {
        assertTier(constraints, kindOf(), amending(add(), 0), tierOf());
    }

    function test_amend_replacesTheDocumentAndKeepsTheParameters() public {
        bytes memory action = amending(add(), 0);
        vm.expectEmit(address(constraints));
        emit IConstraints.ConstraintAmended(ID, nextProposal(), kindOf(), 0, OTHER_DOCUMENT);
        enact(constraints, kindOf(), action, tierOf());
        IConstraints.Constraint memory amended = constraints.getConstraint(ID);
        assertTrue(amended.status == IConstraints.Status.InForce, "status");
        assertEq(amended.documentHash, keccak256(OTHER_DOCUMENT), "document hash");
        assertEq(amended.version, constraints.head(), "version");
        assertValue(TOKENS, 100);
        assertValue(EVALUATIONS, 10);
    }

    function expiryPast(uint40 expiresAt) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.ExpiryPast.selector, ID, expiresAt);
    }
}

contract AmendTighterTest is AmendConstraintTest {
    function kindOf() internal pure override returns (ActionKind) {
        return ActionKind.AmendTighter;
    }

    function tierOf() internal pure override returns (uint8) {
        return 1;
    }

    /// @dev R-Constraints-06.
    function test_amendTighter_neverShortensAnExpiry(uint40 oldExpiry, uint40 newExpiry) public {
        oldExpiry = oldExpiry % 8 == 0 ? 0 : uint40(bound(oldExpiry, nowAt() + 1, type(uint40).max));
        newExpiry = newExpiry % 8 == 0 ? 0 : uint40(bound(newExpiry, nowAt() + 1, type(uint40).max));
        bytes memory action = amending(add(oldExpiry, limits(100, 10)), newExpiry);
        // 0 is never: the longest of all.
        uint256 oldEnd = oldExpiry == 0 ? type(uint256).max : oldExpiry;
        uint256 newEnd = newExpiry == 0 ? type(uint256).max : newExpiry;
        if (newEnd >= oldEnd) {
            enact(constraints, kindOf(), action, 1);
            assertEq(constraints.getConstraint(ID).expiresAt, newExpiry, "expiry");
        } else {
            bytes memory err = abi.encodeWithSelector(IConstraints.ExpiryShortened.selector, ID, oldExpiry, newExpiry);
            assertRefused(constraints, kindOf(), action, err);
        }
    }

    function test_amendTighter_reverts_byOneSecondLess() public {
        uint40 expiresAt = uint40(nowAt() + 1 days);
        bytes memory action = amending(add(expiresAt, limits(100, 10)), expiresAt - 1);
        bytes memory err = abi.encodeWithSelector(IConstraints.ExpiryShortened.selector, ID, expiresAt, expiresAt - 1);
        assertRefused(constraints, kindOf(), action, err);
    }

    /// @dev An escalated claim is carried out at tier 3 and still is what it claims.
    function test_amendTighter_neverShortensAnExpiry_atTierThree() public {
        bytes memory action = amending(add(0, limits(100, 10)), type(uint40).max);
        bytes memory err = abi.encodeWithSelector(IConstraints.ExpiryShortened.selector, ID, 0, type(uint40).max);
        assertRefusedAtExecution(constraints, kindOf(), action, 3, err);
    }

    /// @dev R-Constraints-06. An expired constraint denies its scope; to end the denial is to loosen.
    function test_amendTighter_revivesNoExpiredConstraint(uint40 newExpiry) public {
        uint40 expiresAt = uint40(nowAt() + 10);
        bytes32 version = add(expiresAt, limits(100, 10));
        vm.warp(expiresAt);
        newExpiry = newExpiry % 8 == 0 ? 0 : uint40(bound(newExpiry, nowAt() + 1, type(uint40).max));
        assertRefused(constraints, kindOf(), amending(version, newExpiry), expiryPast(expiresAt));
    }
}

contract AmendLooserTest is AmendConstraintTest {
    function kindOf() internal pure override returns (ActionKind) {
        return ActionKind.AmendLooser;
    }

    function tierOf() internal pure override returns (uint8) {
        return 3;
    }

    function test_amendLooser_setsAnyFutureExpiry(uint40 oldExpiry, uint40 newExpiry) public {
        oldExpiry = oldExpiry % 8 == 0 ? 0 : uint40(bound(oldExpiry, nowAt() + 1, type(uint40).max));
        newExpiry = newExpiry % 8 == 0 ? 0 : uint40(bound(newExpiry, nowAt() + 1, type(uint40).max));
        enact(constraints, kindOf(), amending(add(oldExpiry, limits(100, 10)), newExpiry), 3);
        assertEq(constraints.getConstraint(ID).expiresAt, newExpiry, "expiry");
    }

    function test_amendLooser_revivesAnExpiredConstraint() public {
        uint40 expiresAt = uint40(nowAt() + 10);
        bytes32 version = add(expiresAt, limits(100, 10));
        vm.warp(expiresAt);
        enact(constraints, kindOf(), amending(version, 0), 3);
        assertEq(constraints.getConstraint(ID).expiresAt, 0, "expiry");
    }
}
