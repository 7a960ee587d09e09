// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IBrake} from "../src/interfaces/IBrake.sol";
import {ICommittee} from "../src/interfaces/ICommittee.sol";
import {IConstraints} from "../src/interfaces/IConstraints.sol";
import {ICouncil} from "../src/interfaces/ICouncil.sol";
import {IReleases} from "../src/interfaces/IReleases.sol";
import {ISeats} from "../src/interfaces/ISeats.sol";
import {ActionKind, AddConstraint, ChangeSeats, ParameterSetting, SeatGrant} from "../src/types/Actions.sol";
import {Bounds, Parameters} from "../src/types/Parameters.sol";
import {ProposalState, Support} from "../src/types/Proposals.sol";
import {System} from "../src/types/System.sol";
import {Charter} from "./Charter.sol";
import {Test} from "./Test.sol";

/// @dev The six contracts under the test charter, active, and what a test does with them most: propose, vote by masks
/// of seats, let time pass, execute. It imports no contract, only interfaces, so that a test compiles fast.
abstract contract Base is Test {
    uint64 internal constant EVERYONE = 0x7fff;
    uint64 internal constant NOBODY = 0;
    uint64 internal constant BUILDERS = 0x001f;
    uint64 internal constant OVERSIGHT = 0x03e0;
    uint64 internal constant PUBLIC = 0x7c00;

    // As few seats as carry each tier.
    uint64 internal constant TIER_1 = BUILDERS | 0x00e0; // 5 + 3 + 0: 8 of 15, a yes in two chambers
    uint64 internal constant TIER_2 = 0x000f | 0x00e0 | 0x1c00; // 4 + 3 + 3
    uint64 internal constant TIER_3 = 0x000f | 0x01e0 | 0x3c00; // 4 + 4 + 4
    uint64 internal constant TIER_4 = TIER_3;

    uint256 internal constant START = 1_800_000_000;
    address internal constant STRANGER = address(0x57a6e8);

    address internal predecessor; // of the next system that is deployed: its Council, or none
    System internal sys;
    ISeats internal seats;
    ICouncil internal council;
    IConstraints internal constraints;
    IReleases internal releases;
    IBrake internal brake;
    ICommittee internal committee;

    address[64] internal voters; // voting key of each seat
    address[64] internal guardians; // recovery key of each seat

    function setUp() public virtual {
        vm.warp(START);
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        council.activate();
    }

    // --- deployment

    function genesis() internal returns (SeatGrant[] memory grants) {
        grants = new SeatGrant[](Charter.SEATS);
        for (uint256 i; i < Charter.SEATS; ++i) {
            grants[i] = grantOf(i, uint8(i / Charter.PER_CHAMBER), Charter.jurisdiction(i % Charter.PER_CHAMBER));
            (voters[i], guardians[i]) = (grants[i].votingKey, grants[i].recoveryKey);
        }
    }

    function grantOf(uint256 organisation, uint8 chamber, bytes2 jurisdiction)
        internal
        pure
        returns (SeatGrant memory)
    {
        return Charter.grant(
            organisation,
            chamber,
            jurisdiction,
            vm.addr(Charter.votingSecret(organisation)),
            vm.addr(Charter.recoverySecret(organisation))
        );
    }

    function charterHashOf(
        bytes32[] memory chambers,
        SeatGrant[] memory grants,
        Parameters memory p,
        Bounds memory limits
    ) internal pure returns (bytes32) {
        return keccak256(
            abi.encode(
                "custodes/charter/v1",
                Charter.LEGAL_TEXT_HASH,
                keccak256(abi.encode(chambers, grants)),
                keccak256(abi.encode(p, limits))
            )
        );
    }

    /// @dev In the order, and at the consecutive nonces, of a real deployment. Does not activate.
    function deploySystem(
        bytes32[] memory chambers,
        SeatGrant[] memory grants,
        Parameters memory p,
        Bounds memory limits
    ) internal {
        predictSystem();
        bytes32 charter = charterHashOf(chambers, grants, p, limits);
        seats = ISeats(deploy("Seats.sol:Seats", abi.encode(sys, chambers, grants)));
        council = ICouncil(deploy("Council.sol:Council", abi.encode(sys, Charter.LEGAL_TEXT_HASH, charter, p, limits)));
        constraints = IConstraints(deploy("Constraints.sol:Constraints", abi.encode(sys, charter, predecessor)));
        releases = IReleases(deploy("Releases.sol:Releases", abi.encode(sys)));
        brake = IBrake(deploy("Brake.sol:Brake", abi.encode(sys)));
        committee = ICommittee(deploy("Committee.sol:Committee", abi.encode(sys)));
    }

    function predictSystem() internal {
        uint256 nonce = vm.getNonce(address(this));
        sys.seats = vm.computeCreateAddress(address(this), nonce);
        sys.council = vm.computeCreateAddress(address(this), nonce + 1);
        sys.constraints = vm.computeCreateAddress(address(this), nonce + 2);
        sys.releases = vm.computeCreateAddress(address(this), nonce + 3);
        sys.brake = vm.computeCreateAddress(address(this), nonce + 4);
        sys.committee = vm.computeCreateAddress(address(this), nonce + 5);
    }

    // --- votes

    /// @dev By seat 0.
    function propose(ActionKind kind, bytes memory action) internal returns (uint256) {
        return proposeAs(0, kind, action);
    }

    function proposeAs(uint256 seat, ActionKind kind, bytes memory action) internal returns (uint256) {
        vm.prank(voters[seat]);
        return council.propose(kind, action, "because");
    }

    function vote(uint256 id, uint256 seat, Support support) internal {
        vm.prank(voters[seat]);
        council.castVote(id, uint8(support));
    }

    function voteMask(uint256 id, uint64 mask, Support support) internal {
        for (uint256 seat; mask != 0; (mask, seat) = (mask >> 1, seat + 1)) {
            if (mask & 1 != 0) vote(id, seat, support);
        }
    }

    function voteFor(uint256 id, uint64 mask) internal {
        voteMask(id, mask, Support.For);
    }

    // --- time

    function warpToClose(uint256 id) internal {
        vm.warp(council.proposalDeadline(id));
    }

    function warpPastClose(uint256 id) internal {
        vm.warp(council.proposalDeadline(id) + 1);
    }

    /// @dev To the first second in which it can be executed: after the close, where there is no timelock.
    function warpToEta(uint256 id) internal {
        uint256 eta = council.proposalEta(id);
        uint256 closed = council.proposalDeadline(id) + 1;
        vm.warp(eta > closed ? eta : closed);
    }

    function warpPastGrace(uint256 id) internal {
        vm.warp(council.quorumState(id).expiresAt + 1);
    }

    // --- whole ways

    /// @dev Proposed by seat 0, carried by everyone, executed at its eta.
    function carry(ActionKind kind, bytes memory action) internal returns (uint256 id) {
        return carryWith(EVERYONE, kind, action);
    }

    /// @dev Proposed by the lowest seat of the mask, carried by the mask, executed at its eta.
    function carryWith(uint64 mask, ActionKind kind, bytes memory action) internal returns (uint256 id) {
        uint256 proposer;
        while (mask >> proposer & 1 == 0) ++proposer;
        id = proposeAs(proposer, kind, action);
        voteFor(id, mask);
        warpToEta(id);
        council.execute(id, kind, action);
    }

    // --- actions

    /// @dev A harmless action of tier 1.
    function addConstraint(string memory name) internal pure returns (bytes memory) {
        return
            abi.encode(
                AddConstraint(name, 0, new ParameterSetting[](0), bytes(string.concat("{\"id\":\"", name, "\"}")))
            );
    }

    function grantSeat(SeatGrant memory grant) internal pure returns (bytes memory) {
        ChangeSeats memory batch = ChangeSeats(new uint8[](0), new SeatGrant[](1));
        batch.grants[0] = grant;
        return abi.encode(batch);
    }

    function removeSeat(uint8 seat) internal pure returns (bytes memory) {
        ChangeSeats memory batch = ChangeSeats(new uint8[](1), new SeatGrant[](0));
        batch.removals[0] = seat;
        return abi.encode(batch);
    }

    // --- signatures

    function signCompact(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, bytes32(uint256(s) | uint256(v - 27) << 255));
    }

    function sign(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    /// @dev The other signature that verifies: s negated, v swapped.
    function flipS(bytes memory signature) internal pure returns (bytes memory) {
        (bytes32 r, uint256 s) = (bytes32(0), 0);
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
        }
        uint256 order = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141;
        return abi.encodePacked(r, order - s, uint8(signature[64]) == 27 ? bytes1(0x1c) : bytes1(0x1b));
    }

    // --- assertions

    function assertState(uint256 id, ProposalState expected, string memory what) internal view {
        assertEq(uint256(council.state(id)), uint256(expected), what);
    }

    function assertStanding(uint8 seat, ISeats.Standing expected, string memory what) internal view {
        assertEq(uint256(seats.getSeat(seat).standing), uint256(expected), what);
    }
}
