import Chain
import Codec
import Consensus
import Cryptography
import Glibc
import Ledger
import Replica
import StateTree
import Storage

/// What the disk of a node holds, opened and checked: everything that a start goes on from.
struct OpenedData: ~Copyable {
    /// Keeps the folder for this process, the logs as well as the database.
    let lock: DirectoryLock
    let blocks: BlockStore
    let states: StateStore
    let view: StateView.Published
    let log: VoteLog
    let shelf: CertificateShelf
    let recovery: Consensus.Recovery
    /// Committed blocks above the floor of the recovery, ascending.
    let past: [Block]
    /// The bodies above the committed block.
    let undecided: [Block]
    let logViews: [(sequence: UInt64, view: View)]
    /// The safety halt that a log keeps, of this epoch or another.
    let halt: SafetyHalt?
}

enum DataFolder {
    /// How many heights below the newest one answer questions.
    static let retention: UInt64 = 1_000

    /// Opens the data of a home, or makes it from the genesis.
    static func open(
        _ home: HomeFolder, genesis: Genesis
    ) throws(NodeError) -> OpenedData {
        let problems = genesis.check()
        guard problems.isEmpty else { throw .invalidGenesis(problems) }
        let lock: DirectoryLock
        do throws(StorageError) {
            try FileSystem.makeDirectory(home.data)
            // An earlier start may have made it and ended before the sync; and the signer's folder
            // is in the home as well.
            try FileSystem.syncDirectory(home.path)
            // Before anything in it is read: opening a log cuts off what another process is about
            // to complete.
            lock = try DirectoryLock(home.data)
        } catch {
            throw .storage(error)
        }
        try checkSpace(at: home.data)
        let database = try database(at: home.database)
        let blocks = BlockStore(database: database)
        let states = StateStore(database: database, retention: retention)
        let genesisHash = genesis.hash
        if let found = blocks.genesisHash {
            guard found == genesisHash else {
                throw .genesisMismatch(
                    path: home.database, expected: genesisHash, found: found)
            }
        } else {
            states.commit(Ledger.genesis(genesis).changes, sync: true) { batch in
                blocks.putGenesisHash(genesisHash, in: batch)
            }
        }
        return try open(home, lock, genesis: genesis, blocks: blocks, states: states)
    }

    /// What opening may write: the rows of the write-ahead log, as tables.
    static let startBytesMin: UInt64 = 64 * 1024 * 1024

    /// Without room RocksDB ends the process in the middle of opening.
    private static func checkSpace(at path: String) throws(NodeError) {
        var facts = statvfs()
        guard statvfs(path, &facts) == 0 else { return }
        let free = UInt64(facts.f_bavail) * UInt64(facts.f_frsize)
        guard free >= startBytesMin else {
            throw .storage(
                .io(
                    path: path,
                    detail: "the disk is full: \(free / 1024) KiB are free, a start needs "
                        + "\(startBytesMin / 1024)"))
        }
    }

    private static func database(at path: String) throws(NodeError) -> Database {
        do throws(StorageError) {
            return try Database(path: path)
        } catch {
            throw .storage(error)
        }
    }

    private static func open(
        _ home: HomeFolder, _ lock: consuming DirectoryLock, genesis: Genesis, blocks: BlockStore,
        states: StateStore
    ) throws(NodeError) -> OpenedData {
        guard let snapshot = states.snapshot() else {
            throw .inconsistentData(path: home.database, detail: "there is no state")
        }
        let base = try head(of: blocks, at: snapshot.height, genesis: genesis, home)
        let epoch = Queries.epoch(over: snapshot)
        guard let instance = Queries.instance(of: epoch, after: base, over: snapshot)
        else {
            throw .inconsistentData(
                path: home.database, detail: "epoch \(epoch) is not in the state")
        }
        let log: VoteLog
        do throws(StorageError) {
            log = try VoteLog(root: home.voteLog, instance: instance.id)
        } catch {
            throw .storage(error)
        }
        var records: [SafetyRecord] = []
        var views: [(sequence: UInt64, view: View)] = []
        for entry in log.replayed {
            guard
                let record = try? SafetyRecord(type: entry.type, payload: entry.payload)
            else {
                throw .inconsistentData(
                    path: log.directory, detail: "record \(entry.sequence) is none of ours")
            }
            records.append(record)
            views.append((entry.sequence, record.view))
        }
        let floor = try floor(of: blocks, at: snapshot.height, in: instance, home)
        let past = DataFolder.past(
            of: blocks, above: floor?.header.height ?? instance.base.height,
            through: snapshot.height)
        let undecided = blocks.undecided().filter { $0.height > snapshot.height }
            .compactMap { blocks.block($0.hash) }
        let shelf = CertificateShelf(blocks: blocks, instance: instance.id, records: records)
        let otherHalt = try halt(in: home.voteLog, but: instance.id)
        let lost = shelf.missing(in: records, above: floor?.certificate.value.view ?? .zero)
        let recovery = Consensus.Recovery(
            floor: floor, records: lost + records, headers: (past + undecided).map(\.header),
            lastSequence: log.nextSequence - 1)
        return OpenedData(
            lock: lock, blocks: blocks, states: states,
            view: StateView.Published(
                head: base, snapshot: snapshot, rules: Rules(over: snapshot),
                instance: instance),
            log: log, shelf: shelf, recovery: recovery, past: past, undecided: undecided,
            logViews: views, halt: SafetyHalt(records) ?? otherHalt)
    }

    /// The halt that the log of another epoch keeps. The database may have lost the epoch, or gone
    /// on to the next one as the node halted.
    private static func halt(
        in root: String, but instance: Digest
    ) throws(NodeError) -> SafetyHalt? {
        let instances: [Digest]
        do throws(StorageError) {
            instances = try VoteLog.instances(root: root)
        } catch {
            throw .storage(error)
        }
        for other in instances where other != instance {
            let records: [LogRecord]
            do throws(StorageError) {
                records = try VoteLog.records(root: root, instance: other)
            } catch {
                // No start waits for a log of which nobody says where it is.
                throw .inconsistentData(
                    path: "\(root)/\(other.hex)", detail: "the log of another epoch: \(error)")
            }
            let own = records.compactMap { try? SafetyRecord(type: $0.type, payload: $0.payload) }
            if let halt = SafetyHalt(own) { return halt }
        }
        return nil
    }

    /// The last committed block.
    private static func head(
        of blocks: BlockStore, at height: Height, genesis: Genesis, _ home: HomeFolder
    ) throws(NodeError) -> BlockSummary {
        guard height > .genesis else {
            return BlockSummary(
                hash: genesis.hash, height: .genesis, view: .zero, timestamp: genesis.time)
        }
        guard let hash = blocks.hash(at: height), let block = blocks.block(hash) else {
            throw .inconsistentData(
                path: home.database, detail: "the block of height \(height) is missing")
        }
        return block.header.summary
    }

    /// Committed blocks that have no finalization of their own above them: consensus goes over them
    /// once more after a restart.
    private static func past(
        of blocks: BlockStore, above floor: Height, through head: Height
    ) -> [Block] {
        var past: [Block] = []
        var height = floor.advanced(by: 1)
        while height <= head, let hash = blocks.hash(at: height), let block = blocks.block(hash) {
            past.append(block)
            height = height.advanced(by: 1)
        }
        return past
    }

    /// The highest committed block that has a finalization of its own. Blocks above it that are
    /// committed too become final once more, which changes nothing.
    private static func floor(
        of blocks: BlockStore, at height: Height, in instance: Instance, _ home: HomeFolder
    ) throws(NodeError) -> FinalizedHead? {
        guard let last = blocks.lastFinalization, last.height > instance.base.height else {
            return nil
        }
        guard last.height <= height, let head = blocks.finalizedHead(at: last.height) else {
            throw .inconsistentData(
                path: home.database, detail: "the finalization of height \(last.height)")
        }
        return head
    }
}

extension BlockStore {
    /// A stored block; nil if it is not here.
    func block(_ hash: Digest) -> Block? {
        guard let header = header(hash), let body = body(hash) else { return nil }
        return try? Block(decoding: header + body)
    }
}
