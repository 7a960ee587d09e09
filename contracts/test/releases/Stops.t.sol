// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

import {ICouncil} from "../../src/interfaces/ICouncil.sol";
import {IReleases} from "../../src/interfaces/IReleases.sol";
import {ActionKind, GrantRelease, Mode, RegisterModel} from "../../src/types/Actions.sol";
import {Parameters} from "../../src/types/Parameters.sol";
import {ProposalState} from "../../src/types/Proposals.sol";
import {Charter} from "../Charter.sol";
import {ReleasesTest} from "./ReleasesTest.t.sol";

/// @dev Attempts to walk around a stop, by proposals that pass the Council.
/// forge-config: default.fuzz.runs = 8
/// forge-config: ci.fuzz.runs = 16
contract StopsTest is ReleasesTest {
    ActionKind private constant KIND = ActionKind.GrantRelease;

    bytes32 private model;

    function setUp() public override {
        super.setUp();
        carry(ActionKind.RegisterModel, abi.encode(modelOf(1, 0)));
        model = releases.computeModelId(REGISTRAR, 1);
    }

    /// @dev R-Releases-06. Queued at tier 2, then the stop falls: it does not execute under it, in its whole grace.
    function test_queuedRelease_doesNotExecute_underALaterStop(bool everywhere) public {
        bytes memory action = granting(model);
        uint256 proposalId = proposeAndVote(KIND, action);
        warpToEta(proposalId);
        stop(everywhere ? bytes32(0) : model);
        expectTierTooLow(proposalId);
        council.execute(proposalId, KIND, action);
        vm.warp(council.quorumState(proposalId).expiresAt);
        expectTierTooLow(proposalId);
        council.execute(proposalId, KIND, action);
        assertReleasability(bytes32(proposalId), WORKER, IReleases.Releasability.UnknownRelease);
    }

    /// @dev The same, were the Council to forget its own comparison.
    function test_release_isRefused_belowTierThree_underAStop(bool everywhere) public {
        bytes memory action = granting(model);
        stop(everywhere ? bytes32(0) : model);
        assertTier(releases, KIND, action, 3);
    }

    /// @dev A new release is proposed at tier 3, and permits nothing while the stop stands.
    function test_newRelease_needsTierThree_andStaysStopped() public {
        stop(model);
        bytes memory action = granting(model);
        uint256 proposalId = propose(KIND, action);
        assertEq(council.getProposal(proposalId).tier, 3, "tier");
        voteFor(proposalId, EVERYONE);
        warpToEta(proposalId);
        council.execute(proposalId, KIND, action);
        assertReleasability(bytes32(proposalId), WORKER, IReleases.Releasability.Stopped);
    }

    /// @dev What is derived from a stopped model, before or after the stop, is stopped.
    function test_derivedModel_inheritsTheStop(bool before) public {
        if (before) carry(ActionKind.RegisterModel, abi.encode(modelOf(2, model)));
        stop(model);
        if (!before) carry(ActionKind.RegisterModel, abi.encode(modelOf(2, model)));
        bytes32 derived = releases.computeModelId(REGISTRAR, 2);
        assertTrue(brake.isStopped(releases.getModel(derived).lineage), "stopped");
        assertTier(releases, KIND, granting(derived), 3);
    }

    /// @dev The same sealed weights under a new name would have been the root of a lineage without stops.
    function test_reRegisteredModel_isRefused() public {
        stop(model);
        RegisterModel memory again = modelOf(2, 0);
        again.keyCommitment = modelOf(1, 0).keyCommitment;
        again.contentRoot = modelOf(1, 0).contentRoot;
        vm.prank(voters[0]);
        vm.expectRevert(abi.encodeWithSelector(IReleases.ModelExists.selector, model));
        council.propose(ActionKind.RegisterModel, abi.encode(again), "a new model, honestly");
    }

    /// @dev A stop of everything covers what is registered while it stands.
    function test_stopOfEverything_coversNewLineages() public {
        stop(0);
        carry(ActionKind.RegisterModel, abi.encode(modelOf(2, 0)));
        assertTier(releases, KIND, granting(releases.computeModelId(REGISTRAR, 2)), 3);
    }

    /// @dev R-Brake-07. A lapse revives no release that ran before, of the lineage or of everything.
    function test_lapse_revivesNothing(bool everywhere) public {
        bytes32 releaseId = bytes32(carry(KIND, longGrant()));
        assertReleasable(releaseId);
        lapse(stop(everywhere ? bytes32(0) : model));
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Barred);
        assertFalse(brake.isStopped(model), "stopped");

        // A later stop that a vote resumes does not revive it either.
        vm.warp(nowAt() + 31 days);
        resume(stop(model));
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Expired);
    }

    /// @dev R-Releases-06. A vote taken before the report that stopped the model counts for nothing after the lapse.
    /// The terms are such that the release, queued at tier 2, outlives a stop that nobody confirms.
    function test_queuedRelease_doesNotExecute_afterALapse(bool everywhere) public {
        Parameters memory terms = Charter.parameters();
        (terms.tiers[2].period, terms.tiers[2].timelock, terms.brakeTerm) = (7 days, 7 days, 16 days);
        carry(ActionKind.SetParameters, abi.encode(terms));

        bytes memory action = granting(model);
        uint256 proposalId = proposeAndVote(KIND, action);
        lapse(stop(everywhere ? bytes32(0) : model));
        assertState(proposalId, ProposalState.Succeeded, "the vote is still valid");
        assertEq(releases.checkAction(KIND, action), 2, "a new proposal needs tier 2");
        expectTierTooLow(proposalId);
        council.execute(proposalId, KIND, action);
    }

    /// @dev One that was made under the stop is of tier 3, and outlives its lapse.
    function test_releaseOfTierThree_executes_afterALapse() public {
        uint64 stopId = stop(model);
        vm.warp(brake.getStop(stopId).lapsesAt - 1);
        bytes memory action = granting(model);
        uint256 proposalId = proposeAndVote(KIND, action);
        lapse(stopId);
        warpToEta(proposalId);
        council.execute(proposalId, KIND, action);
        assertReleasable(bytes32(proposalId));
    }

    function test_newRelease_needsTierTwo_afterALapse() public {
        lapse(stop(model));
        skip(1);
        uint256 proposalId = carry(KIND, granting(model));
        assertEq(council.getProposal(proposalId).tier, 2, "tier");
        assertReleasable(bytes32(proposalId));
    }

    /// @dev Proposed in the very second of the lapse: its voters may not have seen the lapse, nor it the stop.
    function test_release_countsAsOlder_inTheSecondOfTheLapse() public {
        lapse(stop(model));
        bytes memory action = granting(model);
        uint256 proposalId = proposeAndVote(KIND, action);
        assertEq(council.getProposal(proposalId).tier, 2, "tier");
        warpToEta(proposalId);
        expectTierTooLow(proposalId);
        council.execute(proposalId, KIND, action);
    }

    /// @dev Invariant 12: after a resume by a tier 3 vote with its delay, what was stopped runs again.
    function test_resume_revivesWhatWasStopped() public {
        bytes32 releaseId = bytes32(carry(KIND, longGrant()));
        uint64 stopId = stop(model);
        uint256 stoppedAt = nowAt();
        answer(stopId);
        uint256 proposalId = carry(ActionKind.Resume, resuming(stopId));
        assertEq(council.getProposal(proposalId).tier, 3, "tier");
        assertTrue(nowAt() >= stoppedAt + 24 days, "a full period and its timelock");
        assertReleasable(releaseId);
    }

    /// @dev A resume that names not the newest stop leaves it standing.
    function test_resume_leavesAStopStanding_thatItDoesNotName() public {
        bytes32 releaseId = bytes32(carry(KIND, longGrant()));
        uint64 first = stop(model);
        answer(first);
        bytes memory action = resuming(first);
        uint256 proposalId = proposeAndVote(ActionKind.Resume, action);
        uint64 newest = stop(model);
        warpToEta(proposalId);
        council.execute(proposalId, ActionKind.Resume, action);

        assertTrue(newest > first, "ids increase");
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);
        resume(newest);
        assertReleasable(releaseId);
    }

    /// @dev A stop of everything and one of the lineage are lifted apart.
    function test_resume_leavesTheOtherScopeStopped(bool everywhereFirst) public {
        bytes32 releaseId = bytes32(carry(KIND, longGrant()));
        uint64 ofLineage = stop(model);
        uint64 ofEverything = stop(0);
        resume(everywhereFirst ? ofEverything : ofLineage);
        assertReleasability(releaseId, WORKER, IReleases.Releasability.Stopped);
        resume(everywhereFirst ? ofLineage : ofEverything);
        assertReleasable(releaseId);
    }

    /// @dev Stops never block the Council: with everything stopped, what tightens and what resumes still passes.
    function test_council_works_whileEverythingIsStopped() public {
        stop(0);
        uint256 proposalId = carry(ActionKind.AddConstraint, addConstraint("more"));
        assertState(proposalId, ProposalState.Executed, "executed");
    }

    function longGrant() private view returns (bytes memory) {
        GrantRelease memory action = toWorkers(model, Mode.Plain, oneWorker());
        action.expiresAt = uint40(nowAt() + lifetime());
        return abi.encode(action);
    }

    function expectTierTooLow(uint256 proposalId) private {
        vm.expectRevert(abi.encodeWithSelector(ICouncil.TierTooLow.selector, proposalId, 2, 3));
    }
}
