import Chain
import Cryptography
import StateTree

@testable import Ledger

/// A state with holders, a treasury and proposals, driven block by block without transactions: each
/// call of an action stands for one.
struct GovernanceWorld {
    static let start = Timestamp(1_000_000_000_000)
    /// What each account has to spend.
    static let wealth: UInt64 = 1_000_000_000_000

    var state = State(over: MemoryState())
    var block: BlockContext
    var rules: Rules
    /// Accounts with stake, in the order of the powers.
    let voters: [Address]
    /// An account without stake.
    let outsider = GovernanceWorld.address(99)

    /// - Parameter powers: the stake of each voter.
    init(
        powers: [UInt64] = [40, 30, 20, 10], treasury: UInt64 = 1_000_000_000,
        parameters: Parameters = .development
    ) {
        voters = powers.indices.map { GovernanceWorld.address(UInt8($0)) }
        block = BlockContext(
            height: Height(1), view: View(1), parentView: View(0),
            timestamp: GovernanceWorld.start, parentTimestamp: Timestamp(0), proposer: 0,
            gasLimit: parameters.blockGasLimit)
        let facts = ChainFacts(
            chainID: ChainID("test-1") ?? Self.impossible(), genesisHash: .zero,
            time: GovernanceWorld.start, kind: parameters.kind, prefix: "alth")
        rules = Rules(facts: facts, parameters: parameters)
        state.write(.chainFacts, facts)
        state.write(.parameters, parameters)
        var supply = treasury
        for account in voters + [outsider] {
            supply += Self.wealth
            state.write(.balance(account, .native), Amount(Self.wealth))
        }
        let bonded = powers.reduce(0, +)
        supply += bonded
        if bonded > 0 {
            state.write(.balance(ModuleAccounts.bondedPool, .native), Amount(bonded))
        }
        GovernanceWorld.bond(powers, of: voters, in: &state)
        if treasury > 0 {
            state.write(.balance(ModuleAccounts.treasury, .native), Amount(treasury))
        }
        state.write(.supply(.native), Amount(supply))
    }

    /// All stake is with one validator.
    private static func bond(
        _ powers: [UInt64], of voters: [Address], in state: inout State<MemoryState>
    ) {
        let validator = address(77)
        let profile = ValidatorProfile(
            networkKey: Person(203).key, endpoint: "", moniker: "validator")
        Staking.register(
            ValidatorRecord(
                operatorAddress: validator, consensusKey: Person(204).key, profile: profile,
                commission: 0, status: .active),
            in: &state)
        for (account, power) in zip(voters, powers) where power > 0 {
            do {
                try Staking.deposit(
                    power, of: account, into: validator, at: .genesis, in: &state)
            } catch {
                preconditionFailure("stake can be deposited: \(error.code)")
            }
        }
    }

    static func address(_ seed: UInt8) -> Address {
        Address([UInt8](repeating: seed, count: 31) + [1])
    }

    private static func impossible() -> ChainID {
        preconditionFailure("the chain id of the tests is valid")
    }

    // MARK: Blocks

    var now: UInt64 { block.timestamp.value }

    /// The next block, so many milliseconds later.
    ///
    /// - Parameters:
    ///   - hasNewRules: whether parameters may have changed since the block before.
    ///   - hasNewEpoch: whether it is the first of an epoch.
    mutating func advance(
        by milliseconds: UInt64 = 1, hasNewRules: Bool = true, hasNewEpoch: Bool = false
    ) {
        if hasNewEpoch { block.epoch = block.epoch.advanced(by: 1) }
        block.parentTimestamp = block.timestamp
        block.timestamp = block.timestamp.advanced(by: milliseconds)
        block.height = block.height.advanced(by: 1)
        if hasNewRules, let parameters: Parameters = state.read(.parameters) {
            rules = Rules(
                facts: rules.facts, parameters: parameters, pauses: Pauses.table(in: state))
        }
        Governance.beginBlock(&state, block: block, rules: rules)
    }

    /// The first block at or after a time.
    mutating func advance(to time: Timestamp) {
        advance(by: max(1, time.value - min(now, time.value)))
    }

    // MARK: Actions

    func context(_ sender: Address) -> ActionContext {
        ActionContext(sender: sender, block: block, rules: rules)
    }

    /// What a draft's first deposit must be to be complete.
    func required(_ actions: [Action]) throws -> Amount {
        try Tracks.classify(actions, parameters: rules.parameters, in: state).requiredDeposit
    }

    /// Submits with the whole deposit unless another one is named.
    @discardableResult
    mutating func submit(
        _ actions: [Action] = [], by proposer: Address? = nil, deposit: Amount? = nil,
        title: String = "A proposal", body: String = "",
        conditions: [ProposalCondition] = []
    ) throws -> ProposalID {
        let draft = ProposalDraft(
            title: title, body: body, actions: actions, conditions: conditions,
            deposit: try deposit ?? required(actions))
        try act { world throws(Rejection) in
            try Governance.submit(
                draft, world.context(proposer ?? world.voters[0]), in: &world.state)
        }
        return GovernanceQueries.lastProposal(in: state)
    }

    /// Submits and goes to the block that opens the vote.
    mutating func openProposal(_ actions: [Action] = []) throws -> ProposalID {
        let id = try submit(actions)
        advance()
        return id
    }

    mutating func deposit(_ amount: UInt64, to id: ProposalID, by account: Address)
        throws(Rejection)
    {
        try act { world throws(Rejection) in
            try Governance.addDeposit(
                Amount(amount), to: id, world.context(account), in: &world.state)
        }
    }

    mutating func vote(
        _ voter: Int, _ weights: BallotWeights, on id: ProposalID, reason: String = ""
    ) throws(Rejection) {
        try vote(voters[voter], weights, on: id, reason: reason)
    }

    mutating func vote(
        _ account: Address, _ weights: BallotWeights, on id: ProposalID, reason: String = ""
    ) throws(Rejection) {
        let hash = proposal(id).contentHash
        try act { world throws(Rejection) in
            try Governance.cast(
                BallotCast(proposal: id, contentHash: hash, weights: weights, reason: reason),
                world.context(account), in: &world.state)
        }
    }

    mutating func cancel(_ id: ProposalID, by account: Address) throws(Rejection) {
        try act { world throws(Rejection) in
            try Governance.cancel(id, world.context(account), in: &world.state)
        }
    }

    mutating func claim(_ id: ProposalID, by account: Address) throws(Rejection) {
        try act { world throws(Rejection) in
            try Governance.claim(id, world.context(account), in: &world.state)
        }
    }

    mutating func petition(_ voter: Int, _ kind: PetitionKind, _ id: ProposalID)
        throws(Rejection)
    {
        try perform(
            .signPetition(PetitionSignature(proposal: id, kind: kind)), by: voters[voter])
    }

    /// An action as a transaction's.
    mutating func perform(_ action: Action, by account: Address) throws(Rejection) {
        try act { world throws(Rejection) in
            try Actions.perform(action, world.context(account), in: &world.state)
        }
    }

    /// All or nothing, as a transaction.
    private mutating func act(
        _ body: (inout GovernanceWorld) throws(Rejection) -> Void
    ) throws(Rejection) {
        state.checkpoint()
        do {
            try body(&self)
            state.commit()
        } catch {
            state.revert()
            throw error
        }
    }

    // MARK: Looking

    func proposal(_ id: ProposalID) -> Proposal {
        guard let proposal: Proposal = state.read(.proposal(id)) else {
            preconditionFailure("the test made proposal \(id)")
        }
        return proposal
    }

    func status(_ id: ProposalID) -> ProposalStatus { proposal(id).status }

    func reason(_ id: ProposalID) -> String { proposal(id).steps.last?.reason ?? "" }

    func tally(_ id: ProposalID) -> BallotAmounts { proposal(id).vote?.tally ?? .zero }

    func balance(_ account: Address) -> UInt64 { state.balance(of: account).value }

    var escrow: UInt64 { balance(ModuleAccounts.depositEscrow) }
    var treasury: UInt64 { balance(ModuleAccounts.treasury) }
    var supply: UInt64 { (state.read(.supply(.native), as: Amount.self) ?? .zero).value }

    func dryRun(_ id: ProposalID) -> DryRun {
        guard let report: DryRun = state.read(.decision(.dryRun(id))) else {
            preconditionFailure("proposal \(id) has a dry run")
        }
        return report
    }

    /// The supply is the sum of all balances, and the escrow has exactly what it owes.
    var isSound: Bool {
        var sum: UInt64 = 0
        for entry in state.entries(in: .balances, limit: 1_000) {
            sum += State<MemoryState>.decode(entry.value, as: Amount.self).value
        }
        return sum == supply && escrow == Governance.depositsTotal(in: state).value
    }
}

extension GovernanceQueries {
    static func lastProposal<Base: StateReader>(in state: State<Base>) -> ProposalID {
        state.read(.lastProposal) ?? ProposalID(0)
    }
}

extension BallotWeights {
    static let allYes = BallotWeights(yes: 10_000)
    static let allNo = BallotWeights(no: 10_000)
    static let allAbstain = BallotWeights(abstain: 10_000)
    static let allVeto = BallotWeights(veto: 10_000)
}

extension Action {
    static func set(_ name: String, _ value: UInt64) -> Action {
        .setParameter(ParameterChange(name: name, value: .integer(value)))
    }

    static func pay(_ amount: UInt64, to recipient: Address = GovernanceWorld.address(50)) -> Action
    {
        .spend(
            TreasurySpend(payments: [
                TreasuryPayment(recipient: recipient, asset: .native, amount: Amount(amount))
            ]))
    }
}
