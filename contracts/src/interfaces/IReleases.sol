// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Mode} from "../types/Actions.sol";
import {IActionTarget} from "./IActionTarget.sol";

/// @notice Models, identities, and the expiring permissions to unlock them.
interface IReleases is IActionTarget {
    enum ReleaseStatus {
        None, // a zero from a wrong slot must never read as permission
        Alive,
        Revoked
    }

    /// @dev Why a worker may not unlock, or Releasable.
    enum Releasability {
        UnknownRelease,
        Releasable,
        Expired,
        Revoked,
        Stopped, // a stop stands
        Barred, // a stop lapsed after this release, or the system has a successor: for ever
        WorkerNotNamed
    }

    struct Model {
        bytes32 lineage; // the lineage's root model
        bytes32 parentModel;
        bytes32 manifestHash;
        bytes32 contentRoot;
        bytes32 keyCommitment;
        bytes32 committeeKeyHash;
        address registrar;
        uint64 sealNonce;
        uint32 index; // 1, 2, ...; 0 = unknown
        uint40 registeredAt; // [Unix seconds]
    }

    /// @dev The first slot and the lineage are all of this contract that isReleasable reads, beside the worker's identity.
    struct Release {
        ReleaseStatus status;
        Mode mode;
        uint40 expiresAt; // [Unix seconds]
        uint40 executedAt; // [Unix seconds]
        uint32 lineageGeneration; // of the brake's scopes at execution
        uint32 globalGeneration;
        bytes32 lineage;
        bytes32 modelId;
        bytes32 scopeHash; // keccak256 of the scope document
    }

    event ModelRegistered(
        bytes32 indexed modelId,
        bytes32 indexed lineage,
        uint256 indexed proposalId,
        address registrar,
        uint64 sealNonce,
        bytes32 parentModel,
        bytes32 manifestHash,
        bytes32 contentRoot,
        bytes32 keyCommitment,
        bytes32 committeeKeyHash,
        string name
    );
    event IdentityRegistered(bytes32 indexed identity, bytes32 indexed modelId, Mode mode, uint16 party);
    event ReleaseGranted(
        bytes32 indexed releaseId,
        bytes32 indexed modelId,
        Mode indexed mode,
        uint40 expiresAt,
        bytes32 scopeHash,
        bytes scope
    );
    event WorkerNamed(
        bytes32 indexed releaseId, address indexed worker, bytes32 indexed identity, uint16 party, string organisation
    );
    event ReleaseRenewed(bytes32 indexed releaseId, uint256 indexed proposalId, uint40 oldExpiresAt, uint40 expiresAt);
    event ReleaseRevoked(bytes32 indexed releaseId, uint256 indexed proposalId, string reason);
    event ReceiptsAnchored(
        bytes32 indexed releaseId,
        address indexed worker,
        uint64 indexed batch,
        bytes32 root,
        uint64 firstSequence,
        uint64 count
    );

    /// @notice R-Releases-01: that identity was registered before.
    error IdentityRegisteredBefore(bytes32 identity);
    /// @notice R-Releases-02: that model is registered already.
    error ModelExists(bytes32 modelId);
    /// @notice R-Releases-02: no model has that id.
    error UnknownModel(bytes32 modelId);
    /// @notice R-Releases-03: the model was sealed to another committee key than the one in force.
    error WrongCommitteeKey(bytes32 actual, bytes32 required);
    /// @notice R-Releases-04: a worker is zero, named twice, or asks for an identity that its model does not have.
    error BadWorker(address worker, uint16 party);
    /// @notice R-Releases-04: a release names between 1 and 16 workers, a model between 1 and 16 identities.
    error BadCount(uint256 actual, uint256 allowed);
    /// @notice R-Releases-05: a release ends in the future and within the longest lifetime.
    error BadExpiry(uint40 expiresAt, uint256 earliest, uint256 latest);
    /// @notice R-Releases-07: the release is not in the standing that this needs.
    error ReleaseNotAlive(bytes32 releaseId, Releasability actual);
    /// @notice R-Releases-09: the caller is not a worker that this release names.
    error NotNamedWorker(bytes32 releaseId, address caller);
    /// @notice R-Releases-10: the model's record is malformed: a zero hash, no mode, or a party that its mode does not have.
    error MalformedModel(bytes32 modelId);
    /// @notice R-Releases-11: the scope document is empty or too long.
    error ScopeSize(uint256 actual, uint256 allowed);
    /// @notice R-Releases-12: a party of MPC belongs to an organisation that holds a seat.
    error PartyWithoutSeat(address worker, string organisation);
    /// @notice R-Releases-13: an earlier release gave another party of that model to the same affiliation group or jurisdiction.
    error PartyHeld(address worker, bytes32 label, uint16 actual, uint16 required);
    /// @notice R-Releases-12: the parties of MPC are distinct organisations, affiliation groups and jurisdictions.
    error DependentParties(address worker, address otherWorker);

    function computeModelId(address registrar, uint64 sealNonce) external pure returns (bytes32);

    /// @notice keccak256(abi.encode("custodes/identity/v1", chainId, this, committeeKeyHash, modelId, mode, party)).
    function computeIdentity(bytes32 committeeKeyHash, bytes32 modelId, Mode mode, uint16 party)
        external
        view
        returns (bytes32);

    /// @notice A model registered here, or with a predecessor: that one is released no more, but its id is taken, and its
    /// lineage is that of all that is derived from it.
    function getModel(bytes32 modelId) external view returns (Model memory);

    /// @notice The model of a registered identity, or 0. Predecessors' identities are known; no release here can name them.
    function modelOfIdentity(bytes32 identity) external view returns (bytes32);

    /// @notice The party of that model that releases gave to an affiliation group, or to a jurisdiction (left-aligned); 0 if none.
    function partyOf(bytes32 modelId, bytes32 label) external view returns (uint16);

    /// @notice The model that was sealed with the data key of that commitment, here or in a predecessor; or 0.
    function modelOfKey(bytes32 keyCommitment) external view returns (bytes32);

    /// @notice How many models were registered here.
    function modelCount() external view returns (uint32);

    /// @notice How many releases there were, those that have ended included.
    function releaseCount() external view returns (uint32);

    /// @notice The n-th release, counted from 1 in the order of execution; 0 if there were not so many.
    function releaseAt(uint32 n) external view returns (bytes32 releaseId);

    function getRelease(bytes32 releaseId) external view returns (Release memory);

    /// @notice The identity that this worker may unlock under this release; 0 if it is not named.
    function workerIdentity(bytes32 releaseId, address worker) external view returns (bytes32);

    function isReleasable(bytes32 releaseId, address worker) external view returns (bool);

    /// @notice isReleasable with its reason.
    function releasability(bytes32 releaseId, address worker) external view returns (Releasability);

    /// @notice releasability, with what an unlock needs beside it, which rests on the same slots: the worker's identity, the
    /// lineage, and Brake.stopsSeen of it. All three are meaningless unless the reason is Releasable.
    function unlockability(bytes32 releaseId, address worker)
        external
        view
        returns (Releasability reason, bytes32 identity, bytes32 lineage, uint64 stopsSeen);

    /// @notice By a named worker, whatever the release's standing: the Merkle root of its next receipts.
    function anchorReceipts(bytes32 releaseId, bytes32 root, uint64 count) external;

    function receiptState(bytes32 releaseId, address worker)
        external
        view
        returns (uint64 batches, uint64 receipts, bytes32 lastRoot);
}
