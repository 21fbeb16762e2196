import Chain
import Cryptography
import StateTree

/// Representatives, and what they are lent (governance.md 2).
///
/// An account names representatives for a group of topics, with weights. Of each of its positions a
/// representative is lent ⌊shares·weight/10000⌋ shares; what all who name it lend from one place,
/// in one generation, is one sum. Sums and lists have a past, so that a vote reads them at its
/// snapshot. What is lent to a representative is never passed on, so that circles are harmless.
///
/// Invariant: a sum is that of the parts of all stored positions with its place and generation.
/// Positions of a dead generation are part of it as long as they are stored; they are worth nothing
/// either way.
enum Representation {
    /// Names the representatives of the sender for a group of topics.
    ///
    /// - Complexity: O(positions · representatives), at most 17 · 8 sums.
    static func set<Base: StateReader>(
        _ action: RepresentationAction, _ context: ActionContext, in state: inout State<Base>
    ) throws(Rejection) {
        let account = context.sender
        let height = context.block.height
        try check(action.representatives, of: account)
        let key = StateKey.representation(.representatives(account))
        var table = state.read(key) ?? RepresentativeTable()
        let old = table[action.group]
        let new = action.representatives
        guard old != new else { return }

        for (place, position) in positions(of: account, in: state) {
            let share = ShareKey(place: place, generation: position.generation)
            for representative in old.entries {
                let after = new[representative.account]?.part(of: position.shares) ?? 0
                Received.change(
                    of: representative.account, action.group, share,
                    from: representative.part(of: position.shares), to: after, at: height,
                    in: &state)
                try state.checkBudget()
            }
            for representative in new.entries where old[representative.account] == nil {
                Received.change(
                    of: representative.account, action.group, share, from: 0,
                    to: representative.part(of: position.shares), at: height, in: &state)
                try state.checkBudget()
            }
        }
        table[action.group] = new
        if table.isEmpty {
            state.remove(key)
        } else {
            state.write(key, table)
        }
        writeTrace(new, of: account, action.group, at: height, in: &state)
        state.emit(
            .governance(
                .representativesSet(account: account, group: action.group, new)))
    }

    private static func check(
        _ list: RepresentativeList, of account: Address
    ) throws(Rejection) {
        let entries = list.entries
        guard entries.count <= RepresentativeList.countMax else {
            throw .governance(.tooManyRepresentatives(UInt64(entries.count)))
        }
        for (index, entry) in entries.enumerated() {
            guard entry.account != account else { throw .governance(.representsItself) }
            guard entry.weight > 0 else {
                throw .governance(.representativeWithoutWeight(entry.account))
            }
            guard !entries[..<index].contains(where: { $0.account == entry.account }) else {
                throw .governance(.duplicateRepresentative(entry.account))
            }
        }
        guard list.sum <= RepresentativeList.weightMax else {
            throw .governance(.representativeWeights(sum: list.sum))
        }
    }

    private static func writeTrace<Base: StateReader>(
        _ list: RepresentativeList, of account: Address, _ group: TopicGroup, at height: Height,
        in state: inout State<Base>
    ) {
        state.write(.representation(.representativesTrace(account, group, height)), list)
        Staking.trim(in: &state) {
            .representation(.representativesTrace(account, group, $0))
        }
    }

    /// All stored positions of an account that vote, those of dead generations too.
    private static func positions<Base: StateReader>(
        of account: Address, in state: State<Base>
    ) -> [(StakePlace, StakePosition)] {
        var found: [(StakePlace, StakePosition)] = []
        for range in [StateKeyRange.poolPositions(of: account), .lotPositions(of: account)] {
            for entry in state.entries(in: range, limit: .max) {
                guard case .place(let place) = StakeHolding(positionKey: entry.key) else {
                    preconditionFailure("a key of a position in a pool or lot names it")
                }
                found.append((place, State<Base>.decode(entry.value)))
            }
        }
        return found
    }

    /// Follows a change of an account's shares of a place: what it lends of them changes too. Every
    /// change of shares comes here, whatever made it.
    ///
    /// - Complexity: O(1), at most 4 groups · 4 representatives · 2 generations.
    static func follow<Base: StateReader>(
        _ account: Address, in place: StakePlace, from before: StakePosition?,
        to after: StakePosition?, at height: Height, _ state: inout State<Base>
    ) {
        guard before?.shares != after?.shares || before?.generation != after?.generation,
            let table = state.read(
                .representation(.representatives(account)), as: RepresentativeTable.self)
        else { return }
        for group in TopicGroup.allCases {
            for representative in table[group].entries {
                let old = before.map { representative.part(of: $0.shares) } ?? 0
                let new = after.map { representative.part(of: $0.shares) } ?? 0
                func change(_ generation: UInt64, from old: UInt128, to new: UInt128) {
                    Received.change(
                        of: representative.account, group,
                        ShareKey(place: place, generation: generation), from: old, to: new,
                        at: height, in: &state)
                }
                if let before, let after, before.generation == after.generation {
                    change(after.generation, from: old, to: new)
                } else {
                    if let before { change(before.generation, from: old, to: 0) }
                    if let after { change(after.generation, from: 0, to: new) }
                }
            }
        }
    }

    // MARK: Reading

    /// The representatives of an account at a height.
    static func list<Base: StateReader>(
        of account: Address, _ group: TopicGroup, at snapshot: Height, in state: State<Base>
    ) -> RepresentativeList {
        Staking.past(snapshot, in: state) {
            .representation(.representativesTrace(account, group, $0))
        } ?? RepresentativeList()
    }
}

extension Representative {
    /// c: ⌊shares·weight/10000⌋.
    func part(of shares: UInt128) -> UInt128 {
        scaledDown(shares, UInt128(weight), by: UInt128(RepresentativeList.weightMax)) ?? 0
    }
}
