// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {Ballots} from "../../src/libraries/Ballots.sol";
import {Head, HeadLibrary} from "../../src/libraries/Head.sol";
import {Signatures} from "../../src/libraries/Signatures.sol";
import {Tally} from "../../src/libraries/Tally.sol";
import {Tiers} from "../../src/libraries/Tiers.sol";
import {ActionKind} from "../../src/types/Actions.sol";
import {Parameters, TierRule} from "../../src/types/Parameters.sol";
import {FLAG_CANCELED, FLAG_ESCALATED, FLAG_EXECUTED, FLAG_EXTENDED} from "../../src/types/Proposals.sol";
import {Test} from "../Test.sol";

/// @dev The pure parts of the kernel against slow and obvious ones.
contract KernelTest is Test {
    // --- Tiers

    /// @dev A vacated number rests for it: nothing that can be proposed lives longer.
    function test_longestLife_isThatOfTwoRounds_orOfAReplacement(uint32[4] memory delays, uint32 grace) public pure {
        Parameters memory max;
        for (uint256 i; i < 4; ++i) {
            max.tiers[i] = TierRule(0, 1, false, 0, 1, 1, false, delays[i] / 2, delays[i]);
        }
        (max.objectionWindow, max.replacementDelay, max.grace) = (delays[1] / 3, delays[2], grace);
        uint256 longest = Tiers.longestLife(max);
        for (uint256 i; i < 4; ++i) {
            assertLe(2 * (uint256(delays[i] / 2) + delays[i] + grace), longest, "two rounds of a tier");
        }
        assertLe(uint256(delays[3] / 2) + delays[2] + grace, longest, "a replacement");
        max.replacementDelay = type(uint32).max;
        longest = Tiers.longestLife(max);
        uint256 period = _largest(delays) / 2;
        uint256 twoRounds = 2 * (period + _largest(delays) + grace);
        uint256 replacement = period + type(uint32).max + grace;
        assertEq(longest, twoRounds > replacement ? twoRounds : replacement, "the longer of the two");
    }

    function _largest(uint32[4] memory values) private pure returns (uint256 largest) {
        for (uint256 i; i < 4; ++i) {
            if (values[i] > largest) largest = values[i];
        }
    }

    // --- Tally

    function test_countLanes_countsEveryLane(uint256 x) public pure {
        uint256 expected;
        for (uint256 i; i < 256; ++i) {
            expected += (x >> i & 1) << (i / 64 * 64);
        }
        assertEq(Tally.countLanes(x), expected, "lanes");
    }

    function test_countLanes_countsFullLanes() public pure {
        assertEq(Tally.countLanes(type(uint256).max), 64 | 64 << 64 | 64 << 128 | 64 << 192, "full");
        assertEq(Tally.countSeats(type(uint64).max), 64, "one lane");
        assertEq(Tally.spread(type(uint64).max), type(uint256).max, "spread");
    }

    /// @dev The needed number is the smallest that meets: what is shown is what decides.
    function test_needed_isTheLeastThatMeets(uint8 size, uint16 num, uint16 den, bool strict) public pure {
        size = uint8(bound(size, 1, 64));
        den = uint16(bound(den, 1, type(uint16).max));
        num = uint16(bound(num, 0, den));
        uint256 needed = Tally.needed(size, num, den, strict);
        assertTrue(Tally.meets(needed, size, num, den, strict), "meets");
        assertFalse(needed != 0 && Tally.meets(needed - 1, size, num, den, strict), "one less meets");
    }

    function test_passes_agreesWithCountingSeatBySeat(uint256 seed, uint64 yes, uint8 required, bool strict)
        public
        pure
    {
        uint256 masks;
        uint256[4] memory size;
        uint256[4] memory count;
        uint256 chambers = 3 + seed % 2;
        for (uint256 seat; seat < 64; ++seat) {
            uint256 c = seat < chambers ? seat : uint256(keccak256(abi.encode(seed, seat))) % chambers;
            masks |= 1 << 64 * c + seat;
            ++size[c];
            if (yes >> seat & 1 == 1) ++count[c];
        }
        TierRule memory r =
            TierRule(uint16(seed >> 8 & 15), 16, strict, required % 5, uint16(seed >> 16 & 15), 16, !strict, 0, 0);
        uint256 agreeing;
        for (uint256 c; c < chambers; ++c) {
            if (strict ? count[c] * 16 > r.chamberNum * size[c] : count[c] * 16 >= r.chamberNum * size[c]) ++agreeing;
        }
        uint256 all = count[0] + count[1] + count[2] + count[3];
        bool overall = strict ? all * 16 >= uint256(r.overallNum) * 64 : all * 16 > uint256(r.overallNum) * 64;
        uint256 bar = r.chambersRequired == 0 ? chambers : r.chambersRequired;
        assertEq(Tally.passes(r, masks, yes), agreeing >= bar && overall, "passes");
        assertEq(Tally.countChambers(masks), chambers, "chambers");
    }

    /// @dev The overall bar counts each of four chambers in full: one of them alone just reaches it.
    function test_passes_counts_everyChamberInFull() public pure {
        TierRule memory r = TierRule(1, 2, true, 1, 1, 4, false, 0, 0);
        uint256 masks;
        for (uint256 c; c < 4; ++c) {
            masks |= 0xffff << 64 * c + 16 * c;
        }
        for (uint256 c; c < 4; ++c) {
            assertTrue(Tally.passes(r, masks, uint64(0xffff << 16 * c)), "sixteen of sixty-four");
            assertFalse(Tally.passes(r, masks, uint64(0x7fff << 16 * c)), "fifteen");
        }
    }

    /// @dev One seat at the lower end of each.
    function test_countChambers_counts_theSmallest() public pure {
        for (uint256 chambers = 1; chambers <= 4; ++chambers) {
            uint256 masks;
            for (uint256 c; c < chambers; ++c) {
                masks |= 1 << 64 * c;
            }
            assertEq(Tally.countChambers(masks), chambers, "chambers");
        }
    }

    /// @dev Taking a yes away never makes anything pass: what removal and suspension rest on.
    function test_passes_isMonotone(uint256 masksSeed, uint64 yes, uint64 gone, uint16[4] memory bars, bool strict)
        public
        pure
    {
        uint64 builders = uint64(masksSeed);
        uint64 others = ~builders;
        uint256 masks = uint256(builders) | uint256(others) << 64;
        TierRule memory r =
            TierRule(bars[0], bars[1], strict, uint8(masksSeed >> 64 & 1) + 1, bars[2], bars[3], strict, 0, 0);
        if (Tally.passes(r, masks, yes & ~gone)) assertTrue(Tally.passes(r, masks, yes), "more pass");
    }

    // --- Ballots

    /// @dev Invariant 3: the planes hold what was cast, of every seat, and nothing else.
    function test_ballots_holdWhatWasCast(uint256 seed) public pure {
        uint256 word = Ballots.flip(Ballots.flip(0));
        uint8[64] memory choice;
        uint8[64] memory count;
        for (uint256 i; i < 96; ++i) {
            seed = uint256(keccak256(abi.encode(seed)));
            uint8 seat = uint8(seed % 64);
            if (count[seat] == Ballots.MAX_COUNT) continue;
            choice[seat] = uint8(1 + seed / 64 % 3);
            ++count[seat];
            word = Ballots.cast(word, seat, choice[seat]);
        }
        uint64[4] memory chosen;
        for (uint8 seat; seat < 64; ++seat) {
            assertEq(Ballots.choiceOf(word, seat), choice[seat], "choice");
            assertEq(Ballots.countOf(word, seat), count[seat], "count");
            chosen[choice[seat]] |= uint64(1) << seat;
        }
        for (uint8 c; c < 4; ++c) {
            assertEq(Ballots.chosen(word, c), chosen[c], "chosen");
        }
        assertEq(Ballots.voted(word), ~chosen[0], "voted");
    }

    /// @dev Invariant 17 for what a batch will be: ballots of distinct seats commute.
    function test_ballots_ofDistinctSeatsCommute(uint256 word, uint8 a, uint8 b, uint8 choiceA, uint8 choiceB)
        public
        pure
    {
        (a, b) = (a % 64, b % 64);
        if (a == b || Ballots.countOf(word, a) == 3 || Ballots.countOf(word, b) == 3) return;
        (choiceA, choiceB) = (1 + choiceA % 3, 1 + choiceB % 3);
        uint256 one = Ballots.cast(Ballots.cast(word, a, choiceA), b, choiceB);
        uint256 other = Ballots.cast(Ballots.cast(word, b, choiceB), a, choiceA);
        assertEq(one, other, "either order");
    }

    function test_chamberOf_isTheLaneOfTheSeat(uint8 seat, uint8 chamber, uint64 others) public pure {
        (seat, chamber) = (seat % 64, chamber % 4);
        uint64 bit = uint64(1) << seat;
        uint256 masks = uint256(~bit) | uint256(~bit) << 64 | uint256(~bit) << 128 | uint256(~bit) << 192;
        masks = masks & ~(uint256(type(uint64).max) << 64 * chamber) | uint256(bit | others) << 64 * chamber;
        (uint8 found, uint64 members) = Tally.chamberOf(masks, seat);
        assertEq(found, chamber, "chamber");
        assertEq(members, bit | others, "members");
    }

    function test_ballots_neverOpened_haveNoneLeft(uint8 seat) public pure {
        assertEq(Ballots.countOf(Ballots.flip(0), seat % 64), Ballots.MAX_COUNT, "a zero slot takes no ballot");
        assertEq(
            Ballots.flip(0),
            uint256(type(uint128).max) << 128,
            "an opened slot is not zero: who reads it inverts as much"
        );
    }

    // --- Head

    function test_head_keepsEveryField(
        uint64 eligible,
        uint40 createdAt,
        uint40 closesAt,
        uint32 parametersVersion,
        uint32 rosterVersion,
        uint8 kind,
        uint8 tier,
        uint8 seat
    ) public {
        (parametersVersion, rosterVersion) = (uint24(parametersVersion), uint24(rosterVersion));
        kind = uint8(bound(kind, 0, uint8(ActionKind.SetParameters)));
        vm.warp(createdAt);
        Head h = HeadLibrary.open(eligible, closesAt, parametersVersion, rosterVersion, ActionKind(kind), tier, seat);
        assertEq(h.lateWindow(), 0, "lateWindow");
        h = h.withLateWindow(123_456);
        assertFrozen(h, eligible, createdAt, parametersVersion, rosterVersion, kind, seat);
        assertEq(h.closesAt(), closesAt, "closesAt");
        assertEq(h.tier(), tier, "tier");
        assertEq(h.round(), 1, "round");
        assertEq(h.flags(), 0, "flags");
        assertEq(h.exists(), createdAt != 0, "exists");
        assertFalse(h.isClosed(), "closed");

        // what an extension, an escalation and a flag leave as it was
        h = h.extend(uint256(closesAt) / 3);
        assertFrozen(h, eligible, createdAt, parametersVersion, rosterVersion, kind, seat);
        assertEq(h.closesAt(), closesAt / 3, "closesAt");
        assertEq(h.tier(), tier, "tier");
        assertEq(h.round(), 1, "round");
        assertEq(h.flags(), FLAG_EXTENDED, "flags");
        assertEq(h.lateWindow(), 123_456, "lateWindow");
        h = h.escalate(uint256(closesAt) / 2);
        assertFrozen(h, eligible, createdAt, parametersVersion, rosterVersion, kind, seat);
        assertEq(h.closesAt(), closesAt / 2, "closesAt");
        assertEq(h.tier(), 3, "tier");
        assertEq(h.round(), 2, "round");
        assertEq(h.flags(), FLAG_ESCALATED, "flags: the second round was not extended");
        assertEq(h.lateWindow(), 123_456, "lateWindow");
        assertFalse(h.isClosed(), "closed");
        assertTrue(h.withFlag(FLAG_CANCELED).isClosed(), "closed");
        h = h.withFlag(FLAG_EXECUTED);
        assertFrozen(h, eligible, createdAt, parametersVersion, rosterVersion, kind, seat);
        assertEq(h.flags(), FLAG_ESCALATED | FLAG_EXECUTED, "flags");
        assertTrue(h.isClosed(), "closed");
        assertEq(h.isEligible(seat % 64), eligible >> seat % 64 & 1 == 1, "eligible");
    }

    /// @dev Who proves a proposal by its slots reads this word: each field has its place.
    function test_head_isLaidOut_asItSays(uint64 eligible, uint40 createdAt, uint40 closesAt, uint24 window) public {
        vm.warp(createdAt);
        Head h = HeadLibrary.open(eligible, closesAt, 0x111111, 0x222222, ActionKind.Resume, 3, 44);
        h = h.withLateWindow(window).withFlag(FLAG_CANCELED);
        bytes memory high = abi.encodePacked(window, FLAG_CANCELED, uint8(44), uint8(1), uint8(3), ActionKind.Resume);
        bytes memory low = abi.encodePacked(bytes3(0x222222), bytes3(0x111111), closesAt, createdAt, eligible);
        assertEq(bytes32(Head.unwrap(h)), bytes32(abi.encodePacked(high, low)), "the word");
    }

    /// @dev Late is the last part of the round, from the first second after closesAt - lateWindow.
    function test_head_isExtendable_inTheLastPart_once(uint40 closesAt, uint24 lateWindow, uint40 time) public {
        closesAt = uint40(bound(closesAt, uint256(lateWindow) + 1, type(uint32).max));
        vm.warp(bound(time, 1, closesAt));
        Head h = HeadLibrary.open(1, closesAt, 1, 1, ActionKind.Resume, 3, 0).withLateWindow(lateWindow);
        assertEq(h.isExtendable(), nowAt() > closesAt - lateWindow, "late");
        assertFalse(h.extend(closesAt).isExtendable(), "twice");
        vm.warp(closesAt - lateWindow);
        assertFalse(h.isExtendable(), "the last second before");
    }

    // --- Tiers

    /// @dev DESIGN's table, kind by kind.
    function test_floorOf_isTheTable() public pure {
        uint8[18] memory floors = [1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4];
        for (uint8 kind; kind < 18; ++kind) {
            assertEq(Tiers.floorOf(ActionKind(kind)), floors[kind], "floor");
            bool urgent = kind == uint8(ActionKind.RevokeRelease) || kind == uint8(ActionKind.ConfirmStop);
            assertEq(Tiers.isUrgent(ActionKind(kind)), urgent, "urgent");
            bool safe = urgent || kind <= uint8(ActionKind.TightenParameter);
            assertEq(Tiers.isExtendable(ActionKind(kind)), !safe, "extendable");
            assertEq(Tiers.isVetoable(ActionKind(kind), floors[kind]), floors[kind] > 1, "vetoable");
        }
    }

    // --- Signatures

    function test_recover_findsTheSigner_inBothForms(uint256 secret, bytes32 digest) public view {
        secret = bound(secret, 1, type(uint128).max);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        assertEq(this.recover(digest, abi.encodePacked(r, s, v)), vm.addr(secret), "65 bytes");
        bytes32 vs = bytes32(uint256(s) | uint256(v - 27) << 255);
        assertEq(this.recover(digest, abi.encodePacked(r, vs)), vm.addr(secret), "64 bytes");
    }

    function test_recover_isZero_forAnyOtherLength(bytes memory signature) public view {
        vm.assume(signature.length != 64 && signature.length != 65);
        assertEq(this.recover(keccak256("digest"), signature), address(0), "zero");
    }

    function test_recover_isZero_forHighS(uint256 secret, bytes32 digest) public view {
        secret = bound(secret, 1, type(uint128).max);
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        bytes memory high = abi.encodePacked(r, order - uint256(s), uint8(v == 27 ? 28 : 27));
        assertEq(ecrecover(digest, v == 27 ? 28 : 27, r, bytes32(order - uint256(s))), vm.addr(secret), "verifies");
        assertEq(this.recover(digest, high), address(0), "and is refused");
    }

    /// @dev Half of the order is the highest low s. The generator's x is an r that is on the curve.
    function test_recover_takes_halfOfTheOrder_andNoMore(bytes32 digest) public view {
        uint256 r = 0x79be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798;
        uint256 half = 0x7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0;
        address signer = ecrecover(digest, 27, bytes32(r), bytes32(half));
        assertTrue(signer != address(0), "verifies");
        assertEq(this.recover(digest, abi.encodePacked(r, half, uint8(27))), signer, "half");
        assertEq(this.recover(digest, abi.encodePacked(r, half + 1, uint8(27))), address(0), "more");
    }

    function recover(bytes32 digest, bytes calldata signature) external view returns (address) {
        return Signatures.recover(digest, signature);
    }

    function assertFrozen(
        Head h,
        uint64 eligible,
        uint40 createdAt,
        uint32 parametersVersion,
        uint32 rosterVersion,
        uint8 kind,
        uint8 seat
    ) private pure {
        assertEq(h.eligible(), eligible, "eligible");
        assertEq(h.createdAt(), createdAt, "createdAt");
        assertEq(h.parametersVersion(), parametersVersion, "parametersVersion");
        assertEq(h.rosterVersion(), rosterVersion, "rosterVersion");
        assertEq(uint8(h.kind()), kind, "kind");
        assertEq(h.proposerSeat(), seat, "proposerSeat");
    }
}
