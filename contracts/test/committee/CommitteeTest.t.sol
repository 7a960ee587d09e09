// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {Bls12381} from "../../src/libraries/Bls12381.sol";
import {
    ActionKind,
    FormCommittee,
    GrantRelease,
    IdentityRequest,
    Mode,
    OracleMember,
    RegisterModel,
    RevokeRelease,
    WorkerGrant
} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {Targets} from "../Targets.t.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";

/// @dev Five oracles of five organisations, threshold three, one acknowledgement of slack, and all that they post from
/// vectors. Each step can be taken by one member or by all; every call that may meet a refusing precompile has little
/// gas, because such a precompile burns all that it is given.
abstract contract CommitteeTest is Targets {
    ActionKind internal constant FORM = ActionKind.FormCommittee;
    uint64 internal constant EPOCH = 1;
    uint16 internal constant THRESHOLD = 3;
    uint16 internal constant SLACK = 1;
    uint256 internal constant SIZE = 5;
    uint256 internal constant GAS = 5_000_000;
    address internal constant WORKER = address(0x3012);
    address internal constant OTHER_WORKER = address(0x3013);

    /// @dev What an answer to a request is given again.
    struct Asked {
        bytes32 releaseId;
        address worker;
    }

    bytes32 internal modelId;
    mapping(bytes32 requestId => Asked) internal asked;

    function setUp() public virtual override {
        super.setUp();
        assertEq(address(committee), DkgVectors.COMMITTEE, "run make_dkg.py: the deployment of Base changed");
        assertEq(address(releases), DkgVectors.RELEASES, "run make_dkg.py: the deployment of Base changed");
    }

    // --- forming

    function oracle(uint256 member) internal pure returns (address) {
        return address(uint160(0x0AC1E000 + member));
    }

    function organisationId(uint256 organisation) internal pure returns (bytes32) {
        return keccak256(bytes(Charter.name(organisation)));
    }

    /// @dev Members 1 to 5 of the organisations 0 to 4, which sit in five jurisdictions.
    function formation() internal pure returns (FormCommittee memory formed) {
        return formation(THRESHOLD, SLACK, SIZE);
    }

    function formation(uint16 threshold, uint16 slack, uint256 size)
        internal
        pure
        returns (FormCommittee memory formed)
    {
        formed = FormCommittee(threshold, slack, new OracleMember[](size), 0);
        for (uint256 i; i < size; ++i) {
            formed.members[i] = OracleMember(organisationId(i), oracle(i + 1));
        }
    }

    function form() internal {
        enact(committee, FORM, abi.encode(formation()), 4);
    }

    // --- key generation

    function transportKey(uint256 member) internal pure returns (bytes memory made) {
        made = new bytes(1216);
        made[0] = bytes1(uint8(member));
    }

    /// @dev An envelope for every other member. What they hold is between the members.
    function envelopes(uint256 dealer) internal pure returns (bytes[] memory made) {
        made = new bytes[](SIZE);
        for (uint256 i; i < SIZE; ++i) {
            if (i + 1 != dealer) made[i] = abi.encode("envelope", dealer, i + 1);
        }
    }

    function register(uint256 member) internal {
        registerWith(member, DkgVectors.commitmentsHash(member));
    }

    function registerWith(uint256 member, bytes32 commitmentsHash) internal {
        vm.prank(oracle(member));
        committee.register(EPOCH, transportKey(member), commitmentsHash);
    }

    function deal(uint256 member) internal {
        dealWith(member, DkgVectors.commitments(member), DkgVectors.proof(member));
    }

    function dealWith(uint256 member, bytes memory commitments, bytes memory proof) internal {
        vm.prank(oracle(member));
        committee.deal{gas: GAS}(EPOCH, commitments, proof, envelopes(member));
    }

    function acknowledge(uint256 member) internal {
        acknowledgeWith(member, DkgVectors.acknowledgement(member));
    }

    function acknowledgeWith(uint256 member, bytes memory proof) internal {
        vm.prank(oracle(member));
        committee.acknowledge{gas: GAS}(EPOCH, proof);
    }

    function toDealing() internal {
        form();
        for (uint256 member = 1; member <= SIZE; ++member) {
            register(member);
        }
    }

    function toSettling() internal {
        toDealing();
        for (uint256 member = 1; member <= SIZE; ++member) {
            deal(member);
        }
    }

    /// @dev By somebody, with what all members but `without` dealt (0: all).
    function settle(uint256 without) internal {
        bytes[] memory dealt = new bytes[](without == 0 ? SIZE : SIZE - 1);
        uint256 next;
        for (uint256 member = 1; member <= SIZE; ++member) {
            if (member != without) dealt[next++] = DkgVectors.commitments(member);
        }
        committee.settle{gas: GAS}(EPOCH, dealt);
    }

    function toAcknowledging() internal {
        toSettling();
        settle(0);
    }

    /// @dev Of one dealer.
    function complain(uint256 member, uint16 dealer) internal {
        uint16[] memory dealers = new uint16[](1);
        dealers[0] = dealer;
        complainOf(member, dealers);
    }

    function complainOf(uint256 member, uint16[] memory dealers) internal {
        vm.prank(oracle(member));
        committee.complain(EPOCH, dealers);
    }

    function toInForce() internal {
        toAcknowledging();
        for (uint256 member = 1; member <= SIZE; ++member) {
            acknowledge(member);
        }
    }

    // --- unlocking

    /// @dev Registers the model whose identity the vectors' partials are for.
    function registerModel() internal {
        modelId = releases.computeModelId(DkgVectors.REGISTRAR, DkgVectors.SEAL_NONCE);
        RegisterModel memory model;
        model.registrar = DkgVectors.REGISTRAR;
        model.sealNonce = DkgVectors.SEAL_NONCE;
        model.manifestHash = keccak256("manifest");
        model.contentRoot = keccak256("content");
        model.keyCommitment = keccak256("commitment");
        model.committeeKeyHash = committee.keyHash();
        model.identities = new IdentityRequest[](1);
        model.identities[0] = IdentityRequest(Mode.Plain, 0);
        model.name = "model";
        enact(releases, ActionKind.RegisterModel, abi.encode(model), 2);
    }

    /// @dev A release to both workers.
    function releaseAction(uint256 lifetime) internal view returns (bytes memory) {
        GrantRelease memory grant;
        grant.modelId = modelId;
        grant.mode = Mode.Plain;
        grant.expiresAt = uint40(nowAt() + lifetime);
        grant.workers = new WorkerGrant[](2);
        grant.workers[0] = WorkerGrant(WORKER, 0, Charter.name(0));
        grant.workers[1] = WorkerGrant(OTHER_WORKER, 0, Charter.name(1));
        grant.scope = "{}";
        return abi.encode(grant);
    }

    function grantRelease() internal returns (bytes32 releaseId) {
        releaseId = bytes32(nextProposal());
        enact(releases, ActionKind.GrantRelease, releaseAction(30 days), 3);
    }

    /// @dev A committee in force, a model sealed to it, a release.
    function toReleased() internal returns (bytes32 releaseId) {
        toInForce();
        registerModel();
        return grantRelease();
    }

    function revoke(bytes32 releaseId) internal {
        enact(releases, ActionKind.RevokeRelease, abi.encode(RevokeRelease(releaseId, "for a test")), 1);
    }

    function request(bytes32 releaseId, address worker, uint256 number) internal returns (bytes32 requestId) {
        bytes memory key = DkgVectors.transportKey(number);
        bytes memory proof = proofOf(releaseId, worker, key, uint256(DkgVectors.transportSecret(number)));
        vm.prank(worker);
        requestId = committee.requestUnlock{gas: GAS}(releaseId, key, proof);
        asked[requestId] = Asked(releaseId, worker);
    }

    /// @dev The proof for this request that the secret is known, with a nonce that only tests may use twice.
    function proofOf(bytes32 releaseId, address worker, bytes memory key, uint256 secret)
        internal
        view
        returns (bytes memory)
    {
        return proofFor(DkgVectors.IDENTITY, DkgVectors.NONCE_POINT, releaseId, worker, key, secret);
    }

    /// @dev The same for any identity; `noncePoint` is the nonce times what it hashes to.
    function proofFor(
        bytes32 identity,
        bytes memory noncePoint,
        bytes32 releaseId,
        address worker,
        bytes memory key,
        uint256 secret
    ) internal view returns (bytes memory) {
        bytes32 context = keccak256(
            abi.encode("custodes/transport/v1", block.chainid, address(committee), releaseId, worker, identity)
        );
        uint256 challenge = uint256(keccak256(bytes.concat(context, key, noncePoint))) >> 2;
        uint256 order = Bls12381.ORDER;
        uint256 response = addmod(uint256(DkgVectors.NONCE), mulmod(challenge, secret, order), order);
        return abi.encode(challenge, response);
    }

    function approve(bytes32 requestId, uint256 member) internal {
        vm.prank(oracle(member));
        committee.approve(requestId);
    }

    /// @dev By the members 1 to 3.
    function approveByThree(bytes32 requestId) internal {
        for (uint256 member = 1; member <= THRESHOLD; ++member) {
            approve(requestId, member);
        }
    }

    /// @dev The right partial of that member for the vectors' request with that number.
    function post(bytes32 requestId, uint256 member, uint256 number) internal {
        postWith(requestId, member, number, partialOf(number, member));
    }

    function postWith(bytes32 requestId, uint256 member, uint256 number, bytes memory partial_) internal {
        bytes memory share = DkgVectors.publicShare(member);
        postRaw(oracle(member), postData(requestId, partial_, DkgVectors.transportKey(number), share));
    }

    /// @dev The call's data: nothing in it has a length of its own, so the points are simply joined.
    function postData(bytes32 requestId, bytes memory partial_, bytes memory key, bytes memory share)
        internal
        view
        returns (bytes memory)
    {
        Asked memory made = asked[requestId];
        bytes memory head = abi.encodeWithSelector(ICommittee.post.selector, requestId, made.releaseId, made.worker);
        return bytes.concat(head, partial_, key, share);
    }

    function postRaw(address sender, bytes memory data) internal {
        vm.prank(sender);
        (bool taken, bytes memory reason) = address(committee).call{gas: GAS}(data);
        if (taken) return;
        assembly ("memory-safe") {
            revert(add(reason, 32), mload(reason))
        }
    }

    function partialOf(uint256 number, uint256 member) internal pure returns (bytes memory) {
        if (number == 0) return DkgVectors.partialOf0(member);
        if (number == 1) return DkgVectors.partialOf1(member);
        return DkgVectors.partialOf2(member);
    }

    // --- errors and assertions

    function assertPhase(ICommittee.Phase expected, string memory what) internal view {
        assertEq(uint256(committee.getEpoch(EPOCH).phase), uint256(expected), what);
    }

    function unexpectedPhase(ICommittee.Phase actual, ICommittee.Phase required) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.UnexpectedPhase.selector, EPOCH, actual, required);
    }

    function phaseDeadline(uint40 endsAt) internal view returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.PhaseDeadline.selector, EPOCH, endsAt, nowAt());
    }

    function notMember(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.NotMember.selector, EPOCH, caller);
    }

    function alreadyDone(uint16 index) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.AlreadyDone.selector, EPOCH, index);
    }

    function badPoint() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.BadPoint.selector);
    }

    function badProof(uint16 index) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.BadProof.selector, index);
    }

    function everythingStopped() internal pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.EverythingStopped.selector);
    }

    function phaseEndsAt() internal view returns (uint40) {
        return committee.getEpoch(EPOCH).phaseEndsAt;
    }
}
