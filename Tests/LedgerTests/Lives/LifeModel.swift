import Chain

/// Proposals, money and pauses by the words of governance.md, recomputed from lists: what accounts
/// ask for is accepted or refused here, and `LifeModel+Blocks` does what blocks do by themselves.
struct LifeModel {
    let powers: [Int]
    /// Whether half of all stake was slashed before, and waits.
    let hasEscrow: Bool
    let start: Int
    var now: Int
    var height: Int
    var proposals: [ModelProposal] = []
    var balances: [Int]
    var outsider: Int
    var treasury: Int
    var paid = 0
    var burned = 0
    /// When pauses end; and as the transactions of this block feel them.
    var pauses: [PausableModule: Int] = [:]
    var felt: [PausableModule: Int] = [:]
    var commissionFloor = 0
    var minDelegation = 1_000_000
    var returnedUntil: Int?
    var returnClaims: Set<Int> = []
    var outflow = 0
    var epochStart: Int
    var integral = 0
    var roundHeight = 0
    /// Whose executions are tried again since the epoch began.
    var retries: [Int] = []
    var seen: Set<ModelEvent> = []

    init(
        powers: [Int], wealth: Int, treasury: Int, hasEscrow: Bool, start: Int, now: Int,
        height: Int
    ) {
        self.powers = powers
        self.hasEscrow = hasEscrow
        self.start = start
        self.now = now
        self.height = height
        self.treasury = treasury
        balances = powers.map { _ in wealth }
        outsider = wealth
        epochStart = start
    }

    var total: Int { powers.reduce(0, +) }

    func passes(_ proposal: ModelProposal) -> Bool {
        proposal.tally(powers).passes(proposal.row, total: total)
    }

    // MARK: Submission

    mutating func submit(
        _ action: ModelAction, _ conditions: [ModelCondition], by account: Int, deposit part: Int
    ) -> Bool {
        let row = ModelRow.of(action, treasury: treasury)
        guard part >= (row.required + 4) / 5, part <= row.required, isWellFormed(action),
            conditions.allSatisfy(isWellFormed)
        else { return false }
        if case .spend(let amount) = action {
            guard amount > 0, amount <= treasury, !isLimited(amount, row) else { return false }
        }
        var expected: Int?
        switch action {
        case .people: expected = commissionFloor
        case .parameter: expected = minDelegation
        case .text, .spend, .pause, .resume, .cancelQueued, .giveBack: break
        }
        var proposal = ModelProposal(
            proposer: account, action: action, conditions: conditions, expected: expected,
            phase: .collecting(until: now + 600_000), required: row.required, rank: row.rank,
            ballots: [[Int]](repeating: [], count: powers.count))
        take(part, from: account, for: &proposal)
        proposals.append(proposal)
        return true
    }

    private func isWellFormed(_ condition: ModelCondition) -> Bool {
        if case .executed(let index) = condition { return proposals.indices.contains(index) }
        return true
    }

    private func isWellFormed(_ action: ModelAction) -> Bool {
        switch action {
        case .text, .spend: true
        case .pause(_, let duration): duration >= 1 && duration <= 7 * 86_400_000
        case .resume(let module): pauses[module] != nil
        case .cancelQueued(let index):
            proposals.indices.contains(index) && proposals[index].status == .queued
        case .people(let part): part <= 500
        case .parameter(let least): least >= 1
        case .giveBack: hasEscrow && returnedUntil == nil && now < start + 1 + 180_000
        }
    }

    private mutating func take(
        _ part: Int, from account: Int, for proposal: inout ModelProposal
    ) {
        balances[account] -= part
        proposal.records[account, default: 0] += part
        proposal.sum += part
        proposal.escrowed += part
        if proposal.sum >= proposal.required {
            proposal.phase = .waiting(until: now + 60 * 86_400_000)
        }
        if proposal.records.count > 20 { seen.insert(.manyDepositors) }
    }

    mutating func deposit(_ amount: Int, to index: Int, by account: Int) -> Bool {
        let proposal = proposals[index]
        guard case .collecting(let until) = proposal.phase, now < until else { return false }
        let missing = max(0, proposal.required - proposal.sum)
        var least = min(missing, (proposal.required + 63) / 64)
        if proposal.records[account] == nil {
            let places = 64 - proposal.records.count
            guard places > 0 else { return false }
            least = max(least, (missing + places - 1) / places)
        }
        guard amount >= least, amount <= missing, amount > 0 else { return false }
        var changed = proposal
        take(amount, from: account, for: &changed)
        proposals[index] = changed
        return true
    }

    // MARK: Votes

    mutating func vote(_ weights: [Int], on index: Int, by account: Int) -> Bool {
        guard proposals[index].phase == .voting, now < proposals[index].end,
            weights.reduce(0, +) == 10_000, powers[account] > 0
        else { return false }
        proposals[index].ballots[account] = weights
        let isPassing = passes(proposals[index])
        guard isPassing != proposals[index].wasPassing else { return true }
        proposals[index].wasPassing = isPassing
        if proposals[index].endsEarly, isPassing {
            proposals[index].end = now
            seen.insert(.endedEarly)
        } else if now >= proposals[index].end - proposals[index].row.confirm {
            let later = min(now + proposals[index].row.confirm, proposals[index].hardEnd)
            if later > proposals[index].end { seen.insert(.extended) }
            proposals[index].end = max(proposals[index].end, later)
        }
        return true
    }

    mutating func cancel(_ index: Int, by account: Int) -> Bool {
        let proposal = proposals[index]
        let isEarly: Bool
        switch proposal.phase {
        case .collecting, .waiting: isEarly = true
        case .voting: isEarly = now < proposal.firstEnd
        case .queued, .retried, .ended: isEarly = false
        }
        guard isEarly, account == proposal.proposer else { return false }
        if case .waiting = proposal.phase {} else { loseOwn(index) }
        seen.insert(
            proposal.reopenedFrom == nil ? .cancelledByProposer : .cancelledAfterReopening)
        end(index, .cancelled)
        return true
    }

    mutating func petition(_ kind: PetitionKind, on index: Int, by account: Int) -> Bool {
        let proposal = proposals[index]
        guard case .queued(let eta) = proposal.phase, now < eta, powers[account] > 0,
            kind == .cancel || proposal.reopenedFrom == nil
        else { return false }
        guard proposal.signers[kind]?.contains(account) != true else {
            seen.insert(.signedTwice)
            return false
        }
        proposals[index].signers[kind, default: []].insert(account)
        let signed = powers.indices.filter { proposals[index].signers[kind]?.contains($0) == true }
        let sum = signed.map { powers[$0] }.reduce(0, +)
        switch kind {
        case .reopen where 10 * sum >= total:
            proposals[index].phase = .voting
            proposals[index].end = now + 10_000
            proposals[index].hardEnd = now + 10_000 + 5 * proposal.row.confirm
            proposals[index].reopenedFrom = eta
            proposals[index].endsEarly = false
            seen.insert(.reopened)
        case .cancel where 3 * sum >= total:
            seen.insert(.cancelledByPetition)
            end(index, .cancelled)
        case .reopen, .cancel: break
        }
        return true
    }

    // MARK: Money

    mutating func claim(_ index: Int, by account: Int) -> Bool {
        guard let part = proposals[index].records[account] else { return false }
        let payment: Int
        switch proposals[index].refund {
        case .held, .none: return false
        case .all: payment = part
        case .fourFifths: payment = part - (part + 4) / 5
        }
        proposals[index].records[account] = nil
        balances[account] += payment
        proposals[index].escrowed -= payment
        if proposals[index].records.isEmpty {
            // What rounding left.
            treasury += proposals[index].escrowed
            proposals[index].escrowed = 0
        }
        return true
    }

    mutating func transfer(by account: Int) -> Bool {
        if let until = felt[.transfers], now < until {
            seen.insert(.pauseFelt)
            return false
        }
        balances[account] -= 1
        outsider += 1
        return true
    }

    mutating func claimReturn(by account: Int) -> Bool {
        guard let until = returnedUntil, now < until, powers[account] > 0,
            returnClaims.insert(account).inserted
        else { return false }
        balances[account] += powers[account]
        seen.insert(.returnClaimed)
        return true
    }

    // MARK: Ends

    mutating func end(_ index: Int, _ status: ProposalStatus) {
        proposals[index].refund = .all
        proposals[index].phase = .ended(status)
    }

    mutating func loseOwn(_ index: Int) {
        let own = proposals[index].records.removeValue(forKey: proposals[index].proposer) ?? 0
        treasury += own
        proposals[index].escrowed -= own
    }
}
