import Chain
import Codec
import Cryptography
import StateTree

/// One run of a proposal's actions with everything that must hold after them, in a branch that the
/// caller keeps or throws away: what is simulated is what is executed.
struct ActionRun {
    private(set) var gas: UInt64 = 0
    private(set) var changes: [RecordedChange] = []

    /// - Parameter spendTrack: the row that the spends were decided on.
    mutating func run<Base: StateReader>(
        _ content: ProposalContent, spendTrack: Track?, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        state.beginRecording()
        defer { state.endRecording() }
        let supply = Enactment.supply(in: state)
        try Enactment.perform(content.actions, of: content.id, at: block, gas: &gas, in: &state)
        if let spendTrack {
            let sums = Tracks.sums(of: Tracks.outflows(of: content.actions))
            try OutflowLimits.take(sums, on: spendTrack, at: block, in: &state)
        }
        changes = state.recordedChanges()
        try Enactment.checkInvariants(supplyBefore: supply, in: state)
        try Enactment.checkSums(of: changes)
    }
}

// What must hold after the actions (governance.md 4).
extension Enactment {
    static func checkInvariants<Base: StateReader>(
        supplyBefore: Amount, in state: State<Base>
    ) throws(Rejection) {
        let escrow = state.balance(of: ModuleAccounts.depositEscrow)
        let owed = Governance.depositsTotal(in: state)
        guard escrow >= owed else {
            throw .governance(.escrowShort(balance: escrow, needed: owed))
        }
        guard supply(in: state) == supplyBefore else { throw .governance(.supplyChanged) }
    }

    /// Supply = Σ of all balances, if it was so before: what all balances changed by is what the
    /// supply changed by. The costs follow the changes, not the accounts.
    static func checkSums(of changes: [RecordedChange]) throws(Rejection) {
        var differences: [(asset: AssetID, difference: Int128)] = []
        for change in changes {
            guard let key = BankKey(change.key) else { continue }
            let before = amount(change.old)
            let after = amount(change.new)
            let difference = Int128(after.value) - Int128(before.value)
            switch key {
            case .balance(_, let asset): differences.append((asset, difference))
            case .supply(let asset): differences.append((asset, -difference))
            }
        }
        differences.sort { $0.asset < $1.asset }
        var sum: Int128 = 0
        for (index, entry) in differences.enumerated() {
            sum += entry.difference
            let isLast =
                index + 1 == differences.count || differences[index + 1].asset != entry.asset
            guard isLast else { continue }
            guard sum == 0 else { throw .governance(.decision(.supplyBroken(entry.asset))) }
        }
    }

    private static func amount(_ bytes: [UInt8]?) -> Amount {
        bytes.map { State<MemoryState>.decode($0) } ?? .zero
    }
}

/// A key of the bank, taken apart.
enum BankKey {
    case balance(Address, AssetID)
    case supply(AssetID)

    init?(_ key: [UInt8]) {
        let balances = StateKeyRange.balances.lower
        let supply = StateKey.supply(.native).bytes
        if key.count == balances.count + 40, key.starts(with: balances) {
            let asset = BankKey.integer(key.suffix(8))
            self = .balance(
                Address(Array(key[balances.count..<balances.count + 32])), AssetID(asset))
        } else if key.count == supply.count, key.starts(with: supply.dropLast(8)) {
            self = .supply(AssetID(BankKey.integer(key.suffix(8))))
        } else {
            return nil
        }
    }

    private static func integer(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        bytes.reduce(0) { $0 << 8 | UInt64($1) }
    }
}

// The execution of what was decided.
extension Governance {
    /// Guards first, invariants last, all actions or none. A false guard means that the world is
    /// not the one that was voted on: expired. Anything else leaves the proposal queued with its
    /// error, to be tried again.
    static func execute<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, in state: inout State<Base>
    ) {
        // Another execution of this block may have cancelled it.
        guard case .queued(let eta) = proposal.phase else { return }
        state.checkpoint()
        do {
            try enact(&proposal, at: block, in: &state)
            state.commit()
        } catch {
            state.revert()
            let window = Enactment.parameters(in: state).executionWindow
            let attempts = (proposal.failure?.attempts ?? 0) + 1
            let reason = StoredReason(error)
            proposal.failure = ExecutionFailure(
                attempts: attempts, reason: reason, height: block.height,
                until: proposal.failure?.until ?? eta.advanced(by: window))
            proposal.append(
                ProposalStep(
                    status: .queued, height: block.height, timestamp: block.timestamp,
                    reason: reason.description))
            state.emit(
                .governance(.decision(proposal.id, .executionFailed(code: reason.code))))
        }
    }

    /// Executes a proposal or, if a guard is false, ends it.
    private static func enact<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, in state: inout State<Base>
    ) throws(Rejection) {
        let content = content(of: proposal.id, in: state)
        if let reason = Guards.firstFalse(of: content, at: block, in: state) {
            move(&proposal, to: .ended(.expired), reason.reason, at: block, in: &state)
            return
        }
        var run = ActionRun()
        try run.run(content, spendTrack: proposal.vote?.spendTrack, at: block, in: &state)
        state.write(
            .decision(.dryRun(proposal.id)),
            DryRuns.report(on: run, of: content, at: block, in: state))
        move(&proposal, to: .ended(.executed), at: block, in: &state)
    }

    /// Tries a failed execution again on an account's wish, which pays for it.
    ///
    /// Besides the three tries at epoch starts, and from the first failure on: an epoch may be
    /// long, and a failure that was cured need not wait.
    static func executeAgain<Base: StateReader>(
        _ id: ProposalID, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(id, in: state)
        guard case .queued = old.phase, let failure = old.failure,
            context.block.timestamp < failure.until
        else { throw .governance(.decision(.notExecutable(id))) }
        var proposal = old
        try enact(&proposal, at: context.block, in: &state)
        store(proposal, replacing: old, in: &state)
    }

    /// The end of a proposal whose execution failed until nobody may try any more.
    static func surrender<Base: StateReader>(
        _ proposal: inout Proposal, at block: BlockContext, in state: inout State<Base>
    ) {
        let reason = proposal.failure?.reason.description ?? ""
        move(&proposal, to: .ended(.failed), reason, at: block, in: &state)
    }

    /// Drops another decision before it is executed, or while its execution fails.
    static func cancelDecision<Base: StateReader>(
        _ target: ProposalID, by id: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let old = try proposal(target, in: state)
        guard case .queued = old.phase, target != id else {
            throw .governance(.decision(.notQueued(target, old.status)))
        }
        var proposal = old
        proposal.deposit.refund = .all
        move(&proposal, to: .ended(.cancelled), StepReason.byProposal(id), at: block, in: &state)
        store(proposal, replacing: old, in: &state)
    }
}
