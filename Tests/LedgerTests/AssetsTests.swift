import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

@Suite struct AssetsTests {
    private static let alice = GovernanceWorld.address(50)

    private func world() -> GovernanceWorld {
        var world = GovernanceWorld()
        world.state.write(.asset(.native), Asset(symbol: "alt", decimals: 6))
        return world
    }

    private func creation(
        _ symbol: String = "gold", name: String = "Gold", decimals: UInt8 = 2,
        _ authority: MintAuthority = .governance,
        _ allotments: [(Address, UInt64)] = [
            (AssetsTests.alice, 40), (ModuleAccounts.treasury, 60),
        ]
    ) -> AssetCreation {
        AssetCreation(
            name: name, asset: Asset(symbol: symbol, decimals: decimals),
            mintAuthority: authority,
            allotments: allotments.map { AssetAllotment(recipient: $0, amount: Amount($1)) })
    }

    private func supply(_ id: AssetID, _ world: GovernanceWorld) -> UInt64 {
        (world.state.read(.supply(id), as: Amount.self) ?? .zero).value
    }

    private func memory(_ world: GovernanceWorld) -> MemoryState {
        var state = world.state
        var memory = MemoryState()
        memory.apply(StateTree.apply(state.takeWrites(), version: 1, over: MemoryState()))
        return memory
    }

    private func mint(
        _ amount: UInt64, of id: UInt64 = 1, to recipient: Address = ModuleAccounts.treasury
    ) -> AssetMint {
        AssetMint(asset: AssetID(id), amount: Amount(amount), recipient: recipient)
    }

    @Test func `a new asset has its first supply, its record and its symbol`() throws {
        var world = world()
        try Assets.create(creation(), of: ProposalID(3), in: &world.state)
        let id = AssetID(1)
        #expect(supply(id, world) == 100)
        #expect(world.state.balance(of: AssetsTests.alice, asset: id) == Amount(40))
        #expect(Treasury.balance(of: id, in: world.state) == Amount(60))
        #expect(
            world.state.read(.enacted(.asset(id)))
                == AssetRecord(name: "Gold", mintAuthority: .governance, proposal: ProposalID(3)))
        let view = try #require(Queries.asset(symbol: "gold", over: memory(world)))
        #expect(view.id == id && view.asset.decimals == 2 && view.supply == Amount(100))
        let all = Queries.assets(limit: 10, over: memory(world))
        #expect(all.map(\.id) == [.native, id])
        #expect(Queries.assets(after: id, limit: 10, over: memory(world)).isEmpty)
        #expect(!hasSupplyViolation(world))
    }

    /// Of all assets: what is kept is the sum of the balances.
    private func hasSupplyViolation(_ world: GovernanceWorld) -> Bool {
        var sums: [AssetID: UInt64] = [:]
        for entry in world.state.entries(in: .balances, limit: 1_000) {
            let id = AssetID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
            sums[id, default: 0] += State<MemoryState>.decode(entry.value, as: Amount.self).value
        }
        return sums.contains { $0.value != supply($0.key, world) }
    }

    @Test func `what is no asset is refused before anything is stored`() throws {
        var world = world()
        try Assets.create(creation("silver"), of: ProposalID(3), in: &world.state)
        let escrow = ModuleAccounts.depositEscrow
        let many = (0..<17).map { _ in (AssetsTests.alice, UInt64(1)) }
        let hostile: [(AssetCreation, String)] = [
            (creation(name: ""), "gov.asset_name"),
            (creation(name: "a\u{1B}[2J"), "gov.asset_name"),
            (creation("g"), "gov.asset_symbol"), (creation("Gold"), "gov.asset_symbol"),
            (creation("9old"), "gov.asset_symbol"), (creation("go-ld"), "gov.asset_symbol"),
            (creation("göld"), "gov.asset_symbol"), (creation(""), "gov.asset_symbol"),
            (creation(decimals: 10), "gov.asset_decimals"),
            (creation("alt"), "gov.asset_exists"), (creation("silver"), "gov.asset_exists"),
            (creation("gold", .none, []), "gov.asset_empty"),
            (creation("gold", .none, [(AssetsTests.alice, 0)]), "gov.payment_zero"),
            (creation("gold", .none, [(escrow, 1)]), "gov.payment_to_module"),
            (creation("gold", .none, many), "gov.payment_count"),
            (
                creation(
                    "gold", .none, [(AssetsTests.alice, .max), (AssetsTests.alice, 1)]),
                "gov.supply_overflow"
            ),
            (
                creation("gold", .none, [(AssetsTests.alice, Limits.supplyMax + 1)]),
                "gov.supply_overflow"
            ),
        ]
        for (creation, code) in hostile {
            let error = #expect(throws: Rejection.self) {
                try world.submit([.createAsset(creation)])
            }
            #expect(error?.code == code)
        }
        let twice = #expect(throws: Rejection.self) {
            try world.submit([.createAsset(creation()), .createAsset(creation())])
        }
        #expect(twice?.code == "gov.asset_exists")
        #expect(world.state.read(.enacted(.lastAsset)) == AssetID(1))
        _ = try world.submit([
            .createAsset(creation("gold", .none, [(AssetsTests.alice, Limits.supplyMax)]))
        ])
    }

    @Test func `a decision creates, and another one mints`() throws {
        var world = world()
        let id = try world.openProposal([.createAsset(creation())])
        #expect(world.proposal(id).track == .parameter)
        #expect(world.proposal(id).group == .treasury)
        try world.vote(0, .allYes, on: id)
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(id) == .executed)

        let more = try world.openProposal([.mint(mint(50)), .mint(mint(7, to: Self.alice))])
        #expect(world.proposal(more).track == .constitution)
        try world.vote(0, .allYes, on: more)
        world.advance(by: 20_000)
        world.advance(by: 5_000)
        #expect(world.status(more) == .executed)
        #expect(supply(AssetID(1), world) == 157)
        #expect(Treasury.balance(of: AssetID(1), in: world.state) == Amount(110))
        #expect(!hasSupplyViolation(world))
        #expect(world.isSound == false || supply(.native, world) == world.supply)
    }

    @Test func `G-R17 mints count like spends, by their share of what the treasury has`() throws {
        var world = world()
        try Assets.create(
            creation("gold", .governance, [(ModuleAccounts.treasury, 10_000)]),
            of: ProposalID(3), in: &world.state)
        func track(_ actions: [Action]) throws -> Track {
            try Tracks.classify(actions, parameters: world.rules.parameters, in: world.state)
                .track
        }
        #expect(try track([.mint(mint(10))]) == .spendSmall)
        #expect(try track([.mint(mint(11))]) == .spendMedium)
        let payment = TreasuryPayment(
            recipient: Self.alice, asset: AssetID(1), amount: Amount(60))
        let actions: [Action] = [
            .mint(mint(40)), .spend(TreasurySpend(payments: [payment])), .mint(mint(1)),
        ]
        for order in permutations(of: actions) {
            #expect(try track(order) == .spendLarge)
        }
        // Nothing of it in the treasury: more than a tenth of nothing.
        try Assets.create(
            creation("iron", .governance, []), of: ProposalID(4), in: &world.state)
        #expect(try track([.mint(mint(1, of: 2))]) == .constitution)
    }

    @Test func `what may not be minted is not`() throws {
        var world = world()
        try Assets.create(
            creation("gold", .governance, [(Self.alice, Limits.supplyMax - 5)]),
            of: ProposalID(3), in: &world.state)
        try Assets.create(
            creation("iron", .none, [(Self.alice, 1)]), of: ProposalID(3), in: &world.state)
        let hostile: [([AssetMint], String)] = [
            ([mint(1, of: 0)], "gov.mint_native"),
            ([mint(1, of: 2)], "gov.mint_forbidden"),
            ([mint(1, of: 3)], "bank.unknown_asset"),
            ([mint(0)], "gov.payment_zero"),
            ([mint(6)], "gov.supply_overflow"), ([mint(.max)], "gov.supply_overflow"),
            ([mint(3), mint(3)], "gov.supply_overflow"),
            ([mint(1, to: ModuleAccounts.bondedPool)], "gov.payment_to_module"),
        ]
        for (mints, code) in hostile {
            let error = #expect(throws: Rejection.self) {
                try world.submit(mints.map { .mint($0) })
            }
            #expect(error?.code == code)
        }
        _ = try world.submit([.mint(mint(3)), .mint(mint(2))])
        #expect(supply(AssetID(1), world) == Limits.supplyMax - 5)
    }

    @Test func `a number that is taken is passed over`() throws {
        var world = world()
        world.state.write(.asset(AssetID(1)), Asset(symbol: "old", decimals: 0))
        try Assets.create(creation(), of: ProposalID(3), in: &world.state)
        #expect(supply(AssetID(2), world) == 100)
    }
}
