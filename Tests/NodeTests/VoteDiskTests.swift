import Chain
import Consensus
import Cryptography
import Foundation
import Replica
import Storage
import Testing

@testable import Node

@Suite struct VoteDiskTests {
    private static func start(_ epoch: UInt64, _ network: TestNetwork) throws -> EpochStart {
        let base = BlockSummary(
            hash: network.genesis.hash, height: Height(16 * epoch), view: .zero,
            timestamp: network.genesis.time)
        let instance = Instance(
            chainID: network.genesis.chainID, epoch: Epoch(epoch), base: base,
            validators: try network.genesis.validatorSet(), boundary: Height(16 * epoch + 16),
            previousSeed: epoch == 0 ? nil : network.genesis.hash)
        return EpochStart(
            instance: instance, ownIndex: 0, seats: [nil],
            timing: Timing(network.genesis.parameters))
    }

    private static func shelf(
        _ start: EpochStart, _ network: TestNetwork, records: [SafetyRecord] = []
    ) throws -> CertificateShelf {
        try FileManager.default.createDirectory(
            atPath: network.members[0].home.data, withIntermediateDirectories: true)
        return CertificateShelf(
            blocks: BlockStore(database: try Database(path: network.members[0].home.database)),
            instance: start.instance.id, records: records)
    }

    private static func certificate(_ statement: Statement, view: UInt64) -> Certificate {
        var bitmap = SignerBitmap(count: 1)
        bitmap.insert(0)
        return Certificate(
            epoch: .zero, view: View(view), statement: statement, isPartial: false,
            bitmap: bitmap, signatures: [Signature([UInt8](repeating: 1, count: 64))])
    }

    /// 2.15: the logs of a third may be lost, and no view is left without its certificate. 2.14:
    /// what attributes a fork stays longer than the floor.
    @Test func `certificates outlive the log, and nullifications the floor`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let start = try Self.start(0, network)
        let block = Candidate(parentView: .zero, blockHash: network.genesis.hash)
        let certificates = [
            Self.certificate(.nullify, view: 1), Self.certificate(.notarize(block), view: 2),
            Self.certificate(.finalize(block), view: 2),
            Self.certificate(.notarize(block), view: 3), Self.certificate(.nullify, view: 3),
        ]
        let records = certificates.map { SafetyRecord.certificate($0) }
        var shelf = try Self.shelf(start, network)
        shelf.append(records)
        #expect(Set(shelf.missing(in: [], above: .zero)) == Set(records))
        #expect(shelf.missing(in: [records[3]], above: View(2)) == [records[4]])
        shelf.prune(through: View(2))
        #expect(
            shelf.missing(in: [], above: .zero) == [records[0], records[3], records[4]])
        // The next epoch's shelf knows nothing of this one's.
        shelf.prune(through: View(.max))
        #expect(shelf.missing(in: [], above: .zero) == [records[0], records[4]])
        let next = shelf.begun(try Self.start(1, network).instance.id, records: [])
        #expect(next.missing(in: [], above: .zero).isEmpty)
    }

    @Test func `an epoch whose log is there goes on from its records`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let root = network.members[0].home.voteLog
        let first = try Self.start(0, network)
        let second = try Self.start(1, network)
        let records: [SafetyRecord] = [
            .entered(View(1)), .ownVote(View(1), .nullify), .entered(View(2)),
        ]
        do {
            var log = try VoteLog(root: root, instance: second.instance.id)
            log.append(
                records.enumerated().map { index, record in
                    LogRecord(
                        type: record.type, sequence: UInt64(index) + 1, payload: record.payload)
                })
            log.sync()
        }
        let jobs = Mailbox<VoteDisk.Job>(capacity: 16)
        let loop = Mailbox<LoopInput>(capacity: 16)
        let disk = VoteDisk(
            jobs: jobs, loop: loop, signer: nil, root: root, instance: first.instance.id,
            log: try VoteLog(root: root, instance: first.instance.id),
            shelf: try Self.shelf(first, network), views: [])
        jobs.send(.open(second, ended: []))
        // The next record has the number after those that are there; another one would trap.
        jobs.send(
            .append([.entered(View(3))], instance: second.instance.id, sequence: 4))
        jobs.close()
        await disk.run()
        let inputs = try #require(loop.receive(until: nil))
        guard case .replica(.epochBegan(let begun), _)? = inputs.first else {
            Issue.record("the epoch did not begin")
            return
        }
        #expect(begun.recovery.records == records)
        #expect(begun.recovery.lastSequence == 3)
        guard case .replica(.durable(_, let sequence), _)? = inputs.last else {
            Issue.record("the record behind them is not durable")
            return
        }
        #expect(sequence == 4)
    }

    /// What a disk has done with these jobs, in epoch 0 at first.
    private static func run(
        _ jobs: [VoteDisk.Job], _ network: TestNetwork
    ) async throws -> [LoopInput] {
        let box = Mailbox<VoteDisk.Job>(capacity: 16)
        let loop = Mailbox<LoopInput>(capacity: 16)
        let root = network.members[0].home.voteLog
        let first = try start(0, network)
        let disk = VoteDisk(
            jobs: box, loop: loop, signer: nil, root: root, instance: first.instance.id,
            log: try VoteLog(root: root, instance: first.instance.id),
            shelf: try shelf(first, network), views: [])
        for job in jobs { box.send(job) }
        box.close()
        await disk.run()
        loop.close()
        return loop.receive(until: nil) ?? []
    }

    /// 2.15: nothing below a floor goes before the floor is durable.
    @Test func `a floor that does not reach the disk takes nothing with it`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let folder = network.folder
        await #expect(processExitsWith: .exitCode(74)) { [folder = folder as String] in
            let instance = Digest(.instance, [1])
            let root = folder + "/log"
            let jobs = Mailbox<VoteDisk.Job>(capacity: 4)
            let disk = VoteDisk(
                jobs: jobs, loop: Mailbox<LoopInput>(capacity: 4), signer: nil, root: root,
                instance: instance,
                log: try VoteLog(root: root, instance: instance, segmentBytesMax: 256),
                shelf: CertificateShelf(
                    blocks: BlockStore(database: try Database(path: folder + "/db")),
                    instance: instance), views: [])
            let views = (1...99 as ClosedRange<UInt64>).map { SafetyRecord.entered(View($0)) }
            jobs.send(.append(views, instance: instance, sequence: 99))
            var bitmap = SignerBitmap(count: 4)
            for index in 0..<4 as Range<UInt16> { bitmap.insert(index) }
            let floor = Certificate(
                epoch: .zero, view: View(99), statement: .nullify, isPartial: false,
                bitmap: bitmap,
                signatures: .init(
                    repeating: Signature([UInt8](repeating: 1, count: 64)), count: 4))
            jobs.send(.append([.floor(floor)], instance: instance, sequence: 100))
            jobs.close()
            // The record of the floor is larger than a file may be now, and no other one is.
            signal(SIGXFSZ, SIG_IGN)
            var limit = rlimit(rlim_cur: 256, rlim_max: 256)
            #expect(setrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit) == 0)
            await disk.run()
        }
        let log = try FileManager.default.subpathsOfDirectory(atPath: folder + "/log")
        #expect(log.filter { $0.hasSuffix(".log") }.count > 10)
    }

    private static func logs(_ network: TestNetwork) throws -> Set<Digest> {
        Set(try VoteLog.instances(root: network.members[0].home.voteLog))
    }

    @Test func `the log of an epoch stays until the epoch is known to be over`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let root = network.members[0].home.voteLog
        let epochs = try (0..<4 as Range<UInt64>).map { try Self.start($0, network) }
        let ids = epochs.map(\.instance.id)
        // A node that lost its database was in epochs 7 and 8.
        let later = try (7...8 as ClosedRange<UInt64>).map {
            try Self.start($0, network).instance.id
        }
        for id in later { _ = try VoteLog(root: root, instance: id) }
        _ = try await Self.run([.open(epochs[1], ended: [])], network)
        #expect(try Self.logs(network) == Set(ids[...1] + later))
        // It was killed before the log of epoch 0 was deleted, and so that goes later.
        _ = try await Self.run(
            [
                .open(epochs[2], ended: [ids[0]]),
                .open(epochs[3], ended: [ids[1], ids[0]]),
            ], network)
        #expect(try Self.logs(network) == Set(ids[2...] + later))
    }

    @Test func `a safety halt is kept in the log of an epoch that is left already`() async throws {
        let network = try TestNetwork(validators: 1)
        defer { network.remove() }
        let root = network.members[0].home.voteLog
        let epochs = try (0..<3 as Range<UInt64>).map { try Self.start($0, network) }
        let ids = epochs.map(\.instance.id)
        let halt = SafetyRecord.halted(
            Self.certificate(.finalize(Candidate(parentView: .zero, blockHash: ids[0])), view: 9),
            Self.certificate(.nullify, view: 9))
        _ = try await Self.run(
            [
                .append([.entered(View(9))], instance: ids[0], sequence: 1),
                .open(epochs[1], ended: []),
                .append([.entered(View(9)), halt], instance: ids[0], sequence: 3),
                // With a halt nothing is deleted any more.
                .open(epochs[2], ended: [ids[0]]),
            ], network)
        #expect(try Self.logs(network) == Set(ids))
        let records = try VoteLog.records(root: root, instance: ids[0]).map {
            try SafetyRecord(type: $0.type, payload: $0.payload)
        }
        #expect(records == [.entered(View(9)), halt])
    }
}
