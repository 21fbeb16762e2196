import Foundation

/// A source file in the three forms that the rules look at.
struct SourceText {
    /// The path below the package, with slashes.
    let path: String
    let lines: [String]
    /// The lines without the text of string literals and of comments: what the compiler acts on.
    let code: [String]
    /// The lines without the text of string literals.
    let codeAndComments: [String]

    init(path: String, text: String) {
        self.path = path
        lines = SourceText.lines(of: text)
        var stripper = Stripper(Array(text.unicodeScalars))
        stripper.run()
        code = SourceText.lines(of: stripper.code)
        codeAndComments = SourceText.lines(of: stripper.codeAndComments)
    }

    private static func lines(of text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" {
            lines.removeLast()
        }
        return lines
    }

    /// The words (letters, digits, underscores) of a line with the characters that follow each.
    static func words(of line: String) -> [(word: String, rest: Substring)] {
        var words: [(word: String, rest: Substring)] = []
        var index = line.startIndex
        while index < line.endIndex {
            guard line[index].isLetter || line[index] == "_" else {
                index = line.index(after: index)
                continue
            }
            var end = index
            while end < line.endIndex,
                line[end].isLetter || line[end].isNumber || line[end] == "_"
            {
                end = line.index(after: end)
            }
            words.append((String(line[index..<end]), line[end...]))
            index = end
        }
        return words
    }
}

/// Removes comments and the text of string literals and keeps every line break.
private struct Stripper {
    private let source: [Unicode.Scalar]
    private var index = 0
    private(set) var code = ""
    private(set) var codeAndComments = ""

    init(_ source: [Unicode.Scalar]) {
        self.source = source
    }

    mutating func run() {
        while index < source.count {
            if matches("//") {
                lineComment()
            } else if matches("/*") {
                blockComment()
            } else if let pounds = stringStart() {
                stringLiteral(pounds: pounds)
            } else if source[index] == "`" {
                quotedName()
            } else {
                emit(source[index])
            }
        }
    }

    private func matches(_ text: String) -> Bool {
        var position = index
        for scalar in text.unicodeScalars {
            guard position < source.count, source[position] == scalar else { return false }
            position += 1
        }
        return true
    }

    private mutating func emit(_ scalar: Unicode.Scalar) {
        code.unicodeScalars.append(scalar)
        codeAndComments.unicodeScalars.append(scalar)
        index += 1
    }

    private mutating func emitComment() {
        if source[index] == "\n" {
            code.unicodeScalars.append("\n")
        }
        codeAndComments.unicodeScalars.append(source[index])
        index += 1
    }

    private mutating func lineComment() {
        while index < source.count, source[index] != "\n" {
            emitComment()
        }
    }

    private mutating func blockComment() {
        var depth = 0
        repeat {
            if matches("/*") {
                depth += 1
                emitComment()
            } else if matches("*/") {
                depth -= 1
                emitComment()
            }
            if index < source.count {
                emitComment()
            }
        } while depth > 0 && index < source.count
    }

    /// Drops a name in back-ticks: the sentence that a test is called by.
    private mutating func quotedName() {
        repeat {
            index += 1
        } while index < source.count && source[index] != "`" && source[index] != "\n"
        code += "``"
        codeAndComments += "``"
        if index < source.count, source[index] == "`" {
            index += 1
        }
    }

    /// The number of `#` before a quotation mark that starts here; nil if no string does.
    private func stringStart() -> Int? {
        var end = index
        while end < source.count, source[end] == "#" {
            end += 1
        }
        return end < source.count && source[end] == "\"" ? end - index : nil
    }

    /// Drops the text of a literal; the code of an interpolation goes with it.
    private mutating func stringLiteral(pounds: Int) {
        let hashes = String(repeating: "#", count: pounds)
        index += pounds
        let isLong = matches("\"\"\"")
        let quotes = isLong ? "\"\"\"" : "\""
        index += quotes.count
        code += "\""
        codeAndComments += "\""
        while index < source.count {
            if matches("\\" + hashes) {
                index += 1 + pounds
                if index < source.count, source[index] == "(" {
                    interpolation()
                } else {
                    index += 1
                }
            } else if matches(quotes + hashes) {
                index += quotes.count + pounds
                break
            } else {
                if source[index] == "\n" {
                    code += "\n"
                    codeAndComments += "\n"
                    guard isLong else { break }
                }
                index += 1
            }
        }
        code += "\""
        codeAndComments += "\""
    }

    private mutating func interpolation() {
        var depth = 0
        while index < source.count {
            if let pounds = stringStart() {
                stringLiteral(pounds: pounds)
                continue
            }
            if source[index] == "(" {
                depth += 1
            } else if source[index] == ")" {
                depth -= 1
            }
            emit(source[index])
            if depth == 0 {
                return
            }
        }
    }
}
