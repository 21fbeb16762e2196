import Chain
import Consensus
import Replica

/// Votes and certificates under other epochs (B10): of the one before, the next, and one that will
/// not come for long.
public struct Reconfigurer: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        puppet.pass(message, to: recipients)
        let epoch = puppet.random.pick([
            puppet.instance.epoch.advanced(by: 1), puppet.instance.epoch.lowered(by: 1),
            Epoch(.max),
        ])
        switch message {
        case .vote(let vote):
            let lie = Vote(
                epoch: epoch, view: vote.view, signer: vote.signer, statement: vote.statement,
                signature: vote.signature)
            puppet.pass(.vote(lie), to: recipients)
        case .certificate(let certificate):
            let lie = Certificate(
                epoch: epoch, view: certificate.view, statement: certificate.statement,
                isPartial: certificate.isPartial, bitmap: certificate.bitmap,
                signatures: certificate.signatures)
            puppet.pass(.certificate(lie), to: recipients)
        case .certificateRequest(let request):
            let lie = CertificateRequest(epoch: epoch, view: request.view, want: request.want)
            puppet.pass(.certificateRequest(lie), to: recipients)
        case .proposal, .blockRequest, .blockResponse, .blockTransactionsRequest,
            .blockTransactionsResponse, .certificateResponse, .evidence,
            .transactions, .rangeRequest, .rangeResponse, .epochHint:
            return
        }
    }
}
