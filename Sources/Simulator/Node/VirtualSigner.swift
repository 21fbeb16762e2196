import Chain
import Codec
import Consensus
import Cryptography

/// The holder of a node's consensus key, with its own synced record, as the real one has.
struct VirtualSigner: Sendable {
    private static let fileName = "signer/votes"
    private static let voteRecord: UInt8 = 1
    private static let markRecord: UInt8 = 2
    private static let lossRecord: UInt8 = 3
    /// Takes the place of the instance in the frames; the rows name their own.
    private static let frame = Digest(.signedVote, [])

    private struct Row: CanonicalCodable {
        let instance: Digest
        let vote: Vote

        init(instance: Digest, vote: Vote) {
            self.instance = instance
            self.vote = vote
        }

        init(from reader: inout ByteReader) throws(DecodeError) {
            instance = try Digest(from: &reader)
            vote = try Vote(from: &reader)
        }

        func encode(into writer: inout ByteWriter) {
            writer.write(instance)
            writer.write(vote)
        }
    }

    private struct Mark: CanonicalCodable {
        let instance: Digest
        let view: View

        init(instance: Digest, view: View) {
            self.instance = instance
            self.view = view
        }

        init(from reader: inout ByteReader) throws(DecodeError) {
            instance = try Digest(from: &reader)
            view = try View(from: &reader)
        }

        func encode(into writer: inout ByteWriter) {
            writer.write(instance)
            writer.write(view)
        }
    }

    let key: PublicKey
    private let rowsMax: Int
    private var table = SigningGuard()
    private var rows: [Row] = []
    private var marks: [Mark] = []
    private var nextSequence: UInt64 = 1
    /// When an earlier record was lost: there is no vote in an epoch that had begun by then.
    private(set) var silentSince: Timestamp?

    /// Reads the record and cuts off a torn tail.
    ///
    /// - Throws: if the record is damaged elsewhere.
    init(
        key: PublicKey, rowsMax: Int, on disk: inout VirtualDisk
    ) throws(LogFrameError) {
        self.key = key
        self.rowsMax = rowsMax
        let bytes = disk.read(VirtualSigner.fileName) ?? []
        let scan = try LogFrame.scan(bytes, instance: VirtualSigner.frame, isLastSegment: true)
        for record in scan.records {
            if record.type == VirtualSigner.voteRecord,
                let row = try? Row(decoding: record.payload)
            {
                rows.append(row)
                table.record(row.vote, instance: row.instance)
            } else if record.type == VirtualSigner.lossRecord {
                silentSince = try? Timestamp(decoding: record.payload)
            } else if let mark = try? Mark(decoding: record.payload) {
                marks.append(mark)
                table.prune(instance: mark.instance, through: mark.view)
            }
        }
        disk.truncate(VirtualSigner.fileName, to: scan.goodBytes)
        nextSequence = (scan.records.last?.sequence ?? 0) + 1
    }

    func judge(_ intent: VoteIntent) -> SigningGuard.Verdict { table.judge(intent) }

    /// Writes the row of a new vote, unsynced.
    mutating func write(_ intent: VoteIntent, to disk: inout VirtualDisk) -> Vote {
        let message = intent.statement.signBytes(instance: intent.instance, view: intent.view)
        let vote = Vote(
            epoch: intent.epoch, view: intent.view, signer: intent.signer,
            statement: intent.statement, signature: ToySignature.sign(message, with: key))
        let row = Row(instance: intent.instance, vote: vote)
        disk.append(encoded(VirtualSigner.voteRecord, row), to: VirtualSigner.fileName)
        rows.append(row)
        return vote
    }

    private mutating func encoded(_ type: UInt8, _ row: some CanonicalCodable) -> [UInt8] {
        let record = LogRecord(type: type, sequence: nextSequence, payload: row.encoded())
        nextSequence += 1
        return LogFrame.encode(record, instance: VirtualSigner.frame)
    }

    /// The row is durable: the vote may leave.
    mutating func finish(_ vote: Vote, instance: Digest, on disk: inout VirtualDisk) {
        disk.sync(VirtualSigner.fileName)
        table.record(vote, instance: instance)
    }

    /// Every recorded vote of an instance.
    func votes(of instance: Digest) -> [Verified<Vote>] {
        rows.filter { $0.instance == instance }.map { .restored($0.vote) }
    }

    func forgotten(_ instance: Digest) -> View {
        marks.first { $0.instance == instance }?.view ?? .zero
    }

    /// Nothing at or below `view` will be asked for again: rewrites a record that has grown.
    mutating func prune(instance: Digest, through view: View, on disk: inout VirtualDisk) {
        guard rows.count > rowsMax else { return }
        rows.removeAll { $0.instance == instance && $0.vote.view <= view }
        let old = marks.first { $0.instance == instance }
        marks.removeAll { $0.instance == instance }
        marks.append(Mark(instance: instance, view: max(old?.view ?? .zero, view)))
        table.prune(instance: instance, through: view)
        var bytes: [UInt8] = []
        if let silentSince { bytes += encoded(VirtualSigner.lossRecord, silentSince) }
        for mark in marks { bytes += encoded(VirtualSigner.markRecord, mark) }
        for row in rows { bytes += encoded(VirtualSigner.voteRecord, row) }
        disk.replace(VirtualSigner.fileName, by: bytes)
    }

    /// The record is lost, as by an accident or a move to another machine; a new one says so.
    static func beginSilent(since time: Timestamp, on disk: inout VirtualDisk) {
        let record = LogRecord(type: lossRecord, sequence: 1, payload: time.encoded())
        disk.replace(fileName, by: LogFrame.encode(record, instance: frame))
    }
}
