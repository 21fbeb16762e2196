import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

#if canImport(Glibc)
    import Glibc
#endif

/// Lives of proposals at random, in the ledger and in a model that recomputes everything from the
/// whole history and shares no code with it.
@Suite struct GovernanceModelTests {
    /// How many lives in each of the ten parts: a tenth of `ALTHING_GOVERNANCE_LIVES`, or few
    /// enough for every run of the suite.
    static var livesPerPart: UInt64 {
        #if canImport(Glibc)
            // Safe because the environment is not changed while tests run.
            if let text = unsafe getenv("ALTHING_GOVERNANCE_LIVES") {
                return max(1, (UInt64(unsafe String(cString: text)) ?? 0) / 10)
            }
        #endif
        return 200
    }

    @Test(arguments: 0..<10)
    func `random lives agree with the model`(part: UInt64) {
        for seed in part * 1_000_000..<part * 1_000_000 + Self.livesPerPart {
            var life = RandomLife(seed: seed)
            life.run()
            if let difference = life.difference {
                Issue.record("seed \(seed): \(difference)")
                return
            }
        }
    }

    @Test func `lives reach every end`() {
        var reached: Set<ProposalStatus> = []
        let ends = Set(ProposalStatus.allCases.filter(\.isFinal))
        for seed in 0..<4_000 as Range<UInt64> where reached != ends {
            var life = RandomLife(seed: seed)
            life.run()
            #expect(life.difference == nil)
            reached.formUnion(life.statuses.filter(\.isFinal))
        }
        #expect(reached == ends)
    }
}

extension SeededGenerator {
    mutating func below(_ bound: Int) -> Int {
        Int(next() % UInt64(bound))
    }

    mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[below(elements.count)]
    }
}

/// One proposal of the model: what happened to it, as lists.
private struct ModelProposal {
    enum Phase: Equatable {
        case collecting(until: Int)
        case waiting(until: Int)
        case voting
        case queued(at: Int)
        /// An execution failed at a height, so many by the chain itself.
        case retried(attempts: Int, height: Int, until: Int)
        case ended(ProposalStatus)
    }

    let proposer: Int
    let spend: Int
    var phase: Phase
    var required: Int
    var deposits: [Int]
    /// What each account may still claim, once the proposal has ended.
    var claimable: [Int]
    var sum = 0
    var isDust = false
    /// Weights by voter; empty for none.
    var ballots: [[Int]]
    var firstEnd = 0
    var end = 0
    var hardEnd = 0
    var row = ModelRow.text
    var wasPassing = false
    var signers: [PetitionKind: Set<Int>] = [:]
    /// When it would have been executed before a petition reopened it.
    var reopenedFrom: Int?

    var status: ProposalStatus {
        switch phase {
        case .collecting, .waiting: .deposit
        case .voting: .voting
        case .queued, .retried: .queued
        case .ended(let status): status
        }
    }
}

/// A row of the table of tracks on a development chain, in thousandths.
private struct ModelRow: Equatable {
    let deposit: Int
    let quorum: Int
    let approve: Int
    let minYes: Int
    let delay: Int

    static let text = ModelRow(deposit: 10, quorum: 150, approve: 500, minYes: 0, delay: 0)
    static let small = ModelRow(deposit: 10, quorum: 150, approve: 500, minYes: 30, delay: 5_000)
    static let medium = ModelRow(deposit: 30, quorum: 200, approve: 550, minYes: 60, delay: 5_000)
    static let large = ModelRow(deposit: 100, quorum: 300, approve: 600, minYes: 120, delay: 5_000)
    /// The approval of 2/3 is the only fraction that is not in thousandths.
    static let greatest = ModelRow(
        deposit: 200, quorum: 400, approve: -1, minYes: 250, delay: 5_000)

    static func of(spend: Int, treasury: Int) -> ModelRow {
        if spend == 0 { return .text }
        if spend * 1_000 <= treasury { return .small }
        if spend * 100 <= treasury { return .medium }
        if spend * 10 <= treasury { return .large }
        return .greatest
    }

    var required: Int { deposit * 1_000_000 }
}

private struct RandomLife {
    static let accounts = 5
    static let recipient = GovernanceWorld.address(50)

    private var random: SeededGenerator
    private var world: GovernanceWorld
    private let powers: [Int]
    private var proposals: [ModelProposal] = []
    private var balances: [Int]
    private var treasury: Int
    private var burned = 0
    private var paid = 0
    private var outflow = 0
    private var epochStart = Int(GovernanceWorld.start.value)
    private var integral = 0
    private var height = 1
    private var roundHeight = 0
    /// Whose executions are tried again since the epoch began.
    private var retries: [Int] = []
    private let supply: Int
    private(set) var difference: String?

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let scale = random.pick([1, 7, 1_000, 1_000_000_007])
        var powers: [Int] = []
        for _ in 0..<RandomLife.accounts {
            powers.append(random.below(4) == 0 ? 0 : scale * (1 + random.below(9)))
        }
        let treasury = random.pick([0, 1_000, 1_000_000_000, 40_000_000_000])
        self.init(random: random, powers: powers, treasury: treasury)
    }

    private init(random: SeededGenerator, powers: [Int], treasury: Int) {
        self.random = random
        self.powers = powers
        self.treasury = treasury
        world = GovernanceWorld(
            powers: powers.map { UInt64($0) }, treasury: UInt64(treasury))
        balances = powers.map { _ in Int(GovernanceWorld.wealth) }
        supply = Int(world.supply)
    }

    var statuses: [ProposalStatus] { proposals.map(\.status) }

    private var now: Int { Int(world.now) }

    mutating func run() {
        for _ in 0..<30 where difference == nil {
            switch random.below(10) {
            case 0, 1: submit()
            case 2: deposit()
            case 3, 4, 5: vote()
            case 6: if random.below(3) == 0 { cancel() } else { petition() }
            case 7: claim()
            default: advance()
            }
            compare()
        }
        // Long enough for everything to end.
        for _ in 0..<4 where difference == nil {
            step(by: 700_000)
            compare()
        }
        if difference == nil, !world.isSound { difference = "the sums are not sound" }
    }

    private mutating func expect(_ isAccepted: Bool, _ what: String, _ wasAccepted: Bool) {
        guard isAccepted != wasAccepted, difference == nil else { return }
        difference = "\(what) at \(now): the model \(isAccepted ? "accepts" : "refuses")"
    }

    // MARK: Actions

    private mutating func submit() {
        guard proposals.count < 3 else { return }
        let account = random.below(RandomLife.accounts)
        let spend = random.pick([
            0, 0, treasury / 2_000, treasury / 500, treasury / 50, treasury, treasury,
        ])
        let row = ModelRow.of(spend: spend, treasury: treasury)
        let part = random.pick([row.required, row.required, row.required / 5, row.required / 5 - 1])
        let actions: [Action] =
            spend == 0 ? [] : [.pay(UInt64(spend), to: RandomLife.recipient)]
        let wasAccepted = attempt { world in
            try world.submit(
                actions, by: world.voters[account], deposit: Amount(UInt64(part)))
        }
        let isAccepted = part >= row.required / 5 && !isLimited(spend, row)
        expect(isAccepted, "submit", wasAccepted)
        guard isAccepted else { return }
        var deposits = [Int](repeating: 0, count: RandomLife.accounts)
        deposits[account] = part
        balances[account] -= part
        proposals.append(
            ModelProposal(
                proposer: account, spend: spend, phase: .collecting(until: now + 600_000),
                required: row.required, deposits: deposits,
                claimable: [Int](repeating: 0, count: RandomLife.accounts), sum: part,
                ballots: [[Int]](repeating: [], count: RandomLife.accounts)))
        lineUp(proposals.count - 1)
    }

    private mutating func lineUp(_ index: Int) {
        if proposals[index].sum >= proposals[index].required {
            proposals[index].phase = .waiting(until: now + 60 * 86_400_000)
        }
    }

    private mutating func deposit() {
        guard !proposals.isEmpty else { return }
        let index = random.below(proposals.count)
        let account = random.below(RandomLife.accounts)
        let required = proposals[index].required
        let missing = max(0, required - proposals[index].sum)
        let amount = random.pick([
            missing, missing + 1, (required + 63) / 64, required / 64 - 1, missing / 2,
        ])
        let wasAccepted = attempt { world in
            try world.deposit(
                UInt64(amount), to: ProposalID(UInt64(index + 1)), by: world.voters[account])
        }
        var isAccepted = false
        if case .collecting = proposals[index].phase {
            isAccepted = amount >= min(missing, (required + 63) / 64) && amount <= missing
        }
        expect(isAccepted, "deposit", wasAccepted)
        guard isAccepted else { return }
        balances[account] -= amount
        proposals[index].deposits[account] += amount
        proposals[index].sum += amount
        lineUp(index)
    }

    private mutating func vote() {
        guard !proposals.isEmpty else { return }
        let index = random.below(proposals.count)
        let account = random.below(RandomLife.accounts)
        let weights = random.pick([
            [10_000, 0, 0, 0], [10_000, 0, 0, 0], [10_000, 0, 0, 0], [10_000, 0, 0, 0],
            [0, 10_000, 0, 0],
            [0, 0, 10_000, 0], [0, 0, 0, 10_000], [3_333, 3_333, 1, 3_333], [1, 2, 3, 9_994],
            [5_000, 4_000, 0, 0],
        ])
        let wasAccepted = attempt { world in
            try world.vote(
                account,
                BallotWeights(
                    yes: UInt16(weights[0]), no: UInt16(weights[1]), abstain: UInt16(weights[2]),
                    veto: UInt16(weights[3])), on: ProposalID(UInt64(index + 1)))
        }
        let isAccepted =
            proposals[index].phase == .voting && weights.reduce(0, +) == 10_000
            && powers[account] > 0
        expect(isAccepted, "vote", wasAccepted)
        guard isAccepted else { return }
        proposals[index].ballots[account] = weights
        let isPassing = passes(proposals[index])
        guard isPassing != proposals[index].wasPassing else { return }
        proposals[index].wasPassing = isPassing
        if now >= proposals[index].end - 3_000 {
            let later = min(now + 3_000, proposals[index].hardEnd)
            proposals[index].end = max(proposals[index].end, later)
        }
    }

    private mutating func cancel() {
        guard !proposals.isEmpty else { return }
        let index = random.below(proposals.count)
        let account = random.below(2) == 0 ? proposals[index].proposer : random.below(5)
        let wasAccepted = attempt { world in
            try world.cancel(ProposalID(UInt64(index + 1)), by: world.voters[account])
        }
        let proposal = proposals[index]
        let isEarly: Bool
        switch proposal.phase {
        case .collecting, .waiting: isEarly = true
        case .voting: isEarly = now < proposal.firstEnd
        case .queued, .retried, .ended: isEarly = false
        }
        let isAccepted = isEarly && account == proposal.proposer
        expect(isAccepted, "cancel", wasAccepted)
        guard isAccepted else { return }
        if case .waiting = proposal.phase {} else { loseOwn(index) }
        end(index, .cancelled)
    }

    private mutating func petition() {
        guard !proposals.isEmpty else { return }
        let index = random.below(proposals.count)
        let account = random.below(RandomLife.accounts)
        let kind = random.pick([PetitionKind.reopen, .reopen, .cancel])
        let wasAccepted = attempt { world in
            try world.petition(account, kind, ProposalID(UInt64(index + 1)))
        }
        let proposal = proposals[index]
        var isAccepted = false
        var eta = 0
        if case .queued(let time) = proposal.phase, now < time {
            eta = time
            isAccepted =
                powers[account] > 0 && proposal.signers[kind]?.contains(account) != true
                && (kind == .cancel || proposal.reopenedFrom == nil)
        }
        expect(isAccepted, "petition", wasAccepted)
        guard isAccepted else { return }
        proposals[index].signers[kind, default: []].insert(account)
        let signed = powers.indices.filter { proposals[index].signers[kind]?.contains($0) == true }
        let sum = signed.map { powers[$0] }.reduce(0, +)
        let total = powers.reduce(0, +)
        switch kind {
        case .reopen where 10 * sum >= total:
            proposals[index].phase = .voting
            proposals[index].end = now + 10_000
            proposals[index].hardEnd = now + 25_000
            proposals[index].reopenedFrom = eta
        case .cancel where 3 * sum >= total: proposals[index].phase = .ended(.cancelled)
        case .reopen, .cancel: break
        }
    }

    private mutating func claim() {
        guard !proposals.isEmpty else { return }
        let index = random.below(proposals.count)
        let account = random.below(RandomLife.accounts)
        let wasAccepted = attempt { world in
            try world.claim(ProposalID(UInt64(index + 1)), by: world.voters[account])
        }
        let isAccepted = proposals[index].claimable[account] > 0
        expect(isAccepted, "claim", wasAccepted)
        guard isAccepted else { return }
        balances[account] += proposals[index].claimable[account]
        proposals[index].claimable[account] = 0
    }

    // MARK: Blocks

    private mutating func advance() {
        step(by: random.pick([1, 500, 1_000, 2_999, 3_000, 4_999, 5_000, 17_000, 20_000, 600_000]))
    }

    private mutating func step(by milliseconds: Int) {
        let hasNewEpoch = random.below(3) == 0
        world.advance(by: UInt64(milliseconds), hasNewRules: false, hasNewEpoch: hasNewEpoch)
        height += 1
        if hasNewEpoch {
            integral += fullTreasury * (now - epochStart)
            epochStart = now
            roundHeight = height
            retries = Array(proposals.indices)
        }
        let all = proposals.indices
        for index in all.sorted(by: { (proposals[$0].end, $0) < (proposals[$1].end, $1) })
        where proposals[index].phase == .voting && proposals[index].end <= now {
            close(index)
        }
        for index in all {
            if case .collecting(let until) = proposals[index].phase, until <= now {
                loseOwn(index)
                end(index, .expired)
            }
        }
        for index in all {
            if case .retried(_, _, let until) = proposals[index].phase, until <= now {
                proposals[index].phase = .ended(.failed)
            }
        }
        for index in all {
            if case .waiting = proposals[index].phase { open(index) }
        }
        let due = all.compactMap { index -> (Int, Int)? in
            guard case .queued(let time) = proposals[index].phase, time <= now else { return nil }
            return (time, index)
        }
        let first = due.sorted(by: <).prefix(2)
        for (_, index) in first { execute(index) }
        var left = 2 - first.count
        while left > 0, !retries.isEmpty {
            let index = retries.removeFirst()
            guard case .retried(let attempts, let failedAt, _) = proposals[index].phase,
                attempts < 4, failedAt < roundHeight
            else { continue }
            left -= 1
            execute(index)
        }
    }

    private mutating func execute(_ index: Int) {
        let spend = proposals[index].spend
        let row = proposals[index].row
        if spend <= fullTreasury && !isLimited(spend, row) {
            treasury -= spend
            paid += spend
            if row != .greatest { outflow += spend }
            proposals[index].phase = .ended(.executed)
            return
        }
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

    /// Whether a spend breaks the limit of 30 days, which no life lasts.
    private func isLimited(_ spend: Int, _ row: ModelRow) -> Bool {
        guard spend > 0, row != .greatest else { return false }
        let age = now - Int(GovernanceWorld.start.value)
        let sum = integral + fullTreasury * (now - epochStart)
        let (percent, floor) = row == .large ? (10, 1_000_000_000) : (3, 100_000_000)
        let total = outflow + spend
        guard total > floor else { return false }
        let average = age == 0 ? (fullTreasury, 1) : (sum, age)
        return Int128(total) * 100 * Int128(average.1) > Int128(percent) * Int128(average.0)
    }

    private mutating func open(_ index: Int) {
        let row = ModelRow.of(spend: proposals[index].spend, treasury: treasury)
        guard row.required <= proposals[index].sum else {
            proposals[index].required = row.required
            proposals[index].phase = .collecting(until: now + 600_000)
            return
        }
        proposals[index].row = row
        proposals[index].phase = .voting
        proposals[index].firstEnd = now + 20_000
        proposals[index].end = now + 20_000
        proposals[index].hardEnd = now + 35_000
    }

    private mutating func close(_ index: Int) {
        let proposal = proposals[index]
        let (yes, no, abstain, veto) = tally(proposal)
        let votes = yes + no + veto
        if passes(proposal) {
            let first = proposal.reopenedFrom
            if first == nil { release(index) }
            let eta = max(now + max(1, proposal.row.delay), (first ?? 0) + 10_000)
            proposals[index].phase = .queued(at: eta)
            return
        }
        if proposal.reopenedFrom != nil {
            // What was released stays so.
            let isVetoed = 3 * veto > votes
            let total = powers.reduce(0, +)
            let hasQuorum = (votes + abstain) * 1_000 >= proposal.row.quorum * total
            proposals[index].phase = .ended(hasQuorum && isVetoed ? .vetoed : .rejected)
            return
        }
        let total = powers.reduce(0, +)
        let hasQuorum = total > 0 && (votes + abstain) * 1_000 >= proposal.row.quorum * total
        if !hasQuorum {
            treasury += proposal.sum / 5
            for account in proposal.deposits.indices {
                let part = proposal.deposits[account]
                proposals[index].claimable[account] = part - (part + 4) / 5
            }
            proposals[index].isDust = true
            proposals[index].phase = .ended(.rejected)
        } else if 3 * veto > votes || 5 * (no + veto) > 4 * votes {
            burned += proposal.sum
            proposals[index].phase = .ended(3 * veto > votes ? .vetoed : .rejected)
        } else {
            end(index, .rejected)
        }
    }

    private mutating func end(_ index: Int, _ status: ProposalStatus) {
        release(index)
        proposals[index].phase = .ended(status)
    }

    private mutating func release(_ index: Int) {
        proposals[index].claimable = proposals[index].deposits
    }

    private mutating func loseOwn(_ index: Int) {
        let proposer = proposals[index].proposer
        treasury += proposals[index].deposits[proposer]
        proposals[index].deposits[proposer] = 0
    }

    /// Counted from all ballots anew.
    private func tally(_ proposal: ModelProposal) -> (Int, Int, Int, Int) {
        var sums = [0, 0, 0, 0]
        for (power, weights) in zip(powers, proposal.ballots) where !weights.isEmpty {
            var parts = weights.map { power * $0 / 10_000 }
            let rest = power - parts.reduce(0, +)
            let most = weights.max() ?? 0
            parts[weights.firstIndex(of: most) ?? 0] += rest
            for option in 0..<4 { sums[option] += parts[option] }
        }
        return (sums[0], sums[1], sums[2], sums[3])
    }

    private func passes(_ proposal: ModelProposal) -> Bool {
        let (yes, no, abstain, veto) = tally(proposal)
        let total = powers.reduce(0, +)
        let votes = yes + no + veto
        let row = proposal.row
        let isApproved =
            row.approve < 0 ? 3 * yes > 2 * votes : 1_000 * yes > row.approve * votes
        return votes > 0 && (votes + abstain) * 1_000 >= row.quorum * total && isApproved
            && 1_000 * yes >= row.minYes * total && 3 * veto <= votes
    }

    // MARK: Comparison

    private mutating func attempt(_ body: (inout GovernanceWorld) throws -> Void) -> Bool {
        do {
            try body(&world)
            return true
        } catch {
            return false
        }
    }

    private mutating func compare() {
        guard difference == nil else { return }
        for (index, model) in proposals.enumerated() {
            let real = world.proposal(ProposalID(UInt64(index + 1)))
            if real.status != model.status {
                difference = "proposal \(index + 1) is \(real.status), not \(model.status)"
            }
            guard let vote = real.vote, model.phase == .voting else { continue }
            let (yes, no, abstain, veto) = tally(model)
            let counted = [vote.tally.yes, vote.tally.no, vote.tally.abstain, vote.tally.veto]
            if counted != [yes, no, abstain, veto].map({ UInt64($0) }) {
                difference = "the tally of \(index + 1) is \(vote.tally)"
            }
            if vote.end != Timestamp(UInt64(model.end)) || vote.isPassing != passes(model) {
                difference = "the vote of \(index + 1) is \(vote)"
            }
        }
        for (account, balance) in zip(world.voters, balances)
        where world.balance(account) != UInt64(balance) {
            difference = "the balance of \(account) is not \(balance)"
        }
        if world.treasury != UInt64(fullTreasury) {
            difference = "the treasury has \(world.treasury), not \(treasury)"
        }
        if world.balance(RandomLife.recipient) != UInt64(paid) { difference = "paid \(paid)" }
        if world.supply != UInt64(supply - burned) { difference = "burned \(burned)" }
    }

    /// Dust of fifths reaches the treasury with the last claim.
    private var fullTreasury: Int {
        let dust = proposals.filter(\.isDust).map { proposal in
            proposal.claimable.allSatisfy { $0 == 0 } ? fifthsDust(of: proposal) : 0
        }
        return treasury + dust.reduce(0, +)
    }

    private func fifthsDust(of proposal: ModelProposal) -> Int {
        let claimed = proposal.deposits.map { $0 - ($0 + 4) / 5 }.reduce(0, +)
        return proposal.sum - proposal.sum / 5 - claimed
    }
}
