import Cryptography
import Foundation

/// What is known of a key without its password.
public struct KeyEntry: Equatable, Sendable {
    public let name: String
    public let address: Address
    public let publicKey: PublicKey
    public let isEncrypted: Bool
}

/// One key's file: JSON for people around the sealed bytes (`SealedKey`), or the seed in clear for
/// a key that protects nothing.
struct KeyFile: Codable, Equatable {
    static let version = 1

    var version = KeyFile.version
    /// In the default prefix; the address is the same on a chain with another one.
    let address: String
    let publicKey: String
    let encrypted: Bool
    /// Hex of a `SealedKey`, where encrypted.
    var sealed: String?
    /// Hex of the 32 bytes, where not.
    var seed: String?

    init(_ key: borrowing SigningKey, password: [UInt8]?, cost: SealedKey.Cost) throws {
        publicKey = key.publicKey.hex
        address = Address(key.publicKey).text()
        encrypted = password != nil
        if let password {
            sealed = try key.withSeed { seed in
                try SealedKey(sealing: seed, password: password, cost: cost).bytes.hex
            }
        } else {
            seed = key.withSeed(\.hex)
        }
    }

    /// Reads a file and checks all that can be checked without the password.
    init(bytes: [UInt8]) throws(KeyFileError) {
        struct Version: Decodable { let version: Int }
        let data = Data(bytes)
        let decoder = JSONDecoder()
        do {
            let version = try decoder.decode(Version.self, from: data).version
            guard version == KeyFile.version else {
                throw KeyFileError.unsupportedVersion(version)
            }
            self = try decoder.decode(KeyFile.self, from: data)
        } catch let error as KeyFileError {
            throw error
        } catch let error as DecodingError {
            throw .corrupt(KeyFile.reason(error))
        } catch {
            throw .corrupt("it is no JSON")
        }
        _ = try entry(name: "")
        if encrypted {
            _ = try sealedKey()
        } else {
            _ = try clearSeed()
        }
    }

    func entry(name: String) throws(KeyFileError) -> KeyEntry {
        guard let key = PublicKey(hex: publicKey) else {
            throw .corrupt("publicKey is not 64 hexadecimal digits")
        }
        guard let text = try? Bech32.decode(address), text.bytes == Address(key).bytes else {
            throw .corrupt("address is not that of publicKey")
        }
        return KeyEntry(
            name: name, address: Address(key), publicKey: key, isEncrypted: encrypted)
    }

    /// The key itself.
    ///
    /// - Parameter password: asked only where the key is encrypted.
    func open(password: () throws -> [UInt8]) throws -> SigningKey {
        let seed: [UInt8]
        if encrypted {
            let sealed = try sealedKey()
            do {
                seed = try sealed.open(password: try password())
            } catch let error as SealedKeyError {
                throw KeyFile.error(error)
            }
        } else {
            seed = try clearSeed()
        }
        guard seed.count == 32 else { throw KeyFileError.corrupt("the seed has not 32 bytes") }
        let key = SigningKey(seed: seed)
        guard key.publicKey.hex == publicKey else {
            throw KeyFileError.corrupt("publicKey is not that of the secret")
        }
        return key
    }

    private func sealedKey() throws(KeyFileError) -> SealedKey {
        guard let bytes = sealed.flatMap({ [UInt8](hex: $0) }) else {
            throw .corrupt("sealed is missing or no hexadecimal text")
        }
        do {
            return try SealedKey(bytes: bytes)
        } catch {
            throw KeyFile.error(error)
        }
    }

    private func clearSeed() throws(KeyFileError) -> [UInt8] {
        guard let bytes = seed.flatMap({ [UInt8](hex: $0) }), bytes.count == 32 else {
            throw .corrupt("seed is missing or not 64 hexadecimal digits")
        }
        return bytes
    }

    private static func error(_ error: SealedKeyError) -> KeyFileError {
        switch error {
        case .corrupt: .corrupt("sealed was changed or cut")
        case .unsupportedVersion(let version): .unsupportedVersion(Int(version))
        case .costOutOfBounds: .corrupt("sealed asks for more memory or time than allowed")
        case .wrongPassword: .wrongPassword
        case .outOfMemory: .outOfMemory
        }
    }

    private static func reason(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "the field \(key.stringValue) is missing"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            "\(context.codingPath.map(\.stringValue).joined(separator: ".")) has the wrong type"
        case .dataCorrupted: "it is no JSON"
        @unknown default: "it is no key file"
        }
    }
}

/// Why a key's file does not yield the key.
enum KeyFileError: Error, Equatable {
    case corrupt(String)
    case unsupportedVersion(Int)
    case wrongPassword
    case outOfMemory
}
