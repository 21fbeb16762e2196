import Chain
import Cryptography
import StateTree

@testable import Ledger

/// Stake with several validators, and proposals over it, driven block by block. At the end of each
/// block everything that counts is copied, so that a vote can be counted again from the copy of its
/// snapshot alone.
struct CountingWorld {
    var stake: StakeWorld
    /// What was true at the end of each block.
    private(set) var copies: [UInt64: CountingCopy] = [:]
    /// The representatives that were named, by account and group.
    private(set) var named: [Address: [[Representative]]] = [:]
    /// The ballots that were accepted, by proposal.
    private(set) var ballots: [UInt64: [Address: BallotWeights]] = [:]
    private(set) var proposals: [ProposalID] = []
    /// How many lots can count with one representative.
    let lotSlots: Int

    /// - Parameter lotSlots: the others are taken by nobody.
    init(
        validators: Int = 3, accounts: Int = 5, warmUp: UInt64 = 0, selfBond: UInt64 = 1_000,
        lotSlots: Int = ReceivedSlots.countOfEach
    ) throws {
        self.lotSlots = lotSlots
        stake = try StakeWorld(
            validators: validators, accounts: accounts, selfBond: selfBond)
        try stake.parameters.set("staking.warmUp", to: .integer(warmUp))
        try stake.parameters.set("gov.depositBase", to: .integer(1_000))
        stake.state.write(.parameters, stake.parameters)
        stake.state.write(.chainFacts, stake.rules.facts)
        let treasury: UInt64 = 1_000_000_000
        stake.state.write(.balance(ModuleAccounts.treasury, .native), Amount(treasury))
        stake.supply += treasury
        stake.state.write(.supply(.native), Amount(stake.supply))
        copies[0] = CountingCopy()
        if lotSlots < ReceivedSlots.countOfEach { takeSlots() }
        stake.advance(by: 0)
        copies[1] = copy()
    }

    private mutating func takeSlots() {
        let lot = StakePlace.lot(
            LotID(
                validator: stake.validators[0],
                origin: StakeOrigin(validator: stake.validators[1], exit: .zero)))
        var slots = ReceivedSlots()
        for _ in lotSlots..<ReceivedSlots.countOfEach { _ = slots.take(for: lot) }
        for account in accounts {
            for group in TopicGroup.allCases {
                stake.state.write(.representation(.receivedSlots(account, group)), slots)
            }
        }
    }

    var accounts: [Address] { stake.accounts }
    var state: State<MemoryState> { stake.state }

    // MARK: Time

    /// Ends the block, and begins the next one.
    mutating func advance(by milliseconds: UInt64 = 10) {
        copies[stake.height.value] = copy()
        stake.advance(by: milliseconds)
        Governance.beginBlock(&stake.state, block: stake.block, rules: stake.rules)
    }

    /// Ends the epoch with this block, as far as votes feel it.
    mutating func endEpoch() {
        guard let record: EpochRecord = state.read(.epoch(stake.epoch)) else {
            preconditionFailure("the epoch has a record")
        }
        stake.state.write(
            .epoch(stake.epoch),
            EpochRecord(
                first: record.first, last: stake.height, endTime: Timestamp(stake.now)))
        let clock = stake.clock
        Staking.moveHorizon(clock, in: &stake.state)
        stake.epoch = stake.epoch.advanced(by: 1)
        stake.state.write(
            .epoch(stake.epoch),
            EpochRecord(first: stake.height.advanced(by: 1), last: Height(.max)))
        advance(by: StakeWorld.epochMilliseconds)
    }

    // MARK: Actions

    /// All or nothing, as a transaction; what is free is settled before and stays so.
    mutating func act(
        _ account: Int,
        _ body: (inout CountingWorld, ActionContext) throws(Rejection) -> Void
    ) throws(Rejection) {
        Staking.settle(accounts[account], stake.clock, in: &stake.state)
        stake.state.checkpoint()
        do {
            try body(&self, stake.context(account))
            stake.state.commit()
        } catch {
            stake.state.revert()
            throw error
        }
    }

    mutating func perform(_ action: StakingAction, by account: Int) throws(Rejection) {
        try act(account) { world, context throws(Rejection) in
            try Staking.perform(action, context, in: &world.stake.state)
        }
    }

    mutating func delegate(_ amount: UInt64, to validator: Int, by account: Int) throws(Rejection) {
        try perform(
            .delegate(validator: stake.validators[validator], amount: Amount(amount)), by: account)
    }

    /// - Parameter weights: in basis points, by account.
    mutating func represent(
        _ account: Int, by weights: [(Int, UInt16)], _ group: TopicGroup = .general
    ) throws(Rejection) {
        let list = weights.map { Representative(account: accounts[$0.0], weight: $0.1) }
        try act(account) { world, context throws(Rejection) in
            try Representation.set(
                RepresentationAction(group: group, representatives: list), context,
                in: &world.stake.state)
        }
        named[accounts[account], default: [[], [], [], []]][Int(group.rawValue)] = list
    }

    /// A proposal that is in voting from the next block on.
    mutating func open(_ group: TopicGroup = .general) throws -> ProposalID {
        let id = try submit(group)
        advance()
        return id
    }

    mutating func submit(_ group: TopicGroup = .general) throws -> ProposalID {
        let actions: [Action] =
            switch group {
            case .treasury: [.pay(1_000)]
            case .protocol: [.set("gov.textPeriod", 30_000)]
            case .people: [.set("staking.maxValidators", 20)]
            case .general: []
            }
        let context = stake.context(0)
        let deposit = try Tracks.classify(
            actions, parameters: stake.parameters, in: state
        ).requiredDeposit
        try act(0) { world, _ throws(Rejection) in
            try Governance.submit(
                ProposalDraft(title: "A proposal", body: "", actions: actions, deposit: deposit),
                context, in: &world.stake.state)
        }
        let id = GovernanceQueries.lastProposal(in: state)
        proposals.append(id)
        return id
    }

    mutating func vote(
        _ account: Int, _ weights: BallotWeights, on id: ProposalID
    ) throws(Rejection) {
        let hash = proposal(id).contentHash
        try act(account) { world, context throws(Rejection) in
            try Governance.cast(
                BallotCast(proposal: id, contentHash: hash, weights: weights), context,
                in: &world.stake.state)
        }
        ballots[id.value, default: [:]][accounts[account]] = weights
    }

    // MARK: Looking

    func proposal(_ id: ProposalID) -> Proposal {
        guard let proposal: Proposal = state.read(.proposal(id)) else {
            preconditionFailure("the test made proposal \(id)")
        }
        return proposal
    }

    func tally(_ id: ProposalID) -> BallotAmounts { proposal(id).vote?.tally ?? .zero }

    func ballot(_ account: Int, _ id: ProposalID) -> Ballot? {
        state.read(.ballot(id, accounts[account]))
    }

    private func copy() -> CountingCopy {
        var copy = CountingCopy()
        for entry in state.entries(in: .stakePositions, limit: .max) {
            guard case .place(let place) = StakeHolding(positionKey: entry.key) else { continue }
            let position: StakePosition = State<MemoryState>.decode(entry.value)
            copy.parts.append(
                CountingCopy.Part(
                    owner: Address(Array(entry.key[3..<35])), place: place,
                    generation: position.generation, shares: position.shares))
        }
        for entry in state.entries(in: .pools, limit: .max) {
            let pool: ValidatorPool = State<MemoryState>.decode(entry.value)
            copy.pools[Address(Array(entry.key.suffix(32)))] = pool.stake
        }
        for entry in state.entries(in: .lots, limit: .max) {
            guard let id = LotID(lotKey: entry.key) else { continue }
            copy.lots[id] = State<MemoryState>.decode(entry.value)
        }
        copy.named = named
        copy.lotSlots = lotSlots
        return copy
    }

    /// What the ledger counts against what is counted by hand; nil if nothing differs.
    func difference(on id: ProposalID) -> String? {
        guard let vote = proposal(id).vote, let copy = copies[vote.snapshot.value] else {
            return nil
        }
        let group = proposal(id).group
        let count = copy.count(ballots[id.value] ?? [:], group)
        if vote.totalPower != copy.total { return "the total is \(vote.totalPower)" }
        if count.tally != vote.tally {
            return "the tally of \(id) is \(vote.tally), by hand \(count.tally)"
        }
        if count.powers.values.reduce(0, +) > vote.totalPower { return "more than all votes" }
        for (voter, power) in count.powers {
            let ballot: Ballot? = state.read(.ballot(id, voter))
            if ballot?.power != power { return "a ballot has \(ballot?.power ?? 0), not \(power)" }
        }
        return vote.ballots == UInt64(count.powers.count) ? nil : "\(vote.ballots) ballots"
    }

    /// Sums of what is lent that are not those of all positions; nil if there are none.
    func sumsDifference() -> String? {
        let copy = copy()
        var sums: [StateKey: UInt128] = [:]
        for part in copy.parts {
            for group in TopicGroup.allCases {
                for representative in copy.representatives(of: part.owner, group) {
                    let share = part.shares * UInt128(representative.weight) / 10_000
                    guard share > 0 else { continue }
                    let key = ShareKey(place: part.place, generation: part.generation)
                    let place = RepresentationKey.received(representative.account, group, key)
                    sums[.representation(place), default: 0] += share
                }
            }
        }
        var count = 0
        for entry in state.entries(in: .received, limit: .max) {
            let record: ReceivedShares = State<MemoryState>.decode(entry.value)
            count += 1
            guard sums.contains(where: { $0.key.bytes == entry.key && $0.value == record.shares })
            else { return "a sum is \(record.shares)" }
        }
        guard count == sums.count else { return "\(count) sums instead of \(sums.count)" }
        return Representation.violations(in: state).first?.description
    }
}

/// Everything that counts, at the end of one block; and how it counts, by the words of
/// governance.md 2, from the ballots that were cast whatever their order.
struct CountingCopy {
    struct Part {
        let owner: Address
        let place: StakePlace
        let generation: UInt64
        let shares: UInt128
    }

    var parts: [Part] = []
    var pools: [Address: ShareRecord] = [:]
    var lots: [LotID: StakeLot] = [:]
    var named: [Address: [[Representative]]] = [:]
    var lotSlots = ReceivedSlots.countOfEach

    var total: UInt64 { pools.values.reduce(0) { $0 + UInt64($1.amount) } }

    func representatives(of account: Address, _ group: TopicGroup) -> [Representative] {
        named[account]?[Int(group.rawValue)] ?? []
    }

    private func worth(_ shares: UInt128, _ place: StakePlace, _ generation: UInt64) -> UInt64 {
        guard let pool = pools[place.validator], pool.shares > 0 else { return 0 }
        func floor(_ part: UInt128, of record: ShareRecord) -> UInt128 {
            record.shares.dividingFullWidth(part.multipliedFullWidth(by: record.amount)).quotient
        }
        switch place {
        case .pool:
            return pool.generation == generation ? UInt64(floor(shares, of: pool)) : 0
        case .lot(let id):
            guard let lot = lots[id], lot.stake.generation == generation,
                lot.poolGeneration == pool.generation
            else { return 0 }
            return UInt64(floor(floor(shares, of: lot.stake), of: pool))
        }
    }

    /// Shares are counted one by one: each belongs to somebody, who lends it to one or to nobody.
    func count(
        _ ballots: [Address: BallotWeights], _ group: TopicGroup
    ) -> (tally: BallotAmounts, powers: [Address: UInt64]) {
        var powers: [Address: UInt64] = [:]
        for voter in ballots.keys {
            var power: UInt64 = 0
            for part in parts where part.owner == voter {
                let list = representatives(of: part.owner, group)
                let shares = list.map { part.shares * UInt128($0.weight) / 10_000 }
                for share in shares + [part.shares - shares.reduce(0, +)] {
                    power += worth(share, part.place, part.generation)
                }
            }
            // What it was lent: all of a place together, less the parts of who voted.
            let received = received(by: voter, group)
            for (key, shares) in received { power += worth(shares, key.place, key.generation) }
            for part in parts
            where ballots[part.owner] != nil
                && received[ShareKey(place: part.place, generation: part.generation)] != nil
            {
                for representative in representatives(of: part.owner, group)
                where representative.account == voter {
                    let share = part.shares * UInt128(representative.weight) / 10_000
                    power -= worth(share, part.place, part.generation)
                }
            }
            powers[voter] = power
        }
        var tally = BallotAmounts.zero
        for (voter, weights) in ballots {
            let amounts = Self.split(powers[voter] ?? 0, weights)
            tally.yes += amounts[0]
            tally.no += amounts[1]
            tally.abstain += amounts[2]
            tally.veto += amounts[3]
        }
        return (tally, powers)
    }

    /// All that was lent to an account and counts with it: of the lots only the largest.
    private func received(by account: Address, _ group: TopicGroup) -> [ShareKey: UInt128] {
        var sums = lent(to: account, group)
        for (key, _) in lots(in: sums).dropFirst(lotSlots) { sums[key] = nil }
        return sums
    }

    /// How many lots an account was lent from that do not count with it.
    func waiting(for account: Address, _ group: TopicGroup) -> Int {
        max(0, lots(in: lent(to: account, group)).count - lotSlots)
    }

    private func lent(to account: Address, _ group: TopicGroup) -> [ShareKey: UInt128] {
        var sums: [ShareKey: UInt128] = [:]
        for part in parts {
            for representative in representatives(of: part.owner, group)
            where representative.account == account {
                let share = part.shares * UInt128(representative.weight) / 10_000
                guard share > 0 else { continue }
                sums[ShareKey(place: part.place, generation: part.generation), default: 0] += share
            }
        }
        return sums
    }

    /// The lots among what is lent, the largest first. Of equal ones the name decides: the exit,
    /// the two validators, and the generation.
    private func lots(in sums: [ShareKey: UInt128]) -> [(key: ShareKey, shares: UInt128)] {
        func isLarger(
            _ a: (key: ShareKey, shares: UInt128), _ b: (key: ShareKey, shares: UInt128)
        ) -> Bool {
            guard a.shares == b.shares else { return a.shares > b.shares }
            guard case .lot(let one) = a.key.place, case .lot(let other) = b.key.place else {
                preconditionFailure("only lots are compared")
            }
            if one.origin.exit != other.origin.exit { return one.origin.exit > other.origin.exit }
            if one.validator != other.validator { return one.validator > other.validator }
            if one.origin.validator != other.origin.validator {
                return one.origin.validator > other.origin.validator
            }
            return a.key.generation > b.key.generation
        }
        let lots = sums.filter { if case .lot = $0.key.place { true } else { false } }
        return lots.map { (key: $0.key, shares: $0.value) }.sorted(by: isLarger)
    }

    static func split(_ power: UInt64, _ weights: BallotWeights) -> [UInt64] {
        let all = [weights.yes, weights.no, weights.abstain, weights.veto].map { UInt64($0) }
        var parts = all.map { UInt64(UInt128(power) * UInt128($0) / 10_000) }
        let greatest = all.firstIndex(of: all.max() ?? 0) ?? 0
        parts[greatest] += power - parts.reduce(0, +)
        return parts
    }
}
