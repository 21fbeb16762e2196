import Chain
import Cryptography

struct HashJSON: Encodable {
    let hash: String
}

struct BatchJSON: Encodable {
    struct Entry: Encodable {
        let hash: String
        /// Absent when the transaction was taken.
        let code: String?
        let error: String?
    }

    let accepted: Int
    let results: [Entry]
}
