import Chain
import GenesisTool
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "[]", "{}", "[1,2]", #"{"a":[{"b":"c"}],"d":-1.5e3}"#,
        #""a\"\\\n\u0001é""#,
    ])
    func `the compact form is read and written unchanged`(_ text: String) throws {
        #expect(try JSON(parsing: text).compact == text)
    }

    @Test func `the pretty form has two spaces for each level`() throws {
        let text = "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}"
        #expect(try JSON(parsing: #"{"a":[1,2],"b":{}}"#).pretty == text)
    }

    @Test(arguments: [
        (#""\u00e9""#, "é"), (#""\ud83d\ude00""#, "😀"), (#""\/\b\f""#, "/\u{8}\u{C}"),
    ])
    func `an escape is its character`(_ text: String, _ value: String) throws {
        #expect(try JSON(parsing: text).text == value)
    }

    @Test(arguments: [
        "01", "1.", "1e", "-", "+1", "tru", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "\"a",
        "\"\u{1}\"", #""\x""#, #""\ud83d""#, #""\ude00""#, #""\u12g4""#, "[1 2]", "nan",
    ])
    func `a malformed text is refused`(_ text: String) {
        #expect(throws: JSONError.self) { try JSON(parsing: text) }
    }

    @Test func `bytes that are not UTF-8 are refused`() {
        #expect(throws: JSONError.self) { try JSON(parsing: [0x22, 0xFF, 0x22]) }
    }

    @Test func `the last of 32 levels is allowed`() throws {
        let text = String(repeating: "[", count: 32) + String(repeating: "]", count: 32)
        #expect(try JSON(parsing: text).compact == text)
        #expect(throws: JSONError.self) { try JSON(parsing: "[" + text + "]") }
    }
}

@Suite struct TimeTextTests {
    @Test(
        arguments: [
            ("1970-01-01T00:00:00.000Z", 0), ("2000-02-29T23:59:59.999Z", 951_868_799_999),
            ("2026-11-21T10:00:00.000Z", 1_795_255_200_000),
            ("2100-03-01T00:00:00.000Z", 4_107_542_400_000),
            ("9999-12-31T23:59:59.999Z", 253_402_300_799_999),
        ] as [(String, UInt64)])
    func `a time is printed and read`(_ text: String, _ milliseconds: UInt64) {
        #expect(TimeText.parse(text)?.milliseconds == milliseconds)
        #expect(TimeText.print(.init(milliseconds)) == text)
    }

    @Test(arguments: [
        "2026-02-29T00:00:00Z", "2100-02-29T00:00:00Z", "2026-13-01T00:00:00Z",
        "2026-11-21T24:00:00Z", "2026-11-21T10:00:00", "2026-11-21 10:00:00Z",
        "2026-11-21T10:00:00.Z", "2026-11-21T10:00:00.0000Z", "1969-12-31T23:59:59Z", "",
        "2026-11-21T10:00:0aZ",
    ])
    func `what is no time is refused`(_ text: String) {
        #expect(TimeText.parse(text) == nil)
    }

    @Test func `fewer digits of a fraction are its first ones`() {
        #expect(TimeText.parse("1970-01-01T00:00:00.5Z")?.milliseconds == 500)
        #expect(TimeText.parse("1970-01-01T00:00:01Z")?.milliseconds == 1_000)
    }
}

@Suite struct NearestTests {
    @Test(
        arguments: [
            ("transfer", nil), ("vot", "vote"), ("Vote", "vote"), ("depsit", "deposit"),
            ("statsu", "status"), ("x", nil),
        ] as [(String, String?)])
    func `only a near word is suggested`(_ word: String, _ expected: String?) {
        let words = ["vote", "status", "deposit"]
        #expect(nearest(to: word, in: words) == expected)
    }
}
