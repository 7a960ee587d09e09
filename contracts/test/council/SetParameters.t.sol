// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {IActionTarget} from "../../src/interfaces/IActionTarget.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, SuspendSeat} from "../../src/types/Actions.sol";
import {Bounds, Parameters, TierRule} from "../../src/types/Parameters.sol";
import {ActionContext} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {Targets} from "../Targets.t.sol";

contract SetParametersTest is Targets {
    uint256 internal constant WORDS = 53;

    function test_setParameters_reverts_unlessFromTheCouncil(address caller) public {
        assertOnlyCouncil(council, ActionKind.SetParameters, abi.encode(Charter.parameters()), caller);
    }

    function test_council_refuses_actionsOfOthers(uint8 kind) public {
        kind = uint8(bound(kind, 0, uint8(ActionKind.FormCommittee)));
        ActionKind other = ActionKind(kind);
        assertRefused(council, other, "", abi.encodeWithSelector(IActionTarget.UnknownAction.selector, other));
    }

    function test_setParameters_needsTier4() public {
        assertTier(council, ActionKind.SetParameters, abi.encode(Charter.parameters()), 4);
    }

    // --- bounds, word by word

    /// @dev Invariant 10, every word, just outside on either side.
    function test_setParameters_reverts_outOfBounds_inEveryWord() public {
        uint256[WORDS] memory min = words(Charter.bounds().min);
        uint256[WORDS] memory max = words(Charter.bounds().max);
        uint256[WORDS] memory value = words(Charter.parameters());
        for (uint256 i; i < WORDS; ++i) {
            uint256 kept = value[i];
            if (fits(i, max[i] + 1)) {
                value[i] = max[i] + 1;
                assertOutOfBounds(value, i, min[i], max[i]);
            }
            if (min[i] != 0) {
                value[i] = min[i] - 1;
                assertOutOfBounds(value, i, min[i], max[i]);
            }
            value[i] = kept;
        }
    }

    function test_setParameters_reverts_outOfBounds_byFarAsWell(uint256 word, uint32 value) public {
        word %= WORDS;
        uint256[WORDS] memory values = words(Charter.parameters());
        uint256 max = words(Charter.bounds().max)[word];
        if (value <= max || !fits(word, value)) return;
        values[word] = value;
        assertOutOfBounds(values, word, words(Charter.bounds().min)[word], max);
    }

    function test_council_reverts_withABoundAbove136Years(uint256 word, uint40 bound_) public {
        word = bound(word, 35, 36); // timelock of tier 4, objectionWindow: types of 40 bits
        uint256[WORDS] memory max = words(Charter.bounds().max);
        max[word] = bound(bound_, uint256(type(uint32).max) + 1, type(uint40).max);
        Bounds memory limits = Charter.bounds();
        limits.max = fromWords(max);
        expectCouncilRefused(
            Charter.parameters(),
            limits,
            abi.encodeWithSelector(
                ICouncil.OutOfBounds.selector, word, max[word], words(limits.min)[word], type(uint32).max
            )
        );
    }

    function test_council_takes_aBoundOf136Years(uint256 word) public {
        word = bound(word, 35, 36);
        uint256[WORDS] memory max = words(Charter.bounds().max);
        max[word] = type(uint32).max;
        Bounds memory limits = Charter.bounds();
        limits.max = fromWords(max);
        bytes memory settings = abi.encode(sys, Charter.LEGAL_TEXT_HASH, bytes32(0), Charter.parameters(), limits);
        this.create(abi.encodePacked(vm.getCode("Council.sol:Council"), settings));
    }

    function test_council_reverts_whenItsCharterIsOutOfItsOwnBounds() public {
        Parameters memory p = Charter.parameters();
        p.grace = 31 days;
        expectCouncilRefused(
            p, Charter.bounds(), abi.encodeWithSelector(ICouncil.OutOfBounds.selector, 37, 31 days, 1 days, 30 days)
        );
    }

    function test_council_reverts_whenItsCharterIsUnsound() public {
        Parameters memory p = Charter.parameters();
        p.tiers[1].overallNum = 1;
        p.tiers[1].overallDen = 2;
        expectCouncilRefused(p, Charter.bounds(), unsound(2));
    }

    // --- soundness

    function test_setParameters_reverts_withAThresholdThatAllTogetherMiss(uint8 tier, bool strict, bool overall)
        public
    {
        tier = uint8(bound(tier, 1, 4));
        Parameters memory p = Charter.parameters();
        (uint16 num, uint16 den) = strict ? (3, 3) : (4, 3);
        setBar(p.tiers[tier - 1], overall, num, den, strict);
        if (tier < 4) setBar(p.tiers[tier], overall, num, den, strict); // not for being inverted
        assertUnsound(p, tier);
    }

    function test_setParameters_reverts_withAnUnattainableNumberOfChambers(uint8 tier) public {
        tier = uint8(bound(tier, 1, 4));
        Parameters memory p = Charter.parameters();
        p.tiers[tier - 1].chambersRequired = 4;
        assertUnsound(p, tier);
    }

    function test_setParameters_reverts_withHalfAsMajority(uint8 tier, uint16 half, bool overall) public {
        tier = uint8(bound(tier, 2, 4));
        half = uint16(bound(half, 2, 50));
        Parameters memory p = Charter.parameters();
        setBar(p.tiers[0], overall, 1, 100, false);
        for (uint256 i = 1; i < 4; ++i) {
            setBar(p.tiers[i], overall, half, 2 * half, true); // strict: more than half
        }
        council.checkAction(ActionKind.SetParameters, abi.encode(p)); // that is a majority ...
        for (uint256 i = tier - 1; i < 4; ++i) {
            setBar(p.tiers[i], overall, half, 2 * half, false); // at least half is not
        }
        assertUnsound(p, tier);
        for (uint256 i = tier - 1; i < 4; ++i) {
            setBar(p.tiers[i], overall, half - 1, 2 * half, true); // more than less than half is not
        }
        assertUnsound(p, tier);
    }

    /// @dev Invariant 9: loosening is never easier than tightening, nor any tier than one below it.
    function test_setParameters_reverts_whenATierIsInverted(uint8 tier, uint256 how) public {
        tier = uint8(bound(tier, 2, 4));
        Parameters memory p = Charter.parameters();
        for (uint256 i; i < 4; ++i) {
            p.tiers[i] = TierRule(2, 3, false, 0, 4, 5, false, 7 days, 7 days); // all the same: sound
        }
        council.checkAction(ActionKind.SetParameters, abi.encode(p));
        for (uint256 i = tier - 1; i < 4; ++i) {
            TierRule memory r = p.tiers[i];
            if (how % 6 == 0) (r.chamberNum, r.chamberDen) = (65, 98); // a little less than 2/3
            if (how % 6 == 1) (r.overallNum, r.overallDen) = (79, 99); // a little less than 4/5
            if (how % 6 == 2) r.chambersRequired = 2;
            if (how % 6 == 3) --r.period;
            if (how % 6 == 4) --r.timelock;
        }
        if (how % 6 == 5) {
            for (uint256 i; i < tier - 1; ++i) {
                p.tiers[i].chamberStrict = true; // more than 2/3 below at least 2/3
            }
        }
        assertUnsound(p, tier);
    }

    function test_setParameters_reverts_withoutAPeriod() public {
        Bounds memory limits = Charter.bounds();
        limits.min.tiers[0].period = 0;
        Parameters memory p = Charter.parameters();
        p.tiers[0].period = 0;
        expectCouncilRefused(p, limits, unsound(1));
    }

    /// @dev Nothing is a fraction of nothing: at least 0/0 would be met by nobody at all.
    function test_council_reverts_withAThresholdOfNothing(bool overall) public {
        Bounds memory limits = Charter.bounds();
        Parameters memory p = Charter.parameters();
        setBar(p.tiers[0], overall, 0, 0, false);
        setBar(limits.min.tiers[0], overall, 0, 0, false);
        expectCouncilRefused(p, limits, unsound(1));
    }

    function test_setParameters_reverts_whenAStopLapsesBeforeItsResumption(uint40 term) public {
        Parameters memory p = Charter.parameters();
        uint40 vote = p.tiers[2].period + p.lateWindow + p.tiers[2].timelock;
        p.brakeTerm = uint40(bound(term, 1 days, vote));
        assertUnsound(p, 3);
        p.brakeTerm = vote;
        assertUnsound(p, 3);
        p.brakeTerm = vote + 1;
        council.checkAction(ActionKind.SetParameters, abi.encode(p));
    }

    function test_council_reverts_withoutAnyOfItsTerms() public {
        for (uint256 which; which < 7; ++which) {
            Bounds memory limits = Charter.bounds();
            Parameters memory p = Charter.parameters();
            if (which == 0) (limits.min.pullSeats, p.pullSeats) = (1, 1);
            if (which == 1) (limits.min.objectionWindow, p.objectionWindow) = (0, 0);
            if (which == 2) (limits.min.grace, p.grace) = (0, 0);
            if (which == 3) (limits.min.openProposals, p.openProposals) = (0, 0);
            if (which == 4) (limits.min.dormancy, p.dormancy) = (0, 0);
            if (which == 5) (limits.min.challengePeriod, p.challengePeriod) = (0, 0);
            // The last part of a round is a part of it, of the shortest one too.
            if (which == 6) (p.tiers[0].period, p.lateWindow) = (2 days, 2 days + 1);
            expectCouncilRefused(p, limits, unsound(0));
        }
    }

    function test_council_takes_aLastPartAsLongAsTheShortestRound() public {
        Parameters memory p = Charter.parameters();
        (p.tiers[0].period, p.lateWindow) = (2 days, 2 days);
        bytes memory settings = abi.encode(sys, Charter.LEGAL_TEXT_HASH, bytes32(0), p, Charter.bounds());
        this.create(abi.encodePacked(vm.getCode("Council.sol:Council"), settings));
    }

    /// @dev Fewer seats decide on a silent one than on a change of seats: not in less time, too.
    function test_council_reverts_whenAReplacementIsQuickerThanAChangeOfSeats(uint40 delay) public {
        Bounds memory limits = Charter.bounds();
        limits.min.replacementDelay = 0;
        Parameters memory p = Charter.parameters();
        p.replacementDelay = uint40(bound(delay, 0, p.tiers[3].timelock - 1));
        expectCouncilRefused(p, limits, unsound(4));
        p.replacementDelay = p.tiers[3].timelock;
        bytes memory arguments = abi.encode(sys, Charter.LEGAL_TEXT_HASH, bytes32(0), p, limits);
        this.create(abi.encodePacked(vm.getCode("Council.sol:Council"), arguments));
    }

    function test_setParameters_reverts_whenTheLiveSeatsCouldNotPass() public {
        vm.prank(address(council));
        seats.executeAction(ActionKind.SuspendSeat, abi.encode(SuspendSeat(3, 0)), ActionContext(1, 1));
        Parameters memory p = Charter.parameters();
        p.tiers[3].chamberNum = 5;
        p.tiers[3].chamberDen = 5; // four of five builders are live
        assertUnsound(p, 4);
    }

    // --- what is set

    /// @dev Version 1 is the charter's: no proposal set it.
    function test_council_opensVersion1_byNoProposal() public {
        bytes memory settings =
            abi.encode(sys, Charter.LEGAL_TEXT_HASH, bytes32(0), Charter.parameters(), Charter.bounds());
        vm.expectEmit(vm.computeCreateAddress(address(this), vm.getNonce(address(this))));
        emit ICouncil.ParametersSet(1, 0, Charter.parameters());
        this.create(abi.encodePacked(vm.getCode("Council.sol:Council"), settings));
    }

    function test_setParameters_opensAVersion_andLeavesTheOldOne() public {
        Parameters memory p = Charter.parameters();
        p.tiers[1].period = 8 days;
        p.grace = 20 days;
        p.documentBytes = 2048;
        uint256 id = nextProposal();
        vm.expectEmit(address(council));
        emit ICouncil.ParametersSet(2, id, p);
        enact(council, ActionKind.SetParameters, abi.encode(p), 4);
        (uint32 version, Parameters memory current) = council.parameters();
        assertEq(version, 2, "version");
        assertEq(abi.encode(current), abi.encode(p), "current");
        assertEq(abi.encode(council.parametersAt(1)), abi.encode(Charter.parameters()), "old");
        assertEq(abi.encode(council.parametersAt(2)), abi.encode(p), "new");
        assertEq(abi.encode(council.bounds()), abi.encode(Charter.bounds()), "bounds");
    }

    // --- helpers

    function setBar(TierRule memory r, bool overall, uint16 num, uint16 den, bool strict) private pure {
        if (overall) (r.overallNum, r.overallDen, r.overallStrict) = (num, den, strict);
        else (r.chamberNum, r.chamberDen, r.chamberStrict) = (num, den, strict);
    }

    function assertUnsound(Parameters memory p, uint8 tier) private {
        assertRefused(council, ActionKind.SetParameters, abi.encode(p), unsound(tier));
    }

    function assertOutOfBounds(uint256[WORDS] memory value, uint256 word, uint256 min, uint256 max) private {
        assertRefused(
            council,
            ActionKind.SetParameters,
            abi.encode(value),
            abi.encodeWithSelector(ICouncil.OutOfBounds.selector, word, value[word], min, max)
        );
    }

    function expectCouncilRefused(Parameters memory p, Bounds memory limits, bytes memory err) private {
        bytes memory initcode = abi.encodePacked(
            vm.getCode("Council.sol:Council"), abi.encode(sys, Charter.LEGAL_TEXT_HASH, bytes32(0), p, limits)
        );
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

    function unsound(uint8 tier) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.UnsoundParameters.selector, tier);
    }

    function words(Parameters memory p) private pure returns (uint256[WORDS] memory) {
        return abi.decode(abi.encode(p), (uint256[53]));
    }

    function fromWords(uint256[WORDS] memory value) private pure returns (Parameters memory) {
        return abi.decode(abi.encode(value), (Parameters));
    }

    /// @dev Whether the word's type can hold it: beyond that, the decoder refuses first.
    function fits(uint256 word, uint256 value) private pure returns (bool) {
        uint256 field = word % 9;
        if (word >= 36) {
            return word == 39 || word == 40 ? value <= 255 : value <= (word == 38 ? type(uint24).max : type(uint32).max);
        }
        if (field == 2 || field == 6) return value <= 1;
        return value <= (field == 3 ? 255 : field < 7 ? type(uint16).max : type(uint32).max);
    }
}
