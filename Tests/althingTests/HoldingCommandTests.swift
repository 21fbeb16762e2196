import Chain
import Cryptography
import GenesisTool
import KeyTool
import Testing

@testable import althing

@Suite struct MomentTextTests {
    private let now = Timestamp(1_700_000_000_000)

    @Test(
        arguments: [
            ("now", 1_700_000_000_000), ("+2h", 1_700_007_200_000), ("+0s", 1_700_000_000_000),
            ("2024-01-31", 1_706_659_200_000), ("2024-01-31T12:00:00Z", 1_706_702_400_000),
        ] as [(String, UInt64)])
    func `a time is now, from now on, or a date`(_ text: String, _ expected: UInt64) throws {
        #expect(try MomentText.parse(text, now: now, "--start") == Timestamp(expected))
    }

    @Test(arguments: ["", "later", "+", "+x", "-2h", "2024-02-30", "31.1.2024"])
    func `anything else is refused with a code`(_ text: String) {
        let error = #expect(throws: CommandError.self) {
            try MomentText.parse(text, now: now, "--start")
        }
        #expect(["time.invalid", "duration.invalid"].contains(error?.code))
    }
}

@Suite struct HoldingDepositTests {
    private let parameters = Parameters.standard
    private let to = Address(SigningKey(seed: [UInt8](repeating: 1, count: 32)).publicKey)

    private func multiple(_ actions: [Action]) -> UInt64 {
        let deposit = RequiredDeposit.of(
            actions, parameters: parameters, treasury: Amount(1_000_000),
            others: [AssetID(1): Amount(10_000)])
        return deposit.value / parameters.depositBase.value
    }

    private func stream(_ amount: UInt64) -> Action {
        .stream(
            StreamPlan(
                recipient: to,
                schedule: .linear(
                    amount: Amount(amount), start: Timestamp(0), cliff: Timestamp(0),
                    end: Timestamp(1))))
    }

    private func mint(_ amount: UInt64, of asset: UInt64 = 1) -> Action {
        .mint(AssetMint(asset: AssetID(asset), amount: Amount(amount), recipient: to))
    }

    @Test func `streams, mints, assets, recalls and upgrades need their tracks' deposits`() {
        #expect(multiple([stream(1_000)]) == 1)
        #expect(multiple([stream(500), stream(501)]) == 3)
        #expect(multiple([mint(10)]) == 1)
        #expect(multiple([mint(6), mint(5)]) == 3)
        #expect(multiple([mint(1, of: 2)]) == 20)
        #expect(multiple([.recallStream(StreamID(1))]) == 1)
        let creation = AssetCreation(
            name: "Gold", asset: Asset(symbol: "gold", decimals: 2), mintAuthority: .governance,
            allotments: [])
        #expect(multiple([.createAsset(creation)]) == 3)
        let plan = UpgradePlan(
            name: "two", version: .zero, firstEpoch: Epoch(1), lastEpoch: Epoch(2))
        #expect(multiple([.upgrade(plan)]) == 10)
        #expect(multiple([.cancelUpgrade(plan.version)]) == 10)
    }

    @Test func `the upgrade to cancel is named by its name or its version`() throws {
        let hash = String(repeating: "07", count: 32)
        let scheduled = JSON.object([
            .init("name", .string("two")), .init("version", .string(hash)),
        ])
        for text in ["two", hash] {
            let found = try ScheduledName(scheduled, named: text)
            #expect(found.name == "two")
            #expect(found.version == Digest([UInt8](repeating: 7, count: 32)))
        }
        let other = #expect(throws: CommandError.self) {
            try ScheduledName(scheduled, named: "three")
        }
        #expect(other?.code == "upgrade.unknown")
        #expect(other?.hint?.contains("two") == true)
        for none in [nil, JSON.null] {
            let error = #expect(throws: CommandError.self) {
                try ScheduledName(none, named: "two")
            }
            #expect(error?.code == "upgrade.none")
        }
    }
}
