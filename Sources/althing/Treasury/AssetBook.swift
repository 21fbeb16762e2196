import Chain
import GenesisTool
import KeyTool

/// The assets of a chain, for amounts with a unit.
struct AssetBook {
    struct Entry {
        let id: AssetID
        let symbol: String
        let decimals: UInt8
    }

    let chain: ChainInfo
    let entries: [Entry]

    init(_ chain: ChainInfo, _ entries: [Entry]) {
        self.chain = chain
        self.entries = entries
    }

    init(_ client: Client, _ chain: ChainInfo) async throws {
        self.chain = chain
        entries = try await client.list("/v1/assets", limit: 1_000).compactMap { json in
            guard let id = json["asset"]?.integer, let symbol = json["symbol"]?.text,
                let decimals = json["decimals"]?.integer, decimals <= UInt64(Asset.decimalsMax)
            else { return nil }
            return Entry(id: AssetID(id), symbol: symbol, decimals: UInt8(decimals))
        }
    }

    /// With the assets that a proposal would create: the chain numbers them in the order of the
    /// actions, so that the numbers of its dry run that are new are theirs in ascending order.
    func adding(of proposal: JSON) -> AssetBook {
        let known = Set(entries.map(\.id))
        let numbers = (proposal["dryRun"]?["changes"]?.items ?? [])
            .compactMap { $0["asset"]?.integer.map { AssetID($0) } }
        let unknown = Set(numbers).subtracting(known).subtracting([.native]).sorted()
        let created = (proposal["actions"]?.items ?? []).filter {
            $0["type"]?.text == "createAsset"
        }
        let new = zip(unknown, created).compactMap { id, action -> Entry? in
            guard let symbol = action["symbol"]?.text, let decimals = action["decimals"]?.integer,
                decimals <= UInt64(Asset.decimalsMax)
            else { return nil }
            return Entry(id: id, symbol: symbol, decimals: UInt8(decimals))
        }
        return AssetBook(chain, entries + new)
    }

    func symbol(of asset: AssetID) -> String {
        entries.first { $0.id == asset }?.symbol.uppercased() ?? "asset \(asset)"
    }

    /// An amount and the asset that its unit names; without a unit the native one.
    func parse(_ text: String, _ name: String) throws -> AssetBalance {
        let symbol = String(text.drop { $0.isNumber || $0 == "." || $0 == " " }).lowercased()
        if symbol.isEmpty || symbol == chain.symbol.lowercased() {
            return AssetBalance(amount: try chain.amount(text, name))
        }
        guard let entry = entries.first(where: { $0.symbol == symbol }) else {
            let near = nearest(to: symbol, in: entries.map(\.symbol))
            throw CommandError(
                "asset.unknown", "\(name) `\(text)`: there is no asset `\(symbol)`",
                hint: near.map { "did you mean `\($0)`?" } ?? "`althing asset list` shows all",
                exit: .usage)
        }
        do {
            let amount = try AmountText.parse(
                text, symbol: entry.symbol, decimals: entry.decimals)
            return AssetBalance(asset: entry.id, amount: amount)
        } catch {
            throw CommandError(
                "amount.invalid", "\(name) `\(text)`: \(error)",
                hint: "write an amount like 12.5\(entry.symbol); "
                    + "\(entry.decimals) decimals at most",
                exit: .usage)
        }
    }

    func text(_ amount: Amount, of asset: AssetID) -> String {
        guard asset != .native else { return chain.text(amount) }
        guard let entry = entries.first(where: { $0.id == asset }) else {
            return "\(amount) of asset \(asset)"
        }
        return AmountText.print(
            amount, symbol: entry.symbol.uppercased(), decimals: entry.decimals)
    }

    /// An amount of the API, in base units.
    func text(_ json: JSON?, of asset: JSON?) -> String {
        guard let amount = json?.integer, let asset = asset?.integer else { return "?" }
        return text(Amount(amount), of: AssetID(asset))
    }
}

/// A time as people write it: `now`, `+90d` from now on, or a date in UTC.
enum MomentText {
    static func parse(_ text: String, now: Timestamp, _ name: String) throws -> Timestamp {
        if text == "now" { return now }
        if text.hasPrefix("+") {
            return now.advanced(by: try duration(String(text.dropFirst()), name))
        }
        let full = text.count == 10 ? text + "T00:00:00Z" : text
        guard let time = TimeText.parse(full) else {
            throw CommandError(
                "time.invalid", "\(name) `\(text)` is no time",
                hint: "write now, +90d, 2027-01-31 or 2027-01-31T12:00:00Z", exit: .usage)
        }
        return time
    }

    static func duration(_ text: String, _ name: String) throws -> UInt64 {
        do {
            return try DurationText.parse(text)
        } catch {
            throw CommandError(
                "duration.invalid", "\(name) `\(text)`: \(error)", exit: .usage)
        }
    }

    /// The time of the chain's last block: what its rules call now.
    static func now(_ client: Client) async throws -> Timestamp {
        guard let time = try await client.get("/v1/status")["timeMs"]?.integer else {
            throw CommandError("node.answer", "the node gives no time", exit: .notReached)
        }
        return Timestamp(time)
    }
}
