import Cryptography

/// An X25519 key that a connection and its handshake share.
final class NoiseKey: Sendable {
    private let key: AgreementKey
    let publicKey: [UInt8]

    init(_ key: consuming AgreementKey) {
        publicKey = key.publicKey
        self.key = key
    }

    /// Nil for a point of small order, whose secret would be all zeros.
    func sharedSecret(with other: [UInt8]) -> [UInt8]? {
        key.sharedSecret(with: other)
    }
}

/// One side of `Noise_XX_25519_ChaChaPoly_SHA256` (section 5.3 and pattern XX of section 7.5).
///
/// A message that is refused leaves the state as it was.
struct HandshakeState: Sendable {
    enum Role: Sendable {
        case initiator
        case responder
    }

    enum Token: Sendable {
        case e, s, ee, es, se
    }

    static let protocolName = "Noise_XX_25519_ChaChaPoly_SHA256"

    /// -> e    <- e, ee, s, es    -> s, se
    static let pattern: [[Token]] = [[.e], [.e, .ee, .s, .es], [.s, .se]]

    static let keyBytes = 32
    static let tagBytes = 16

    let role: Role
    private let staticKey: NoiseKey
    private let ephemeral: NoiseKey
    private var symmetric: SymmetricState
    private var remoteEphemeral: [UInt8] = []
    /// The other side's static key; empty until it has come.
    private(set) var remoteStatic: [UInt8] = []
    /// How many messages were written and read.
    private(set) var step = 0

    /// - Parameter ephemeral: fresh for each handshake.
    init(role: Role, prologue: [UInt8], staticKey: NoiseKey, ephemeral: NoiseKey) {
        self.role = role
        self.staticKey = staticKey
        self.ephemeral = ephemeral
        symmetric = SymmetricState(protocolName: Self.protocolName)
        symmetric.mixHash(prologue)
    }

    var isFinished: Bool { step == Self.pattern.count }

    /// Whether the next message is this side's to write.
    var isOurTurn: Bool { !isFinished && (step % 2 == 0) == (role == .initiator) }

    /// The hash of everything so far; both sides have the same at the same step.
    var hash: [UInt8] { symmetric.hash }

    var localStatic: [UInt8] { staticKey.publicKey }

    mutating func write(payload: [UInt8]) throws(NoiseError) -> [UInt8] {
        precondition(isOurTurn, "the sides write in turn: step \(step)")
        var next = self
        var message: [UInt8] = []
        for token in Self.pattern[step] {
            switch token {
            case .e:
                message += ephemeral.publicKey
                next.symmetric.mixHash(ephemeral.publicKey)
            case .s:
                message += try next.symmetric.sealAndHash(staticKey.publicKey)
            case .ee, .es, .se:
                next.symmetric.mixKey(try next.secret(for: token))
            }
        }
        message += try next.symmetric.sealAndHash(payload)
        next.step += 1
        self = next
        return message
    }

    /// - Returns: the payload.
    mutating func read(_ message: [UInt8]) throws(NoiseError) -> [UInt8] {
        precondition(!isFinished && !isOurTurn, "the sides read in turn: step \(step)")
        var next = self
        var rest = message[...]
        for token in Self.pattern[step] {
            switch token {
            case .e:
                next.remoteEphemeral = try Self.take(Self.keyBytes, from: &rest)
                next.symmetric.mixHash(next.remoteEphemeral)
            case .s:
                let tagBytes = next.symmetric.hasKey ? Self.tagBytes : 0
                let sealed = try Self.take(Self.keyBytes + tagBytes, from: &rest)
                next.remoteStatic = try next.symmetric.openAndHash(sealed)
            case .ee, .es, .se:
                next.symmetric.mixKey(try next.secret(for: token))
            }
        }
        let payload = try next.symmetric.openAndHash(Array(rest))
        next.step += 1
        self = next
        return payload
    }

    /// The ciphers for what we send and for what we receive.
    func split() -> (send: CipherState, receive: CipherState) {
        precondition(isFinished, "the keys are agreed after the last message")
        let (first, second) = symmetric.split()
        return role == .initiator ? (first, second) : (second, first)
    }

    private func secret(for token: Token) throws(NoiseError) -> [UInt8] {
        let secret: [UInt8]? =
            switch (token, role) {
            case (.ee, _): ephemeral.sharedSecret(with: remoteEphemeral)
            case (.es, .initiator), (.se, .responder):
                ephemeral.sharedSecret(with: remoteStatic)
            case (.es, .responder), (.se, .initiator):
                staticKey.sharedSecret(with: remoteEphemeral)
            case (.e, _), (.s, _):
                preconditionFailure("the token \(token) is a key, not a secret")
            }
        guard let secret else { throw .badKey }
        return secret
    }

    private static func take(
        _ count: Int, from rest: inout ArraySlice<UInt8>
    ) throws(NoiseError) -> [UInt8] {
        guard rest.count >= count else { throw .truncated }
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
}
