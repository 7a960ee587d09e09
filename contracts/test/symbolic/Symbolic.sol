// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Parameters} from "../../src/types/Parameters.sol";
import {System} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {Vm} from "../Vm.sol";

/// @dev The cheat codes of halmos itself.
interface SymbolicVm {
    function enableSymbolicStorage(address account) external;
    function createBytes32(string calldata name) external pure returns (bytes32);
    function createUint(uint256 bits, string calldata name) external pure returns (uint256);
}

/// @dev What a proof stands on. The contract under proof is the real one; this contract stands where the other five
/// would, answers their views with whatever the proof leaves open, and is the Council that a target obeys.
abstract contract Symbolic {
    Vm internal constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    SymbolicVm internal constant svm = SymbolicVm(address(uint160(uint256(keccak256("svm cheat code")))));

    function world() internal view returns (System memory) {
        address self = address(this);
        return System(self, self, self, self, self, self);
    }

    /// @dev The view of Constraints: the system under proof follows no other.
    function predecessor() external pure returns (address) {
        return address(0);
    }

    /// @dev The Council's view, as targets read it.
    function parameters() external pure virtual returns (uint32, Parameters memory) {
        return (1, Charter.parameters());
    }
}
