import Chain
import Cryptography
import Hummingbird
import Ledger
import StateTree

extension API {
    func addGovernanceRoutes(to router: Router<APIContext>) {
        addParameterRoutes(to: router)
        router.get("v1/gov/pauses") { _, _ in
            let pauses = Rules(over: await node.state()).pauses
            return jsonResponse(Page(items: pauses.entries.map { PauseJSON($0) }, next: nil))
        }
        router.get("v1/gov/proposals") { request, _ in try await proposals(request) }
        router.get("v1/gov/proposals/:id") { _, context in
            let view = try proposal(context, over: await node.state())
            return jsonResponse(ProposalJSON(view, node.chain, hasBody: true))
        }
        router.get("v1/gov/proposals/:id/votes") { request, context in
            try await ballots(request, context)
        }
        addProgressRoutes(to: router)
        router.get("v1/gov/proposals/:id/deposits") { _, context in
            let state = await node.state()
            let id = try proposal(context, over: state).proposal.id
            let deposits = GovernanceQueries.deposits(of: id, over: state)
            return jsonResponse(
                Page(items: deposits.map { DepositorJSON($0, node.chain) }, next: nil))
        }
    }

    /// How a proposal stands: its tally, its time line, and what it would do.
    private func addProgressRoutes(to router: Router<APIContext>) {
        router.get("v1/gov/proposals/:id/dryrun") { request, context in
            try await dryRun(request, context)
        }
        router.get("v1/gov/proposals/:id/tally") { request, context in
            let view = try proposal(context, over: await node.state())
            return request.answer(about: view.proposal) { ProposalTallyJSON(view) }
        }
        router.get("v1/gov/proposals/:id/timeline") { request, context in
            let view = try proposal(context, over: await node.state())
            return request.answer(about: view.proposal) { TimelineJSON(view, node.chain) }
        }
    }

    /// The stored dry run, or with `now=1` one that is made over the last final state.
    private func dryRun(_ request: Request, _ context: APIContext) async throws -> Response {
        let isNow: Bool
        switch request.query.text("now") {
        case nil, "0": isNow = false
        case "1": isNow = true
        case .some: throw Problem.badParameter("now", "now is 0 or 1.")
        }
        let status = await node.status()
        let state = await node.state()
        let view = try proposal(context, over: state)
        let id = view.proposal.id
        let run =
            isNow
            ? GovernanceQueries.dryRunNow(
                of: id, in: BlockContext(after: status, at: status.timestamp, over: state),
                over: state)
            : view.dryRun
        guard let run else {
            throw Problem.notFound("gov.no_dry_run", "Proposal \(id) has no dry run.")
        }
        return jsonResponse(DryRunJSON(run, node.chain))
    }

    private func addParameterRoutes(to router: Router<APIContext>) {
        router.get("v1/gov/kinds") { _, _ in
            jsonResponse(KindsJSON(Queries.parameters(over: await node.state())))
        }
        router.get("v1/gov/params") { _, _ in
            let parameters = Queries.parameters(over: await node.state())
            return jsonResponse(
                Page(
                    items: parameters.all.map { ParameterJSON($0.id, $0.value, node.chain) },
                    next: nil))
        }
        router.get("v1/gov/params/:name") { _, context in
            guard let id = ParameterID(name: context.parameters.get("name") ?? "") else {
                throw Problem.notFound(
                    "gov.unknown_parameter", "There is no parameter of this name.",
                    hint: "The names are at /v1/gov/params.")
            }
            let parameters = Queries.parameters(over: await node.state())
            return jsonResponse(ParameterJSON(id, parameters[id], node.chain))
        }
    }

    private func proposals(_ request: Request) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let before = try query.numberCursor().map { ProposalID($0) }
        var status: ProposalStatus?
        if let name = query.text("status") {
            guard let named = ProposalStatus(name: name) else {
                let names = ProposalStatus.allCases.map(\.name).joined(separator: ", ")
                throw Problem.badParameter("status", "A status is one of \(names).")
            }
            status = named
        }
        let state = await node.state()
        let found = proposals(status, before: before, limit: size, over: state)
        var next: String?
        if found.count == size, let last = found.last?.proposal.id,
            !proposals(status, before: last, limit: 1, over: state).isEmpty
        {
            next = last.description
        }
        return jsonResponse(
            Page(
                items: found.map { ProposalJSON($0, node.chain, hasBody: false) }, next: next))
    }

    private func proposals(
        _ status: ProposalStatus?, before: ProposalID?, limit: Int, over reader: some StateReader
    ) -> [ProposalView] {
        GovernanceQueries.proposals(status: status, before: before, limit: limit, over: reader)
    }

    private func proposal(
        _ context: APIContext, over reader: some StateReader
    ) throws(Problem) -> ProposalView {
        let id = ProposalID(try context.number("id"))
        guard let view = GovernanceQueries.proposal(id, over: reader) else {
            throw .notFound("gov.proposal_not_found", "There is no proposal \(id).")
        }
        return view
    }

    private func ballots(_ request: Request, _ context: APIContext) async throws -> Response {
        let query = request.query
        let size = try query.pageSize()
        let after = try query.text("cursor").map { text throws(Problem) in
            try address("cursor", text)
        }
        let state = await node.state()
        let id = try proposal(context, over: state).proposal.id
        let found = GovernanceQueries.ballots(of: id, after: after, limit: size, over: state)
        var next: String?
        if found.count == size, let last = found.last?.voter,
            !GovernanceQueries.ballots(of: id, after: last, limit: 1, over: state).isEmpty
        {
            next = last.text(prefix: node.chain.addressPrefix)
        }
        return jsonResponse(
            Page(items: found.map { BallotJSON($0, node.chain) }, next: next))
    }
}

extension Request {
    /// An answer about a proposal. One that ended changes once more, when only its receipt is left,
    /// and then never: until that a client asks whether it did.
    fileprivate func answer(
        about proposal: Proposal, _ make: () -> some Encodable
    ) -> Response {
        guard proposal.status.isFinal else { return jsonResponse(make()) }
        let form = proposal.isReceipt ? "receipt" : "whole"
        let tag = "\"\(proposal.contentHash.hex).\(proposal.status.name).\(form)\""
        if headers[values: .ifNoneMatch].contains(tag) {
            return Response(status: .notModified, headers: [.eTag: tag])
        }
        var response = jsonResponse(make())
        response.headers[.eTag] = tag
        response.headers[.cacheControl] =
            proposal.isReceipt ? "public, max-age=31536000, immutable" : "no-cache"
        return response
    }
}
