// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ISeats} from "../../src/interfaces/ISeats.sol";
import {KeyKind, SeatGrant} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev The charter's seats pass the same judgement as any later batch.
contract GenesisTest is SeatsTest {
    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withTooFewOrTooManyChambers(uint256 count) public {
        count = bound(count, 0, 12);
        if (count == 3 || count == 4) return;
        bytes32[] memory names = new bytes32[](count);
        for (uint256 i; i < count; ++i) {
            names[i] = bytes32(i + 1);
        }
        assertGenesisRefused(names, genesis(), abi.encodeWithSelector(ISeats.BadChambers.selector, count));
    }

    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withTwoChambersOfOneName(uint256 a, uint256 b) public {
        bytes32[] memory names = Charter.chamberNames();
        (a, b) = (a % 3, b % 3);
        if (a == b) return;
        names[a] = names[b];
        assertGenesisRefused(names, genesis(), abi.encodeWithSelector(ISeats.BadChambers.selector, 3));
    }

    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withANamelessChamber(uint256 chamber) public {
        bytes32[] memory names = Charter.chamberNames();
        names[chamber % 3] = 0;
        assertGenesisRefused(names, genesis(), abi.encodeWithSelector(ISeats.BadChambers.selector, 3));
    }

    function test_genesis_reverts_withoutSeats() public {
        assertGenesisRefused(noGrants(), abi.encodeWithSelector(ISeats.EmptyBatch.selector));
    }

    function test_genesis_reverts_withAnEmptyFourthChamber() public {
        bytes32[] memory names = new bytes32[](4);
        (names[0], names[1], names[2], names[3]) = ("a", "b", "c", "d");
        assertGenesisRefused(names, genesis(), abi.encodeWithSelector(ISeats.ChamberTooSmall.selector, 3, 0, 3));
    }

    function test_genesis_reverts_withAChamberAboveHalf() public {
        // 7 + 3 + 3: seven is more than half of thirteen
        SeatGrant[] memory grants = new SeatGrant[](13);
        for (uint256 i; i < 13; ++i) {
            grants[i] = grantOf(i, i < 7 ? 0 : i < 10 ? 1 : 2, bytes2(uint16(0x4141 + i)));
        }
        assertGenesisRefused(grants, abi.encodeWithSelector(ISeats.ChamberTooLarge.selector, 0, 7, 6));
    }

    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withAJurisdictionAboveHalfOfAChamber(uint256 chamber) public {
        chamber %= 3;
        SeatGrant[] memory grants = genesis();
        bytes2 where = grants[5 * chamber].jurisdiction;
        grants[5 * chamber + 2].jurisdiction = where;
        grants[5 * chamber + 4].jurisdiction = where;
        assertGenesisRefused(grants, abi.encodeWithSelector(ISeats.JurisdictionTooLarge.selector, chamber, where, 3, 2));
    }

    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withOneGroupTwice(uint256 a, uint256 b) public {
        (a, b) = distinct(a, b);
        SeatGrant[] memory grants = genesis();
        grants[b].affiliation = grants[a].affiliation;
        assertGenesisRefused(
            grants, abi.encodeWithSelector(ISeats.AffiliationSeated.selector, grants[a].affiliation, a, b)
        );
    }

    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withOneOrganisationTwice(uint256 a, uint256 b) public {
        (a, b) = distinct(a, b);
        SeatGrant[] memory grants = genesis();
        grants[b].organisation = grants[a].organisation;
        bytes32 id = keccak256(bytes(grants[a].organisation));
        assertGenesisRefused(grants, abi.encodeWithSelector(ISeats.OrganisationSeated.selector, id, b));
    }

    /// forge-config: default.fuzz.runs = 48
    function test_genesis_reverts_withOneKeyTwice(uint256 a, uint256 b, bool fromRecovery, bool toRecovery) public {
        (a, b) = distinct(a, b);
        SeatGrant[] memory grants = genesis();
        address key = fromRecovery ? grants[a].recoveryKey : grants[a].votingKey;
        if (toRecovery) grants[b].recoveryKey = key;
        else grants[b].votingKey = key;
        assertGenesisRefused(grants, abi.encodeWithSelector(ISeats.KeyUsed.selector, key));
    }

    function test_genesis_reverts_withMoreThan64Seats() public {
        SeatGrant[] memory grants = new SeatGrant[](65);
        for (uint256 i; i < 65; ++i) {
            grants[i] = grantOf(i, uint8(i % 3), bytes2(uint16(0x4141 + i)));
        }
        assertGenesisRefused(grants, abi.encodeWithSelector(ISeats.NoFreeSeat.selector));
    }

    function test_genesis_reverts_withoutAKindOfKey() public {
        SeatGrant[] memory grants = genesis();
        grants[3].kind = KeyKind.None;
        assertGenesisRefused(grants, abi.encodeWithSelector(ISeats.MalformedGrant.selector, grants[3].organisation));
    }

    function test_genesis_seatsEverybody_inTheOrderOfTheCharter() public {
        SeatGrant[] memory grants = genesis();
        assertEq(seats.genesisHash(), keccak256(abi.encode(Charter.chamberNames(), grants)), "genesis hash");
        assertEq(seats.chamberCount(), 3, "chambers");
        for (uint8 c; c < 3; ++c) {
            assertEq(seats.chamberName(c), Charter.chamberNames()[c], "chamber name");
        }
        (uint32 version, uint64 roster) = seats.roster();
        assertEq(version, 1, "version");
        assertEq(roster, EVERYONE, "roster");
        assertEq(seats.liveMask(), EVERYONE, "live");
        assertEq(seats.chamberMasks(1), masksOf(BUILDERS, OVERSIGHT, PUBLIC), "masks");
        for (uint8 i; i < grants.length; ++i) {
            ISeats.Seat memory seat = seats.getSeat(i);
            bytes32 id = keccak256(bytes(grants[i].organisation));
            assertEq(seat.organisationId, id, "organisation");
            assertEq(seat.affiliation, grants[i].affiliation, "affiliation");
            assertEq(seat.framework, grants[i].framework, "framework");
            assertEq(seat.votingKey, grants[i].votingKey, "voting key");
            assertEq(seat.recoveryKey, grants[i].recoveryKey, "recovery key");
            assertEq(bytes32(seat.jurisdiction), bytes32(grants[i].jurisdiction), "jurisdiction");
            assertEq(seat.chamber, grants[i].chamber, "chamber");
            assertEq(uint256(seat.kind), uint256(KeyKind.EOA), "kind");
            assertEq(seat.grantedAt, START, "granted");
            assertEq(seat.vacatedAt, 0, "vacated");
            assertStanding(i, ISeats.Standing.Live, "standing");
            (uint8 byKey, ISeats.Standing standing) = seats.seatOf(grants[i].votingKey);
            assertEq(byKey, i, "seat of key");
            assertTrue(standing == ISeats.Standing.Live, "key votes");
            (, standing) = seats.seatOf(grants[i].recoveryKey);
            assertTrue(standing == ISeats.Standing.None, "recovery key does not vote");
            (byKey, standing) = seats.seatOfOrganisation(id);
            assertEq(byKey, i, "seat of organisation");
            assertTrue(standing == ISeats.Standing.Live, "organisation is seated");
        }
    }

    function test_genesis_seats64_inFourChambers() public {
        SeatGrant[] memory grants = new SeatGrant[](64);
        for (uint256 i; i < 64; ++i) {
            grants[i] = grantOf(i, uint8(i % 4), bytes2(uint16(0x4141 + i)));
        }
        bytes32[] memory names = new bytes32[](4);
        (names[0], names[1], names[2], names[3]) = ("a", "b", "c", "d");
        ISeats full = ISeats(deploy("Seats.sol:Seats", abi.encode(sys, names, grants)));
        (, uint64 roster) = full.roster();
        assertEq(roster, type(uint64).max, "every bit");
        uint256 every4th = 0x1111111111111111;
        uint256 masks = every4th | every4th << 65 | every4th << 130 | every4th << 195;
        assertEq(full.chamberMasks(1), masks, "masks");
        (uint8 seat, ISeats.Standing standing) = full.seatOf(grants[63].votingKey);
        assertEq(seat, 63, "last seat");
        assertTrue(standing == ISeats.Standing.Live, "votes");
    }

    function assertGenesisRefused(SeatGrant[] memory grants, bytes memory err) private {
        assertGenesisRefused(Charter.chamberNames(), grants, err);
    }

    function assertGenesisRefused(bytes32[] memory names, SeatGrant[] memory grants, bytes memory err) private {
        bytes memory initcode = abi.encodePacked(vm.getCode("Seats.sol:Seats"), abi.encode(sys, names, grants));
        vm.expectRevert(err);
        this.create(initcode);
    }

    function create(bytes memory initcode) external {
        assembly ("memory-safe") {
            if iszero(create(0, add(initcode, 0x20), mload(initcode))) {
                returndatacopy(0, 0, returndatasize())
                revert(0, returndatasize())
            }
        }
    }

    /// @dev a < b < 15.
    function distinct(uint256 a, uint256 b) private pure returns (uint256, uint256) {
        a = bound(a, 0, 13);
        return (a, bound(b, a + 1, 14));
    }

    function masksOf(uint256 a, uint256 b, uint256 c) private pure returns (uint256) {
        return a | b << 64 | c << 128;
    }
}
