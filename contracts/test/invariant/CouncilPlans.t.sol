// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IConstraints} from "../../src/interfaces/IConstraints.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {
    ActionKind,
    AddConstraint,
    AmendConstraint,
    ChangeSeats,
    ParameterSetting,
    SeatGrant,
    SuspendSeat
} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {SignedBallot} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {CouncilAccount} from "./CouncilAccount.t.sol";

/// @dev What the members could think of: actions of every kind, sound ones and others, and ballots signed with their keys.
abstract contract CouncilPlans is CouncilAccount {
    IConstraints public immutable CONSTRAINTS;

    uint256[64] internal secrets; // voting key of each seat
    uint256[64] internal guardians;
    bytes32[] internal inForce; // constraints
    uint256 public organisations = Charter.SEATS; // seen so far
    uint256 public names;

    constructor(address constraints) {
        CONSTRAINTS = IConstraints(constraints);
        for (uint256 i; i < Charter.SEATS; ++i) {
            (secrets[i], guardians[i]) = (Charter.votingSecret(i), Charter.recoverySecret(i));
        }
    }

    function actionOf(uint256 what) internal returns (ActionKind, bytes memory) {
        uint256 choice = what % 8;
        what /= 8;
        if (choice < 2) return (ActionKind.AddConstraint, addition());
        if (choice < 4) return (ActionKind.AmendTighter, amendment(what));
        if (choice == 4) return (ActionKind.SetParameters, abi.encode(someParameters(what)));
        if (choice == 5) {
            return
                (ActionKind.SuspendSeat, abi.encode(SuspendSeat(what % 5 == 0 ? uint8(what % 64) : liveSeat(what), 0)));
        }
        return (ActionKind.ChangeSeats, abi.encode(someBatch(what)));
    }

    function addition() internal returns (bytes memory) {
        string memory name = string.concat("constraint ", vm.toString(++names));
        return abi.encode(AddConstraint(name, 0, new ParameterSetting[](0), "{}"));
    }

    function amendment(uint256 what) internal view returns (bytes memory) {
        bytes32 id = inForce.length == 0 ? bytes32(0) : inForce[what % inForce.length];
        return abi.encode(AmendConstraint(id, CONSTRAINTS.getConstraint(id).version, 0, "{\"v\":2}"));
    }

    function someParameters(uint256 what) internal pure returns (Parameters memory p) {
        p = Charter.parameters();
        p.grace = uint40(1 days + what % 30 days);
        p.objectionWindow = uint40(1 hours + what % 20 days);
        p.lateWindow = uint24(what % 4 days); // above 3 days it is unsound
        p.openProposals = uint8(what % 10); // 0 and 9 are out of bounds
        p.tiers[0].overallNum = uint16(40 + what % 30);
        p.tiers[0].overallDen = 100;
        p.tiers[3].timelock = uint40(10 days + what % 40 days);
        p.tiers[3].chamberNum = uint16(60 + what % 40);
        p.tiers[3].chamberDen = 100;
    }

    function someBatch(uint256 what) internal returns (ChangeSeats memory batch) {
        bool removes = what % 3 != 0;
        bool grants = what % 3 != 1;
        what /= 3;
        batch.removals = new uint8[](removes ? 1 : 0);
        batch.grants = new SeatGrant[](grants ? 1 : 0);
        if (removes) batch.removals[0] = what % 7 == 0 ? uint8(what % 64) : liveSeat(what);
        if (grants) {
            uint256 organisation = organisations++;
            batch.grants[0] = Charter.grant(
                organisation,
                uint8(what % 3),
                bytes2(uint16(0x4141 + what / 3 % 4)),
                vm.addr(Charter.votingSecret(organisation)),
                vm.addr(Charter.recoverySecret(organisation))
            );
        }
    }

    function learnSeats(ChangeSeats memory batch) internal {
        for (uint256 i; i < batch.grants.length; ++i) {
            for (uint256 organisation = Charter.SEATS; organisation < organisations; ++organisation) {
                if (vm.addr(Charter.votingSecret(organisation)) != batch.grants[i].votingKey) continue;
                (uint8 seat,) = SEATS.seatOf(batch.grants[i].votingKey);
                (secrets[seat], guardians[seat]) =
                (Charter.votingSecret(organisation), Charter.recoverySecret(organisation));
            }
        }
    }

    function signedCall(uint256 id, uint8 seat, uint8 support, uint8 round, uint8 counted)
        internal
        view
        returns (bytes memory)
    {
        bytes32 digest = COUNCIL.ballotDigest(id, support, keyOf(seat), round, counted, "");
        bytes memory signed = signature(secrets[seat], digest);
        return abi.encodeCall(COUNCIL.castSignedVote, (id, support, keyOf(seat), round, counted, "", signed));
    }

    function signedBallot(uint256 id, uint8 seat, uint8 support) internal view returns (SignedBallot memory b) {
        (, uint8 round, uint8 counted) = COUNCIL.ballotOf(id, seat);
        b = SignedBallot(keyOf(seat), support, round, counted, "", "");
        b.signature = signature(secrets[seat], COUNCIL.ballotDigest(id, support, b.voter, round, counted, ""));
    }

    function signature(uint256 secret, bytes32 digest) internal pure returns (bytes memory) {
        (uint8 v, bytes32 r, bytes32 s) = vm.sign(secret, digest);
        return abi.encodePacked(r, s, v);
    }

    function liveSeat(uint256 seed) internal view returns (uint8 seat) {
        uint64 live = SEATS.liveMask();
        seat = uint8(seed % 64);
        while (live >> seat & 1 == 0) seat = (seat + 1) % 64;
    }

    function keyOf(uint8 seat) internal view returns (address) {
        return vm.addr(secrets[seat]);
    }
}
