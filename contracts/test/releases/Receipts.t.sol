// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

/// forge-config: default.fuzz.runs = 64
/// forge-config: ci.fuzz.runs = 256
contract ReceiptsTest is ReleasesTest {
    bytes32 private constant ROOT = keccak256("root");

    bytes32 private releaseId;

    function setUp() public override {
        super.setUp();
        releaseId = grant(register(1, 0));
    }

    /// @dev R-Releases-09.
    function test_anchor_reverts_fromAnybodyButANamedWorker(address caller) public {
        vm.assume(caller != WORKER);
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(IReleases.NotNamedWorker.selector, releaseId, caller));
        releases.anchorReceipts(releaseId, ROOT, 1);
    }

    function test_anchor_reverts_underAnotherRelease(bytes32 other) public {
        vm.assume(other != releaseId);
        vm.prank(WORKER);
        vm.expectRevert(abi.encodeWithSelector(IReleases.NotNamedWorker.selector, other, WORKER));
        releases.anchorReceipts(other, ROOT, 1);
    }

    /// @dev Batches and receipts count from 0, without a gap and never again.
    function test_anchor_numbersReceiptsWithoutGaps(uint32[4] memory counts) public {
        uint64 sequence;
        for (uint64 batch; batch < counts.length; ++batch) {
            bytes32 root = keccak256(abi.encode(batch));
            vm.expectEmit(address(releases));
            emit IReleases.ReceiptsAnchored(releaseId, WORKER, batch, root, sequence, counts[batch]);
            vm.prank(WORKER);
            releases.anchorReceipts(releaseId, root, counts[batch]);
            sequence += counts[batch];
            (uint64 batches, uint64 total, bytes32 lastRoot) = releases.receiptState(releaseId, WORKER);
            assertEq(batches, batch + 1, "batches");
            assertEq(total, sequence, "receipts");
            assertEq(lastRoot, root, "root");
        }
    }

    function test_anchor_reverts_ifTheCountOverflows() public {
        vm.startPrank(WORKER);
        releases.anchorReceipts(releaseId, ROOT, type(uint64).max);
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 0x11));
        releases.anchorReceipts(releaseId, ROOT, 1);
    }

    /// @dev The last receipts are anchored after the end.
    function test_anchor_succeeds_whateverTheStanding(uint8 which) public {
        if (which % 3 == 0) vm.warp(nowAt() + 60 days);
        if (which % 3 == 1) revoke(releaseId);
        if (which % 3 == 2) stop(0);
        assertFalse(releases.isReleasable(releaseId, WORKER), "releasable");
        vm.prank(WORKER);
        releases.anchorReceipts(releaseId, ROOT, 3);
        (, uint64 total,) = releases.receiptState(releaseId, WORKER);
        assertEq(total, 3, "receipts");
    }
}
