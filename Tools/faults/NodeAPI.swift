import Foundation
import FoundationNetworking

/// What a validator says about itself and the chain.
struct NodeAPI: Sendable {
    let base: String

    private static let session: URLSession = {
        let configuration = URLSessionConfiguration.ephemeral
        // A stopped process takes connections and never answers.
        configuration.timeoutIntervalForRequest = 2
        configuration.urlCache = nil
        configuration.httpCookieStorage = nil
        return URLSession(configuration: configuration)
    }()

    struct Status: Decodable {
        struct Seat: Decodable {
            let index: Int?
        }

        let height: UInt64
        let epoch: UInt64
        let view: UInt64
        let peers: Int
        let syncing: Bool
        let validator: Seat
    }

    struct Block: Decodable, Equatable {
        let height: UInt64
        let hash: String
        let stateRoot: String
        let epoch: UInt64
        let view: UInt64
        let proposer: Int
    }

    private struct BlockPage: Decodable {
        let items: [Block]
        let next: String?
    }

    struct Transaction: Decodable {
        let status: String
        let height: UInt64?
    }

    private struct Offences: Decodable {
        struct Item: Decodable {
            let publicKey: String
        }

        let items: [Item]
    }

    struct Validator: Decodable {
        struct Jail: Decodable {
            /// When it may leave, in milliseconds since 1970.
            let untilMs: UInt64
        }

        let moniker: String
        /// nil if it is in none.
        let jail: Jail?
    }

    private struct Validators: Decodable {
        let items: [Validator]
    }

    /// nil while the node does not answer.
    func validator(_ moniker: String) async -> Validator? {
        let validators: Validators? = await get("/v1/validators?limit=100")
        return validators?.items.first { $0.moniker == moniker }
    }

    /// How many offences the chain has proven; nil while the node does not answer.
    func offenceCount() async -> Int? {
        let offences: Offences? = await get("/v1/offences")
        return offences?.items.count
    }

    /// nil while the node does not answer.
    func status() async -> Status? {
        await get("/v1/status")
    }

    func transaction(_ hash: String) async -> Transaction? {
        await get("/v1/txs/\(hash)")
    }

    /// A block and what became of each of its transactions.
    struct Contents: Equatable {
        struct Block: Decodable, Equatable {
            let height: UInt64
            let hash: String
            let time: String
            let parentHash: String
            let parentView: UInt64
            let view: UInt64
            let stateRoot: String
            let txRoot: String
            let receiptsRoot: String
            let gasUsed: String
            let txs: [String]
        }

        let block: Block
        /// As text.
        let transactions: [String]
    }

    /// What all nodes must show alike; only the signers of a finalization may differ.
    func contents(of height: UInt64) async -> Contents? {
        guard let block: Contents.Block = await get("/v1/blocks/\(height)") else { return nil }
        var transactions: [String] = []
        for hash in block.txs {
            guard let transaction = await text("/v1/txs/\(hash)") else { return nil }
            transactions.append(transaction)
        }
        return Contents(block: block, transactions: transactions)
    }

    private func text(_ path: String) async -> String? {
        guard let data = await data(path) else { return nil }
        return String(decoding: data, as: UTF8.self)
    }

    /// The blocks from `first` to `last`, ascending; nil while the node does not show them all.
    func blocks(from first: UInt64, through last: UInt64) async -> [Block]? {
        var blocks: [Block] = []
        var cursor = last
        while cursor >= first, cursor > 0 {
            guard let page: BlockPage = await get("/v1/blocks?limit=100&cursor=\(cursor)"),
                !page.items.isEmpty
            else { return nil }
            blocks += page.items.filter { $0.height >= first }
            cursor = page.next.flatMap(UInt64.init) ?? 0
        }
        return blocks.reversed()
    }

    /// A metric without labels; nil if there is none of this name, or no answer.
    func metric(_ name: String) async -> Int? {
        let lines = await text("/metrics")?.split(separator: "\n") ?? []
        return lines.first { $0.hasPrefix("althing_\(name) ") }
            .flatMap { $0.split(separator: " ").last }.flatMap { Int($0) }
    }

    private func get<Answer: Decodable>(_ path: String) async -> Answer? {
        guard let data = await data(path) else { return nil }
        return try? JSONDecoder().decode(Answer.self, from: data)
    }

    /// Who is not on loopback may ask 50 times a second; who waits for a height asks oftener.
    private func data(_ path: String) async -> Data? {
        for _ in 0..<5 {
            guard let url = URL(string: base + path),
                let (data, response) = try? await NodeAPI.session.data(for: URLRequest(url: url)),
                let status = (response as? HTTPURLResponse)?.statusCode
            else { return nil }
            if status == 200 { return data }
            guard status == 429 else { return nil }
            try? await pause(milliseconds: 100)
        }
        return nil
    }
}
