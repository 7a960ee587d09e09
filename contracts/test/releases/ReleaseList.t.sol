// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ReleasesTest} from "./ReleasesTest.t.sol";

/// @dev Whoever has no logs can still list what was ever released.
contract ReleaseListTest is ReleasesTest {
    function test_releases_areListedInTheirOrder_endedOnesIncluded() public {
        bytes32 model = register(1, 0);
        assertEq(releases.releaseCount(), 0, "none yet");
        bytes32 first = grant(model);
        bytes32 second = grant(model);
        assertTrue(first != second, "two");
        revoke(first);
        assertEq(releases.releaseCount(), 2, "a revocation takes none away");
        assertEq(releases.releaseAt(1), first, "first");
        assertEq(releases.releaseAt(2), second, "second");
    }

    function test_release_isZero_beyondTheLast(uint32 n) public {
        grant(register(1, 0));
        if (n != 1) assertEq(releases.releaseAt(n), bytes32(0), "none");
    }
}
