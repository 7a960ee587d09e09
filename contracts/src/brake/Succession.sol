// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {NameSuccessor} from "../types/Actions.sol";
import {BrakeStore} from "./BrakeStore.sol";

/// @dev The last stop. It bars every release by the generation of everything, which each of them recorded, so that who
/// proves a release by its slots needs to know nothing of successors; and it closes the Council. What has been sealed,
/// said and stopped here stays readable for ever, as it was left.
abstract contract Succession is BrakeStore {
    uint256 private constant MAX_PARTS = 16;
    bytes1 private constant DELEGATION = 0xef; // EIP-7702; no contract's code begins so (EIP-3541)

    function _succeed(NameSuccessor memory action, uint256 proposalId) internal {
        _checkSuccessor(action);
        address successor = action.parts[0].account;
        scopes[EVERYTHING].generation += 1; // R-Brake-16
        emit SuccessorNamed(proposalId, successor, action.parts);
        COUNCIL.close(successor);
    }

    /// @dev R-Brake-15. Code that stays: an account that delegates (EIP-7702) has code too, and can change it any day.
    function _checkSuccessor(NameSuccessor memory action) internal view {
        uint256 count = action.parts.length;
        if (count == 0 || count > MAX_PARTS) revert BadSuccessor(count);
        for (uint256 i; i < count; ++i) {
            address account = action.parts[i].account;
            if (_isOwn(account)) revert OwnPart(account);
            bytes32 required = action.parts[i].codeHash;
            bytes32 actual = account.codehash;
            bytes memory code = account.code;
            if (actual != required || code.length == 0 || code[0] == DELEGATION) {
                revert WrongCode(account, actual, required);
            }
        }
    }

    function _isOwn(address account) private view returns (bool) {
        return account == address(SEATS) || account == address(COUNCIL) || account == address(CONSTRAINTS)
            || account == address(RELEASES) || account == address(BRAKE) || account == address(COMMITTEE);
    }
}
