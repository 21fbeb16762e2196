import Chain
import Consensus
import Cryptography
import Replica

/// Answers questions wrongly: other blocks, other certificates, nothing, too late or never (B15).
public struct ResolverLiar: Adversary {
    private var late: [(message: PeerMessage, recipient: Int)] = []
    private var lastBlock: [UInt8]?
    private var lastCertificate: Certificate?

    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        switch message {
        case .certificate(let certificate):
            lastCertificate = certificate
            puppet.pass(message, to: recipients)
        case .blockResponse(let response):
            answer(message, wrong: .blockResponse(wrong(response)), to: recipients, as: &puppet)
            lastBlock = response.block ?? lastBlock
        case .certificateResponse(let response):
            let other = CertificateResponse(
                request: response.request, certificates: lastCertificate.map { [$0] } ?? [],
                header: response.header)
            answer(message, wrong: .certificateResponse(other), to: recipients, as: &puppet)
        case .rangeResponse(let response):
            let other = RangeResponse(
                first: response.first.advanced(by: 1), blocks: response.blocks.reversed(),
                finalization: response.finalization, headers: [])
            answer(message, wrong: .rangeResponse(other), to: recipients, as: &puppet)
        case .vote, .proposal, .blockRequest, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateRequest, .evidence, .transactions,
            .rangeRequest, .epochHint:
            puppet.pass(message, to: recipients)
        }
    }

    private func wrong(_ response: BlockResponse) -> BlockResponse {
        BlockResponse(hash: response.hash, block: lastBlock)
    }

    private mutating func answer(
        _ message: PeerMessage, wrong: PeerMessage, to recipients: [Int],
        as puppet: inout Puppet
    ) {
        switch puppet.random.below(4) {
        case 0: puppet.pass(wrong, to: recipients)
        case 1: late += recipients.map { (message, $0) }
        case 2: return
        default: puppet.pass(message, to: recipients)
        }
    }

    public mutating func tick(as puppet: inout Puppet) {
        guard puppet.random.chance(20) else { return }
        for item in late { puppet.send(item.message, to: item.recipient) }
        late = []
    }
}
