import Chain
import Codec
import Cryptography
import Testing

@testable import API

@Suite
struct TimeTextTests {
    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000Z"),
        (951_782_400_000, "2000-02-29T00:00:00.000Z"),
        (951_868_799_999, "2000-02-29T23:59:59.999Z"),
        (951_868_800_000, "2000-03-01T00:00:00.000Z"),
        (1_709_164_800_000, "2024-02-29T00:00:00.000Z"),
        (1_700_000_001_050, "2023-11-14T22:13:21.050Z"),
        (4_107_542_399_999, "2100-02-28T23:59:59.999Z"),
        (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
        (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
        (UInt64.max, "9999-12-31T23:59:59.999Z"),
    ])
    func `a time is written by RFC 3339`(milliseconds: UInt64, text: String) {
        #expect(timeText(Timestamp(milliseconds)) == text)
    }
}

@Suite
struct PrometheusTextTests {
    private func render(_ family: MetricFamily) -> String {
        var text = PrometheusText(namespace: "althing")
        text.append(family)
        return text.text
    }

    @Test func `a gauge has help, type and value`() {
        let text = render(.gauge("consensus_height", "Height of the chain.", MetricValue(7)))
        #expect(
            text == """
                # HELP althing_consensus_height Height of the chain.
                # TYPE althing_consensus_height gauge
                althing_consensus_height 7

                """)
    }

    @Test func `labels are quoted and escaped`() {
        let sample = MetricSample(
            MetricValue(1), labels: [("peer", "a\"b\\c\nd"), ("way", "in")])
        let family = MetricFamily(name: "x", help: "a\nb", content: .counter([sample]))
        #expect(
            render(family) == """
                # HELP althing_x a\\nb
                # TYPE althing_x counter
                althing_x{peer="a\\"b\\\\c\\nd",way="in"} 1

                """)
    }

    @Test func `a histogram ends with infinity, sum and count`() {
        let histogram = MetricHistogram(
            buckets: [(MetricValue(milliseconds: 50), 2), (MetricValue(milliseconds: 1_000), 3)],
            sum: MetricValue(milliseconds: 1_234), count: 4)
        let family = MetricFamily(name: "t", help: "T.", content: .histogram(histogram))
        #expect(
            render(family) == """
                # HELP althing_t T.
                # TYPE althing_t histogram
                althing_t_bucket{le="0.050"} 2
                althing_t_bucket{le="1.000"} 3
                althing_t_bucket{le="+Inf"} 4
                althing_t_sum 1.234
                althing_t_count 4

                """)
    }

    @Test(arguments: [
        (MetricValue(milliseconds: 0), "0.000"), (MetricValue(milliseconds: -5), "-0.005"),
        (MetricValue(microseconds: 1_500_000), "1.500000"), (MetricValue(-3), "-3"),
        (MetricValue(UInt64.max), "9223372036854775807"),
    ])
    func `a number is written with its decimals`(value: MetricValue, text: String) {
        #expect(value.text == text)
    }
}

@Suite
struct CursorTests {
    @Test(arguments: [
        ("3.7", Cursor(height: Height(3), position: 7)), ("3", Cursor(endOf: Height(2))),
        ("0", Cursor(endOf: Height(0))), ("1", Cursor(endOf: Height(0))),
        ("5.4294967295", Cursor(endOf: Height(5))),
    ])
    func `a cursor is a height or a place in a block`(text: String, cursor: Cursor) {
        #expect(Cursor(text: text) == cursor)
    }

    @Test func `a cursor's text leads back to it`() {
        let cursor = Cursor(height: Height(12), position: 3)
        #expect(Cursor(text: cursor.text) == cursor)
    }

    @Test func `everything of a block has its place, in order`() {
        let chain = FakeChain()
        let block = chain.makeBlock(of: [chain.transfer(sequence: 0), chain.transfer(sequence: 1)])
        #expect(block.items.map(\.cursor.text) == ["1.0", "1.1", "1.2", "1.3", "1.4"])
        #expect(
            block.items.map(\.cursor).max() ?? Cursor(endOf: Height(9))
                < Cursor(endOf: block.height))
    }
}

@Suite
struct BlockHeadTests {
    @Test func `the front of an encoded block tells its head`() throws {
        let chain = FakeChain()
        let block = chain.makeBlock(of: [chain.transfer()]).block
        let head = try BlockHead(frontOf: block.encoded())
        #expect(head.header == block.header)
        #expect(head.transactionCount == 1)
        #expect(throws: DecodeError.self) {
            try BlockHead(frontOf: Array(block.encoded().prefix(100)))
        }
    }

    @Test func `the front of a long block is enough without its transactions`() throws {
        let chain = FakeChain()
        let block = chain.makeBlock(of: (0..<200).map { chain.transfer(sequence: $0) }).block
        let front = block.header.encoded() + block.body.encoded().prefix(8)
        #expect(try BlockHead(frontOf: front).transactionCount == 200)
    }
}
