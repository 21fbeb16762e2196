import Chain
import Cryptography

@testable import Ledger

// One reason of each kind. A new case does not compile until it has its place in here.
enum StoredRejections {
    private static let account = GovernanceWorld.address(0x11)
    private static let other = GovernanceWorld.address(0x22)
    private static let key = Person(1).key
    private static let digest = Digest(.dryRun, [])

    static var all: [Rejection] {
        let decisions = list(from: DecisionRejection.tooManyConditions(count: 9), next)
        let enacted = list(from: EnactedRejection.trancheCount(17), next)
        let governance = list(from: GovernanceRejection.titleEmpty, next)
        let staking = list(from: StakingRejection.unknownValidator(account), next)
        return list(from: Rejection.oversized(bytes: 2, limit: 1), next)
            + staking.map { Rejection.staking($0) } + governance.map { Rejection.governance($0) }
            + decisions.map { Rejection.governance(.decision($0)) }
            + enacted.map { Rejection.governance(.enacted($0)) }
    }

    private static func list<Reason>(from first: Reason, _ next: (Reason) -> Reason?) -> [Reason] {
        var all = [first]
        while let last = all.last, let reason = next(last) { all.append(reason) }
        return all
    }

    private static func next(_ reason: Rejection) -> Rejection? {
        switch reason {
        case .oversized: .wrongChain(expected: "a", found: "b")
        case .wrongChain: .expired(validUntil: Height(1), height: Height(2))
        case .expired: .validityTooLong(validUntil: Height(4), limit: Height(3))
        case .validityTooLong: .sequenceTooLow(expected: 6, found: 5)
        case .sequenceTooLow: .sequenceTooHigh(expected: 7, found: 8)
        case .sequenceTooHigh: .tooManyLanes(limit: 64)
        case .tooManyLanes: .noActions
        case .noActions: .tooManyActions(count: 65, limit: 64)
        case .tooManyActions: .memoTooLong(bytes: 257, limit: 256)
        case .memoTooLong: .wrongSigners(account)
        case .wrongSigners: .badSignature
        case .badSignature: .moduleCannotSign(account)
        case .moduleCannotSign: .notAnAccountAction("spend")
        case .notAnAccountAction: .gasLimitZero
        case .gasLimitZero: .gasLimitTooLow(limit: 1, needed: 2)
        case .gasLimitTooLow: .gasLimitTooHigh(limit: 4, blockLimit: 3)
        case .gasLimitTooHigh: .priceBelowFloor(maxFee: Amount(1), needed: Amount(2))
        case .priceBelowFloor:
            .cannotPayFee(payer: account, balance: Amount(1), needed: Amount(2))
        case .cannotPayFee: .blockFull
        case .blockFull: .outOfGas(limit: 9)
        case .outOfGas: .unknownAsset(AssetID(1))
        case .unknownAsset:
            .insufficientFunds(
                account: account, asset: AssetID(3), balance: Amount(1), needed: Amount(2))
        case .insufficientFunds: .amountZero
        case .amountZero: .balanceOverflow(account: account, asset: .native)
        case .balanceOverflow: .recipientIsModule(account)
        case .recipientIsModule, .staking, .governance: nil
        }
    }

    private static func next(_ reason: StakingRejection) -> StakingRejection? {
        switch reason {
        case .unknownValidator: .notAnOperator(account)
        case .notAnOperator: .validatorExists(account)
        case .validatorExists: .invalidKey(key)
        case .invalidKey: .keyTaken(key)
        case .keyTaken: .badProof(key)
        case .badProof: .keyDead(key)
        case .keyDead: .invalidField("moniker", problem: "must have something")
        case .invalidField: .commissionTooHigh(found: 2, limit: 1)
        case .commissionTooHigh: .commissionTooLow(found: 3, limit: 4)
        case .commissionTooLow: .selfBondTooLow(found: Amount(1), minimum: Amount(2))
        case .selfBondTooLow: .nothingToChange
        case .nothingToChange: .notJailed(account)
        case .notJailed: .jailedUntil(Timestamp(5))
        case .jailedUntil: .validatorLeaving(account)
        case .validatorLeaving: .validatorBarred(account)
        case .validatorBarred: .poolEmpty(account)
        case .poolEmpty: .sameValidator(account)
        case .sameValidator: .selfBondStays(account)
        case .selfBondStays: .lotBound(source: account)
        case .lotBound: .noPosition
        case .noPosition: .amountTooSmall(found: Amount(1), minimum: Amount(2))
        case .amountTooSmall: .amountAboveStake(found: Amount(4), stake: Amount(3))
        case .amountAboveStake: .noShares(Amount(1))
        case .noShares: .tooManyPositions(limit: 16)
        case .tooManyPositions: .tooManyPlaces(limit: 64)
        case .tooManyPlaces: .alreadyInMode(.paying)
        case .alreadyInMode: .unknownEscrow(EscrowID(1))
        case .unknownEscrow: .notReturned(EscrowID(1))
        case .notReturned: .returnOver(EscrowID(1))
        case .returnOver: .nothingToReturn(EscrowID(1))
        case .nothingToReturn: .returnClaimed(EscrowID(1))
        case .returnClaimed: nil
        }
    }

    private static func next(_ reason: GovernanceRejection) -> GovernanceRejection? {
        let id = ProposalID(7)
        return switch reason {
        case .titleEmpty: .titleTooLong(characters: 141)
        case .titleTooLong: .actionNotAllowed("transfer")
        case .actionNotAllowed: .mixedTopics
        case .mixedTopics: .unknownParameter("gov.unknown")
        case .unknownParameter: .duplicateParameter("gov.depositBase")
        case .duplicateParameter:
            .parameterInvalid("gov.depositBase", problem: "gov.depositBase: a problem")
        case .parameterInvalid: .expectedDiffers("gov.depositBase")
        case .expectedDiffers: .paymentCount(17)
        case .paymentCount: .paymentZero
        case .paymentZero: .paymentToModule(account)
        case .paymentToModule:
            .treasuryTooSmall(asset: .native, balance: Amount(1), needed: UInt128(UInt64.max) + 1)
        case .treasuryTooSmall: .duplicateEscrow(EscrowID(1))
        case .duplicateEscrow: .escrowNotHeld(EscrowID(1))
        case .escrowNotHeld: .depositTooLow(deposit: Amount(1), minimum: Amount(2))
        case .depositTooLow: .depositTooHigh(deposit: Amount(4), missing: Amount(3))
        case .depositTooHigh: .depositComplete(id)
        case .depositComplete: .tooManyDepositors(limit: 64)
        case .tooManyDepositors: .nothingToClaim(id)
        case .nothingToClaim: .unknownProposal(id)
        case .unknownProposal: .notInDeposit(id, .voting)
        case .notInDeposit: .notVoting(id, .voting)
        case .notVoting(_, .voting): .notVoting(id, .queued)
        case .notVoting: .notProposer(id)
        case .notProposer: .tooLateToCancel(id, .executed)
        case .tooLateToCancel: .contentDiffers(id)
        case .contentDiffers: .weightsIncomplete(sum: 9_999)
        case .weightsIncomplete: .reasonTooLong(characters: 281)
        case .reasonTooLong: .noPower(voter: account, snapshot: Height(3))
        case .noPower: .tooManyRepresentatives(5)
        case .tooManyRepresentatives: .representsItself
        case .representsItself: .duplicateRepresentative(other)
        case .duplicateRepresentative: .representativeWithoutWeight(other)
        case .representativeWithoutWeight: .representativeWeights(sum: 10_001)
        case .representativeWeights: .escrowShort(balance: Amount(1), needed: Amount(2))
        case .escrowShort: .supplyChanged
        case .supplyChanged, .enacted, .decision: nil
        }
    }

    private static func next(_ reason: DecisionRejection) -> DecisionRejection? {
        let id = ProposalID(7)
        return switch reason {
        case .tooManyConditions: .contradictory("this is that")
        case .contradictory: .pauseDuration(0)
        case .pauseDuration: .notQueued(id, .voting)
        case .notQueued: .notExecutable(id)
        case .notExecutable: .notPaused(.transfers)
        case .notPaused: .conditionFalse("this is that")
        case .conditionFalse: .outflowLimit(asset: .native, outflow: 2, limit: 1)
        case .outflowLimit: .supplyBroken(.native)
        case .supplyBroken: .petitionClosed(id)
        case .petitionClosed: .alreadySigned(id, .reopen)
        case .alreadySigned: .paused(.staking, until: Timestamp(5))
        case .paused: nil
        }
    }

    private static func next(_ reason: EnactedRejection) -> EnactedRejection? {
        switch reason {
        case .trancheCount: .trancheOrder
        case .trancheOrder: .streamTimes
        case .streamTimes: .streamTooLong
        case .streamTooLong: .streamEnded
        case .streamEnded: .streamOverflow
        case .streamOverflow: .unknownStream(StreamID(1))
        case .unknownStream: .duplicateRecall(StreamID(1))
        case .duplicateRecall: .notStreamRecipient(StreamID(1))
        case .notStreamRecipient: .nothingDue(StreamID(1), next: Timestamp(5))
        case .nothingDue: .assetName
        case .assetName: .assetSymbol("A")
        case .assetSymbol: .assetDecimals(19)
        case .assetDecimals: .assetExists("gold")
        case .assetExists: .assetEmpty
        case .assetEmpty: .supplyOverflow(symbol: "gold")
        case .supplyOverflow: .mintNative
        case .mintNative: .mintForbidden(AssetID(1))
        case .mintForbidden: .upgradeName
        case .upgradeName: .upgradeWithoutVersion
        case .upgradeWithoutVersion:
            .upgradeWindow(firstEpoch: Epoch(1), lastEpoch: Epoch(2), current: Epoch(3))
        case .upgradeWindow: .upgradeActive
        case .upgradeActive: .upgradeScheduled(version: digest)
        case .upgradeScheduled: .upgradeNotScheduled(version: digest)
        case .upgradeNotScheduled: nil
        }
    }
}
