import Chain
import Consensus
import Replica

/// As leader: proposes without the certificates that justify it, and answers no question for one
/// (B8, P4).
public struct ReasonWithholder: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        switch message {
        case .proposal(let proposal):
            let bare = BlockProposal(
                vote: proposal.vote, header: proposal.header, body: proposal.body,
                isCompact: proposal.isCompact,
                justification: [])
            puppet.pass(.proposal(bare), to: recipients)
        case .certificateResponse(let response):
            let nothing = CertificateResponse(
                request: response.request, certificates: [], header: nil)
            puppet.pass(.certificateResponse(nothing), to: recipients)
        case .vote, .certificate, .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateRequest, .evidence,
            .transactions, .rangeRequest, .rangeResponse, .epochHint:
            puppet.pass(message, to: recipients)
        }
    }
}
