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
    private let lock: DirectoryLock
    private let state: Mutex<State>

    /// What to do when there is no record. It is made with the key (`althing init`): a key without
    /// one may have signed elsewhere, or before the record was lost, what a vote conflicts with.
    enum MissingRecord {
        /// Do not open.
        case refuse
        /// The operator says that nothing else uses the key: begin one that says so, and
        /// sign nothing in an epoch that began before this time.
        case beginSilent(Timestamp)
    }

    /// When the record was lost, if it ever was.
    let silentSince: Timestamp?

    /// - Parameter lock: keeps the record's directory for this process.
    /// - Throws: if the record is missing and must not be, or damaged.
    init(
        key: consuming SigningKey, path: String, lock: consuming DirectoryLock,
        missing: MissingRecord
    ) throws(StorageError) {
        self.key = key
        self.lock = lock
        let file: SignedVoteFile
        switch missing {
        case .refuse: file = try SignedVoteFile(path: path, createIfMissing: false)
        case .beginSilent(let now):
            do throws(StorageError) {
                file = try SignedVoteFile(path: path, createIfMissing: false)
            } catch .missing {
                file = try SignedVoteFile(path: path, loss: LossMark(time: now))
            }
        }
        var table = SigningGuard()
        for row in file.rows {
            table.record(row.vote, instance: row.instance)
        }
        for mark in file.marks {
            table.prune(instance: mark.instance, through: mark.view)
        }
        silentSince = file.loss?.time
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

    func forgotten(of instance: Digest) -> View {
        state.withLock { state in
            state.file.marks.first { $0.instance == instance }?.view ?? .zero
        }
    }

    func prune(instance: Digest, through view: View) {
        state.withLock { state in
            guard view == View(.max) || state.file.rows.count > LocalSigner.rowsMax else { return }
            state.file.prune(instance: instance, through: view)
            state.table.prune(instance: instance, through: view)
        }
    }
}
