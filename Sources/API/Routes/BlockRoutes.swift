import Chain
import Cryptography
import Hummingbird
import Ledger

extension API {
    func addBlockRoutes(to router: Router<APIContext>) {
        router.get("v1/blocks") { request, _ in try await blocks(request) }
        router.get("v1/blocks/:id") { request, context in try await block(request, context) }
        router.get("v1/events") { request, _ in try await events(request) }
    }

    /// A block from memory or from the store.
    func finalizedBlock(_ height: Height) async -> FinalizedBlock? {
        if let recent = feed.recent(height) { return recent }
        return await node.block(height)
    }

    /// The highest final height.
    func head() async -> Height {
        let status = await node.status().height
        return max(feed.head ?? status, status)
    }

    private func blocks(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let head = await head()
        let oldest = max(await node.oldestHeight(), Height(1))
        var height = min(try query.numberCursor().map { Height($0) } ?? head, head)
        var items: [BlockHeadJSON] = []
        while items.count < size, height >= oldest, let head = await node.blockHead(height) {
            items.append(BlockHeadJSON(head))
            height = height.lowered(by: 1)
        }
        let isMore = items.count == size && height >= oldest
        return jsonResponse(Page(items: items, next: isMore ? height.description : nil))
    }

    private func block(_ request: Request, _ context: APIContext) async throws -> Response {
        let height = try await height(of: context.parameters.get("id") ?? "")
        guard let block = await finalizedBlock(height) else {
            let oldest = await node.oldestHeight()
            if height > .genesis, height < oldest {
                throw Problem(
                    .gone, "block.pruned", "The block of height \(height) is no longer kept.",
                    details: ["oldestHeight": oldest.description])
            }
            throw Problem.notFound("block.not_found", "There is no final block \(height).")
        }
        return await request.answerImmutable(tag: block.block.hash.hex) {
            let validators = Queries.validatorSet(
                of: block.block.header.epoch, over: await node.state())
            return BlockJSON(block, validators: validators)
        }
    }

    private func height(of id: String) async throws(Problem) -> Height {
        if id == "latest" { return await head() }
        if let height = UInt64(decimal: id) { return Height(height) }
        guard let hash = Digest(hex: id) else {
            throw .badParameter("id", "A block is a height, a hash, or `latest`.")
        }
        guard let height = await node.heightOfBlock(hash) else {
            throw .notFound("block.not_found", "There is no final block with this hash.")
        }
        return height
    }

    // MARK: Events

    /// Blocks that one request looks through; most have no events on a quiet chain.
    private static let blocksPerPage: UInt64 = 256

    private struct EventPage: Encodable {
        let items: [EventJSON]
        /// What to pass as `since` to go on; null when everything final was seen.
        let next: Nullable<String>
        /// How far this page looked, whether or not there was an event.
        let cursor: String
    }

    private func events(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let since = try query.cursor() ?? Cursor(endOf: .genesis)
        let head = await head()
        let oldest = await node.oldestHeight()
        guard since.height.advanced(by: 1) >= oldest else {
            throw Problem(
                .gone, "events.pruned", "The events behind \(since.text) are no longer kept.",
                details: ["oldestHeight": oldest.description])
        }
        var items: [EventJSON] = []
        var seen = since
        var height = max(since.height, Height(1))
        let last = min(head, height.advanced(by: API.blocksPerPage - 1))
        while height <= last, items.count < size, let block = await finalizedBlock(height) {
            for item in block.items where item.cursor > since && items.count < size {
                seen = item.cursor
                guard case .event(let event, let transaction) = item.content else { continue }
                items.append(
                    EventJSON(
                        event, node.chain,
                        at: EventJSON.Place(
                            cursor: item.cursor, height: height, transaction: transaction)))
            }
            if items.count < size {
                seen = max(seen, Cursor(endOf: height))
            }
            height = height.advanced(by: 1)
        }
        let isDone = seen >= Cursor(endOf: head)
        return jsonResponse(
            EventPage(items: items, next: Nullable(isDone ? nil : seen.text), cursor: seen.text))
    }
}

extension Query {
    /// Where a reader of events stands.
    func cursor() throws(Problem) -> Cursor? {
        guard let text = text("since") ?? text("cursor") else { return nil }
        guard let cursor = Cursor(text: text) else {
            throw .badParameter("since", "A cursor is a height, or height.position.")
        }
        return cursor
    }
}

extension Request {
    /// An answer that will never change, or 304 for who has it already.
    func answerImmutable(
        tag: String, _ make: () async -> some Encodable
    ) async -> Response {
        let tag = "\"\(tag)\""
        if headers[values: .ifNoneMatch].contains(tag) {
            return Response(status: .notModified, headers: [.eTag: tag])
        }
        var response = jsonResponse(await make())
        response.headers[.eTag] = tag
        response.headers[.cacheControl] = "public, max-age=31536000, immutable"
        return response
    }
}
