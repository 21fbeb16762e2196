import ArgumentParser
import Chain
import Codec
import Cryptography
import Foundation
import GenesisTool
import KeyTool

/// `althing tx`: transactions that were sent, or made elsewhere.
struct TransactionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tx", abstract: "Show, wait for and submit transactions.",
        subcommands: [Show.self, Wait.self, Submit.self])

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show a transaction and what became of it.",
            discussion: "Example:\n  althing tx show 5f0c…")

        @Argument(help: "The transaction's hash.")
        var hash: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let hash = try TransactionCommand.digest(hash)
            let client = try options.client()
            let json = try await client.get("/v1/txs/\(hash.hex)")
            let chain = try await ChainInfo(client)
            let view = TransactionView(
                chain: chain, names: NameBook(chain, home: options.home),
                book: try await AssetBook(client, chain))
            options.show(json, id: hash.hex) { view.lines(json) }
        }
    }

    struct Wait: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Wait until a transaction is final; the exit code is its result.",
            discussion: "Example:\n  althing tx wait 5f0c… --timeout 30s")

        @Argument(help: "The transaction's hash.")
        var hash: String

        @Option(help: "How long to wait, like 30s.")
        var timeout = "60s"

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let hash = try TransactionCommand.digest(hash)
            let client = try options.client()
            let milliseconds: UInt64
            do {
                milliseconds = try DurationText.parse(timeout)
            } catch {
                throw CommandError(
                    "timeout.invalid", "--timeout `\(timeout)`: \(error)", exit: .usage)
            }
            let waiter = TransactionWaiter(client: client, timeoutMilliseconds: milliseconds)
            let json = try await waiter.result(of: hash, validUntil: nil)
            TransactionView(chain: try await ChainInfo(client)).showResult(json, options)
            try TransactionView.checkSuccess(json)
        }
    }

    struct Submit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Submit a signed transaction from a file; does not wait.",
            discussion: "Example:\n  althing tx submit signed.hex && althing tx wait $hash")

        @Argument(help: "A file with the bytes or their hexadecimal digits; - is standard input.")
        var file: String

        @OptionGroup var options: ClientOptions

        func run() async throws {
            let bytes = try read()
            let signed: SignedTransaction
            do {
                signed = try SignedTransaction(decoding: bytes)
            } catch {
                throw CommandError(
                    "tx.malformed", "\(file) is not a signed transaction: \(error)", exit: .usage)
            }
            let json = JSON.object([.init("hash", .string(signed.id.hex))])
            options.show(json, id: signed.id.hex) { ["hash  \(signed.id)"] }
            _ = try await options.client().post("/v1/txs", bytes)
        }

        private func read() throws -> [UInt8] {
            let data: Data?
            if file == "-" {
                data = try? FileHandle.standardInput.readToEnd() ?? Data()
            } else {
                data = FileManager.default.contents(atPath: file)
            }
            guard let data else {
                throw CommandError("file.missing", "\(file) cannot be read", exit: .notFound)
            }
            let text = String(data: data, encoding: .utf8)?
                .trimmingCharacters(in: .whitespacesAndNewlines)
            return text.flatMap { [UInt8](hex: $0) } ?? Array(data)
        }
    }

    static func digest(_ text: String) throws -> Digest {
        guard let digest = Digest(hex: text) else {
            throw CommandError(
                "hash.invalid", "`\(text)` is not a hash",
                hint: "a hash has 64 lower-case hexadecimal digits", exit: .usage)
        }
        return digest
    }
}
