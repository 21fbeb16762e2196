import Cryptography

/// How a message names what it is about: for a receipt in plain numbers, for a person with units
/// and in the chain's own form of addresses.
public struct FactStyle: Sendable {
    /// Of the native asset.
    public let amount: @Sendable (Amount) -> String
    public let address: @Sendable (Address) -> String
    public let time: @Sendable (Timestamp) -> String
    private let hasUnits: Bool

    public init(
        amount: @escaping @Sendable (Amount) -> String,
        address: @escaping @Sendable (Address) -> String,
        time: @escaping @Sendable (Timestamp) -> String
    ) {
        self.amount = amount
        self.address = address
        self.time = time
        hasUnits = true
    }

    private init() {
        amount = { "\($0)" }
        address = { "\($0)" }
        time = { "\($0) ms" }
        hasUnits = false
    }

    /// Amounts in base units of the native asset, addresses in hexadecimal digits, times in
    /// milliseconds. Receipts hold it, so that it is the same in every node.
    public static let plain = FactStyle()

    /// What somebody has of an asset.
    func holding(_ amount: Amount, of asset: AssetID) -> String {
        // Receipts name the asset always; with a unit the native one needs no number.
        asset == .native && hasUnits ? self.amount(amount) : "\(amount) of asset \(asset)"
    }

    /// An amount of an asset that was named just before.
    func rest(_ amount: Amount, of asset: AssetID) -> String {
        asset == .native ? self.amount(amount) : "\(amount)"
    }

    /// A sum that may not fit an amount.
    func sum(_ sum: UInt128, of asset: AssetID) -> String {
        UInt64(exactly: sum).map { rest(Amount($0), of: asset) } ?? "\(sum)"
    }

    /// Names the asset of amounts that follow, unless their unit does.
    func suffix(of asset: AssetID) -> String {
        asset == .native && hasUnits ? "" : " of asset \(asset)"
    }

    /// The end of a pause, whose plain form has no unit.
    func pauseEnd(_ time: Timestamp) -> String {
        hasUnits ? self.time(time) : "\(time)"
    }
}
