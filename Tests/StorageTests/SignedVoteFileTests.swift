import Chain
import Cryptography
import Testing

@testable import Storage

@Suite struct SignedVoteFileTests {
    private static let instance = Digest(.instance, [1])
    private let directory: TemporaryDirectory
    private var path: String { directory.path("signed") }

    init() throws {
        directory = try TemporaryDirectory()
    }

    private static func row(_ view: UInt64, _ kind: VoteKind = .notarize, of instance: Digest)
        -> SignedVoteRow
    {
        let candidate = Candidate(parentView: .zero, blockHash: Digest(.block, [UInt8(view)]))
        let statement: Statement =
            switch kind {
            case .notarize: .notarize(candidate)
            case .nullify: .nullify
            case .finalize: .finalize(candidate)
            }
        let signature = Signature([UInt8](repeating: UInt8(view), count: 64))
        return SignedVoteRow(
            instance: instance,
            vote: Vote(
                epoch: .zero, view: View(view), signer: 3, statement: statement,
                signature: signature))
    }

    @Test func `SEC-09 every append is on the disk when it returns`() throws {
        var file = try SignedVoteFile(path: path, createIfMissing: true)
        let rows = (UInt64(1)...5).map { Self.row($0, .finalize, of: Self.instance) }
        for (index, row) in rows.enumerated() {
            file.append(row)
            try directory.copy("signed", to: "copy \(index)")
            let copy = try SignedVoteFile(
                path: directory.path("copy \(index)"), createIfMissing: false)
            #expect(copy.rows == Array(rows.prefix(index + 1)))
        }
        #expect(file.rows == rows)
        #expect(file.marks.isEmpty)
    }

    @Test func `a record is covered by a later one, and never by an earlier one`() throws {
        var file = try SignedVoteFile(path: path, createIfMissing: true)
        var states: [[UInt8]] = [[]]
        func keep() throws { states.append(try directory.bytes("signed")) }
        for view in 1...3 as ClosedRange<UInt64> {
            file.append(Self.row(view, of: Self.instance))
            try keep()
        }
        file.prune(instance: Self.instance, through: View(2))
        try keep()
        file.append(Self.row(3, .finalize, of: Self.instance))
        try keep()
        file.prune(instance: Self.instance, through: View(.max))
        try keep()
        file.append(Self.row(1, of: Digest(.instance, [2])))
        try keep()
        for (index, bytes) in states.enumerated() {
            try directory.write(bytes, to: "own")
            let own = try SignedVoteFile(path: directory.path("own"), createIfMissing: false)
            for (other, bytes) in states.enumerated() {
                #expect(try own.isCovered(by: bytes) == (other >= index), "\(index) by \(other)")
            }
        }
        // Another vote in the place of one, and a loss that the other does not know of.
        try directory.write([], to: "fork")
        var fork = try SignedVoteFile(path: directory.path("fork"), createIfMissing: false)
        fork.append(Self.row(3, .nullify, of: Self.instance))
        #expect(try !fork.isCovered(by: states[5]))
        let lost = try SignedVoteFile(
            path: directory.path("lost"), loss: LossMark(time: Timestamp(5)))
        #expect(try !lost.isCovered(by: states[7]))
        #expect(try lost.isCovered(by: directory.bytes("lost")))
        #expect(throws: StorageError.self) {
            try lost.isCovered(by: [UInt8](repeating: 1, count: 99) + states[7])
        }
    }

    @Test func `a file that must exist is missing`() {
        #expect(throws: StorageError.missing(path: path)) {
            _ = try SignedVoteFile(path: path, createIfMissing: false)
        }
    }

    @Test func `SEC-50 a torn tail is cut off at any byte`() throws {
        do {
            var file = try SignedVoteFile(path: path, createIfMissing: true)
            file.append(Self.row(1, of: Self.instance))
            file.append(Self.row(2, of: Self.instance))
        }
        let bytes = try directory.bytes("signed")
        for end in bytes.count / 2..<bytes.count {
            try directory.write(Array(bytes[..<end]), to: "signed")
            var file = try SignedVoteFile(path: path, createIfMissing: false)
            #expect(file.rows == [Self.row(1, of: Self.instance)])
            file.append(Self.row(2, of: Self.instance))
            #expect(try directory.bytes("signed") == bytes)
        }
    }

    @Test func `a turned bit before a good row is refused`() throws {
        do {
            var file = try SignedVoteFile(path: path, createIfMissing: true)
            for view in UInt64(1)...3 {
                file.append(Self.row(view, of: Self.instance))
            }
        }
        let bytes = try directory.bytes("signed")
        for position in [0, 20, bytes.count / 3 - 1, bytes.count / 2] {
            var changed = bytes
            changed[position] ^= 1
            try directory.write(changed, to: "signed")
            let offset = position < bytes.count / 3 ? 0 : bytes.count / 3
            #expect(
                throws: StorageError.corruptLog(
                    path: path, offset: offset, detail: "a bad record that is not a torn tail")
            ) { _ = try SignedVoteFile(path: path, createIfMissing: false) }
        }
    }

    @Test func `pruning forgets rows and keeps the mark`() throws {
        let other = Digest(.instance, [2])
        do {
            var file = try SignedVoteFile(path: path, createIfMissing: true)
            for view in UInt64(1)...6 {
                file.append(Self.row(view, of: Self.instance))
                file.append(Self.row(view, .nullify, of: other))
            }
            file.prune(instance: Self.instance, through: View(4))
            file.append(Self.row(7, of: Self.instance))
            // A mark never goes back.
            file.prune(instance: Self.instance, through: View(2))
        }
        let file = try SignedVoteFile(path: path, createIfMissing: false)
        #expect(file.marks == [PruneMark(instance: Self.instance, view: View(4))])
        #expect(
            file.rows.filter { $0.instance == Self.instance }.map(\.view)
                == [View(5), View(6), View(7)])
        #expect(file.rows.filter { $0.instance == other }.count == 6)
        #expect(try directory.names("") == ["signed"])
    }

    @Test func `the remains of an interrupted pruning are ignored`() throws {
        do {
            var file = try SignedVoteFile(path: path, createIfMissing: true)
            file.append(Self.row(1, of: Self.instance))
        }
        try directory.write([1, 2, 3], to: "signed.new")
        var file = try SignedVoteFile(path: path, createIfMissing: false)
        #expect(file.rows.count == 1)
        file.prune(instance: Self.instance, through: View(1))
        let again = try SignedVoteFile(path: path, createIfMissing: false)
        #expect(again.rows.isEmpty)
        #expect(again.marks.count == 1)
    }

    @Test func `the record of a lost one begins with its mark and keeps it`() throws {
        let mark = LossMark(time: Timestamp(1_795_000_000_000))
        var file = try SignedVoteFile(path: path, loss: mark)
        #expect(file.loss == mark)
        #expect(file.rows == [])
        file.prune(instance: Self.instance, through: View(9))
        let again = try SignedVoteFile(path: path, createIfMissing: false)
        #expect(again.loss == mark)
        #expect(again.marks.count == 1)
    }
}
