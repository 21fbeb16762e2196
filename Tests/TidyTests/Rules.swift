/// A rule that one file can break: what it looks for, and what to write instead.
struct Rule: Sendable, CustomStringConvertible {
    let name: String
    let check: @Sendable (SourceText) -> [Violation]

    var description: String { name }
}

struct Violation: CustomStringConvertible, Equatable {
    let path: String
    let line: Int
    let message: String

    var description: String { "\(path):\(line): \(message)" }
}

/// A word that no file below a folder may use.
struct BannedWord: Sendable {
    let word: String
    /// What must follow the word for it to count.
    var suffix = ""
    /// Folders or files; a path counts if it begins so.
    var within = [""]
    /// Files with a reason of their own.
    var except: [String] = []
    let instead: String
}

enum Rules {
    static let columnsMax = 100
    static let fileLinesMax = 600
    static let functionLinesMax = 70

    static let all = [imports, words, openWork, columns, fileLength, functionLength]

    static let imports = Rule(name: "a target imports what the architecture allows") { file in
        guard
            let (folder, allowed) = Imports.allowed.first(where: { isFile(file.path, in: $0.key) })
        else { return [] }
        return violations(in: file.code, of: file) { line in
            let words = SourceText.words(of: line).map(\.word)
            guard let keyword = words.firstIndex(of: "import"), keyword < 3 else { return nil }
            guard words[..<keyword].allSatisfy({ $0 == "testable" || $0 == "public" }) else {
                return nil
            }
            let kinds: Set = ["struct", "enum", "class", "func", "protocol", "let", "var"]
            guard let module = words[(keyword + 1)...].first(where: { !kinds.contains($0) }),
                !allowed.contains(module)
            else { return nil }
            return "\(folder) does not import \(module); see Tests/TidyTests/Imports.swift"
        }
    }

    static let words = Rule(name: "no banned word is used") { file in
        let banned = BannedWord.all.filter { word in
            word.within.contains { isFile(file.path, in: $0) }
                && !word.except.contains { isFile(file.path, in: $0) }
        }
        return violations(in: file.code, of: file) { line in
            for (word, rest) in SourceText.words(of: line) {
                if let ban = banned.first(where: { $0.word == word && rest.hasPrefix($0.suffix) }) {
                    return "`\(ban.word)\(ban.suffix)`: \(ban.instead)"
                }
            }
            return nil
        }
    }

    static let openWork = Rule(name: "open work is an issue, not a comment") { file in
        violations(in: file.codeAndComments, of: file) { line in
            let marks: Set = ["TODO", "FIXME", "XXX", "HACK"]
            let found = SourceText.words(of: line).first { marks.contains($0.word) }
            return found.map { "`\($0.word)`: do it, or open an issue" }
        }
    }

    static let columns = Rule(name: "a line has at most 100 columns") { file in
        violations(in: file.lines, of: file) { line in
            line.count <= columnsMax ? nil : "\(line.count) columns; break the line"
        }
    }

    static let fileLength = Rule(name: "a file has at most 600 lines") { file in
        guard file.lines.count > fileLinesMax else { return [] }
        let message = "\(file.lines.count) lines; split the file by subject"
        return [Violation(path: file.path, line: file.lines.count, message: message)]
    }

    static let functionLength = Rule(name: "a function has at most 70 lines") { file in
        var violations: [Violation] = []
        for start in file.code.indices where startsFunction(file.code[start]) {
            guard let end = endOfBody(startingAt: start, in: file.code) else { continue }
            let count = end - start + 1
            guard count > functionLinesMax else { continue }
            let message = "a function of \(count) lines; move steps into functions with names"
            violations.append(Violation(path: file.path, line: start + 1, message: message))
        }
        return violations
    }

    static func isFile(_ path: String, in folder: String) -> Bool {
        folder.isEmpty || path == folder || path.hasPrefix(folder + "/")
    }

    private static func violations(
        in lines: [String], of file: SourceText, message: (String) -> String?
    ) -> [Violation] {
        lines.enumerated().compactMap { index, line in
            message(line).map { Violation(path: file.path, line: index + 1, message: $0) }
        }
    }

    private static func startsFunction(_ line: String) -> Bool {
        let modifiers: Set = [
            "public", "private", "fileprivate", "internal", "static", "mutating", "borrowing",
            "consuming", "nonisolated", "override", "final", "convenience", "async", "required",
        ]
        let trimmed = line.drop { $0 == " " }
        var rest = Substring(trimmed)
        while let word = SourceText.words(of: String(rest)).first, modifiers.contains(word.word) {
            rest = word.rest.drop { $0 == " " }
        }
        return ["func ", "init(", "init?(", "init<", "deinit "].contains { rest.hasPrefix($0) }
    }

    /// The line of the brace that closes the body, or nil if there is none before the next
    /// declaration at the same depth (a requirement of a protocol).
    private static func endOfBody(startingAt start: Int, in lines: [String]) -> Int? {
        let indentation = lines[start].prefix { $0 == " " }.count
        var depth = 0
        var hasBody = false
        for index in lines[start...].indices {
            if index > start, !hasBody, startsFunction(lines[index]) {
                return nil
            }
            let line = lines[index]
            for character in line {
                if character == "{" {
                    depth += 1
                    hasBody = true
                } else if character == "}" {
                    depth -= 1
                }
            }
            if depth < 0 {
                return nil
            }
            if hasBody, depth == 0, line.prefix(while: { $0 == " " }).count <= indentation {
                return index
            }
        }
        return nil
    }
}
