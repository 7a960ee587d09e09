// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {Test} from "../Test.sol";
import {BlsVectors} from "../vectors/BlsVectors.sol";
import {DkgVectors} from "../vectors/DkgVectors.sol";
import {BlsHarness} from "./BlsHarness.sol";

contract Bls12381Test is Test {
    uint256 private constant GAS = 1_000_000; // a precompile that refuses burns what it is given
    bytes private constant G1_GENERATOR =
        hex"0000000000000000000000000000000017f1d3a73197d7942695638c4fa9ac0fc3688c4f9774b905a14e3a3f171bac586c55e83ff97a1aeffb3af00adb22c6bb0000000000000000000000000000000008b3f481e3aaa0f1a09e30ed741d8ae4fcf5e095d5d00af600db18cb2c04b3edd03cc744a2888ae40caa232946c5e7e1";
    BlsHarness private bls;

    function setUp() public {
        bls = new BlsHarness();
    }

    // --- what the precompiles refuse

    /// @dev Off the curve, outside of the subgroup, not below p, not padded with zeros, on another curve.
    function test_isPairingOne_reverts_onBadPoints() public {
        assertEq(BlsVectors.REFUSEDPAIRS, 22, "cases");
        for (uint256 i; i < BlsVectors.REFUSEDPAIRS; ++i) {
            (, bytes memory input) = BlsVectors.refusedPairs(i);
            expectBadPoint();
            bls.isPairingOne{gas: GAS}(input);
        }
    }

    function test_isPairingOne_reverts_onAnotherLength(uint16 length) public {
        vm.assume(length == 0 || length % 384 != 0);
        expectBadPoint();
        bls.isPairingOne{gas: GAS}(new bytes(length));
    }

    function test_requireUsable_reverts_onBadPoints() public {
        assertEq(BlsVectors.REFUSEDPOINTS, 5, "cases");
        for (uint256 i; i < BlsVectors.REFUSEDPOINTS; ++i) {
            (, bytes memory input) = BlsVectors.refusedPoints(i);
            expectBadPoint();
            bls.requireUsable{gas: GAS}(input);
            expectBadPoint();
            bls.evaluate{gas: GAS}(input, 3);
        }
    }

    /// @dev Wherever the bad point stands: no scalar is 0, which an implementation might skip.
    function test_requireUsable_reverts_whereverThePointStands() public {
        bytes memory good = DkgVectors.commitments(1);
        bytes memory bad = DkgVectors.G2_OFF_SUBGROUP;
        expectBadPoint();
        bls.requireUsable{gas: GAS}(bytes.concat(bad, good));
        expectBadPoint();
        bls.requireUsable{gas: GAS}(bytes.concat(good, bad));
        expectBadPoint();
        bls.requireUsable{gas: GAS}(bytes.concat(good, bad, good));
    }

    function test_requireUsable_reverts_onTheIdentity() public {
        bytes memory good = DkgVectors.commitments(1);
        expectBadPoint();
        bls.requireUsable(new bytes(256));
        expectBadPoint();
        bls.requireUsable(bytes.concat(good, new bytes(256)));
        expectBadPoint();
        bls.requireNoIdentity(bytes.concat(new bytes(256), good));
        bls.requireUsable(good);
    }

    function test_evaluate_reverts_onAnotherLength(uint16 length) public {
        vm.assume(length == 0 || length % 256 != 0);
        expectBadPoint();
        bls.evaluate{gas: GAS}(new bytes(length), 1);
    }

    function test_weigh_reverts_onBadPoints() public {
        bytes memory good = DkgVectors.publicShare(1);
        bytes memory off = DkgVectors.publicShare(1);
        off[255] ^= 0x01;
        expectBadPoint();
        weigh(good, off, 1);
        expectBadPoint();
        weigh(bytes.concat(good, off), bytes.concat(good, good), 1);
        expectBadPoint();
        weigh(good, DkgVectors.G2_OFF_SUBGROUP, 1);
    }

    function test_weigh_reverts_onListsOfDifferentLength() public {
        bytes memory one = DkgVectors.publicShare(1);
        expectBadPoint();
        weigh(one, bytes.concat(one, one), 1);
        expectBadPoint();
        weigh(one, "", 1);
    }

    function weigh(bytes memory left, bytes memory right, uint256 weight) private view returns (bytes memory) {
        bytes[] memory lists = new bytes[](2);
        uint256[] memory weights = new uint256[](2);
        (lists[0], lists[1]) = (left, right);
        (weights[0], weights[1]) = (1, weight);
        return bls.weigh{gas: GAS}(lists, weights);
    }

    /// @dev Against points that the Python library has multiplied.
    function test_combineTwo_isTheSumOfMultiples() public view {
        (, uint256 order) = bls.generators();
        bytes memory hashed = DkgVectors.HASHED_IDENTITY;
        (uint256 a, uint256 b) = (uint256(DkgVectors.transportSecret(0)), uint256(DkgVectors.transportSecret(1)));
        (bytes memory first, bytes memory second) = (DkgVectors.transportKey(0), DkgVectors.transportKey(1));
        assertEq(bls.combineTwo(hashed, a, hashed, 0), first, "a H");
        assertEq(bls.combineTwo(hashed, 0, hashed, b), second, "b H");
        assertEq(bls.combineTwo(first, 1, second, 1), bls.combineTwo(hashed, a, hashed, b), "a H + b H");
        assertTrue(bls.isIdentity(bls.combineTwo(first, 1, first, order - 1)), "P - P");
    }

    function test_combineTwo_reverts_onAPointOutsideOfTheSubgroup() public {
        bytes memory hashed = DkgVectors.HASHED_IDENTITY;
        expectBadPoint();
        bls.combineTwo{gas: GAS}(DkgVectors.G1_LOW_ORDER, 1, hashed, 1);
        expectBadPoint();
        bls.combineTwo{gas: GAS}(hashed, 1, DkgVectors.G1_LOW_ORDER, 1);
    }

    function test_combineTwo_reverts_onAPointOfAnotherLength() public {
        bytes memory hashed = DkgVectors.HASHED_IDENTITY;
        expectBadPoint();
        bls.combineTwo(bytes.concat(hashed, hex"00"), 1, hashed, 1);
        expectBadPoint();
        bls.combineTwo(hashed, 1, "", 1);
    }

    /// forge-config: default.fuzz.runs = 32
    function test_invert_isTheInverse(uint256 x) public view {
        (, uint256 order) = bls.generators();
        x = bound(x, 1, order - 1);
        assertEq(mulmod(x, bls.invert(x), order), 1, "x / x");
    }

    function test_isShare_isWhatWasDealt_andNothingElse() public view {
        (, uint256 order) = bls.generators();
        bytes memory points = DkgVectors.commitments(2);
        uint256 share = uint256(DkgVectors.dealtShare(2, 4));
        assertTrue(bls.isShare(points, 4, share), "the share");
        assertFalse(bls.isShare(points, 3, share), "of another member");
        assertFalse(bls.isShare(points, 4, share + 1), "another share");
        assertFalse(bls.isShare(points, 4, 0), "nothing");
        if (share < type(uint256).max - order) assertFalse(bls.isShare(points, 4, share + order), "in another form");
    }

    /// @dev With 21 commitments; the price of the multiplication does not depend on what is multiplied.
    function test_isShare_costsLessThanHalfAMillion_at21() public {
        bytes memory points;
        for (uint256 i; i < 7; ++i) {
            points = bytes.concat(points, DkgVectors.commitments(2));
        }
        bls.isShare(points, 65535, 1);
        uint256 used = vm.snapshotGasLastCall("Committee", "check of one revealed share, t = 21");
        assertLe(used, 500_000, "gas");
    }

    /// @dev Before Prague a call of these addresses succeeds and returns nothing.
    /// forge-config: default.evm_version = "cancun"
    function test_library_reverts_withoutThePrecompiles() public {
        (, bytes memory pairs) = BlsVectors.pairs(0);
        expectBadPoint();
        bls.isPairingOne{gas: GAS}(pairs);
        expectBadPoint();
        bls.hashToG1{gas: GAS}("", BlsVectors.TAG);
        expectBadPoint();
        bls.requireUsable{gas: GAS}(DkgVectors.commitments(1));
        expectBadPoint();
        weigh(DkgVectors.publicShare(1), DkgVectors.publicShare(2), 1);
    }

    // --- what they say

    function test_isPairingOne_isRight() public view {
        for (uint256 i; i < BlsVectors.PAIRS; ++i) {
            (bool one, bytes memory input) = BlsVectors.pairs(i);
            assertEq(bls.isPairingOne(input), one, "product of pairings");
        }
    }

    /// @dev e(g1, -g2) e(g1, x) = 1 for x = g2 alone, and r g2 = 0: the constants are what they are called.
    function test_constants_areTheGenerators() public view {
        (bytes memory negated, uint256 order) = bls.generators();
        // (r - 1)(-g2) = g2: the value at x = r - 1 of the polynomial 0 + (-g2) x.
        bytes memory g2 = bls.evaluate(bytes.concat(new bytes(256), negated), order - 1);
        assertTrue(bls.isPairingOne(bytes.concat(G1_GENERATOR, negated, G1_GENERATOR, g2)), "e(g1, -g2) e(g1, g2) = 1");
        assertFalse(bls.isPairingOne(bytes.concat(G1_GENERATOR, negated)), "e(g1, -g2) = 1");
        assertTrue(bls.isIdentity(weigh(g2, negated, 1)), "g2 - g2 = 0");
        // keccak256 of g2 as EIP-2537 writes it ("Curve parameters").
        assertEq(keccak256(g2), 0x073c1d14a584cbdb80754aed6e8b19731982abdc13565587b26f5c8d1d78b569, "g2");
    }

    function test_evaluate_isThePublicShare() public view {
        for (uint256 member = 1; member <= 5; ++member) {
            assertEq(bls.evaluate(DkgVectors.AGGREGATE, member), DkgVectors.publicShare(member), "public share");
        }
        assertEq(bls.evaluate(DkgVectors.AGGREGATE, 0), DkgVectors.KEY, "at 0 the key");
    }

    function test_weigh_isTheAggregate() public view {
        bytes memory sums = DkgVectors.commitments(1);
        for (uint256 dealer = 2; dealer <= 5; ++dealer) {
            sums = weigh(sums, DkgVectors.commitments(dealer), 1);
        }
        assertEq(sums, DkgVectors.AGGREGATE, "sums");
    }

    function test_isIdentity_isTrueForZerosAlone(uint8 position, bytes1 value) public view {
        bytes memory point = new bytes(256);
        assertTrue(bls.isIdentity(point), "zeros");
        point[position] = value;
        assertEq(bls.isIdentity(point), value == 0, "one byte");
    }

    /// @dev RFC 9380, appendix J.9.1.
    function test_hashToG1_isThatOfTheRfc() public view {
        assertEq(BlsVectors.HASHES, 5, "cases");
        for (uint256 i; i < BlsVectors.HASHES; ++i) {
            (bytes memory message, bytes memory point) = BlsVectors.hashes(i);
            assertEq(bls.hashToG1(message, BlsVectors.TAG), point, "point");
        }
    }

    function test_hashToG1_reverts_onATagOver255Bytes() public {
        bls.hashToG1("message", new bytes(255));
        vm.expectRevert(abi.encodeWithSignature("Panic(uint256)", 1));
        bls.hashToG1("message", new bytes(256));
    }

    function test_hashToG1_keepsMemory(bytes calldata message) public view {
        assertTrue(bls.keepsMemory(message, BlsVectors.TAG), "what was allocated stays as it was");
    }

    /// @dev Whatever is hashed is of the subgroup, or the pairing would refuse it.
    /// forge-config: default.fuzz.runs = 32
    function test_hashToG1_isOfTheSubgroup(bytes calldata message, bytes32 tag) public view {
        (bytes memory negated,) = bls.generators();
        bytes memory point = bls.hashToG1(message, bytes.concat(tag));
        assertFalse(bls.isIdentity(point), "identity");
        bls.isPairingOne(bytes.concat(point, negated, G1_GENERATOR, negated));
    }

    function expectBadPoint() private {
        vm.expectRevert(abi.encodeWithSelector(ICommittee.BadPoint.selector));
    }
}
