import Chain
import Consensus
import Replica

/// As leader: shows its vote to all and the block to one, and gives no block to anybody who asks
/// (B7).
public struct BodyWithholder: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        switch message {
        case .proposal(let proposal) where proposal.header != nil:
            let lucky = recipients.first { puppet.isFirstHalf($0, in: proposal.vote.view) }
            for recipient in recipients {
                puppet.send(
                    recipient == lucky ? message : .vote(proposal.vote), to: recipient)
            }
        case .blockResponse(let response):
            let nothing = BlockResponse(hash: response.hash, block: nil)
            puppet.pass(.blockResponse(nothing), to: recipients)
        case .rangeResponse, .blockTransactionsResponse: return
        case .proposal, .vote, .certificate, .blockRequest, .blockTransactionsRequest,
            .certificateRequest,
            .certificateResponse, .evidence, .transactions, .rangeRequest, .epochHint:
            puppet.pass(message, to: recipients)
        }
    }
}
