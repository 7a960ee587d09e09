// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../interfaces/ICommittee.sol";
import {ISeats} from "../interfaces/ISeats.sol";
import {FormCommittee, OracleMember} from "../types/Actions.sol";
import {SeatStore} from "./SeatStore.sol";

/// @dev Whose oracles may make a committee, and how many. Asked by the Committee; judged here, where the labels are.
abstract contract Hosts is SeatStore {
    uint256 private constant MAX_MEMBERS = 31; // approvals, partials and dealers are masks of 32 bits

    /// @inheritdoc ISeats
    function requireIndependentOracles(bytes calldata formation) external view {
        FormCommittee memory formed = abi.decode(formation, (FormCommittee));
        OracleMember[] memory members = formed.members;
        uint256 threshold = formed.threshold;
        // R-Committee-01
        if (
            threshold < 2 || members.length > MAX_MEMBERS || members.length + 1 < 2 * threshold
                || members.length < threshold + formed.slack || !_areDistinct(members)
        ) revert ICommittee.MalformedCommittee(formed.threshold, formed.slack, members.length);
        Seat[] memory hosts = new Seat[](members.length);
        for (uint256 i; i < members.length; ++i) {
            bytes32 organisationId = members[i].organisationId;
            uint8 next = seatsOfOrganisations[organisationId];
            // R-Committee-02
            if (next == 0 || records[next - 1].standing != Standing.Live) {
                revert ICommittee.BadOrganisation(organisationId);
            }
            Seat memory host = hosts[i] = records[next - 1];
            uint256 sameAffiliation = 1;
            uint256 sameJurisdiction = 1;
            for (uint256 j; j < i; ++j) {
                if (hosts[j].organisationId == organisationId) revert ICommittee.BadOrganisation(organisationId); // R-Committee-02
                if (hosts[j].affiliation == host.affiliation) ++sameAffiliation;
                if (hosts[j].jurisdiction == host.jurisdiction) ++sameJurisdiction;
            }
            // R-Committee-03: nobody whose oracles could answer alone
            if (sameAffiliation >= threshold) {
                revert ICommittee.TooConcentrated(host.affiliation, sameAffiliation, threshold - 1);
            }
            if (sameJurisdiction >= threshold) {
                revert ICommittee.TooConcentrated(host.jurisdiction, sameJurisdiction, threshold - 1);
            }
        }
    }

    function _areDistinct(OracleMember[] memory members) private pure returns (bool) {
        for (uint256 i; i < members.length; ++i) {
            if (members[i].oracle == address(0)) return false;
            for (uint256 j; j < i; ++j) {
                if (members[j].oracle == members[i].oracle) return false;
            }
        }
        return true;
    }
}
