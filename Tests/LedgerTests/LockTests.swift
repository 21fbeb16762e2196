import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// No setting within the hard bounds locks governance for ever: whatever holders decided, they can
/// decide it back.
@Suite struct LockTests {
    /// Nine tenths of who votes and three quarters of all, which is what the bounds can ask for at
    /// most; a third stays away.
    private static let powers: [UInt64] = [910_001, 89_999, 333_333]

    /// A random setting of ends and middles that the bounds allow together.
    private func setting(
        _ kind: ChainKind, _ random: inout SeededGenerator, _ choose: (inout SeededGenerator) -> Int
    ) throws -> Parameters {
        var parameters = Parameters(kind: kind)
        let supply = GovernanceWorld(powers: Self.powers).supply
        try parameters.set("gov.depositBase", to: .integer(1_000_000))
        for id in ParameterID.allCases.shuffled(using: &random) {
            let old = parameters[id]
            let value: ParameterValue
            switch id.definition.bounds {
            case .integer(let range, let developmentMinimum):
                let least = kind == .development ? developmentMinimum : range.lowerBound
                switch choose(&random) {
                case 0: value = .integer(least)
                case 1: value = .integer(range.upperBound)
                default:
                    value = .integer(UInt64.random(in: least...range.upperBound, using: &random))
                }
            case .ratio(let least, let most):
                switch choose(&random) {
                case 0: value = ParameterValue(least)
                case 1: value = ParameterValue(most)
                default: value = old
                }
            }
            try parameters.set(id, to: value)
            if !parameters.validate(supply: Amount(supply)).isEmpty {
                try parameters.set(id, to: old)
            }
        }
        return parameters
    }

    /// At most 16 changes that are valid together, in an order that is found one by one.
    private func changes(
        from parameters: Parameters, to wanted: Parameters, supply: Amount
    ) throws -> [Action] {
        var merged = parameters
        var actions: [Action] = []
        var areAboutPeople = false
        var found = true
        while found {
            found = false
            for id in ParameterID.allCases
            where merged[id] != wanted[id] && actions.count < ProposalDraft.actionsMax {
                // One topic in a proposal.
                let isAboutPeople = id.definition.track == .people
                guard actions.isEmpty || isAboutPeople == areAboutPeople else { continue }
                let old = merged[id]
                let known = merged.validate(supply: supply)
                try merged.set(id, to: wanted[id])
                guard merged.validate(supply: supply).allSatisfy(known.contains) else {
                    try merged.set(id, to: old)
                    continue
                }
                areAboutPeople = isAboutPeople
                actions.append(
                    .setParameter(ParameterChange(name: id.name, value: wanted[id])))
                found = true
            }
        }
        return actions
    }

    /// The lives of a proposal, from its submission until it is executed.
    private func decide(_ actions: [Action], in world: inout GovernanceWorld) throws -> String? {
        for _ in 0..<4 {
            let id = try world.submit(actions)
            let limit = world.now + 400 * Milliseconds.day
            while !world.status(id).isFinal, world.now < limit {
                world.advance(by: Milliseconds.hour, hasNewEpoch: world.now % 7 == 0)
                let proposal = world.proposal(id)
                switch proposal.phase {
                case .collecting: return "the deposit rose to \(proposal.deposit.required)"
                case .waiting(let until):
                    let end = world.proposal(ProposalID(1)).vote?.end ?? until
                    world.advance(to: max(world.block.timestamp, min(until, end)))
                case .voting:
                    guard let vote = proposal.vote else { return "no vote" }
                    if vote.ballots == 0 {
                        try world.vote(0, .allYes, on: id)
                        try world.vote(1, .allVeto, on: id)
                    }
                    world.advance(to: vote.end)
                case .queued(let eta): world.advance(to: eta)
                case .ended: break
                }
            }
            switch world.status(id) {
            case .executed: return nil
            // Another one had the place all the time: the next to come has it.
            case .expired: try world.claim(id, by: world.voters[0])
            case .deposit, .voting, .queued, .rejected, .vetoed, .failed, .cancelled:
                return "\(world.status(id)): \(world.reason(id))"
            }
        }
        return "no place became free"
    }

    /// Decides back everything, under the rules and beside a proposal that takes the first place.
    private func rescue(_ parameters: Parameters) throws -> String? {
        var world = GovernanceWorld(powers: Self.powers, parameters: parameters)
        world.state.write(.epoch(.zero), EpochRecord(first: Height(1), last: Height(.max)))
        var table = PauseTable.none
        for module in PausableModule.allCases {
            table.set(
                PauseTable.Entry(
                    module: module, until: Timestamp(world.now + ModulePause.durationMax),
                    proposal: ProposalID(1)))
        }
        world.state.write(.decision(.pauses), table)
        let places = parameters.row(.text).places
        try world.submit([.set("gov.textPlaces", places == 1 ? 2 : 1)], by: world.voters[1])
        let wanted = Parameters(kind: parameters.kind)
        var decisions = 0
        while true {
            world.advance()
            let actions = try changes(
                from: world.rules.parameters, to: wanted, supply: Amount(world.supply))
            if actions.isEmpty { break }
            if let problem = try decide(actions, in: &world) { return problem }
            decisions += 1
            if decisions > 20 { return "\(actions.count) changes are left" }
        }
        return world.rules.parameters == wanted && world.isSound ? nil : "the rules are others"
    }

    @Test(arguments: ChainKind.allCases)
    func `G-R42 the strictest setting can be decided back`(kind: ChainKind) throws {
        var random = SeededGenerator(seed: 42)
        for end in 0...1 {
            let parameters = try setting(kind, &random) { _ in end }
            let problem = try rescue(parameters)
            #expect(problem == nil, "\(end)")
        }
    }

    @Test(arguments: 0..<4)
    func `G-R42 no random setting within the bounds locks governance`(part: Int) throws {
        for seed in (part * 100)..<(part * 100 + 20) {
            var random = SeededGenerator(seed: UInt64(seed))
            let kind = ChainKind.allCases[seed % ChainKind.allCases.count]
            let parameters = try setting(kind, &random) { $0.below(3) }
            let problem = try rescue(parameters)
            #expect(problem == nil, "seed \(seed)")
        }
    }
}
