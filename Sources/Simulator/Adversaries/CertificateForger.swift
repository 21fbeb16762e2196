import Chain
import Cryptography
import Replica

/// Certificates that are none (B14): of too little power, of signatures that are not there, of
/// signers who do not exist, of another block, partial ones that claim to be whole.
public struct CertificateForger: Adversary {
    public init() {}

    public mutating func send(
        _ message: PeerMessage, to recipients: [Int], as puppet: inout Puppet
    ) {
        guard case .certificate(let certificate) = message, puppet.random.chance(500) else {
            return puppet.pass(message, to: recipients)
        }
        for recipient in recipients {
            if puppet.random.chance(500) {
                puppet.send(.certificate(forged(certificate, as: &puppet)), to: recipient)
            } else {
                puppet.send(
                    damaged(message.encoded(), as: &puppet), on: message.channel, to: recipient)
            }
        }
    }

    private func forged(_ certificate: Certificate, as puppet: inout Puppet) -> Certificate {
        let count = puppet.instance.validators.count
        var bitmap = SignerBitmap(count: count)
        var signatures = certificate.signatures
        var statement = certificate.statement
        switch puppet.random.below(3) {
        case 0:
            // One signer alone.
            bitmap.insert(puppet.seat ?? 0)
            signatures = Array(signatures.prefix(1))
        case 1:
            // Everybody, with one signature for all.
            for signer in 0..<UInt16(count) { bitmap.insert(signer) }
            let first = signatures.first ?? Signature([UInt8](repeating: 0, count: 64))
            signatures = [Signature](repeating: first, count: count)
        default:
            bitmap = certificate.bitmap
            if let candidate = statement.candidate {
                let other = Digest(.block, candidate.blockHash.bytes)
                statement = .finalize(
                    Candidate(parentView: candidate.parentView, blockHash: other))
            } else {
                statement = .finalize(
                    Candidate(parentView: .zero, blockHash: puppet.head.hash))
            }
        }
        return Certificate(
            epoch: certificate.epoch, view: certificate.view, statement: statement,
            isPartial: false, bitmap: bitmap, signatures: signatures)
    }

    private func damaged(_ bytes: [UInt8], as puppet: inout Puppet) -> [UInt8] {
        var bytes = bytes
        switch puppet.random.below(3) {
        case 0: bytes[puppet.random.below(bytes.count)] ^= 1 << UInt8(puppet.random.below(8))
        case 1: bytes.removeLast(1 + puppet.random.below(bytes.count - 1))
        default: bytes.append(0)
        }
        return bytes
    }
}
