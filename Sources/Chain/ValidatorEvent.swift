import Codec
import Cryptography

/// What happened to validators.
public enum ValidatorEvent: CanonicalCodable, Hashable, Sendable {
    /// The set of an epoch is fixed.
    ///
    /// - Parameter isFallback: the election gave no set, so the one before stands again.
    case elected(Epoch, setHash: Digest, isFallback: Bool)
    /// Evidence opened an offence or moved it to an earlier epoch.
    case offended(
        operatorAddress: Address, key: PublicKey, epoch: Epoch, view: View, reporter: Address)

    public init(from reader: inout ByteReader) throws(DecodeError) {
        switch try reader.readULEB128() {
        case 0:
            self = .elected(
                try Epoch(from: &reader), setHash: try Digest(from: &reader),
                isFallback: try reader.readBool())
        case 1:
            self = .offended(
                operatorAddress: try Address(from: &reader), key: try PublicKey(from: &reader),
                epoch: try Epoch(from: &reader), view: try View(from: &reader),
                reporter: try Address(from: &reader))
        case let tag:
            throw .unknownTag(type: "ValidatorEvent", tag: UInt64(tag))
        }
    }

    public func encode(into writer: inout ByteWriter) {
        switch self {
        case .elected(let epoch, let setHash, let isFallback):
            writer.writeULEB128(0)
            writer.write(epoch)
            writer.write(setHash)
            writer.write(isFallback)
        case .offended(let operatorAddress, let key, let epoch, let view, let reporter):
            writer.writeULEB128(1)
            writer.write(operatorAddress)
            writer.write(key)
            writer.write(epoch)
            writer.write(view)
            writer.write(reporter)
        }
    }

    /// The accounts that an index lists the event under.
    public var accounts: [Address] {
        switch self {
        case .elected: []
        case .offended(let operatorAddress, _, _, _, let reporter):
            operatorAddress == reporter ? [reporter] : [operatorAddress, reporter]
        }
    }
}
