// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IdentityRequest, Mode, RegisterModel} from "../types/Actions.sol";
import {ActionContext} from "../types/System.sol";
import {ReleaseStore} from "./ReleaseStore.sol";

/// @dev Sealed weights, registered by their hashes: once, to the committee key in force, in a lineage.
abstract contract Models is ReleaseStore {
    uint8 private constant REGISTER_TIER = 2;
    uint256 private constant MAX_IDENTITIES = 16;

    function _register(RegisterModel memory action, ActionContext calldata context) internal {
        (bytes32 modelId, bytes32 lineage) = _checkRegister(action);
        _requireTier(context, REGISTER_TIER);
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
        // The first model of a lineage here: its root, or one derived from a predecessor's model.
        if (BRAKE.getScope(lineage).openedAt == 0) BRAKE.openScope(lineage);
    }

    /// @dev What must hold, at proposal and again at execution.
    function _checkRegister(RegisterModel memory action) internal view returns (bytes32 modelId, bytes32 lineage) {
        modelId = computeModelId(action.registrar, action.sealNonce);
        if (_isKnown(modelId)) revert ModelExists(modelId); // R-Releases-02, R-Releases-14
        if (
            action.registrar == address(0) || action.manifestHash == 0 || action.contentRoot == 0
                || action.keyCommitment == 0
        ) revert MalformedModel(modelId); // R-Releases-10
        // R-Releases-02: no data key seals twice, so the same commitment is the same sealed model again, perhaps as the
        // root of a lineage without stops.
        bytes32 sealedBefore = modelOfKey(action.keyCommitment); // R-Releases-14: in whichever system
        if (sealedBefore != 0) revert ModelExists(sealedBefore);

        lineage = modelId;
        if (action.parentModel != 0) {
            Model memory parent = getModel(action.parentModel); // R-Releases-14: stops follow it into the next system
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
}
