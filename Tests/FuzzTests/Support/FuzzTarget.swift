import Cryptography

/// One entrance for hostile bytes, with what must hold whatever they are.
///
/// libFuzzer runs a target with inputs of its own making (`Tools/fuzz`); the ordinary tests replay
/// the committed ones through the same function.
struct FuzzTarget: Sendable {
    let name: String
    /// What is attacked, for `--list`.
    let summary: String
    /// The longest input worth trying.
    let bytesMax: Int
    /// Valid inputs to begin from.
    let seeds: @Sendable () -> [[UInt8]]
    /// - Throws: when a property does not hold. A trap is a finding as well.
    let run: @Sendable ([UInt8]) throws(FuzzFailure) -> Void

    static let all: [FuzzTarget] = [
        .chain, .wire, .text, .certificates, .engine, .cluster, .replica, .log, .proofs,
        .transport,
    ]

    /// The inputs in a file of Corpus: one a line, in hexadecimal; `#` begins a remark.
    static func inputs(in text: String) -> [[UInt8]] {
        text.split(separator: "\n").compactMap { line in
            line.hasPrefix("#") ? nil : [UInt8](hex: String(line))
        }
    }
}

/// A property that some input broke.
struct FuzzFailure: Error, CustomStringConvertible {
    let description: String
}

func require(
    _ condition: Bool, _ message: @autoclosure () -> String
) throws(FuzzFailure) {
    guard condition else { throw FuzzFailure(description: message()) }
}
