import Chain
import Cryptography

/// The fixed keys and set of the published vectors: seeds of 32 equal bytes 1, 2, 3, …
enum TestKeys {
    static func seed(_ index: Int) -> [UInt8] {
        [UInt8](repeating: UInt8(index + 1), count: 32)
    }

    static func publicKey(_ index: Int) -> PublicKey {
        SigningKey(seed: seed(index)).publicKey
    }

    static func instance(
        _ validators: [Validator], boundary: Height = Height(.max)
    ) -> Instance {
        guard let chainID = ChainID("althing-test"), let set = try? ValidatorSet(validators) else {
            preconditionFailure("the fixed set is valid")
        }
        let base = BlockSummary(
            hash: Digest(.genesis, [0]), height: Height(0), view: .zero,
            timestamp: Timestamp(1_000))
        return Instance(
            chainID: chainID, epoch: .zero, base: base, validators: set,
            boundary: boundary, previousSeed: nil)
    }

    static func instance(powers: [UInt64]) -> Instance {
        instance(
            powers.enumerated().map { Validator(key: publicKey($0.offset), power: $0.element) })
    }

    /// A really signed vote of the validator at an index of the instance's table.
    static func vote(
        _ signer: UInt16, view: UInt64, _ statement: Statement, in instance: Instance
    ) -> Vote {
        let message = statement.signBytes(instance: instance.id, view: View(view))
        let key = instance.validators.validator(at: signer)?.key
        let index = (0..<256).first { publicKey($0) == key } ?? 0
        return Vote(
            epoch: instance.epoch, view: View(view), signer: signer, statement: statement,
            signature: SigningKey(seed: seed(index)).sign(message))
    }
}
