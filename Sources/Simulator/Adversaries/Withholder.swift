import Chain
import Consensus
import Replica

/// Votes and proposals reach a minority only (B6, B7).
public struct Withholder: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        let view: View
        switch message {
        case .vote(let vote): view = vote.view
        case .proposal(let proposal): view = proposal.vote.view
        case .certificate, .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateRequest,
            .certificateResponse, .evidence, .transactions, .rangeRequest, .rangeResponse,
            .epochHint:
            for recipient in recipients { puppet.send(message, to: recipient) }
            return
        }
        let victim = recipients.first { puppet.isFirstHalf($0, in: view) }
        if let victim { puppet.send(message, to: victim) }
    }
}
