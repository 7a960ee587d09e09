// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Base} from "../Base.t.sol";

/// @dev What campaigns share: they show how often they reached what they are meant to judge (`forge test -vv`), and fail
/// if they never did.
abstract contract Campaign is Base {
    event Reached(string what, uint256 times);

    function assertReached(string memory what, uint256 times) internal {
        emit Reached(what, times);
        assertLe(1, times, what);
    }

    /// @dev The voting keys of the charter's seats, for a handler.
    function keys() internal view returns (address[] memory all) {
        all = new address[](15);
        for (uint256 i; i < all.length; ++i) {
            all[i] = voters[i];
        }
    }
}
