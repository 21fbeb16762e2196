import Chain
import Consensus
import Cryptography
import OrderedCollections

/// What the engine asked for and whom that went to: the validator of its choice, or somebody else
/// in its place where that is not connected.
struct Questions<Subject: Hashable & Sendable>: Sendable {
    /// An answer to anything older is not taken, or counts for nobody.
    static var countMax: Int { 256 }

    private var asked: OrderedDictionary<Subject, (validator: UInt16, peer: PublicKey)> = [:]

    func contains(_ subject: Subject) -> Bool { asked[subject] != nil }

    mutating func ask(_ subject: Subject, of validator: UInt16, through peer: PublicKey) {
        asked.removeValue(forKey: subject)
        asked[subject] = (validator, peer)
        if asked.count > Questions.countMax { asked.removeFirst() }
    }

    /// The validator in whose name `peer` says that it has nothing.
    func validator(behind peer: PublicKey, for subject: Subject) -> UInt16? {
        guard let question = asked[subject], question.peer == peer else { return nil }
        return question.validator
    }

    mutating func close(_ subject: Subject) {
        asked.removeValue(forKey: subject)
    }
}
