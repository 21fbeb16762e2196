import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// As leader: names the transactions of its blocks so that nobody can complete them, or does not
/// give what it named (B7, B12, B15 with compact proposals).
public struct Misnamer: Adversary {
    private enum Lie: CaseIterable {
        /// A transaction that does not exist, in a block that is signed with it.
        case unknown
        /// A transaction twice, in a block that is signed so.
        case twice
        /// The list of another block.
        case otherList
        /// A true list; the answers to questions are lies.
        case none
    }

    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        switch message {
        case .proposal(let proposal):
            let named = named(proposal, puppet.random.pick(Lie.allCases), as: &puppet)
            puppet.pass(named.map { .proposal($0) } ?? message, to: recipients)
        case .blockTransactionsResponse(let response):
            answer(response, to: recipients, as: &puppet)
        case .blockResponse(let response):
            let nothing = BlockResponse(hash: response.hash, block: nil)
            puppet.pass(.blockResponse(nothing), to: recipients)
        case .vote, .certificate, .blockRequest, .blockTransactionsRequest, .certificateRequest,
            .certificateResponse, .evidence, .transactions, .rangeRequest, .rangeResponse,
            .epochHint:
            puppet.pass(message, to: recipients)
        }
    }

    private func named(
        _ proposal: BlockProposal, _ lie: Lie, as puppet: inout Puppet
    ) -> BlockProposal? {
        guard !proposal.isCompact, var header = proposal.header,
            let body = try? BlockBody(decoding: proposal.body)
        else { return nil }
        var ids = body.transactions.map(\.id)
        var vote = proposal.vote
        switch lie {
        case .unknown, .twice:
            ids.append(lie == .twice ? ids.first ?? header.hash : header.hash)
            header.transactionsRoot = BlockBody.transactionsRoot(ids)
            guard let signed = puppet.vote(.notarize(header.candidate), in: header.view) else {
                return nil
            }
            vote = signed
        case .otherList: ids.append(header.hash)
        case .none: break
        }
        let compact = CompactBody(
            transactions: ids, evidence: body.evidence, participation: body.participation)
        return BlockProposal(
            vote: vote, header: header, body: compact.encoded(), isCompact: true,
            justification: proposal.justification)
    }

    /// Nothing at all, less than was asked for, or the same thing again and again.
    private func answer(
        _ response: BlockTransactionsResponse, to recipients: [Int], as puppet: inout Puppet
    ) {
        let transactions: [SignedTransaction]
        switch puppet.random.below(3) {
        case 0: return
        case 1: transactions = Array(response.transactions.dropFirst())
        default:
            transactions =
                response.transactions.first.map {
                    [SignedTransaction](repeating: $0, count: response.transactions.count)
                } ?? []
        }
        let lie = BlockTransactionsResponse(hash: response.hash, transactions: transactions)
        puppet.pass(.blockTransactionsResponse(lie), to: recipients)
    }
}
