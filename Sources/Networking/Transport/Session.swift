import Codec
import NIOCore

/// One established connection as a value: ciphers, reassembly, rates and keepalive.
///
/// Frames in, messages out; fragments in, frames out. It does no I/O, and the time is an argument.
struct Session: Sendable {
    /// What one frame led to.
    enum Arrival: Sendable, Equatable {
        case message(Channel, [UInt8])
        /// The peer has been above its rates for too long; its message was dropped.
        case rateExceeded
        case goodbye
    }

    private let limits: NetworkLimits
    private var sealer: CipherState
    private var opener: CipherState
    private var reassembler: Reassembler
    private var limiter: RateLimiter
    private var keepalive: Keepalive
    private var plaintext = [UInt8](
        repeating: 0, count: Fragment.headerBytesMax + Fragment.bytesMax)
    /// The newest ping to answer: a flood of pings leaves one answer.
    private var pongDue: UInt64?
    private var pingDue: UInt64?
    private var framesSinceRekey: UInt64 = 0
    private var rekeyedAt: NIODeadline
    /// Messages that the rates refused.
    private(set) var droppedMessages: UInt64 = 0

    init(send: CipherState, receive: CipherState, limits: NetworkLimits, at now: NIODeadline) {
        self.limits = limits
        sealer = send
        opener = receive
        reassembler = Reassembler(channels: limits.channels)
        limiter = RateLimiter(channels: limits.channels, at: now)
        keepalive = Keepalive(
            pingAfter: .milliseconds(limits.pingAfterMilliseconds),
            deadAfter: .milliseconds(limits.deadAfterMilliseconds), now: now)
        rekeyedAt = now
    }

    // MARK: Receiving

    mutating func open(_ frame: ByteBuffer, at now: NIODeadline) throws(PeerFault) -> Arrival? {
        let count: Int
        do {
            count = try opener.openFrame(frame, into: &plaintext)
        } catch {
            throw error == .nonceExhausted ? .nonceExhausted : .frameForged
        }
        keepalive.received(at: now)
        let header = try readHeader(count: count)
        if header.isInternal { return try receiveInternal(header, count: count, at: now) }
        var verdict = RateLimiter.Verdict.admit
        let message = try reassembler.accept(
            header, plaintext[header.byteCount..<count], at: now
        ) { channel, bytes in
            verdict = limiter.admit(channel, bytes: bytes, at: now)
            return verdict == .admit
        }
        switch verdict {
        case .admit: return message.map { .message(header.channel, $0) }
        case .drop:
            droppedMessages += 1
            return nil
        case .dropAndPenalise:
            droppedMessages += 1
            return .rateExceeded
        }
    }

    private func readHeader(count: Int) throws(PeerFault) -> FragmentHeader {
        var reader = ByteReader(plaintext.span.bytes.extracting(0..<count))
        do {
            return try FragmentHeader(from: &reader)
        } catch {
            throw .fragmentMalformed("\(error)")
        }
    }

    private mutating func receiveInternal(
        _ header: FragmentHeader, count: Int, at now: NIODeadline
    ) throws(PeerFault) -> Arrival? {
        guard header.channel == .control, header.isFirst, header.isLast,
            Int(header.messageBytes) == count - header.byteCount,
            let message = try? TransportMessage(
                decoding: Array(plaintext[header.byteCount..<count]))
        else { throw .internalMalformed }
        let verdict = limiter.admit(.control, bytes: count, at: now)
        if verdict != .admit {
            droppedMessages += 1
            // A key that one side changes and the other does not ends the connection anyway.
            if message == .rekey { throw .rekeyTooOften }
            return verdict == .dropAndPenalise ? .rateExceeded : nil
        }
        switch message {
        case .ping(let token): pongDue = token
        case .pong: break
        case .rekey: opener.rekey()
        case .goodbye: return .goodbye
        }
        return nil
    }

    // MARK: Sending

    /// Whether the transport itself has something to say.
    var hasInternalFrames: Bool { pongDue != nil || pingDue != nil }

    /// Appends the frames of `fragments`, after the transport's own.
    mutating func seal(
        _ fragments: [Fragment], into buffer: inout ByteBuffer, at now: NIODeadline
    ) throws(PeerFault) {
        if let token = pongDue { try seal(TransportMessage.pong(token).fragment, into: &buffer) }
        if let token = pingDue { try seal(TransportMessage.ping(token).fragment, into: &buffer) }
        pongDue = nil
        pingDue = nil
        for fragment in fragments {
            if framesSinceRekey >= limits.rekeyAfterFrames
                || now - rekeyedAt >= .milliseconds(limits.rekeyAfterMilliseconds)
            {
                try seal(TransportMessage.rekey.fragment, into: &buffer)
                sealer.rekey()
                framesSinceRekey = 0
                rekeyedAt = now
            }
            try seal(fragment, into: &buffer)
        }
    }

    mutating func sealGoodbye(into buffer: inout ByteBuffer) throws(PeerFault) {
        try seal(TransportMessage.goodbye.fragment, into: &buffer)
    }

    private mutating func seal(
        _ fragment: Fragment, into buffer: inout ByteBuffer
    ) throws(PeerFault) {
        do {
            try sealer.sealFrame(fragment, into: &buffer)
        } catch {
            throw .nonceExhausted
        }
        framesSinceRekey += 1
    }

    // MARK: Time

    /// To be called about once a second.
    mutating func tick(at now: NIODeadline) throws(PeerFault) {
        if reassembler.isStalled(since: now - .milliseconds(limits.fragmentTimeoutMilliseconds)) {
            throw .reassemblyTimeout
        }
        switch keepalive.tick(at: now) {
        case .none: break
        case .ping(let token): pingDue = token
        case .giveUp: throw .silent
        }
    }

    /// Asks the peer at once whether it lives.
    mutating func nudge(at now: NIODeadline) {
        pingDue = keepalive.nextPing(at: now)
    }
}
