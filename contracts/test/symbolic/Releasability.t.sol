// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Releases} from "../../src/Releases.sol";
import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {Symbolic} from "./Symbolic.sol";

/// @dev The permission itself, over any storage whatsoever of Releases and any two scopes of the Brake.
contract ReleasabilityProofs is Symbolic {
    Releases private releases;
    mapping(bytes32 scope => IBrake.Scope) private scopes;

    function setUp() public {
        releases = new Releases(world());
    }

    /// @dev The Brake's view.
    function getScopes(bytes32 lineage)
        external
        view
        returns (IBrake.Scope memory own, IBrake.Scope memory everything)
    {
        return (scopes[lineage], scopes[0]);
    }

    /// @dev Invariant 13: releasable implies executed, unexpired, unrevoked, unstopped, named worker.
    function check_13_releasableImpliesAll(bytes32 releaseId, address worker) external {
        svm.enableSymbolicStorage(address(releases));
        svm.enableSymbolicStorage(address(this));
        if (!releases.isReleasable(releaseId, worker)) return;
        IReleases.Release memory r = releases.getRelease(releaseId);
        assert(r.status == IReleases.ReleaseStatus.Alive);
        assert(block.timestamp < r.expiresAt);
        assert(releases.workerIdentity(releaseId, worker) != 0);
        IBrake.Scope memory own = scopes[r.lineage];
        IBrake.Scope memory everything = scopes[0];
        assert(r.lineage != 0 && own.openedAt != 0 && everything.openedAt != 0);
        assert(own.standing == 0 && everything.standing == 0);
        assert(own.generation == r.lineageGeneration && everything.generation == r.globalGeneration);
    }
}
