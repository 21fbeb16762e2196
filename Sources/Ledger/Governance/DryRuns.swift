import Chain
import Codec
import Cryptography
import StateTree

/// What would happen if a proposal were executed in this block (governance.md 3).
///
/// The actions run on a branch that is thrown away, with the same code and the same limits as the
/// execution; only what they did is kept, for voters to see. A dry run never throws: what fails is
/// its result.
enum DryRuns {
    /// Tries a content that need not be in the state yet.
    ///
    /// - Returns: the result, and why it fails as the reason that a submission is refused for.
    static func run<Base: StateReader>(
        _ content: ProposalContent, spendTrack: Track?, at block: BlockContext,
        in state: inout State<Base>
    ) -> (report: DryRun, failure: Rejection?) {
        let falseGuard = Guards.firstFalse(of: content, at: block, in: state)
        var run = ActionRun()
        var failure: Rejection?
        state.checkpoint()
        do {
            try run.run(content, spendTrack: spendTrack, at: block, in: &state)
        } catch {
            failure = error
        }
        state.revert()
        // Who has no gas left for the run has none for looking who is paid either.
        let unknown = state.isOutOfGas ? [] : unknownRecipients(of: content.actions, in: state)
        let report = DryRun(
            height: block.height, timestamp: block.timestamp, gas: run.gas,
            failure: failure.map { StoredReason($0) },
            falseGuard: falseGuard.map { StoredReason($0) }, unknownRecipients: unknown,
            digest: digest(of: failure == nil ? run.changes : []),
            changes: failure == nil ? readable(run.changes, in: state) : [])
        return (report, failure)
    }

    /// What an execution did, in the form of a dry run.
    static func report<Base: StateReader>(
        on run: ActionRun, of content: ProposalContent, at block: BlockContext,
        in state: State<Base>
    ) -> DryRun {
        DryRun(
            height: block.height, timestamp: block.timestamp, gas: run.gas, failure: nil,
            falseGuard: nil, unknownRecipients: [], digest: digest(of: run.changes),
            changes: readable(run.changes, in: state))
    }

    /// Makes a proposal's dry run anew and tells if it warns of something else than before.
    static func refresh<Base: StateReader>(
        _ id: ProposalID, at block: BlockContext, in state: inout State<Base>
    ) {
        state.remove(.decision(.dryRunDue(id)))
        guard let proposal: Proposal = state.read(.proposal(id)), !proposal.status.isFinal else {
            return
        }
        let content = Governance.content(of: id, in: state)
        let report = run(
            content, spendTrack: proposal.vote?.spendTrack, at: block, in: &state
        ).report
        store(report, of: id, in: &state)
    }

    static func store<Base: StateReader>(
        _ report: DryRun, of id: ProposalID, in state: inout State<Base>
    ) {
        let key = StateKey.decision(.dryRun(id))
        let before: DryRun? = state.read(key)
        state.write(key, report)
        guard before?.flags ?? [] != report.flags else { return }
        state.emit(.governance(.decision(id, .flagsChanged(report.flags))))
    }

    /// Accounts that are paid and have neither a record nor tokens nor stake (R11).
    private static func unknownRecipients<Base: StateReader>(
        of actions: [Action], in state: State<Base>
    ) -> [Address] {
        var unknown: [Address] = []
        for payment in Tracks.payments(of: actions) {
            let account = payment.recipient
            guard !unknown.contains(account), !state.contains(.account(account)) else { continue }
            let balances = StateKeyRange(
                from: .balance(account, .native), to: .balance(account, AssetID(.max)))
            guard state.firstEntry(in: balances) == nil,
                !state.contains(.staking(.account(account)))
            else { continue }
            unknown.append(account)
        }
        return unknown
    }

    // MARK: What changed

    private static func digest(of changes: [RecordedChange]) -> Digest {
        var writer = ByteWriter(capacity: 64 * changes.count)
        writer.writeLength(changes.count)
        for change in changes {
            writer.writeByteVector(change.key)
            for value in [change.old, change.new] {
                writer.write(value != nil)
                writer.writeByteVector(value ?? [])
            }
        }
        return Digest(.dryRun, writer.bytes)
    }

    /// Parameters first, then balances by account, then what decides over other decisions, and at
    /// the end how many other records changed.
    private static func readable<Base: StateReader>(
        _ changes: [RecordedChange], in state: State<Base>
    ) -> [DryRunChange] {
        var parameters: [DryRunChange] = []
        var balances: [DryRunChange] = []
        var decisions: [DryRunChange] = []
        var others = [UInt32](repeating: 0, count: StateModule.allCases.count)
        for change in changes {
            if change.key == StateKey.parameters.bytes {
                parameters += parameterChanges(change)
            } else if change.key == StateKey.decision(.pauses).bytes {
                decisions += pauseChanges(change)
            } else if change.key == StateKey.enacted(.upgrade).bytes {
                decisions.append(
                    .upgrade(from: upgrade(change.old), to: upgrade(change.new)))
            } else if let key = BankKey(change.key) {
                balances.append(bankChange(change, key))
            } else if let status = statusChange(change) {
                decisions.append(status)
            } else if let index = moduleIndex(of: change.key) {
                others[index] += 1
            }
        }
        let rest = zip(StateModule.allCases, others).filter { $0.1 > 0 }.map { module, count in
            DryRunChange.other(part: module.name, records: count)
        }
        return parameters + balances + decisions + rest
    }

    private static func parameterChanges(_ change: RecordedChange) -> [DryRunChange] {
        guard let old: Parameters = decoded(change.old), let new: Parameters = decoded(change.new)
        else { return [] }
        return zip(old.all, new.all).filter { $0.value != $1.value }.map {
            .parameter(name: $0.id.name, from: $0.value, to: $1.value)
        }
    }

    private static func pauseChanges(_ change: RecordedChange) -> [DryRunChange] {
        let old: PauseTable = decoded(change.old) ?? .none
        let new: PauseTable = decoded(change.new) ?? .none
        return PausableModule.allCases.filter { old[$0] != new[$0] }.map {
            .pause($0, from: old[$0]?.until, to: new[$0]?.until)
        }
    }

    private static func upgrade(_ bytes: [UInt8]?) -> UpgradePlan? {
        let scheduled: ScheduledUpgrade? = decoded(bytes)
        return scheduled.map {
            UpgradePlan(
                name: $0.plan.name, version: $0.plan.version, firstEpoch: $0.firstEpoch,
                lastEpoch: $0.lastEpoch)
        }
    }

    private static func bankChange(_ change: RecordedChange, _ key: BankKey) -> DryRunChange {
        let old: Amount = decoded(change.old) ?? .zero
        let new: Amount = decoded(change.new) ?? .zero
        return switch key {
        case .balance(let account, let asset):
            .balance(account, asset: asset, from: old, to: new)
        case .supply(let asset): .supply(asset: asset, from: old, to: new)
        }
    }

    private static func statusChange(_ change: RecordedChange) -> DryRunChange? {
        let prefix = StateKey.proposal(ProposalID(0)).bytes
        guard change.key.count == prefix.count, change.key.starts(with: prefix.dropLast(8)),
            let old: Proposal = decoded(change.old), let new: Proposal = decoded(change.new),
            old.status != new.status
        else { return nil }
        return .proposal(old.id, from: old.status, to: new.status)
    }

    private static func moduleIndex(of key: [UInt8]) -> Int? {
        guard key.count >= 2 else { return nil }
        let module = UInt16(key[0]) | UInt16(key[1]) << 8
        return StateModule.allCases.firstIndex { $0.rawValue == module }
    }

    private static func decoded<Value: CanonicalCodable>(_ bytes: [UInt8]?) -> Value? {
        bytes.map { State<MemoryState>.decode($0) }
    }
}

extension StateModule {
    /// As people are told; dry runs are in the state, and blocks commit to it.
    var name: String {
        switch self {
        case .chain: "chain"
        case .accounts: "accounts"
        case .bank: "bank"
        case .parameters: "parameters"
        case .staking: "staking"
        case .governance: "governance"
        }
    }
}
