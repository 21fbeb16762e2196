import ArgumentParser
import Cryptography
import Foundation

/// What a person signs: the tagged hash of the text, so that it never passes for a transaction, a
/// vote or a handshake.
public enum SignedMessage {
    public static func bytes(_ message: [UInt8]) -> [UInt8] {
        Digest(.message, message).bytes
    }
}

struct SignMessage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sign",
        abstract: "Sign a text.",
        discussion: "Example: althing keys sign bob 'I am bob'")

    @Argument(help: "The name of the key.")
    var name: String

    @Argument(help: "The text; - reads standard input.")
    var message: String

    @OptionGroup var password: PasswordOptions
    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    private struct Result: Encodable {
        let address: String
        let publicKey: String
        let signature: String
    }

    func run() throws {
        let key = try keystore.keystore().signingKey(named: name, password: password)
        let signature = key.sign(SignedMessage.bytes(MessageText.bytes(message)))
        let result = Result(
            address: Address(key.publicKey).text(), publicKey: key.publicKey.hex,
            signature: signature.hex)
        try output.show(
            result, id: result.signature,
            fields: [
                ("address", result.address), ("public key", result.publicKey),
                ("signature", result.signature),
            ])
    }
}

struct VerifyMessage: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Check who signed a text; the exit code is 1 if it was somebody else.",
        discussion: """
            An address is the hash of a public key: with an address, the key is looked for in the \
            keystore unless --public-key gives it.

            Example: althing keys verify bob SIGNATURE 'I am bob'
            """)

    @Argument(help: "A public key, an address, or the name of a key.")
    var signer: String

    @Argument(help: "The signature, 128 hexadecimal digits.")
    var signature: String

    @Argument(help: "The text; - reads standard input.")
    var message: String

    @Option(help: "The public key of the address.")
    var publicKey: String?

    @OptionGroup var keystore: KeystoreOptions
    @OptionGroup var output: OutputOptions

    private struct Result: Encodable {
        let valid: Bool
        let address: String
    }

    func run() throws {
        let key = try signerKey()
        guard let signature = Signature(hex: signature.lowercased()) else {
            throw CommandError(
                "keys.signature", "the signature is not 128 hexadecimal digits", exit: .usage)
        }
        let text = MessageText.bytes(message)
        guard key.isValid(signature, for: SignedMessage.bytes(text)) else {
            throw CommandError(
                "keys.signature_invalid", "\(signer) did not sign this text with this signature")
        }
        let result = Result(valid: true, address: Address(key).text())
        try output.show(
            result, id: result.address, fields: [("valid", "yes"), ("address", result.address)])
    }

    private func signerKey() throws -> PublicKey {
        if let key = PublicKey(hex: signer.lowercased()) {
            return key
        }
        let store = try keystore.keystore()
        guard !Keystore.isName(signer) else { return try store.entry(signer).publicKey }
        return try key(of: try keystore.address(of: signer).address, in: store)
    }

    private func key(of address: Address, in store: Keystore) throws -> PublicKey {
        if let publicKey {
            guard let key = PublicKey(hex: publicKey.lowercased()), Address(key) == address else {
                throw CommandError(
                    "keys.public_key", "--public-key is not the key of \(signer)", exit: .usage)
            }
            return key
        }
        guard let entry = try store.list().first(where: { $0.address == address }) else {
            throw CommandError(
                "keys.not_found", "the public key of \(signer) is not in the keystore",
                hint: "give it with --public-key", exit: .notFound)
        }
        return entry.publicKey
    }
}

enum MessageText {
    /// The text of an argument, or all of standard input for `-`.
    static func bytes(_ argument: String) -> [UInt8] {
        guard argument == "-" else { return Array(argument.utf8) }
        let data = try? FileHandle.standardInput.readToEnd()
        return Array(data ?? Data())
    }
}
