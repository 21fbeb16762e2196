import Chain
import Cryptography
import Hummingbird
import Ledger

extension API {
    func addRepresentationRoutes(to router: Router<APIContext>) {
        router.get("v1/accounts/:address/representatives") { _, context in
            let account = try address("address", context.parameters.get("address") ?? "")
            let views = GovernanceQueries.representation(
                of: account, over: await node.state())
            return jsonResponse(RepresentationJSON(account, views, node.chain))
        }
        // The answer is there for every account, whether it voted or not.
        router.get("v1/gov/proposals/:id/votes/:address") { _, context in
            let id = ProposalID(try context.number("id"))
            let account = try address("address", context.parameters.get("address") ?? "")
            let state = await node.state()
            guard let view = GovernanceQueries.weight(of: account, on: id, over: state) else {
                throw Problem.notFound(
                    "gov.proposal_not_found", "There is no proposal \(id).")
            }
            return jsonResponse(WeightJSON(view, node.chain))
        }
    }
}
