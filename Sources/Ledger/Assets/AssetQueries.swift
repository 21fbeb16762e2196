import Chain
import Cryptography
import StateTree

/// An asset as a query shows it.
public struct AssetView: Hashable, Sendable {
    public let id: AssetID
    public let asset: Asset
    public let supply: Amount
    /// nil for the native asset.
    public let record: AssetRecord?
}

extension Queries {
    /// Assets of one answer.
    public static let assetsMax = 100

    public static func assetView(
        _ id: AssetID, over reader: some StateReader
    ) -> AssetView? {
        let state = State(over: reader)
        guard let asset: Asset = state.read(.asset(id)) else { return nil }
        return AssetView(
            id: id, asset: asset, supply: state.read(.supply(id)) ?? .zero,
            record: state.read(.enacted(.asset(id))))
    }

    /// The asset of a symbol.
    public static func asset(
        symbol: String, over reader: some StateReader
    ) -> AssetView? {
        if let native = assetView(.native, over: reader), native.asset.symbol == symbol {
            return native
        }
        guard symbol.utf8.count <= Asset.symbolBytesMax,
            let id: AssetID = State(over: reader).read(.enacted(.assetOfSymbol(symbol)))
        else { return nil }
        return assetView(id, over: reader)
    }

    /// All assets by their numbers, the native one first.
    ///
    /// - Parameter after: the cursor: only numbers above this one; nil from the beginning.
    public static func assets(
        after: AssetID? = nil, limit: Int, over reader: some StateReader
    ) -> [AssetView] {
        let state = State(over: reader)
        let range = StateKeyRange(
            from: .asset(after.map { $0.advanced(by: 1) } ?? .native),
            to: .asset(AssetID(.max)))
        return state.entries(in: range, limit: min(max(limit, 0), assetsMax)).compactMap {
            assetView(
                AssetID($0.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) }), over: reader)
        }
    }
}
