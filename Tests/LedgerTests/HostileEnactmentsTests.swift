import Chain
import Cryptography
import StateTree
import Testing

@testable import Ledger

/// R3, SEC-18: streams, assets and upgrades whose numbers are the ends of their types neither trap
/// nor leave anything behind when they are refused.
@Suite struct HostileEnactmentsTests {
    private struct Attack {
        var world = GovernanceWorld()
        var random: SeededGenerator
        var doneCount = 0
        var refused: Set<String> = []

        init(seed: UInt64) {
            random = SeededGenerator(seed: seed)
            world.state.write(.asset(.native), Asset(symbol: "alt", decimals: 6))
            world.state.write(.currentEpoch, Epoch(5))
        }

        mutating func number(_ range: ClosedRange<UInt64>) -> UInt64 {
            UInt64.random(in: range, using: &random)
        }

        mutating func extreme() -> UInt64 {
            let now = world.now
            let ends: [UInt64] = [
                0, 1, 2, 1_000, now - 1, now, now + 1, now + 50_000, now + 500_000, 1 << 62,
                Limits.supplyMax, .max - 1, .max,
            ]
            return ends.randomElement(using: &random) ?? 0
        }

        mutating func amount() -> Amount {
            Amount(number(0...3) == 0 ? extreme() : number(1...9_000))
        }

        mutating func someone() -> Address {
            let people = [world.voters[0], world.outsider]
            let all =
                number(0...3) > 0
                ? people : people + [StreamID(1).account] + ModuleAccounts.all
            return all.randomElement(using: &random) ?? world.outsider
        }

        mutating func asset() -> AssetID {
            switch number(0...7) {
            case 0: AssetID(extreme())
            case 1...2: AssetID(number(1...3))
            default: .native
            }
        }

        mutating func plan() -> StreamPlan {
            let schedule: StreamSchedule
            if number(0...1) == 0 {
                let times = [extreme(), extreme(), extreme()].map { Timestamp($0) }
                let sorted = number(0...3) == 0 ? times : times.sorted()
                schedule = .linear(
                    amount: amount(), start: sorted[0], cliff: sorted[1], end: sorted[2])
            } else {
                let tranches = (0..<number(0...17)).map { _ in
                    StreamTranche(time: Timestamp(extreme()), amount: amount())
                }
                schedule = .tranches(
                    number(0...3) == 0 ? tranches : tranches.sorted { $0.time < $1.time })
            }
            return StreamPlan(recipient: someone(), asset: asset(), schedule: schedule)
        }

        mutating func action() -> Action {
            switch number(0...6) {
            case 0...2: return .stream(plan())
            case 3: return .recallStream(StreamID(number(0...9) == 0 ? extreme() : number(1...4)))
            case 4:
                let symbols = ["alt", "gold", "iron", "tin", "", "Au", "far-too-long-a-symbol"]
                return .createAsset(
                    AssetCreation(
                        name: number(0...3) == 0 ? "" : "Name",
                        asset: Asset(
                            symbol: symbols.randomElement(using: &random) ?? "",
                            decimals: UInt8(number(0...11))),
                        mintAuthority: number(0...1) == 0 ? .none : .governance,
                        allotments: (0..<number(0...3)).map { _ in
                            AssetAllotment(recipient: someone(), amount: amount())
                        }))
            case 5:
                let id = number(0...3) == 0 ? asset() : AssetID(number(1...3))
                return .mint(AssetMint(asset: id, amount: amount(), recipient: someone()))
            default:
                return .upgrade(
                    UpgradePlan(
                        name: "n", version: number(0...1) == 0 ? .zero : Digest(.version, [1]),
                        firstEpoch: Epoch(number(0...9) == 0 ? extreme() : number(4...9)),
                        lastEpoch: Epoch(number(0...9) == 0 ? extreme() : number(4...9))))
            }
        }

        /// All or nothing, as an execution and a transaction are.
        mutating func attempt(_ body: (inout GovernanceWorld) throws(Rejection) -> Void) {
            let before = world.state.events.count
            world.state.checkpoint()
            do throws(Rejection) {
                try body(&world)
                world.state.commit()
                doneCount += 1
            } catch {
                world.state.revert()
                refused.insert(error.code)
                #expect(world.state.events.count == before)
            }
        }

        mutating func step() throws {
            let actions = (0..<number(1...3)).map { _ in action() }
            let parameters = world.rules.parameters
            attempt { world throws(Rejection) in
                _ = try Tracks.classify(actions, parameters: parameters, in: world.state)
                _ = try Enactment.prepared(actions, at: world.block, in: world.state)
            }
            // What no check has seen is refused by the execution itself.
            attempt { world throws(Rejection) in
                var gas: UInt64 = 0
                try Enactment.perform(
                    actions, of: ProposalID(1), at: world.block, gas: &gas, in: &world.state)
            }
            let stream = StreamID(number(1...4))
            let sender = someone()
            attempt { world throws(Rejection) in
                try Streams.claim(stream, world.context(sender), in: &world.state)
            }
            if number(0...3) == 0 {
                world.block.timestamp = world.block.timestamp.advanced(by: number(1...60_000))
            }
            #expect(Streams.violations(in: world.state).isEmpty)
            #expect(supplyDiffers() == nil)
        }

        /// An asset whose supply is not the sum of its balances.
        func supplyDiffers() -> AssetID? {
            var sums: [AssetID: UInt128] = [:]
            for entry in world.state.entries(in: .balances, limit: 10_000) {
                let id = AssetID(entry.key.suffix(8).reduce(0) { $0 << 8 | UInt64($1) })
                let amount: Amount = State<MemoryState>.decode(entry.value)
                sums[id, default: 0] += UInt128(amount.value)
            }
            return sums.first { id, sum in
                let supply: Amount? = world.state.read(.supply(id))
                return UInt128(supply?.value ?? 0) != sum
            }?.key
        }
    }

    @Test(arguments: 0..<6)
    func `G-R3 SEC-18 nothing traps, and what is refused leaves nothing`(_ seed: Int) throws {
        var attack = Attack(seed: UInt64(seed))
        for _ in 0..<400 {
            try attack.step()
        }
        #expect(attack.doneCount > 12)
        #expect(attack.refused.count > 8)
    }
}
