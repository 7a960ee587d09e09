// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../interfaces/IActionTarget.sol";
import {IReleases} from "../interfaces/IReleases.sol";
import {ActionTarget} from "../libraries/ActionTarget.sol";
import {Mode} from "../types/Actions.sol";
import {System} from "../types/System.sol";

/// @dev The storage of Releases, and how its ids are made. What isReleasable reads, for a verifier with eth_getProof
/// (slots as in the compiler's storage layout):
/// - keccak256(abi.encode(releaseId, 0)): from low to high bits status 8 (1 = alive), mode 8, expiresAt 40,
///   executedAt 40, lineageGeneration 32, globalGeneration 32;
/// - the slot after it: the lineage, which names the Brake's scope;
/// - keccak256(abi.encode(worker, keccak256(abi.encode(releaseId, 1)))): the worker's identity, 0 = not named;
/// - in the Brake: the scopes of that lineage and of everything.
/// Each is non-zero when alive, so that a zero from a wrong slot never reads as permission.
abstract contract ReleaseStore is IReleases, ActionTarget {
    bytes32 internal constant EVERYTHING = 0;

    struct Receipts {
        uint64 batches;
        uint64 receipts;
        bytes32 lastRoot;
    }

    mapping(bytes32 releaseId => Release) internal releases; // slot 0, see above
    mapping(bytes32 releaseId => mapping(address worker => bytes32 identity)) internal workerIdentities; // slot 1
    mapping(bytes32 modelId => Model) internal models;
    mapping(bytes32 identity => bytes32 modelId) internal identityModels;
    mapping(bytes32 keyCommitment => bytes32 modelId) internal keyModels;
    mapping(bytes32 releaseId => mapping(address worker => Receipts)) internal receiptsBy;
    mapping(bytes32 modelId => mapping(bytes32 label => uint16 party)) internal partiesHeld; // affiliations, jurisdictions

    /// @inheritdoc IReleases
    uint32 public modelCount;
    /// @inheritdoc IReleases
    uint32 public releaseCount;
    /// @inheritdoc IReleases
    mapping(uint32 n => bytes32 releaseId) public releaseAt; // so that anybody can list them without an archive of logs

    constructor(System memory sys) ActionTarget(sys) {}

    /// @inheritdoc IReleases
    function getModel(bytes32 modelId) public view returns (Model memory model) {
        model = models[modelId];
        if (model.index != 0) return model;
        IReleases before = _before();
        if (address(before) != address(0)) model = before.getModel(modelId);
    }

    /// @inheritdoc IReleases
    function modelOfIdentity(bytes32 identity) external view returns (bytes32 modelId) {
        modelId = identityModels[identity];
        if (modelId != 0) return modelId;
        IReleases before = _before();
        if (address(before) != address(0)) modelId = before.modelOfIdentity(identity);
    }

    /// @inheritdoc IReleases
    function partyOf(bytes32 modelId, bytes32 label) external view returns (uint16) {
        return partiesHeld[modelId][label];
    }

    /// @inheritdoc IReleases
    function modelOfKey(bytes32 keyCommitment) public view returns (bytes32 modelId) {
        modelId = keyModels[keyCommitment];
        if (modelId != 0) return modelId;
        IReleases before = _before();
        if (address(before) != address(0)) modelId = before.modelOfKey(keyCommitment);
    }

    /// @inheritdoc IReleases
    function getRelease(bytes32 releaseId) external view returns (Release memory) {
        return releases[releaseId];
    }

    /// @inheritdoc IReleases
    function workerIdentity(bytes32 releaseId, address worker) external view returns (bytes32) {
        return workerIdentities[releaseId][worker];
    }

    /// @inheritdoc IReleases
    function computeModelId(address registrar, uint64 sealNonce) public pure returns (bytes32) {
        return keccak256(abi.encode("custodes/model/v1", registrar, sealNonce));
    }

    /// @inheritdoc IReleases
    function computeIdentity(bytes32 committeeKeyHash, bytes32 modelId, Mode mode, uint16 party)
        public
        view
        returns (bytes32)
    {
        return keccak256(
            abi.encode("custodes/identity/v1", block.chainid, address(this), committeeKeyHash, modelId, mode, party)
        );
    }

    function _isKnown(bytes32 modelId) internal view returns (bool) {
        if (models[modelId].index != 0) return true;
        IReleases before = _before();
        return address(before) != address(0) && before.getModel(modelId).index != 0;
    }

    /// @dev R-Releases-14: the registry of the predecessor, which no vote can change any more; or none.
    function _before() private view returns (IReleases) {
        address predecessor = CONSTRAINTS.predecessor();
        if (predecessor == address(0)) return IReleases(address(0));
        return IReleases(IActionTarget(predecessor).system().releases);
    }

    function _identityOf(bytes32 modelId, Mode mode, uint16 party) internal view returns (bytes32) {
        return computeIdentity(models[modelId].committeeKeyHash, modelId, mode, party);
    }
}
