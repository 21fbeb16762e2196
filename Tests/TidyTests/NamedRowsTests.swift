import Foundation
import Testing

/// The rows of the project's description that must be proven, each by a test or a golden script
/// that has its number in its name: so a row and its proof find each other.
@Suite struct NamedRowsTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The words of every test's name and of every script's first line.
    private static func words() throws -> Set<String> {
        var words: Set<String> = []
        let names = FileManager.default.enumerator(atPath: folder.path)
        while let name = names?.nextObject() as? String {
            let isScript = name.contains("Scenarios/") && name.hasSuffix(".txt")
            guard name.hasSuffix(".swift") || isScript else { continue }
            let text = try String(
                contentsOf: folder.appendingPathComponent(name), encoding: .utf8)
            let lines = text.split(separator: "\n").filter { line in
                isScript ? line.hasPrefix("#") : line.contains("func `")
            }
            for line in isScript ? Array(lines.prefix(1)) : lines {
                let parts = line.split { $0.isWhitespace || "`,:.()#".contains($0) }
                words.formUnion(parts.map(String.init))
            }
        }
        return words
    }

    @Test func `each pitfall of other implementations has a test of its name`() throws {
        let words = try Self.words()
        let missing = (1...35).map { "P\($0)" }.filter { !words.contains($0) }
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test func `each row of security that consensus has to prove has a test of its name`() throws {
        let words = try Self.words()
        let missing = (Array(1...27) + [50]).map { "SEC-\($0 < 10 ? "0" : "")\($0)" }
            .filter { !words.contains($0) }
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test func `each invariant has a test of its name`() throws {
        let words = try Self.words()
        let rows = (1...22).map { "I\($0)" } + (1...8).map { "X\($0)" }
        let missing = rows.filter { !words.contains($0) }
        #expect(missing.isEmpty, "\(missing)")
    }

    @Test func `each scenario of the description has a test or a simulation of its name`() throws {
        let words = try Self.words().union(Self.simulations())
        let rows = (Array(1...34) + [41] + Array(43...52)).map { "S\($0 < 10 ? "0" : "")\($0)" }
        let missing = rows.filter { !words.contains($0) }
        #expect(missing.isEmpty, "\(missing)")
    }

    /// The names of the simulator's scenarios.
    private static func simulations() throws -> Set<String> {
        let scenarios = folder.deletingLastPathComponent()
            .appendingPathComponent("Sources/Simulator/Scenarios")
        var names: Set<String> = []
        for file in try FileManager.default.contentsOfDirectory(atPath: scenarios.path) {
            let text = try String(
                contentsOf: scenarios.appendingPathComponent(file), encoding: .utf8)
            for part in text.components(separatedBy: "Scenario(").dropFirst() {
                let quoted = part.split(separator: "\"", maxSplits: 2)
                if quoted.count > 1, quoted[0].allSatisfy(\.isWhitespace) {
                    names.insert(String(quoted[1]))
                }
            }
        }
        return names
    }

    /// Whatever is read from bytes is fuzzed, by itself or as a part of something else.
    @Test func `every decoder has a fuzz target`() throws {
        // Parts of others, private rows of the simulator's disk, and what only a channel reads.
        let elsewhere: Set<String> = [
            "BlockProposal", "BlockRequest", "BlockResponse", "BlockTransactionsRequest",
            "BlockTransactionsResponse", "CertificateRequest", "CertificateResponse",
            "RangeRequest", "RangeResponse",
            "Entry", "Place", "Start", "TreeLeaf", "StaleList", "Row", "Mark", "StatusRow",
        ]
        let targets = try ["DecoderTargets", "RecordDecoders"].map {
            try String(
                contentsOf: Self.folder.appendingPathComponent("FuzzTests/Targets/\($0).swift"),
                encoding: .utf8)
        }.joined()
        let missing = try Self.decoders().filter { type in
            !elsewhere.contains(type) && !targets.contains("Decoder(\(type).self")
                && !targets.contains("Decoder(\n            \(type).self")
        }
        #expect(missing.isEmpty, "\(missing)")
    }

    /// The names of the types that are read from bytes.
    private static func decoders() throws -> [String] {
        let sources = folder.deletingLastPathComponent().appendingPathComponent("Sources")
        let files = FileManager.default.enumerator(atPath: sources.path)
        var names: Set<String> = []
        while let file = files?.nextObject() as? String {
            guard file.hasSuffix(".swift") else { continue }
            let source = try String(
                contentsOf: sources.appendingPathComponent(file), encoding: .utf8)
            for line in source.split(separator: "\n") where line.contains("CanonicalCodable") {
                let words = line.split { " :,{<".contains($0) }.map(String.init)
                guard let kind = words.firstIndex(where: { ["struct", "enum"].contains($0) }),
                    kind + 1 < words.count
                else { continue }
                names.insert(words[kind + 1])
            }
        }
        #expect(names.count > 150)
        return names.sorted()
    }

    /// G-R: in tests R is a rule of consensus as well.
    @Test func `each row of governance has a test of its name`() throws {
        let words = try Self.words()
        let rows = [1, 2, 3, 4, 5, 6, 8, 10, 11, 13, 14, 15, 17, 27, 28, 34, 36, 39, 40, 41, 42]
        let missing = rows.map { "G-R\($0)" }.filter { !words.contains($0) }
        #expect(missing.isEmpty, "\(missing)")
    }

    /// Elsewhere a vote or certificate counts only after its signatures were checked.
    @Test func `SEC-26 only the own log, store and signer are trusted without a check`() throws {
        #expect(
            try Self.users(of: ".restored(") == [
                "Chain/Verified.swift", "Consensus/Engine+Recovery.swift",
                "Node/EpochSource.swift", "Node/Signer/LocalSigner.swift",
                "Node/Verification/Verifier.swift",
            ])
    }

    /// Elsewhere a key gets power only after it was checked.
    @Test func `SEC-26 only keys that the state holds are trusted without a check`() throws {
        #expect(
            try Self.users(of: "StoredValidatorSet.self") == ["Ledger/Epochs/Epochs.swift"])
        #expect(
            try Self.users(of: "StoredValidatorSet(") == ["Chain/ValidatorSet.swift"])
        #expect(
            try Self.users(of: "trustingKeysOf") == [
                "Chain/ValidatorSet.swift", "Ledger/Epochs/Election.swift",
            ])
    }

    private static func users(of text: String) throws -> Set<String> {
        let sources = folder.deletingLastPathComponent().appendingPathComponent("Sources")
        let names = FileManager.default.enumerator(atPath: sources.path)
        var users: Set<String> = []
        while let name = names?.nextObject() as? String {
            guard name.hasSuffix(".swift"), !name.hasPrefix("Simulator/") else { continue }
            let source = try String(
                contentsOf: sources.appendingPathComponent(name), encoding: .utf8)
            if source.contains(text) { users.insert(name) }
        }
        return users
    }
}
