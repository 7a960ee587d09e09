// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

contract RequestUnlockTest is CommitteeTest {
    bytes32 private releaseId;

    function setUp() public override {
        super.setUp();
        releaseId = toReleased();
    }

    function test_request_reverts_fromAStranger(address caller) public {
        vm.assume(caller != WORKER && caller != OTHER_WORKER);
        vm.expectRevert(notReleasable(caller, IReleases.Releasability.WorkerNotNamed));
        request(releaseId, caller, 0);
    }

    function test_request_reverts_underAnUnknownRelease(bytes32 unknown) public {
        vm.assume(unknown != releaseId);
        releaseId = unknown;
        vm.expectRevert(notReleasable(WORKER, IReleases.Releasability.UnknownRelease));
        request(unknown, WORKER, 0);
    }

    function test_request_reverts_afterTheReleaseExpired() public {
        vm.warp(releases.getRelease(releaseId).expiresAt);
        vm.expectRevert(notReleasable(WORKER, IReleases.Releasability.Expired));
        request(releaseId, WORKER, 0);
    }

    function test_request_reverts_afterTheReleaseWasRevoked() public {
        revoke(releaseId);
        vm.expectRevert(notReleasable(WORKER, IReleases.Releasability.Revoked));
        request(releaseId, WORKER, 0);
    }

    function test_request_reverts_whileTheLineageIsStopped() public {
        stop(modelId);
        vm.expectRevert(notReleasable(WORKER, IReleases.Releasability.Stopped));
        request(releaseId, WORKER, 0);
    }

    function test_request_reverts_whileEverythingIsStopped() public {
        stop(0);
        vm.expectRevert(notReleasable(WORKER, IReleases.Releasability.Stopped));
        request(releaseId, WORKER, 0);
    }

    function test_request_reverts_whileOneIsOpen() public {
        bytes32 open = request(releaseId, WORKER, 0);
        bytes memory err = requestOpen(open);
        vm.warp(committee.getRequest(open).expiresAt); // its last second
        vm.expectRevert(err);
        request(releaseId, WORKER, 1);
    }

    function test_request_reverts_onATransportKeyThatServedBefore() public {
        bytes32 first = request(releaseId, WORKER, 0);
        bytes memory err = requestOpen(first);
        vm.warp(committee.getRequest(first).expiresAt + 1);
        vm.expectRevert(err);
        request(releaseId, WORKER, 0);
    }

    // --- transport keys

    function test_request_reverts_onTheIdentityAsTransportKey() public {
        assertTransportKeyRefused(new bytes(128), new bytes(256));
        assertTransportKeyRefused(new bytes(128), DkgVectors.t2(0));
        assertTransportKeyRefused(DkgVectors.t1(0), new bytes(256));
    }

    /// @dev The point (0, 2) has order 3: an answer would give x_i H(id) away up to three values.
    function test_request_reverts_onALowOrderTransportKey() public {
        assertTransportKeyRefused(DkgVectors.G1_LOW_ORDER, DkgVectors.t2(0));
        assertTransportKeyRefused(DkgVectors.G1_LOW_ORDER, new bytes(256));
        assertTransportKeyRefused(DkgVectors.t1(0), DkgVectors.G2_OFF_SUBGROUP);
    }

    function test_request_reverts_ifT1AndT2HoldDifferentSecrets() public {
        assertTransportKeyRefused(DkgVectors.t1(0), DkgVectors.t2(1));
    }

    function test_request_reverts_onASecondEncodingOfTheTransportKey() public {
        assertTransportKeyRefused(DkgVectors.T1_NOT_CANONICAL, DkgVectors.t2(0));
        assertTransportKeyRefused(DkgVectors.t1(0), DkgVectors.T2_NOT_CANONICAL);
    }

    /// @dev A cut in another place would give the same hash of T1 || T2.
    function test_request_reverts_onATransportKeyOfAnotherLength() public {
        bytes memory both = bytes.concat(DkgVectors.t1(0), DkgVectors.t2(0));
        assertTransportKeyRefused(both, "");
        assertTransportKeyRefused("", both);
        assertTransportKeyRefused(bytes.concat(DkgVectors.t1(0), hex"00"), DkgVectors.t2(0));
    }

    // --- what it does

    function test_request_pinsEpochAndIdentity() public {
        uint40 expiresAt = uint40(nowAt() + 1 hours);
        bytes32 transportHash = keccak256(bytes.concat(DkgVectors.t1(0), DkgVectors.t2(0)));
        bytes32 expected = keccak256(
            abi.encode("custodes/unlock/v1", block.chainid, address(committee), EPOCH, releaseId, WORKER, transportHash)
        );
        vm.expectEmit(address(committee));
        emit ICommittee.UnlockRequested(
            expected, releaseId, WORKER, EPOCH, DkgVectors.IDENTITY, DkgVectors.t1(0), DkgVectors.t2(0), expiresAt
        );
        bytes32 requestId = request(releaseId, WORKER, 0);
        assertEq(requestId, expected, "id");
        assertEq(committee.computeRequestId(EPOCH, releaseId, WORKER, transportHash), expected, "computed id");
        assertEq(committee.lastRequest(releaseId, WORKER), expected, "last request");
        ICommittee.Request memory made = committee.getRequest(requestId);
        assertEq(made.releaseId, releaseId, "release");
        assertEq(made.identity, DkgVectors.IDENTITY, "identity");
        assertEq(made.transportHash, transportHash, "transport key");
        assertEq(made.worker, WORKER, "worker");
        assertEq(made.epoch, EPOCH, "epoch");
        assertEq(made.expiresAt, expiresAt, "expiry");
        assertEq(made.approvals, 0, "approvals");
        assertEq(made.partials, 0, "partials");
        assertEq(committee.hashToG1(made.identity), DkgVectors.HASHED_IDENTITY, "H(id)");
    }

    function test_request_succeeds_forEachWorkerAndRelease() public {
        bytes32 first = request(releaseId, WORKER, 0);
        bytes32 second = request(releaseId, OTHER_WORKER, 0); // the same transport key under another id
        bytes32 third = request(grantRelease(), WORKER, 1);
        assertTrue(first != second && second != third && first != third, "three requests");
    }

    function test_request_succeeds_onceTheLastOneExpired() public {
        bytes32 first = request(releaseId, WORKER, 0);
        vm.warp(committee.getRequest(first).expiresAt + 1);
        assertEq(committee.lastRequest(releaseId, WORKER), first, "last request");
        bytes32 second = request(releaseId, WORKER, 1);
        assertEq(committee.lastRequest(releaseId, WORKER), second, "last request");
    }

    function test_request_succeeds_onceTheLastOneWasAnswered() public {
        bytes32 first = request(releaseId, WORKER, 0);
        approveByThree(first);
        for (uint256 member = 1; member < THRESHOLD; ++member) {
            post(first, member, 0);
        }
        vm.expectRevert(requestOpen(first));
        request(releaseId, WORKER, 1);
        post(first, THRESHOLD, 0);
        request(releaseId, WORKER, 1);
    }

    // --- helpers

    function assertTransportKeyRefused(bytes memory t1, bytes memory t2) private {
        vm.expectRevert(badPoint());
        vm.prank(WORKER);
        committee.requestUnlock{gas: GAS}(releaseId, t1, t2);
    }

    function requestOpen(bytes32 requestId) private view returns (bytes memory) {
        uint40 expiresAt = committee.getRequest(requestId).expiresAt;
        return abi.encodeWithSelector(ICommittee.RequestOpen.selector, requestId, expiresAt);
    }

    function notReleasable(address worker, IReleases.Releasability reason) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.NotReleasable.selector, releaseId, worker, uint8(reason));
    }
}

contract RequestWithoutCommitteeTest is CommitteeTest {
    function test_request_reverts_withoutACommittee() public {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoCommittee.selector));
        request(keccak256("release"), WORKER, 0);
        toAcknowledging(); // a key that is being made is none
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoCommittee.selector));
        request(keccak256("release"), WORKER, 0);
    }
}
