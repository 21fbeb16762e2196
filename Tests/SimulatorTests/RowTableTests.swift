import Simulator
import Testing

@Suite struct RowTableTests {
    private func key(_ number: UInt64) -> [UInt8] {
        [UInt8(number >> 8 & 0xFF), UInt8(number & 0xFF)]
    }

    @Test(arguments: 1...5 as ClosedRange<UInt64>)
    func `a table has what a dictionary has, in order`(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        var table = RowTable()
        var expected: [UInt64: UInt64] = [:]
        for step in 0..<3_000 as Range<UInt64> {
            let number = random.below(400 as UInt64)
            let value = random.chance(300) ? nil : step
            table[key(number)] = value.map { key($0) }
            expected[number] = value
        }
        #expect(table.count == expected.count)
        for number in 0..<400 as Range<UInt64> {
            #expect(table[key(number)] == expected[number].map { key($0) })
        }
        let all = table.rows(from: key(0), to: key(400)).map(\.key)
        #expect(all == expected.keys.sorted().map { key($0) })
    }

    @Test func `the first and the last row of a range`() {
        var table = RowTable()
        for number in stride(from: 10, to: 2_000, by: 10) as StrideTo<UInt64> {
            table[key(number)] = []
        }
        #expect(table.first(from: key(11), to: key(30))?.key == key(20))
        #expect(table.first(from: key(11), to: key(20)) == nil)
        #expect(table.first(from: key(1_991), to: key(9_999)) == nil)
        #expect(table.last(from: key(11), to: key(30))?.key == key(20))
        #expect(table.last(from: key(11), to: key(20)) == nil)
        #expect(table.last(from: key(0), to: key(9_999))?.key == key(1_990))
        #expect(RowTable().last(from: key(0), to: key(1)) == nil)
    }

    @Test func `a copy does not change`() {
        var table = RowTable()
        for number in 0..<500 as Range<UInt64> { table[key(number)] = [1] }
        let copy = table
        for number in 0..<500 as Range<UInt64> { table[key(number)] = number % 2 == 0 ? nil : [2] }
        #expect(copy.count == 500)
        #expect(copy[key(3)] == [1])
        #expect(table.count == 250)
        #expect(table[key(3)] == [2])
    }
}
