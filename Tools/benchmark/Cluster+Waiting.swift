import Cryptography
import Foundation
import GenesisTool
import KeyTool

extension Cluster {
    /// A node's final height, or nil while it does not answer.
    func height(_ index: Int) async -> UInt64? {
        try? await client.json(addresses[index], "/v1/status")["height"]?.integer
    }

    /// Waits until the nodes have a height of at least `height`.
    func wait(
        for height: UInt64, on indices: [Int] = Array(0..<Cluster.validatorCount),
        secondsMax: Int64 = 30
    ) async throws {
        let watch = Stopwatch()
        for index in indices {
            while await self.height(index) ?? 0 < height {
                try checkRunning()
                guard watch.microseconds < secondsMax * 1_000_000 else {
                    throw CommandError(
                        "benchmark.stalled",
                        "validator\(index + 1) has no block \(height) after \(secondsMax) s")
                }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    /// Starts a stopped node and waits until it calls itself ready.
    ///
    /// - Returns: the time from the start of the process, in microseconds.
    func startUntilReady(_ index: Int, secondsMax: Int64 = 60) async throws -> Int64 {
        let watch = Stopwatch()
        try start(index)
        while (try? await client.get(addresses[index], "/readyz"))?.status != 200 {
            try checkRunning()
            guard watch.microseconds < secondsMax * 1_000_000 else {
                throw CommandError(
                    "benchmark.not_ready",
                    "validator\(index + 1) is not ready after \(secondsMax) s")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return watch.microseconds
    }

    /// What all recipients have: one base unit for each transfer that did not fail.
    func received() async throws -> Int {
        var sum = 0
        for (index, recipient) in accounts.recipients.enumerated() {
            let address = addresses[index % 2]
            let account = try await client.json(address, "/v1/accounts/\(recipient.text())")
            let balance = account["balances"]?.items?.first?["amount"]?.integer ?? 0
            sum += Int(balance)
        }
        return sum
    }
}
