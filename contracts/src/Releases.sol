// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "./interfaces/IActionTarget.sol";
import {IBrake} from "./interfaces/IBrake.sol";
import {IReleases} from "./interfaces/IReleases.sol";
import {Parties} from "./libraries/Parties.sol";
import {Models} from "./releases/Models.sol";
import {ReleaseStore} from "./releases/ReleaseStore.sol";
import {
    ActionKind,
    GrantRelease,
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
contract Releases is Models {
    uint8 private constant REVOKE_TIER = 1;
    uint8 private constant RELEASE_TIER = 2;
    uint8 private constant STOPPED_TIER = 3;
    uint256 private constant MAX_WORKERS = 16;

    constructor(System memory sys) ReleaseStore(sys) {}

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
        (Releasability reason,,,) = unlockability(releaseId, worker);
        return reason == Releasability.Releasable;
    }

    /// @inheritdoc IReleases
    function releasability(bytes32 releaseId, address worker) external view returns (Releasability reason) {
        (reason,,,) = unlockability(releaseId, worker);
    }

    /// @inheritdoc IReleases
    function unlockability(bytes32 releaseId, address worker)
        public
        view
        returns (Releasability reason, bytes32 identity, bytes32 lineage, uint64 stopsSeen)
    {
        Release storage release = releases[releaseId];
        (reason, stopsSeen) = _standing(release);
        if (reason == Releasability.Releasable) {
            (identity, lineage) = (workerIdentities[releaseId][worker], release.lineage);
            if (identity == 0) reason = Releasability.WorkerNotNamed;
        }
    }

    // ---- carrying out --------------------------------------------------------------------------------------------

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
        releaseAt[++releaseCount] = releaseId;
        emit ReleaseGranted(releaseId, action.modelId, action.mode, action.expiresAt, scopeHash, action.scope);
        if (action.mode == Mode.Mpc) Parties.keep(action.workers, partiesHeld[action.modelId], SEATS);
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
        if (action.mode == Mode.Mpc) Parties.check(action.workers, partiesHeld[action.modelId], SEATS);
        return _tierUnder(model.lineage);
    }

    function _checkRenew(RenewRelease memory action) private view returns (uint8 tier) {
        Release storage release = releases[action.releaseId];
        (Releasability standing,) = _standing(release);
        // R-Releases-07: a renewal extends, it revives nothing.
        if (standing != Releasability.Releasable && standing != Releasability.Stopped) {
            revert ReleaseNotAlive(action.releaseId, standing);
        }
        Parameters memory current = _parameters();
        _checkExpiry(action.expiresAt, uint256(release.expiresAt) + 1, current);
        return _tierUnder(release.lineage);
    }

    /// @dev R-Releases-07: an expired, stopped or barred release can be revoked too; the safe direction is never
    /// refused.
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

    /// @dev R-Releases-08: Barred before Stopped, since it is for ever. Every test asks for a non-zero sign of life. The
    /// stops that the scopes have seen stand beside Releasable alone.
    function _standing(Release storage release) private view returns (Releasability reason, uint64 stopsSeen) {
        ReleaseStatus status = release.status;
        if (status == ReleaseStatus.Revoked) return (Releasability.Revoked, 0);
        if (status != ReleaseStatus.Alive) return (Releasability.UnknownRelease, 0);
        if (block.timestamp >= release.expiresAt) return (Releasability.Expired, 0);
        (IBrake.Scope memory own, IBrake.Scope memory everything) = BRAKE.getScopes(release.lineage);
        if (own.generation != release.lineageGeneration || everything.generation != release.globalGeneration) {
            return (Releasability.Barred, 0);
        }
        bool exist = release.lineage != 0 && own.openedAt != 0 && everything.openedAt != 0;
        if (!exist || own.standing != 0 || everything.standing != 0) return (Releasability.Stopped, 0);
        return (Releasability.Releasable, uint64(own.pulled) + everything.pulled);
    }
}
