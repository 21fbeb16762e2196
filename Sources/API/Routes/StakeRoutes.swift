import Chain
import Cryptography
import Hummingbird
import Ledger

extension API {
    func addStakeRoutes(to router: Router<APIContext>) {
        router.get("v1/staking") { _, _ in
            let now = await point()
            return jsonResponse(
                StakingJSON(
                    StakeQueries.staking(at: now, over: await node.state()), node.chain))
        }
        router.get("v1/staking/escrows") { request, _ in try await escrows(request) }
        router.get("v1/staking/escrows/:id") { _, context in try await escrow(context) }
        router.get("v1/accounts/:address/stake") { request, context in
            try await stake(request, context)
        }
        router.get("v1/accounts/:address/losses") { request, context in
            try await losses(request, context)
        }
    }

    private func point() async -> ChainPoint {
        let status = await node.status()
        return ChainPoint(height: status.height, time: status.timestamp)
    }

    private func escrows(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let after = try query.text("cursor").map { text throws(Problem) in
            try escrowID("cursor", text)
        }
        let state = await node.state()
        let found = StakeQueries.escrows(after: after, limit: size, over: state)
        var next: String?
        if found.count == size, let last = found.last?.id,
            !StakeQueries.escrows(after: last, limit: 1, over: state).isEmpty
        {
            next = String(last.value)
        }
        return jsonResponse(
            Page(items: found.map { EscrowJSON($0, node.chain) }, next: next))
    }

    private func escrow(_ context: APIContext) async throws -> Response {
        let id = try escrowID("id", context.parameters.get("id") ?? "")
        guard let found = StakeQueries.escrow(id, over: await node.state()) else {
            throw Problem.notFound(
                "staking.unknown_escrow", "Nothing is held under this number.",
                hint: "See /v1/staking/escrows.")
        }
        return jsonResponse(EscrowJSON(found, node.chain))
    }

    private func escrowID(_ name: String, _ text: String) throws(Problem) -> EscrowID {
        guard let number = UInt64(decimal: text) else {
            throw .badParameter(name, "The number of an escrow is a decimal number.")
        }
        return EscrowID(number)
    }

    /// What slashes cut of an account's stake, as long as holders can return it.
    private func losses(_ request: Request, _ context: APIContext) async throws -> Response {
        let account = try address("address", context.parameters.get("address") ?? "")
        let query = request.query
        let size = try query.pageSize()
        let after = try query.text("cursor").map { text throws(Problem) in
            try escrowID("cursor", text)
        }
        let now = await point().time
        let state = await node.state()
        let found = StakeQueries.losses(of: account, after: after, limit: size, over: state)
        var next: String?
        if found.count == size, let last = found.last?.escrow.id,
            !StakeQueries.losses(of: account, after: last, limit: 1, over: state).isEmpty
        {
            next = String(last.value)
        }
        return jsonResponse(
            Page(items: found.map { LossJSON($0, node.chain, at: now) }, next: next))
    }

    private func stake(_ request: Request, _ context: APIContext) async throws -> Response {
        let text = context.parameters.get("address") ?? ""
        let account = try address("address", text)
        let query = request.query
        let size = try query.pageSize()
        let after = try query.text("cursor").map { text throws(Problem) in
            try StakeCursor.holding(text)
        }
        let now = await point()
        let state = await node.state()
        let found = StakeQueries.holdings(
            of: account, after: after, limit: size, at: now, over: state)
        var next: String?
        if found.count == size, let last = found.last?.holding,
            !StakeQueries.holdings(of: account, after: last, limit: 1, at: now, over: state)
                .isEmpty
        {
            next = StakeCursor.text(last)
        }
        let items = found.map { holding in
            HoldingJSON(
                view: holding,
                moniker: Queries.validator(operator: holding.holding.validator, over: state)?
                    .moniker,
                chain: node.chain)
        }
        return jsonResponse(
            AccountStakeJSON(
                account, StakeQueries.summary(of: account, at: now, over: state), items: items,
                next: next, node.chain))
    }
}

/// The place of a holding in an account's list: what names it in the state, in hexadecimal digits.
enum StakeCursor {
    /// Of module, kind and account, which are in front in a key.
    private static let prefixBytes = 3 + 32
    private static let bytesMax = 128
    private static let nobody = Address([UInt8](repeating: 0, count: 32))

    static func text(_ holding: StakeHolding) -> String {
        Array(StateKey.staking(.position(nobody, holding)).bytes.dropFirst(prefixBytes)).hex
    }

    static func holding(_ text: String) throws(Problem) -> StakeHolding {
        guard text.utf8.count <= 2 * bytesMax, let bytes = [UInt8](hex: text),
            let holding = StakeHolding(
                positionKey: [UInt8](repeating: 0, count: prefixBytes) + bytes)
        else {
            throw .badParameter("cursor", "The cursor is not one that this list gave.")
        }
        return holding
    }
}
