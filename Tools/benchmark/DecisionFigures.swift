import Chain
import Cryptography
import Ledger
import StateTree

/// The ends of votes with few and with very many ballots, on one chain: they read the sum of the
/// ballots, never one.
enum ClosingFigures {
    /// The medians of the blocks that end the votes, in nanoseconds.
    static func measure(_ ballots: [Int]) -> [Int64] {
        // A deposit is at most a thousandth of the supply.
        let accounts = Accounts(count: 64)
        let genesis = Members(ports: Array(1...4)).genesis(
            accounts: accounts, blockInterval: 100, idleInterval: 1_000)
        var chain = LedgerChain(genesis, accounts: accounts)
        let draft = ProposalDraft(
            title: "A vote", body: "", actions: [], deposit: Amount(10_000_000))
        for count in ballots {
            chain.append([chain.transaction([.submitProposal(draft)], from: 0)])
            chain.append()
            var proposal = last(of: chain)
            guard var vote = proposal.vote else { preconditionFailure("the vote is open") }
            chain.write { state in
                vote.cast(count, on: proposal.id, in: &state)
                proposal.vote = vote
                state.write(.proposal(proposal.id), proposal)
            }
        }
        return ballots.indices.map { index in
            let id = ProposalID(UInt64(index) + 1)
            guard let vote = GovernanceQueries.proposal(id, over: chain.state)?.proposal.vote else {
                preconditionFailure("the vote is open: \(id)")
            }
            let wait = vote.end.value - chain.time.value
            let expected = Event.governance(.statusChanged(id, .queued))
            let times = (0..<21).map { _ in
                let (execution, time) = chain.execute(after: wait)
                precondition(execution.blockEvents.contains(expected), "the vote has ended")
                return time
            }
            chain.append(after: wait)
            // What was decided is executed, so that it is in no other's time.
            chain.append()
            return times.sorted()[times.count / 2]
        }
    }

    private static func last(of chain: LedgerChain) -> Proposal {
        let id = GovernanceQueries.lastProposal(over: chain.state)
        guard let view = GovernanceQueries.proposal(id, over: chain.state) else {
            preconditionFailure("the proposal is there: \(id)")
        }
        return view.proposal
    }
}

extension ProposalVote {
    /// Writes the ballots of so many accounts with equal power, nine tenths of all together, as
    /// votes would have written them, and adds them to the tally.
    fileprivate mutating func cast(
        _ count: Int, on id: ProposalID, in state: inout State<MemoryState>
    ) {
        let power = totalPower / 10 * 9 / UInt64(count)
        for index in 0..<count {
            let weights = BallotWeights(yes: 7_000, no: 2_000, abstain: 1_000)
            let amounts = Tally.split(power, by: weights)
            let voter = Address(Digest(.message, Accounts.seed(index)).bytes)
            state.write(
                .ballot(id, voter),
                Ballot(
                    weights: weights, own: power, amounts: amounts, height: openedHeight,
                    reason: "for these good reasons"))
            tally.yes += amounts.yes
            tally.no += amounts.no
            tally.abstain += amounts.abstain
        }
        ballots = UInt64(count)
        isPassing = Tally.isPassing(tally, total: totalPower, row: row)
    }
}

/// What blocks do by themselves while very many proposals are open or wait for their execution.
/// All were submitted, opened and decided by transactions and blocks.
struct HookFigures {
    /// Of each track at once; the most that holders may allow.
    private static let places = 100

    private let half: Int
    private var chain: LedgerChain

    init(count: Int) {
        half = count / 2
        let accounts = Accounts(count: 64)
        let genesis = Members(ports: Array(1...4)).genesis(
            accounts: accounts, blockInterval: 100, idleInterval: 1_000)
        var parameters = genesis.parameters
        do throws(ParameterProblem) {
            for track in Track.allCases {
                try parameters.set(
                    "gov.\(track.parameterPrefix)Places", to: .integer(UInt64(Self.places)))
            }
            try parameters.set("gov.paramDelay", to: .integer(60 * Milliseconds.day))
            try parameters.set("staking.unbonding", to: .integer(120 * Milliseconds.day))
        } catch {
            preconditionFailure("the parameters exist: \(error)")
        }
        chain = LedgerChain(
            Genesis(
                chainID: genesis.chainID, time: genesis.time, prefix: genesis.prefix,
                nativeAsset: genesis.nativeAsset, parameters: parameters,
                accounts: genesis.accounts, validators: genesis.validators),
            accounts: accounts)
    }

    /// Nanoseconds of blocks with dry runs, and of one in which very much is due.
    mutating func measure() -> (middle: Int64, most: Int64, busy: Int64, count: Int) {
        let operators = chain.genesis.validators.map(\.operatorAddress)
        chain.append(
            (0..<4).map { voter in
                let stake = Action.staking(
                    .delegate(validator: operators[voter], amount: Amount(9_000_000_000)))
                return chain.transaction([stake], from: voter)
            })
        for first in stride(from: 0, to: half, by: Self.places) {
            queue(min(Self.places, half - first))
        }
        let kinds: [[Action]] = [
            [], change("consensus.idleInterval", .integer(900)),
            change("staking.commissionFloor", .ratio(numerator: 1, denominator: 100)),
            change("gov.petitionPeriod", .integer(20_000)),
            change("staking.minDelegation", .integer(2)),
        ]
        for (index, actions) in kinds.enumerated() {
            submit(half * (index + 1) / kinds.count - half * index / kinds.count, actions)
        }
        check()
        // Two epochs, each with a dry run of every proposal.
        let length = chain.genesis.parameters.epochLength
        var times: [Int64] = []
        for _ in 0..<2 * length {
            times.append(chain.append())
        }
        times.sort()
        // All votes of the first kinds end at once, and all decisions are due.
        let busy = chain.execute(after: 61 * Milliseconds.day).time
        return (times[times.count / 2], times[times.count - 1], busy, times.count)
    }

    private func change(_ name: String, _ value: ParameterValue) -> [Action] {
        [.setParameter(ParameterChange(name: name, value: value))]
    }

    /// So many decisions whose execution lies far ahead.
    private mutating func queue(_ count: Int) {
        let ids = submit(count, change("staking.minDelegation", .integer(2)))
        for id in ids {
            guard let view = GovernanceQueries.proposal(id, over: chain.state) else {
                preconditionFailure("the proposal is there: \(id)")
            }
            let ballot = Action.castBallot(
                BallotCast(
                    proposal: id, contentHash: view.proposal.contentHash,
                    weights: BallotWeights(yes: 10_000)))
            chain.append((0..<4).map { chain.transaction([ballot], from: $0) })
        }
        chain.append(after: 30 * Milliseconds.second)
        for _ in 0..<count / 32 {
            chain.append()
        }
    }

    /// Submits so many proposals, and waits until they are open.
    @discardableResult
    private mutating func submit(_ count: Int, _ actions: [Action]) -> [ProposalID] {
        let deposit: Amount
        do {
            deposit = try GovernanceQueries.classify(actions, over: chain.state).requiredDeposit
        } catch {
            preconditionFailure("a proposal may have these actions: \(error)")
        }
        let draft = ProposalDraft(
            title: "One of many", body: "", actions: actions, deposit: deposit)
        let last = GovernanceQueries.lastProposal(over: chain.state).value
        for first in stride(from: 0, to: count, by: 32) {
            // Those who do not vote.
            chain.append(
                (first..<min(first + 32, count)).map { index in
                    chain.transaction([.submitProposal(draft)], from: 32 + index % 32)
                })
        }
        for _ in 0..<count / 4 + 2 {
            chain.append()
        }
        return (0..<count).map { ProposalID(last + 1 + UInt64($0)) }
    }

    private func check() {
        for status in [ProposalStatus.voting, .queued] {
            var found = 0
            var before: ProposalID?
            while true {
                let page = GovernanceQueries.proposals(
                    status: status, before: before, limit: 100, over: chain.state)
                found += page.count
                guard let last = page.last else { break }
                before = last.proposal.id
            }
            precondition(found == half, "half of the proposals are \(status.name): \(found)")
        }
    }
}
