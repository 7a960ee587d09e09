// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind, Direction} from "../../src/types/Actions.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

contract TightenParameterTest is ConstraintsTest {
    ActionKind private constant KIND = ActionKind.TightenParameter;

    function test_tighten_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(constraints, KIND, changing(add(), TOKENS, 99), caller);
    }

    /// @dev R-Constraints-08.
    function test_tighten_reverts_unlessInForce() public {
        assertNeedsInForce(KIND, changing(0, TOKENS, 99));
    }

    /// @dev R-Constraints-02.
    function test_tighten_reverts_onAnotherParent(bytes32 parent) public {
        bytes32 version = add();
        vm.assume(parent != version);
        assertRefused(constraints, KIND, changing(parent, TOKENS, 99), unexpectedParent(version, parent));
    }

    /// @dev R-Constraints-09.
    function test_tighten_reverts_onUnknownParameter(bytes32 key) public {
        vm.assume(key != TOKENS && key != EVALUATIONS);
        assertRefused(constraints, KIND, changing(add(), key, 99), badParameter(key));
    }

    /// @dev R-Constraints-04. Invariant 9: no tier 1 execution moves a parameter against its direction, nor leaves it
    /// where it is.
    function test_tighten_movesAParameterOnlyInItsDirection(bool upper, int128 oldValue, int128 newValue) public {
        Direction direction = upper ? Direction.Max : Direction.Min;
        bytes memory action = changing(add(0, limit(direction, oldValue)), TOKENS, newValue);
        bool tighter = upper ? newValue < oldValue : newValue > oldValue;
        if (tighter) {
            enact(constraints, KIND, action, 1);
            assertValue(TOKENS, newValue);
        } else {
            assertRefused(constraints, KIND, action, notTighter(direction, oldValue, newValue));
            assertValue(TOKENS, oldValue);
        }
    }

    function test_tighten_reverts_onAnEqualValue(bool upper, int128 value) public {
        Direction direction = upper ? Direction.Max : Direction.Min;
        bytes memory action = changing(add(0, limit(direction, value)), TOKENS, value);
        assertRefused(constraints, KIND, action, notTighter(direction, value, value));
    }

    function test_tighten_needsTierOne() public {
        assertTier(constraints, KIND, changing(add(), TOKENS, 99), 1);
    }

    function test_tighten_keepsDirectionDocumentAndOtherParameters() public {
        enact(constraints, KIND, changing(add(), TOKENS, 99), 1);
        assertTrue(constraints.getParameter(ID, TOKENS).direction == Direction.Max, "direction");
        assertValue(EVALUATIONS, 10);
        assertEq(constraints.getConstraint(ID).documentHash, keccak256(DOCUMENT), "document hash");
        assertEq(versionNow(), constraints.head(), "version");
    }

    function test_tighten_succeeds_onAnExpiredConstraint() public {
        bytes32 version = add(uint40(nowAt() + 10), limits(100, 10));
        vm.warp(nowAt() + 11);
        enact(constraints, KIND, changing(version, TOKENS, 99), 1);
        assertValue(TOKENS, 99);
    }

    function test_tighten_emitsOldAndNew() public {
        bytes memory action = changing(add(), TOKENS, -7);
        vm.expectEmit(address(constraints));
        emit IConstraints.ParameterChanged(ID, TOKENS, nextProposal(), Direction.Max, 100, -7);
        enact(constraints, KIND, action, 1);
    }

    function notTighter(Direction direction, int128 oldValue, int128 newValue) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.NotTighter.selector, ID, TOKENS, direction, oldValue, newValue);
    }
}
