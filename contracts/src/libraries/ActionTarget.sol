// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../interfaces/IActionTarget.sol";
import {IBrake} from "../interfaces/IBrake.sol";
import {ICommittee} from "../interfaces/ICommittee.sol";
import {IConstraints} from "../interfaces/IConstraints.sol";
import {ICouncil} from "../interfaces/ICouncil.sol";
import {IReleases} from "../interfaces/IReleases.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {Parameters} from "../types/Parameters.sol";
import {ActionContext, System} from "../types/System.sol";

/// @dev What all six contracts share: each other's addresses, fixed at construction, and the Council as the only caller
/// that changes them by vote. Nobody else has a power here, the deployer included.
abstract contract ActionTarget is IActionTarget {
    ISeats internal immutable SEATS;
    ICouncil internal immutable COUNCIL;
    IConstraints internal immutable CONSTRAINTS;
    IReleases internal immutable RELEASES;
    IBrake internal immutable BRAKE;
    ICommittee internal immutable COMMITTEE;

    constructor(System memory sys) {
        SEATS = ISeats(sys.seats);
        COUNCIL = ICouncil(sys.council);
        CONSTRAINTS = IConstraints(sys.constraints);
        RELEASES = IReleases(sys.releases);
        BRAKE = IBrake(sys.brake);
        COMMITTEE = ICommittee(sys.committee);
    }

    /// @dev R-Council-19.
    modifier onlyCouncil() {
        if (msg.sender != address(COUNCIL)) revert OnlyCouncil(msg.sender);
        _;
    }

    /// @inheritdoc IActionTarget
    function system() external view returns (System memory) {
        return System({
            seats: address(SEATS),
            council: address(COUNCIL),
            constraints: address(CONSTRAINTS),
            releases: address(RELEASES),
            brake: address(BRAKE),
            committee: address(COMMITTEE)
        });
    }

    /// @dev R-Council-18: what the action needs now may be more than what it was voted at.
    function _requireTier(ActionContext calldata context, uint8 required) internal pure {
        if (context.tier < required) revert ICouncil.TierTooLow(context.proposalId, context.tier, required);
    }

    function _parameters() internal view returns (Parameters memory current) {
        (, current) = COUNCIL.parameters();
    }
}
