// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

contract RenewReleaseTest is ReleasesTest {
    ActionKind private constant KIND = ActionKind.RenewRelease;

    bytes32 private model;
    bytes32 private releaseId;
    uint256 private expiresAt;

    function setUp() public override {
        super.setUp();
        model = register(1, 0);
        releaseId = grant(model);
        expiresAt = nowAt() + 30 days;
    }

    function test_renew_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(releases, KIND, renewing(releaseId, expiresAt + 1), caller);
    }

    function test_renew_reverts_onAnUnknownRelease(bytes32 id) public {
        vm.assume(id != releaseId);
        bytes memory err = notAlive(id, IReleases.Releasability.UnknownRelease);
        assertRefused(releases, KIND, renewing(id, expiresAt + 1), err);
    }

    function test_renew_reverts_onceRevoked() public {
        revoke(releaseId);
        refuse(IReleases.Releasability.Revoked);
    }

    /// @dev R-Releases-07.
    function test_renew_reverts_onceExpired(uint32 later) public {
        vm.warp(expiresAt + later);
        refuse(IReleases.Releasability.Expired);
    }

    /// @dev A lapse revives nothing, a renewal neither.
    function test_renew_reverts_afterALapse(bool everywhere) public {
        lapseWithin(everywhere ? bytes32(0) : model);
        refuse(IReleases.Releasability.Barred);
    }

    function test_renew_reverts_unlessItExtends(uint40 shorter) public {
        shorter = uint40(bound(shorter, 0, expiresAt));
        bytes memory err = badExpiry(shorter, expiresAt + 1, nowAt() + lifetime());
        assertRefused(releases, KIND, renewing(releaseId, shorter), err);
    }

    function test_renew_reverts_beyondTheLongestLifetime(uint40 longer) public {
        longer = uint40(bound(longer, nowAt() + lifetime() + 1, type(uint40).max));
        bytes memory err = badExpiry(longer, expiresAt + 1, nowAt() + lifetime());
        assertRefused(releases, KIND, renewing(releaseId, longer), err);
    }

    function test_renew_needsTierTwo() public {
        assertTier(releases, KIND, renewing(releaseId, expiresAt + 1), 2);
    }

    function test_renew_needsTierThree_whileAStopStands(bool everywhere) public {
        bytes32 scope = everywhere ? bytes32(0) : model;
        uint64 stopId = stop(scope);
        assertTier(releases, KIND, renewing(releaseId, expiresAt + 1), 3);
        enact(releases, KIND, renewing(releaseId, expiresAt + 1), 3);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);

        resume(stopId);
        assertReleasable(releaseId);
        assertTier(releases, KIND, renewing(releaseId, expiresAt + 2), 2);
    }

    function test_renew_extendsAndTouchesNothingElse(uint40 newExpiry) public {
        newExpiry = uint40(bound(newExpiry, expiresAt + 1, nowAt() + lifetime()));
        IReleases.Release memory before = releases.getRelease(releaseId);
        vm.expectEmit(address(releases));
        emit IReleases.ReleaseRenewed(releaseId, nextProposal(), before.expiresAt, newExpiry);
        enact(releases, KIND, renewing(releaseId, newExpiry), 2);

        before.expiresAt = newExpiry;
        assertEq(abi.encode(releases.getRelease(releaseId)), abi.encode(before), "release");
        vm.warp(uint256(newExpiry) - 1);
        assertReleasable(releaseId);
        vm.warp(newExpiry);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Expired);
    }

    function refuse(IReleases.Releasability actual) private {
        assertRefused(releases, KIND, renewing(releaseId, nowAt() + lifetime()), notAlive(releaseId, actual));
    }

    /// @dev A stop stood and lapsed while the release was young enough to outlive it.
    function lapseWithin(bytes32 scope) private {
        enact(releases, KIND, renewing(releaseId, nowAt() + lifetime()), 2);
        lapse(stop(scope));
    }
}
