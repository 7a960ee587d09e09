// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Vm} from "./Vm.sol";

/// @dev The smallest base of a test: the cheat codes, assertions that say what was found, bounds for fuzzed numbers.
abstract contract Test {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));

    error Unequal(string what, bytes32 actual, bytes32 expected);
    error UnequalNumbers(string what, uint256 actual, uint256 expected);
    error UnequalBytes(string what, bytes actual, bytes expected);
    error NotTrue(string what);
    error NotAtMost(string what, uint256 actual, uint256 most);

    function assertTrue(bool condition) internal pure {
        assertTrue(condition, "true");
    }

    function assertFalse(bool condition) internal pure {
        assertFalse(condition, "true");
    }

    function assertEq(uint256 actual, uint256 expected) internal pure {
        assertEq(actual, expected, "");
    }

    function assertEq(int256 actual, int256 expected) internal pure {
        assertEq(uint256(actual), uint256(expected), "");
    }

    function assertEq(address actual, address expected) internal pure {
        assertEq(actual, expected, "");
    }

    function assertEq(bytes32 actual, bytes32 expected) internal pure {
        assertEq(actual, expected, "");
    }

    function assertEq(bytes memory actual, bytes memory expected) internal pure {
        assertEq(actual, expected, "");
    }

    function assertEq(bool actual, bool expected) internal pure {
        assertEq(actual, expected, "equal");
    }

    function assertTrue(bool condition, string memory what) internal pure {
        if (!condition) revert NotTrue(what);
    }

    function assertFalse(bool condition, string memory what) internal pure {
        if (condition) revert NotTrue(string.concat("not ", what));
    }

    function assertEq(uint256 actual, uint256 expected, string memory what) internal pure {
        if (actual != expected) revert UnequalNumbers(what, actual, expected);
    }

    function assertEq(address actual, address expected, string memory what) internal pure {
        if (actual != expected) revert Unequal(what, bytes32(bytes20(actual)), bytes32(bytes20(expected)));
    }

    function assertEq(bytes32 actual, bytes32 expected, string memory what) internal pure {
        if (actual != expected) revert Unequal(what, actual, expected);
    }

    function assertEq(bool actual, bool expected, string memory what) internal pure {
        if (actual != expected) revert NotTrue(what);
    }

    function assertEq(bytes memory actual, bytes memory expected, string memory what) internal pure {
        if (keccak256(actual) != keccak256(expected)) revert UnequalBytes(what, actual, expected);
    }

    function assertLe(uint256 actual, uint256 most, string memory what) internal pure {
        if (actual > most) revert NotAtMost(what, actual, most);
    }

    /// @dev A fuzzed number brought into [min, max]; small ones stay what they are.
    function bound(uint256 x, uint256 min, uint256 max) internal pure returns (uint256) {
        if (x >= min && x <= max) return x;
        uint256 size = max - min + 1;
        return size == 0 ? x : min + x % size;
    }

    /// @dev The time now, even where the optimizer keeps block.timestamp over a warp.
    function nowAt() internal view returns (uint256) {
        return vm.getBlockTimestamp();
    }

    function skip(uint256 elapsed) internal {
        vm.warp(nowAt() + elapsed);
    }

    /// @dev Deploys a compiled contract without importing it, so that a test does not compile it again.
    function deploy(string memory artifact, bytes memory arguments) internal returns (address deployed) {
        bytes memory initcode = abi.encodePacked(vm.getCode(artifact), arguments);
        assembly ("memory-safe") {
            deployed := create(0, add(initcode, 0x20), mload(initcode))
            if iszero(deployed) {
                let pointer := mload(0x40)
                returndatacopy(pointer, 0, returndatasize())
                revert(pointer, returndatasize())
            }
        }
    }
}
