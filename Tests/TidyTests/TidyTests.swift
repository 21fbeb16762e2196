import Foundation
import Testing

/// The rules of style that a machine can check, on every Swift file of the package.
@Suite struct TidyTests {
    @Test(arguments: Rules.all) func `the package keeps the rule`(_ rule: Rule) throws {
        let files = try TidyTests.allSources.get()
        try #require(files.count > 60, "the package's files are found")
        let violations = files.flatMap(rule.check)
        #expect(violations.isEmpty, "\(violations.map(\.description).joined(separator: "\n"))")
    }

    @Test func `every target has a list of imports`() throws {
        let root = TidyTests.packageFolder
        for parent in ["Sources", "Tools"] {
            let folder = root.appendingPathComponent(parent)
            for name in try FileManager.default.contentsOfDirectory(atPath: folder.path) {
                let path = folder.appendingPathComponent(name).path
                let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
                guard contents.contains(where: { $0.hasSuffix(".swift") }) else { continue }
                #expect(Imports.allowed["\(parent)/\(name)"] != nil, "\(parent)/\(name)")
            }
        }
    }

    @Test(arguments: [
        ("Sources/Consensus/A.swift", "import Ledger"),
        ("Sources/Consensus/A.swift", "@testable import Ledger"),
        ("Sources/Ledger/A.swift", "import struct Foundation.Date"),
        ("Sources/Codec/A.swift", "import Foundation"),
        ("Sources/API/A.swift", "import Node"),
        ("Tools/keys/A.swift", "public import Ledger"),
    ])
    func `a planted import is found`(_ path: String, _ line: String) {
        #expect(lines(Rules.imports, path, "\n" + line) == [2])
    }

    @Test func `an allowed import passes`() {
        #expect(lines(Rules.imports, "Sources/Ledger/A.swift", "import Chain\nimport Codec") == [])
        #expect(lines(Rules.imports, "Tests/LedgerTests/A.swift", "import Foundation") == [])
    }

    @Test(arguments: [
        "let x = Int.random(in: 0..<3)", "let now = Date()", "Task { }", "await f()",
        "final class A {}", "actor A {}", "let clock = ContinuousClock()", "print(1)",
        "let x: Double = 1", "let x = try! f()", "let y = x as! Int", "fatalError()",
        "unowned let a: A", "@inlinable", "package func f()", "let x = list.shuffled()",
        "let n = \"\\(Float(1))\"",
    ])
    func `a planted word is found`(_ line: String) {
        #expect(lines(Rules.words, "Sources/Consensus/A.swift", "// a\n" + line) == [2])
    }

    @Test(arguments: ["Chain", "Ledger", "StateTree", "Codec", "Consensus", "Replica"])
    func `SEC-27 no module that executes blocks can read a clock`(_ module: String) {
        let path = "Sources/\(module)/A.swift"
        for line in [
            "let now = Date()", "let now = ContinuousClock.now", "SuspendingClock()",
            "clock_gettime(CLOCK_REALTIME, &time)", "gettimeofday(&time, nil)",
            "DispatchTime.now()", "DispatchWallTime.now()", "MonotonicClock.now()",
            "ProcessInfo.processInfo.systemUptime",
        ] {
            #expect(lines(Rules.words, path, line) == [1], "\(line)")
        }
        for line in ["import Foundation", "import Glibc", "import Dispatch"] {
            #expect(lines(Rules.imports, path, line) == [1], "\(line)")
        }
    }

    @Test func `a word in a comment or a string is no use of it`() {
        let text = """
            // a Date by random
            /* Double /* Float */ await */
            let text = "Task \\"Date\\" \\(name) await"
            let long = #"fatalError " Double"#
            /// `try!`
            """
        #expect(lines(Rules.words, "Sources/Consensus/A.swift", text) == [])
    }

    @Test func `a shell may have clocks and tasks but no floating point`() {
        let text = "let now = Date()\nawait f()\nlet x: Double = 1"
        #expect(lines(Rules.words, "Sources/Node/A.swift", text) == [3])
    }

    @Test(arguments: ["// TODO: this", "let x = 1  // FIXME", "/* HACK */"])
    func `a planted note of open work is found`(_ line: String) {
        #expect(lines(Rules.openWork, "Sources/Node/A.swift", line) == [1])
        #expect(lines(Rules.openWork, "Sources/Node/A.swift", "let s = \"TODO\"") == [])
    }

    @Test func `the hundredth column is the last`() {
        let hundred = String(repeating: "a", count: 100)
        #expect(lines(Rules.columns, "Sources/Node/A.swift", hundred) == [])
        #expect(lines(Rules.columns, "Sources/Node/A.swift", "b\n" + hundred + "a") == [2])
    }

    @Test func `the six hundredth line is the last`() {
        let text = String(repeating: "a\n", count: 600)
        #expect(lines(Rules.fileLength, "Sources/Node/A.swift", text) == [])
        #expect(lines(Rules.fileLength, "Sources/Node/A.swift", text + "a\n") == [601])
    }

    @Test(arguments: ["func f() {", "init() {", "public static func f() -> Int {"])
    func `the seventieth line of a function is the last`(_ head: String) {
        let body = String(repeating: "        if a { b }\n", count: 68)
        let short = "struct A {\n    \(head)\n\(body)    }\n}"
        let long = "struct A {\n    \(head)\n\(body)        b()\n    }\n}"
        #expect(lines(Rules.functionLength, "Sources/Node/A.swift", short) == [])
        #expect(lines(Rules.functionLength, "Sources/Node/A.swift", long) == [2])
    }

    @Test func `a requirement of a protocol has no length`() {
        let requirements = String(repeating: "    func f()\n", count: 90)
        let text = "protocol A {\n\(requirements)}"
        #expect(lines(Rules.functionLength, "Sources/Node/A.swift", text) == [])
    }

    private func lines(_ rule: Rule, _ path: String, _ text: String) -> [Int] {
        rule.check(SourceText(path: path, text: text)).map(\.line)
    }

    /// The folder that holds Package.swift.
    /// `Tools/faults` looks for these words in the logs of nodes; other words would never be found.
    @Test func `every alarm that the faults tool knows is what a node says`() throws {
        let files = try TidyTests.allSources.get()
        let checks = try #require(files.first { $0.path == "Tools/faults/Checks.swift" })
        let start = try #require(checks.lines.firstIndex { $0.contains("let alarms = [") })
        let end = try #require(checks.lines[start...].firstIndex { $0.hasSuffix("]") })
        let words = checks.lines[start...end].flatMap { line in
            line.split(separator: "\"", omittingEmptySubsequences: false).enumerated()
                .filter { !$0.offset.isMultiple(of: 2) }.map { String($0.element) }
        }
        #expect(words.count >= 4)
        let nodes = files.filter {
            $0.path.hasPrefix("Sources/Node/") || $0.path.hasPrefix("Sources/althing/")
        }
        for word in words {
            let isSaid = nodes.contains { file in file.lines.contains { $0.contains(word) } }
            #expect(isSaid, "no node says `\(word)`")
        }
    }

    private static var packageFolder: URL {
        URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
    }

    /// Read once for all rules.
    private static let allSources = Result { try sources() }

    private static func sources() throws -> [SourceText] {
        var files: [SourceText] = []
        for folder in ["Sources", "Tests", "Tools"] {
            let root = packageFolder.appendingPathComponent(folder)
            let names = FileManager.default.enumerator(atPath: root.path)
            while let name = names?.nextObject() as? String {
                guard name.hasSuffix(".swift") else { continue }
                let text = try String(
                    contentsOf: root.appendingPathComponent(name), encoding: .utf8)
                files.append(SourceText(path: "\(folder)/\(name)", text: text))
            }
        }
        return files.sorted { $0.path < $1.path }
    }
}
