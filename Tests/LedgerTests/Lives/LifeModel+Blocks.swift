import Chain

// What blocks do by themselves.
extension LifeModel {
    mutating func step(by milliseconds: Int, hasNewEpoch: Bool) {
        felt = pauses
        now += milliseconds
        height += 1
        if hasNewEpoch { beginEpoch() }
        for (module, until) in pauses where until <= now {
            pauses[module] = nil
            seen.insert(.pauseEnded)
        }
        let all = proposals.indices
        for index in all.sorted(by: { (proposals[$0].end, $0) < (proposals[$1].end, $1) })
        where proposals[index].phase == .voting && proposals[index].end <= now {
            close(index)
        }
        for index in all { endDeposit(index) }
        for index in all {
            if case .retried(_, _, let until) = proposals[index].phase, until <= now {
                proposals[index].phase = .ended(.failed)
            }
        }
        openLines()
        execute()
    }

    private mutating func beginEpoch() {
        integral += treasury * (now - epochStart)
        epochStart = now
        roundHeight = height
        retries = proposals.indices.contains(where: isRetried) ? Array(proposals.indices) : []
    }

    /// Whether an epoch's start looks at it.
    private func isRetried(_ index: Int) -> Bool {
        if case .retried(let attempts, _, _) = proposals[index].phase { return attempts < 4 }
        return false
    }

    private mutating func endDeposit(_ index: Int) {
        switch proposals[index].phase {
        case .collecting(let until) where until <= now:
            loseOwn(index)
            end(index, .expired)
        case .waiting(let until) where until <= now: end(index, .expired)
        case .collecting, .waiting, .voting, .queued, .retried, .ended: break
        }
    }

    // MARK: Opening

    private func line(_ rank: Int) -> [Int] {
        proposals.indices.filter { index in
            guard case .waiting = proposals[index].phase else { return false }
            return proposals[index].rank == rank
        }.sorted { (-proposals[$0].sum, $0) < (-proposals[$1].sum, $1) }
    }

    private func openCount(_ rank: Int) -> Int {
        proposals.filter { $0.phase == .voting && $0.rank == rank }.count
    }

    private mutating func openLines() {
        var left = 4
        for rank in 0..<ModelRow.rankCount {
            let rows: [ModelRow] = [
                .text, .fast, .small, .medium, .large, .parameter, .people, .greatest,
            ]
            guard let places = rows.first(where: { $0.rank == rank })?.places else { continue }
            while left > 0, let first = line(rank).first {
                guard openCount(rank) < places else {
                    seen.insert(.placeWasTaken)
                    break
                }
                left -= 1
                open(first)
                if line(rank).first == first { break }
            }
        }
    }

    private mutating func open(_ index: Int) {
        let row = ModelRow.of(proposals[index].action, treasury: treasury)
        proposals[index].rank = row.rank
        guard row.required <= proposals[index].sum else {
            proposals[index].required = row.required
            proposals[index].phase = .collecting(until: now + 600_000)
            seen.insert(.depositRose)
            return
        }
        guard openCount(row.rank) < row.places else { return }
        proposals[index].row = row
        proposals[index].endsEarly = row.endsEarly
        proposals[index].phase = .voting
        proposals[index].firstEnd = now + 20_000
        proposals[index].end = now + 20_000
        proposals[index].hardEnd = now + 20_000 + 5 * row.confirm
    }

    // MARK: Closing

    private mutating func close(_ index: Int) {
        let proposal = proposals[index]
        let tally = proposal.tally(powers)
        let hasQuorum = tally.hasQuorum(proposal.row, total: total)
        let isVetoed = 3 * tally.veto > tally.votes
        let lost = ProposalStatus.rejected
        if passes(proposal) {
            proposals[index].refund = .all
            let eta = max(
                now + max(1, proposal.row.delay), (proposal.reopenedFrom ?? -10_000) + 10_000)
            proposals[index].phase = .queued(at: eta)
        } else if proposal.reopenedFrom != nil {
            // What was released stays so.
            end(index, hasQuorum && isVetoed ? .vetoed : lost)
        } else if !hasQuorum {
            treasury += proposal.sum / 5
            proposals[index].escrowed -= proposal.sum / 5
            end(index, lost)
            proposals[index].refund = .fourFifths
            seen.insert(.fifthTaken)
        } else if isVetoed || 5 * (tally.no + tally.veto) > 4 * tally.votes {
            burned += proposal.escrowed
            proposals[index].escrowed = 0
            end(index, isVetoed ? .vetoed : lost)
            proposals[index].refund = .none
            seen.insert(.destroyed)
        } else {
            end(index, lost)
        }
    }

    // MARK: Execution

    private mutating func execute() {
        let due = proposals.indices.compactMap { index -> (Int, Int)? in
            guard case .queued(let time) = proposals[index].phase, time <= now else { return nil }
            return (time, index)
        }
        let first = due.sorted(by: <).prefix(2)
        for (_, index) in first { execute(index) }
        var left = 2 - first.count
        while left > 0, !retries.isEmpty {
            let index = retries.removeFirst()
            guard isRetried(index), case .retried(_, let failedAt, _) = proposals[index].phase
            else { continue }
            left -= 1
            guard failedAt < roundHeight else { continue }
            execute(index)
            if proposals[index].status == .executed { seen.insert(.executedByRetry) }
        }
    }

    private mutating func execute(_ index: Int) {
        // Another execution of this block may have cancelled it.
        guard proposals[index].status == .queued, !enact(index) else { return }
        switch proposals[index].phase {
        case .queued(let time):
            proposals[index].phase = .retried(
                attempts: 1, height: height, until: time + 300_000)
        case .retried(let attempts, _, let until):
            proposals[index].phase = .retried(
                attempts: attempts + 1, height: height, until: until)
        case .collecting, .waiting, .voting, .ended: return
        }
    }

    /// What an account asks for after a failure.
    mutating func executeAgain(_ index: Int) -> Bool {
        guard case .retried(_, _, let until) = proposals[index].phase, now < until else {
            return false
        }
        guard enact(index) else {
            seen.insert(.stillFailing)
            return false
        }
        seen.insert(
            proposals[index].status == .executed ? .executedByAccount : .expiredByAccount)
        return true
    }

    /// Executes or, if a guard is false, ends it; false if it fails and nothing happened.
    private mutating func enact(_ index: Int) -> Bool {
        guard guardsHold(index) else {
            proposals[index].phase = .ended(.expired)
            return true
        }
        let proposal = proposals[index]
        switch proposal.action {
        case .text: break
        case .spend(let amount):
            guard amount <= treasury, !isLimited(amount, proposal.row) else { return false }
            treasury -= amount
            paid += amount
            if proposal.row != .greatest { outflow += amount }
        case .pause(let module, let duration):
            let present = pauses[module] ?? 0
            seen.insert(present > 0 ? .pauseGrew : .pauseBegan)
            pauses[module] = max(present, now + duration)
        case .resume(let module):
            pauses[module] = nil
            seen.insert(.pauseRecalled)
        case .cancelQueued(let target):
            end(target, .cancelled)
            seen.insert(.cancelledByDecision)
        case .people(let part):
            commissionFloor = part
            seen.insert(.policyChanged)
        case .parameter(let least): minDelegation = least
        case .giveBack:
            guard returnedUntil == nil else {
                seen.insert(.returnRefused)
                return false
            }
            returnedUntil = now + 600_000
            seen.insert(.stakeReturned)
        }
        proposals[index].phase = .ended(.executed)
        return true
    }

    private mutating func guardsHold(_ index: Int) -> Bool {
        let proposal = proposals[index]
        switch proposal.action {
        case .people where proposal.expected != commissionFloor,
            .parameter where proposal.expected != minDelegation:
            seen.insert(.valueStale)
            return false
        case .resume(let module) where pauses[module] == nil:
            seen.insert(.targetGone)
            return false
        case .cancelQueued(let target) where proposals[target].status != .queued:
            seen.insert(.targetGone)
            return false
        case .text, .spend, .pause, .resume, .cancelQueued, .people, .parameter, .giveBack: break
        }
        let holds = proposal.conditions.allSatisfy { condition in
            switch condition {
            case .treasuryAtLeast(let amount): treasury >= amount
            case .heightAtMost(let most): height <= most
            case .executed(let other): proposals[other].status == .executed
            }
        }
        if !holds { seen.insert(.conditionFalse) }
        return holds
    }

    /// Whether a spend breaks the limit of 30 days, which no life lasts.
    func isLimited(_ spend: Int, _ row: ModelRow) -> Bool {
        guard row != .greatest else { return false }
        let age = now - start
        let sum = integral + treasury * (now - epochStart)
        let (percent, floor) = row == .large ? (10, 1_000_000_000) : (3, 100_000_000)
        let all = outflow + spend
        guard all > floor else { return false }
        let average = age == 0 ? (treasury, 1) : (sum, age)
        return Int128(all) * 100 * Int128(average.1) > Int128(percent) * Int128(average.0)
    }
}
