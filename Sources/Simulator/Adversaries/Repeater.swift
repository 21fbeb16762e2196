import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// As leader: shows the whole block to all but one, and to that one the names alone, again and
/// again, of transactions that it tells nobody; else it is silent (B7 with compact proposals).
/// Where a copy makes its receiver wait anew, that one never has a block that the others notarized.
public struct Repeater: Adversary {
    /// Below what a receiver gives a leader.
    private static let intervalMilliseconds: UInt64 = 500

    private var repeated: (proposal: BlockProposal, victim: Int)?
    private var repeatedAt: UInt64 = 0

    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        switch message {
        case .proposal(let proposal):
            show(proposal, to: recipients, as: &puppet)
        case .blockResponse(let response):
            let nothing = BlockResponse(hash: response.hash, block: nil)
            puppet.pass(.blockResponse(nothing), to: recipients)
        case .vote, .certificate, .certificateResponse, .transactions, .blockTransactionsResponse,
            .rangeResponse:
            // Its certificates have its votes.
            return
        case .blockRequest, .blockTransactionsRequest, .certificateRequest, .evidence,
            .rangeRequest, .epochHint:
            puppet.pass(message, to: recipients)
        }
    }

    private mutating func show(
        _ proposal: BlockProposal, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard let header = proposal.header, let block = puppet.block(header.hash),
            !block.body.transactions.isEmpty, !recipients.isEmpty
        else { return puppet.pass(.proposal(proposal), to: recipients) }
        let victim = recipients[Int(header.view.value / 8) % recipients.count]
        func form(_ body: [UInt8], isCompact: Bool) -> BlockProposal {
            BlockProposal(
                vote: proposal.vote, header: header, body: body, isCompact: isCompact,
                justification: proposal.justification)
        }
        let named = form(CompactBody(block.body).encoded(), isCompact: true)
        let whole = form(block.body.encoded(), isCompact: false)
        puppet.pass(.proposal(whole), to: recipients.filter { $0 != victim })
        puppet.send(.proposal(named), to: victim)
        repeated = (named, victim)
        repeatedAt = puppet.milliseconds
    }

    public mutating func tick(as puppet: inout Puppet) {
        guard let repeated,
            puppet.milliseconds >= repeatedAt + Repeater.intervalMilliseconds
        else { return }
        puppet.send(.proposal(repeated.proposal), to: repeated.victim)
        repeatedAt = puppet.milliseconds
    }
}
