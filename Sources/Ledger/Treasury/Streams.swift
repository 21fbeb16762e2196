import Chain
import Cryptography
import StateTree

/// Tokens that the treasury gave for somebody to claim over time.
///
/// All of a stream's tokens move to an account of its own when it is created, so that nothing which
/// happens to the treasury later touches them, and it counts in full for the row of spends. The
/// recipient claims what is due; nothing is ever pushed, so that no block has work for streams. A
/// stream that is empty has no record. Only `claim` and `recall` move what such an account has.
public enum Streams {
    // MARK: Checks

    /// The form of a stream, whatever the time.
    static func checkForm<Base: StateReader>(
        _ plan: StreamPlan, in state: State<Base>
    ) throws(Rejection) {
        try checkRecipient(plan.recipient, in: state)
        guard plan.asset == .native || state.contains(.asset(plan.asset)) else {
            throw .unknownAsset(plan.asset)
        }
        guard !plan.schedule.amounts.contains(.zero) else { throw .governance(.paymentZero) }
        switch plan.schedule {
        case .linear(_, let start, let cliff, let end):
            guard start <= cliff, cliff <= end, start < end else {
                throw .governance(.enacted(.streamTimes))
            }
        case .tranches(let tranches):
            guard (1...StreamSchedule.tranchesMax).contains(tranches.count) else {
                throw .governance(.enacted(.trancheCount(UInt64(tranches.count))))
            }
            for (a, b) in zip(tranches, tranches.dropFirst()) where a.time >= b.time {
                throw .governance(.enacted(.trancheOrder))
            }
        }
        guard plan.schedule.total != nil else { throw .governance(.enacted(.streamOverflow)) }
    }

    /// The times of a stream that is proposed: within ten years, and not all of it over.
    static func checkTimes(_ schedule: StreamSchedule, at now: Timestamp) throws(Rejection) {
        let first: Timestamp =
            switch schedule {
            case .linear(_, let start, _, _): start
            case .tranches: schedule.firstDue
            }
        guard schedule.end <= now.advanced(by: StreamSchedule.spanMax),
            first >= now.lowered(by: StreamSchedule.spanMax)
        else { throw .governance(.enacted(.streamTooLong)) }
        guard schedule.end > now else { throw .governance(.enacted(.streamEnded)) }
    }

    /// A stream pays an account that somebody signs for: nothing could be claimed by another.
    static func checkRecipient<Base: StateReader>(
        _ recipient: Address, in state: State<Base>
    ) throws(Rejection) {
        guard !ModuleAccounts.all.contains(recipient) else {
            throw .governance(.paymentToModule(recipient))
        }
        if case .module = state.read(.account(recipient), as: Account.self)?.authority {
            throw .governance(.paymentToModule(recipient))
        }
    }

    static func record<Base: StateReader>(
        _ id: StreamID, in state: State<Base>
    ) throws(Rejection) -> StreamRecord {
        guard let record: StreamRecord = state.read(.enacted(.stream(id))) else {
            throw .governance(.enacted(.unknownStream(id)))
        }
        return record
    }

    // MARK: Life

    /// Takes all of a stream from the treasury.
    static func create<Base: StateReader>(
        _ plan: StreamPlan, of proposal: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        try checkForm(plan, in: state)
        guard let total = plan.schedule.total else {
            throw .governance(.enacted(.streamOverflow))
        }
        let last: StreamID = state.read(.enacted(.lastStream)) ?? StreamID(0)
        let id = last.advanced(by: 1)
        try Transfers.transfer(
            total, of: plan.asset, from: ModuleAccounts.treasury, to: id.account, in: &state)
        state.write(.enacted(.lastStream), id)
        state.write(
            .account(id.account), Account(sequence: 0, authority: .module(StreamID.moduleID)))
        state.write(
            .enacted(.stream(id)),
            StreamRecord(
                plan: plan, proposal: proposal, createdAt: block.timestamp, total: total))
        state.write(.enacted(.streamOfRecipient(plan.recipient, id)), id)
        state.emit(
            .governance(
                .enacted(
                    proposal,
                    .streamCreated(
                        id, recipient: plan.recipient, asset: plan.asset, amount: total))))
    }

    /// Pays the recipient what is due and was not paid; the last claim takes what there is.
    static func claim<Base: StateReader>(
        _ id: StreamID, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        var record = try record(id, in: state)
        guard record.plan.recipient == context.sender else {
            throw .governance(.enacted(.notStreamRecipient(id)))
        }
        let now = context.block.timestamp
        let due = record.plan.schedule.due(at: now)
        let isLast = due == record.total
        // What somebody sent to the account by mistake goes with the last claim.
        let amount =
            isLast
            ? state.balance(of: id.account, asset: record.plan.asset)
            : record.claimable(at: now)
        guard amount > .zero else {
            let next = record.plan.schedule.nextDue(after: now)
            throw .governance(.enacted(.nothingDue(id, next: next)))
        }
        try pay(amount, of: id, record.plan.asset, to: record.plan.recipient, in: &state)
        record.claimed = due
        if isLast {
            remove(id, record, in: &state)
        } else {
            state.write(.enacted(.stream(id)), record)
        }
        state.emit(
            .governance(
                .enacted(
                    record.proposal,
                    .streamClaimed(
                        id, recipient: record.plan.recipient, asset: record.plan.asset,
                        amount: amount))))
    }

    /// Pays what is due to the recipient, and the rest back to the treasury.
    static func recall<Base: StateReader>(
        _ id: StreamID, of proposal: ProposalID, at block: BlockContext,
        in state: inout State<Base>
    ) throws(Rejection) {
        let record = try record(id, in: state)
        let asset = record.plan.asset
        let due = record.claimable(at: block.timestamp)
        try pay(due, of: id, asset, to: record.plan.recipient, in: &state)
        let rest = state.balance(of: id.account, asset: asset)
        try pay(rest, of: id, asset, to: ModuleAccounts.treasury, in: &state)
        remove(id, record, in: &state)
        state.emit(
            .governance(
                .enacted(
                    proposal,
                    .streamRecalled(
                        id, recipient: record.plan.recipient, paid: due, returned: rest))))
    }

    private static func pay<Base: StateReader>(
        _ amount: Amount, of id: StreamID, _ asset: AssetID, to account: Address,
        in state: inout State<Base>
    ) throws(Rejection) {
        guard amount > .zero else { return }
        try Transfers.transfer(amount, of: asset, from: id.account, to: account, in: &state)
    }

    private static func remove<Base: StateReader>(
        _ id: StreamID, _ record: StreamRecord, in state: inout State<Base>
    ) {
        state.remove(.enacted(.stream(id)))
        state.remove(.enacted(.streamOfRecipient(record.plan.recipient, id)))
        state.remove(.account(id.account))
    }
}
