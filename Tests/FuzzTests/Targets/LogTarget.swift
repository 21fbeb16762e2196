import Chain
import Codec
import Consensus
import Cryptography

extension FuzzTarget {
    /// A log that was damaged, and an engine that starts from what is left.
    ///
    /// The first byte is how the rest is taken: as changes of a valid log, as a log itself, or as
    /// records that a log holds. Whatever was damaged, no record comes out that did not go in.
    static let log = FuzzTarget(
        name: "log", summary: "damaged vote logs, and the start of an engine from them",
        bytesMax: 2_048,
        seeds: {
            [
                [0, 0], [0, 1, 0, 40, 0xFF, 0], [0, 0, 1, 4],
                [1] + validLog, [1] + Array(validLog.dropLast(9)),
                [2, 3, 1, 5, 2, 1, 1, 0, 3, 1, 6, 1],
            ]
        },
        run: { (bytes) throws(FuzzFailure) in
            var program = ByteProgram(bytes)
            switch program.byte() {
            case 0: try scanChanged(&program)
            case 1: try scan(program.rest())
            default: try startFromRecords(&program)
            }
        })

    private static let records: [LogRecord] = WireSeeds.records.enumerated().map {
        LogRecord(
            type: $0.element.type, sequence: UInt64($0.offset) + 1, payload: $0.element.payload)
    }
    private static let validFrames = records.map { LogFrame.encode($0, instance: Fixture.four.id) }
    private static let validLog = Array(validFrames.joined())

    private static func scanChanged(_ program: inout ByteProgram) throws(FuzzFailure) {
        var bytes = validLog
        var first = bytes.count
        for _ in 0..<program.choice(of: 4) {
            let position = Int(program.uint16()) % bytes.count
            let change = program.byte()
            bytes[position] ^= change
            if change != 0 { first = min(first, position) }
        }
        if program.flag() {
            let cut = Int(program.uint16()) % (bytes.count + 1)
            bytes.removeLast(bytes.count - cut)
            first = min(first, cut)
        }
        bytes += program.rest()
        try scan(bytes)
        // The records before the first change are whole, unless the log is refused.
        guard
            let result = try? LogFrame.scan(
                bytes, instance: Fixture.four.id, isLastSegment: true, first: 1)
        else { return }
        var end = 0
        let whole = validFrames.prefix { frame in
            end += frame.count
            return end <= first
        }
        try require(result.records.count >= whole.count, "records before the damage are kept")
    }

    private static func scan(_ bytes: [UInt8]) throws(FuzzFailure) {
        for isLast in [true, false] {
            guard
                let result = try? LogFrame.scan(
                    bytes, instance: Fixture.four.id, isLastSegment: isLast, first: 1)
            else { continue }
            try require(result.goodBytes <= bytes.count, "good bytes are there")
            try require(isLast || result.goodBytes == bytes.count, "only the end may be torn")
            for (index, record) in result.records.enumerated() {
                try require(record.sequence == UInt64(index) + 1, "numbers have no gap")
                try require(records.contains(record), "a record came out that did not go in")
            }
            start(
                result.records.compactMap { try? SafetyRecord(type: $0.type, payload: $0.payload) })
        }
    }

    /// Any records in any order: an engine of another build may have left them.
    private static func startFromRecords(_ program: inout ByteProgram) throws(FuzzFailure) {
        var records: [SafetyRecord] = []
        while !program.isAtEnd, records.count < 64 {
            let view = View(program.near(3))
            let candidate = Candidate(
                parentView: View(UInt64(program.choice(of: 4))),
                blockHash: Fixture.digest(program.byte() & 3))
            let statements: [Statement] = [.notarize(candidate), .nullify, .finalize(candidate)]
            let statement = statements[program.choice(of: 3)]
            switch program.choice(of: 6) {
            case 0: records.append(.ownVote(view, statement))
            case 1, 2: records.append(.certificate(unsigned(statement, view, program.byte())))
            case 3: records.append(.certified(view, candidate.blockHash))
            case 4:
                let final = unsigned(.finalize(candidate), view, program.byte())
                records.append(.floor(final))
            default: records.append(.entered(view))
            }
        }
        start(records)
    }

    /// A certificate whose signatures nobody checks again.
    private static func unsigned(_ statement: Statement, _ view: View, _ mask: UInt8) -> Certificate
    {
        var bitmap = SignerBitmap(count: 4)
        for signer in 0..<4 as Range<UInt16> where mask & 1 << UInt8(signer) != 0 {
            bitmap.insert(signer)
        }
        return Certificate(
            epoch: .zero, view: view, statement: statement, isPartial: false, bitmap: bitmap,
            signatures: bitmap.signers.map { _ in Signature([UInt8](repeating: 0, count: 64)) })
    }

    private static func start(_ records: [SafetyRecord]) {
        let timing = Timing(blockInterval: 100, idleInterval: 100)
        var engine = Engine(.init(instance: Fixture.four, own: 0, timing: timing))
        var effects: [Effect] = []
        var now = Instant(nanoseconds: 1_000_000_000)
        let recovery = Recovery(records: records, lastSequence: UInt64(records.count))
        engine.handle(.start(recovery), at: now, into: &effects)
        for _ in 0..<8 {
            now = now.advanced(byMilliseconds: 2_500)
            for timer in TimerID.allCases { engine.handle(.timer(timer), at: now, into: &effects) }
            engine.handle(.durable(sequence: .max), at: now, into: &effects)
        }
    }
}
