// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, RevokeRelease} from "../../src/types/Actions.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

contract RevokeReleaseTest is ReleasesTest {
    ActionKind private constant KIND = ActionKind.RevokeRelease;

    bytes32 private model;
    bytes32 private releaseId;
    bytes private action;

    function setUp() public override {
        super.setUp();
        model = register(1, 0);
        releaseId = grant(model);
        action = abi.encode(RevokeRelease(releaseId, "misuse"));
    }

    function test_revoke_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(releases, KIND, action, caller);
    }

    function test_revoke_reverts_onAnUnknownRelease(bytes32 id) public {
        vm.assume(id != releaseId);
        bytes memory other = abi.encode(RevokeRelease(id, "misuse"));
        assertRefused(releases, KIND, other, notAlive(id, IReleases.Releasability.UnknownRelease));
    }

    function test_revoke_reverts_onceRevoked() public {
        revoke(releaseId);
        assertRefused(releases, KIND, action, notAlive(releaseId, IReleases.Releasability.Revoked));
    }

    function test_revoke_needsTierOne() public {
        assertTier(releases, KIND, action, 1);
    }

    function test_revoke_endsTheReleaseForEver() public {
        vm.expectEmit(address(releases));
        emit IReleases.ReleaseRevoked(releaseId, nextProposal(), "misuse");
        enact(releases, KIND, action, 1);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Revoked);
        assertTrue(releases.getRelease(releaseId).status == IReleases.ReleaseStatus.Revoked, "status");
    }

    /// @dev The safe direction is refused in no state of a release that was granted.
    function test_revoke_succeeds_ofAnExpiredStoppedOrBarredOne(uint8 which) public {
        if (which % 3 == 0) vm.warp(nowAt() + 30 days);
        if (which % 3 == 1) stop(model);
        if (which % 3 == 2) lapse(stop(model));
        assertTier(releases, KIND, action, 1);
        enact(releases, KIND, action, 1);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Revoked);
    }

    /// @dev Through the Council: carried out as soon as its threshold is met, before the round closes.
    function test_revoke_waitsForNothing_butItsThreshold() public {
        uint256 proposalId = propose(KIND, action);
        voteFor(proposalId, TIER_1);
        assertTrue(nowAt() <= council.proposalDeadline(proposalId), "the round is open");
        council.execute(proposalId, KIND, action);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Revoked);
    }
}
