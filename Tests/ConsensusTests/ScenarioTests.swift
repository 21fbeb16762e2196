import Foundation
import Testing

/// Golden scripts: inputs, and every effect that follows. `ALTHING_REGENERATE=1` writes the
/// effects of this build into the scripts; read the difference before committing it.
@Suite struct ScenarioTests {
    static let names: [String] = {
        let folder = Bundle.module.url(forResource: "Scenarios", withExtension: nil)
        let files = folder.flatMap {
            try? FileManager.default.contentsOfDirectory(atPath: $0.path)
        }
        return (files ?? []).filter { $0.hasSuffix(".txt") }.sorted()
    }()

    @Test func `there is a script for each rule and each worked trace`() {
        let rules = (1...13).map { "R\($0)" } + (1...8).map { "T\($0)" }
        for rule in rules {
            #expect(Self.names.contains { $0.hasPrefix("\(rule)-") }, "\(rule)")
        }
    }

    @Test(arguments: names)
    func `a script gives the effects that it says`(name: String) throws {
        let isRegenerating = ProcessInfo.processInfo.environment["ALTHING_REGENERATE"] == "1"
        let source = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Scenarios").appendingPathComponent(name)
        let copy = try #require(Bundle.module.url(forResource: "Scenarios", withExtension: nil))
            .appendingPathComponent(name)
        let text = try String(
            contentsOf: isRegenerating ? source : copy, encoding: .utf8)
        let runner = ScenarioRunner()
        var result: [String] = []
        for block in Script(text).blocks {
            result += block.head
            guard !block.commands.isEmpty else { continue }
            let output = try runner.run(block.commands)
                .flatMap { $0.split(separator: "\n").map(String.init) }
            if !isRegenerating {
                #expect(
                    output == block.expected, "\(name): \(block.commands.joined(separator: "; "))")
            }
            result += block.commands + ["----"] + output + [""]
        }
        if isRegenerating {
            try result.joined(separator: "\n").write(to: source, atomically: true, encoding: .utf8)
        }
    }
}

/// A script as blocks of commands and expected output.
struct Script {
    struct Block {
        /// Comments and empty lines before the commands.
        var head: [String] = []
        var commands: [String] = []
        var expected: [String] = []
    }

    var blocks: [Block] = []

    init(_ text: String) {
        var block = Block()
        var isOutput = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line == "----" {
                isOutput = true
            } else if line.isEmpty {
                if block.commands.isEmpty {
                    block.head.append(line)
                } else if isOutput {
                    blocks.append(block)
                    block = Block()
                    isOutput = false
                }
            } else if isOutput {
                block.expected.append(line)
            } else if line.hasPrefix("#"), block.commands.isEmpty {
                block.head.append(line)
            } else {
                block.commands.append(line)
            }
        }
        while block.head.last?.isEmpty ?? false { block.head.removeLast() }
        if !block.commands.isEmpty || !block.head.isEmpty { blocks.append(block) }
    }
}
