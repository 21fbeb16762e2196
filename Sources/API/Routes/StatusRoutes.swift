import Chain
import Hummingbird
import Ledger

extension API {
    func addStatusRoutes(to router: Router<APIContext>) {
        router.get("livez") { _, _ in textResponse("ok\n") }
        router.get("readyz") { request, _ in
            // `?verbose` stands without a value.
            let isVerbose = request.query.text("verbose") != nil
            let view = ReadinessJSON(
                await node.status(), validatorCount: node.chain.validatorCount,
                isVerbose: isVerbose)
            return jsonResponse(view, status: view.ready ? .ok : .serviceUnavailable)
        }
        router.get("metrics") { _, _ in
            var text = PrometheusText(namespace: metricsNamespace)
            for family in await node.metrics() + gate.metrics {
                text.append(family)
            }
            return textResponse(
                text.text, type: "text/plain; version=0.0.4; charset=utf-8")
        }
        router.get("v1/status") { _, _ in
            jsonResponse(
                StatusJSON(
                    await node.status(), chain: node.chain,
                    uptimeSeconds: start.duration(to: .now).components.seconds))
        }
        router.get("v1/chain") { _, _ in
            jsonResponse(
                ChainJSON(node.chain, Queries.parameters(over: await node.state())))
        }
        router.get("v1/mempool") { _, _ in
            let status = await node.status()
            return jsonResponse(
                MempoolJSON(size: status.mempoolCount, bytes: status.mempoolByteCount))
        }
        router.get("v1/peers") { _, _ in
            jsonResponse(
                Page(items: await node.peers().map { PeerJSON($0) }, next: nil))
        }
    }
}

func textResponse(
    _ text: String, type: String = "text/plain; charset=utf-8"
) -> Response {
    Response(
        status: .ok, headers: [.contentType: type],
        body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
}
