import Chain
import Cryptography

struct HashView: Encodable {
    let hash: String
}

struct BatchView: Encodable {
    struct Entry: Encodable {
        let hash: String
        /// Absent when the transaction was taken.
        let code: String?
        let error: String?
    }

    let accepted: Int
    let results: [Entry]
}
