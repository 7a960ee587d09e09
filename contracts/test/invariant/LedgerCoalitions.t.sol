// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICommittee} from "../../src/interfaces/ICommittee.sol";
import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {
    ActionKind,
    AddConstraint,
    Direction,
    GrantRelease,
    IdentityRequest,
    Mode,
    ParameterSetting,
    RegisterModel,
    SetParameter,
    WorkerGrant
} from "../../src/types/Actions.sol";
import {ProposalState, Support} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {Targets} from "../Targets.t.sol";

/// @dev Invariant 8: no single seat, affiliation group, jurisdiction or chamber can loosen, release or resume; none can
/// delay a provably tighter parameter. In the test charter a group is one seat, and a jurisdiction a seat of each
/// chamber.
/// forge-config: default.fuzz.runs = 32
/// forge-config: ci.fuzz.runs = 128
contract LedgerCoalitionsTest is Targets {
    bytes32 private constant TOKENS = "max_output_tokens";
    bytes32 private constant ID = keccak256("max-output");
    bytes32 private constant KEY_HASH = keccak256("committee key");

    bytes32 private model;

    function setUp() public override {
        super.setUp();
        vm.mockCall(address(committee), abi.encodeCall(ICommittee.keyHash, ()), abi.encode(KEY_HASH));
        ParameterSetting[] memory settings = new ParameterSetting[](1);
        settings[0] = ParameterSetting(TOKENS, Direction.Max, 100);
        carry(ActionKind.AddConstraint, abi.encode(AddConstraint("max-output", 0, settings, "{}")));
        IdentityRequest[] memory identities = new IdentityRequest[](1);
        identities[0] = IdentityRequest(Mode.Plain, 0);
        carry(
            ActionKind.RegisterModel,
            abi.encode(RegisterModel(STRANGER, 1, 0, KEY_HASH, KEY_HASH, KEY_HASH, KEY_HASH, identities, "model"))
        );
        model = releases.computeModelId(STRANGER, 1);
    }

    function test_08_coalition_cannotLoosen(uint8 which) public {
        assertPowerless(which, ActionKind.LoosenParameter, changing(101));
    }

    function test_08_coalition_cannotRelease(uint8 which) public {
        assertPowerless(which, ActionKind.GrantRelease, granting());
    }

    function test_08_coalition_cannotReleaseUnderAStop(uint8 which) public {
        stop(model);
        assertPowerless(which, ActionKind.GrantRelease, granting());
    }

    function test_08_coalition_cannotResume(uint8 which) public {
        uint64 stopId = stop(model);
        answer(stopId);
        assertPowerless(which, ActionKind.Resume, resuming(stopId));
    }

    /// @dev All others tighten on the day that the round closes, whatever the coalition says.
    function test_08_coalition_cannotDelayATighterParameter(uint8 which) public {
        uint64 coalition = coalitionOf(which);
        bytes memory action = changing(99);
        uint256 proposer;
        while (coalition >> proposer & 1 == 1) ++proposer;
        uint256 proposalId = proposeAs(proposer, ActionKind.TightenParameter, action);
        uint256 closesAt = council.proposalDeadline(proposalId);
        voteMask(proposalId, coalition, Support.Against);
        voteFor(proposalId, EVERYONE & ~coalition);
        for (uint256 seat; seat < Charter.SEATS; ++seat) {
            if (coalition >> seat & 1 == 0) continue;
            vm.prank(voters[seat]);
            vm.expectRevert(
                abi.encodeWithSelector(
                    ICouncil.NotObjectable.selector, proposalId, ActionKind.TightenParameter, uint8(1)
                )
            );
            council.object(proposalId, "counterexample", "");
        }
        vm.warp(closesAt + 1);
        council.execute(proposalId, ActionKind.TightenParameter, action);
        assertTrue(constraints.getParameter(ID, TOKENS).value == 99, "tightened in time");
    }

    /// @dev With every yes that the coalition has, and nobody against, it is defeated.
    function assertPowerless(uint8 which, ActionKind kind, bytes memory action) private {
        uint64 coalition = coalitionOf(which);
        uint256 proposer;
        while (coalition >> proposer & 1 == 0) ++proposer;
        uint256 proposalId = proposeAs(proposer, kind, action);
        voteFor(proposalId, coalition);
        warpToEta(proposalId);
        vm.expectRevert(
            abi.encodeWithSelector(
                ICouncil.UnexpectedState.selector, proposalId, ProposalState.Defeated, ProposalState.Succeeded
            )
        );
        council.execute(proposalId, kind, action);
    }

    /// @dev The fifteen seats, five jurisdictions and three chambers.
    function coalitionOf(uint8 which) private pure returns (uint64) {
        which %= 23;
        if (which < 15) return uint64(1) << which;
        if (which < 20) return uint64(1 | 1 << 5 | 1 << 10) << (which - 15);
        return [BUILDERS, OVERSIGHT, PUBLIC][which - 20];
    }

    function changing(int128 value) private view returns (bytes memory) {
        return abi.encode(SetParameter(ID, constraints.getConstraint(ID).version, TOKENS, value));
    }

    function granting() private view returns (bytes memory) {
        WorkerGrant[] memory workers = new WorkerGrant[](1);
        workers[0] = WorkerGrant(STRANGER, 0, "org-0");
        return abi.encode(GrantRelease(model, Mode.Plain, uint40(nowAt() + 80 days), workers, "{}"));
    }
}
