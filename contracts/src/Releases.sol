// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {IBrake} from "./interfaces/IBrake.sol";
import {ICommittee} from "./interfaces/ICommittee.sol";
import {ICouncil} from "./interfaces/ICouncil.sol";
import {IReleases} from "./interfaces/IReleases.sol";
import {ISeats} from "./interfaces/ISeats.sol";
import {ActionTarget} from "./libraries/ActionTarget.sol";
import {Parties} from "./libraries/Parties.sol";
import {
    ActionKind,
    GrantRelease,
    IdentityRequest,
    Mode,
    RegisterModel,
    RenewRelease,
    RevokeRelease,
    WorkerGrant
} from "./types/Actions.sol";
import {Parameters} from "./types/Parameters.sol";
import {ActionContext, System} from "./types/System.sol";

/// @title Models, their identities, and the expiring permissions to unlock them
/// @notice A worker may unlock a model only while a release that the quorum voted for is alive and no stop covers it.
/// @dev What isReleasable reads, for a verifier with eth_getProof (slots as in the compiler's storage layout):
/// - keccak256(abi.encode(releaseId, 0)): from low to high bits status 8 (1 = alive), mode 8, expiresAt 40,
///   executedAt 40, lineageGeneration 32, globalGeneration 32;
/// - the slot after it: the lineage, which names the Brake's scope;
/// - keccak256(abi.encode(worker, keccak256(abi.encode(releaseId, 1)))): the worker's identity, 0 = not named;
/// - in the Brake: the scopes of that lineage and of everything.
/// Each is non-zero when alive, so that a zero from a wrong slot never reads as permission.
contract Releases is IReleases, ActionTarget {
    uint8 private constant REVOKE_TIER = 1;
    uint8 private constant RELEASE_TIER = 2;
    uint8 private constant STOPPED_TIER = 3;
    uint256 private constant MAX_WORKERS = 16;
    uint256 private constant MAX_IDENTITIES = 16;
    bytes32 private constant EVERYTHING = 0;

    struct Receipts {
        uint64 batches;
        uint64 receipts;
        bytes32 lastRoot;
    }

    mapping(bytes32 releaseId => Release) private releases; // slot 0, see above
    mapping(bytes32 releaseId => mapping(address worker => bytes32 identity)) private workerIdentities; // slot 1
    mapping(bytes32 modelId => Model) private models;
    mapping(bytes32 identity => bytes32 modelId) private identityModels;
    mapping(bytes32 keyCommitment => bytes32 modelId) private keyModels;
    mapping(bytes32 releaseId => mapping(address worker => Receipts)) private receiptsBy;

    /// @inheritdoc IReleases
    uint32 public modelCount;

    constructor(System memory sys) ActionTarget(sys) {}

    /// @inheritdoc IActionTarget
    function checkAction(ActionKind kind, bytes calldata action) external view returns (uint8 tier) {
        if (kind == ActionKind.RegisterModel) {
            _checkRegister(abi.decode(action, (RegisterModel)));
            return RELEASE_TIER;
        }
        if (kind == ActionKind.GrantRelease) return _checkGrant(abi.decode(action, (GrantRelease)));
        if (kind == ActionKind.RenewRelease) return _checkRenew(abi.decode(action, (RenewRelease)));
        if (kind == ActionKind.RevokeRelease) {
            _checkRevoke(abi.decode(action, (RevokeRelease)));
            return REVOKE_TIER;
        }
        revert UnknownAction(kind);
    }

    /// @inheritdoc IActionTarget
    function executeAction(ActionKind kind, bytes calldata action, ActionContext calldata context)
        external
        onlyCouncil
    {
        if (kind == ActionKind.RegisterModel) _register(abi.decode(action, (RegisterModel)), context);
        else if (kind == ActionKind.GrantRelease) _grant(abi.decode(action, (GrantRelease)), context);
        else if (kind == ActionKind.RenewRelease) _renew(abi.decode(action, (RenewRelease)), context);
        else if (kind == ActionKind.RevokeRelease) _revoke(abi.decode(action, (RevokeRelease)), context);
        else revert UnknownAction(kind);
    }

    /// @inheritdoc IReleases
    function anchorReceipts(bytes32 releaseId, bytes32 root, uint64 count) external {
        // R-Releases-09: whatever the release's standing, since the last receipts come after its end.
        if (workerIdentities[releaseId][msg.sender] == 0) revert NotNamedWorker(releaseId, msg.sender);
        Receipts storage state = receiptsBy[releaseId][msg.sender];
        uint64 firstSequence = state.receipts;
        uint64 batch = state.batches;
        state.batches = batch + 1;
        state.receipts = firstSequence + count;
        state.lastRoot = root;
        emit ReceiptsAnchored(releaseId, msg.sender, batch, root, firstSequence, count);
    }

    /// @inheritdoc IReleases
    function receiptState(bytes32 releaseId, address worker)
        external
        view
        returns (uint64 batches, uint64 receipts, bytes32 lastRoot)
    {
        Receipts memory state = receiptsBy[releaseId][worker];
        return (state.batches, state.receipts, state.lastRoot);
    }

    /// @inheritdoc IReleases
    function isReleasable(bytes32 releaseId, address worker) external view returns (bool) {
        return releasability(releaseId, worker) == Releasability.Releasable;
    }

    /// @inheritdoc IReleases
    function getModel(bytes32 modelId) external view returns (Model memory) {
        return models[modelId];
    }

    /// @inheritdoc IReleases
    function modelOfIdentity(bytes32 identity) external view returns (bytes32) {
        return identityModels[identity];
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
    function releasability(bytes32 releaseId, address worker) public view returns (Releasability) {
        Releasability standing = _standing(releases[releaseId]);
        if (standing != Releasability.Releasable) return standing;
        return workerIdentities[releaseId][worker] == 0 ? Releasability.WorkerNotNamed : Releasability.Releasable;
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

    // ---- carrying out --------------------------------------------------------------------------------------------

    function _register(RegisterModel memory action, ActionContext calldata context) private {
        (bytes32 modelId, bytes32 lineage) = _checkRegister(action);
        _requireTier(context, RELEASE_TIER);
        models[modelId] = Model({
            lineage: lineage,
            parentModel: action.parentModel,
            manifestHash: action.manifestHash,
            contentRoot: action.contentRoot,
            keyCommitment: action.keyCommitment,
            committeeKeyHash: action.committeeKeyHash,
            registrar: action.registrar,
            sealNonce: action.sealNonce,
            index: ++modelCount,
            registeredAt: uint40(block.timestamp)
        });
        keyModels[action.keyCommitment] = modelId;
        emit ModelRegistered(
            modelId,
            lineage,
            context.proposalId,
            action.registrar,
            action.sealNonce,
            action.parentModel,
            action.manifestHash,
            action.contentRoot,
            action.keyCommitment,
            action.committeeKeyHash,
            action.name
        );
        for (uint256 i; i < action.identities.length; ++i) {
            (Mode mode, uint16 party) = (action.identities[i].mode, action.identities[i].party);
            bytes32 identity = computeIdentity(action.committeeKeyHash, modelId, mode, party);
            identityModels[identity] = modelId;
            emit IdentityRegistered(identity, modelId, mode, party);
        }
        if (action.parentModel == 0) BRAKE.openScope(lineage);
    }

    function _grant(GrantRelease memory action, ActionContext calldata context) private {
        uint8 required = _checkGrant(action);
        bytes32 lineage = models[action.modelId].lineage;
        // R-Releases-06: a lapse only allows new proposals; one from before it was voted without the report.
        uint40 lapsedAt = BRAKE.lapsedAt(lineage);
        if (lapsedAt != 0 && COUNCIL.getProposal(context.proposalId).createdAt <= lapsedAt) {
            required = STOPPED_TIER;
        }
        _requireTier(context, required);

        bytes32 releaseId = bytes32(context.proposalId);
        bytes32 scopeHash = keccak256(action.scope);
        releases[releaseId] = Release({
            status: ReleaseStatus.Alive,
            mode: action.mode,
            expiresAt: action.expiresAt,
            executedAt: uint40(block.timestamp),
            lineageGeneration: BRAKE.getScope(lineage).generation,
            globalGeneration: BRAKE.getScope(EVERYTHING).generation,
            lineage: lineage,
            modelId: action.modelId,
            scopeHash: scopeHash
        });
        emit ReleaseGranted(releaseId, action.modelId, action.mode, action.expiresAt, scopeHash, action.scope);
        for (uint256 i; i < action.workers.length; ++i) {
            WorkerGrant memory grant = action.workers[i];
            bytes32 identity = _identityOf(action.modelId, action.mode, grant.party);
            workerIdentities[releaseId][grant.worker] = identity;
            emit WorkerNamed(releaseId, grant.worker, identity, grant.party, grant.organisation);
        }
    }

    function _renew(RenewRelease memory action, ActionContext calldata context) private {
        _requireTier(context, _checkRenew(action));
        Release storage release = releases[action.releaseId];
        uint40 oldExpiresAt = release.expiresAt;
        release.expiresAt = action.expiresAt;
        emit ReleaseRenewed(action.releaseId, context.proposalId, oldExpiresAt, action.expiresAt);
    }

    function _revoke(RevokeRelease memory action, ActionContext calldata context) private {
        _checkRevoke(action);
        _requireTier(context, REVOKE_TIER);
        releases[action.releaseId].status = ReleaseStatus.Revoked;
        emit ReleaseRevoked(action.releaseId, context.proposalId, action.reason);
    }

    // ---- what must hold, at proposal and again at execution ------------------------------------------------------

    function _checkRegister(RegisterModel memory action) private view returns (bytes32 modelId, bytes32 lineage) {
        modelId = computeModelId(action.registrar, action.sealNonce);
        if (models[modelId].index != 0) revert ModelExists(modelId); // R-Releases-02
        if (
            action.registrar == address(0) || action.manifestHash == 0 || action.contentRoot == 0
                || action.keyCommitment == 0
        ) revert MalformedModel(modelId); // R-Releases-10
        // R-Releases-02: no data key seals twice, so the same commitment is the same sealed model again, perhaps as the
        // root of a lineage without stops.
        bytes32 sealedBefore = keyModels[action.keyCommitment];
        if (sealedBefore != 0) revert ModelExists(sealedBefore);

        lineage = modelId;
        if (action.parentModel != 0) {
            Model storage parent = models[action.parentModel];
            if (parent.index == 0) revert UnknownModel(action.parentModel); // R-Releases-02
            lineage = parent.lineage;
        }

        bytes32 required = COMMITTEE.keyHash();
        // R-Releases-03: 0 means that no committee key is in force, and matches nothing.
        if (required == 0 || action.committeeKeyHash != required) {
            revert WrongCommitteeKey(action.committeeKeyHash, required);
        }
        _checkIdentities(action, modelId);
    }

    function _checkIdentities(RegisterModel memory action, bytes32 modelId) private view {
        uint256 count = action.identities.length;
        if (count == 0 || count > MAX_IDENTITIES) revert BadCount(count, MAX_IDENTITIES); // R-Releases-04
        bytes32[] memory seen = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            IdentityRequest memory request = action.identities[i];
            // R-Releases-10: the parties of MPC count from 1; plain and eval have the party 0 alone.
            if (request.mode == Mode.None || (request.mode == Mode.Mpc) != (request.party != 0)) {
                revert MalformedModel(modelId);
            }
            bytes32 identity = computeIdentity(action.committeeKeyHash, modelId, request.mode, request.party);
            bool known = identityModels[identity] != 0;
            for (uint256 j; j < i; ++j) {
                if (seen[j] == identity) known = true;
            }
            if (known) revert IdentityRegisteredBefore(identity); // R-Releases-01
            seen[i] = identity;
        }
    }

    function _checkGrant(GrantRelease memory action) private view returns (uint8 tier) {
        Model storage model = models[action.modelId];
        if (model.index == 0) revert UnknownModel(action.modelId); // R-Releases-02
        Parameters memory current = _parameters();
        _checkExpiry(action.expiresAt, block.timestamp + 1, current);
        // R-Releases-11
        if (action.scope.length == 0 || action.scope.length > current.documentBytes) {
            revert ScopeSize(action.scope.length, current.documentBytes);
        }
        uint256 count = action.workers.length;
        if (count == 0 || count > MAX_WORKERS) revert BadCount(count, MAX_WORKERS); // R-Releases-04
        for (uint256 i; i < count; ++i) {
            WorkerGrant memory grant = action.workers[i];
            bytes32 identity = _identityOf(action.modelId, action.mode, grant.party);
            bool bad = grant.worker == address(0) || identityModels[identity] == 0;
            for (uint256 j; j < i; ++j) {
                if (action.workers[j].worker == grant.worker) bad = true;
            }
            if (bad) revert BadWorker(grant.worker, grant.party); // R-Releases-04
        }
        if (action.mode == Mode.Mpc) Parties.check(action.workers, SEATS);
        return _tierUnder(model.lineage);
    }

    function _checkRenew(RenewRelease memory action) private view returns (uint8 tier) {
        Release storage release = releases[action.releaseId];
        Releasability standing = _standing(release);
        // R-Releases-07: a renewal extends, it revives nothing.
        if (standing != Releasability.Releasable && standing != Releasability.Stopped) {
            revert ReleaseNotAlive(action.releaseId, standing);
        }
        Parameters memory current = _parameters();
        _checkExpiry(action.expiresAt, uint256(release.expiresAt) + 1, current);
        return _tierUnder(release.lineage);
    }

    /// @dev R-Releases-07: an expired, stopped or barred release can be revoked too; the safe direction is never refused.
    function _checkRevoke(RevokeRelease memory action) private view {
        ReleaseStatus status = releases[action.releaseId].status;
        if (status == ReleaseStatus.None) revert ReleaseNotAlive(action.releaseId, Releasability.UnknownRelease);
        if (status == ReleaseStatus.Revoked) revert ReleaseNotAlive(action.releaseId, Releasability.Revoked);
    }

    /// @dev R-Releases-05.
    function _checkExpiry(uint40 expiresAt, uint256 earliest, Parameters memory current) private view {
        uint256 latest = block.timestamp + current.releaseLifetime;
        if (expiresAt < earliest || expiresAt > latest) revert BadExpiry(expiresAt, earliest, latest);
    }

    /// @dev R-Releases-06: while a stop stands, no release that it covers comes or is prolonged below tier 3.
    function _tierUnder(bytes32 lineage) private view returns (uint8) {
        return BRAKE.isStopped(lineage) ? STOPPED_TIER : RELEASE_TIER;
    }

    function _identityOf(bytes32 modelId, Mode mode, uint16 party) private view returns (bytes32) {
        return computeIdentity(models[modelId].committeeKeyHash, modelId, mode, party);
    }

    /// @dev R-Releases-08: Barred before Stopped, since it is for ever. Every test asks for a non-zero sign of life.
    function _standing(Release storage release) private view returns (Releasability) {
        ReleaseStatus status = release.status;
        if (status == ReleaseStatus.Revoked) return Releasability.Revoked;
        if (status != ReleaseStatus.Alive) return Releasability.UnknownRelease;
        if (block.timestamp >= release.expiresAt) return Releasability.Expired;
        IBrake.Scope memory own = BRAKE.getScope(release.lineage);
        IBrake.Scope memory everything = BRAKE.getScope(EVERYTHING);
        if (own.generation != release.lineageGeneration || everything.generation != release.globalGeneration) {
            return Releasability.Barred;
        }
        bool exist = release.lineage != 0 && own.openedAt != 0 && everything.openedAt != 0;
        return exist && own.standing == 0 && everything.standing == 0 ? Releasability.Releasable : Releasability.Stopped;
    }
}
