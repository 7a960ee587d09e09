// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {ActionKind, SeatGrant} from "../../src/types/Actions.sol";
import {System} from "../../src/types/System.sol";
import {Charter} from "../Charter.sol";
import {CouncilTest} from "./CouncilTest.t.sol";

contract ActivateTest is CouncilTest {
    bytes32 internal charter;

    function setUp() public override {
        vm.warp(START);
        deploySystem(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
        charter = charterHashOf(Charter.chamberNames(), genesis(), Charter.parameters(), Charter.bounds());
    }

    function test_activate_reverts_whenAContractIsMissing(uint256 which) public {
        address[5] memory others = [sys.seats, sys.constraints, sys.releases, sys.brake, sys.committee];
        address missing = others[which % 5];
        vm.etch(missing, "");
        vm.expectRevert(mismatch(missing, 0, wiring()));
        council.activate();
    }

    function test_activate_reverts_whenAContractIsWiredElsewhere(uint256 which) public {
        address[5] memory others = [sys.seats, sys.constraints, sys.releases, sys.brake, sys.committee];
        address elsewhere = others[which % 5];
        System memory theirs = sys;
        theirs.council = STRANGER;
        vm.mockCall(elsewhere, abi.encodeWithSignature("system()"), abi.encode(theirs));
        vm.expectRevert(mismatch(elsewhere, keccak256(abi.encode(theirs)), wiring()));
        council.activate();
    }

    function test_activate_reverts_whenTheSeatsAreNotTheCharters() public {
        SeatGrant[] memory grants = genesis();
        grants[7].evidenceHash = keccak256("another");
        bytes32 actual = charterHashOf(Charter.chamberNames(), grants, Charter.parameters(), Charter.bounds());
        predictSystem();
        deploy("Seats.sol:Seats", abi.encode(sys, Charter.chamberNames(), grants));
        deployRest(charter, charter);
        vm.expectRevert(mismatch(address(council), actual, charter));
        council.activate();
    }

    /// forge-config: default.fuzz.runs = 16
    function test_activate_reverts_whenTheCharterHashIsAnother(bytes32 claimed) public {
        vm.assume(claimed != charter);
        predictSystem();
        deploy("Seats.sol:Seats", abi.encode(sys, Charter.chamberNames(), genesis()));
        deployRest(claimed, claimed);
        vm.expectRevert(mismatch(address(council), charter, claimed));
        council.activate();
    }

    /// forge-config: default.fuzz.runs = 16
    function test_activate_reverts_whenTheLedgerBelongsToAnotherCharter(bytes32 ledgers) public {
        vm.assume(ledgers != charter);
        predictSystem();
        deploy("Seats.sol:Seats", abi.encode(sys, Charter.chamberNames(), genesis()));
        deployRest(charter, ledgers);
        vm.expectRevert(mismatch(sys.constraints, ledgers, charter));
        council.activate();
    }

    function test_propose_reverts_beforeActivation(uint8 seat) public {
        seat %= 15;
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotActive.selector));
        proposeAs(seat, ActionKind.AddConstraint, addConstraint("early"));
    }

    function test_activate_opensTheCouncil_byAnybody(address caller) public {
        assertFalse(council.active(), "active");
        vm.expectEmit(address(council));
        emit ICouncil.Activated(charter);
        vm.prank(caller);
        council.activate();
        assertTrue(council.active(), "active");
        assertEq(council.charterHash(), charter, "charter hash");
        assertEq(council.legalTextHash(), Charter.LEGAL_TEXT_HASH, "legal text hash");
        assertEq(
            council.parametersHash(), keccak256(abi.encode(Charter.parameters(), Charter.bounds())), "parameters hash"
        );
        proposeTier1();
    }

    function test_activate_isSilent_theSecondTime(address caller) public {
        council.activate();
        vm.recordLogs();
        vm.prank(caller);
        council.activate();
        assertEq(vm.getRecordedLogs().length, 0, "logs");
    }

    /// @dev Invariant 16. Whoever deployed is nobody: neither votes, nor proposes, nor carries out.
    function test_deployer_hasNoPower() public {
        council.activate();
        vm.expectRevert(notLive(address(this)));
        council.propose(ActionKind.AddConstraint, addConstraint("mine"), "");
        uint256 id = proposeTier1();
        vm.expectRevert(notLive(address(this)));
        council.castVote(id, 1);
        vm.expectRevert(abi.encodeWithSelector(ICouncil.NotCancellable.selector, id, address(this)));
        council.cancel(id);
    }

    function deployRest(bytes32 councils, bytes32 ledgers) private {
        council = ICouncil(
            deploy(
                "Council.sol:Council",
                abi.encode(sys, Charter.LEGAL_TEXT_HASH, councils, Charter.parameters(), Charter.bounds())
            )
        );
        deploy("Constraints.sol:Constraints", abi.encode(sys, ledgers, address(0)));
        deploy("Releases.sol:Releases", abi.encode(sys));
        deploy("Brake.sol:Brake", abi.encode(sys));
        deploy("Committee.sol:Committee", abi.encode(sys));
    }

    function wiring() private view returns (bytes32) {
        return keccak256(abi.encode(sys));
    }

    function mismatch(address where, bytes32 actual, bytes32 required) private pure returns (bytes memory) {
        return abi.encodeWithSelector(ICouncil.ActivationMismatch.selector, where, actual, required);
    }
}
