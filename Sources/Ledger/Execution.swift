import Chain
import Cryptography
import StateTree

/// What an action may know about the transaction that carries it.
struct ActionContext {
    let sender: Address
    let block: BlockContext
    let rules: Rules
}

/// A block that is being executed: one state, one count of gas, the receipts so far. Building and
/// checking a block run the same code over it.
struct Execution<Base: StateReader> {
    let context: BlockContext
    let rules: Rules
    private(set) var state: State<Base>
    private(set) var receipts: [Receipt] = []
    private(set) var gasUsed: UInt64 = 0
    private var blockEvents: [Event] = []
    private var collectedFees = Amount.zero
    private var offenceCache = Offences.Cache()
    /// Why the last transaction failed.
    private(set) var failure: Rejection?

    /// Participation comes next, then evidence, then `begin`, then the transactions.
    init(_ context: BlockContext, over reader: Base) {
        self.context = context
        rules = Rules(over: reader)
        state = State(over: reader)
        Epochs.begin(&state, context: context, rules: rules)
    }

    /// Counts the block, and the votes that it names.
    mutating func attend(
        _ participation: [Participation], sets: [ValidatorSet], signatures: SignatureCheck
    ) throws(BlockRejection) {
        Participations.begin(&state, context: context, known: sets)
        try Participations.take(
            participation, context: context, known: sets, signatures: signatures, in: &state)
    }

    /// Counts a block that is being built, and what it can name of the votes that its leader holds.
    mutating func attend(
        choosing held: [Verified<Certificate>], sets: [ValidatorSet]
    ) -> [Participation] {
        Participations.begin(&state, context: context, known: sets)
        let chosen = Participations.unnamed(held, context: context, in: state)
        state.checkpoint()
        do throws(BlockRejection) {
            // The votes come with the proof that their signatures were checked.
            try Participations.take(
                chosen, context: context, known: sets,
                signatures: SignatureCheck { _, _, _ in true }, in: &state)
            state.commit()
            return chosen
        } catch {
            // A block without a record is always valid.
            state.revert()
            return []
        }
    }

    /// Records an offence, or refuses the evidence with nothing changed.
    mutating func report(
        _ evidence: ReportedEvidence, signatures: SignatureCheck
    ) throws(EvidenceRejection) {
        try Offences.report(
            evidence, context: context, rules: rules, signatures: signatures,
            cache: &offenceCache, in: &state)
    }

    /// Runs the steps between the evidence and the transactions.
    mutating func begin() {
        BlockSteps.begin(&state, context: context, rules: rules)
        blockEvents = state.takeEvents()
    }

    /// Executes one transaction, or refuses it with nothing changed.
    mutating func apply(_ signed: SignedTransaction) throws(Rejection) {
        let admission = try Admission.check(
            signed, at: context.height, rules: rules, sequenceWindow: 1, in: state)
        guard hasRoom(for: signed.transaction) else { throw .blockFull }
        perform(signed, admission)
    }

    /// Executes one transaction without asking who signed it and how full the block is.
    mutating func simulate(_ signed: SignedTransaction) throws(Rejection) -> Simulation {
        let admission = try Admission.check(
            signed, at: context.height, rules: rules, sequenceWindow: .max,
            isUnsigned: signed.signatures.isEmpty, in: state)
        let receipt = perform(signed, admission)
        let proposals = receipt.events.compactMap { event -> ProposalView? in
            guard case .governance(.submitted(let id, _)) = event else { return nil }
            return GovernanceQueries.view(of: id, in: state)
        }
        return Simulation(receipt: receipt, failure: failure, proposals: proposals)
    }

    /// Whether the transaction may use all of its gas limit in this block.
    func hasRoom(for transaction: Transaction) -> Bool {
        let (sum, overflow) = gasUsed.addingReportingOverflow(transaction.gasLimit)
        return !overflow && sum <= context.gasLimit
    }

    /// The whole maximum fee is taken before the actions and the unused part given back after, so
    /// that no action can spend it.
    @discardableResult
    private mutating func perform(
        _ signed: SignedTransaction, _ admission: Admission
    ) -> Receipt {
        let transaction = signed.transaction
        countSequence(of: signed, admission)
        settle { state throws(Rejection) in
            try state.debit(
                admission.payer, transaction.maxFee, having: admission.payerBalance)
        }

        // Kept whatever becomes of the actions.
        Staking.settle(
            transaction.sender, StakeClock(context, rules.parameters), in: &state)

        state.checkpoint()
        var gas = admission.intrinsicGas
        let status: ReceiptStatus
        do {
            try runActions(of: transaction, gas: &gas)
            state.commit()
            status = .ok
            failure = nil
        } catch {
            state.revert()
            failure = error
            gas = min(gas, transaction.gasLimit)
            status = .failed(error)
        }

        let fee = Fees.fee(used: gas, of: transaction)
        guard let unused = transaction.maxFee.subtracting(fee),
            let collected = collectedFees.adding(fee)
        else {
            preconditionFailure("a fee is at most the maximum fee, and all fees are in the supply")
        }
        let isRefunded = status != .ok && Mutant.isActive(.refundsFailures)
        let returned = isRefunded ? transaction.maxFee : unused
        settle { state throws(Rejection) in try state.credit(admission.payer, returned) }
        collectedFees = collected
        gasUsed += gas
        let receipt = Receipt(
            transactionID: signed.id, status: status, gasUsed: gas, fee: fee,
            events: state.takeEvents())
        receipts.append(receipt)
        return receipt
    }

    /// A movement of tokens that the checks before it made possible.
    private mutating func settle(_ body: (inout State<Base>) throws(Rejection) -> Void) {
        do {
            try body(&state)
        } catch {
            preconditionFailure("fees were affordable: \(error.code)")
        }
    }

    private mutating func countSequence(of signed: SignedTransaction, _ admission: Admission) {
        let transaction = signed.transaction
        guard transaction.lane == 0 else {
            Lanes.use(transaction, table: admission.lanes, at: context.height, in: &state)
            return
        }
        let authority = admission.account?.authority ?? signed.signatures.first.map { .key($0.key) }
        // Only a simulation has neither a record nor a signature.
        guard let authority else { return }
        state.write(
            .account(transaction.sender),
            Account(sequence: transaction.sequence + 1, authority: authority))
    }

    private mutating func runActions(
        of transaction: Transaction, gas: inout UInt64
    ) throws(Rejection) {
        let action = ActionContext(sender: transaction.sender, block: context, rules: rules)
        for value in transaction.actions {
            let before = state.spentGas
            var failure: Rejection?
            state.beginBudget(transaction.gasLimit - gas, limit: transaction.gasLimit)
            do {
                try Actions.perform(value, action, in: &state)
            } catch {
                failure = error
            }
            state.endBudget()
            // What a failed action wrote was written too.
            gas += state.spentGas - before
            if gas > transaction.gasLimit { throw .outOfGas(limit: transaction.gasLimit) }
            if let failure { throw failure }
        }
    }

    /// Runs the steps that come after the transactions and commits to the state.
    ///
    /// - Parameter sets: that the caller has at hand.
    consuming func finish(_ election: Election, sets: [ValidatorSet]) -> BlockExecution {
        BlockSteps.end(
            &state, context: context, rules: rules, collectedFees: collectedFees,
            election: election, known: sets)
        blockEvents += state.takeEvents()
        let nextSetHash = state.read(
            .validatorSetHash(context.epoch.advanced(by: 1)), as: Digest.self)
        guard let nextSetHash else {
            preconditionFailure("the set of epoch \(context.epoch) + 1 is known")
        }
        let base = state.base
        let changes = StateTree.apply(
            state.takeWrites(), version: context.height.value, over: base)
        return BlockExecution(
            outcome: ExecutionOutcome(
                stateRoot: changes.root,
                receiptsRoot: Receipt.root(of: receipts, blockEvents: blockEvents),
                gasUsed: gasUsed, nextSetHash: nextSetHash),
            changes: changes, receipts: receipts, blockEvents: blockEvents)
    }
}
