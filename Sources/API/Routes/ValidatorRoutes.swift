import Chain
import Cryptography
import Hummingbird
import Ledger
import StateTree

extension API {
    func addValidatorRoutes(to router: Router<APIContext>) {
        router.get("v1/validators") { _, _ in
            let state = await node.state()
            let seats = Queries.seats(of: Queries.epoch(over: state), over: state)
            return jsonResponse(
                Page(items: seats.map { ValidatorJSON($0, node.chain) }, next: nil))
        }
        router.get("v1/validators/:id") { _, context in try await validator(context) }
        router.get("v1/epochs/:id") { _, context in try await epoch(context) }
        router.get("v1/offences") { _, _ in
            let offences = Queries.offences(over: await node.state())
            return jsonResponse(
                Page(items: offences.map { OffenceJSON($0, node.chain) }, next: nil))
        }
    }

    private func validator(_ context: APIContext) async throws -> Response {
        let state = await node.state()
        let record = try record(context.parameters.get("id") ?? "", over: state)
        return jsonResponse(
            ValidatorStatusJSON(
                record, Queries.stake(of: record.operatorAddress, over: state),
                Queries.currentEpoch(over: state),
                offences: Queries.offences(of: record.operatorAddress, over: state), node.chain))
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
                hint: "/v1/validators lists those of this epoch.")
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
