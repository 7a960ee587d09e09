// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ISuccession} from "../../src/interfaces/ISuccession.sol";
import {ActionKind, NameSuccessor, PinnedCode, RevokeRelease} from "../../src/types/Actions.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {ReleasesTest} from "../releases/ReleasesTest.t.sol";

/// @dev The end of a system: once, for pinned code; it bars every release and closes the Council, but never the brake.
contract NameSuccessorTest is ReleasesTest {
    ActionKind private constant KIND = ActionKind.NameSuccessor;
    address private constant NEXT = address(0x5ccce5504);
    address private constant NEXT_SEATS = address(0x5ccce5505);

    bytes32 private model;

    function setUp() public override {
        super.setUp();
        vm.etch(NEXT, hex"60016000f3");
        vm.etch(NEXT_SEATS, hex"60026000f3");
        model = register(0, 0);
    }

    // --- refusals

    function test_name_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(brake, KIND, naming(), caller);
    }

    /// @dev R-Council-30.
    function test_close_reverts_fromAnybodyButTheBrake(address caller) public {
        vm.assume(caller != address(brake));
        vm.prank(caller);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.OnlyBrake.selector, caller));
        council.close(NEXT);
    }

    /// @dev R-Brake-15.
    function test_name_reverts_withoutPartsOrWithTooMany(uint8 count) public {
        count = count == 0 ? 0 : uint8(bound(count, 17, 255));
        bytes memory err = abi.encodeWithSelector(ISuccession.BadSuccessor.selector, count);
        assertRefused(brake, KIND, abi.encode(NameSuccessor(new PinnedCode[](count))), err);
    }

    function test_name_takes16Parts_andNoMore() public {
        PinnedCode[] memory parts = new PinnedCode[](17);
        for (uint256 i; i < 17; ++i) {
            parts[i] = PinnedCode(NEXT, NEXT.codehash);
        }
        bytes memory err = abi.encodeWithSelector(ISuccession.BadSuccessor.selector, 17);
        assertRefused(brake, KIND, abi.encode(NameSuccessor(parts)), err);
        assembly {
            mstore(parts, 16)
        }
        assertTier(brake, KIND, abi.encode(NameSuccessor(parts)), 4);
    }

    /// @dev R-Brake-16. By one generation, as a lapse does.
    function test_name_barsByTheGenerationOfEverything() public {
        enact(brake, KIND, naming(), 4);
        assertEq(brake.getScope(0).generation, 1, "generation");
        assertEq(brake.getScope(0).standing, 0, "no stop stands");
    }

    /// @dev R-Brake-15. Any part, not the first alone.
    function test_name_reverts_onOtherCodeThanPinned(bytes32 pinned, bool second) public {
        address account = second ? NEXT_SEATS : NEXT;
        vm.assume(pinned != account.codehash);
        NameSuccessor memory action = twoParts();
        action.parts[second ? 1 : 0].codeHash = pinned;
        assertRefused(brake, KIND, abi.encode(action), wrongCode(account, account.codehash, pinned));
    }

    /// @dev R-Brake-15. What has no code can have any code later: neither an empty address nor a person's account passes.
    function test_name_reverts_onAnAccountWithoutCode(address account) public {
        vm.assume(account.code.length == 0 && account != NEXT);
        bytes32 hash = account.codehash;
        assertRefused(brake, KIND, naming(account, hash), wrongCode(account, hash, hash));
        vm.deal(account, 1);
        hash = keccak256("");
        vm.assume(account.codehash == hash);
        assertRefused(brake, KIND, naming(account, hash), wrongCode(account, hash, hash));
    }

    /// @dev R-Brake-15. A delegation (EIP-7702) is code that its owner changes by a signature.
    function test_name_reverts_onADelegatedAccount() public {
        address account = address(0xde1e6a7e);
        vm.etch(account, abi.encodePacked(hex"ef0100", NEXT));
        assertRefused(
            brake, KIND, naming(account, account.codehash), wrongCode(account, account.codehash, account.codehash)
        );
    }

    /// @dev R-Brake-15.
    function test_name_reverts_onAPartOfThisSystem() public {
        address[6] memory own = [sys.seats, sys.council, sys.constraints, sys.releases, sys.brake, sys.committee];
        for (uint256 i; i < 6; ++i) {
            bytes memory err = abi.encodeWithSelector(ISuccession.OwnPart.selector, own[i]);
            assertRefused(brake, KIND, naming(own[i], own[i].codehash), err);
        }
    }

    function test_name_needsTierFour() public {
        assertTier(brake, KIND, naming(), 4);
    }

    /// @dev Tornado Cash: what was voted for is not what stands there when the vote is carried out.
    function test_execute_reverts_ifTheCodeWasSwappedBehindTheVote() public {
        bytes memory action = naming();
        uint256 proposalId = proposeAndVote(KIND, action);
        bytes32 voted = NEXT_SEATS.codehash;
        vm.etch(NEXT_SEATS, hex"60036000f3");
        warpToEta(proposalId);
        vm.expectRevert(wrongCode(NEXT_SEATS, NEXT_SEATS.codehash, voted));
        council.execute(proposalId, KIND, action);
        assertEq(council.successor(), address(0), "successor");
    }

    // --- the end

    function test_name_isRecordedOnce_withAllItsParts() public {
        PinnedCode[] memory parts = twoParts().parts;
        uint256 proposalId = proposeAndVote(KIND, naming());
        warpToEta(proposalId);
        vm.expectEmit(address(brake));
        emit ISuccession.SuccessorNamed(proposalId, NEXT, parts);
        council.execute(proposalId, KIND, naming());
        assertEq(council.successor(), NEXT, "successor");
        assertState(proposalId, ProposalState.Executed, "its own proposal");
    }

    /// @dev R-Brake-16. For ever, and for whoever proves a release by its slots: the generation that it recorded is over.
    function test_name_barsEveryRelease() public {
        bytes32 plain = grant(model);
        bytes32 another = grant(register(1, 0));
        enact(brake, KIND, naming(), 4);
        assertReleasability(plain, WORKER, IReleases.Releasability.Barred);
        assertReleasability(another, WORKER, IReleases.Releasability.Barred);
        assertRefused(
            releases,
            ActionKind.RenewRelease,
            renewing(plain, nowAt() + lifetime()),
            notAlive(plain, IReleases.Releasability.Barred)
        );
    }

    /// @dev R-Council-30. Everything but what stops is refused at once, whoever proposes it.
    function test_propose_reverts_withASuccessor() public {
        enact(brake, KIND, naming(), 4);
        bytes memory err = abi.encodeWithSelector(ICouncil.HasSuccessor.selector, NEXT);
        for (uint8 kind = 1; kind <= uint8(type(ActionKind).max); ++kind) {
            if (kind == uint8(ActionKind.RevokeRelease) || kind == uint8(ActionKind.ConfirmStop)) continue;
            vm.prank(voters[kind % 15]);
            vm.expectRevert(err);
            council.propose(ActionKind(kind), "", "too late");
        }
    }

    /// @dev R-Council-30. What had passed has expired; what is voted on may be voted on, and comes to nothing. So does a
    /// second successor.
    function test_execute_reverts_withASuccessor() public {
        bytes memory adding = addConstraint("late");
        uint256 first = proposeAndVote(KIND, naming());
        uint256 second = proposeAs(1, KIND, naming(NEXT_SEATS, NEXT_SEATS.codehash));
        voteFor(second, EVERYONE);
        warpToEta(first);
        uint256 young = proposeAs(2, ActionKind.AddConstraint, adding);
        council.execute(first, KIND, naming());

        assertState(second, ProposalState.Expired, "a second successor");
        vm.expectRevert(unexpected(second, ProposalState.Expired));
        council.execute(second, KIND, naming(NEXT_SEATS, NEXT_SEATS.codehash));
        assertState(young, ProposalState.Active, "in its round");
        voteFor(young, EVERYONE);
        warpToEta(young);
        assertState(young, ProposalState.Expired, "passed too late");
        vm.expectRevert(unexpected(young, ProposalState.Expired));
        council.execute(young, ActionKind.AddConstraint, adding);
    }

    /// @dev R-Council-30. The safe direction outlives the system: stops fall, are confirmed and lapse; releases are revoked.
    function test_safeDirection_isOpen_withASuccessor() public {
        bytes32 releaseId = grant(model);
        uint64 before = stop(model);
        uint256 proposalId = proposeAndVote(KIND, naming());
        warpToEta(proposalId);
        council.execute(proposalId, KIND, naming());

        uint64 afterwards = stop(0);
        carry(ActionKind.ConfirmStop, abi.encode(before));
        assertEq(uint256(brake.getStop(before).status), uint256(IBrake.StopStatus.Confirmed), "confirmed");
        assertTrue(brake.isStopped(model), "a standing stop is left standing");
        bytes memory revoking = abi.encode(RevokeRelease(releaseId, "misuse"));
        carry(ActionKind.RevokeRelease, revoking);
        lapse(afterwards);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Revoked);
        vm.prank(voters[3]);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.HasSuccessor.selector, NEXT));
        council.propose(ActionKind.Resume, resuming(before), "for good");
    }

    /// @dev What a successor reads to register nothing twice: models, identities and the commitments of their data keys.
    function test_registry_staysReadable_withASuccessor() public {
        enact(brake, KIND, naming(), 4);
        assertEq(releases.modelOfKey(modelOf(0, 0).keyCommitment), model, "by its key");
        assertEq(releases.modelOfKey(keccak256("another")), 0, "of no model");
        assertEq(releases.getModel(model).index, 1, "by its id");
    }

    // --- helpers

    function twoParts() private view returns (NameSuccessor memory action) {
        action.parts = new PinnedCode[](2);
        action.parts[0] = PinnedCode(NEXT, NEXT.codehash);
        action.parts[1] = PinnedCode(NEXT_SEATS, NEXT_SEATS.codehash);
    }

    function naming() private view returns (bytes memory) {
        return abi.encode(twoParts());
    }

    function naming(address account, bytes32 codeHash) private pure returns (bytes memory) {
        NameSuccessor memory action = NameSuccessor(new PinnedCode[](1));
        action.parts[0] = PinnedCode(account, codeHash);
        return abi.encode(action);
    }

    function wrongCode(address account, bytes32 actual, bytes32 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ISuccession.WrongCode.selector, account, actual, required);
    }

    function unexpected(uint256 proposalId, ProposalState actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.UnexpectedState.selector, proposalId, actual, ProposalState.Succeeded);
    }
}
