import Foundation
import Testing

/// Deliberate bugs are a tool of the tests: nothing of them may reach a release build.
@Suite struct MutantTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()

    private static func text(_ path: String) throws -> String {
        try String(contentsOf: folder.appendingPathComponent(path), encoding: .utf8)
    }

    private static func swiftFiles() -> [String] {
        ["Sources", "Tools"].flatMap { parent in
            let names = FileManager.default.enumerator(
                atPath: folder.appendingPathComponent(parent).path)
            return (names?.allObjects ?? []).compactMap { $0 as? String }
                .filter { $0.hasSuffix(".swift") }.map { "\(parent)/\($0)" }
        }
    }

    @Test func `the flag of the mutants is defined for the debug configuration alone`() throws {
        let lines = try MutantTests.text("Package.swift").split(separator: "\n")
            .filter { $0.contains("MUTANTS") }
        #expect(lines.count == 1)
        #expect(
            lines.allSatisfy {
                $0.contains(".define(\"MUTANTS\", .when(configuration: .debug))")
            })
    }

    /// Not even by a command line that defines the flag.
    @Test func `a build with the flag and without the debug configuration is an error`() throws {
        let text = try MutantTests.text("Sources/Chain/Mutant.swift")
        let lines = text.split(separator: "\n").prefix(3).map {
            $0.trimmingCharacters(in: .whitespaces)
        }
        #expect(lines[0] == "#if MUTANTS && !DEBUG")
        #expect(lines[1].hasPrefix("#error("))
        #expect(lines[2] == "#endif")
    }

    @Test func `without the flag no mutant is ever active`() throws {
        let text = try MutantTests.text("Sources/Chain/Mutant.swift")
        let bodies = text.components(separatedBy: "-> Bool {").dropFirst()
        #expect(bodies.count == 2)
        for body in bodies {
            let parts = body.components(separatedBy: "#else")
            #expect(parts[0].contains("#if MUTANTS"))
            let otherwise = parts[1].components(separatedBy: "#endif")[0]
            #expect(otherwise.trimmingCharacters(in: .whitespacesAndNewlines) == "return false")
        }
    }

    @Test func `only the list and the mutation check know the flag`() throws {
        let users = try MutantTests.swiftFiles().filter {
            let text = try MutantTests.text($0)
            return text.contains("#if MUTANTS") || text.contains("Mutant.active")
        }
        #expect(
            Set(users) == ["Sources/Chain/Mutant.swift", "Tools/simulate/MutantsReport.swift"])
    }

    @Test func `every mutant has a place in the code`() throws {
        let list = try MutantTests.text("Sources/Chain/Mutant.swift")
        let names = list.components(separatedBy: "\n").compactMap { line -> String? in
            let words = line.split(separator: " ")
            return words.count == 2 && words[0] == "case" ? String(words[1]) : nil
        }
        #expect(names.count >= 24)
        let code = try MutantTests.swiftFiles().map(MutantTests.text).joined()
        for name in names {
            #expect(code.contains("isActive(.\(name))"), "\(name)")
        }
    }
}
