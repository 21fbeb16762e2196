import Chain
import Consensus
import Cryptography
import Replica

/// As many messages as the links take, of every kind, that look right until they are checked (B16).
public struct Flooder: Adversary {
    private static let perTick = 24

    public init() {}

    public mutating func tick(as puppet: inout Puppet) {
        for _ in 0..<Flooder.perTick {
            guard let message = garbage(as: &puppet) else { return }
            for peer in puppet.peers { puppet.send(message, to: peer) }
        }
    }

    private func garbage(as puppet: inout Puppet) -> PeerMessage? {
        let view = puppet.view.advanced(by: UInt64(puppet.random.below(10)))
        let hash = Digest(.block, (0..<8).map { _ in UInt8(puppet.random.below(256)) })
        let epoch = puppet.instance.epoch
        switch puppet.random.below(5) {
        case 0:
            let candidate = Candidate(parentView: view.lowered(by: 1), blockHash: hash)
            return puppet.vote(.notarize(candidate), in: view).map { .vote($0) }
        case 1: return .blockRequest(BlockRequest(hash: hash))
        case 2:
            return .certificateRequest(
                CertificateRequest(epoch: epoch, view: view, want: .highest))
        case 3:
            let height = puppet.head.height
            return RangeRequest(first: Height(1), last: min(Height(32), height))
                .map { .rangeRequest($0) }
        default:
            var bitmap = SignerBitmap(count: puppet.instance.validators.count)
            bitmap.insert(puppet.seat ?? 0)
            let noise = (0..<64).map { _ in UInt8(puppet.random.below(256)) }
            return .certificate(
                Certificate(
                    epoch: epoch, view: view, statement: .nullify, isPartial: true,
                    bitmap: bitmap, signatures: [Signature(noise)]))
        }
    }
}
