import Codec

/// A piece of a message as it goes into one frame (decisions.md 11): channel u8, flags u8, message
/// id u32, in the first piece the message's length u32, then the bytes.
///
/// Every piece but the last has exactly `bytesMax` bytes, so that the length fixes the number of
/// pieces and a peer cannot make work out of tiny ones.
struct Fragment: Sendable, Equatable {
    static let bytesMax = 16 << 10
    static let headerBytesMax = 10
    static let headerBytesMin = 6

    var header: FragmentHeader
    var bytes: ArraySlice<UInt8>

    /// The size of its frame, without the two bytes of length.
    var sealedBytes: Int { header.byteCount + bytes.count + HandshakeState.tagBytes }
}

struct FragmentHeader: Sendable, Equatable {
    static let firstFlag: UInt8 = 1
    static let lastFlag: UInt8 = 2
    /// The frame is the transport's own (`TransportMessage`) and no message of the channel.
    static let internalFlag: UInt8 = 4

    var channel: Channel
    var isFirst: Bool
    var isLast: Bool
    var isInternal: Bool = false
    var messageID: UInt32
    /// The length of the whole message, in its first fragment; 0 in the others.
    var messageBytes: UInt32

    var byteCount: Int { isFirst ? Fragment.headerBytesMax : Fragment.headerBytesMin }

    var flags: UInt8 {
        (isFirst ? Self.firstFlag : 0) | (isLast ? Self.lastFlag : 0)
            | (isInternal ? Self.internalFlag : 0)
    }
}

extension FragmentHeader {
    init(from reader: inout ByteReader) throws(DecodeError) {
        let number = try reader.readUInt8()
        guard let channel = Channel(rawValue: number) else {
            throw .unknownTag(type: "Channel", tag: UInt64(number))
        }
        let flags = try reader.readUInt8()
        guard flags & ~(Self.firstFlag | Self.lastFlag | Self.internalFlag) == 0 else {
            throw .unknownTag(type: "FragmentHeader.flags", tag: UInt64(flags))
        }
        self.channel = channel
        isFirst = flags & Self.firstFlag != 0
        isLast = flags & Self.lastFlag != 0
        isInternal = flags & Self.internalFlag != 0
        messageID = try reader.readUInt32()
        messageBytes = isFirst ? try reader.readUInt32() : 0
    }
}

/// What the two ends of a connection say to each other, beneath the channels.
enum TransportMessage: CanonicalCodable, Sendable, Equatable {
    case ping(UInt64)
    case pong(UInt64)
    /// The frames after this one are sealed with the sender's next key.
    case rekey
    /// The sender closes the connection on purpose.
    case goodbye

    init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readUInt8() {
        case 1: self = .ping(try reader.readUInt64())
        case 2: self = .pong(try reader.readUInt64())
        case 3: self = .rekey
        case 4: self = .goodbye
        case let tag: throw .unknownTag(type: "TransportMessage", tag: UInt64(tag))
        }
    }

    func encode(into writer: inout ByteWriter) {
        switch self {
        case .ping(let token):
            writer.write(UInt8(1))
            writer.write(token)
        case .pong(let token):
            writer.write(UInt8(2))
            writer.write(token)
        case .rekey: writer.write(UInt8(3))
        case .goodbye: writer.write(UInt8(4))
        }
    }

    var fragment: Fragment {
        let bytes = encoded()
        return Fragment(
            header: FragmentHeader(
                channel: .control, isFirst: true, isLast: true, isInternal: true, messageID: 0,
                messageBytes: UInt32(bytes.count)),
            bytes: bytes[...])
    }
}
