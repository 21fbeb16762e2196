import Chain
import Codec
import Consensus
import Cryptography
import Replica

/// What a liar sends to the door (B11, B14, B15), and what the door must say to it.
enum ForgedMessages {
    static func violations() -> [Violation] {
        let set = TwinScenario.validators(powers: [1, 1, 1, 1])
        let instance = TwinScenario.instance(of: set, number: 1)
        return votes(instance) + certificates(instance) + ranges(instance)
    }

    private static func passes(_ job: VerificationJob, _ instance: Instance) -> Bool {
        do {
            _ = try Door.verified(
                job, in: instance, genesisHash: instance.base.hash,
                signatures: ToySignature.check)
            return true
        } catch {
            return false
        }
    }

    private static func signature(
        _ statement: Statement, _ view: View, _ signer: UInt16, _ instance: Instance
    ) -> Signature {
        let message = statement.signBytes(instance: instance.id, view: view)
        return ToySignature.sign(message, with: instance.validators.validators[Int(signer)].key)
    }

    private static func candidate(_ tag: UInt8) -> Candidate {
        Candidate(parentView: .zero, blockHash: Digest(.block, [tag]))
    }

    private static func votes(_ instance: Instance) -> [Violation] {
        let said = Statement.notarize(candidate(1))
        let other = Statement.notarize(candidate(2))
        let signature = signature(said, View(3), 1, instance)
        func vote(_ statement: Statement) -> VerificationJob {
            .vote(
                Vote(
                    epoch: instance.epoch, view: View(3), signer: 1, statement: statement,
                    signature: signature))
        }
        var violations: [Violation] = []
        if !passes(vote(said), instance) { violations.append(Violation("B11", "refuses a vote")) }
        if passes(vote(other), instance) {
            violations.append(Violation("B11", "takes another content for a checked vote"))
        }
        return violations
    }

    private static func certificate(
        _ statement: Statement, signers: [UInt16], forging forged: UInt16?, _ instance: Instance
    ) -> Certificate {
        var bitmap = SignerBitmap(count: instance.validators.count)
        for signer in signers { bitmap.insert(signer) }
        return Certificate(
            epoch: instance.epoch, view: View(3), statement: statement, isPartial: false,
            bitmap: bitmap,
            signatures: signers.map {
                // A forger signs with the key that it has.
                signature(statement, View(3), $0 == forged ? 3 : $0, instance)
            })
    }

    private static func certificates(_ instance: Instance) -> [Violation] {
        let statement = Statement.nullify
        func passes(_ signers: [UInt16], forging forged: UInt16?) -> Bool {
            let certificate = certificate(
                statement, signers: signers, forging: forged, instance)
            return self.passes(.certificates([certificate], header: nil), instance)
        }
        var violations: [Violation] = []
        if !passes([0, 1, 2], forging: nil) {
            violations.append(Violation("B14", "refuses a certificate"))
        }
        if passes([0, 1, 2], forging: 2) {
            violations.append(Violation("B14", "takes a certificate with a forged signature"))
        }
        if passes([0, 1], forging: nil) {
            violations.append(Violation("B14", "takes a certificate below the quorum"))
        }
        return violations
    }

    private static func ranges(_ instance: Instance) -> [Violation] {
        let endpoint = TwinEndpoint(
            index: 0, signer: 0, instance: instance,
            timing: Timing(blockInterval: 500, idleInterval: 0))
        let header = endpoint.block(on: instance.base, view: View(3))
        let block = Block(header: header, body: BlockBody(transactions: []))
        func job(_ hash: Digest) -> VerificationJob {
            let candidate = Candidate(parentView: .zero, blockHash: hash)
            let response = RangeResponse(
                first: Height(1), blocks: [block.encoded()],
                finalization: certificate(
                    .finalize(candidate), signers: [0, 1, 2], forging: nil, instance),
                headers: [])
            return .range(response, first: Height(1), parent: instance.base.hash)
        }
        var violations: [Violation] = []
        if !passes(job(block.hash), instance) {
            violations.append(Violation("B15", "refuses a range"))
        }
        if passes(job(candidate(1).blockHash), instance) {
            violations.append(
                Violation("B15", "takes a range that another block's finality proves"))
        }
        return violations
    }
}
