import GenesisTool
import KeyTool
import Testing

@testable import althing

@Suite struct ClientTests {
    @Test(
        arguments: [
            (400, .failed), (404, .notFound), (410, .notFound), (422, .failed), (429, .failed),
            (500, .failed), (502, .notReached), (503, .notReached), (504, .timedOut),
        ] as [(Int, CommandError.Exit)])
    func `the status of a problem is an exit code`(_ status: Int, _ exit: CommandError.Exit) {
        #expect(Client.error(status: status, body: nil).exit == exit)
    }

    @Test func `a problem's code, detail and hint are the error's`() throws {
        let body = try JSON(
            parsing: #"{"code":"tx.sequence","detail":"It is 4.","hint":"Take 5.","title":"No"}"#)
        let error = Client.error(status: 422, body: body)
        #expect(error == CommandError("tx.sequence", "It is 4.", hint: "Take 5."))
    }

    @Test func `who asks too often waits and asks again, four times`() {
        #expect(Client.pause(status: 429, retryAfter: "2", attempt: 1) == 2)
        #expect(Client.pause(status: 429, retryAfter: nil, attempt: 4) == 1)
        #expect(Client.pause(status: 429, retryAfter: "-7", attempt: 1) == 1)
        #expect(Client.pause(status: 429, retryAfter: "86400", attempt: 1) == 5)
        #expect(Client.pause(status: 429, retryAfter: "1", attempt: 5) == nil)
        for status in [200, 404, 500, 503] {
            #expect(Client.pause(status: status, retryAfter: "1", attempt: 1) == nil)
        }
    }

    @Test(arguments: ["", "ftp://host", "http://", ":7070"])
    func `what is no address is refused`(_ text: String) {
        #expect(throws: CommandError.self) { try Client(base: text) }
    }

    @Test(arguments: ["127.0.0.1:7070", "http://127.0.0.1:7070", "http://127.0.0.1:7070/"])
    func `an address is written in several ways`(_ text: String) throws {
        #expect(try Client(base: text).base == "http://127.0.0.1:7070")
    }

    @Test func `text from a chain cannot steer a terminal`() {
        #expect(printable("a\u{1B}[2Jb\u{202E}c\n") == "a\u{FFFD}[2Jb\u{FFFD}c\u{FFFD}")
        #expect(printable("Þing é 会") == "Þing é 会")
    }
}
