// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
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
        bytes memory nothing = new bytes(128);
        assertTransportKeyRefused(nothing, proofOf(releaseId, WORKER, nothing, 0)); // all of it true: 0 = 0 H(id)
        assertTransportKeyRefused(nothing, new bytes(64));
    }

    /// @dev The point (0, 2) has order 3: an answer would say x_i modulo 3.
    function test_request_reverts_onALowOrderTransportKey() public {
        assertTransportKeyRefused(DkgVectors.G1_LOW_ORDER, proofOf(releaseId, WORKER, DkgVectors.G1_LOW_ORDER, 1));
        assertTransportKeyRefused(DkgVectors.G1_LOW_ORDER, new bytes(64));
    }

    /// @dev T = tau H(id'): the answers would combine to the key of an identity that nobody released.
    function test_request_reverts_onAMultipleOfAnotherIdentity() public {
        bytes memory other = committee.hashToG1(keccak256("another identity"));
        uint256 secret = uint256(DkgVectors.transportSecret(0));
        bytes memory key = Bls12381.combineTwo(other, secret, other, 0);
        assertTransportKeyRefused(key, proofOf(releaseId, WORKER, key, secret));
        assertTransportKeyRefused(other, proofOf(releaseId, WORKER, other, 1));
    }

    /// @dev What another worker had posted, in its own name or moved by a known amount: nobody has proven to know its secret.
    function test_request_reverts_onAnotherWorkersTransportKey() public {
        uint256 secret = uint256(DkgVectors.transportSecret(0));
        bytes memory key = DkgVectors.transportKey(0);
        assertTransportKeyRefused(key, proofOf(releaseId, OTHER_WORKER, key, secret));
        bytes memory moved = Bls12381.combineTwo(key, 1, DkgVectors.HASHED_IDENTITY, 5);
        assertTransportKeyRefused(moved, proofOf(releaseId, OTHER_WORKER, key, secret));
        assertTransportKeyRefused(moved, proofOf(releaseId, WORKER, moved, 5));
    }

    function test_request_reverts_onAProofForAnotherRelease() public {
        bytes memory key = DkgVectors.transportKey(0);
        uint256 secret = uint256(DkgVectors.transportSecret(0));
        assertTransportKeyRefused(key, proofOf(grantRelease(), WORKER, key, secret));
    }

    function test_request_reverts_onAProofForAnotherTransportKeyOrNone() public {
        uint256 secret = uint256(DkgVectors.transportSecret(0));
        bytes memory key = DkgVectors.transportKey(0);
        assertTransportKeyRefused(key, proofOf(releaseId, WORKER, key, secret + 1));
        assertTransportKeyRefused(key, proofOf(releaseId, WORKER, DkgVectors.transportKey(1), secret));
        assertTransportKeyRefused(DkgVectors.transportKey(1), proofOf(releaseId, WORKER, key, secret));
        assertTransportKeyRefused(key, new bytes(64));
    }

    function test_request_reverts_onASecondWritingOfTheProof() public {
        bytes memory key = DkgVectors.transportKey(0);
        bytes memory proof = proofOf(releaseId, WORKER, key, uint256(DkgVectors.transportSecret(0)));
        (uint256 challenge, uint256 response) = abi.decode(proof, (uint256, uint256));
        assertTransportKeyRefused(key, abi.encode(challenge, response + Bls12381.ORDER));
        assertTransportKeyRefused(key, abi.encode(challenge + Bls12381.ORDER, response));
        vm.prank(WORKER);
        committee.requestUnlock{gas: GAS}(releaseId, key, proof);
    }

    function test_request_reverts_onASecondEncodingOfTheTransportKey() public {
        bytes memory key = DkgVectors.TRANSPORT_KEY_NOT_CANONICAL;
        assertTransportKeyRefused(key, proofOf(releaseId, WORKER, key, uint256(DkgVectors.transportSecret(0))));
    }

    function test_request_reverts_onAnotherLength() public {
        bytes memory key = DkgVectors.transportKey(0);
        bytes memory proof = proofOf(releaseId, WORKER, key, uint256(DkgVectors.transportSecret(0)));
        assertTransportKeyRefused(bytes.concat(key, proof), "");
        assertTransportKeyRefused("", bytes.concat(key, proof));
        assertTransportKeyRefused(bytes.concat(key, hex"00"), proof);
        assertTransportKeyRefused(key, bytes.concat(proof, hex"00"));
    }

    /// @dev The last byte of anything counts.
    function test_request_reverts_onABentProof(uint256 position, uint8 flip) public {
        vm.assume(flip != 0);
        bytes memory key = DkgVectors.transportKey(0);
        bytes memory proof = proofOf(releaseId, WORKER, key, uint256(DkgVectors.transportSecret(0)));
        position = bound(position, 0, proof.length - 1);
        proof[position] = bytes1(uint8(proof[position]) ^ flip);
        assertTransportKeyRefused(key, proof);
    }

    // --- what it does

    function test_request_pinsEpochAndIdentity() public {
        uint40 expiresAt = uint40(nowAt() + 1 hours);
        bytes32 transportHash = keccak256(DkgVectors.transportKey(0));
        bytes32 expected = keccak256(
            abi.encode("custodes/unlock/v1", block.chainid, address(committee), EPOCH, releaseId, WORKER, transportHash)
        );
        bytes memory key = DkgVectors.transportKey(0);
        bytes memory proof = proofOf(releaseId, WORKER, key, uint256(DkgVectors.transportSecret(0)));
        vm.expectEmit(address(committee));
        emit ICommittee.UnlockRequested(expected, releaseId, WORKER, EPOCH, DkgVectors.IDENTITY, key, proof, expiresAt);
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

    function assertTransportKeyRefused(bytes memory key, bytes memory proof) private {
        vm.expectRevert(badPoint());
        vm.prank(WORKER);
        committee.requestUnlock{gas: GAS}(releaseId, key, proof);
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
