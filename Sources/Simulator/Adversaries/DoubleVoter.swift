import Chain
import Consensus
import Cryptography
import Replica

/// Votes for both sides of every view (B2): for its block to one half, for another block to the
/// other, whether there is one or not, and to give the view up to everybody.
public struct DoubleVoter: Adversary {
    private static let kept = 16
    /// What others proposed or voted for.
    private var heard: [(view: View, candidate: Candidate)] = []

    public init() {}

    public mutating func hears(
        _ message: PeerMessage, from sender: Int, as puppet: inout Puppet
    ) -> Bool {
        switch message {
        case .vote(let vote): note(vote)
        case .proposal(let proposal): note(proposal.vote)
        case .certificate, .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateRequest,
            .certificateResponse, .evidence, .transactions, .rangeRequest, .rangeResponse,
            .epochHint:
            break
        }
        return true
    }

    private mutating func note(_ vote: Vote) {
        guard let candidate = vote.statement.candidate else { return }
        heard.append((vote.view, candidate))
        if heard.count > DoubleVoter.kept { heard.removeFirst() }
    }

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .vote(let vote) = message, case .notarize(let candidate) = vote.statement else {
            return puppet.pass(message, to: recipients)
        }
        let rival = heard.last { $0.view == vote.view && $0.candidate != candidate }?.candidate
        let invented = Candidate(
            parentView: candidate.parentView,
            blockHash: Digest(.block, candidate.blockHash.bytes))
        let lie = puppet.vote(.notarize(rival ?? invented), in: vote.view)
        let surrender = puppet.vote(.nullify, in: vote.view)
        for recipient in recipients {
            let isFirst = puppet.isFirstHalf(recipient, in: vote.view)
            puppet.send(isFirst ? message : lie.map { .vote($0) } ?? message, to: recipient)
            if let surrender { puppet.send(.vote(surrender), to: recipient) }
        }
    }
}
