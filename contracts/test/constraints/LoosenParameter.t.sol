// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ActionKind, Direction} from "../../src/types/Actions.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

contract LoosenParameterTest is ConstraintsTest {
    ActionKind private constant KIND = ActionKind.LoosenParameter;

    function test_loosen_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(constraints, KIND, changing(add(), TOKENS, 101), caller);
    }

    function test_loosen_reverts_unlessInForce() public {
        assertNeedsInForce(KIND, changing(0, TOKENS, 101));
    }

    function test_loosen_reverts_onAnotherParent(bytes32 parent) public {
        bytes32 version = add();
        vm.assume(parent != version);
        assertRefused(constraints, KIND, changing(parent, TOKENS, 101), unexpectedParent(version, parent));
    }

    function test_loosen_reverts_onUnknownParameter(bytes32 key) public {
        vm.assume(key != TOKENS && key != EVALUATIONS);
        assertRefused(constraints, KIND, changing(add(), key, 101), badParameter(key));
    }

    /// @dev R-Constraints-05.
    function test_loosen_movesAParameterOnlyAgainstItsDirection(bool upper, int128 oldValue, int128 newValue) public {
        Direction direction = upper ? Direction.Max : Direction.Min;
        bytes memory action = changing(add(0, limit(direction, oldValue)), TOKENS, newValue);
        bool looser = upper ? newValue > oldValue : newValue < oldValue;
        if (looser) {
            enact(constraints, KIND, action, 3);
            assertValue(TOKENS, newValue);
        } else {
            assertRefused(constraints, KIND, action, notLooser(direction, oldValue, newValue));
            assertValue(TOKENS, oldValue);
        }
    }

    function test_loosen_reverts_onAnEqualValue(bool upper, int128 value) public {
        Direction direction = upper ? Direction.Max : Direction.Min;
        bytes memory action = changing(add(0, limit(direction, value)), TOKENS, value);
        assertRefused(constraints, KIND, action, notLooser(direction, value, value));
    }

    /// @dev R-Council-18.
    function test_loosen_needsTierThree() public {
        assertTier(constraints, KIND, changing(add(), TOKENS, 101), 3);
    }

    function test_loosen_emitsOldAndNew() public {
        bytes memory action = changing(add(), EVALUATIONS, 9);
        vm.expectEmit(address(constraints));
        emit IConstraints.ParameterChanged(ID, EVALUATIONS, nextProposal(), Direction.Min, 10, 9);
        enact(constraints, KIND, action, 3);
        assertTrue(constraints.getParameter(ID, EVALUATIONS).direction == Direction.Min, "direction");
    }

    function notLooser(Direction direction, int128 oldValue, int128 newValue) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.NotLooser.selector, ID, TOKENS, direction, oldValue, newValue);
    }
}
