// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, FormCommittee, OracleMember, SeatGrant} from "../../src/types/Actions.sol";
import {QuorumState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {SeatsTest} from "./SeatsTest.t.sol";

/// @dev A house with every seat that there can be: four chambers of sixteen. The last bit of every mask and of every plane
/// of a ballot word is a seat like any other.
contract FullHouseTest is SeatsTest {
    uint256 private constant SEATS = 64;
    uint256 private constant PER_CHAMBER = 16;
    uint256 private constant LAST = 63;
    bytes32 private constant REPORT = keccak256("report");

    function setUp() public override {
        vm.warp(START);
        deploySystem(fourChambers(), filled(SEATS), Charter.parameters(), Charter.bounds());
        council.activate();
    }

    /// @dev R-Seats-06.
    function test_house_refuses_a65thSeat() public {
        predictSystem();
        bytes memory arguments = abi.encode(sys, fourChambers(), filled(SEATS + 1));
        vm.expectRevert(abi.encodeWithSelector(ISeats.NoFreeSeat.selector));
        this.deploySeats(arguments);
    }

    function deploySeats(bytes calldata arguments) external {
        deploy("Seats.sol:Seats", arguments);
    }

    function test_lastSeat_isLiveAndEligible() public {
        (, uint64 roster) = seats.roster();
        assertEq(roster, type(uint64).max, "roster");
        assertEq(seats.liveMask(), type(uint64).max, "live");
        (uint8 seat, ISeats.Standing standing) = seats.seatOf(voters[LAST]);
        assertEq(seat, LAST, "number");
        assertEq(uint256(standing), uint256(ISeats.Standing.Live), "standing");
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("no-bio"));
        assertEq(council.getProposal(id).eligible, type(uint64).max, "eligible");
    }

    function test_lastSeat_votesLikeAnyOther() public {
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("no-bio"));
        vote(id, LAST, Support.Abstain);
        vote(id, LAST, Support.For);
        (uint8 choice, uint8 round, uint8 count) = council.ballotOf(id, uint8(LAST));
        assertEq(choice, uint256(Support.For) + 1, "choice");
        assertEq(round, 1, "round");
        assertEq(count, 2, "count");
        (choice,, count) = council.ballotOf(id, uint8(LAST) - 1);
        assertEq(uint256(choice) + count, 0, "its neighbour");
        QuorumState memory quorum = council.quorumState(id);
        assertEq(quorum.yes, 1, "yes of all");
        assertEq(quorum.chambers[3].yes, 1, "yes of its chamber");
        assertEq(quorum.chambers[3].size, PER_CHAMBER, "size of its chamber");
    }

    /// @dev A count of 64 has seven bits.
    function test_everySeat_isCounted() public {
        uint256 id = propose(ActionKind.AddConstraint, addConstraint("no-bio"));
        voteFor(id, type(uint64).max);
        QuorumState memory quorum = council.quorumState(id);
        assertEq(quorum.size, SEATS, "size");
        assertEq(quorum.yes, SEATS, "yes");
        assertEq(quorum.needed, 33, "needed");
        warpToEta(id);
        council.execute(id, ActionKind.AddConstraint, addConstraint("no-bio"));
    }

    /// @dev R-Brake-02, R-Brake-03: its pull counts, and it cools down as the others do.
    function test_lastSeat_pullsAndCoolsDownLikeAnyOther() public {
        uint64 stopId;
        uint256[3] memory pulling = [LAST, LAST - 1, 0];
        for (uint256 i; i < 3; ++i) {
            vm.prank(voters[pulling[i]]);
            stopId = brake.pull(0, REPORT, 1, "");
        }
        IBrake.Stop memory stop = brake.getStop(stopId);
        assertEq(stop.seats, uint64(1) << 63 | uint64(1) << 62 | 1, "who stopped");
        vm.warp(stop.lapsesAt);
        brake.lapse(stopId);
        vm.prank(voters[LAST]);
        vm.expectPartialRevert(IBrake.CoolingDown.selector);
        brake.pull(0, REPORT, 1, "");
    }

    /// @dev R-Seats-19. Half of the last chamber, by its size and not by a part of its lane.
    function test_halfOfTheLastChamber_mayHaveOneJurisdiction() public {
        for (uint8 seat = 56; seat < SEATS; ++seat) {
            toJurisdiction(seat, "NZ");
        }
        assertEq(seats.liveMask(), type(uint64).max, "eight of sixteen");
    }

    /// @dev R-Committee-01: 2 <= t, 2t - 1 <= n <= 31, t + slack <= n. Masks of members have 32 bits.
    function test_house_sendsOracles_fromTwoOfThree_to31() public {
        seats.requireIndependentOracles(formation(2, 1, 3));
        seats.requireIndependentOracles(formation(16, 15, 31));
        uint8[3][5] memory refused = [[1, 0, 3], [2, 2, 3], [3, 0, 4], [16, 0, 32], [16, 16, 31]];
        for (uint256 i; i < refused.length; ++i) {
            (uint16 threshold, uint16 slack, uint256 size) = (refused[i][0], refused[i][1], refused[i][2]);
            bytes memory formed = formation(threshold, slack, size);
            vm.expectRevert(abi.encodeWithSelector(ICommittee.MalformedCommittee.selector, threshold, slack, size));
            seats.requireIndependentOracles(formed);
        }
    }

    function formation(uint16 threshold, uint16 slack, uint256 size) private view returns (bytes memory) {
        FormCommittee memory formed = FormCommittee(threshold, slack, new OracleMember[](size), 0);
        for (uint8 i; i < size; ++i) {
            formed.members[i] = OracleMember(seats.getSeat(i).organisationId, voters[i]);
        }
        return abi.encode(formed);
    }

    function fourChambers() private pure returns (bytes32[] memory names) {
        names = new bytes32[](4);
        (names[0], names[1], names[2], names[3]) = ("builders", "oversight", "public", "science");
    }

    function filled(uint256 count) private returns (SeatGrant[] memory grants) {
        grants = new SeatGrant[](count);
        for (uint256 i; i < count; ++i) {
            uint8 chamber = uint8(i / PER_CHAMBER % 4);
            grants[i] = grantOf(i, chamber, Charter.jurisdiction(i % PER_CHAMBER));
            if (i < SEATS) (voters[i], guardians[i]) = (grants[i].votingKey, grants[i].recoveryKey);
        }
    }
}
