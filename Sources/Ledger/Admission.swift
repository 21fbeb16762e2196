import Chain
import Cryptography
import StateTree

/// What the checks before execution found, so that nothing is read twice.
struct Admission {
    let payer: Address
    let payerBalance: Amount
    let intrinsicGas: UInt64
    let account: Account?
    let lanes: LaneTable?
    /// The sequence that the lane expects next.
    let nextSequence: UInt64

    /// The checks of state.md 7, cheap ones first; a transaction that fails one is in no block.
    ///
    /// - Parameter sequenceWindow: how many sequences from the next one on are accepted: 1 in a
    ///   block, more before the mempool, where those between may still come.
    /// - Parameter isUnsigned: for a simulation: leaves out the question whose keys signed, and
    ///   counts one signature of each payer as if it were there.
    static func check<Base: StateReader>(
        _ signed: SignedTransaction, at height: Height, rules: Rules, sequenceWindow: UInt64,
        isUnsigned: Bool = false, in state: State<Base>
    ) throws(Rejection) -> Admission {
        let transaction = signed.transaction
        let hasOtherPayer = transaction.feePayer.map { $0 != transaction.sender } ?? false
        let missing = isUnsigned ? (hasOtherPayer ? 2 : 1) : 0
        let byteCount = signed.encodedByteCount + missing * TransactionSignature.encodedByteCount
        try checkForm(transaction, byteCount: byteCount, at: height, rules: rules)

        let account = state.read(.account(transaction.sender), as: Account.self)
        let lanes =
            transaction.lane == 0
            ? nil : state.read(.lanes(transaction.sender), as: LaneTable.self)
        let next = try nextSequence(of: transaction, account: account, lanes: lanes, at: height)
        try checkSequence(transaction.sequence, next: next, window: sequenceWindow)

        let intrinsicGas = GasSchedule.intrinsic(
            transaction, byteCount: byteCount,
            signatureCount: signed.signatures.count + missing)
        try checkFee(transaction, intrinsicGas: intrinsicGas, rules: rules)

        let payer = transaction.feePayer ?? transaction.sender
        let balance = state.balance(of: payer)
        guard balance >= transaction.maxFee else {
            throw .cannotPayFee(payer: payer, balance: balance, needed: transaction.maxFee)
        }
        if !isUnsigned {
            try Signers.check(signed, sender: account, in: state)
        }
        return Admission(
            payer: payer, payerBalance: balance, intrinsicGas: intrinsicGas, account: account,
            lanes: lanes, nextSequence: next)
    }

    /// What needs no state.
    private static func checkForm(
        _ transaction: Transaction, byteCount: Int, at height: Height, rules: Rules
    ) throws(Rejection) {
        guard byteCount <= Limits.transactionBytesMax else {
            throw .oversized(
                bytes: UInt64(byteCount), limit: UInt64(Limits.transactionBytesMax))
        }
        guard transaction.chainID == rules.facts.chainID else {
            throw .wrongChain(
                expected: rules.facts.chainID.text, found: transaction.chainID.text)
        }
        guard transaction.validUntil >= height else {
            throw .expired(validUntil: transaction.validUntil, height: height)
        }
        let latest = height.advanced(by: Limits.laneValidityHeightsMax)
        guard transaction.lane == 0 || transaction.validUntil <= latest else {
            throw .validityTooLong(validUntil: transaction.validUntil, limit: latest)
        }
        guard !transaction.actions.isEmpty else { throw .noActions }
        guard transaction.actions.count <= Limits.transactionActionsMax else {
            throw .tooManyActions(
                count: UInt64(transaction.actions.count),
                limit: UInt64(Limits.transactionActionsMax))
        }
        guard transaction.memo.count <= Limits.memoBytesMax else {
            throw .memoTooLong(
                bytes: UInt64(transaction.memo.count), limit: UInt64(Limits.memoBytesMax))
        }
        for action in transaction.actions {
            if let name = action.nameIfForProposalsOnly { throw .notAnAccountAction(name) }
        }
    }

    private static func nextSequence(
        of transaction: Transaction, account: Account?, lanes: LaneTable?, at height: Height
    ) throws(Rejection) -> UInt64 {
        guard transaction.lane != 0 else { return account?.sequence ?? 0 }
        guard let lanes else { return 0 }
        if let next = lanes.nextSequence(of: transaction.lane, at: height) { return next }
        guard lanes.liveCount(at: height) < Limits.lanesPerAccountMax else {
            throw .tooManyLanes(limit: UInt64(Limits.lanesPerAccountMax))
        }
        return 0
    }

    private static func checkSequence(
        _ found: UInt64, next: UInt64, window: UInt64
    ) throws(Rejection) {
        guard found >= next else { throw .sequenceTooLow(expected: next, found: found) }
        // The last number has no successor, so that it is never used.
        guard found - next < window, found < .max else {
            throw .sequenceTooHigh(expected: next, found: found)
        }
    }

    private static func checkFee(
        _ transaction: Transaction, intrinsicGas: UInt64, rules: Rules
    ) throws(Rejection) {
        guard transaction.gasLimit > 0 else { throw .gasLimitZero }
        guard transaction.gasLimit >= intrinsicGas else {
            throw .gasLimitTooLow(limit: transaction.gasLimit, needed: intrinsicGas)
        }
        guard transaction.gasLimit <= rules.blockGasLimit else {
            throw .gasLimitTooHigh(limit: transaction.gasLimit, blockLimit: rules.blockGasLimit)
        }
        let floor = rules.parameters.priceFloor
        guard floor.isReached(by: transaction.maxFee.value, of: transaction.gasLimit) else {
            let needed = Fees.minimumFee(gasLimit: transaction.gasLimit, floor: floor)
            throw .priceBelowFloor(
                maxFee: transaction.maxFee, needed: needed ?? Amount(.max))
        }
    }
}

extension Action {
    /// The action's name if no account may use it.
    var nameIfForProposalsOnly: String? {
        switch self {
        case .setParameter: "setParameter"
        case .spend: "spend"
        case .stream: "stream"
        case .recallStream: "recallStream"
        case .createAsset: "createAsset"
        case .mint: "mint"
        case .upgrade: "upgrade"
        case .cancelUpgrade: "cancelUpgrade"
        case .pause: "pause"
        case .resume: "resume"
        case .cancelQueued: "cancelQueued"
        case .returnStake: "returnStake"
        case .transfer, .submitProposal, .addDeposit, .castBallot, .cancelProposal,
            .claimDeposit, .staking, .claimStream, .representation, .executeProposal,
            .signPetition:
            nil
        }
    }
}
