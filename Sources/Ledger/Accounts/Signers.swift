import Chain
import Cryptography
import StateTree

/// Whose signatures a transaction carries. That each one is valid for its key was checked before;
/// here the keys are compared with the authorities.
enum Signers {
    /// The keys must be the sender's, then those of another fee payer, and nothing else.
    static func check<Base: StateReader>(
        _ signed: SignedTransaction, sender: Account?, in state: State<Base>
    ) throws(Rejection) {
        let transaction = signed.transaction
        let keys = signed.signatures.map(\.key)
        var position = 0
        try consume(
            keys, from: &position, account: transaction.sender, authority: sender?.authority)
        if let payer = transaction.feePayer, payer != transaction.sender {
            let account = state.read(.account(payer), as: Account.self)
            try consume(keys, from: &position, account: payer, authority: account?.authority)
        }
        guard position == keys.count else { throw .wrongSigners(transaction.sender) }
    }

    /// Takes the keys of one authority. Without a record, the account belongs to the key that it is
    /// the hash of. A threshold takes keys in its own order and stops when it is reached, so that a
    /// list of signatures has one reading.
    private static func consume(
        _ keys: [PublicKey], from position: inout Int, account: Address, authority: Authority?
    ) throws(Rejection) {
        switch authority {
        case nil:
            guard position < keys.count, Address(keys[position]) == account else {
                throw .wrongSigners(account)
            }
            position += 1
        case .key(let key):
            guard position < keys.count, keys[position] == key else {
                throw .wrongSigners(account)
            }
            position += 1
        case .threshold(let members, let threshold):
            var weight: UInt64 = 0
            for member in members where weight < threshold {
                guard position < keys.count else { break }
                guard keys[position] == member.key else { continue }
                weight += UInt64(member.weight)
                position += 1
            }
            guard weight >= threshold, threshold > 0 else { throw .wrongSigners(account) }
        case .module:
            throw .moduleCannotSign(account)
        }
    }
}
