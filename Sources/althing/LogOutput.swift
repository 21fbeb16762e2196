import Chain
import Foundation
import GenesisTool
import KeyTool
import Logging
import Node

/// Writes log lines to standard error: text for people or JSON for programs, times in UTC.
struct LogOutput: LogHandler {
    let label: String
    let format: NodeConfiguration.LogFormat
    var logLevel: Logger.Level
    var metadata: Logger.Metadata = [:]

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) {
        let fields = metadata.merging(event.metadata ?? [:]) { $1 }
            .sorted { $0.key < $1.key }.map { ($0.key, printable($0.value.description)) }
        let time = TimeText.print(.now)
        let message = printable(event.message.description)
        switch format {
        case .text:
            let level = event.level.rawValue.uppercased()
            let suffix = fields.map { " \($0.0)=\($0.1)" }.joined()
            Console.note("\(time) \(level) \(message)\(suffix)")
        case .json:
            let members: [JSON.Member] = [
                .init("time", .string(time)), .init("level", .string(event.level.rawValue)),
                .init("message", .string(message)),
            ]
            Console.note(
                JSON.object(members + fields.map { .init($0.0, .string($0.1)) }).compact)
        }
    }
}
