import Foundation
import Testing

/// What the fuzzer runs, with the inputs that are kept: valid ones, and those that once broke
/// something.
@Suite struct CorpusTests {
    @Test(arguments: FuzzTarget.all.map(\.name))
    func `a target takes its seeds and what was kept`(name: String) throws {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        let kept = try Self.kept(name)
        let seeds = target.seeds()
        #expect(!seeds.isEmpty)
        for input in seeds + kept { Self.run(target, input) }
    }

    /// SEC-31: a message may end anywhere, and may be changed anywhere.
    @Test(arguments: FuzzTarget.all.map(\.name))
    func `I21 SEC-31 a target takes every prefix and many changes of its seeds`(name: String) throws
    {
        let target = try #require(FuzzTarget.all.first { $0.name == name })
        for seed in target.seeds() {
            let step = max(1, seed.count / 48)
            for count in stride(from: 0, through: seed.count, by: step) {
                Self.run(target, Array(seed[..<count]))
            }
            for index in stride(from: 0, to: seed.count, by: step) {
                var changed = seed
                changed[index] ^= UInt8(truncatingIfNeeded: 1 << (index % 8))
                Self.run(target, changed)
            }
        }
    }

    @Test func `the kept inputs are small, and every file is a target's`() throws {
        let names = Set(FuzzTarget.all.map(\.name))
        #expect(names.count == FuzzTarget.all.count)
        for name in names { #expect(try !Self.kept(name).isEmpty, "\(name) has kept inputs") }
        var total = 0
        for file in try FileManager.default.contentsOfDirectory(atPath: Self.corpus.path)
        where file.hasSuffix(".txt") {
            let name = String(file.dropLast(4))
            #expect(names.contains(name), "\(file)")
            let text = try Self.text(name)
            total += text.utf8.count
            let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
            #expect(FuzzTarget.inputs(in: text).count == lines.count, "\(file) is hexadecimal")
        }
        #expect(total < 1 << 20, "all kept inputs together are below a mebibyte")
    }

    private static let corpus =
        Bundle.module.resourceURL?.appendingPathComponent("Corpus")
        ?? URL(fileURLWithPath: "/nowhere")

    private static func text(_ name: String) throws -> String {
        try String(
            contentsOf: corpus.appendingPathComponent("\(name).txt"), encoding: .utf8)
    }

    private static func kept(_ name: String) throws -> [[UInt8]] {
        FuzzTarget.inputs(in: try text(name))
    }

    private static func run(_ target: FuzzTarget, _ input: [UInt8]) {
        do throws(FuzzFailure) {
            try target.run(input)
        } catch {
            Issue.record("\(target.name): \(error), by \(input.count) bytes \(input.prefix(200))")
        }
    }
}
