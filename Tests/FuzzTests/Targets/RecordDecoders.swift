import Chain
import Codec
import Cryptography
import Storage

/// The rows of the state and of the signer's record, and the parts of actions and receipts: what a
/// proof or an answer may hold by itself.
extension FuzzTarget {
    static let rowsAndParts: [Decoder] =
        accountRecords + validatorRecords + stakeRecords + decisionRecords + treasuryRecords
        + voiceRecords

    private static let accountRecords: [Decoder] = [
        Decoder(Signature.self),
        Decoder(SignerBitmap.self),
        Decoder(StoredValidatorSet.self),
        Decoder(ChainKind.self),
        Decoder(ProtocolVersion.self),
        Decoder(AssetAllotment.self),
        Decoder(AssetBalance.self),
        Decoder(AssetCreation.self),
        Decoder(AssetMint.self),
        Decoder(AssetRecord.self),
        Decoder(MintAuthority.self),
        Decoder(EpochRecord.self),
        Decoder(OffenceRecord.self),
        Decoder(Penalty.self),
        Decoder(LossMark.self),
    ]

    private static let validatorRecords: [Decoder] = [
        Decoder(CommissionRise.self),
        Decoder(Jail.self),
        Decoder(JailReason.self),
        Decoder(DowntimeHistory.self),
        Decoder(ParticipationCounts.self),
        Decoder(RecentBlock.self),
        Decoder(SeatCounts.self),
        Decoder(RewardPot.self),
        Decoder(ProvenKey.self),
        Decoder(ValidatorDraft.self),
        Decoder(ValidatorEdit.self),
        Decoder(ValidatorEvent.self),
        Decoder(ValidatorPool.self),
        Decoder(ValidatorProfile.self),
        Decoder(ValidatorStatus.self),
    ]

    private static let stakeRecords: [Decoder] = [
        Decoder(BucketID.self),
        Decoder(EscrowPart.self),
        Decoder(EscrowPhase.self),
        Decoder(LotID.self),
        Decoder(PositionTrace.self),
        Decoder(ShareRecord.self),
        Decoder(StakeAccount.self),
        Decoder(StakeAmount.self),
        Decoder(StakeEscrow.self),
        Decoder(StakeLot.self),
        Decoder(StakeMode.self),
        Decoder(StakeOrigin.self),
        Decoder(StakePlace.self),
        Decoder(StakePosition.self),
        Decoder(StakePrincipal.self),
        Decoder(StakingAction.self),
        Decoder(StakingEvent.self),
    ]

    private static let decisionRecords: [Decoder] = [
        Decoder(DecisionRound.self),
        Decoder(DepositRefund.self),
        Decoder(DryRun.self),
        Decoder(DryRunChange.self),
        Decoder(DryRunFlags.self),
        Decoder(ExecutionFailure.self),
        Decoder(ModulePause.self),
        Decoder(PausableModule.self),
        Decoder(PauseTable.self),
        Decoder(PetitionKind.self),
        Decoder(PetitionSignature.self),
        Decoder(PetitionTally.self),
        Decoder(ProposalCondition.self),
        Decoder(ProposalOutcome.self),
        Decoder(ProposalStatus.self),
        Decoder(StoredReason.self),
        Decoder(TopicGroup.self),
    ]

    private static let treasuryRecords: [Decoder] = [
        Decoder(ReadinessSignal.self),
        Decoder(ReadinessTable.self),
        Decoder(ScheduledUpgrade.self),
        Decoder(UpgradePlan.self),
        Decoder(StreamPlan.self),
        Decoder(StreamRecord.self),
        Decoder(StreamSchedule.self),
        Decoder(StreamTranche.self),
        Decoder(TreasuryIntegral.self),
        Decoder(TreasuryPayment.self),
    ]

    private static let voiceRecords: [Decoder] = [
        Decoder(ReceivedShares.self),
        Decoder(ReceivedSlots.self),
        Decoder(ReceivedTrace.self),
        Decoder(RepresentationAction.self),
        Decoder(Representative.self),
        Decoder(RepresentativeList.self),
        Decoder(RepresentativeTable.self),
        Decoder(ShareKey.self),
    ]
}
