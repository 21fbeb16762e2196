import Cryptography

/// Keys of what decisions set going: kinds 64 to 95 of the module governance.
public enum EnactedKey: Hashable, Sendable {
    /// `StreamID`: the last one given.
    case lastStream
    /// `StreamRecord`, until all of it is paid or it is recalled.
    case stream(StreamID)
    /// `StreamID`: those that an account may claim from.
    case streamOfRecipient(Address, StreamID)
    /// `AssetID`: the last one given.
    case lastAsset
    /// `AssetRecord`: of each asset besides the native one.
    case asset(AssetID)
    /// `AssetID`: whose symbol it is.
    case assetOfSymbol(String)
    /// `ScheduledUpgrade`; absent for none.
    case upgrade
    /// `ProtocolVersion`; absent until the first upgrade.
    case version
    /// `ReadinessTable`: what the seats of an epoch's set signalled; absent for nothing.
    case readiness(Epoch)

    func write(into writer: inout StateKeyWriter) {
        switch self {
        case .lastStream: writer.kind(64)
        case .stream(let id): writer.kind(65, integers: id.value)
        case .streamOfRecipient(let account, let id):
            writer.kind(66, account)
            writer.bigEndian(id.value)
        case .lastAsset: writer.kind(67)
        case .asset(let id): writer.kind(68, integers: id.value)
        case .assetOfSymbol(let symbol):
            writer.kind(69)
            for byte in symbol.utf8 {
                writer.byte(byte)
            }
        case .upgrade: writer.kind(70)
        case .version: writer.kind(71)
        case .readiness(let epoch): writer.kind(72, integers: epoch.value)
        }
    }
}

extension StateKeyRange {
    public static let streams = StateKeyRange(.governance, kind: 65)
    public static let assetRecords = StateKeyRange(.governance, kind: 68)
}
