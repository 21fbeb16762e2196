import Chain
import Cryptography
import Hummingbird
import Ledger
import StateTree

// What decisions set going: streams, assets, the protocol's version.
extension API {
    func addHoldingRoutes(to router: Router<APIContext>) {
        router.get("v1/streams") { request, _ in try await streams(request) }
        router.get("v1/streams/:id") { _, context in
            let id = StreamID(try context.number("id"))
            let now = await node.status().timestamp
            let state = await node.state()
            guard let view = Queries.stream(id, at: now, over: state) else {
                throw Problem.notFound(
                    "gov.stream_not_found", "There is no stream \(id).",
                    hint: "One that is paid or recalled is in the events alone.")
            }
            return jsonResponse(json(view, over: state))
        }
        router.get("v1/assets") { request, _ in try await assets(request) }
        router.get("v1/assets/:asset") { _, context in
            let text = context.parameters.get("asset") ?? ""
            let state = await node.state()
            let view =
                UInt64(decimal: text).map { Queries.assetView(AssetID($0), over: state) }
                ?? Queries.asset(symbol: text, over: state)
            guard let view else {
                throw Problem.notFound(
                    "bank.asset_not_found", "There is no such asset.",
                    hint: "Name its number or its symbol; all are at /v1/assets.")
            }
            return jsonResponse(AssetViewJSON(view))
        }
        router.get("v1/upgrade") { _, _ in
            let state = await node.state()
            let view = Queries.upgrade(over: state)
            var monikers: [UInt16: String] = [:]
            for seat in Queries.seats(of: view.epoch, over: state) {
                monikers[seat.index] = seat.record.moniker
            }
            return jsonResponse(
                UpgradeJSON(
                    view: view, monikers: monikers, software: node.software,
                    chain: node.chain))
        }
    }

    private func streams(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let after = StreamID(try query.numberCursor() ?? 0)
        let recipient = try query.text("recipient").map { text throws(Problem) in
            try address("recipient", text)
        }
        let now = await node.status().timestamp
        let state = await node.state()
        let found = Queries.streams(
            of: recipient, after: after, limit: size, at: now, over: state)
        var next: String?
        if found.count == size, let last = found.last?.id,
            !Queries.streams(of: recipient, after: last, limit: 1, at: now, over: state).isEmpty
        {
            next = last.description
        }
        return jsonResponse(Page(items: found.map { json($0, over: state) }, next: next))
    }

    private func json(_ view: StreamView, over reader: some StateReader) -> StreamJSON {
        StreamJSON(
            view: view,
            symbol: Queries.asset(view.record.plan.asset, over: reader)?.symbol ?? "",
            chain: node.chain)
    }

    private func assets(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let after = try query.numberCursor().map { AssetID($0) }
        let state = await node.state()
        let found = Queries.assets(after: after, limit: size, over: state)
        var next: String?
        if found.count == size, let last = found.last?.id,
            !Queries.assets(after: last, limit: 1, over: state).isEmpty
        {
            next = last.description
        }
        return jsonResponse(Page(items: found.map { AssetViewJSON($0) }, next: next))
    }
}
