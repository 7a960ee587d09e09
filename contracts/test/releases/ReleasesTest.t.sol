// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {
    ActionKind,
    GrantRelease,
    IdentityRequest,
    Mode,
    RegisterModel,
    RenewRelease,
    RevokeRelease,
    WorkerGrant
} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {Targets} from "../Targets.t.sol";

/// @dev Models and releases under a committee key in force. The key's making is the committee's matter: here it is only
/// the hash that Releases asks for.
abstract contract ReleasesTest is Targets {
    bytes32 internal constant KEY_HASH = keccak256("committee key");
    address internal constant REGISTRAR = address(0xca11ab1e);
    address internal constant WORKER = address(0x40171e);
    bytes internal constant SCOPE = '{"capabilities":["chat"],"mode":"plain"}';

    function setUp() public virtual override {
        super.setUp();
        setCommitteeKey(KEY_HASH);
    }

    function setCommitteeKey(bytes32 keyHash) internal {
        vm.mockCall(address(committee), abi.encodeCall(ICommittee.keyHash, ()), abi.encode(keyHash));
    }

    // --- models

    /// @dev A model with identities for plain and eval use and for three parties; hashes of its own by its nonce.
    function modelOf(uint64 sealNonce, bytes32 parentModel) internal pure returns (RegisterModel memory) {
        IdentityRequest[] memory identities = new IdentityRequest[](5);
        identities[0] = IdentityRequest(Mode.Plain, 0);
        identities[1] = IdentityRequest(Mode.Eval, 0);
        for (uint16 party = 1; party <= 3; ++party) {
            identities[1 + party] = IdentityRequest(Mode.Mpc, party);
        }
        return RegisterModel({
            registrar: REGISTRAR,
            sealNonce: sealNonce,
            parentModel: parentModel,
            manifestHash: keccak256(abi.encode("manifest", sealNonce)),
            contentRoot: keccak256(abi.encode("content", sealNonce)),
            keyCommitment: keccak256(abi.encode("commitment", sealNonce)),
            committeeKeyHash: KEY_HASH,
            identities: identities,
            name: "model"
        });
    }

    function register(uint64 sealNonce, bytes32 parentModel) internal returns (bytes32 modelId) {
        enact(releases, ActionKind.RegisterModel, abi.encode(modelOf(sealNonce, parentModel)), 2);
        return releases.computeModelId(REGISTRAR, sealNonce);
    }

    function identityOf(bytes32 modelId, Mode mode, uint16 party) internal view returns (bytes32) {
        return releases.computeIdentity(KEY_HASH, modelId, mode, party);
    }

    // --- releases

    function toWorkers(bytes32 modelId, Mode mode, WorkerGrant[] memory workers)
        internal
        view
        returns (GrantRelease memory)
    {
        return GrantRelease(modelId, mode, uint40(nowAt() + 30 days), workers, SCOPE);
    }

    function oneWorker() internal pure returns (WorkerGrant[] memory workers) {
        workers = new WorkerGrant[](1);
        workers[0] = WorkerGrant(WORKER, 0, "org-0");
    }

    function granting(bytes32 modelId) internal view returns (bytes memory) {
        return abi.encode(toWorkers(modelId, Mode.Plain, oneWorker()));
    }

    /// @dev Plain use by WORKER for 30 days.
    function grant(bytes32 modelId) internal returns (bytes32 releaseId) {
        return bytes32(enact(releases, ActionKind.GrantRelease, granting(modelId), 3));
    }

    function revoke(bytes32 releaseId) internal {
        enact(releases, ActionKind.RevokeRelease, abi.encode(RevokeRelease(releaseId, "misuse")), 1);
    }

    function renewing(bytes32 releaseId, uint256 expiresAt) internal pure returns (bytes memory) {
        return abi.encode(RenewRelease(releaseId, uint40(expiresAt)));
    }

    function lifetime() internal pure returns (uint256) {
        return Charter.parameters().releaseLifetime;
    }

    function assertReleasability(bytes32 releaseId, address worker, IReleases.Releasability expected) internal view {
        assertEq(uint256(releases.releasability(releaseId, worker)), uint256(expected), "releasability");
        bool yes = expected == IReleases.Releasability.Releasable;
        assertEq(releases.isReleasable(releaseId, worker), yes, "isReleasable agrees with its reason");
    }

    function assertReleasable(bytes32 releaseId) internal view {
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Releasable);
    }

    function notAlive(bytes32 releaseId, IReleases.Releasability actual) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReleases.ReleaseNotAlive.selector, releaseId, actual);
    }

    function unknownModel(bytes32 modelId) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReleases.UnknownModel.selector, modelId);
    }

    function badExpiry(uint256 expiresAt, uint256 earliest, uint256 latest) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IReleases.BadExpiry.selector, expiresAt, earliest, latest);
    }
}
