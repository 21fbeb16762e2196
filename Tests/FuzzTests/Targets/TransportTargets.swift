import Codec
import Cryptography
import NIOCore

@testable import Networking

extension FuzzTarget {
    /// What strangers can do to a connection. The first byte is whether it is being made.
    static let transport = FuzzTarget(
        name: "transport", summary: "the Noise handshake, frames, sealed garbage, reassembly",
        bytesMax: 8_192,
        seeds: { handshake.seeds().map { [0] + $0 } + frames.seeds().map { [1] + $0 } },
        run: { (bytes) throws(FuzzFailure) in
            guard let first = bytes.first else { return }
            let content = Array(bytes.dropFirst())
            if first % 2 == 1 { return try frames.run(content) }
            guard content.count <= handshake.bytesMax else { return }
            try handshake.run(content)
        })

    /// SEC-31: one side of the handshake gets anything in place of each message.
    ///
    /// First byte: which side, and which message is attacked. Then pairs that change the honest
    /// message, then a length to cut to, then bytes to append.
    private static let handshake = FuzzTarget(
        name: "handshake", summary: "", bytesMax: 400,
        seeds: {
            (0..<3 as Range<UInt8>).flatMap { step in
                [[step, 0], [step, 1, 0, 5, 1], [step, 0, 1, 0, 31], [step, 0, 0, 1, 2, 3]]
            }
        },
        run: { (bytes) throws(FuzzFailure) in
            var program = ByteProgram(bytes)
            let step = program.choice(of: 3)
            let edit = Edit(&program)
            let isAccepted = (try? shakeHands(step, edit)) ?? false
            try require(
                !isAccepted || !edit.hasChanged, "message \(step) is accepted though changed")
        })

    /// Whether both sides come to the end, where message `step` is edited.
    private static func shakeHands(_ step: Int, _ edit: Edit) throws(PeerFault) -> Bool {
        var initiator = side(.initiator, 1)
        var responder = side(.responder, 2)
        var message = edit.apply(try initiator.begin(), if: step == 0)
        guard case .reply(let answer) = try responder.receive(message) else { return false }
        message = edit.apply(answer, if: step == 1)
        guard case .identified = try initiator.receive(message) else { return false }
        guard let last = try initiator.complete().message else { return false }
        message = edit.apply(last, if: step == 2)
        guard case .identified = try responder.receive(message) else { return false }
        _ = try responder.complete()
        return true
    }

    /// How a message is changed.
    private final class Edit {
        private var changes: [(position: Int, mask: UInt8)] = []
        private var cut: Int?
        private let appended: [UInt8]
        private(set) var hasChanged = false

        init(_ program: inout ByteProgram) {
            for _ in 0..<program.choice(of: 4) {
                changes.append((Int(program.uint16()), program.byte()))
            }
            if program.flag() { cut = Int(program.uint16()) }
            appended = program.rest()
        }

        func apply(_ message: [UInt8], if isChosen: Bool) -> [UInt8] {
            guard isChosen else { return message }
            var edited = message
            for change in changes { edited[change.position % message.count] ^= change.mask }
            if let cut { edited = Array(edited.prefix(cut % (message.count + 1))) }
            edited += appended
            hasChanged = edited != message
            return edited
        }
    }

    private static func side(_ role: HandshakeState.Role, _ number: UInt8) -> SecureHandshake {
        SecureHandshake(
            role: role,
            identity: LocalIdentity(
                networkID: Fixture.digest(9), nodeKey: Fixture.key(number).publicKey,
                role: .validator, staticKey: staticKeys[Int(number)],
                sign: { Fixture.key(number).sign($0) }),
            status: LocalIdentity.Status(), ephemeral: staticKeys[Int(number) + 2])
    }

    private static let staticKeys = (0..<5 as Range<UInt8>).map {
        NoiseKey(AgreementKey(secret: [UInt8](repeating: 20 + $0, count: 32)))
    }

    /// SEC-26, SEC-31, SEC-36: frames of any lengths, and whatever the holder of the key seals in
    /// them.
    ///
    /// Each step is a byte for its kind, then a frame's content; now and then raw bytes that nobody
    /// sealed, or time.
    private static let frames = FuzzTarget(
        name: "frames", summary: "", bytesMax: 8_191,
        seeds: {
            [frameProgram, [0, 2, 1, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0xAA, 0xBB], [7, 40, 0, 1]]
        },
        run: { (bytes) throws(FuzzFailure) in
            var program = ByteProgram(bytes)
            var sealer = CipherState(key: sessionKey)
            var now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
            var session = Session(
                send: CipherState(key: sessionKey), receive: CipherState(key: sessionKey),
                limits: NetworkLimits(), at: now)
            while !program.isAtEnd {
                do throws(PeerFault) {
                    try step(&program, &session, &sealer, &now)
                } catch {
                    // A fault ends the connection.
                    return
                }
            }
        })

    private static let sessionKey = [UInt8](repeating: 1, count: 32)

    /// A small message, a message of two fragments, a ping.
    private static let frameProgram: [UInt8] =
        [0, 2, 1, 3, 0, 0, 0, 0, 2, 0, 0, 0, 0xAA, 0xBB]
        + [1, 3, 1, 0, 0, 0, 0, 5, 64, 0, 0] + [1, 3, 2, 0, 0, 0, 0, 1, 5]
        + [0, 9, 0, 7, 0, 0, 0, 0, 9, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0]

    private static func step(
        _ program: inout ByteProgram, _ session: inout Session, _ sealer: inout CipherState,
        _ now: inout NIODeadline
    ) throws(PeerFault) {
        let kind = program.byte() % 8
        var frame = ByteBuffer()
        switch kind {
        case 0...5:
            let content = plaintext(kind, &program)
            guard let sealed = try? sealer.seal(content) else { return }
            frame.writeInteger(UInt16(clamping: sealed.count), endianness: .little)
            frame.writeBytes(sealed)
        case 6:
            now = now + .milliseconds(Int64(program.uint16()))
            try session.tick(at: now)
            var out = ByteBuffer()
            try session.seal([], into: &out, at: now)
            return
        default:
            frame.writeBytes(program.take(program.choice(of: 256)))
        }
        while let next = try Frame.next(in: &frame) {
            let arrival = try session.open(next, at: now)
            if arrival == .goodbye { return }
        }
    }

    /// A fragment: its header from the program; its bytes too, or as many as the place asks for.
    private static func plaintext(_ kind: UInt8, _ program: inout ByteProgram) -> [UInt8] {
        let size = Int(program.byte())
        if kind == 0 { return program.take(10 + size) }
        var header = program.take(program.byte() & 1 == 1 ? 10 : 6)
        if header.count > 1 {
            header[0] %= 10
            header[1] %= 8
        }
        let full = kind < 4 ? Fragment.bytesMax : size
        return header + [UInt8](repeating: UInt8(size), count: full)
    }
}
