import Testing

@testable import Simulator

@Suite struct MeasurementsTests {
    @Test func `a histogram tells a value to a 64th`() {
        var histogram = Histogram()
        #expect(histogram.value(permille: 500) == 0)
        for value in 1...1_000 as ClosedRange<UInt64> { histogram.add(value * 1_000_000) }
        for permille in [10, 500, 990] as [UInt64] {
            let told = histogram.value(permille: permille)
            let exact = permille * 1_000_000
            #expect(told >= exact && told <= exact + exact / 64 + 1)
        }
        #expect(histogram.value(permille: 1_000) == 1_000_000_000)
        histogram.add(.max)
        #expect(histogram.value(permille: 1_000) == .max)
        #expect(histogram.count == 1_001)
    }

    @Test func `three ways are three delays where all ways are equal`() {
        var plan = WorldPlan(seed: 1, validators: 7)
        plan.latency = 50
        #expect(plan.threeDelays(permille: 500) == 150_000_000)
        #expect(plan.threeDelays(permille: 1_000) == 150_000_000)
        // The last of whom a quorum needs is further away.
        plan.faults = [
            .dead(node: 0, from: 0), .dead(node: 1, from: 0),
            .scripted(.slowLink(node: 2, milliseconds: 10, megabits: nil)),
        ]
        #expect(plan.threeDelays(permille: 500) > 150_000_000)
        // No quorum is left.
        plan.faults.append(.dead(node: 3, from: 0))
        #expect(plan.threeDelays(permille: 500) == 0)
    }
}
