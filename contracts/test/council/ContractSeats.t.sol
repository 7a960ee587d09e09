// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, KeyKind, SeatGrant} from "../../src/types/Actions.sol";
import {SignedBallot, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";
import {Wallet} from "./Wallets.sol";

/// @dev R-Seats-21. A seat whose key is a contract (ERC-1271), and what such a contract can do to others: nothing. How a
/// seat signs was fixed when it was granted, so that no code at its address changes it.
contract ContractSeatsTest is CouncilTest {
    uint8 internal constant SEAT = 15;
    uint256 internal constant OWNER = 0xa11ce;

    Wallet internal wallet;

    function setUp() public override {
        super.setUp();
        wallet = newWallet(OWNER);
        SeatGrant memory grant = grantOf(15, 0, "CH");
        (grant.kind, grant.votingKey) = (KeyKind.ERC1271, address(wallet));
        targetAs(address(seats), ActionKind.ChangeSeats, grantSeat(grant), 4);
        (voters[SEAT], guardians[SEAT]) = (address(wallet), grant.recoveryKey);
    }

    function test_contractSeat_reverts_withWhatItDoesNotApprove(uint8 manner) public {
        manner = uint8(bound(manner, 1, 8));
        if (manner == uint8(Wallet.Manner.Huge)) manner = uint8(Wallet.Manner.Honest);
        uint256 id = proposeTier1();
        wallet.behave(Wallet.Manner(manner), id);
        // Nobody's signature, where it is honest.
        SignedBallot memory b = ballot(id, manner == 0 ? 0xb0b : OWNER);
        vm.expectRevert(badSignature(address(wallet)));
        cast(id, b);
    }

    /// @dev A contract's seat never signs by ecrecover, even where its address is one of a known key.
    function test_contractSeat_reverts_withAnEoasSignature(uint256 secret) public {
        secret = bound(secret, 1, type(uint128).max);
        SeatGrant memory grant = grantOf(16, 1, "NO");
        (grant.kind, grant.votingKey) = (KeyKind.ERC1271, vm.addr(secret));
        targetAs(address(seats), ActionKind.ChangeSeats, grantSeat(grant), 4);
        uint256 id = proposeTier1();
        SignedBallot memory b = SignedBallot(grant.votingKey, 1, 1, 0, "", "");
        b.signature = sign(secret, digestOf(id, b));
        vm.expectRevert(badSignature(grant.votingKey)); // there is no code that could approve it
        cast(id, b);
    }

    /// @dev EIP-7702: an EOA that delegates gets code at its address; here, code that refuses, or approves, everything.
    function test_eoaSeat_signs_whateverCodeItDelegatesTo(bool approves) public {
        uint256 id = proposeTier1();
        SignedBallot memory b = SignedBallot(voters[3], 1, 1, 0, "", "");
        b.signature = sign(Charter.votingSecret(3), digestOf(id, b));
        bytes4 answer = approves ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
        vm.etch(voters[3], abi.encodePacked(hex"7f", bytes32(answer), hex"5f5260205ff3"));
        SignedBallot memory forged = SignedBallot(voters[3], 2, 1, 0, "", "");
        forged.signature = sign(0xb0b, digestOf(id, forged));
        vm.expectRevert(badSignature(voters[3]));
        cast(id, forged);
        cast(id, b);
        assertBallot(id, 3, choiceOf(Support.For), 1, 1);
    }

    function test_contractSeat_votes_byWhatItApproves(bool huge) public {
        uint256 id = proposeTier1();
        if (huge) wallet.behave(Wallet.Manner.Huge, id);
        cast(id, ballot(id, OWNER));
        assertBallot(id, SEAT, choiceOf(Support.For), 1, 1);
    }

    function test_contractSeat_votes_byItsOwnCall() public {
        uint256 id = proposeTier1();
        wallet.act(address(council), abi.encodeCall(ICouncil.castVote, (id, 2)));
        assertBallot(id, SEAT, choiceOf(Support.Abstain), 1, 1);
    }

    /// @dev A batch goes on after a wallet that does its worst, at a bounded price.
    function test_contractSeat_neverStops_aBatch(uint8 manner) public {
        manner = uint8(bound(manner, 1, 8));
        if (manner == uint8(Wallet.Manner.Huge)) return;
        uint256 id = proposeTier1();
        wallet.behave(Wallet.Manner(manner), id);
        SignedBallot[] memory batch = new SignedBallot[](3);
        batch[0] = eoaBallot(id, 1);
        batch[1] = ballot(id, OWNER);
        batch[2] = eoaBallot(id, 2);
        vm.expectEmit(address(council));
        emit ICouncil.BallotSkipped(id, address(wallet), 1, 1, 0, badSignature(address(wallet)));
        uint256 before = gasleft();
        assertEq(council.castSignedVotes(id, batch), 2, "counted");
        assertLe(before - gasleft(), 450_000, "gas");
    }

    /// @dev R-Seats-21. With too little gas the wallet would fail for want of it: that is no refusal, and no skip. It gets
    /// all of its own or is not asked, and no ballot needs more than this.
    function test_contractSeat_reverts_withoutTheWalletsGas() public {
        uint256 id = proposeTier1();
        wallet.behave(Wallet.Manner.Needy, 0);
        SignedBallot[] memory batch = new SignedBallot[](1);
        batch[0] = ballot(id, OWNER);
        bytes memory call = abi.encodeCall(ICouncil.castSignedVotes, (id, batch));
        bool done;
        for (uint256 gas_ = 40_000; !done && gas_ < 400_000; gas_ += 200) {
            bytes memory err;
            vm.cool(address(wallet)); // the dearest call that there can be
            (done, err) = address(council).call{gas: gas_}(call);
            if (!done && err.length != 0) {
                assertEq(bytes32(bytes4(err)), bytes32(IActionTarget.NotEnoughGas.selector), "error");
            }
        }
        assertTrue(done, "with 400,000");
        assertBallot(id, SEAT, choiceOf(Support.For), 1, 1);
    }

    // --- rotation

    function test_contractSeat_rotates_toAWalletThatAgrees() public {
        Wallet next = newWallet(0xca11);
        bytes memory possession = signFor(0xca11, seats.rotationDigest(SEAT, address(next)));
        wallet.act(address(seats), abi.encodeCall(ISeats.startRotation, (address(next), possession)));
        skip(Charter.parameters().rotationDelay);
        seats.completeRotation(SEAT);
        assertEq(seats.getSeat(SEAT).votingKey, address(next), "key");
        uint256 id = proposeTier1();
        voters[SEAT] = address(next);
        cast(id, ballot(id, 0xca11)); // its kind goes with the seat
        assertBallot(id, SEAT, choiceOf(Support.For), 1, 1);
    }

    function test_contractSeat_recovers_toAWalletThatAgrees() public {
        Wallet next = newWallet(0xca11);
        bytes memory possession = signFor(0xca11, seats.rotationDigest(SEAT, address(next)));
        vm.prank(guardians[SEAT]);
        seats.recoverKey(SEAT, address(next), possession);
        assertEq(seats.electorOf(address(next)), SEAT | 1 << 8 | uint256(KeyKind.ERC1271) << 24, "elector");
        assertEq(seats.electorOf(address(wallet)), 0, "the old one is spent");
    }

    /// @dev Neither to a key that only ecrecover would know, nor an EOA's seat to a contract.
    function test_rotation_reverts_toAKeyOfTheOtherKind() public {
        address key = vm.addr(0xca11);
        bytes memory possession = sign(0xca11, seats.rotationDigest(SEAT, key));
        vm.expectRevert(abi.encodeWithSelector(ISeats.PossessionNotProven.selector, key, key));
        vm.prank(guardians[SEAT]);
        seats.recoverKey(SEAT, key, possession);

        Wallet next = newWallet(0xca11);
        possession = signFor(0xca11, seats.rotationDigest(2, address(next)));
        vm.expectRevert(abi.encodeWithSelector(ISeats.PossessionNotProven.selector, address(next), address(0)));
        vm.prank(guardians[2]);
        seats.recoverKey(2, address(next), possession);
    }

    // --- helpers

    function newWallet(uint256 secret) private returns (Wallet) {
        return new Wallet(vm.addr(secret), council);
    }

    function ballot(uint256 id, uint256 secret) private view returns (SignedBallot memory b) {
        b = SignedBallot(voters[SEAT], 1, 1, 0, "", "");
        b.signature = signFor(secret, digestOf(id, b));
    }

    function eoaBallot(uint256 id, uint8 seat) private view returns (SignedBallot memory b) {
        b = SignedBallot(voters[seat], 1, 1, 0, "", "");
        b.signature = sign(Charter.votingSecret(seat), digestOf(id, b));
    }

    function digestOf(uint256 id, SignedBallot memory b) private view returns (bytes32) {
        return council.ballotDigest(id, b.support, b.voter, b.round, b.count, b.reason);
    }

    function signFor(uint256 secret, bytes32 digest) private pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encode(r, s, v);
    }

    function cast(uint256 id, SignedBallot memory b) private {
        council.castSignedVote(id, b.support, b.voter, b.round, b.count, b.reason, b.signature);
    }

    function badSignature(address voter) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.BadSignature.selector, voter);
    }
}
