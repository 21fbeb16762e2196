import ArgumentParser
import Cryptography
import Foundation

/// Whether a new key gets a password.
struct ProtectionOptions: ParsableArguments {
    @Flag(help: "Keep the key in clear: for development only.")
    var unencrypted = false

    @OptionGroup var password: PasswordOptions

    func newPassword(for name: String, quietly isQuiet: Bool) throws -> [UInt8]? {
        guard !unencrypted else {
            if !isQuiet {
                Console.note("warning: the key \(name) is kept in clear; whoever reads it has it")
            }
            return nil
        }
        return try password.newPassword(for: name)
    }
}

struct NewKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "new",
        abstract: "Make a key and show its 24 words once.",
        discussion: """
            The words alone bring the key back (`keys import`); they are not kept anywhere. With \
            -q only the address is printed.

            Example: althing keys new bob
            """)

    @Argument(help: "1 to 32 of a-z, 0-9, - and _.")
    var name: String

    @OptionGroup var protection: ProtectionOptions
    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    func run() throws {
        let store = try keystore.keystore()
        try store.checkIsFree(name)
        let password = try protection.newPassword(for: name, quietly: output.quiet)
        let mnemonic = Mnemonic.generate()
        let key = SigningKey(mnemonic: mnemonic)
        var view = KeyView(try store.create(name, key: key, password: password))
        view.mnemonic = mnemonic.text
        try output.show(view, id: view.address, fields: view.fields)
        if !output.quiet, output.format == .table {
            Console.write("\nWrite these words down and keep them where nobody finds them:\n")
            for row in 0..<6 {
                let words = mnemonic.words[(4 * row)..<(4 * row + 4)].enumerated()
                let cells = words.map { index, word in
                    let number = String(4 * row + index + 1)
                    let gap = String(repeating: " ", count: 2 - number.count)
                    return "\(gap)\(number) \(word)"
                        .padding(toLength: 14, withPad: " ", startingAt: 0)
                }
                Console.write(cells.joined())
            }
        }
    }
}

struct ImportKey: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Bring a key back from its words or its seed.",
        discussion: """
            The words, or the seed's 64 hexadecimal digits, are read from --file or from standard \
            input, where no list of processes shows them.

            Example: althing keys import bob --file words.txt
            """)

    @Argument(help: "1 to 32 of a-z, 0-9, - and _.")
    var name: String

    @Option(help: "The file with the words or the seed; standard input if not given.")
    var file: String?

    @Option(help: "The seed, 64 hexadecimal digits.")
    var seed: String?

    @Option(help: "The number of the account, n in the path m/44'/1095521352'/n'/0'/0'.")
    var account: UInt32 = 0

    @OptionGroup var protection: ProtectionOptions
    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    func validate() throws {
        guard account < 1 << 31 else { throw ValidationError("--account is below 2147483648") }
        guard file == nil || seed == nil else {
            throw ValidationError("give --file or --seed, not both")
        }
    }

    func run() throws {
        let store = try keystore.keystore()
        try store.checkIsFree(name)
        let key = try readKey()
        let password = try protection.newPassword(for: name, quietly: output.quiet)
        let view = KeyView(try store.create(name, key: key, password: password))
        try output.show(view, id: view.address, fields: view.fields)
    }

    private func readKey() throws -> SigningKey {
        let text = try seed ?? readText()
        let digits = text.trimmingCharacters(in: .whitespacesAndNewlines)
        if let bytes = [UInt8](hex: digits.lowercased()), bytes.count == 32 {
            return SigningKey(seed: bytes)
        }
        guard seed == nil else {
            throw CommandError(
                "keys.seed", "--seed is not 64 hexadecimal digits", exit: .usage)
        }
        do {
            return SigningKey(mnemonic: try Mnemonic(text: text), account: account)
        } catch {
            throw CommandError("keys.mnemonic", "\(error)", exit: .usage)
        }
    }

    private func readText() throws -> String {
        if let file {
            guard let text = try? String(contentsOfFile: file, encoding: .utf8) else {
                throw CommandError("file.missing", "\(file) cannot be read", exit: .notFound)
            }
            return text
        }
        if Console.isInputTerminal {
            return String(decoding: try Terminal.readSecret("Words: "), as: UTF8.self)
        }
        let data = try? FileHandle.standardInput.readToEnd()
        return String(decoding: data ?? Data(), as: UTF8.self)
    }
}
