import Chain
import Cryptography
import GenesisTool
import KeyTool

/// What a client must know of the chain before it shows an amount or signs.
struct ChainInfo {
    let chainID: ChainID
    let genesisHash: Digest
    let kind: ChainKind
    let prefix: String
    let symbol: String
    let decimals: UInt8
    let parameters: Parameters

    init(_ client: Client) async throws {
        try self.init(json: try await client.get("/v1/chain"))
    }

    /// From the answer of a node.
    init(json: JSON) throws {
        guard let chainID = json["chainID"]?.text.flatMap(ChainID.init),
            let hash = json["genesisHash"]?.text.flatMap(Digest.init(hex:)),
            let kind = json["kind"]?.text.flatMap(ChainKind.init(name:)),
            let prefix = json["prefix"]?.text,
            let symbol = json["asset"]?["symbol"]?.text,
            let decimals = json["asset"]?["decimals"]?.integer,
            decimals <= UInt64(Asset.decimalsMax)
        else {
            throw CommandError(
                "node.answer", "the node's answer about its chain lacks something",
                hint: "is it of another version?", exit: .notReached)
        }
        self.chainID = chainID
        genesisHash = hash
        self.kind = kind
        self.prefix = prefix
        self.symbol = symbol
        self.decimals = UInt8(decimals)
        var parameters = Parameters(kind: kind, decimals: UInt8(decimals))
        // A parameter that only a newer node knows means nothing to this client.
        for item in json["parameters"]?.items ?? [] {
            guard let id = item["name"]?.text.flatMap(ParameterID.init(name:)),
                let text = item["text"]?.text,
                let value = try? ParameterText.parse(
                    text, for: id, symbol: symbol, decimals: UInt8(decimals))
            else { continue }
            try? parameters.set(id, to: value)
        }
        self.parameters = parameters
    }

    func amount(_ text: String, _ name: String) throws -> Amount {
        do {
            return try AmountText.parse(text, symbol: symbol, decimals: decimals)
        } catch {
            throw CommandError(
                "amount.invalid", "\(name) `\(text)`: \(error)",
                hint: "write an amount like 12.5\(symbol); \(decimals) decimals at most",
                exit: .usage)
        }
    }

    func text(_ amount: Amount) -> String {
        AmountText.print(amount, symbol: symbol.uppercased(), decimals: decimals)
    }

    /// The amount that a field of the API holds in base units.
    func amountText(_ json: JSON?) -> String {
        json?.integer.map { text(Amount($0)) } ?? "?"
    }

    func text(_ address: Address) -> String { address.text(prefix: prefix) }

    func text(_ value: ParameterValue, of id: ParameterID) -> String {
        ParameterText.print(value, for: id, symbol: symbol.uppercased(), decimals: decimals)
    }

    /// The address that a person wrote: itself, the name of a key, or `treasury`.
    func address(_ text: String, home: String?) throws -> Address {
        if let address = try? Address(text: text, prefix: prefix) {
            return address
        }
        if text.lowercased().hasPrefix(prefix + "1") {
            throw CommandError(
                "address.invalid", "`\(text)` is not an address",
                hint: "its checksum does not match: compare it letter by letter", exit: .usage)
        }
        if text == "treasury" {
            return ModuleID.treasury.address
        }
        return try Keystore.open(home: home).address(named: text)
    }
}
