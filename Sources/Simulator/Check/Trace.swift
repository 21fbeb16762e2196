/// What happened, as a running digest: two runs of a plan must give the same. With `keepsLines` the
/// last lines are kept as text for a reader.
public struct Trace: Sendable {
    public private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
    public private(set) var lines: [String] = []
    public let keepsLines: Bool
    private let linesMax: Int

    init(keepsLines: Bool, linesMax: Int = 100_000) {
        self.keepsLines = keepsLines
        self.linesMax = linesMax
    }

    mutating func mix(_ value: UInt64) {
        digest = (digest ^ value) &* 0x0000_0100_0000_01B3
        digest ^= digest >> 29
    }

    mutating func note(_ line: @autoclosure () -> String) {
        guard keepsLines else { return }
        lines.append(line())
        if lines.count > linesMax { lines.removeFirst(linesMax / 2) }
    }
}
