import Codec
import Cryptography

/// Why something signed is not accepted.
public enum VerificationError: Error, Hashable, Sendable {
    /// Of an epoch whose set is not known here: no fault of whoever sent it.
    case unverifiable(Epoch)
    case signerOutOfRange(UInt16)
    case bitmapMismatch
    case belowQuorum(power: UInt64, total: UInt64)
    case partialNotExpected
    case badSignature
    case tooFewSignatures

    /// Whether only a faulty or hostile sender can have caused it.
    public var isSendersFault: Bool {
        switch self {
        case .unverifiable: false
        case .signerOutOfRange, .bitmapMismatch, .belowQuorum, .partialNotExpected, .badSignature,
            .tooFewSignatures:
            true
        }
    }
}

/// A value whose signatures were checked. The core accepts nothing else from outside; this file is
/// the only door.
public struct Verified<Value: Sendable>: Sendable {
    public let value: Value

    private init(_ value: Value) {
        self.value = value
    }

    /// Takes back what this node itself verified or signed before it wrote it down: from its own
    /// log or store, whose records carry checksums.
    public static func restored(_ value: Value) -> Verified<Value> {
        Verified(value)
    }
}

extension Verified: Equatable where Value: Equatable {}
extension Verified: Hashable where Value: Hashable {}

extension Verified where Value == Vote {
    public init(
        _ vote: Vote, in instance: Instance, signatures: SignatureCheck = .ed25519
    ) throws(VerificationError) {
        guard vote.epoch == instance.epoch else { throw .unverifiable(vote.epoch) }
        guard let validator = instance.validators.validator(at: vote.signer) else {
            throw .signerOutOfRange(vote.signer)
        }
        let message = vote.statement.signBytes(instance: instance.id, view: vote.view)
        let isValid =
            Mutant.remembers(vote) || signatures.isValid(vote.signature, message, validator.key)
        guard isValid else { throw .badSignature }
        self.init(vote)
    }
}

extension Verified where Value == Certificate {
    /// Checks cheap things before dear ones: form, then power, then each signature.
    ///
    /// - Parameter allowingPartial: accepts a certificate below the quorum that says so.
    public init(
        _ certificate: Certificate, in instance: Instance, allowingPartial: Bool = false,
        signatures: SignatureCheck = .ed25519
    ) throws(VerificationError) {
        guard certificate.epoch == instance.epoch || Mutant.isActive(.takesOtherEpochs) else {
            throw .unverifiable(certificate.epoch)
        }
        try self.init(
            certificate, instance: instance.id, validators: instance.validators,
            allowingPartial: allowingPartial, signatures: signatures)
    }

    /// - Parameters:
    ///   - instance: the id of the instance of the certificate's epoch.
    ///   - validators: the set of that epoch.
    public init(
        _ certificate: Certificate, instance: Digest, validators: ValidatorSet,
        allowingPartial: Bool, signatures: SignatureCheck
    ) throws(VerificationError) {
        guard let power = certificate.power(in: validators) else { throw .bitmapMismatch }
        if certificate.isPartial {
            guard allowingPartial, power > 0 else { throw .partialNotExpected }
        } else {
            guard validators.isQuorum(power) else {
                throw .belowQuorum(power: power, total: validators.totalPower)
            }
        }
        let message = certificate.statement.signBytes(instance: instance, view: certificate.view)
        for (signer, signature) in zip(certificate.bitmap.signers, certificate.signatures) {
            guard let validator = validators.validator(at: signer) else {
                throw .signerOutOfRange(signer)
            }
            let isValid =
                Mutant.isActive(.trustsCertificates)
                || signatures.isValid(signature, message, validator.key)
            guard isValid else { throw .badSignature }
        }
        self.init(certificate)
    }

    /// Assembles a certificate from votes that were verified one by one.
    ///
    /// - Precondition: the votes are of one statement, by different signers, in ascending order.
    public init(assembling votes: [Verified<Vote>], validatorCount: Int, isPartial: Bool) {
        guard let first = votes.first?.value else {
            preconditionFailure("a certificate has at least one vote")
        }
        var bitmap = SignerBitmap(count: validatorCount)
        var previous: UInt16?
        for vote in votes {
            precondition(vote.value.statement == first.statement, "one statement")
            precondition(vote.value.view == first.view, "one view")
            precondition(vote.value.epoch == first.epoch, "one epoch")
            precondition(previous.map { $0 < vote.value.signer } ?? true, "ascending signers")
            previous = vote.value.signer
            bitmap.insert(vote.value.signer)
        }
        self.init(
            Certificate(
                epoch: first.epoch, view: first.view, statement: first.statement,
                isPartial: isPartial, bitmap: bitmap, signatures: votes.map(\.value.signature)))
    }

    /// The verified votes of a verified certificate.
    public var votes: [Verified<Vote>] {
        value.votes.map { Verified<Vote>.restored($0) }
    }
}

extension Verified where Value == SignedTransaction {
    /// Checks every signature; whether the keys are the account's is the ledger's question.
    public init(
        _ transaction: SignedTransaction, genesisHash: Digest,
        signatures: SignatureCheck = .ed25519
    ) throws(VerificationError) {
        guard !transaction.signatures.isEmpty else { throw .tooFewSignatures }
        let message = transaction.transaction.signBytes(genesisHash: genesisHash)
        for entry in transaction.signatures {
            guard signatures.isValid(entry.signature, message, entry.key) else {
                throw .badSignature
            }
        }
        self.init(transaction)
    }
}

extension Verified where Value == Evidence {
    /// Checks both signatures; whether the pair conflicts is part of the type, whether it comes in
    /// time is the ledger's question.
    public init(
        _ evidence: Evidence, in instance: Instance, signatures: SignatureCheck = .ed25519
    ) throws(VerificationError) {
        guard evidence.epoch == instance.epoch else { throw .unverifiable(evidence.epoch) }
        try self.init(
            evidence, instance: instance.id, validators: instance.validators,
            signatures: signatures)
    }

    /// - Parameters:
    ///   - instance: the id of the instance of the evidence's epoch.
    ///   - validators: the set of that epoch.
    public init(
        _ evidence: Evidence, instance: Digest, validators: ValidatorSet,
        signatures: SignatureCheck = .ed25519
    ) throws(VerificationError) {
        guard let validator = validators.validator(at: evidence.signer) else {
            throw .signerOutOfRange(evidence.signer)
        }
        for vote in [evidence.first, evidence.second] {
            let message = vote.statement.signBytes(instance: instance, view: vote.view)
            guard signatures.isValid(vote.signature, message, validator.key) else {
                throw .badSignature
            }
        }
        self.init(evidence)
    }
}
