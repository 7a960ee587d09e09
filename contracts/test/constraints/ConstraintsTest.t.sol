// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    Direction,
    ParameterSetting,
    RetireConstraint,
    SetParameter
} from "../../src/types/Actions.sol";
import {Targets} from "../Targets.t.sol";

/// @dev Actions on one constraint, `ID`, with an upper and a lower bound.
abstract contract ConstraintsTest is Targets {
    string internal constant NAME = "max-output";
    bytes32 internal constant ID = keccak256(bytes(NAME));
    bytes32 internal constant TOKENS = "max_output_tokens";
    bytes32 internal constant EVALUATIONS = "min_evaluations";
    bytes internal constant DOCUMENT = '{"schema":"custodes.constraint/1"}';
    bytes internal constant OTHER_DOCUMENT = '{"schema":"custodes.constraint/1","version":2}';

    function limits(int128 tokens, int128 evaluations) internal pure returns (ParameterSetting[] memory settings) {
        settings = new ParameterSetting[](2);
        settings[0] = ParameterSetting(TOKENS, Direction.Max, tokens);
        settings[1] = ParameterSetting(EVALUATIONS, Direction.Min, evaluations);
    }

    function limit(Direction direction, int128 value) internal pure returns (ParameterSetting[] memory settings) {
        settings = new ParameterSetting[](1);
        settings[0] = ParameterSetting(TOKENS, direction, value);
    }

    function adding(uint40 expiresAt, ParameterSetting[] memory settings) internal pure returns (bytes memory) {
        return abi.encode(AddConstraint(NAME, expiresAt, settings, DOCUMENT));
    }

    function amending(bytes32 parent, uint40 expiresAt) internal pure returns (bytes memory) {
        return abi.encode(AmendConstraint(ID, parent, expiresAt, OTHER_DOCUMENT));
    }

    function changing(bytes32 parent, bytes32 key, int128 value) internal pure returns (bytes memory) {
        return abi.encode(SetParameter(ID, parent, key, value));
    }

    function retiring(bytes32 parent) internal pure returns (bytes memory) {
        return abi.encode(RetireConstraint(ID, parent));
    }

    /// @dev The constraint is in force; returns its version.
    function add(uint40 expiresAt, ParameterSetting[] memory settings) internal returns (bytes32 version) {
        enact(constraints, ActionKind.AddConstraint, adding(expiresAt, settings), 1);
        return versionNow();
    }

    function add() internal returns (bytes32 version) {
        return add(0, limits(100, 10));
    }

    function retire() internal {
        enact(constraints, ActionKind.RetireConstraint, retiring(versionNow()), 3);
    }

    function versionNow() internal view returns (bytes32) {
        return constraints.getConstraint(ID).version;
    }

    function assertValue(bytes32 key, int128 expected) internal view {
        int128 actual = constraints.getParameter(ID, key).value;
        assertEq(bytes32(uint256(int256(actual))), bytes32(uint256(int256(expected))), "parameter");
    }

    /// @dev An action that names `ID` is refused before it exists, and after its retirement.
    function assertNeedsInForce(ActionKind kind, bytes memory action) internal {
        assertRefused(constraints, kind, action, notInForce(IConstraints.Status.None));
        add();
        retire();
        assertRefused(constraints, kind, action, notInForce(IConstraints.Status.Retired));
    }

    function notInForce(IConstraints.Status actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.NotInForce.selector, ID, actual);
    }

    function unexpectedParent(bytes32 actual, bytes32 expected) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.UnexpectedParent.selector, ID, actual, expected);
    }

    function badParameter(bytes32 key) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IConstraints.BadParameter.selector, ID, key);
    }
}
