// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../interfaces/IBrake.sol";
import {ActionTarget} from "../libraries/ActionTarget.sol";
import {System} from "../types/System.sol";

/// @dev The scopes, first of all: a verifier that proves `Releases.isReleasable` needs two slots of them,
/// keccak256(abi.encode(lineage, 0)) and keccak256(abi.encode(bytes32(0), 0)), that of the lineage and that of
/// everything. From low to high bits: openedAt 40, standing 32, generation 32, pulled 32. openedAt is never zero in a
/// scope that exists.
abstract contract BrakeStore is IBrake, ActionTarget {
    /// @dev The scope of everything.
    bytes32 internal constant EVERYTHING = 0;

    mapping(bytes32 scope => Scope) internal scopes; // slot 0, see above
    Stop[] internal stops; // stop i has the id i + 1

    constructor(System memory sys) ActionTarget(sys) {
        _open(EVERYTHING);
    }

    function _open(bytes32 scope) internal {
        scopes[scope].openedAt = uint40(block.timestamp);
        emit ScopeOpened(scope);
    }

    function _isOpen(bytes32 scope) internal view returns (bool) {
        return scopes[scope].openedAt != 0;
    }

    /// @dev R-Brake-08.
    function _checkScope(bytes32 scope) internal view {
        if (!_isOpen(scope)) revert UnknownScope(scope);
    }
}
