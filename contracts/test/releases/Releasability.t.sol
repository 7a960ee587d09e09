// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

/// @dev What isReleasable promises, and the slots that a verifier proves it from.
contract ReleasabilityTest is ReleasesTest {
    bytes32 private model;
    bytes32 private releaseId;

    function setUp() public override {
        super.setUp();
        model = register(1, 0);
        releaseId = grant(model);
    }

    function test_releasability_isUnknown_ofWhatWasNeverGranted(bytes32 id, address worker) public view {
        vm.assume(id != releaseId);
        assertReleasability(id, worker, IReleases.Releasability.UnknownRelease);
    }

    function test_releasability_isUnknown_ofAProposalThatIsNotExecuted() public {
        uint256 proposalId = proposeAndVote(ActionKind.GrantRelease, granting(model));
        assertReleasability(bytes32(proposalId), WORKER, IReleases.Releasability.UnknownRelease);
        warpToEta(proposalId);
        assertReleasability(bytes32(proposalId), WORKER, IReleases.Releasability.UnknownRelease);
    }

    function test_releasability_namesWorkersOnly(address worker) public view {
        vm.assume(worker != WORKER);
        assertReleasability(releaseId, worker, IReleases.Releasability.WorkerNotNamed);
    }

    function test_releasability_endsWithTheExpiry(uint40 time) public {
        vm.warp(bound(time, START, type(uint40).max));
        bool alive = nowAt() < START + 30 days;
        assertReleasability(
            releaseId, WORKER, alive ? IReleases.Releasability.Releasable : IReleases.Releasability.Expired
        );
    }

    function test_releasability_endsWhileAStopStands(bool everywhere) public {
        stop(everywhere ? bytes32(0) : model);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);
    }

    function test_unlockability_saysWhatTheOtherViewsSay() public {
        stop(register(2, 0)); // of another lineage
        (IReleases.Releasability reason, bytes32 identity, bytes32 lineage, uint64 stopsSeen) =
            releases.unlockability(releaseId, WORKER);
        assertEq(uint256(reason), uint256(releases.releasability(releaseId, WORKER)), "reason");
        assertEq(identity, releases.workerIdentity(releaseId, WORKER), "identity");
        assertEq(lineage, model, "lineage");
        assertEq(stopsSeen, brake.stopsSeen(model), "stops seen");
        (IBrake.Scope memory own, IBrake.Scope memory everything) = brake.getScopes(model);
        assertEq(abi.encode(own), abi.encode(brake.getScope(model)), "own scope");
        assertEq(abi.encode(everything), abi.encode(brake.getScope(0)), "scope of everything");
    }

    /// @dev Nothing stands beside a refusal that could be taken for a permission.
    function test_unlockability_saysNothingElse_ofWhatIsNotReleasable() public {
        bytes32 revoked = grant(model);
        revoke(revoked);
        uint256 latest = nowAt() + lifetime();
        enact(releases, ActionKind.RenewRelease, renewing(releaseId, latest), 2);
        assertRefusalAlone(bytes32(uint256(1)), IReleases.Releasability.UnknownRelease);
        assertRefusalAlone(revoked, IReleases.Releasability.Revoked);
        uint64 stopId = stop(model);
        assertRefusalAlone(releaseId, IReleases.Releasability.Stopped);
        lapse(stopId);
        assertRefusalAlone(releaseId, IReleases.Releasability.Barred);
        vm.warp(latest);
        assertRefusalAlone(releaseId, IReleases.Releasability.Expired);
    }

    function assertRefusalAlone(bytes32 id, IReleases.Releasability expected) private view {
        (IReleases.Releasability reason, bytes32 identity, bytes32 lineage, uint64 stopsSeen) =
            releases.unlockability(id, WORKER);
        assertEq(uint256(reason), uint256(expected), "reason");
        assertEq(abi.encode(identity, lineage, stopsSeen), new bytes(96), "the rest");
    }

    function test_releasability_ignoresTheStopOfAnotherLineage() public {
        stop(register(2, 0));
        assertReleasable(releaseId);
    }

    /// @dev R-Releases-08. A zero from a wrong slot, or of a wiped one, never reads as permission.
    function test_releasability_endsIfAnySlotItReadsIsZero() public {
        for (uint8 which; which < 5; ++which) {
            assertReleasable(releaseId);
            (address where, bytes32 slot) = slotOf(which);
            bytes32 alive = vm.load(where, slot);
            assertTrue(alive != 0, "the slot is alive");
            vm.store(where, slot, 0);
            assertFalse(releases.isReleasable(releaseId, WORKER), "releasable");
            vm.store(where, slot, alive);
        }
    }

    /// @dev The slots documented in the contracts are all that is read: with every other one unread the answer stands.
    function test_releasability_readsTheDocumentedSlotsOnly() public {
        vm.record();
        releases.isReleasable(releaseId, WORKER);
        (bytes32[] memory own,) = vm.accesses(address(releases));
        (bytes32[] memory theirs,) = vm.accesses(address(brake));
        for (uint256 i; i < own.length; ++i) {
            bool known = own[i] == releaseSlot(0) || own[i] == releaseSlot(1) || own[i] == workerSlot();
            assertTrue(known, "slot of Releases is documented");
        }
        for (uint256 i; i < theirs.length; ++i) {
            assertTrue(theirs[i] == scopeSlot(model) || theirs[i] == scopeSlot(0), "slot of Brake is documented");
        }
    }

    function test_releaseSlot_isPackedAsDocumented() public {
        lapse(stop(model)); // a generation that is not zero
        skip(1);
        bytes32 second = bytes32(carry(ActionKind.GrantRelease, granting(model)));
        uint256 word = uint256(vm.load(address(releases), keccak256(abi.encode(second, 0))));
        IReleases.Release memory release = releases.getRelease(second);
        assertEq(word & 0xff, 1, "alive");
        assertEq(word >> 8 & 0xff, uint256(release.mode), "mode");
        assertEq(word >> 16 & type(uint40).max, release.expiresAt, "expiresAt");
        assertEq(word >> 56 & type(uint40).max, release.executedAt, "executedAt");
        assertEq(word >> 96 & type(uint32).max, release.lineageGeneration, "lineageGeneration");
        assertEq(release.lineageGeneration, 1, "generation");
        assertEq(word >> 128, release.globalGeneration, "globalGeneration, and nothing above");
        uint256 scope = uint256(vm.load(address(brake), scopeSlot(model)));
        assertEq(scope & type(uint40).max, brake.getScope(model).openedAt, "openedAt");
        assertEq(scope >> 40 & type(uint32).max, 0, "standing");
        assertEq(scope >> 72 & type(uint32).max, 1, "generation of the scope");
        assertEq(scope >> 104, 1, "stops ever, and nothing above");
    }

    function slotOf(uint256 which) private view returns (address, bytes32) {
        if (which == 0) return (address(releases), releaseSlot(0));
        if (which == 1) return (address(releases), releaseSlot(1));
        if (which == 2) return (address(releases), workerSlot());
        return (address(brake), scopeSlot(which == 3 ? model : bytes32(0)));
    }

    function releaseSlot(uint256 word) private view returns (bytes32) {
        return bytes32(uint256(keccak256(abi.encode(releaseId, 0))) + word);
    }

    function workerSlot() private view returns (bytes32) {
        return keccak256(abi.encode(WORKER, keccak256(abi.encode(releaseId, 1))));
    }

    function scopeSlot(bytes32 scope) private pure returns (bytes32) {
        return keccak256(abi.encode(scope, 0));
    }
}
