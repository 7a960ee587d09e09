// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

/// @dev Invariant 21: a partial is accepted only from a member of the request's epoch, once, while releasable, if the
/// pairing check holds.
contract PostTest is CommitteeTest {
    bytes32 private releaseId;
    bytes32 private requestId;

    function setUp() public override {
        super.setUp();
        releaseId = toReleased();
        requestId = request(releaseId, WORKER, 0);
    }

    // --- when, and who

    function test_post_reverts_forAnUnknownRequest(bytes32 unknown) public {
        vm.assume(unknown != requestId);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, unknown, uint40(0)));
        post(unknown, 1, 0);
    }

    function test_post_reverts_beforeEnoughApprovals() public {
        vm.expectRevert(notApproved(0, THRESHOLD));
        post(requestId, 1, 0);
        for (uint256 member = 1; member < THRESHOLD; ++member) {
            approve(requestId, member);
        }
        vm.expectRevert(notApproved(THRESHOLD - 1, THRESHOLD));
        post(requestId, 1, 0);
    }

    function test_post_reverts_ifTheMemberDidNotApproveItself() public {
        approveByThree(requestId);
        vm.expectRevert(notApproved(0, 1));
        post(requestId, 4, 0);
        approve(requestId, 4);
        post(requestId, 4, 0);
    }

    function test_post_reverts_afterTheRequestExpired() public {
        approveByThree(requestId);
        uint40 expiresAt = committee.getRequest(requestId).expiresAt;
        vm.warp(expiresAt);
        post(requestId, 1, 0); // the last second counts
        vm.warp(expiresAt + 1);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, requestId, expiresAt));
        post(requestId, 2, 0);
    }

    function test_post_reverts_fromAStranger(address caller) public {
        for (uint256 member = 1; member <= SIZE; ++member) {
            vm.assume(caller != oracle(member));
        }
        approveByThree(requestId);
        bytes memory data = dataOf(DkgVectors.partialOf0(1), DkgVectors.transportKey(0), DkgVectors.publicShare(1));
        vm.expectRevert(notMember(caller));
        postRaw(caller, data);
    }

    function test_post_reverts_aSecondTime() public {
        approveByThree(requestId);
        post(requestId, 2, 0);
        vm.expectRevert(alreadyDone(2));
        post(requestId, 2, 0);
    }

    function test_post_reverts_onceTheRequestWasAnswered() public {
        approveByThree(requestId);
        approve(requestId, 4);
        for (uint256 member = 1; member <= THRESHOLD; ++member) {
            post(requestId, member, 0);
        }
        uint40 expiresAt = committee.getRequest(requestId).expiresAt;
        vm.expectRevert(abi.encodeWithSelector(ICommittee.NoOpenRequest.selector, requestId, expiresAt));
        post(requestId, 4, 0);
    }

    function test_post_reverts_onceTheLineageIsStopped() public {
        approveByThree(requestId);
        stop(modelId);
        vm.expectRevert(notReleasable(IReleases.Releasability.Stopped));
        post(requestId, 1, 0);
    }

    function test_post_reverts_onceEverythingIsStopped() public {
        approveByThree(requestId);
        stop(0);
        vm.expectRevert(notReleasable(IReleases.Releasability.Stopped));
        post(requestId, 1, 0);
    }

    function test_post_reverts_onceTheReleaseWasRevoked() public {
        approveByThree(requestId);
        revoke(releaseId);
        vm.expectRevert(notReleasable(IReleases.Releasability.Revoked));
        post(requestId, 1, 0);
    }

    // --- what

    function test_post_refusesAPartialWithAnotherShare_withItsOracleOnRecord() public {
        approveByThree(requestId);
        assertRefused(2, DkgVectors.PARTIAL_WRONG_SHARE);
    }

    function test_post_refusesAnotherMembersPartial() public {
        approveByThree(requestId);
        assertRefused(2, DkgVectors.partialOf0(1));
    }

    /// @dev Right partial, right key of another member: the key is one that the caller never proved.
    function test_post_reverts_onAnotherMembersPartialAndKey() public {
        approveByThree(requestId);
        assertPostReverts(
            dataOf(DkgVectors.partialOf0(1), DkgVectors.transportKey(0), DkgVectors.publicShare(1)), badPartial(2)
        );
    }

    function test_post_refusesAPartialOfAnotherRequest() public {
        approveByThree(requestId);
        assertRefused(2, DkgVectors.partialOf1(2));
    }

    /// @dev The other request's transport key with its partial: right in itself, and not what was asked.
    function test_post_reverts_onAnotherTransportKey() public {
        approveByThree(requestId);
        assertPostReverts(
            dataOf(DkgVectors.partialOf1(2), DkgVectors.transportKey(1), DkgVectors.publicShare(2)), badPartial(2)
        );
    }

    /// @dev Who could choose the release or the worker could choose one that may unlock, after this one's was revoked.
    function test_post_reverts_onAnotherReleaseOrWorker() public {
        approveByThree(requestId);
        bytes32 renewed = grantRelease();
        revoke(releaseId);
        asked[requestId] = Asked(renewed, WORKER);
        vm.expectRevert(badPartial(2));
        post(requestId, 2, 0);
        asked[requestId] = Asked(releaseId, OTHER_WORKER);
        vm.expectRevert(badPartial(2));
        post(requestId, 2, 0);
        asked[requestId] = Asked(releaseId, WORKER);
        vm.expectRevert(notReleasable(IReleases.Releasability.Revoked));
        post(requestId, 2, 0);
    }

    /// @dev 0 = 0 T would hold for a key share of 0, which nobody can have proven.
    function test_post_refusesTheIdentity() public {
        approveByThree(requestId);
        assertRefused(2, new bytes(128));
    }

    function test_post_reverts_onAPointOutsideOfTheSubgroup() public {
        approveByThree(requestId);
        vm.expectRevert(badPoint());
        postWith(requestId, 2, 0, DkgVectors.G1_LOW_ORDER);
    }

    function test_post_reverts_onGarbage(uint256 position, uint8 flip) public {
        vm.assume(flip != 0);
        approveByThree(requestId);
        bytes memory garbage = DkgVectors.partialOf0(2);
        position = bound(position, 0, garbage.length - 1);
        garbage[position] = bytes1(uint8(garbage[position]) ^ flip);
        vm.expectPartialRevert(ICommittee.BadPoint.selector);
        postWith(requestId, 2, 0, garbage);
    }

    function test_post_reverts_onDataThatEndsEarly(uint256 length) public {
        approveByThree(requestId);
        bytes memory data = dataOf(DkgVectors.partialOf0(2), DkgVectors.transportKey(0), DkgVectors.publicShare(2));
        length = bound(length, 4, data.length - 1);
        assembly ("memory-safe") {
            mstore(data, length)
        }
        assertPostReverts(data, "");
    }

    /// @dev Pairs hidden in points that are too long made the product of pairings one, without any secret. Points have no
    /// length of their own: what is too long pushes what follows out of its place.
    function test_post_reverts_onPointsThatHideAPair() public {
        approveByThree(requestId);
        bytes memory key = DkgVectors.transportKey(0);
        bytes memory share = DkgVectors.publicShare(2);
        assertPostReverts(dataOf(DkgVectors.FORGED_PARTIAL, key, share), badPartial(2));
    }

    /// @dev It neither bars the identity, as the first answer before a stop would, nor is its member's answer.
    function test_post_refused_changesNothing() public {
        approveByThree(requestId);
        assertRefused(2, DkgVectors.PARTIAL_WRONG_SHARE);
        assertRefused(2, DkgVectors.PARTIAL_WRONG_SHARE);
        assertEq(committee.getRequest(requestId).partials, 0, "partials");
        uint256 before = vm.snapshotState();
        stop(modelId);
        assertFalse(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
        assertTrue(vm.revertToState(before), "back");
        post(requestId, 2, 0);
        assertEq(committee.getRequest(requestId).partials, 2, "the right one counts");
    }

    /// @dev Nobody is on record for what the contract would not have let it answer.
    function test_post_reverts_onAWrongPartialThatIsNotAskedFor() public {
        vm.expectRevert(notApproved(0, THRESHOLD));
        postWith(requestId, 2, 0, DkgVectors.PARTIAL_WRONG_SHARE);
        approveByThree(requestId);
        vm.expectRevert(notApproved(0, 1));
        postWith(requestId, 4, 0, DkgVectors.PARTIAL_WRONG_SHARE);
        stop(modelId);
        vm.expectRevert(notReleasable(IReleases.Releasability.Stopped));
        postWith(requestId, 2, 0, DkgVectors.PARTIAL_WRONG_SHARE);
    }

    // --- what it does

    function test_post_keepsWhoAnswered() public {
        for (uint256 member = 3; member <= SIZE; ++member) {
            approve(requestId, member);
        }
        uint16[3] memory order = [uint16(4), 3, 5];
        uint32 mask;
        for (uint8 i; i < THRESHOLD; ++i) {
            vm.expectEmit(address(committee));
            emit ICommittee.PartialPosted(requestId, order[i], DkgVectors.partialOf0(order[i]), i + 1);
            post(requestId, order[i], 0);
            mask |= uint32(1) << (order[i] - 1);
            assertEq(committee.getRequest(requestId).partials, mask, "bits of the list's positions");
        }
        assertFalse(committee.isBarred(EPOCH, DkgVectors.IDENTITY), "barred");
    }

    function test_post_succeeds_forTheOtherWorkerToo() public {
        bytes32 other = request(releaseId, OTHER_WORKER, 1);
        approveByThree(requestId);
        approveByThree(other);
        for (uint256 member = 1; member <= THRESHOLD; ++member) {
            post(other, member, 1);
            post(requestId, member, 0);
        }
        assertEq(committee.getRequest(other).partials, 7, "partials");
    }

    /// @dev What the network charges beside is the same for every implementation: 21000 and the call's data.
    /// forge-config: default.isolate = true
    function test_post_costsLittle() public {
        approveByThree(requestId);
        post(requestId, 1, 0);
        uint256 first = vm.snapshotGasLastCall("Committee", "post, first for an identity");
        post(requestId, 2, 0);
        uint256 next = vm.snapshotGasLastCall("Committee", "post");
        assertLe(first, 179_000, "first partial");
        assertLe(next, 179_000, "later partial");
    }

    // --- helpers

    function assertRefused(uint16 member, bytes memory partial_) private {
        vm.expectEmit(address(committee));
        emit ICommittee.PartialRefused(requestId, member, oracle(member), partial_);
        postWith(requestId, member, 0, partial_);
    }

    function dataOf(bytes memory partial_, bytes memory key, bytes memory share) private view returns (bytes memory) {
        return postData(requestId, partial_, key, share);
    }

    function assertPostReverts(bytes memory data, bytes memory err) private {
        vm.expectRevert(err);
        postRaw(oracle(2), data);
    }

    function badPartial(uint16 index) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.BadPartial.selector, requestId, index);
    }

    function notApproved(uint256 actual, uint256 required) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.NotApproved.selector, requestId, actual, required);
    }

    function notReleasable(IReleases.Releasability reason) private view returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.NotReleasable.selector, releaseId, WORKER, uint8(reason));
    }
}

/// @dev Member 1 never proved its share, and the others put the key in force.
contract PostWithoutAcknowledgementTest is CommitteeTest {
    function test_post_reverts_ifTheMemberNeverAcknowledged() public {
        toAcknowledging();
        for (uint256 member = 2; member <= SIZE; ++member) {
            acknowledge(member);
        }
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        registerModel();
        bytes32 requestId = request(grantRelease(), WORKER, 0);
        approveByThree(requestId);
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadPartial.selector, requestId, uint16(1)));
        post(requestId, 1, 0);
        post(requestId, 2, 0);
    }
}
