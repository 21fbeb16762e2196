import Chain
import Testing

/// That the surroundings which the fuzzer drives get somewhere: a target that refuses everything
/// at the door finds nothing.
@Suite struct ReachTests {
    @Test(arguments: 0...3 as ClosedRange<UInt8>)
    func `a cluster whose machines are quick makes blocks`(byzantine: UInt8) throws {
        // Zeros: every node answers everything, again and again; 7 lets a second pass.
        let program: [UInt8] = [byzantine] + (0..<120).map { $0 % 4 == 3 ? 7 : 0 }
        #expect(try FuzzTarget.finalHeights(of: program) >= 5)
    }

    @Test func `a cluster whose epoch ends stops at its last block`() throws {
        let program: [UInt8] = [5] + (0..<120).map { $0 % 4 == 3 ? 7 : 0 }
        #expect(try FuzzTarget.finalHeights(of: program) == 3)
    }

    @Test func `a cluster of one engine that is told nothing makes none`() throws {
        #expect(try FuzzTarget.finalHeights(of: [0, 11, 0, 11, 1]) == 0)
    }

    @Test func `a node that gets final blocks passes from epoch to epoch`() throws {
        #expect(try FuzzTarget.epochReached(by: FuzzTarget.finalProgram(blocks: 2)).value == 0)
        #expect(try FuzzTarget.epochReached(by: FuzzTarget.finalProgram(blocks: 7)).value == 2)
    }
}
