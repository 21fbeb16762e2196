import Chain

/// The votes of one view: of each signer the first vote of each kind, which is tallied, and one
/// that contradicts it, which is not. Memory is bounded by six votes a signer.
struct VoteCollector: Sendable {
    /// The power behind one statement.
    struct Tally: Sendable {
        let statement: Statement
        var power: UInt64
    }

    enum Outcome: Sendable {
        case counted
        /// The signer's vote of this kind with this content is here already.
        case known
        /// The signer said something else before.
        case contradicting(Verified<Vote>)
        /// Beyond what is kept: a third content, or a signer outside the set.
        case ignored
    }

    /// By kind and signer; empty until the first vote of a kind.
    private var first: [[Verified<Vote>?]] = [[], [], []]
    private var second: [[Verified<Vote>?]] = [[], [], []]
    private(set) var tallies: [Tally] = []

    var isEmpty: Bool { tallies.isEmpty }

    private static func slot(_ kind: VoteKind) -> Int { Int(kind.rawValue) - 1 }

    mutating func add(_ vote: Verified<Vote>, in validators: ValidatorSet) -> Outcome {
        let kind = VoteCollector.slot(vote.value.kind)
        let signer = Int(vote.value.signer)
        guard let validator = validators.validator(at: vote.value.signer) else { return .ignored }
        if first[kind].isEmpty {
            first[kind] = [Verified<Vote>?](repeating: nil, count: validators.count)
        }
        guard let known = first[kind][signer] else {
            first[kind][signer] = vote
            count(vote.value.statement, power: validator.power, in: validators)
            return .counted
        }
        guard known.value.statement != vote.value.statement else {
            guard Mutant.isActive(.countsVotesTwice) else { return .known }
            count(vote.value.statement, power: validator.power, in: validators)
            return .counted
        }
        if second[kind].isEmpty {
            second[kind] = [Verified<Vote>?](repeating: nil, count: validators.count)
        }
        if let other = second[kind][signer] {
            return other.value.statement == vote.value.statement ? .known : .ignored
        }
        second[kind][signer] = vote
        return .contradicting(known)
    }

    private mutating func count(
        _ statement: Statement, power: UInt64, in validators: ValidatorSet
    ) {
        let power =
            Mutant.isActive(.countsSigners)
            ? validators.totalPower / UInt64(validators.count) : power
        let isMixed = Mutant.isActive(.mixesCandidates)
        if let index = tallies.firstIndex(where: {
            $0.statement == statement || (isMixed && $0.statement.kind == statement.kind)
        }) {
            tallies[index].power += power
            precondition(tallies[index].power <= validators.totalPower, "I14: a tally is at most W")
        } else {
            tallies.append(Tally(statement: statement, power: power))
        }
        assert(recount(statement, in: validators) == self.power(of: statement), "I14: the sum")
    }

    private func recount(_ statement: Statement, in validators: ValidatorSet) -> UInt64 {
        votes(for: statement).reduce(0) {
            $0 + (validators.validator(at: $1.value.signer)?.power ?? 0)
        }
    }

    func power(of statement: Statement) -> UInt64 {
        tallies.first { $0.statement == statement }?.power ?? 0
    }

    /// The tallied vote of a signer.
    func vote(_ kind: VoteKind, of signer: UInt16) -> Verified<Vote>? {
        let votes = first[VoteCollector.slot(kind)]
        return Int(signer) < votes.count ? votes[Int(signer)] : nil
    }

    /// The vote of a signer that contradicts its first of the kind.
    func contradiction(_ kind: VoteKind, of signer: UInt16) -> Verified<Vote>? {
        let votes = second[VoteCollector.slot(kind)]
        return Int(signer) < votes.count ? votes[Int(signer)] : nil
    }

    /// The tallied votes for a statement, in the order of the signers' indices.
    func votes(for statement: Statement) -> [Verified<Vote>] {
        first[VoteCollector.slot(statement.kind)].compactMap { vote in
            vote.flatMap { $0.value.statement == statement ? $0 : nil }
        }
    }

    /// The statement of a kind with the most power behind it; the first one counted among equals.
    func strongest(_ kind: VoteKind) -> Tally? {
        var best: Tally?
        for tally in tallies where tally.statement.kind == kind {
            if best.map({ $0.power < tally.power }) ?? true {
                best = tally
            }
        }
        return best
    }

    /// The certificate of a statement once its votes are a quorum: of the fewest signers, the most
    /// powerful first, so that its bytes are small and the same whoever holds these votes. The set
    /// is ordered by power, so these are the lowest indices.
    func certificate(for statement: Statement, in validators: ValidatorSet)
        -> Verified<Certificate>?
    {
        guard validators.isQuorum(power(of: statement)) else { return nil }
        var chosen: [Verified<Vote>] = []
        var power: UInt64 = 0
        for vote in votes(for: statement) {
            guard let validator = validators.validator(at: vote.value.signer) else { continue }
            chosen.append(vote)
            power += validator.power
            if validators.isQuorum(power) { break }
        }
        precondition(validators.isQuorum(power), "I13: a certificate has a quorum")
        return Verified(
            assembling: chosen, validatorCount: validators.count, isPartial: false)
    }

    /// Every vote held for a statement, below or above the quorum; nil if there is none.
    func partialCertificate(for statement: Statement, in validators: ValidatorSet)
        -> Verified<Certificate>?
    {
        let votes = votes(for: statement)
        guard !votes.isEmpty else { return nil }
        return Verified(assembling: votes, validatorCount: validators.count, isPartial: true)
    }
}
