import Chain
import Cryptography

/// Everything that keeps a text from being a genesis.
public struct GenesisFileError: Error, Sendable, CustomStringConvertible {
    public let problems: [StrictReader.Problem]

    public var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}

extension Genesis {
    /// Reads the form for people. Unknown, missing, repeated and mistyped fields are errors, all
    /// reported at once; whether the values make a chain is the question of `check`.
    public init(parsing text: String) throws(GenesisFileError) {
        var reader = StrictReader()
        do {
            let json = try JSON(parsing: text)
            if let genesis = reader.genesis(json) {
                self = genesis
                return
            }
        } catch {
            reader.report("", error.description)
        }
        throw GenesisFileError(problems: reader.problems)
    }
}

extension GenesisEntry {
    /// Reads an operator's file.
    public init(parsing text: String) throws(GenesisFileError) {
        var reader = StrictReader()
        do {
            if let entry = reader.entry(try JSON(parsing: text), at: ""), reader.problems.isEmpty {
                self = entry
                return
            }
        } catch {
            reader.report("", error.description)
        }
        throw GenesisFileError(problems: reader.problems)
    }
}

extension StrictReader {
    /// nil if a problem was reported.
    fileprivate mutating func genesis(_ json: JSON) -> Genesis? {
        let fields = fields(
            of: json, at: "",
            required: [
                "chainID", "kind", "time", "timeMs", "prefix", "nativeAsset", "parameters",
                "accounts", "treasury", "validators", "delegations",
            ])
        let chainID = string(
            fields["chainID"], at: "chainID",
            expected: "3 to 32 characters of a-z, 0-9 and the hyphen", parse: ChainID.init)
        let kind = string(
            fields["kind"], at: "kind", expected: "main, test or dev",
            parse: ChainKind.init(name:))
        let time = time(fields)
        let prefix = string(
            fields["prefix"], at: "prefix", expected: "1 to 16 letters from a to z"
        ) { text in
            let isValid = text.utf8.allSatisfy { (0x61...0x7A).contains($0) }
            return isValid && (1...Genesis.prefixBytesMax).contains(text.utf8.count) ? text : nil
        }
        let asset = asset(fields["nativeAsset"])
        let parameters = parameters(fields["parameters"], kind: kind, asset: asset)
        let accounts = items(of: fields["accounts"], at: "accounts", limit: Genesis.accountsMax)
            .map { account($0.value, at: $0.path, prefix: prefix) }
        let treasury = balances(fields["treasury"], at: "treasury")
        let validators = items(
            of: fields["validators"], at: "validators", limit: Limits.validatorsMax
        ).map { entry($0.value, at: $0.path) }
        let delegations = items(
            of: fields["delegations"], at: "delegations", limit: Genesis.delegationsMax
        ).map { delegation($0.value, at: $0.path, prefix: prefix) }
        guard problems.isEmpty, let chainID, let time, let prefix, let asset, let parameters else {
            return nil
        }
        return Genesis(
            chainID: chainID, time: time, prefix: prefix, nativeAsset: asset,
            parameters: parameters, accounts: accounts.compactMap(\.self), treasury: treasury,
            validators: validators.compactMap(\.self), delegations: delegations.compactMap(\.self))
    }

    private mutating func time(_ fields: [String: JSON]) -> Timestamp? {
        let time = string(
            fields["time"], at: "time", expected: "a time like 2026-11-21T10:00:00.000Z",
            parse: TimeText.parse)
        let milliseconds = number(fields["timeMs"], at: "timeMs", in: 0...UInt64.max)
        if let time, let milliseconds, time.milliseconds != milliseconds {
            report("timeMs", "is \(milliseconds), but `time` says \(time.milliseconds)")
        }
        return time
    }

    private mutating func asset(_ json: JSON?) -> Asset? {
        let fields = fields(of: json, at: "nativeAsset", required: ["symbol", "decimals"])
        let symbol = string(
            fields["symbol"], at: "nativeAsset.symbol", expected: "a symbol like alt"
        ) { $0.utf8.count <= Asset.symbolBytesMax ? $0 : nil }
        let decimals = number(
            fields["decimals"], at: "nativeAsset.decimals", in: 0...UInt64(Asset.decimalsMax))
        guard let symbol, let decimals else { return nil }
        return Asset(symbol: symbol, decimals: UInt8(decimals))
    }

    private mutating func parameters(_ json: JSON?, kind: ChainKind?, asset: Asset?) -> Parameters?
    {
        let values = fields(
            of: json, at: "parameters", required: ParameterID.allCases.map(\.name))
        let decimals = asset?.decimals ?? 6
        let symbol = asset?.symbol ?? "alt"
        var parameters = Parameters(kind: kind ?? .development, decimals: decimals)
        for id in ParameterID.allCases {
            guard let json = values[id.name] else { continue }
            let path = "parameters.\(id.name)"
            guard case .string(let text) = json else {
                report(path, "expected a value as a string, like \"2s\", found \(json.kind)")
                continue
            }
            do {
                let value = try ParameterText.parse(
                    text, for: id, symbol: symbol, decimals: decimals)
                try parameters.set(id, to: value)
            } catch let error as ParameterProblem {
                report(path, error.message)
            } catch {
                report(path, "\(error)")
            }
        }
        return parameters
    }

    private mutating func address(_ json: JSON?, at path: String, prefix: String?) -> Address? {
        guard let prefix else { return nil }
        return string(json, at: path, expected: "an address like \(prefix)1…") {
            try? Address(text: $0, prefix: prefix)
        }
    }

    private mutating func amount(_ json: JSON?, at path: String) -> Amount? {
        string(json, at: path, expected: "base units as a decimal string") { text in
            // One text for each number: no sign, no zeros in front.
            UInt64(text).flatMap { String($0) == text ? Amount($0) : nil }
        }
    }

    private mutating func balances(_ json: JSON?, at path: String) -> [AssetBalance] {
        items(of: json, at: path, limit: GenesisAccount.balancesMax).compactMap { item in
            let fields = fields(of: item.value, at: item.path, required: ["asset", "amount"])
            let asset = number(fields["asset"], at: "\(item.path).asset", in: 0...UInt64.max)
            let amount = amount(fields["amount"], at: "\(item.path).amount")
            guard let asset, let amount else { return nil }
            return AssetBalance(asset: AssetID(asset), amount: amount)
        }
    }

    private mutating func account(
        _ json: JSON, at path: String, prefix: String?
    ) -> GenesisAccount? {
        let fields = fields(
            of: json, at: path, required: ["address", "balances"], optional: ["name"])
        let address = address(fields["address"], at: "\(path).address", prefix: prefix)
        let balances = balances(fields["balances"], at: "\(path).balances")
        let name = string(
            fields["name"], at: "\(path).name",
            expected: "a name of at most \(GenesisAccount.nameBytesMax) bytes"
        ) { $0.utf8.count <= GenesisAccount.nameBytesMax ? $0 : nil }
        guard let address else { return nil }
        return GenesisAccount(address: address, balances: balances, name: name)
    }

    private mutating func delegation(
        _ json: JSON, at path: String, prefix: String?
    ) -> GenesisDelegation? {
        let fields = fields(of: json, at: path, required: ["delegator", "validator", "amount"])
        let delegator = address(fields["delegator"], at: "\(path).delegator", prefix: prefix)
        let validator = address(fields["validator"], at: "\(path).validator", prefix: prefix)
        let amount = amount(fields["amount"], at: "\(path).amount")
        guard let delegator, let validator, let amount else { return nil }
        return GenesisDelegation(delegator: delegator, validator: validator, amount: amount)
    }

    private mutating func key(_ json: JSON?, at path: String) -> PublicKey? {
        string(
            json, at: path, expected: "a public key of 64 lower-case hexadecimal digits",
            parse: PublicKey.init(hex:))
    }

    private mutating func signature(_ json: JSON?, at path: String) -> Signature? {
        string(
            json, at: path, expected: "a signature of 128 lower-case hexadecimal digits",
            parse: Signature.init(hex:))
    }

    private mutating func text(_ json: JSON?, at path: String, bytesMax: Int) -> String? {
        string(json, at: path, expected: "at most \(bytesMax) bytes of text") {
            $0.utf8.count <= bytesMax ? $0 : nil
        }
    }

    /// Empty if there is no such field; nil if a problem was reported.
    private mutating func optionalText(
        _ json: JSON?, at path: String, bytesMax: Int
    ) -> String? {
        json == nil ? "" : text(json, at: path, bytesMax: bytesMax)
    }

    /// nil if a problem was reported.
    fileprivate mutating func entry(_ json: JSON, at path: String) -> GenesisEntry? {
        let fields = fields(
            of: json, at: path,
            required: [
                "operatorKey", "consensusKey", "proofOfPossession", "networkKey", "endpoint",
                "moniker", "commission", "selfBond", "signature",
            ], optional: ["website", "contact"])
        func place(_ name: String) -> String { StrictReader.path(path, name) }
        let operatorKey = key(fields["operatorKey"], at: place("operatorKey"))
        let consensusKey = key(fields["consensusKey"], at: place("consensusKey"))
        let proof = signature(fields["proofOfPossession"], at: place("proofOfPossession"))
        let networkKey = key(fields["networkKey"], at: place("networkKey"))
        let endpoint = text(
            fields["endpoint"], at: place("endpoint"), bytesMax: GenesisEntry.endpointBytesMax)
        let moniker = text(
            fields["moniker"], at: place("moniker"), bytesMax: GenesisEntry.monikerBytesMax)
        let website = optionalText(
            fields["website"], at: place("website"),
            bytesMax: ValidatorProfile.websiteBytesMax)
        let contact = optionalText(
            fields["contact"], at: place("contact"),
            bytesMax: ValidatorProfile.contactBytesMax)
        let commission = number(
            fields["commission"], at: place("commission"),
            in: 0...UInt64(GenesisEntry.commissionMax))
        let selfBond = amount(fields["selfBond"], at: place("selfBond"))
        let signature = signature(fields["signature"], at: place("signature"))
        guard let operatorKey, let consensusKey, let proof, let networkKey, let endpoint,
            let moniker, let website, let contact, let commission, let selfBond, let signature
        else { return nil }
        return GenesisEntry(
            operatorKey: operatorKey, consensusKey: consensusKey, proofOfPossession: proof,
            networkKey: networkKey, endpoint: endpoint, moniker: moniker, website: website,
            contact: contact, commission: UInt16(commission), selfBond: selfBond,
            signature: signature)
    }
}
