// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ActionKind} from "../../src/types/Actions.sol";
import {ConstraintsTest} from "./ConstraintsTest.t.sol";

/// @dev R-Constraints-06: what ends when it ended before is not shortened, to the second.
contract SameExpiryTest is ConstraintsTest {
    function test_amendTighter_mayKeepTheExpiry(uint40 expiresAt) public {
        expiresAt = uint40(bound(expiresAt, nowAt() + 30 days, type(uint40).max));
        enact(constraints, ActionKind.AmendTighter, amending(add(expiresAt, limits(100, 10)), expiresAt), 1);
        assertEq(constraints.getConstraint(ID).expiresAt, expiresAt, "expiry");
    }
}
