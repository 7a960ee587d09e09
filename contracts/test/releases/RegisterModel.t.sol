// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {IBrake} from "../../src/interfaces/IBrake.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, IdentityRequest, Mode, RegisterModel} from "../../src/types/Actions.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

contract RegisterModelTest is ReleasesTest {
    ActionKind private constant KIND = ActionKind.RegisterModel;

    function test_register_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(releases, KIND, abi.encode(modelOf(1, 0)), caller);
    }

    function test_releases_revert_onActionsOfOtherContracts(uint8 rawKind) public {
        ActionKind kind = ActionKind(bound(rawKind, 0, uint8(type(ActionKind).max)));
        vm.assume(kind != ActionKind.RevokeRelease);
        vm.assume(kind < ActionKind.RegisterModel || kind > ActionKind.RenewRelease);
        bytes memory err = abi.encodeWithSelector(IActionTarget.UnknownAction.selector, kind);
        assertRefused(releases, kind, abi.encode(modelOf(1, 0)), err);
    }

    /// @dev R-Releases-02.
    function test_register_reverts_ifTheModelExists(uint64 sealNonce) public {
        bytes32 modelId = register(sealNonce, 0);
        RegisterModel memory again = modelOf(sealNonce, 0);
        again.keyCommitment = keccak256("another");
        refuse(again, modelExists(modelId));
    }

    /// @dev R-Releases-02. The same seal under another nonce would begin a lineage without stops.
    function test_register_reverts_ifThatDataKeySealedAModelBefore(uint64 sealNonce, bool derived) public {
        vm.assume(sealNonce != 1);
        bytes32 modelId = register(1, 0);
        RegisterModel memory again = modelOf(sealNonce, derived ? modelId : bytes32(0));
        again.keyCommitment = modelOf(1, 0).keyCommitment;
        refuse(again, modelExists(modelId));
    }

    function test_register_reverts_withAZeroField(uint8 field) public {
        RegisterModel memory model = modelOf(1, 0);
        if (field % 4 == 0) model.registrar = address(0);
        if (field % 4 == 1) model.manifestHash = 0;
        if (field % 4 == 2) model.contentRoot = 0;
        if (field % 4 == 3) model.keyCommitment = 0;
        refuse(model, malformed(releases.computeModelId(model.registrar, 1)));
    }

    function test_register_reverts_ifTheParentIsUnknown(bytes32 parent) public {
        vm.assume(parent != 0);
        refuse(modelOf(1, parent), unknownModel(parent));
    }

    /// @dev R-Releases-03.
    function test_register_reverts_underAnotherCommitteeKey(bytes32 keyHash) public {
        vm.assume(keyHash != KEY_HASH);
        RegisterModel memory model = modelOf(1, 0);
        model.committeeKeyHash = keyHash;
        refuse(model, abi.encodeWithSelector(IReleases.WrongCommitteeKey.selector, keyHash, KEY_HASH));
    }

    function test_register_reverts_withoutACommittee() public {
        vm.clearMockedCalls();
        assertEq(committee.keyHash(), 0, "no committee key is in force");
        RegisterModel memory model = modelOf(1, 0);
        model.committeeKeyHash = 0;
        refuse(model, abi.encodeWithSelector(IReleases.WrongCommitteeKey.selector, bytes32(0), bytes32(0)));
    }

    /// @dev R-Releases-04.
    function test_register_reverts_withTooManyIdentitiesOrNone(uint8 count) public {
        count = count == 0 ? 0 : uint8(bound(count, 17, 60));
        RegisterModel memory model = modelOf(1, 0);
        model.identities = new IdentityRequest[](count);
        refuse(model, abi.encodeWithSelector(IReleases.BadCount.selector, count, 16));
    }

    function test_register_takes16Identities_andNoMore() public {
        RegisterModel memory model = modelOf(1, 0);
        model.identities = new IdentityRequest[](17);
        for (uint16 i; i < 17; ++i) {
            model.identities[i] = IdentityRequest(Mode.Mpc, i + 1);
        }
        refuse(model, abi.encodeWithSelector(IReleases.BadCount.selector, 17, 16));
        IdentityRequest[] memory identities = model.identities;
        assembly {
            mstore(identities, 16)
        }
        assertTier(releases, KIND, abi.encode(model), 2);
    }

    /// @dev Without a predecessor there is nobody else to ask.
    function test_modelOfIdentity_isZero_ofAnUnknownOne(bytes32 identity) public view {
        assertEq(releases.modelOfIdentity(identity), 0, "model");
    }

    /// @dev R-Releases-10. Plain and eval have the party 0 alone, the parties of MPC count from 1, and None is no mode.
    function test_register_takesAnIdentity_onlyWithItsPartiesOfItsMode(uint8 rawMode, uint16 party) public {
        Mode mode = Mode(rawMode % 4);
        if (rawMode >= 128) party = 0;
        RegisterModel memory model = modelOf(1, 0);
        model.identities = new IdentityRequest[](1);
        model.identities[0] = IdentityRequest(mode, party);
        bool valid = mode == Mode.Mpc ? party >= 1 : mode != Mode.None && party == 0;
        bytes32 modelId = releases.computeModelId(REGISTRAR, 1);
        if (valid) {
            enact(releases, KIND, abi.encode(model), 2);
            assertEq(releases.modelOfIdentity(identityOf(modelId, mode, party)), modelId, "model of the identity");
        } else {
            refuse(model, malformed(modelId));
        }
    }

    /// @dev R-Releases-01. Invariant 23, within one registration; across registrations the model id differs.
    function test_register_reverts_ifAnIdentityStandsTwice(uint8 first, uint8 second) public {
        RegisterModel memory model = modelOf(1, 0);
        uint256 i = bound(first, 0, 3);
        uint256 j = bound(second, i + 1, 4);
        model.identities[j] = model.identities[i];
        bytes32 modelId = releases.computeModelId(REGISTRAR, 1);
        bytes32 identity = identityOf(modelId, model.identities[i].mode, model.identities[i].party);
        refuse(model, abi.encodeWithSelector(IReleases.IdentityRegisteredBefore.selector, identity));
    }

    function test_register_needsTierTwo() public {
        assertTier(releases, KIND, abi.encode(modelOf(1, 0)), 2);
    }

    function test_register_reverts_atASecondExecution() public {
        bytes memory action = abi.encode(modelOf(1, 0));
        enact(releases, KIND, action, 2);
        assertRefused(releases, KIND, action, modelExists(releases.computeModelId(REGISTRAR, 1)));
    }

    function test_register_keepsEverythingThatWasVoted(address registrar, uint64 sealNonce) public {
        vm.assume(registrar != address(0));
        RegisterModel memory model = modelOf(sealNonce, 0);
        model.registrar = registrar;
        enact(releases, KIND, abi.encode(model), 2);

        bytes32 modelId = keccak256(abi.encode("custodes/model/v1", registrar, sealNonce));
        IReleases.Model memory kept = releases.getModel(modelId);
        assertEq(kept.lineage, modelId, "a root is its own lineage");
        assertEq(kept.parentModel, 0, "parent");
        assertEq(kept.manifestHash, model.manifestHash, "manifest");
        assertEq(kept.contentRoot, model.contentRoot, "content");
        assertEq(kept.keyCommitment, model.keyCommitment, "commitment");
        assertEq(kept.committeeKeyHash, KEY_HASH, "committee key");
        assertEq(kept.registrar, registrar, "registrar");
        assertEq(kept.sealNonce, sealNonce, "nonce");
        assertEq(kept.index, 1, "index");
        assertEq(kept.registeredAt, nowAt(), "time");
        assertEq(releases.modelCount(), 1, "count");
        for (uint256 i; i < model.identities.length; ++i) {
            bytes32 identity = keccak256(
                abi.encode(
                    "custodes/identity/v1",
                    block.chainid,
                    address(releases),
                    KEY_HASH,
                    modelId,
                    model.identities[i].mode,
                    model.identities[i].party
                )
            );
            assertEq(releases.modelOfIdentity(identity), modelId, "model of the identity");
        }
    }

    function test_register_opensTheScopeOfARoot_andInheritsItsLineage() public {
        bytes32 root = releases.computeModelId(REGISTRAR, 1);
        assertEq(brake.getScope(root).openedAt, 0, "no scope before");
        register(1, 0);
        assertEq(brake.getScope(root).openedAt, nowAt(), "scope opened");
        skip(1 days);
        bytes32 child = register(2, root);
        bytes32 grandchild = register(3, child);
        assertEq(releases.getModel(child).lineage, root, "child");
        assertEq(releases.getModel(grandchild).lineage, root, "grandchild");
        assertEq(releases.getModel(grandchild).parentModel, child, "parent");
        assertEq(brake.getScope(root).openedAt, nowAt() - 1 days, "opened once");
        assertEq(brake.getScope(child).openedAt, 0, "a derived model has no scope of its own");
        assertEq(releases.getModel(grandchild).index, 3, "index");
    }

    function test_register_emitsModelAndIdentities() public {
        RegisterModel memory model = modelOf(1, 0);
        model.identities = new IdentityRequest[](1);
        model.identities[0] = IdentityRequest(Mode.Mpc, 7);
        bytes32 modelId = releases.computeModelId(REGISTRAR, 1);
        uint256 proposalId = nextProposal();
        vm.expectEmit(address(releases));
        emit IReleases.ModelRegistered(
            modelId,
            modelId,
            proposalId,
            REGISTRAR,
            1,
            0,
            model.manifestHash,
            model.contentRoot,
            model.keyCommitment,
            KEY_HASH,
            "model"
        );
        vm.expectEmit(address(releases));
        emit IReleases.IdentityRegistered(identityOf(modelId, Mode.Mpc, 7), modelId, Mode.Mpc, 7);
        vm.expectEmit(address(brake));
        emit IBrake.ScopeOpened(modelId);
        enact(releases, KIND, abi.encode(model), 2);
    }

    /// @dev An identity of one chain, contract, committee key, model, mode or party is none of another.
    function test_identity_differs_inEveryPart(bytes32 keyHash, bytes32 modelId, uint16 party, uint64 chainId) public {
        bytes32 identity = releases.computeIdentity(keyHash, modelId, Mode.Mpc, party);
        unchecked {
            assertTrue(identity != releases.computeIdentity(~keyHash, modelId, Mode.Mpc, party), "key");
            assertTrue(identity != releases.computeIdentity(keyHash, ~modelId, Mode.Mpc, party), "model");
            assertTrue(identity != releases.computeIdentity(keyHash, modelId, Mode.Mpc, party + 1), "party");
        }
        assertTrue(identity != releases.computeIdentity(keyHash, modelId, Mode.Plain, party), "mode");
        IReleases other = IReleases(deploy("Releases.sol:Releases", abi.encode(sys)));
        assertTrue(identity != other.computeIdentity(keyHash, modelId, Mode.Mpc, party), "contract");
        chainId = uint64(bound(chainId, 1, type(uint64).max - 1));
        vm.assume(chainId != block.chainid);
        vm.chainId(chainId);
        assertTrue(identity != releases.computeIdentity(keyHash, modelId, Mode.Mpc, party), "chain");
    }

    function refuse(RegisterModel memory model, bytes memory err) private {
        assertRefused(releases, KIND, abi.encode(model), err);
    }

    function modelExists(bytes32 modelId) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReleases.ModelExists.selector, modelId);
    }

    function malformed(bytes32 modelId) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IReleases.MalformedModel.selector, modelId);
    }
}
