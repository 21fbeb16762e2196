import Chain
import Consensus
import Cryptography
import Storage
import Synchronization

/// A signer in this process, with the key in locked memory and its record in a file.
final class LocalSigner: Signer {
    /// Rows that may pile up before the record is rewritten without the old ones.
    private static let rowsMax = 4_096

    private struct State: ~Copyable {
        var table: SigningGuard
        var file: SignedVoteFile
    }

    private let key: SigningKey
    private let state: Mutex<State>

    /// - Parameter createIfMissing: false for a validator that has a history on the chain: without
    ///   its record it might sign what conflicts with it.
    /// - Throws: if the record is missing or damaged.
    init(key: consuming SigningKey, path: String, createIfMissing: Bool) throws(StorageError) {
        self.key = key
        let file = try SignedVoteFile(path: path, createIfMissing: createIfMissing)
        var table = SigningGuard()
        for row in file.rows {
            table.record(row.vote, instance: row.instance)
        }
        for mark in file.marks {
            table.prune(instance: mark.instance, through: mark.view)
        }
        state = Mutex(State(table: table, file: file))
    }

    var publicKey: PublicKey { key.publicKey }

    func sign(_ intent: VoteIntent) -> SignerAnswer {
        state.withLock { state in
            switch state.table.judge(intent) {
            case .refused:
                return .refused
            case .repeated(let vote):
                return .signed(.restored(vote))
            case .sign:
                let message = intent.statement.signBytes(
                    instance: intent.instance, view: intent.view)
                let vote = Vote(
                    epoch: intent.epoch, view: intent.view, signer: intent.signer,
                    statement: intent.statement, signature: key.sign(message))
                state.file.append(SignedVoteRow(instance: intent.instance, vote: vote))
                state.table.record(vote, instance: intent.instance)
                return .signed(.restored(vote))
            }
        }
    }

    func votes(of instance: Digest) -> [Verified<Vote>] {
        state.withLock { state in
            state.file.rows.filter { $0.instance == instance }.map { .restored($0.vote) }
        }
    }

    func prune(instance: Digest, through view: View) {
        state.withLock { state in
            guard state.file.rows.count > LocalSigner.rowsMax else { return }
            state.file.prune(instance: instance, through: view)
            state.table.prune(instance: instance, through: view)
        }
    }
}
