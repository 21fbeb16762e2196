import ArgumentParser
import Foundation

/// How a command prints its result.
public enum OutputFormat: String, CaseIterable, ExpressibleByArgument, Sendable {
    case table
    case json

    /// A table for a person, JSON for a pipe.
    public static var automatic: OutputFormat { Console.isOutputTerminal ? .table : .json }
}

/// The flags that say how a result is printed.
public struct OutputOptions: ParsableArguments {
    @Option(name: .shortAndLong, help: "table or json; json when the output is no terminal.")
    public var output: OutputFormat?

    @Flag(name: .shortAndLong, help: "Print only the id.")
    public var quiet = false

    public init() {}

    public var format: OutputFormat { output ?? .automatic }

    /// Prints one value: its id, a row for each field, or one line of JSON.
    public func show<Value: Encodable>(
        _ value: Value, id: String, fields: [(name: String, value: String)]
    ) throws {
        guard !quiet else {
            Console.write(id)
            return
        }
        switch format {
        case .json: Console.write(try JSONText.line(value))
        case .table:
            var table = TextTable()
            for field in fields {
                table.add([field.name, field.value])
            }
            table.lines.forEach(Console.write)
        }
    }

    /// Prints a list: ids, a table, or one JSON object on each line.
    public func show<Value: Encodable>(
        list: [Value], id: (Value) -> String, header: [String], row: (Value) -> [String]
    ) throws {
        guard !quiet else {
            list.map(id).forEach(Console.write)
            return
        }
        switch format {
        case .json:
            for value in list {
                Console.write(try JSONText.line(value))
            }
        case .table:
            var table = TextTable(header)
            for value in list {
                table.add(row(value))
            }
            table.lines.forEach(Console.write)
        }
    }
}

/// JSON whose fields are always in the same order.
public enum JSONText {
    public static func line(_ value: some Encodable) throws -> String {
        String(decoding: try encoder([]).encode(value), as: UTF8.self)
    }

    /// Over several lines, with a line end: for files that people read.
    public static func file(_ value: some Encodable) throws -> [UInt8] {
        Array(try encoder(.prettyPrinted).encode(value)) + [UInt8(ascii: "\n")]
    }

    private static func encoder(_ formatting: JSONEncoder.OutputFormatting) -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = formatting.union([.sortedKeys, .withoutEscapingSlashes])
        return encoder
    }
}
