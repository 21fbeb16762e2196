/// The kinds of traffic that share the one connection between two nodes.
///
/// What the bytes of a channel mean is no business of this target; how many may be sent, how
/// often, and what goes first is.
public enum Channel: UInt8, CaseIterable, Sendable {
    case control = 0
    case votes = 1
    case certificates = 2
    case proposals = 3
    case requests = 4
    case evidence = 5
    case transactions = 6
    case rangeSync = 7
    case snapshots = 8
    case peerExchange = 9
}

/// So many units a second, and so many at once after a quiet time.
public struct Rate: Hashable, Sendable {
    public var perSecond: UInt64
    public var burst: UInt64

    public init(perSecond: UInt64, burst: UInt64) {
        self.perSecond = perSecond
        self.burst = burst
    }
}

/// The limits of one channel on one connection (network.md 6.3).
public struct ChannelLimits: Hashable, Sendable {
    /// Urgent channels go strictly before all others, the lowest number first. The others share
    /// what is left by `weight`.
    public var isUrgent: Bool
    public var weight: UInt64
    public var messageBytesMax: Int
    /// What a peer may send us; above twice this, messages are dropped.
    public var messageRate: Rate
    public var byteRate: Rate?
    /// What waits to be sent. When it is full, an urgent channel drops its oldest message, because
    /// the newest says more; the others drop the newest, which its sender can still count.
    public var queueMessagesMax: Int
    public var queueBytesMax: Int
    /// What has arrived and not been released by the consumer. When it is full, what arrives on
    /// this channel is dropped, and other channels are not held up.
    public var inboxMessagesMax: Int
    public var inboxBytesMax: Int
}

/// The table of network.md 6.3, as values.
///
/// The rates there are for four views a second. A chain with a block interval of 20 ms has fifty,
/// so that the consensus channels are written for `viewsPerSecondMax`; those for transactions and
/// catch-up are set so that an honest peer at the machine's full speed stays below them.
public struct ChannelTable: Hashable, Sendable {
    private var limits: [ChannelLimits]

    public init() {
        limits = Channel.allCases.map(ChannelLimits.standard)
    }

    public subscript(channel: Channel) -> ChannelLimits {
        get { limits[Int(channel.rawValue)] }
        set { limits[Int(channel.rawValue)] = newValue }
    }

    /// Checks the relations that the transport relies on.
    ///
    /// - Precondition: an urgent message fits one fragment, so that dropping the oldest never cuts
    ///   a message in two; every message fits the reassembly memory beside one proposal, so that
    ///   each can be sent; every queue and inbox holds at least one message.
    func check() {
        for channel in Channel.allCases {
            let entry = self[channel]
            precondition(entry.messageBytesMax > 0, "a message of \(channel) may have bytes")
            precondition(
                !entry.isUrgent || entry.messageBytesMax <= Fragment.bytesMax,
                "an urgent message fits one fragment: \(channel)")
            precondition(
                entry.messageBytesMax <= Reassembler.bytesMax - self[.proposals].messageBytesMax,
                "a message fits the reassembly memory beside a proposal: \(channel)")
            precondition(entry.weight > 0, "a channel without weight would starve: \(channel)")
            precondition(
                entry.queueMessagesMax > 0 && entry.queueBytesMax >= entry.messageBytesMax,
                "the queue holds one message: \(channel)")
            precondition(
                entry.inboxMessagesMax > 0 && entry.inboxBytesMax >= entry.messageBytesMax,
                "the inbox holds one message: \(channel)")
        }
    }
}

private let kibibyte = 1 << 10
private let mebibyte = 1 << 20
/// Beside the blocks of a range: the finalization above them and the headers between.
private let rangeProofBytes = 128 * kibibyte
private let viewsPerSecondMax: UInt64 = 64

extension ChannelLimits {
    /// The row of the table for `channel`.
    static func standard(for channel: Channel) -> ChannelLimits {
        switch channel {
        case .control:
            urgent(bytes: 8 * kibibyte, perSecond: 16, burst: 32, queue: 16)
        case .votes:
            // 16 a view: three kinds of vote, and repeats while a view lasts. A vote has 123
            // bytes, give or take the two that BCS may add.
            urgent(bytes: 128, perSecond: 16 * viewsPerSecondMax, burst: 4_096, queue: 1_024)
        case .certificates:
            // 64 bytes for each signer of a quorum: up to 171 of 256 equal validators.
            urgent(
                bytes: 16 * kibibyte, perSecond: 8 * viewsPerSecondMax, burst: 1_024, queue: 256)
        case .proposals:
            shared(
                weight: 10, bytes: 1_332 * kibibyte,
                messages: Rate(perSecond: viewsPerSecondMax, burst: 128), queue: 4,
                queueBytes: 6 * mebibyte)
        case .requests:
            // A response is a block of at most 1 MiB, with what names it.
            shared(
                weight: 6, bytes: 1_040 * kibibyte, messages: Rate(perSecond: 256, burst: 512),
                queue: 64, queueBytes: 8 * mebibyte)
        case .evidence:
            shared(
                weight: 3, bytes: kibibyte, messages: Rate(perSecond: 8, burst: 64), queue: 64,
                queueBytes: 64 * kibibyte)
        case .transactions:
            shared(
                weight: 4, bytes: 128 * kibibyte, messages: Rate(perSecond: 8_192, burst: 16_384),
                byteRate: mebibytes(perSecond: 8, burst: 16), queue: 512,
                queueBytes: 8 * mebibyte)
        case .rangeSync:
            shared(
                weight: 3, bytes: 4 * mebibyte + rangeProofBytes,
                messages: Rate(perSecond: 64, burst: 128),
                byteRate: mebibytes(perSecond: 64, burst: 128), queue: 8,
                queueBytes: 16 * mebibyte)
        case .snapshots:
            shared(
                weight: 2, bytes: 1_088 * kibibyte, messages: Rate(perSecond: 16, burst: 32),
                byteRate: mebibytes(perSecond: 16, burst: 32), queue: 8,
                queueBytes: 8 * mebibyte)
        case .peerExchange:
            shared(
                weight: 1, bytes: 16 * kibibyte, messages: Rate(perSecond: 1, burst: 4), queue: 4,
                queueBytes: 64 * kibibyte)
        }
    }

    private static func urgent(
        bytes: Int, perSecond: UInt64, burst: UInt64, queue: Int
    ) -> ChannelLimits {
        ChannelLimits(
            isUrgent: true, weight: 1, messageBytesMax: bytes,
            messageRate: Rate(perSecond: perSecond, burst: burst), byteRate: nil,
            queueMessagesMax: queue, queueBytesMax: queue * bytes,
            inboxMessagesMax: 4 * queue, inboxBytesMax: 4 * queue * bytes)
    }

    private static func shared(
        weight: UInt64, bytes: Int, messages: Rate, byteRate: Rate? = nil, queue: Int,
        queueBytes: Int
    ) -> ChannelLimits {
        ChannelLimits(
            isUrgent: false, weight: weight, messageBytesMax: bytes, messageRate: messages,
            byteRate: byteRate, queueMessagesMax: queue, queueBytesMax: queueBytes,
            inboxMessagesMax: 8 * queue, inboxBytesMax: queueBytes)
    }

    private static func mebibytes(perSecond: UInt64, burst: UInt64) -> Rate {
        Rate(perSecond: perSecond << 20, burst: burst << 20)
    }
}
