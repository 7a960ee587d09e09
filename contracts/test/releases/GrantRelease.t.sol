// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, GrantRelease, IdentityRequest, Mode, RegisterModel, WorkerGrant} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

contract GrantReleaseTest is ReleasesTest {
    ActionKind private constant KIND = ActionKind.GrantRelease;

    bytes32 private model;

    function setUp() public override {
        super.setUp();
        model = register(1, 0);
    }

    function test_grant_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(releases, KIND, granting(model), caller);
    }

    function test_grant_reverts_onAnUnknownModel(bytes32 modelId) public {
        vm.assume(modelId != model);
        assertRefused(releases, KIND, granting(modelId), unknownModel(modelId));
    }

    function test_grant_reverts_unlessItEndsInTheFuture(uint40 expiresAt) public {
        expiresAt = uint40(bound(expiresAt, 0, nowAt()));
        GrantRelease memory action = toWorkers(model, Mode.Plain, oneWorker());
        action.expiresAt = expiresAt;
        refuse(action, badExpiry(expiresAt, nowAt() + 1, nowAt() + lifetime()));
    }

    /// @dev R-Releases-05.
    function test_grant_reverts_beyondTheLongestLifetime(uint40 expiresAt) public {
        expiresAt = uint40(bound(expiresAt, nowAt() + lifetime() + 1, type(uint40).max));
        GrantRelease memory action = toWorkers(model, Mode.Plain, oneWorker());
        action.expiresAt = expiresAt;
        refuse(action, badExpiry(expiresAt, nowAt() + 1, nowAt() + lifetime()));
    }

    function test_grant_reverts_withoutScope() public {
        GrantRelease memory action = toWorkers(model, Mode.Plain, oneWorker());
        action.scope = "";
        refuse(action, abi.encodeWithSelector(IReleases.ScopeSize.selector, 0, Charter.parameters().documentBytes));
    }

    /// @dev R-Releases-11.
    function test_grant_reverts_ifTheScopeIsTooLong() public {
        uint256 allowed = Charter.parameters().documentBytes;
        GrantRelease memory action = toWorkers(model, Mode.Plain, oneWorker());
        action.scope = new bytes(allowed + 1);
        refuse(action, abi.encodeWithSelector(IReleases.ScopeSize.selector, allowed + 1, allowed));
        action.scope = new bytes(allowed);
        assertTier(releases, KIND, abi.encode(action), 2);
    }

    function test_grant_reverts_withTooManyWorkersOrNone(uint8 count) public {
        count = count == 0 ? 0 : uint8(bound(count, 17, 60));
        GrantRelease memory action = toWorkers(model, Mode.Plain, new WorkerGrant[](count));
        refuse(action, abi.encodeWithSelector(IReleases.BadCount.selector, count, 16));
    }

    function test_grant_reverts_ifAWorkerIsZero() public {
        WorkerGrant[] memory workers = oneWorker();
        workers[0].worker = address(0);
        refuse(toWorkers(model, Mode.Plain, workers), badWorker(address(0), 0));
    }

    function test_grant_reverts_ifAWorkerIsNamedTwice(uint8 count, uint8 first, uint8 second) public {
        WorkerGrant[] memory workers = someWorkers(bound(count, 2, 16));
        uint256 i = bound(first, 0, workers.length - 2);
        uint256 j = bound(second, i + 1, workers.length - 1);
        workers[j].worker = workers[i].worker;
        refuse(toWorkers(model, Mode.Plain, workers), badWorker(workers[i].worker, 0));
    }

    /// @dev R-Releases-04. A release cannot ask for an identity that the model was not registered with.
    function test_grant_reverts_onAnIdentityThatTheModelDoesNotHave(uint8 rawMode, uint16 party) public {
        Mode mode = Mode(rawMode % 4);
        bool known = mode == Mode.Mpc ? party >= 1 && party <= 3 : mode != Mode.None && party == 0;
        vm.assume(!known);
        WorkerGrant[] memory workers = oneWorker();
        workers[0].party = party;
        refuse(toWorkers(model, mode, workers), badWorker(WORKER, party));
    }

    function test_grant_reverts_onTheIdentityOfAnotherModel() public {
        RegisterModel memory plainOnly = modelOf(2, 0);
        plainOnly.identities = new IdentityRequest[](1);
        plainOnly.identities[0] = IdentityRequest(Mode.Plain, 0);
        enact(releases, ActionKind.RegisterModel, abi.encode(plainOnly), 2);
        bytes32 second = releases.computeModelId(REGISTRAR, 2);
        refuse(toWorkers(second, Mode.Eval, oneWorker()), badWorker(WORKER, 0));
    }

    function test_grant_needsTierTwo() public {
        assertTier(releases, KIND, granting(model), 2);
    }

    function test_grant_keepsEverythingThatWasVoted(uint40 expiresAt, uint8 count) public {
        GrantRelease memory action = toWorkers(model, Mode.Eval, someWorkers(bound(count, 1, 16)));
        action.expiresAt = uint40(bound(expiresAt, nowAt() + 1, nowAt() + lifetime()));
        bytes32 releaseId = bytes32(enact(releases, KIND, abi.encode(action), 2));

        IReleases.Release memory release = releases.getRelease(releaseId);
        assertTrue(release.status == IReleases.ReleaseStatus.Alive, "alive");
        assertTrue(release.mode == Mode.Eval, "mode");
        assertEq(release.expiresAt, action.expiresAt, "expiry");
        assertEq(release.executedAt, nowAt(), "time");
        assertEq(release.lineage, model, "lineage");
        assertEq(release.modelId, model, "model");
        assertEq(release.scopeHash, keccak256(SCOPE), "scope");
        for (uint256 i; i < action.workers.length; ++i) {
            address worker = action.workers[i].worker;
            assertEq(releases.workerIdentity(releaseId, worker), identityOf(model, Mode.Eval, 0), "identity");
            assertTrue(releases.isReleasable(releaseId, worker), "releasable");
        }
        assertReleasability(releaseId, STRANGER, IReleases.Releasability.WorkerNotNamed);
    }

    function test_grant_namesWorkers_underItsOwnIdOnly() public {
        bytes32 first = grant(model);
        bytes32 second = grant(model);
        revoke(first);
        assertReleasability(first, WORKER, IReleases.Releasability.Revoked);
        assertReleasable(second);
    }

    function test_grant_emitsScopeAndWorkers() public {
        bytes memory action = granting(model);
        bytes32 releaseId = bytes32(nextProposal());
        vm.expectEmit(address(releases));
        emit IReleases.ReleaseGranted(releaseId, model, Mode.Plain, uint40(nowAt() + 30 days), keccak256(SCOPE), SCOPE);
        vm.expectEmit(address(releases));
        emit IReleases.WorkerNamed(releaseId, WORKER, identityOf(model, Mode.Plain, 0), 0, "org-0");
        enact(releases, KIND, action, 2);
    }

    function someWorkers(uint256 count) private pure returns (WorkerGrant[] memory workers) {
        workers = new WorkerGrant[](count);
        for (uint256 i; i < count; ++i) {
            workers[i] = WorkerGrant(address(uint160(0x1000 + i)), 0, "org-0");
        }
    }

    function refuse(GrantRelease memory action, bytes memory err) private {
        assertRefused(releases, KIND, abi.encode(action), err);
    }

    function badWorker(address worker, uint16 party) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReleases.BadWorker.selector, worker, party);
    }
}
