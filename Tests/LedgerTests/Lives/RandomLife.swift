import Chain
import Cryptography
import StateTree

@testable import Ledger

/// One random history, in the ledger and in the model.
struct RandomLife {
    static let recipient = GovernanceWorld.address(150)

    private var random: SeededGenerator
    private var world: GovernanceWorld
    private(set) var model: LifeModel
    private let supply: Int
    /// What most proposals of this life are about; such lives vote as one more often.
    private let theme: Theme
    private(set) var difference: String?

    private enum Theme: CaseIterable {
        case mixed, treasury, emergencies, decisions, people
    }

    init(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let scale = random.pick([1, 7, 1_000, 1_000_000_007])
        var powers: [Int] = []
        for _ in 0..<5 {
            powers.append(random.below(4) == 0 ? 0 : scale * (1 + random.below(9)))
        }
        // A crowd that only deposits.
        if random.below(16) == 0 { powers += [Int](repeating: 0, count: 65) }
        let treasury = random.pick([0, 1_000, 1_000_000_000, 40_000_000_000])
        theme = random.pick(Theme.allCases)
        let isAboutPeople = theme == .people
        let hasEscrow =
            (isAboutPeople || random.below(4) == 0) && powers.contains { $0 > 0 }
        self.random = random
        world = GovernanceWorld(
            powers: powers.map { UInt64(hasEscrow ? 2 * $0 : $0) }, treasury: UInt64(treasury))
        world.advance()
        if hasEscrow { Self.slashHalf(&world) }
        model = LifeModel(
            powers: powers, wealth: Int(GovernanceWorld.wealth), treasury: treasury,
            hasEscrow: hasEscrow, start: Int(GovernanceWorld.start.value), now: Int(world.now),
            height: Int(world.block.height.value))
        supply = Int(world.supply)
    }

    private static func slashHalf(_ world: inout GovernanceWorld) {
        world.state.write(.epoch(.zero), EpochRecord(first: Height(1), last: Height(.max)))
        let clock = StakeClock(world.block, world.rules.parameters)
        let validator = GovernanceWorld.address(77)
        let cut = Staking.slash(
            validator, for: .zero, Billionths(500_000_000), clock, in: &world.state)
        Staking.hold(
            cut, of: validator, for: .zero, holders: .genesis, reporter: nil, clock,
            in: &world.state)
    }

    /// The root of everything that the life left behind.
    var root: Digest {
        var state = world.state
        return StateTree.apply(state.takeWrites(), version: 1, over: MemoryState()).tree.hash
    }

    /// How some lives begin, so that rare things are not: a decision that fails for want of money,
    /// a deposit that rises, an emergency that is opened again.
    private mutating func prelude() {
        let all = model.treasury
        switch theme {
        case .treasury, .decisions:
            guard all > 0 else { return }
            let most = ModelRow.greatest.required
            if random.below(2) == 0 {
                submit(.spend(max(1, all / 2_000)), by: 1, deposit: 2_000_000)
            }
            let isShort = random.below(2) == 0
            submit(.spend(all), by: 0, deposit: most)
            submit(
                .spend(all), isShort ? [.heightAtMost(model.height + 9)] : [], by: 2,
                deposit: most)
            step(by: 1)
            for index in model.proposals.indices { campaign(index) }
            step(by: 20_000)
            step(by: 5_000)
        case .emergencies:
            submit(
                .pause(.transfers, 600_000), by: random.below(5),
                deposit: ModelRow.pause.required)
            step(by: 1)
            campaign(0)
            step(by: 1)
            if random.below(2) == 0 { petition() }
        case .mixed, .people: break
        }
        compare()
    }

    mutating func run() {
        if random.below(2) == 0 { prelude() }
        for _ in 0..<44 where difference == nil {
            switch random.below(18) {
            case 0, 1, 2: submit()
            case 16: if theme == .mixed { vote() } else { campaign() }
            case 17: if theme == .mixed { advance() } else { campaign() }
            case 3: deposit()
            case 4, 5, 6, 7: vote()
            case 8: if random.below(3) == 0 { cancel() } else { petition() }
            case 9: petition()
            case 10: claim()
            case 11: executeAgain()
            case 12: if random.below(2) == 0, theme != .people { transfer() } else { claimReturn() }
            default: advance()
            }
            compare()
        }
        if difference == nil { finish() }
    }

    // MARK: Actions

    private mutating func attempt(
        _ what: String, _ body: (inout GovernanceWorld) throws -> Void,
        _ expectation: (inout LifeModel) -> Bool
    ) {
        var refusal: String?
        do {
            try body(&world)
        } catch {
            refusal = (error as? Rejection)?.code ?? "\(error)"
        }
        let isAccepted = expectation(&model)
        guard isAccepted != (refusal == nil), difference == nil else { return }
        difference =
            "\(what) at \(model.now): the model \(isAccepted ? "accepts" : "refuses"), "
            + "the ledger says \(refusal ?? "ok")"
    }

    private mutating func account() -> Int {
        random.below(random.below(8) == 0 ? model.powers.count : 5)
    }

    private mutating func proposal() -> Int? {
        model.proposals.isEmpty ? nil : random.below(model.proposals.count)
    }

    /// Mostly one of those that it can be done to.
    private mutating func proposal(where isFit: (ModelProposal) -> Bool) -> Int? {
        let fit = model.proposals.indices.filter { isFit(model.proposals[$0]) }
        return fit.isEmpty || random.below(4) == 0 ? proposal() : random.pick(fit)
    }

    private func id(_ index: Int) -> ProposalID { ProposalID(UInt64(index + 1)) }

    private mutating func action() -> ModelAction {
        let treasury = model.treasury
        let module = random.pick(PausableModule.allCases)
        let kinds: [Int] =
            switch theme {
            case .mixed: [0]
            case .treasury: [3, 4, 5, 6]
            case .emergencies: [7, 8, 8, 9, 9]
            case .decisions: [3, 4, 10, 10]
            case .people: [11, 12, 13, 13]
            }
        let isThemed = theme != .mixed && random.below(5) > 0
        switch isThemed ? random.pick(kinds) : random.below(14) {
        case 0, 1: return .text
        case 2...6:
            return .spend(
                random.pick([
                    treasury / 2_000, treasury / 500, treasury / 50, treasury, treasury,
                    treasury + 1,
                ]))
        case 7: return .pause(.transfers, random.pick([1, 20_000, 90_000, 0, 604_800_001]))
        case 8: return .pause(module, random.pick([4_000, 90_000, 600_000, 600_000]))
        case 9:
            let paused = PausableModule.allCases.first { model.pauses[$0] != nil }
            return .resume(random.below(4) == 0 ? module : paused ?? module)
        case 10:
            let count = model.proposals.count
            let queued = model.proposals.firstIndex { $0.status == .queued }
            return .cancelQueued(
                random.below(4) == 0 ? random.below(count + 1) : queued ?? count)
        case 11: return .people(random.pick([1, 50, 500, 501]))
        case 12: return .parameter(random.pick([0, 1, 77, 1_000_000]))
        default: return .giveBack
        }
    }

    private mutating func conditions() -> [ModelCondition] {
        guard random.below(3) == 0 else { return [] }
        return (0...random.below(2)).map { _ in
            switch random.below(3) {
            case 0: .treasuryAtLeast(random.pick([0, model.treasury / 2, model.treasury]))
            case 1: .heightAtMost(model.height + random.pick([0, 3, 9, 100]))
            default: .executed(random.below(model.proposals.count + 1))
            }
        }
    }

    private mutating func submit() {
        guard model.proposals.count < 7 else { return }
        let account = account()
        let action = action()
        let conditions = conditions()
        let required = ModelRow.of(action, treasury: model.treasury).required
        let part = random.pick([
            required, required, required, required, required / 5, required / 5 - 1, required + 1,
        ])
        submit(action, conditions, by: account, deposit: part)
    }

    private mutating func submit(
        _ action: ModelAction, _ conditions: [ModelCondition] = [], by account: Int,
        deposit part: Int
    ) {
        let real = real(action)
        attempt(
            "submit \(action) \(conditions) with \(part)",
            { world in
                try world.submit(
                    real, by: world.voters[account], deposit: Amount(UInt64(part)),
                    conditions: conditions.map(Self.real))
            }, { $0.submit(action, conditions, by: account, deposit: part) })
    }

    private func real(_ action: ModelAction) -> [Action] {
        switch action {
        case .text: []
        case .spend(let amount): [.pay(UInt64(amount), to: Self.recipient)]
        case .pause(let module, let duration):
            [.pause(ModulePause(module: module, duration: UInt64(duration)))]
        case .resume(let module): [.resume(module)]
        case .cancelQueued(let index): [.cancelQueued(id(index))]
        case .people(let part):
            [
                .setParameter(
                    ParameterChange(
                        name: "staking.commissionFloor",
                        value: .ratio(numerator: UInt32(part), denominator: 1_000)))
            ]
        case .parameter(let least): [.set("staking.minDelegation", UInt64(least))]
        case .giveBack: [.returnStake(EscrowID(1))]
        }
    }

    private static func real(_ condition: ModelCondition) -> ProposalCondition {
        switch condition {
        case .treasuryAtLeast(let amount):
            .treasuryAtLeast(asset: .native, amount: Amount(UInt64(amount)))
        case .heightAtMost(let height): .heightAtMost(Height(UInt64(height)))
        case .executed(let index): .executed(ProposalID(UInt64(index + 1)))
        }
    }

    private mutating func deposit() {
        guard let index = proposal() else { return }
        // A crowd comes at once.
        let count = model.powers.count > 5 && random.below(3) > 0 ? 66 : 1
        for _ in 0..<count where difference == nil {
            let account = count > 1 ? random.below(model.powers.count) : account()
            let required = model.proposals[index].required
            let missing = max(0, required - model.proposals[index].sum)
            let least = (required + 63) / 64
            let amount = random.pick(
                count > 1
                    ? [least] : [missing, missing + 1, least, required / 64 - 1, missing / 2])
            let id = id(index)
            attempt(
                "deposit \(amount) to \(id)",
                { try $0.deposit(UInt64(amount), to: id, by: $0.voters[account]) },
                { $0.deposit(amount, to: index, by: account) })
        }
    }

    private mutating func vote() {
        guard let index = proposal() else { return }
        let account = account()
        let weights = random.pick([
            [10_000, 0, 0, 0], [10_000, 0, 0, 0], [10_000, 0, 0, 0], [10_000, 0, 0, 0],
            [10_000, 0, 0, 0], [0, 10_000, 0, 0], [0, 0, 10_000, 0], [0, 0, 0, 10_000],
            [3_333, 3_333, 1, 3_333], [1, 2, 3, 9_994], [5_000, 4_000, 0, 0],
        ])
        let ballot = BallotWeights(
            yes: UInt16(weights[0]), no: UInt16(weights[1]), abstain: UInt16(weights[2]),
            veto: UInt16(weights[3]))
        let id = id(index)
        attempt(
            "vote on \(id)", { try $0.vote(account, ballot, on: id) },
            { $0.vote(weights, on: index, by: account) })
    }

    /// Everybody votes yes on one proposal.
    private mutating func campaign() {
        guard let index = proposal(where: { $0.phase == .voting }) else { return }
        campaign(index)
    }

    private mutating func campaign(_ index: Int) {
        let id = id(index)
        for account in 0..<5 {
            attempt(
                "vote on \(id)", { try $0.vote(account, .allYes, on: id) },
                { $0.vote([10_000, 0, 0, 0], on: index, by: account) })
        }
    }

    private mutating func cancel() {
        guard let index = proposal(where: { $0.phase == .voting }) else { return }
        let account = random.below(3) > 0 ? model.proposals[index].proposer : account()
        let id = id(index)
        attempt(
            "cancel \(id)", { try $0.cancel(id, by: $0.voters[account]) },
            { $0.cancel(index, by: account) })
    }

    private mutating func petition() {
        guard let index = proposal(where: { $0.status == .queued }) else { return }
        let account = account()
        let kind = random.pick([PetitionKind.reopen, .reopen, .cancel])
        let id = id(index)
        attempt(
            "petition on \(id)", { try $0.petition(account, kind, id) },
            { $0.petition(kind, on: index, by: account) })
    }

    private mutating func claim() {
        guard let index = proposal() else { return }
        claim(index, by: account())
    }

    private mutating func claim(_ index: Int, by account: Int) {
        let id = id(index)
        attempt(
            "claim of \(id)", { try $0.claim(id, by: $0.voters[account]) },
            { $0.claim(index, by: account) })
    }

    private mutating func executeAgain() {
        guard let index = proposal(where: { $0.isFailing }) else { return }
        let account = account()
        let id = id(index)
        attempt(
            "execute \(id)",
            { try $0.perform(.executeProposal(id), by: $0.voters[account]) },
            { $0.executeAgain(index) })
    }

    private mutating func transfer() {
        let account = account()
        attempt(
            "transfer",
            { world in
                try world.perform(
                    .transfer(to: world.outsider, asset: .native, amount: Amount(1)),
                    by: world.voters[account])
            }, { $0.transfer(by: account) })
    }

    private mutating func claimReturn() {
        guard model.hasEscrow else { return }
        let account = account()
        attempt(
            "claim of a return",
            { try $0.perform(.staking(.claimReturn(EscrowID(1))), by: $0.voters[account]) },
            { $0.claimReturn(by: account) })
    }

    // MARK: Blocks

    private mutating func advance() {
        let waits = [
            1, 1, 500, 1_000, 2_999, 3_000, 4_999, 5_000, 5_000, 17_000, 20_000, 20_000, 600_000,
        ]
        step(by: random.pick(waits))
    }

    private mutating func step(by milliseconds: Int) {
        let hasNewEpoch = random.below(3) == 0
        world.advance(by: UInt64(milliseconds), hasNewEpoch: hasNewEpoch)
        model.step(by: milliseconds, hasNewEpoch: hasNewEpoch)
    }

    // MARK: Comparison

    private mutating func compare() {
        guard difference == nil else { return }
        for (index, proposal) in model.proposals.enumerated() {
            difference = difference ?? Self.difference(world.proposal(id(index)), proposal, model)
        }
        for (account, balance) in zip(world.voters, model.balances)
        where world.balance(account) != UInt64(balance) {
            difference = "the balance of \(account) is not \(balance)"
        }
        let numbers: [(String, UInt64, Int)] = [
            ("treasury", world.treasury, model.treasury),
            ("recipient", world.balance(Self.recipient), model.paid),
            ("outsider", world.balance(world.outsider), model.outsider),
            ("supply", world.supply, supply - model.burned),
            ("escrow", world.escrow, model.proposals.reduce(0) { $0 + $1.escrowed }),
        ]
        for (name, found, expected) in numbers where found != UInt64(expected) {
            difference = "\(name) has \(found), not \(expected)"
        }
        let pauses = Pauses.table(in: world.state)
        for module in PausableModule.allCases
        where pauses[module]?.until != model.pauses[module].map({ Timestamp(UInt64($0)) }) {
            difference = "the pause of \(module) is \(String(describing: pauses[module]))"
        }
    }

    private static func difference(
        _ real: Proposal, _ proposal: ModelProposal, _ model: LifeModel
    ) -> String? {
        if real.status != proposal.status {
            return "proposal \(real.id) is \(real.status), not \(proposal.status): "
                + "\(real.steps.last?.reason ?? ""), \(proposal.action)"
        }
        if Int(real.deposit.depositors) != proposal.records.count, proposal.refund != .none {
            return "proposal \(real.id) has \(real.deposit.depositors) depositors"
        }
        guard let vote = real.vote, proposal.phase == .voting else { return nil }
        let tally = proposal.tally(model.powers)
        let counted = [vote.tally.yes, vote.tally.no, vote.tally.abstain, vote.tally.veto]
        if counted != [tally.yes, tally.no, tally.abstain, tally.veto].map({ UInt64($0) }) {
            return "the tally of \(real.id) is \(vote.tally)"
        }
        if vote.tally.cast > UInt128(vote.totalPower) || vote.totalPower != UInt64(model.total) {
            return "more than all votes on \(real.id)"
        }
        if vote.end != Timestamp(UInt64(proposal.end)) || vote.isPassing != model.passes(proposal) {
            return "the vote of \(real.id) is \(vote), not until \(proposal.end)"
        }
        return nil
    }

    // MARK: The end

    /// Lets everything end, claims everything, and waits until only receipts are left.
    private mutating func finish() {
        for _ in 0..<14 where difference == nil && model.proposals.contains(where: \.isAlive) {
            step(by: 700_000)
            compare()
        }
        if difference == nil, model.proposals.contains(where: \.isAlive) {
            difference = "a proposal never ends"
        }
        for index in model.proposals.indices {
            for account in model.proposals[index].records.keys.sorted() where difference == nil {
                claim(index, by: account)
            }
        }
        compare()
        guard difference == nil else { return }
        if !world.isSound { difference = "the sums are not sound" }
        for _ in 0..<3 { step(by: 3_600_000) }
        compare()
        difference = difference ?? leftover()
    }

    /// What governance keeps for ever of what has ended: a record and an entry of an index.
    private func leftover() -> String? {
        // The last number, records, their index by status, and what the treasury's limit needs.
        let kept: Set<UInt8> = [0, 1, 10, 38, 40, 41, 42]
        for kind in 0..<96 as Range<UInt8> where !kept.contains(kind) {
            if let entry = world.state.firstEntry(in: StateKeyRange(.governance, kind: kind)) {
                return "kind \(kind) keeps \(entry.key.count + entry.value.count) bytes"
            }
        }
        for kind in [1, 10] as [UInt8] {
            let entries = world.state.entries(
                in: StateKeyRange(.governance, kind: kind), limit: .max)
            guard entries.count == model.proposals.count else { return "\(entries.count) records" }
            for entry in entries where entry.key.count + entry.value.count > 400 {
                return "a receipt has \(entry.key.count + entry.value.count) bytes"
            }
        }
        return nil
    }
}

extension ModelProposal {
    fileprivate var isAlive: Bool { !status.isFinal }

    fileprivate var isFailing: Bool {
        if case .retried = phase { return true }
        return false
    }
}
