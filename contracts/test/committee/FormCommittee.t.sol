// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {IBrake} from "../../src/interfaces/IBrake.sol";
import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {ISeats} from "../../src/interfaces/ISeats.sol";
import {ActionKind, FormCommittee, OracleMember, Reclassify, SuspendSeat} from "../../src/types/Actions.sol";
import {Charter} from "../Charter.sol";
import {CommitteeTest} from "./CommitteeTest.t.sol";

contract FormCommitteeTest is CommitteeTest {
    function test_form_reverts_fromAnybodyButTheCouncil(address caller) public {
        assertOnlyCouncil(committee, FORM, abi.encode(formation()), caller);
    }

    function test_committee_reverts_onActionsOfOtherContracts(uint8 rawKind) public {
        ActionKind kind = ActionKind(bound(rawKind, 0, uint256(type(ActionKind).max)));
        vm.assume(kind != FORM);
        bytes memory err = abi.encodeWithSelector(IActionTarget.UnknownAction.selector, kind);
        assertRefused(committee, kind, abi.encode(formation()), err);
    }

    function test_form_needsTierFour() public {
        assertTier(committee, FORM, abi.encode(formation()), 4);
    }

    /// @dev R-Committee-01, as it is written: 2 <= t, 2t - 1 <= n <= 31, t + slack <= n.
    function test_form_reverts_ifTheNumbersAreMalformed(uint16 threshold, uint16 slack, uint8 rawSize) public {
        uint256 size = bound(rawSize, 0, 40);
        threshold = uint16(bound(threshold, 0, 24));
        if (slack > 100) slack %= 8;
        bool sound =
            threshold >= 2 && size >= 2 * uint256(threshold) - 1 && size <= 31 && uint256(threshold) + slack <= size;
        FormCommittee memory formed = formation(threshold, slack, size);
        if (!sound) return assertRefused(committee, FORM, abi.encode(formed), malformed(formed));
        // Nothing is wrong with the numbers. Another rule may speak: only fifteen organisations hold a seat, of five
        // jurisdictions.
        try committee.checkAction(FORM, abi.encode(formed)) {}
        catch (bytes memory err) {
            assertTrue(bytes4(err) != ICommittee.MalformedCommittee.selector, "sound numbers are refused");
        }
    }

    function test_form_reverts_withTheLargestSlack() public {
        FormCommittee memory formed = formation(THRESHOLD, type(uint16).max, SIZE);
        assertRefused(committee, FORM, abi.encode(formed), malformed(formed));
    }

    function test_form_reverts_ifAnOracleStandsTwice(uint8 first, uint8 second) public {
        FormCommittee memory formed = formation();
        (uint256 i, uint256 j) = (bound(first, 0, SIZE - 1), bound(second, 0, SIZE - 1));
        vm.assume(i != j);
        formed.members[i].oracle = formed.members[j].oracle;
        assertRefused(committee, FORM, abi.encode(formed), malformed(formed));
    }

    function test_form_reverts_ifAnOracleIsZero() public {
        FormCommittee memory formed = formation();
        formed.members[SIZE - 1].oracle = address(0);
        assertRefused(committee, FORM, abi.encode(formed), malformed(formed));
    }

    function test_form_reverts_ifAnOrganisationHasNoSeat(bytes32 organisation) public {
        FormCommittee memory formed = formation();
        (, ISeats.Standing standing) = seats.seatOfOrganisation(organisation);
        vm.assume(standing == ISeats.Standing.None);
        formed.members[2].organisationId = organisation;
        assertRefused(committee, FORM, abi.encode(formed), badOrganisation(organisation));
    }

    function test_form_reverts_ifAnOrganisationsSeatIsSuspended() public {
        enact(seats, ActionKind.SuspendSeat, abi.encode(SuspendSeat(3, keccak256("evidence"))), 1);
        assertRefused(committee, FORM, abi.encode(formation()), badOrganisation(organisationId(3)));
    }

    function test_form_reverts_ifAnOrganisationHasTwoOracles() public {
        FormCommittee memory formed = formation();
        formed.members[4].organisationId = organisationId(1);
        assertRefused(committee, FORM, abi.encode(formed), badOrganisation(organisationId(1)));
    }

    /// @dev The organisations 0, 5 and 10 sit in three chambers and in one jurisdiction: together they could answer.
    function test_form_reverts_ifAJurisdictionHoldsTheThreshold() public {
        FormCommittee memory formed = formation();
        formed.members[1].organisationId = organisationId(5);
        formed.members[2].organisationId = organisationId(10);
        assertRefused(committee, FORM, abi.encode(formed), tooConcentrated(bytes2("DE"), 3));
    }

    function test_form_succeeds_ifAJurisdictionHoldsOneLess() public {
        FormCommittee memory formed = formation();
        formed.members[1].organisationId = organisationId(5);
        enact(committee, FORM, abi.encode(formed), 4);
        assertEq(committee.latestEpoch(), 1, "epoch");
    }

    /// @dev A reclassification binds the next committee; the one that is being made, or in force, stands.
    function test_form_isJudgedByTheLabelsOfNow() public {
        FormCommittee memory formed = formation();
        formed.members[1].organisationId = organisationId(6);
        formed.members[2].organisationId = organisationId(11);
        committee.checkAction(FORM, abi.encode(formed));
        for (uint8 seat = 6; seat <= 11; seat += 5) {
            bytes32 affiliation = seats.getSeat(seat).affiliation;
            enact(seats, ActionKind.Reclassify, abi.encode(Reclassify(seat, "DE", affiliation, 0, 0)), 4);
        }
        assertRefused(committee, FORM, abi.encode(formed), tooConcentrated(bytes2("DE"), 3));
        form();
        enact(seats, ActionKind.Reclassify, abi.encode(Reclassify(1, "DE", seats.getSeat(1).affiliation, 0, 0)), 4);
        assertPhase(ICommittee.Phase.Registering, "it goes on");
    }

    /// @dev Today no two seats share an affiliation, so it is written into their records: the committee does not rest on
    /// that, since a group may grow together after its seats were granted.
    function test_form_reverts_ifAnAffiliationGroupHoldsTheThreshold() public {
        bytes32 group = keccak256("group of three");
        for (uint8 seat = 1; seat <= 3; ++seat) {
            bytes32 before = seats.getSeat(seat).affiliation;
            vm.record();
            seats.getSeat(seat);
            (bytes32[] memory reads,) = vm.accesses(address(seats));
            for (uint256 i; i < reads.length; ++i) {
                if (vm.load(address(seats), reads[i]) == before) vm.store(address(seats), reads[i], group);
            }
            assertEq(seats.getSeat(seat).affiliation, group, "the record");
        }
        assertRefused(committee, FORM, abi.encode(formation()), tooConcentrated(group, 3));
    }

    function test_form_reverts_whileEverythingIsStopped() public {
        uint64 stopId = stop(0);
        assertRefused(committee, FORM, abi.encode(formation()), everythingStopped());
        resume(stopId);
        form();
    }

    /// @dev A brake that knows no scope of everything, as one at a wrong address might say, is no permission.
    function test_form_reverts_ifTheBrakeKnowsNoScope() public {
        bytes memory nothing = abi.encode(IBrake.Scope(0, 0, 0, 0));
        vm.mockCall(address(brake), abi.encodeCall(IBrake.getScope, (bytes32(0))), nothing);
        assertRefused(committee, FORM, abi.encode(formation()), everythingStopped());
    }

    function test_form_reverts_whileAnEpochIsBeingMade() public {
        form();
        assertRefused(committee, FORM, abi.encode(formation()), busy(ICommittee.Phase.Registering));
        for (uint256 member = 1; member <= SIZE; ++member) {
            register(member);
        }
        assertRefused(committee, FORM, abi.encode(formation()), busy(ICommittee.Phase.Dealing));
        for (uint256 member = 1; member <= SIZE; ++member) {
            deal(member);
        }
        assertRefused(committee, FORM, abi.encode(formation()), busy(ICommittee.Phase.Settling));
        settle(0);
        assertRefused(committee, FORM, abi.encode(formation()), busy(ICommittee.Phase.Acknowledging));
        vm.warp(phaseEndsAt() + 1); // dead, but not buried
        assertRefused(committee, FORM, abi.encode(formation()), busy(ICommittee.Phase.Acknowledging));
    }

    function test_form_reverts_whileAKeyIsInForce() public {
        toInForce();
        assertRefused(committee, FORM, abi.encode(formation()), busy(ICommittee.Phase.InForce));
    }

    function test_form_startsAnEpoch() public {
        bytes memory action = abi.encode(formation());
        uint256 proposalId = nextProposal();
        uint40 endsAt = uint40(nowAt()) + Charter.parameters().dkgPhase;
        vm.expectEmit(address(committee));
        emit ICommittee.EpochStarted(EPOCH, proposalId, THRESHOLD, SLACK, uint16(SIZE), endsAt, 0);
        for (uint16 index = 1; index <= SIZE; ++index) {
            vm.expectEmit(address(committee));
            emit ICommittee.MemberNamed(EPOCH, index, oracle(index), organisationId(index - 1));
        }
        enact(committee, FORM, action, 4);

        ICommittee.Epoch memory epoch = committee.getEpoch(EPOCH);
        assertPhase(ICommittee.Phase.Registering, "phase");
        assertEq(epoch.threshold, THRESHOLD, "threshold");
        assertEq(epoch.slack, SLACK, "slack");
        assertEq(epoch.size, SIZE, "size");
        assertEq(epoch.startedAt, nowAt(), "start");
        assertEq(epoch.phaseEndsAt, endsAt, "deadline");
        assertEq(epoch.keyHash, bytes32(0), "no key yet");
        assertEq(committee.latestEpoch(), EPOCH, "latest epoch");
        assertEq(committee.currentEpoch(), 0, "none in force");
        assertEq(committee.key().length, 0, "no key");
        ICommittee.Member[] memory members = committee.getMembers(EPOCH);
        assertEq(members.length, SIZE, "members");
        for (uint256 i; i < SIZE; ++i) {
            assertEq(members[i].oracle, oracle(i + 1), "oracle");
            assertEq(members[i].organisationId, organisationId(i), "organisation");
            assertEq(members[i].index, i + 1, "index");
        }
    }

    /// @dev Indices are permanent: an oracle that is named again keeps its own, another gets one that nobody had.
    function test_form_keepsIndicesForEver_overAborts() public {
        form();
        vm.warp(phaseEndsAt() + 1);
        committee.advance(EPOCH);
        FormCommittee memory second = formation();
        (second.members[0], second.members[4]) = (second.members[4], second.members[0]); // another order
        second.members[2] = OracleMember(organisationId(2), address(0xbeef)); // a new oracle of organisation 2
        enact(committee, FORM, abi.encode(second), 4);

        ICommittee.Member[] memory members = committee.getMembers(2);
        uint16[5] memory expected = [uint16(5), 2, 6, 4, 1];
        for (uint256 i; i < SIZE; ++i) {
            assertEq(members[i].index, expected[i], "index");
        }
        assertEq(committee.latestEpoch(), 2, "latest epoch");
        assertPhase(ICommittee.Phase.Aborted, "the first epoch");
    }

    /// @dev Through the Council: proposed, voted by all, executed after its timelock.
    function test_form_succeeds_byVote() public {
        carry(FORM, abi.encode(formation()));
        assertPhase(ICommittee.Phase.Registering, "phase");
    }

    function malformed(FormCommittee memory formed) private pure returns (bytes memory) {
        return abi.encodeWithSelector(
            ICommittee.MalformedCommittee.selector, formed.threshold, formed.slack, formed.members.length
        );
    }

    function badOrganisation(bytes32 organisation) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.BadOrganisation.selector, organisation);
    }

    function tooConcentrated(bytes32 label, uint256 actual) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.TooConcentrated.selector, label, actual, THRESHOLD - 1);
    }

    function busy(ICommittee.Phase phase) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICommittee.CommitteeBusy.selector, EPOCH, phase);
    }
}
