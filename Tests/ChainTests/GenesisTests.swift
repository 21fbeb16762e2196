import Chain
import Codec
import Cryptography
import Testing

@Suite struct GenesisTests {
    let genesis = GoldenValues.genesis

    /// The paths of what is wrong after a change.
    private func paths(_ change: (inout Genesis) -> Void) -> [String] {
        problems(change).map(\.path)
    }

    private func problems(_ change: (inout Genesis) -> Void) -> [GenesisProblem] {
        var changed = genesis
        change(&changed)
        return changed.check()
    }

    private func entry(
        _ number: UInt8, operatorNumber: UInt8? = nil, moniker: String? = nil,
        website: String = "", contact: String = "", endpoint: String = "",
        commission: UInt16 = 0, selfBond: UInt64 = 1_000_000_000,
        chainID: ChainID = GoldenValues.chainID
    ) -> GenesisEntry {
        GenesisEntry(
            chainID: chainID, operatorKey: GoldenValues.secret(operatorNumber ?? number),
            consensusKey: GoldenValues.secret(number + 1),
            networkKey: GoldenValues.secret(number + 2).publicKey, endpoint: endpoint,
            moniker: moniker ?? "validator \(number)", website: website, contact: contact,
            commission: commission, selfBond: Amount(selfBond))
    }

    /// The entry with some fields replaced and its signatures as they were.
    private func forged(
        _ entry: GenesisEntry, consensusKey: PublicKey? = nil, selfBond: Amount? = nil,
        proof: Signature? = nil, website: String? = nil, contact: String? = nil
    ) -> GenesisEntry {
        GenesisEntry(
            operatorKey: entry.operatorKey, consensusKey: consensusKey ?? entry.consensusKey,
            proofOfPossession: proof ?? entry.proofOfPossession, networkKey: entry.networkKey,
            endpoint: entry.endpoint, moniker: entry.moniker, website: website ?? entry.website,
            contact: contact ?? entry.contact, commission: entry.commission,
            selfBond: selfBond ?? entry.selfBond, signature: entry.signature)
    }

    @Test func `website and contact are bounded, signed, and may be empty`() throws {
        let most = String(repeating: "w", count: 128)
        #expect(paths { $0.validators.append(entry(60, website: most, contact: most)) }.isEmpty)
        #expect(paths { $0.validators.append(entry(60)) }.isEmpty)
        for text in [most + "w", "a\nb", "\u{0}", String(repeating: "é", count: 65)] {
            #expect(
                paths { $0.validators.append(entry(60, website: text, contact: text)) }
                    == ["validators[1].website", "validators[1].contact"])
        }
        // Nobody changes what an operator signed.
        #expect(
            paths { $0.validators[0] = forged($0.validators[0], website: "https://evil.example") }
                == ["validators[0].signature"])
        #expect(
            paths { $0.validators[0] = forged($0.validators[0], contact: "") }
                == ["validators[0].signature"])
        let told = entry(60, website: "https://example.org", contact: "ops@example.org")
        #expect(try GenesisEntry(decoding: told.encoded()) == told)
        #expect(told.profile.website == told.website && told.profile.contact == told.contact)
        #expect(told.profile.problem == nil)
    }

    @Test func `a correct genesis has no problems`() throws {
        #expect(genesis.check().isEmpty)
        #expect(genesis.supply == Amount(2_006_005_000_000))
        let set = try genesis.validatorSet()
        #expect(set.validators.map(\.power) == [1_005_000_000])
    }

    @Test func `several validators and delegations are correct together`() throws {
        let four = (0..<4).map { entry(20 + 10 * UInt8($0), selfBond: 1_000_000_000 + UInt64($0)) }
        let wrong = problems {
            $0.validators = four
            $0.delegations = []
        }
        #expect(wrong.isEmpty)
    }

    @Test func `the time must be set`() {
        #expect(paths { $0.time = Timestamp(0) } == ["time"])
    }

    @Test(arguments: ["", "Alth", "al1h", "abcdefghijklmnopq"])
    func `a prefix has 1 to 16 lower-case letters`(prefix: String) {
        #expect(paths { $0.prefix = prefix } == ["prefix"])
    }

    @Test(arguments: ["a", "ALT", "1alt", "alt-x", "abcdefghijklm"])
    func `a symbol starts with a letter and is short`(symbol: String) {
        #expect(
            paths { $0.nativeAsset = Asset(symbol: symbol, decimals: 6) } == ["nativeAsset"])
    }

    @Test func `an asset has at most 9 decimals`() {
        #expect(paths { $0.nativeAsset = Asset(symbol: "alt", decimals: 10) } == ["nativeAsset"])
        #expect(paths { $0.nativeAsset = Asset(symbol: "alt", decimals: 9) }.isEmpty)
    }

    @Test func `parameters outside their bounds are named`() throws {
        var parameters = genesis.parameters
        try parameters.set("block.gasLimit", to: .integer(1))
        #expect(paths { $0.parameters = parameters } == ["parameters.block.gasLimit"])
    }

    @Test func `only a development chain shortens times and names accounts`() throws {
        // The same short times in parameters that say they are for a main chain.
        var main = Parameters(kind: .main)
        for (id, value) in genesis.parameters.all {
            try main.set(id, to: value)
        }
        let found = paths { $0.parameters = main }
        #expect(found.contains("parameters.gov.depositPeriod"))
        #expect(found.contains("accounts[0].name"))
        #expect(!found.contains("accounts[1].name"))
    }

    @Test func `an account appears once`() {
        #expect(paths { $0.accounts.append($0.accounts[1]) } == ["accounts[2].address"])
    }

    @Test func `a name appears once and is plain`() {
        let address = GoldenValues.address(0x77)
        let balances = [AssetBalance(amount: Amount(1))]
        #expect(
            paths {
                $0.accounts.append(
                    GenesisAccount(address: address, balances: balances, name: "alice"))
            } == ["accounts[2].name"])
        #expect(
            paths {
                $0.accounts.append(
                    GenesisAccount(address: address, balances: balances, name: "a\nb"))
            } == ["accounts[2].name"])
    }

    @Test func `the ledger's own accounts get nothing by name`() {
        #expect(
            paths {
                $0.accounts.append(
                    GenesisAccount(
                        address: ModuleID.depositEscrow.address,
                        balances: [AssetBalance(amount: Amount(1))]))
            } == ["accounts[2].address"])
    }

    @Test func `a balance is of the native asset, once, above zero`() {
        #expect(
            paths { $0.treasury = [AssetBalance(asset: AssetID(1), amount: Amount(1))] }
                == ["treasury[0].asset"])
        #expect(
            paths { $0.treasury = [AssetBalance(amount: .zero)] } == ["treasury[0].amount"])
        #expect(
            paths { $0.treasury.append(AssetBalance(amount: Amount(1))) }
                == ["treasury[1].asset"])
        #expect(
            paths {
                $0.accounts[0] = GenesisAccount(
                    address: $0.accounts[0].address, balances: [AssetBalance(amount: .zero)])
            } == ["accounts[0].balances[0].amount"])
    }

    @Test func `an entry's signature covers every field`() {
        #expect(
            paths { $0.validators[0] = forged($0.validators[0], selfBond: Amount(2_000_000_000)) }
                == ["validators[0].signature"])
    }

    @Test func `an entry proves that its consensus key is known`() {
        let other = GoldenValues.secret(50).publicKey
        #expect(
            paths { $0.validators[0] = forged($0.validators[0], consensusKey: other) }
                == ["validators[0].proofOfPossession", "validators[0].signature"])
        let genuine = genesis.validators[0].signature
        #expect(
            paths { $0.validators[0] = forged($0.validators[0], proof: genuine) }
                == ["validators[0].proofOfPossession", "validators[0].signature"])
    }

    @Test func `an entry of another chain is refused`() throws {
        let other = try #require(ChainID("golden-2"))
        #expect(
            paths {
                $0.validators = [entry(10, chainID: other)]
                $0.delegations = []
            } == ["validators[0].proofOfPossession", "validators[0].signature"])
    }

    @Test func `no key serves twice`() {
        #expect(
            paths { $0.validators.append(entry(60, operatorNumber: 10)) }
                == ["validators[1].operatorKey"])
        #expect(
            paths { $0.validators.append(entry(11)) } == [
                "validators[1].operatorKey", "validators[1].consensusKey",
            ])
        // One key for the operator and for consensus.
        let same = GenesisEntry(
            chainID: GoldenValues.chainID, operatorKey: GoldenValues.secret(70),
            consensusKey: GoldenValues.secret(70),
            networkKey: GoldenValues.secret(71).publicKey, endpoint: "", moniker: "same",
            commission: 0, selfBond: Amount(1_000_000_000))
        #expect(paths { $0.validators.append(same) } == ["validators[1].consensusKey"])
    }

    @Test func `a key of small order is no key`() {
        let small = PublicKey([1] + [UInt8](repeating: 0, count: 31))
        let found = paths { $0.validators[0] = forged($0.validators[0], consensusKey: small) }
        #expect(found.contains("validators[0].consensusKey"))
    }

    @Test(arguments: ["localhost", ":1", "host:0", "host:65536", "host:123456", "ho st:1", "h:"])
    func `an endpoint is host and port`(endpoint: String) {
        #expect(
            paths { $0.validators.append(entry(60, endpoint: endpoint)) }
                == ["validators[1].endpoint"])
    }

    @Test(arguments: ["", "a\u{7F}b", "\u{0}", String(repeating: "m", count: 65)])
    func `a moniker is short plain text`(moniker: String) {
        #expect(
            paths { $0.validators.append(entry(60, moniker: moniker)) }
                == ["validators[1].moniker"])
    }

    @Test func `a moniker appears once`() {
        #expect(
            paths { $0.validators.append(entry(60, moniker: "first")) }
                == ["validators[1].moniker"])
    }

    @Test func `a commission is at most the whole`() {
        #expect(paths { $0.validators.append(entry(60, commission: 10_000)) }.isEmpty)
        #expect(
            paths { $0.validators.append(entry(60, commission: 10_001)) }
                == ["validators[1].commission"])
    }

    @Test func `a self-bond reaches its minimum`() {
        let least = genesis.parameters.minSelfBond.value
        #expect(paths { $0.validators.append(entry(60, selfBond: least)) }.isEmpty)
        #expect(
            paths { $0.validators.append(entry(60, selfBond: least - 1)) }
                == ["validators[1].selfBond"])
    }

    @Test func `there are enough validators and not too many`() throws {
        #expect(
            paths {
                $0.validators = []
                $0.delegations = []
            } == ["validators"])
        var parameters = genesis.parameters
        try parameters.set("staking.maxValidators", to: .integer(1))
        #expect(
            paths {
                $0.parameters = parameters
                $0.validators.append(entry(60))
            } == ["validators"])
    }

    @Test func `a delegation names a validator and an amount`() {
        let operatorAddress = genesis.validators[0].operatorAddress
        func delegation(_ delegator: Address, _ validator: Address, _ amount: UInt64) -> [String] {
            paths {
                $0.delegations = [
                    GenesisDelegation(
                        delegator: delegator, validator: validator, amount: Amount(amount))
                ]
            }
        }
        let alice = GoldenValues.address(0x11)
        #expect(delegation(alice, operatorAddress, 1_000_000).isEmpty)
        #expect(delegation(alice, alice, 1_000_000).contains("delegations[0].validator"))
        #expect(
            delegation(alice, GoldenValues.address(0x12), 1_000_000)
                == ["delegations[0].validator"])
        #expect(delegation(alice, operatorAddress, 0) == ["delegations[0].amount"])
        #expect(
            delegation(operatorAddress, operatorAddress, 1_000_000)
                == ["delegations[0].delegator"])
        #expect(
            delegation(ModuleID.treasury.address, operatorAddress, 1_000_000)
                == ["delegations[0].delegator"])
        #expect(paths { $0.delegations.append($0.delegations[0]) } == ["delegations[1]"])
    }

    @Test func `the supply is at most 2^63 − 1`() {
        let rest = Limits.supplyMax - 1_006_005_000_000
        #expect(
            paths {
                $0.accounts[0] = GenesisAccount(
                    address: $0.accounts[0].address, balances: [AssetBalance(amount: Amount(rest))])
            }.isEmpty)
        #expect(
            paths {
                $0.accounts[0] = GenesisAccount(
                    address: $0.accounts[0].address,
                    balances: [AssetBalance(amount: Amount(rest + 1))])
            } == [""])
        #expect(
            paths { $0.treasury = [AssetBalance(amount: Amount(.max))] } == [""])
    }

    @Test func `power is at most 2^60`() {
        let bonded = genesis.validators[0].selfBond.value
        #expect(
            paths {
                $0.delegations[0] = GenesisDelegation(
                    delegator: $0.delegations[0].delegator,
                    validator: $0.delegations[0].validator,
                    amount: Amount(Limits.totalPowerMax - bonded))
            }.isEmpty)
        #expect(
            paths {
                $0.delegations[0] = GenesisDelegation(
                    delegator: $0.delegations[0].delegator,
                    validator: $0.delegations[0].validator,
                    amount: Amount(Limits.totalPowerMax - bonded + 1))
            } == ["validators[0].power"])
    }

    @Test func `everything that is wrong is said at once`() {
        let found = paths {
            $0.time = Timestamp(0)
            $0.prefix = "?"
            $0.accounts.append($0.accounts[0])
            $0.validators[0] = forged($0.validators[0], selfBond: Amount(1))
        }
        #expect(
            found == [
                "time", "prefix", "accounts[2].address", "accounts[2].name",
                "validators[0].signature", "validators[0].selfBond",
            ])
    }

    @Test func `a problem reads as one line with its path`() {
        let problem = GenesisProblem("validators[2].selfBond", "is 0")
        #expect(problem.description == "validators[2].selfBond: is 0")
        #expect(GenesisProblem("", "too much").description == "too much")
    }

    @Test func `every field changes the hash`() throws {
        let other = try #require(ChainID("golden-2"))
        var hashes: [Digest] = [genesis.hash]
        let changes: [(inout Genesis) -> Void] = [
            { $0.chainID = other }, { $0.time = Timestamp(1) }, { $0.prefix = "x" },
            { $0.nativeAsset = Asset(symbol: "xx", decimals: 6) },
            { $0.parameters = .standard }, { $0.accounts.removeLast() },
            { $0.treasury = [] }, { $0.validators = [] }, { $0.delegations = [] },
        ]
        for change in changes {
            var changed = genesis
            change(&changed)
            hashes.append(changed.hash)
        }
        #expect(Set(hashes).count == changes.count + 1)
    }

    @Test func `sorting gives one genesis, whatever the order of collecting`() {
        var a = genesis
        a.validators = [entry(20), entry(30), entry(40)]
        var b = a
        b.validators.reverse()
        b.accounts.reverse()
        #expect(a.hash != b.hash)
        #expect(a.sorted.hash == b.sorted.hash)
    }
}
