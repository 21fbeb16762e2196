import Chain
import Cryptography
import Hummingbird
import Ledger
import StateTree
import Synchronization

/// Who sits where in the state that was asked about last, so that answers about one block hold one
/// election together.
final class ValidatorIndexCache: Sendable {
    private let last = Mutex<(root: TreeRoot, index: ValidatorIndex)?>(nil)

    func of(_ state: some StateReader) -> ValidatorIndex {
        let root = state.root
        if let found = last.withLock({ $0?.root == root ? $0?.index : nil }) { return found }
        let index = ValidatorIndex(over: state)
        last.withLock { $0 = (root, index) }
        return index
    }
}

extension API {
    func addValidatorRoutes(to router: Router<APIContext>) {
        router.get("v1/validators") { request, _ in try await validators(request) }
        router.get("v1/validators/:id") { _, context in try await validator(context) }
        router.get("v1/epochs/:id") { _, context in try await epoch(context) }
        router.get("v1/offences") { request, _ in try await offences(request) }
    }

    private func validators(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let after = try query.text("cursor").map { text throws(Problem) in
            try address("cursor", text)
        }
        let state = await node.state()
        let found = StakeQueries.validators(
            after: after, limit: size, index: validatorIndex.of(state), over: state)
        var next: String?
        if found.count == size, let last = found.last?.record.operatorAddress,
            StakeQueries.hasValidators(after: last, over: state)
        {
            next = last.text(prefix: node.chain.addressPrefix)
        }
        return jsonResponse(
            Page(items: found.map { ValidatorJSON($0, node.chain) }, next: next))
    }

    private func offences(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let after = try query.text("cursor").map { text throws(Problem) in
            guard let key = PublicKey(hex: text) else {
                throw Problem.badParameter(
                    "cursor", "The cursor is not one that this list gave.")
            }
            return key
        }
        // One more than a page tells whether there is a next one.
        let found = Queries.offences(after: after, over: await node.state(), limit: size + 1)
        let page = found.prefix(size)
        return jsonResponse(
            Page(
                items: page.map { OffenceJSON($0, node.chain) },
                next: found.count > size ? page.last?.key.hex : nil))
    }

    private func validator(_ context: APIContext) async throws -> Response {
        let state = await node.state()
        let record = try record(context.parameters.get("id") ?? "", over: state)
        let found = StakeQueries.validator(
            record, index: validatorIndex.of(state), over: state)
        return jsonResponse(ValidatorJSON(found, node.chain))
    }

    /// A validator by its seat's index, its consensus key or its operator's address.
    private func record(
        _ id: String, over state: some StateReader
    ) throws(Problem) -> ValidatorRecord {
        let found: ValidatorRecord?
        if let index = UInt64(decimal: id) {
            found =
                Queries.seats(of: Queries.epoch(over: state), over: state)
                .first { UInt64($0.index) == index }?.record
        } else if let bytes = Digest(hex: id)?.bytes {
            found = Queries.validator(key: PublicKey(bytes), over: state)
        } else {
            found = Queries.validator(operator: try address("id", id), over: state)
        }
        guard let found else {
            throw .notFound(
                "validator.not_found", "There is no such validator.",
                hint: "/v1/validators lists them.")
        }
        return found
    }

    private func epoch(_ context: APIContext) async throws -> Response {
        let state = await node.state()
        let id = context.parameters.get("id") ?? ""
        let epoch = id == "latest" ? Queries.epoch(over: state) : Epoch(try context.number("id"))
        guard let record = Queries.epochRecord(epoch, over: state) else {
            throw Problem.notFound("epoch.not_found", "There is no epoch \(epoch) yet.")
        }
        return jsonResponse(EpochJSON(epoch, record))
    }
}
